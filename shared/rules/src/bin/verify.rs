//! Computes a round again: what a player does who believes neither the house nor its servers.
//!
//! It reads what `GET /api/fairness/rounds/{round_id}` answers, says line by line what it compared, and ends with
//!
//! - 0 if all agrees,
//! - 1 if something differs,
//! - 2 if it cannot read what it was given,
//! - 3 if it cannot compare all: the server seed is secret yet, or other odds decided.
//!
//! The library does no I/O; here is all of it.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{self, Write},
    process::ExitCode,
};

use croupier_rules::{economy::Economy, transcript::Transcript};

const USAGE: &str = "\
Usage: verify [--economy FILE] [--weights JSON] [TRANSCRIPT]

Computes a round again from TRANSCRIPT, the answer of GET /api/fairness/rounds/{round_id}. Without a name, or with -,
it is read from standard input.

  --economy FILE   the economy file that decided, if it is not the one that ships with the game
  --weights JSON   the symbol weights that decided, as in SLOT_SYMBOL_WEIGHTS

Ends with 0 if all agrees, 1 if something differs, 2 if a text cannot be read, 3 if the seed must be rotated first or
other odds decided.
";

fn main() -> ExitCode {
    let (code, text) = run(env::args_os().skip(1)).unwrap_or_else(|unreadable| (2, unreadable + "\n"));
    // Who closes the pipe has read enough; the exit code still says how it ended.
    let _ = if code == 2 { io::stderr().write_all(text.as_bytes()) } else { io::stdout().write_all(text.as_bytes()) };
    ExitCode::from(code)
}

/// The exit code and what to print, or what cannot be read.
fn run(mut arguments: impl Iterator<Item = OsString>) -> Result<(u8, String), String> {
    let (mut file, mut economy, mut weights) = (None, None, None);
    while let Some(argument) = arguments.next() {
        let (slot, value) = match argument.to_str() {
            Some("--help" | "-h") => return Ok((0, USAGE.to_owned())),
            Some("--economy") => (&mut economy, arguments.next()),
            Some("--weights") => (&mut weights, arguments.next()),
            Some(unknown) if unknown.starts_with("--") => return Err(USAGE.to_owned()),
            _ => (&mut file, Some(argument)),
        };
        let twice = slot.is_some();
        *slot = value;
        if twice || slot.is_none() {
            return Err(USAGE.to_owned());
        }
    }
    let economy = odds(economy, weights)?;
    let text = read(file.filter(|name| name != "-"))?;
    let transcript: Transcript = serde_json::from_str(&text).map_err(|error| unreadable("no transcript", &error))?;
    Ok(report(&transcript, &economy))
}

/// The numbers that decided, as far as the player says.
fn odds(file: Option<OsString>, weights: Option<OsString>) -> Result<Economy, String> {
    let wrong = |error| unreadable("no economy", &error);
    let economy = match file {
        Some(_) => Economy::parse(&read(file)?).map_err(wrong)?,
        None => Economy::shipped().map_err(wrong)?,
    };
    match weights {
        Some(weights) => economy.with_slot_weights(&weights.to_string_lossy()).map_err(wrong),
        None => Ok(economy),
    }
}

/// A whole file, or all of standard input.
fn read(file: Option<OsString>) -> Result<String, String> {
    let name = file.as_ref().map_or("standard input".into(), |file| file.to_string_lossy());
    let text = match &file {
        Some(file) => fs::read_to_string(file),
        None => io::read_to_string(io::stdin()),
    };
    text.map_err(|error| unreadable(&name, &error))
}

fn unreadable(what: &str, error: &dyn std::error::Error) -> String {
    // An error may repeat what stands in the file, and that may be anything.
    format!("{what}: {}", error.to_string().escape_debug())
}

fn report(transcript: &Transcript, economy: &Economy) -> (u8, String) {
    let review = transcript.review(economy);
    let lines: String = review.checks.iter().map(|check| format!("{check}\n")).collect();
    let (code, conclusion) = match &review.open {
        _ if !review.agrees() => (1, "This round is not what it claims to be.".to_owned()),
        Some(reason) => (3, format!("Not all could be compared: {}.", reason.to_string().escape_debug())),
        None => (0, "This round is what follows from its seeds.".to_owned()),
    };
    (code, format!("{lines}\n{conclusion}\n"))
}
