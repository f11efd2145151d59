//! The ledger: a chain that shows any change, and rounds that anybody can compute again.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that meets the unexpected fails")]

use croupier_rules::{
    economy::Economy,
    fairness::{self, Draw, MasterKey},
    id::PlayerId,
    ledger::{Action, Change, Entry, Hash},
    money::{Coins, Debt, Gems, Postings},
    player::{Player, Rank},
    round::Round,
    slot::{self, SlotRound, SlotStreak},
    time::Timestamp,
    transcript::{NotProven, Outcome, Transcript},
};
use proptest::prelude::*;
use serde_json::json;

const PLAYER: PlayerId = PlayerId::new(1_700_000_000_000, 42);

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + ms)
}

fn coins(amount: u64) -> Coins {
    Coins::new(amount).unwrap()
}

fn master() -> MasterKey {
    MasterKey::from_secret("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f").unwrap()
}

fn entry() -> Entry {
    Entry {
        player: PLAYER,
        number: 7,
        at: at(0),
        action: Action::SlotSpin(SlotRound {
            bet_amount: coins(50),
            streak: 3,
            reels: ["🍒", "🍒", "🍋"].map(str::to_owned),
            pay_percent: 150,
            variation: -123,
            win_amount: coins(78),
        }),
        moved: Postings { coins: 28, gems: 0 },
        coins: coins(1028),
        gems: Gems::new(2).unwrap(),
        owed: Postings::NONE,
        debt: Debt::default(),
        odds: Some("2026-11-01".to_owned()),
        draw: Some(Draw { epoch: 1, nonce: 5, client_seed: "lucky".parse().unwrap() }),
        previous: Hash::genesis(PLAYER),
    }
}

#[test]
fn an_entry_is_hashed_as_this_very_json() {
    let json = concat!(
        r#"{"player":"ply_01HF7YAT00000000000000001A","number":7,"at":"2027-01-15T08:00:00.000Z","#,
        r#""action":"SLOT_SPIN","detail":{"bet_amount":50,"streak":3,"reels":["🍒","🍒","🍋"],"pay_percent":150,"#,
        r#""variation":-123,"win_amount":78},"moved":{"coins":28},"coins":1028,"gems":2,"odds":"2026-11-01","#,
        r#""draw":{"epoch":1,"nonce":5,"client_seed":"lucky"},"#,
        r#""previous":"XE3iYTA_R_vDjaBInH1uQi0TZf5BmE5doeWcxLfHx9w"}"#,
    );
    assert_eq!(serde_json::to_string(&entry()).unwrap(), json, "every chain that there is breaks with this");
    // SHA-256 of that text, in base64 for URLs, by another program.
    assert_eq!(entry().hash().unwrap().to_string(), "8Mr-TyHWMPvDljSF8CUluToLKTMn4os5PAf3peRL7nk");
    let read: Entry = serde_json::from_str(json).unwrap();
    assert_eq!(read, entry());
    assert_eq!(read.hash().unwrap(), entry().hash().unwrap());
}

fn round(entry: &mut Entry) -> &mut SlotRound {
    match &mut entry.action {
        Action::SlotSpin(round) => round,
        other => panic!("{other:?}"),
    }
}

type Mutation = fn(&mut Entry, u32);

/// Each changes one field by something that is never nothing.
const MUTATIONS: &[(&str, Mutation)] = &[
    ("player", |entry, by| entry.player = PlayerId::new(1_700_000_000_000, 42 + u128::from(by))),
    ("number", |entry, by| entry.number += u64::from(by)),
    ("at", |entry, by| entry.at = at(i64::from(by))),
    ("action", |entry, by| entry.action = Action::FairnessRotate { epoch: by, client_seed: "x".parse().unwrap() }),
    ("action", |entry, _| entry.action = Action::Signup { invite: None }),
    ("bet_amount", |entry, by| round(entry).bet_amount = coins(50 + u64::from(by))),
    ("streak", |entry, by| round(entry).streak += by),
    ("reels", |entry, by| round(entry).reels[by as usize % 3] = "7️⃣".to_owned()),
    ("reels", |entry, by| round(entry).reels.swap(2, by as usize % 2)),
    ("pay_percent", |entry, by| round(entry).pay_percent += by),
    ("variation", |entry, by| round(entry).variation += i32::try_from(by).unwrap()),
    ("win_amount", |entry, by| round(entry).win_amount = coins(78 + u64::from(by))),
    ("moved coins", |entry, by| entry.moved.coins -= i64::from(by)),
    ("moved gems", |entry, by| entry.moved.gems += i64::from(by)),
    ("coins", |entry, by| entry.coins = coins(1028 + u64::from(by))),
    ("gems", |entry, by| entry.gems = Gems::new(2 + u64::from(by)).unwrap()),
    ("odds", |entry, by| entry.odds = Some(format!("2026-11-01+{by}"))),
    ("odds", |entry, _| entry.odds = None),
    ("draw", |entry, _| entry.draw = None),
    ("epoch", |entry, by| entry.draw.as_mut().unwrap().epoch += by),
    ("nonce", |entry, by| entry.draw.as_mut().unwrap().nonce += u64::from(by)),
    ("client_seed", |entry, by| entry.draw.as_mut().unwrap().client_seed = format!("lucky{by}").parse().unwrap()),
    ("previous", |entry, by| entry.previous = Hash::over(&[&by.to_be_bytes()])),
];

