//! Many players, many tasks, a wire that fails: whatever happens, nothing is lost and nothing is made.

mod crowd;
mod door;
mod families;
mod games;
mod house;
mod minutes;
mod operator;
mod player;
mod publish;
mod publish_kafka;
mod shoppers;
mod stream;
mod tally;
mod told;
mod ward;

use std::time::Duration;

use croupier_rules::{account::LOCK_FOR, ledger::Action};
use croupier_tests::{
    audit::{Books, audit, books},
    wire::Fault,
    world::{World, variable},
};
use croupier_web::config::Config;
use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    games::sweep,
    house::House,
    player::Player,
    tally::{Class, Tally},
};

const PLAYERS: u64 = 10;
/// Those of them who play for so much that they are soon broke.
const HIGH_ROLLERS: u64 = 3;
/// Devices that each of them plays on at once.
const DEVICES: u64 = 4;
/// How much each device does, one after the other, and how much time passes then.
const PARTS: [(u64, Duration); 3] = [(3, HALF_AN_HOUR), (2, NIGHT), (3, HALF_AN_HOUR)];
/// How often the schedule is kept, in the time of an action.
const SWEEPS: f64 = 0.05;
/// Which share of all calls of the table fails.
const SHARE: f64 = 0.15;
/// Nothing happens for so long that every session of a game is over, and whoever was refused too often may try again.
const HALF_AN_HOUR: Duration = LOCK_FOR.saturating_mul(3).saturating_add(Duration::from_secs(1));
/// After which it is another day of the game.
const NIGHT: Duration = Duration::from_secs(17 * 3600);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_nothing_is_lost_and_nothing_is_made() {
    let given = variable("SEED").map(|seed| vec![seed.parse().expect("a number in SEED")]);
    for seed in given.unwrap_or_else(|| vec![1, 2, 3]) {
        println!("SEED={seed}");
        // Nobody has to log in again on the next day.
        let for_a_day = |name: &str| (name == "JWT_EXPIRE_MINUTES").then(|| "1440".to_owned());
        let world = World::with(|options| options.config = Config::read(&[], for_a_day).expect("a config")).await;
        simulate(&world, seed).await;
        audit(&world).await;
        world.stop().await;
    }
}

async fn simulate(world: &World, seed: u64) {
    let (mut players, tally) = (seated(world).await, Tally::default());
    let mut house = House::open(world, &players).await;
    world.wire.misbehave(seed, SHARE);
    for (part, (actions, then)) in PARTS.into_iter().enumerate() {
        let by = seed.rotate_left(16 * part as u32);
        let crowd = each_device(&players, by, async |player, mut rng| {
            for _ in 0..actions {
                player.act(&mut rng, &tally).await;
                if rng.random_bool(SWEEPS) {
                    sweep(world, &tally).await;
                }
            }
        });
        // Operators are at work in the first and in the last of these times.
        if part != 1 {
            tokio::join!(crowd, house.live(by, &tally));
        } else {
            crowd.await;
        }
        world.pass(then);
    }
    world.wire.behave();

    break_down(world, seed);
    each_device(&players, !seed, async |player, mut rng| player.insist(&mut rng, &tally).await).await;
    world.wire.behave();
    // What becomes of somebody's coins is a matter of luck, and of who comes first. So it is who meets whom in the house.
    let novice = Player::at(world.newcomer("novice").await, 1..=1).await;
    novice.go_through_the_games(&players[0], &mut StdRng::seed_from_u64(seed), &tally).await;
    players.push(novice);
    house.go_through_it_all(world, &tally).await;
    world.pass(HALF_AN_HOUR);
    sweep(world, &tally).await;

    let books = books(world).await;
    count_what_fell_idle(&books, &tally);
    println!("{tally}");
    for class in Class::ALL {
        assert!(tally.of(*class) > 0, "{class:?} was never reached: {tally}");
    }
    for player in &mut players {
        player.was_told_the_truth(world.store(), &books.ledgers[&player.id()]).await;
    }
    house.is_accounted_for(world, &books).await;
}

/// Sessions that ended by themselves; after a quiet half-hour and a sweep none is left.
fn count_what_fell_idle(books: &Books, tally: &Tally) {
    for player in books.players.values() {
        assert_eq!(player.session, None, "{} was not swept", player.id);
    }
    for record in books.ledgers.values().flatten() {
        tally.count_if(matches!(&record.entry.action, Action::SessionEnd(ended) if ended.idle), Class::FellIdle);
    }
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
