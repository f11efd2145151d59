//! How long a login takes to say no: a stopwatch finds out no more than the answer tells.

use std::time::{Duration, Instant};

use croupier_tests::{
    seat::Answer,
    world::{World, play},
};
use croupier_web::error::Code;
use serde_json::Value;

const WRONG: &str = "cherry-lemon-8";
/// Pairs that are measured; an odd number has one in the middle.
const PAIRS: usize = 25;
/// Pairs before those, which find caches cold.
const WARM_UP: usize = 4;
/// The fifth wrong password is the last that is looked at, so that each name is good for four.
const TRIES: usize = 4;

/// What a stranger can measure, and what can be seen from within.
struct Refused {
    took: Duration,
    headers: Vec<(String, String)>,
    problem: Value,
    calls: Vec<String>,
}

impl Refused {
    async fn by(world: &World, site_id: &str) -> Self {
        world.wire.take();
        let begun = Instant::now();
        let answer = world.log_in(site_id, WRONG).await;
        let took = begun.elapsed();
        // Queries are left out: `push` looks for sockets at the same time, and a login never queries.
        let calls = world.wire.take().into_iter().map(|call| call.operation).filter(|call| call != "Query").collect();
        let mut problem = answer.refused(Code::InvalidCredentials);
        assert!(problem["request_id"].take().is_string());
        Self { took, headers: headers(&answer), problem, calls }
    }
}

/// All headers but the time of day.
fn headers(answer: &Answer) -> Vec<(String, String)> {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    headers.map(|(name, value)| (name.to_string(), value.to_str().expect("a text").to_owned())).collect()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

/// Names of one kind, enough of them that nobody is locked out.
fn names(kind: &str) -> Vec<String> {
    (0..(WARM_UP + PAIRS).div_ceil(TRIES)).map(|number| format!("{kind}-{number}")).collect()
}

/// Knocks at two kinds of names in turn, and compares.
async fn compare(world: &World, kinds: [&str; 2]) {
    let (kinds_of_names, mut took) = (kinds.map(names), [Vec::new(), Vec::new()]);
    for pair in 0..WARM_UP + PAIRS {
        let names = kinds_of_names.each_ref().map(|names| &names[pair / TRIES]);
        // Whoever comes second finds the machine as the first has left it: they take turns in that as well.
        let turn = pair % 2;
        let mut refused = [Refused::by(world, names[turn]).await, Refused::by(world, names[1 - turn]).await];
        refused.rotate_left(turn);
        let [one, other] = &refused;
        assert_eq!((&one.problem, &one.headers), (&other.problem, &other.headers), "{names:?}");
        assert_eq!(one.calls, ["BatchGetItem", "TransactWriteItems"], "{names:?}");
        assert_eq!(one.calls, other.calls, "{names:?}");
        if pair >= WARM_UP {
            took.iter_mut().zip(&refused).for_each(|(took, refused)| took.push(refused.took));
        }
    }
    let [one, other] = took.map(median);
    let said = format!("{} : {} = {:.2} (medians of {PAIRS})", kinds[0], kinds[1], one / other);
    println!("{said}");
    assert!((0.67..=1.5).contains(&(one / other)), "{said}");
}

#[tokio::test]
async fn a_stopwatch_does_not_tell_whether_a_site_id_is_known() {
    play(async |world| {
        for name in names("known") {
            world.newcomer(&name).await;
        }
        compare(world, ["known", "unknown"]).await;
    })
    .await;
}

#[tokio::test]
async fn a_stopwatch_does_not_tell_whether_a_player_is_banned() {
    play(async |world| {
        for name in names("banned") {
            let seat = world.newcomer(&name).await;
            super::ban(world, &seat).await;
        }
        compare(world, ["banned", "unknown"]).await;
    })
    .await;
}
