//! Operators, and those whom they have in hand, in the middle of everybody else.

use croupier_rules::player::Rank;
use croupier_store::{key::Key, tx::Conflict};
use croupier_tests::{audit::Books, seat::Seat, wire::Fault, world::World};
use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    minutes::Minutes,
    operator::{Everybody, Operator},
    player::Player,
    tally::Tally,
    ward::{Device, Ward},
};

/// Each has a ward of their own, and there is one more for all.
const OPERATORS: usize = 2;
/// What each of them does in each half, one after the other.
const DECISIONS: usize = 10;
/// What happens on each device of a ward in each half.
const ACTIONS: usize = 6;

/// Operators and their wards.
pub struct House {
    wards: Vec<Ward>,
    /// Each ward's, in the order of the wards.
    devices: Vec<[Device; 2]>,
    operators: Vec<Operator>,
    minutes: Minutes,
    players: Vec<String>,
}

impl House {
    /// Operators and their wards, all of them new, beside these players.
    pub async fn open(world: &World, players: &[Player]) -> Self {
        let (mut wards, mut devices, mut operators) = (Vec::new(), Vec::new(), Vec::new());
        for number in 0..=OPERATORS {
            let name = format!("ward-{number}");
            let tokens = world.sign_up(&name, "5858").await.ok();
            let ward = Ward::new(&name, &Seat::of(world, &tokens));
            devices.push([Device::with(&ward, &tokens), Device::default()]);
            wards.push(ward);
        }
        for number in 0..OPERATORS {
            let seat = world.newcomer(&format!("operator-{number}")).await;
            let key = Key::player(seat.id.parse().expect("a player's id"));
            let made = world.store().tx().set(&key, "admin", true, Conflict::Unknown).commit().await;
            made.expect("an admin");
            operators.push(Operator::at(seat));
        }
        let players = players.iter().map(|player| player.id().to_string()).collect();
        Self { wards, devices, operators, minutes: Minutes::default(), players }
    }

    /// Everyone does something at once, each by chance of its own.
    pub async fn live(&mut self, seed: u64, tally: &Tally) {
        let mut chance = StdRng::seed_from_u64(seed);
        let mut rng = || StdRng::seed_from_u64(chance.random());
        let Self { wards, devices, operators, minutes, players } = self;
        let (wards, minutes) = (&*wards, &*minutes);
        let all_devices = wards.iter().zip(devices).flat_map(|(ward, all)| all.iter_mut().map(move |one| (ward, one)));
        let played = join_all(all_devices.map(|(ward, device)| {
            let mut chance = rng();
            async move {
                for _ in 0..ACTIONS {
                    device.act(ward, &mut chance, tally).await;
                }
            }
        }));
        let decided = join_all(operators.iter_mut().zip(wards).map(|(operator, own)| {
            let (all, mut chance) = (Everybody { own, shared: &wards[OPERATORS], players }, rng());
            async move {
                for _ in 0..DECISIONS {
                    operator.act(&all, &mut chance, minutes, tally).await;
                }
            }
        }));
        tokio::join!(played, decided);
    }

    /// Everything that can happen between an operator and a ward, in order and with nobody in between.
    pub async fn go_through_it_all(&mut self, world: &World, tally: &Tally) {
        let Self { wards, devices, operators, minutes, .. } = self;
        let mut chance = StdRng::seed_from_u64(0);
        for (number, operator) in operators.iter_mut().enumerate() {
            let (own, [device, _]) = (&wards[number], &mut devices[number]);
            operator.turn_own(own, true, minutes, tally).await;
            device.log_in(own, tally).await;
            // The first has the name that the others want.
            device.rename(own, 0, tally).await;
        }
        let (operator, own, [device, other]) = (&mut operators[0], &wards[0], &mut devices[0]);
        // Whatever an operator does, nobody hears of it at first: it is asked for once more.
        let unheard = || world.wire.plan("TransactWriteItems", &[Fault::LostReply; 3]);
        operator.rank_own(own, Rank::Standard, minutes, tally).await;
        unheard();
        operator.rank_own(own, Rank::Vip, minutes, tally).await;
        unheard();
        operator.turn_own(own, false, minutes, tally).await;
        device.spin(own, &mut chance, tally).await;
        other.log_in(own, tally).await;
        unheard();
        operator.turn_own(own, true, minutes, tally).await;
        device.spin(own, &mut chance, tally).await;
        device.refresh(own, tally).await;
        unheard();
        operator.throw_out(own, minutes, tally).await;
        device.spin(own, &mut chance, tally).await;
        unheard();
        operator.invite(1, minutes, tally).await;
        unheard();
        operator.switch_off(0, minutes, tally).await;
    }

    /// Whether everything that anybody was told is what the table says.
    pub async fn is_accounted_for(&mut self, world: &World, books: &Books) {
        for ward in &mut self.wards {
            ward.was_told_the_truth(world.store(), &books.ledgers[&ward.id]).await;
        }
        self.minutes.are_what_the_audit_says(world, books).await;
    }
}
