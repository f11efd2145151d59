//! The command with which a player checks a round, as a player runs it.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected fails")]

use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use croupier_rules::{
    economy::Economy,
    fairness::{Draw, MasterKey},
    id::PlayerId,
    money::Coins,
    player::Player,
    round::Round,
    slot,
    time::Timestamp,
    transcript::Transcript,
};
use serde_json::{Value, json};

const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/economy.toml");
const OTHER_WEIGHTS: &str = r#"{"🍒":1,"🍋":1,"🍊":1,"🍇":1,"💎":1,"7️⃣":0}"#;

/// A spin for 1000 coins that was won, as the player sees it once the epoch is over.
fn won(economy: &Economy) -> Value {
    let master = MasterKey::from_secret("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f").unwrap();
    let (id, now) = (PlayerId::new(1_700_000_000_000, 42), Timestamp::from_millis(1_800_000_000_000));
    let mut player = Player::sign_up(id, false, None, now, economy).unwrap().player().clone();
    let (round, stake) = (Round { now, economy, master: &master }, Coins::new(1000).unwrap());
    (0..)
        .find_map(|nonce| {
            player.draw = Draw { epoch: 3, nonce, client_seed: "lucky".parse().unwrap() };
            let spin = slot::spin(&player, stake, &round).unwrap();
            let transcript = Transcript::of(spin.change.entry(), 4, &master).unwrap();
            (spin.reply.win_amount > Coins::ZERO).then(|| json!(transcript))
        })
        .unwrap()
}

fn shipped() -> Value {
    won(&Economy::shipped().unwrap())
}

/// The exit code, what is printed and what is complained about, with this text as standard input.
fn verify(arguments: &[&str], input: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_verify"));
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = command.spawn().unwrap();
    // It does not wait for a transcript when its arguments are wrong.
    let _ = running.stdin.take().unwrap().write_all(input.as_bytes());
    let ended = running.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (ended.status.code().unwrap(), text(ended.stdout), text(ended.stderr))
}

/// A file with this text, for one test alone.
fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).unwrap();
    path.into_os_string().into_string().unwrap()
}

#[test]
fn a_round_that_was_played_agrees_line_by_line() {
    let round = shipped();
    let (code, printed, complaint) = verify(&[], &round.to_string());
    assert_eq!((code, complaint.as_str()), (0, ""), "{printed}");
    let outcome = &round["outcome"];
    let reels: Vec<_> = outcome["reels"].as_array().unwrap().iter().map(|reel| reel.as_str().unwrap()).collect();
    let expected = [
        "agrees   round_id          number 2, played at 2027-01-15T08:00:00.000Z".to_owned(),
        format!("agrees   server_seed_hash  {}", round["server_seed_hash"].as_str().unwrap()),
        format!("agrees   reels             {}", reels.join(" ")),
        format!("agrees   variation         {}", outcome["variation"]),
        format!("agrees   pay_percent       {}", outcome["pay_percent"]),
        format!("agrees   win_amount        {}", outcome["win_amount"]),
        String::new(),
        "This round is what follows from its seeds.".to_owned(),
    ];
    assert_eq!(printed.lines().collect::<Vec<_>>(), expected);
    let written = file("played.json", &round.to_string());
    assert_eq!(verify(&[&written], ""), (code, printed.clone(), complaint.clone()));
    assert_eq!(verify(&["-"], &round.to_string()), (code, printed, complaint));
}

#[test]
fn whatever_was_tampered_with_is_named() {
    let other = MasterKey::from_secret(&"0".repeat(64)).unwrap().server_seed(PlayerId::new(1, 1), 3);
    // What the player is told, and the line that shows it to be wrong.
    let changes = [
        ("/round_id", json!("ent_01KEZEWM00000000000000000A"), "round_id"),
        ("/sequence", json!(3), "round_id"),
        ("/played_at", json!("2027-01-15T08:00:00.001Z"), "round_id"),
        ("/server_seed_hash", json!(other.commitment()), "server_seed_hash"),
        ("/server_seed", json!(other.reveal()), "server_seed_hash"),
        ("/server_seed", json!("no seed"), "server_seed_hash"),
        ("/client_seed", json!("unlucky"), "variation"),
        ("/nonce", json!(1_000_000), "variation"),
        ("/outcome/bet_amount", json!(999), "win_amount"),
        ("/outcome/streak", json!(2), "win_amount"),
        ("/outcome/reels/0", json!("7️⃣"), "reels"),
        ("/outcome/pay_percent", json!(1), "pay_percent"),
        ("/outcome/variation", json!(0), "variation"),
        ("/outcome/win_amount", json!(1), "win_amount"),
    ];
    for (field, value, line) in changes {
        let mut round = shipped();
        assert_ne!(round.pointer(field), Some(&value), "nothing is changed");
        *round.pointer_mut(field).unwrap() = value;
        let (code, printed, _) = verify(&[], &round.to_string());
        assert_eq!(code, 1, "{field}: {printed}");
        assert!(printed.contains(&format!("DIFFERS  {line:<16}  ")), "{field}: {printed}");
        assert!(printed.ends_with("\nThis round is not what it claims to be.\n"), "{field}: {printed}");
    }
}

