//! A player on several devices.

use std::{
    ops::RangeInclusive,
    sync::{Mutex, MutexGuard},
};

use croupier_rules::id::PlayerId;
use croupier_store::{Store, item::EntryRecord};
use croupier_tests::{
    deed::{self, Deed},
    live::Live,
    seat::{Answer, Seat},
};
use croupier_web::error::Code;
use rand::{RngExt, rngs::StdRng};
use serde_json::{Value, json};

use crate::{
    games::{claim, class, pulls, refusal, start},
    tally::{Class, Tally},
    told::{Told, is_told_live},
};

/// How often a client asks again when it was told 503.
pub const RETRIES: usize = 6;

/// A player on several devices.
pub struct Player {
    pub(crate) seat: Seat,
    stakes: RangeInclusive<u64>,
    told: Mutex<Told>,
    /// A socket that is open all the time.
    live: Live,
}

impl Player {
    /// A player who plays for stakes of this size.
    pub async fn at(seat: Seat, stakes: RangeInclusive<u64>) -> Self {
        let live = Live::open(&seat).await;
        Self { seat, stakes, told: Mutex::default(), live }
    }

    /// Who it is.
    pub fn id(&self) -> PlayerId {
        self.seat.id.parse().expect("a player's id")
    }

    pub(crate) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("nobody has failed")
    }

    /// Does something.
    pub async fn act(&self, chance: &mut StdRng, tally: &Tally) {
        match chance.random_range(0..100) {
            0..40 => self.attempt(Deed::Spin(chance.random_range(self.stakes.clone())), chance, tally).await,
            40..52 => self.attempt(pulls(chance), chance, tally).await,
            52..60 => self.attempt(start(chance), chance, tally).await,
            60..69 => self.attempt(self.some_end(chance), chance, tally).await,
            69..78 => self.attempt(claim(chance), chance, tally).await,
            78..82 => self.attempt(Deed::ClaimDay, chance, tally).await,
            82..87 => self.attempt(Deed::rotation(chance), chance, tally).await,
            87..92 => self.read_balance(tally).await,
            92..96 => self.read_history(tally).await,
            _ => self.use_a_socket(tally).await,
        }
    }

    /// Spins under a new key, and asks until there is an answer.
    pub async fn insist(&self, chance: &mut StdRng, tally: &Tally) {
        self.ask(&Deed::Spin(1), Some(&deed::name(chance)), tally).await;
    }

    /// Three in four have a key, and one in four of those a key that was used before.
    async fn attempt(&self, deed: Deed, chance: &mut StdRng, tally: &Tally) {
        if chance.random_bool(0.25) {
            return self.ask(&deed, None, tally).await;
        }
        let earlier = if chance.random_bool(0.25) { self.told().earlier(chance) } else { None };
        match earlier {
            Some((key, first)) if chance.random_bool(0.5) => self.ask(&first, Some(&key), tally).await,
            Some((key, first)) => self.ask(&first.other(chance), Some(&key), tally).await,
            None => self.ask(&deed, Some(&deed::name(chance)), tally).await,
        }
    }

    /// Asks for something, under a key or without, until there is an answer.
    pub async fn ask(&self, deed: &Deed, key: Option<&str>, tally: &Tally) {
        if let Some(key) = key {
            self.told().asks(key, deed);
        }
        let done_before = self.told().done_under(key);
        // Without a key nobody can know whether asking again would do it twice.
        let retries = if key.is_some() { RETRIES } else { 0 };
        let answer = patiently(retries, tally, async || match key {
            Some(key) => self.seat.post_keyed(&deed.path(), key, deed.body()).await,
            None => self.seat.post(&deed.path(), deed.body()).await,
        })
        .await;

        let goes_on = self.hear(deed, key, done_before.as_ref(), &answer, tally) == Some(Class::GoesOn);
        if goes_on {
            self.find_the_session(tally).await;
        }
    }

    /// What to make of an answer. Tells as what a refusal was counted.
    fn hear(
        &self,
        deed: &Deed,
        key: Option<&str>,
        done_before: Option<&Deed>,
        answer: &Answer,
        tally: &Tally,
    ) -> Option<Class> {
        let (mut told, code) = (self.told(), answer.code());
        match (answer.status, code.as_str()) {
            (200, _) => {
                assert!(done_before.is_none() || answer.replayed(), "{key:?} was done before: {}", answer.body);
                tally.count(if answer.replayed() { Class::Replayed } else { Class::Done });
                class(deed).into_iter().for_each(|class| tally.count(class));
                told.done(key, deed, answer);
            }
            (404 | 409, code) => {
                let class = refusal(deed, code).unwrap_or_else(|| panic!("{deed:?}: {}", answer.body));
                assert_eq!(done_before, None, "{deed:?} {key:?}: {}", answer.body);
                tally.count(class);
                told.refused(deed, code);
                return Some(class);
            }
            (422, "IDEMPOTENCY_KEY_REUSED") => {
                assert_ne!(done_before, Some(deed), "{key:?} was used for just this");
                tally.count(Class::KeyReused);
                told.reused(key, deed);
            }
            (503, _) => told.unknown(key),
            _ => panic!("{} {}", answer.status, answer.body),
        }
        None
    }

    async fn read_balance(&self, tally: &Tally) {
        let heard = self.told().newest();
        let answer = patiently(RETRIES, tally, async || self.seat.get("/api/users/balance").await).await;
        if answer.status != 503 {
            assert!(answer.ok()["sequence"].as_u64() >= Some(heard), "a balance from before entry {heard}");
            tally.count(Class::Read);
        }
    }

    async fn read_history(&self, tally: &Tally) {
        let heard = self.told().newest();
        let answer = patiently(RETRIES, tally, async || self.seat.get("/api/games/history?limit=100").await).await;
        if answer.status == 503 {
            return;
        }
        let items = answer.ok()["items"].as_array().expect("items").clone();
        assert!(items[0]["sequence"].as_u64() >= Some(heard), "a history from before entry {heard}");
        for pair in items.windows(2) {
            let number = |item: &Value, field: &str| item[field].as_i64().expect("a number");
            assert_eq!(number(&pair[0], "sequence"), number(&pair[1], "sequence") + 1, "a gap");
            let balance = number(&pair[1], "balance_coin") + number(&pair[0], "delta_coin");
            assert_eq!(number(&pair[0], "balance_coin"), balance, "{pair:?}");
        }
        tally.count(Class::Read);
    }

    async fn use_a_socket(&self, tally: &Tally) {
        let Some(mut socket) = self.open_a_socket(tally).await else { return };
        socket.say(r#"{"type":"ping"}"#).await;
        let is_pong = |news: &Value| news["type"] == "pong";
        loop {
            let news = socket.next().await;
            let answered = news.iter().any(is_pong);
            self.told().pushed.extend(news.into_iter().filter(|news| !is_pong(news)));
            if answered {
                break;
            }
        }
        socket.close().await;
        tally.count(Class::Socket);
    }

    /// With a new ticket each time: nobody knows whether the one before was used up.
    async fn open_a_socket(&self, tally: &Tally) -> Option<Live> {
        for _ in 0..=RETRIES {
            let ask = async || self.seat.post("/api/realtime/ticket", json!({})).await;
            let ticket = patiently(RETRIES, tally, ask).await;
            if ticket.status == 503 {
                return None;
            }
            let ticket = ticket.ok()["ticket"].as_str().expect("a ticket").to_owned();
            match Live::with_ticket(&self.seat.site, &ticket).await {
                Ok(socket) => return Some(socket),
                Err(503) => tally.count(Class::Unavailable),
                Err(status) => panic!("a new ticket is refused with {status}"),
            }
        }
        None
    }

    /// Whether everything that the devices were told is what the ledger says.
    pub async fn was_told_the_truth(&mut self, store: &Store, ledger: &[EntryRecord]) {
        let id = self.id();
        let told = self.told.get_mut().expect("nobody has failed");
        let told_live = ledger.iter().rfind(|record| is_told_live(&record.entry));
        let newest = told_live.map_or(0, |record| record.entry.number);
        let mut heard = 0;
        while heard < newest {
            let news = self.live.next().await;
            heard = news.iter().filter_map(|news| news["sequence"].as_u64()).fold(heard, u64::max);
            told.pushed.extend(news);
        }
        told.is_true(store, id, ledger).await;
        told.pushed_is_true(ledger);
    }
}

/// Asks until there is an answer that is not 503, as the answer itself tells a client to.
pub async fn patiently(retries: usize, tally: &Tally, ask: impl AsyncFn() -> Answer) -> Answer {
    counting(Class::Unavailable, retries, tally, ask).await
}

/// The same, with another name for 503.
pub async fn counting(class: Class, retries: usize, tally: &Tally, ask: impl AsyncFn() -> Answer) -> Answer {
    let mut answer = ask().await;
    for retry in 0..=retries {
        if answer.status != 503 {
            break;
        }
        answer.refused(Code::Unavailable);
        assert!(answer.header("retry-after").is_some(), "nobody says when to ask again");
        tally.count(class);
        if retry < retries {
            answer = ask().await;
        }
    }
    answer
}
