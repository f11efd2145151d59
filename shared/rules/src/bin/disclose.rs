//! Writes down what an economy file promises of every stake, for analytics to compare with what was played.
//!
//! The library does no I/O; here is all of it.

use std::{
    env, fs,
    io::{self, BufWriter, Write},
    process::ExitCode,
};

use croupier_rules::{economy::Economy, slot::disclosed::disclosed};

const USAGE: &str = "\
Usage: disclose [--weights JSON] [ECONOMY]

Prints rows of the table disclosed_return, each a JSON object: what every stake pays on average, at every step of the
streak, by the economy file ECONOMY; without a name, by the one that ships with the game.

  --weights JSON   other symbol weights, as in SLOT_SYMBOL_WEIGHTS
";

fn main() -> ExitCode {
    match run(env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            let _ = io::stderr().write_all(format!("{sentence}\n").as_bytes());
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Vec<String>) -> Result<(), String> {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let (weights, file) = match arguments[..] {
        [] => (None, None),
        ["--weights", weights] => (Some(weights), None),
        ["--weights", weights, file] if !file.starts_with("--") => (Some(weights), Some(file)),
        [file] if !file.starts_with("--") => (None, Some(file)),
        _ => return Err(USAGE.trim_end().to_owned()),
    };
    let text = file.map(|file| fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))).transpose()?;
    let economy = text.map_or_else(Economy::shipped, |text| Economy::parse(&text));
    let economy = weights.into_iter().try_fold(economy.map_err(|error| error.to_string())?, |economy, weights| {
        economy.with_slot_weights(weights).map_err(|error| error.to_string())
    })?;
    let mut out = BufWriter::new(io::stdout().lock());
    for row in disclosed(&economy) {
        let line = serde_json::to_string(&row).map_err(|error| error.to_string())?;
        writeln!(out, "{line}").map_err(|error| error.to_string())?;
    }
    out.flush().map_err(|error| error.to_string())
}
