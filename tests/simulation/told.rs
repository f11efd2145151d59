//! All that a player was told, to be compared with what happened.

use std::collections::{BTreeMap, BTreeSet};

use croupier_rules::id::PlayerId;
use croupier_store::{Store, item::EntryRecord, key::Key};
use croupier_tests::seat::Answer;
use rand::{RngExt, rngs::StdRng};
use serde_json::Value;

use crate::deed::Deed;

/// All that a player was told.
#[derive(Default)]
pub struct Told {
    keys: BTreeMap<String, Named>,
    /// What was answered, by the number of the entry that it tells of.
    answers: BTreeMap<u64, String>,
    /// What was done without a key, and what may have been.
    unkeyed: usize,
    doubtful: usize,
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
        self.answers.keys().next_back().copied().unwrap_or(1)
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
        let number = answer.ok()["sequence"].as_u64().expect("a number");
        let heard_before = self.answers.insert(number, answer.body.clone());
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
        assert!(heard_before.is_none_or(|before| before == answer.body), "two answers tell of entry {number}");
    }

    /// It was refused, since the key stands for something else.
    pub fn reused(&mut self, key: Option<&str>, deed: &Deed) {
        let named = key.and_then(|key| self.keys.get_mut(key));
        named.expect("only a key can be used twice").others.push(deed.clone());
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
        for (number, answer) in &self.answers {
            let record = &ledger[usize::try_from(*number).expect("a place") - 1];
            assert_eq!((record.entry.number, &record.reply), (*number, answer), "{id}");
        }
        let unkeyed = ledger.len() - 1 - keyed;
        let range = self.unkeyed..=self.unkeyed + self.doubtful;
        assert!(range.contains(&unkeyed), "{id} did {unkeyed} things without a key, and was told of {range:?}");
    }

    /// Whether a socket that was open all the time told everything, and nothing else.
    pub fn pushed_is_true(&self, ledger: &[EntryRecord]) {
        let mut heard = BTreeSet::new();
        for news in &self.pushed {
            let number = news["sequence"].as_u64().expect("a number");
            let entry = &ledger[usize::try_from(number).expect("a place") - 1].entry;
            assert_eq!(news["history_id"], entry.id().to_string());
            assert_eq!(
                (&news["balance_coin"], &news["delta_coin"]),
                (&entry.coins.get().into(), &entry.moved.coins.into())
            );
            heard.insert(number);
        }
        let spins = ledger.iter().filter(|record| record.entry.action.game_type().is_some());
        let spins: BTreeSet<_> = spins.map(|record| record.entry.number).collect();
        assert!(heard.is_superset(&spins), "a socket that was open all the time heard only of {heard:?} of {spins:?}");
    }
}
