//! Many players, many tasks, a wire that fails: whatever happens, nothing is lost and nothing is made.

mod crowd;
mod deed;
mod door;
mod families;
mod house;
mod minutes;
mod operator;
mod player;
mod stream;
mod tally;
mod told;
mod ward;

use std::time::Duration;

use croupier_rules::account::LOCK_FOR;
use croupier_tests::{
    audit::books,
    wire::Fault,
    world::{World, play, variable},
};
use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    house::House,
    player::Player,
    tally::{Class, Tally},
};

const PLAYERS: u64 = 10;
/// Those of them who play for so much that they are soon broke.
const HIGH_ROLLERS: u64 = 3;
/// Devices that each of them plays on at once.
const DEVICES: u64 = 4;
/// What each device does, one after the other.
const ACTIONS: u64 = 8;
/// Which share of all calls of the table fails.
const SHARE: f64 = 0.15;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_nothing_is_lost_and_nothing_is_made() {
    let given = variable("SEED").map(|seed| vec![seed.parse().expect("a number in SEED")]);
    for seed in given.unwrap_or_else(|| vec![1, 2, 3]) {
        println!("SEED={seed}");
        play(async |world| simulate(world, seed).await).await;
    }
}

async fn simulate(world: &World, seed: u64) {
    let (mut players, tally) = (seated(world).await, Tally::default());
    let mut house = House::open(world, &players).await;
    world.wire.misbehave(seed, SHARE);
    // Whoever was refused too often waits; and after so long, everybody is seen anew.
    for half in [seed, seed.rotate_left(32)] {
        let crowd = each_device(&players, half, async |player, mut rng| {
            for _ in 0..ACTIONS / 2 {
                player.act(&mut rng, &tally).await;
            }
        });
        tokio::join!(crowd, house.live(half, &tally));
        world.pass(LOCK_FOR + Duration::from_secs(1));
    }
    world.wire.behave();

    break_down(world, seed);
    each_device(&players, !seed, async |player, mut rng| player.insist(&mut rng, &tally).await).await;
    world.wire.behave();
    // Whether a high roller goes broke is a matter of luck, and of who comes first. So it is who meets whom in the house.
    let poor = players.last().expect("a player");
    poor.overreach(&mut StdRng::seed_from_u64(seed), &tally).await;
    house.go_through_it_all(world, &tally).await;

    println!("{tally}");
    for class in Class::ALL {
        assert!(tally.of(*class) > 0, "{class:?} was never reached: {tally}");
    }
    let books = books(world).await;
    for player in &mut players {
        player.was_told_the_truth(world.store(), &books.ledgers[&player.id()]).await;
    }
    house.is_accounted_for(world, &books).await;
}

async fn seated(world: &World) -> Vec<Player> {
    let mut players = Vec::new();
    for number in 0..PLAYERS {
        let seat = world.newcomer(&format!("player-{number}")).await;
        let stakes = if number < HIGH_ROLLERS { 300..=1000 } else { 1..=20 };
        players.push(Player::at(seat, stakes).await);
    }
    players
}

/// Everyone does something on every device at once, each by chance of its own.
async fn each_device(players: &[Player], seed: u64, act: impl AsyncFn(&Player, StdRng)) {
    let mut chance = StdRng::seed_from_u64(seed);
    let devices = players.iter().flat_map(|player| (0..DEVICES).map(move |_| player));
    join_all(devices.map(|player| act(player, StdRng::seed_from_u64(chance.random())))).await;
}

/// For a while no write succeeds: there are more faults than all devices together absorb by the SDK's own retries, so
/// that somebody is told 503, in whatever order they arrive.
fn break_down(world: &World, seed: u64) {
    let mut chance = StdRng::seed_from_u64(seed);
    let faults = [Fault::LostRequest, Fault::LostReply, Fault::Throttle];
    let planned: Vec<_> = (0..3 * PLAYERS * DEVICES).map(|_| faults[chance.random_range(0..faults.len())]).collect();
    world.wire.plan("TransactWriteItems", &planned);
}
