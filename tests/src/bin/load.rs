//! `cargo run --bin load`: loads a game, and audits what its players were told.

use std::{num::NonZeroU32, process::ExitCode, time::Duration};

use clap::Parser;
use croupier_localstack::seed;
use croupier_tests::{
    audit::audit,
    load::{CannotLoad, Load, Plan, report::Report},
    seat::Site,
    world::World,
};
use croupier_web::app::{Clock, Entropy};
use jiff::SignedDuration;

/// Loads a game with players, tells how long everything took, and checks by HTTP alone that each request which was accepted stands in
/// its player's ledger once, and nothing else does. Without a URL, it loads a game of its own, in memory, and audits its table too.
#[derive(Parser)]
#[command(name = "load", version)]
struct Arguments {
    /// Where the game is.
    #[arg(long, env = "BASE_URL")]
    url: Option<String>,
    /// The invite that lets the players in.
    #[arg(long, env = "DEFAULT_INVITE_CODE", value_name = "CODE", default_value = seed::INVITE)]
    invite: String,
    /// How many players there are; each has coins for some five thousand requests.
    #[arg(long, value_name = "N", default_value = "8", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    players: u32,
    /// Requests that begin each second, whatever becomes of those before. Without, each player asks as soon as there is an answer.
    #[arg(long, value_name = "N")]
    rate: Option<NonZeroU32>,
    /// How long requests begin, e.g. 30s or 5m.
    #[arg(long = "for", value_name = "TIME", default_value = "10s", value_parser = duration)]
    lasts: Duration,
    /// How long a request may take.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    patience: Duration,
    /// How many of a hundred changes are asked for again under their key: after the answer, twice at once, or after hanging up.
    #[arg(long, value_name = "PERCENT", default_value = "10", value_parser = clap::value_parser!(u32).range(0..=100))]
    repeats: u32,
    /// How many requests are under way at the most, by the clock; those beyond wait, and their waiting counts.
    #[arg(long, value_name = "N", default_value = "256", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    connections: u32,
    /// How many of a hundred requests may fail: turned away, a server's failure, or no answer.
    #[arg(long, value_name = "PERCENT", default_value_t = 1.0)]
    failures: f64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    let parsed: SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    let positive = Duration::try_from(parsed).ok().filter(|duration| !duration.is_zero());
    positive.ok_or_else(|| "it must be longer than nothing".to_owned())
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("There is no load: {error}.");
            ExitCode::FAILURE
        }
    }
}

/// Whether all went well.
async fn run(arguments: &Arguments) -> Result<bool, CannotLoad> {
    let plan = Plan {
        players: arguments.players as usize,
        invite: arguments.invite.clone(),
        rate: arguments.rate,
        lasts: arguments.lasts,
        patience: arguments.patience,
        repeats: arguments.repeats,
        connections: arguments.connections as usize,
        run: rand::random_range(0..1 << 48),
    };
    let (report, is_whole) = match arguments.url.as_deref().filter(|url| !url.is_empty()) {
        // A socket is not opened.
        Some(url) => (load(&Site::at(url.trim_end_matches('/'), ""), plan).await?, true),
        None => load_here(plan).await?,
    };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report).map_err(|error| CannotLoad(error.to_string()))?);
    } else {
        print!("{report}");
    }
    if !is_whole {
        eprintln!("The audit of the table failed, as said above.");
    }
    Ok(is_whole && report.is_good(arguments.failures))
}

async fn load(site: &Site, plan: Plan) -> Result<Report, CannotLoad> {
    let mut load = Load::prepare(site, plan).await?;
    eprintln!("{} players have come in, and begin.", load.players().len());
    load.play().await;
    eprintln!("They have played. Their ledgers are read.");
    Ok(load.account().await)
}

/// Loads a game of its own. Also tells whether its table passed the audit with which tests end.
async fn load_here(plan: Plan) -> Result<(Report, bool), CannotLoad> {
    let world = World::with(|options| {
        options.clock = Clock::System;
        options.entropy = Entropy::System;
        options.http = None;
        options.invite = plan.invite.clone();
    })
    .await;
    let report = load(&world.site, plan).await?;
    eprintln!("The table is audited.");
    // It ends in a panic if anything is wrong.
    let audited = tokio::spawn(async move {
        audit(&world).await;
        world.stop().await;
    });
    Ok((report, audited.await.is_ok()))
}
