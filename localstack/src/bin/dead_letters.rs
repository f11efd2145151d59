//! `cargo run --bin dead-letters`: looks at what could not be taken, and hands it over again.

use std::process::ExitCode;

use aws_config::BehaviorVersion;
use clap::{Parser, Subcommand};
use croupier_localstack::replay::{DeadLetters, Untaken, Wanted};

/// Looks at what functions and readers of events could not take, and hands it over again. Where, and as whom, say the variables that every
/// tool of AWS reads.
#[derive(Parser)]
#[command(name = "dead-letters", version)]
struct Arguments {
    /// URLs of the queues of failures.
    #[arg(long, env = "FAILURE_QUEUE_URLS", value_name = "URL,URL", value_delimiter = ',', required = true)]
    queues: Vec<String>,
    /// The table.
    #[arg(long, env = "TABLE_NAME", value_name = "NAME")]
    table: String,
    /// What functions are called where they run.
    #[arg(long, env = "FUNCTION_NAMES", value_name = "NAME=THERE,NAME=THERE", value_delimiter = ',', value_parser = pair)]
    functions: Vec<(String, String)>,
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// One line for each letter: queue, since when, id, what, why.
    List,
    /// All that one letter says.
    Show {
        /// Its id.
        id: String,
    },
    /// Hands over what letters are about, and deletes those of which it was taken.
    Replay {
        #[command(flatten)]
        which: Which,
        /// URL of the queue to which messages go back that do not say where they come from.
        #[arg(long, value_name = "URL")]
        to: Option<String>,
    },
    /// Deletes letters, and hands nothing over.
    Discard {
        #[command(flatten)]
        which: Which,
    },
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Which {
    /// The id of a letter.
    id: Option<String>,
    /// All letters of one queue: the last part of its URL.
    #[arg(long, value_name = "NAME")]
    queue: Option<String>,
    /// All letters.
    #[arg(long)]
    all: bool,
}

impl From<Which> for Wanted {
    fn from(which: Which) -> Self {
        which.id.map(Self::One).or(which.queue.map(Self::Queue)).unwrap_or(Self::All)
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, there) = text.split_once('=').ok_or("it is NAME=THERE")?;
    Ok((name.to_owned(), there.to_owned()))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all went well.
async fn run(arguments: Arguments) -> Result<bool, Untaken> {
    let Arguments { queues, table, functions, what } = arguments;
    let sdk = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let mut letters = DeadLetters::at(&sdk, &sdk, queues, &table);
    letters.functions = functions.into_iter().collect();
    let (outcomes, done) = match what {
        What::List => {
            for letter in letters.list().await? {
                println!("{letter}");
            }
            return Ok(true);
        }
        What::Show { id } => {
            let found = letters.list().await?.into_iter().find(|letter| letter.id() == id);
            if let Some(letter) = &found {
                println!("{letter}\n{}", letter.body());
            }
            return Ok(found.is_some());
        }
        What::Replay { which, to } => {
            letters.back_to = to;
            (letters.replay(&which.into()).await?, "taken")
        }
        What::Discard { which } => (letters.discard(&which.into()).await?, "deleted"),
    };
    for (letter, result) in &outcomes {
        match result {
            Ok(()) => println!("{}  {done}", letter.id()),
            Err(error) => println!("{}  NOT {done}: {error}", letter.id()),
        }
    }
    Ok(!outcomes.is_empty() && outcomes.iter().all(|(_, result)| result.is_ok()))
}
