//! All that a player was told, to be compared with what happened.

use std::collections::{BTreeMap, BTreeSet};

use croupier_rules::{
    id::{GameSessionId, PlayerId},
    ledger::{Action, Entry},
};
use croupier_store::{Store, item::EntryRecord, key::Key};
use croupier_tests::{deed::Deed, seat::Answer};
use rand::{RngExt, rngs::StdRng};
use serde_json::{Value, json};

/// All that a player was told.
#[derive(Default)]
pub struct Told {
    keys: BTreeMap<String, Named>,
    /// What was answered, by the entry that it tells of.
    answers: BTreeMap<String, String>,
    /// The number of the newest entry that anybody has heard of.
    newest: u64,
    /// What was done without a key, and what may have been.
    unkeyed: usize,
    doubtful: usize,
    /// Sessions of games that somebody heard of, and those of them that were said to be over.
    pub sessions: Vec<String>,
    over: BTreeSet<String>,
    /// What came over sockets.
    pub pushed: Vec<Value>,
}

/// What is known of a key.
struct Named {
    first_asked: Deed,
    done: Option<(Deed, String)>,
    /// Answers that did not say they were repeats.
    originals: usize,
    /// What was refused, since the key stands for something else.
    others: Vec<Deed>,
}

impl Told {
    /// The number of the newest entry that anybody has heard of.
    pub fn newest(&self) -> u64 {
        self.newest.max(1)
    }

    /// A key that was used before, and what for.
    pub fn earlier(&self, chance: &mut StdRng) -> Option<(String, Deed)> {
        let place = chance.random_range(0..self.keys.len().max(1));
        self.keys.iter().nth(place).map(|(key, named)| (key.clone(), named.first_asked.clone()))
    }

    /// What is certainly done under a key.
    pub fn done_under(&self, key: Option<&str>) -> Option<Deed> {
        self.keys.get(key?)?.done.as_ref().map(|(deed, _)| deed.clone())
    }

    /// Something is asked under a key.
    pub fn asks(&mut self, key: &str, deed: &Deed) {
        self.keys.entry(key.to_owned()).or_insert_with(|| Named {
            first_asked: deed.clone(),
            done: None,
            originals: 0,
            others: Vec::new(),
        });
    }

    /// It was done, now or before.
    pub fn done(&mut self, key: Option<&str>, deed: &Deed, answer: &Answer) {
        let reply = answer.ok();
        let entry = deed.entry_named_by(&reply).expect("an entry");
        if let Deed::Start(_) = deed {
            self.knows(reply["session_id"].as_str().expect("a session"));
        }
        self.newest = self.newest.max(reply["sequence"].as_u64().unwrap_or(0));
        let heard_before = self.answers.insert(entry.clone(), answer.body.clone());
        let Some(key) = key else {
            assert_eq!(heard_before, None, "two answers tell of one entry");
            self.unkeyed += 1;
            return;
        };
        let named = self.keys.get_mut(key).expect("a key that was asked under");
        named.originals += usize::from(!answer.replayed());
        assert!(named.originals <= 1, "{key} was done twice");
        let (same, first) = named.done.get_or_insert_with(|| (deed.clone(), answer.body.clone()));
        assert_eq!((&*same, &*first), (deed, &answer.body), "a repeat of {key} has another answer");
        assert!(heard_before.is_none_or(|before| before == answer.body), "two answers tell of {entry}");
    }

    /// It was refused, since the key stands for something else.
    pub fn reused(&mut self, key: Option<&str>, deed: &Deed) {
        let named = key.and_then(|key| self.keys.get_mut(key));
        named.expect("only a key can be used twice").others.push(deed.clone());
    }

    /// There is a session of this name.
    pub fn knows(&mut self, session: &str) {
        if !self.sessions.iter().any(|known| known == session) {
            self.sessions.push(session.to_owned());
        }
    }