proptest! {
    #[test]
    fn any_change_of_an_entry_changes_its_hash(
        (first, second) in (0..MUTATIONS.len(), 0..MUTATIONS.len()),
        (one, other) in (1..1_000_000_u32, 1..1_000_000_u32),
    ) {
        let mutated = |(name, mutate): &(&str, Mutation), by| {
            let mut changed = entry();
            mutate(&mut changed, by);
            assert_ne!(changed, entry(), "{name} by {by}");
            (changed.hash().unwrap(), changed)
        };
        let (hash, changed) = mutated(&MUTATIONS[first], one);
        let (other_hash, other_changed) = mutated(&MUTATIONS[second], other);
        prop_assert_ne!(hash, entry().hash().unwrap());
        prop_assert_eq!(hash == other_hash, changed == other_changed);
    }

    #[test]
    fn parts_that_are_cut_elsewhere_hash_differently(text in "[a-c]{0,6}", cut in 0..7_usize, other in 0..7_usize) {
        let hash = |at: usize| {
            let (left, right) = text.as_bytes().split_at(at.min(text.len()));
            Hash::over(&[left, right])
        };
        prop_assert_eq!(hash(cut) == hash(other), cut.min(text.len()) == other.min(text.len()));
        prop_assert_ne!(hash(cut), Hash::over(&[text.as_bytes()]));
    }
}

#[test]
fn a_ledger_begins_with_the_starting_balance() {
    let economy = Economy::shipped().unwrap();
    let invite = Some("WELCOME".parse().unwrap());
    for admin in [false, true] {
        let change = Player::sign_up(PLAYER, admin, invite.clone(), at(0), &economy).unwrap();
        let first = Entry {
            number: 1,
            action: Action::Signup { invite: invite.clone() },
            moved: Postings { coins: 1000, gems: 0 },
            coins: coins(1000),
            gems: Gems::ZERO,
            owed: Postings::NONE,
            debt: Debt::default(),
            odds: None,
            draw: None,
            ..entry()
        };
        assert_eq!(*change.entry(), first);
        let (player, head) = (change.player(), first.hash().unwrap());
        assert_eq!((player.coins(), player.gems()), (coins(1000), Gems::ZERO));
        assert_eq!((player.entries(), player.revision(), player.head()), (1, 1, head));
        let whole = json!({
            "id": PLAYER,
            "coins": coins(1000),
            "gems": Gems::ZERO,
            "entries": 1,
            "revision": 1,
            "head": head,
            "rank": Rank::Standard,
            "active": true,
            "admin": admin,
            "session_epoch": 0,
            "level": 1,
            "experience": 0,
            "draw": Draw { epoch: 0, nonce: 0, client_seed: PLAYER.to_string().parse().unwrap() },
            "slot": SlotStreak { spins: 0, last: None },
        });
        assert_eq!(*player, serde_json::from_value(whole).unwrap());
    }
}

/// A sign-up, three rounds, a rotation, and a round of the next epoch.
fn some_play(economy: &Economy) -> Vec<Change> {
    let master = master();
    let mut changes = vec![Player::sign_up(PLAYER, false, None, at(0), economy).unwrap()];
    for second in 1..=5 {
        let player = changes.last().unwrap().player().clone();
        let round = Round { now: at(second * 1000), economy, master: &master };
        changes.push(match second {
            4 => fairness::rotate(&player, Some("luckier".parse().unwrap()), &round).unwrap().change,
            _ => slot::spin(&player, coins(50), &round).unwrap().change,
        });
    }
    changes
}