#[test]
fn what_nothing_hangs_on_cannot_be_checked() {
    let mut round = shipped();
    // The epoch is a label: what binds is the hash of its seed.
    round["epoch"] = json!(9);
    assert_eq!(verify(&[], &round.to_string()).0, 0);
    round["odds_version"] = json!("2026-11-02");
    assert_eq!(verify(&[], &round.to_string()).0, 3, "without its odds, no round can be computed again");
}

#[test]
fn a_seed_that_is_secret_yet_must_be_rotated_first() {
    let mut round = shipped();
    round["server_seed"] = Value::Null;
    let (code, printed, _) = verify(&[], &round.to_string());
    assert_eq!(code, 3);
    assert!(printed.contains("the server seed is not revealed yet: rotate it first"), "{printed}");
    round["sequence"] = json!(7);
    assert_eq!(verify(&[], &round.to_string()).0, 1, "what differs is told even so");
}

#[test]
fn a_round_is_checked_by_the_odds_that_decided_it() {
    let shipped_file = fs::read_to_string(SHIPPED).unwrap();
    let later = shipped_file
        .replace("2026-11-01", "later")
        .replace("weight = 30", "weight = 31")
        .replace("total_weight = 100\n", "total_weight = 101\n");
    let round = won(&Economy::parse(&later).unwrap()).to_string();
    let (code, printed, _) = verify(&[], &round);
    assert_eq!(code, 3);
    assert!(printed.contains("the round was decided by economy later, which is not at hand"), "{printed}");
    let later = file("later.toml", &later);
    assert_eq!(verify(&["--economy", &later], &round).0, 0);
    assert_eq!(verify(&["--economy", SHIPPED], &shipped().to_string()).0, 0);

    let economy = Economy::shipped().unwrap().with_slot_weights(OTHER_WEIGHTS).unwrap();
    let round = won(&economy).to_string();
    assert_eq!(verify(&[], &round).0, 3);
    assert_eq!(verify(&["--weights", OTHER_WEIGHTS], &round).0, 0);
    assert_eq!(verify(&["--weights", OTHER_WEIGHTS, "--economy", SHIPPED, "-"], &round).0, 0);
}

#[test]
fn what_cannot_be_read_is_complained_about() {
    let round = shipped().to_string();
    let mut torn = shipped();
    torn.as_object_mut().unwrap().remove("nonce");
    let (torn, nonsense) = (torn.to_string(), file("nonsense.toml", "version = 7"));
    let missing = format!("{nonsense}.nowhere");
    let cases: [(&[&str], &str, &str); 12] = [
        (&[], "", "no transcript: "),
        (&[], "\u{1b}[2J", "no transcript: "),
        (&[], "{\"game_type\":\"\\u001b[2J\"}", "no transcript: "),
        (&[], &round[..100], "no transcript: "),
        (&[], &torn, "missing field `nonce`"),
        (&[&missing], &round, "nonsense.toml.nowhere: "),
        (&["--economy", &missing], &round, "nonsense.toml.nowhere: "),
        (&["--economy", &nonsense], &round, "no economy: "),
        (&["--weights", "{}"], &round, "no economy: "),
        (&["--economy"], &round, "Usage: "),
        (&["--odds", SHIPPED], &round, "Usage: "),
        (&["one", "two"], &round, "Usage: "),
    ];
    for (arguments, input, expected) in cases {
        let (code, printed, complaint) = verify(arguments, input);
        assert_eq!((code, printed.as_str()), (2, ""), "{arguments:?} {complaint}");
        assert!(complaint.contains(expected), "{arguments:?} {complaint}");
        assert!(!complaint.contains('\u{1b}'), "{arguments:?}");
    }
    assert!(verify(&["--help"], "").1.starts_with("Usage: "));
}

#[test]
fn a_transcript_cannot_speak_to_the_terminal() {
    for field in ["/odds_version", "/server_seed_hash", "/server_seed", "/outcome/reels/0"] {
        let mut round = shipped();
        *round.pointer_mut(field).unwrap() = json!("\u{1b}[2Jagrees\n");
        let (code, printed, _) = verify(&[], &round.to_string());
        assert_ne!(code, 0, "{field}");
        assert!(!printed.contains('\u{1b}'), "{field}: {printed}");
    }
}