    /// It was refused by a rule.
    pub fn refused(&mut self, deed: &Deed, code: &str) {
        if let Deed::End(session) = deed {
            assert!(code != "NOT_FOUND" || !self.sessions.contains(session), "{session} was here before");
            if code == "SESSION_ENDED" {
                self.over.insert(session.clone());
            }
        }
    }

    /// Nobody knows whether it was done.
    pub fn unknown(&mut self, key: Option<&str>) {
        self.doubtful += usize::from(key.is_none());
    }

    /// Whether it was all true.
    pub async fn is_true(&self, store: &Store, id: PlayerId, ledger: &[EntryRecord]) {
        let mut keyed = 0;
        for (key, named) in &self.keys {
            let place = Key::keyed_entry(id, &key.parse().expect("a key"));
            let kept: Option<EntryRecord> = store.get(&place).await.expect("an answer");
            keyed += usize::from(kept.is_some());
            let kept = kept.and_then(|record| Some((Deed::told_by(&record.entry.action)?, record.reply)));
            assert!(named.done.is_none() || named.done == kept, "{key}: told {:?}, kept {kept:?}", named.done);
            for other in &named.others {
                assert!(kept.as_ref().is_some_and(|(deed, _)| deed != other), "{key} does not stand for anything else");
            }
        }
        let mut asked_for = BTreeMap::new();
        for record in ledger {
            let Some(deed) = Deed::told_by(&record.entry.action) else { continue };
            let reply = serde_json::from_str(&record.reply).expect("a reply");
            let entry = deed.entry_named_by(&reply).expect("an entry");
            let named_before = asked_for.insert(entry, &record.reply);
            assert_eq!(named_before, None, "{id}: one answer tells of two entries");
        }
        for (entry, answer) in &self.answers {
            assert_eq!(asked_for.get(entry), Some(&answer), "{entry} of {id}");
        }
        let ended: BTreeSet<_> = ledger.iter().filter_map(|record| session_ended_by(&record.entry)).collect();
        assert!(ended.is_superset(&self.over), "{id} was told that {:?} were over, and {ended:?} are", self.over);
        let unkeyed = asked_for.len() - keyed;
        let range = self.unkeyed..=self.unkeyed + self.doubtful;
        assert!(range.contains(&unkeyed), "{id} did {unkeyed} things without a key, and was told of {range:?}");
    }

    /// Whether a socket that was open all the time told everything, and nothing else.
    pub fn pushed_is_true(&self, ledger: &[EntryRecord]) {
        let mut heard = BTreeSet::new();
        for news in &self.pushed {
            let number = news["sequence"].as_u64().expect("a number");
            let entry = &ledger[usize::try_from(number).expect("a place") - 1].entry;
            let session = |event: &str, id: &GameSessionId| json!({ "type": "game_session", "event": event, "external_session_id": id });
            let expected = match &entry.action {
                Action::SessionStart { session_id, .. } => session("start", session_id),
                Action::SessionEnd(ended) => session("end", &ended.session_id),
                action => json!({
                    "type": "token_update",
                    "source": action.name(),
                    "history_id": entry.id(),
                    "balance_coin": entry.coins,
                    "delta_coin": entry.moved.coins,
                }),
            };
            for (part, expected) in expected.as_object().expect("parts") {
                assert_eq!(&news[part], expected, "{part} of what was told of entry {number}");
            }
            heard.insert(number);
        }
        let worth_telling: BTreeSet<_> =
            ledger.iter().filter(|record| is_told_live(&record.entry)).map(|record| record.entry.number).collect();
        assert_eq!(heard, worth_telling, "what a socket heard that was open all the time");
    }
}

fn session_ended_by(entry: &Entry) -> Option<String> {
    match &entry.action {
        Action::SessionEnd(ended) => Some(ended.session_id.to_string()),
        _ => None,
    }
}

/// Whether a socket is told of an entry.
pub fn is_told_live(entry: &Entry) -> bool {
    !matches!(entry.action, Action::Signup { .. })
}