#[test]
fn each_entry_is_bound_to_the_one_before() {
    let changes = some_play(&Economy::shipped().unwrap());
    let mut head = Hash::genesis(PLAYER);
    for (number, change) in (1..).zip(&changes) {
        assert_eq!((change.entry().number, change.entry().previous), (number, head));
        head = change.entry().hash().unwrap();
        assert_eq!((change.player().head(), change.player().entries()), (head, number));
    }
    let nonces: Vec<_> =
        changes.iter().map(|change| (change.player().draw.epoch, change.player().draw.nonce)).collect();
    assert_eq!(nonces, [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0), (1, 1)]);
}

/// The transcripts of all rounds, and a round that was won, as the player sees them after the rotation.
fn transcripts(economy: &Economy) -> (Vec<Transcript>, Transcript) {
    let changes = some_play(economy);
    let of = |change: &Change| Transcript::of(change.entry(), 1, &master());
    let won = (0..).map(|nonce| {
        let mut player = changes[0].player().clone();
        player.draw.nonce = nonce;
        slot::spin(&player, coins(50), &Round { now: at(0), economy, master: &master() }).unwrap()
    });
    let won = won.into_iter().find(|decision| decision.reply.win_amount > Coins::ZERO).unwrap();
    (changes.iter().filter_map(of).collect(), of(&won.change).unwrap())
}

#[test]
fn a_round_is_proven_once_its_seed_is_revealed() {
    let economy = Economy::shipped().unwrap();
    let (rounds, _) = transcripts(&economy);
    assert_eq!(rounds.iter().map(|round| round.sequence).collect::<Vec<_>>(), [2, 3, 4, 6], "only rounds have one");
    for round in &rounds {
        let sealed = round.draw.epoch == 1;
        assert_eq!(round.server_seed.is_none(), sealed);
        assert_eq!(round.verify(&economy), if sealed { Err(NotProven::Sealed) } else { Ok(()) });
        let read: Transcript = serde_json::from_str(&serde_json::to_string(round).unwrap()).unwrap();
        assert_eq!(read, *round);
    }
}

type Tampering = fn(&mut Transcript, &mut SlotRound);

#[test]
fn a_transcript_that_was_tampered_with_is_not_proven() {
    let economy = Economy::shipped().unwrap();
    let (rounds, won) = transcripts(&economy);
    assert_eq!(won.verify(&economy), Ok(()));
    let tampered = |tamper: Tampering| {
        let mut transcript = won.clone();
        let Outcome::Slot(mut round) = won.outcome.clone() else { panic!("a spin") };
        tamper(&mut transcript, &mut round);
        transcript.outcome = Outcome::Slot(round);
        transcript.verify(&economy).err()
    };
    let outcomes: [Tampering; 9] = [
        |_, round| round.bet_amount = coins(51),
        |_, round| round.streak += 5,
        |_, round| round.reels[0] = "💎".to_owned(),
        |_, round| round.pay_percent += 1,
        |_, round| round.variation += 1,
        |_, round| round.win_amount = Coins::ZERO,
        |transcript, _| transcript.draw.nonce += 1,
        |transcript, _| transcript.draw.client_seed = "unlucky".parse().unwrap(),
        |transcript, _| (transcript.server_seed, transcript.server_seed_hash) = other_seed(),
    ];
    for (number, tamper) in outcomes.into_iter().enumerate() {
        assert_eq!(tampered(tamper), Some(NotProven::AnotherOutcome), "{number}");
    }
    let seeds: [Tampering; 4] = [
        |transcript, _| transcript.server_seed = other_seed().0,
        |transcript, _| transcript.server_seed_hash = other_seed().1,
        |transcript, _| transcript.server_seed = Some("not a seed".to_owned()),
        |transcript, _| transcript.server_seed = Some(String::new()),
    ];
    for (number, tamper) in seeds.into_iter().enumerate() {
        assert_eq!(tampered(tamper), Some(NotProven::AnotherSeed), "{number}");
    }
    assert_eq!(tampered(|transcript, _| transcript.server_seed = None), Some(NotProven::Sealed));

    let other = economy.clone().with_slot_weights(r#"{"🍒":30,"🍋":25,"🍊":20,"🍇":15,"💎":9,"7️⃣":1}"#).unwrap();
    assert_eq!(won.verify(&other), Err(NotProven::AnotherEconomy(economy.version.clone())));
    assert_eq!(rounds[0].verify(&economy), Ok(()));
}

/// A seed that is genuine, but of another epoch, with its hash.
fn other_seed() -> (Option<String>, String) {
    let seed = master().server_seed(PLAYER, 9);
    (Some(seed.reveal()), seed.commitment())
}
