//! `cargo run`: the whole game on a laptop.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use croupier_localstack::{
    queue::EVENTS,
    seed, sqs,
    stack::{CannotStart, Options, Stack},
    table::TABLE,
};
use croupier_web::{
    app::{Clock, Entropy},
    config::Config,
    log,
};
use tracing::Level;
use tracing_subscriber::{layer::SubscriberExt, util::SubscriberInitExt};

/// Runs the whole game in one process, on loopback.
#[derive(Parser)]
#[command(name = "croupier", version)]
struct Arguments {
    /// Where to listen.
    #[arg(long, value_name = "N", default_value_t = 3000)]
    port: u16,
    /// Keep nothing on disk.
    #[arg(long)]
    memory: bool,
}

/// Where the data are kept, below the folder in which the game is started.
const DATA: &str = ".croupier";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(CannotStart(sentence)) => {
            eprintln!("Croupier does not start: {sentence}.");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), CannotStart> {
    let level = variable("LOG_LEVEL").map_or(Ok(Level::WARN), |level| level.parse());
    let level = level.map_err(|_| CannotStart("LOG_LEVEL must be error, warn, info, debug or trace".to_owned()))?;
    // What the embedded table refuses is for the functions to judge, not worth a line of its own.
    let levels = log::levels(level).with_target("dynoxide", Level::ERROR);
    let lines = tracing_subscriber::fmt::layer().with_target(false).with_writer(std::io::stderr);
    tracing_subscriber::registry().with(levels).with(lines).init();

    let data = (!arguments.memory).then(|| PathBuf::from(DATA));
    let kept = if arguments.memory { "in memory only" } else { "in ./.croupier; delete it to begin anew" };
    let options = Options {
        port: arguments.port,
        data,
        clock: Clock::System,
        entropy: Entropy::System,
        http: None,
        config: Config::from_env(&[]).map_err(|error| CannotStart(error.to_string()))?,
        invite: variable("DEFAULT_INVITE_CODE").unwrap_or_else(|| seed::INVITE.to_owned()),
        admin_password: variable("CROUPIER_ADMIN_PASSWORD"),
    };
    let invite = options.invite.clone();
    let stack = Stack::start(options).await?;
    welcome(&stack, &invite, kept);
    ended().await;
    println!("\nStopping.");
    stack.stop().await;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "what only a game on a laptop is told")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

fn welcome(stack: &Stack, invite: &str, kept: &str) {
    let (address, admin, password) = (stack.address, seed::ADMIN, &stack.admin_password);
    let events = sqs::url(&stack.running.private_endpoint, EVENTS);
    let (services, table) = (&stack.running.private_endpoint, &stack.running.table_endpoint);
    let dead: Vec<_> = stack.running.queues.dead().map(|(name, _)| sqs::url(services, name)).collect();
    let dead = dead.join(",");
    println!(
        r#"Croupier is running at http://{address}

  invite code    {invite}
  admin          {admin}, password {password}
  data           {kept}
  API            http://{address}/openapi.json
  socket         ws://{address}/ws?ticket=…
  events         {events}

Sign up and spin, in another terminal:

  TOKEN=$(curl -s http://{address}/api/auth/signup -H 'content-type: application/json' -d '{{"site_id":"player'$(date +%s)'","nickname":"Player '$(date +%s)'","password":"lemon-cherry-7","invite_code":"{invite}"}}' | sed 's/.*"access_token":"\([^"]*\)".*/\1/'); curl -s http://{address}/api/games/slot/spin -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{{"bet_amount":50}}'; echo

Look at what could not be taken, in another terminal:

  export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=local AWS_ENDPOINT_URL={services} AWS_ENDPOINT_URL_DYNAMODB={table} AWS_ENDPOINT_URL_DYNAMODB_STREAMS={table} TABLE_NAME={TABLE} FAILURE_QUEUE_URLS={dead}; cargo run -q --bin dead-letters -- list

Ctrl-C ends it."#
    );
}

/// Waits for Ctrl-C, or for the signal by which a supervisor ends a program.
async fn ended() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}
