//! How many spins a second the embedded stack takes over HTTP, and what one costs. Clients, gateway, function and table
//! share this process and its cores: compare runs of one machine, not figures of two.

use std::time::{Duration, Instant};

use croupier_tests::{seat::Seat, world::World};
use croupier_web::app::{Clock, Entropy};
use futures_util::future::join_all;
use hdrhistogram::Histogram;

/// Few enough that a player of 1000 coins stays in the game.
const SPINS_EACH: usize = 1000;

#[tokio::main]
async fn main() {
    let profile =
        if cfg!(debug_assertions) { "debug, unoptimised" } else { "bench: opt-level 3, no link-time optimisation" };
    println!("build profile: {profile}; table in memory; stake 1 coin\n");
    println!("| clients | spins | spins/s | p50 ms | p99 ms | CPU µs per spin |\n|---|---|---|---|---|---|");
    for clients in [1, 16] {
        run(clients).await;
    }
}

async fn run(clients: usize) {
    let world = World::with(|options| {
        options.clock = Clock::System;
        options.entropy = Entropy::System;
        options.http = None;
    })
    .await;
    let mut seats = Vec::new();
    for number in 0..clients {
        seats.push(world.newcomer(&format!("bencher-{number}")).await);
    }
    for seat in &seats {
        seat.spin(1).await.ok();
    }
    let (begun, used) = (Instant::now(), cpu());
    let played = join_all(seats.into_iter().map(|seat| tokio::spawn(play(seat)))).await;
    let (took, used) = (begun.elapsed(), cpu() - used);

    let mut latency = Histogram::<u64>::new(3).expect("a histogram");
    for player in played {
        latency.add(player.expect("a player who plays to the end")).expect("a value in range");
    }
    let millis = |quantile| latency.value_at_quantile(quantile) as f64 / 1000.0;
    println!(
        "| {clients} | {} | {:.0} | {:.2} | {:.2} | {:.0} |",
        latency.len(),
        latency.len() as f64 / took.as_secs_f64(),
        millis(0.50),
        millis(0.99),
        used.as_micros() as f64 / latency.len() as f64,
    );
    world.stop().await;
}

async fn play(seat: Seat) -> Histogram<u64> {
    let mut latency = Histogram::new(3).expect("a histogram");
    for _ in 0..SPINS_EACH {
        let begun = Instant::now();
        seat.spin(1).await.ok();
        latency.record(u64::try_from(begun.elapsed().as_micros()).expect("a short time")).expect("a value in range");
    }
    latency
}

/// The CPU time of this process so far, from the kernel's count of hundredths of a second.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let after_name = stat.rsplit(')').next().expect("fields");
    let ticks: u64 =
        after_name.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("ticks")).sum();
    Duration::from_millis(ticks * 10)
}
