//! A player in a load: somebody who asks, asks again where no answer came, and keeps what was told.

use std::{
    iter,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use croupier_rules::ledger::GameType;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::{Method, RequestBuilder};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::{
    CannotLoad,
    figures::{Figures, is_told},
    promise::{Asked, Balance, Breach, LedgerEntry, Outcome, Request, check, settle},
    way::{LAST_TRIES, TRIES, Way, read, shown},
};
use crate::{
    deed::{self, Deed, MISSIONS},
    seat::{Answer, PASSWORD, Seat, Site},
};

/// A reward is claimed whenever so many more rounds were played.
const ROUNDS_TO_CLAIM: usize = 10;

/// What a client does next, and what it does besides asking once.
#[derive(Debug)]
pub struct Turn {
    chance: StdRng,
    repeat: Option<Repeat>,
}

#[derive(Debug, Clone, Copy)]
enum Repeat {
    /// It asks again when it has the answer.
    Afterwards,
    /// It asks twice at once.
    AtOnce,
    /// It hangs up, after some share of the time that an answer took last, and asks again.
    HungUp(f64),
}

impl Turn {
    /// By chance; in so many of a hundred cases with a repeat.
    pub fn by(chance: &mut StdRng, repeats: u32) -> Self {
        let mut chance = StdRng::seed_from_u64(chance.random());
        let repeat = (chance.random_range(0..100) < repeats).then(|| match chance.random_range(0..3) {
            0 => Repeat::Afterwards,
            1 => Repeat::AtOnce,
            _ => Repeat::HungUp(chance.random_range(0.0..1.0)),
        });
        Self { chance, repeat }
    }
}

enum Wish {
    Do(Deed),
    SeeLedger,
    SeeOdds,
}

/// A player in a load.
#[derive(Debug)]
pub struct Player {
    way: Way,
    life: Mutex<Life>,
    refresh_token: tokio::sync::Mutex<String>,
}

#[derive(Debug)]
struct Life {
    seat: Seat,
    /// The session of a game that goes on, as far as is known.
    session: Option<String>,
    rounds: usize,
    claims: usize,
    /// The number of the newest entry that was told of.
    newest: u64,
    /// How long it took the last time that nothing was asked for again.
    took: Duration,
    asked: Vec<Asked>,
    breaches: Vec<Breach>,
}

/// What was found in a player's ledger.
#[derive(Debug)]
pub struct Account {
    /// Whose it is.
    pub player: String,
    /// How many entries it has.
    pub entries: usize,
    /// How many requests the player made under a key.
    pub asked: usize,
    /// What is wrong.
    pub breaches: Vec<Breach>,
}

#[derive(Deserialize)]
struct Tokens {
    access_token: String,
    refresh_token: String,
    user: User,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<LedgerEntry>,
    next_cursor: Option<String>,
}

impl Player {
    /// Signs up under a name that nobody has, and logs in.
    ///
    /// # Errors
    /// The answer that was no welcome.
    pub async fn come(way: Way, name: String, invite: &str) -> Result<Self, CannotLoad> {
        let sign_up = || {
            let request = way.site.request(Method::POST, "/api/auth/signup").header("idempotency-key", &name);
            request.json(&Site::sign_up_body(&name, invite))
        };
        let body = json!({ "site_id": name, "password": PASSWORD });
        let log_in = || way.site.request(Method::POST, "/api/auth/login").json(&body);
        let turned_away = |what: &str, answer| CannotLoad(format!("{what} was answered with {answer}"));
        let answer = way.insist("signup", Instant::now(), TRIES, sign_up).await;
        read::<Tokens>(answer.as_ref()).map_err(|answer| turned_away("a sign-up", answer))?;
        let answer = way.insist("login", Instant::now(), TRIES, log_in).await;
        let tokens: Tokens = read(answer.as_ref()).map_err(|answer| turned_away("a login", answer))?;
        let seat = Seat { site: way.site.clone(), token: tokens.access_token, id: tokens.user.id };
        let life = Life {
            seat,
            session: None,
            rounds: 0,
            claims: 0,
            newest: 1,
            took: Duration::ZERO,
            asked: Vec::new(),
            breaches: Vec::new(),
        };
        Ok(Self { way, life: Mutex::new(life), refresh_token: tokio::sync::Mutex::new(tokens.refresh_token) })
    }

    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the player sits now.
    pub fn seat(&self) -> Seat {
        self.life().seat.clone()
    }

    /// What is measured.
    pub fn figures(&self) -> &Figures {
        &self.way.figures
    }

    /// Does what comes next, which was due at a time.
    pub async fn take(&self, turn: &mut Turn, due: Instant) {
        match self.wish(&mut turn.chance) {
            Wish::Do(deed) => self.act(Request { deed, key: deed::name(&mut turn.chance) }, turn.repeat, due).await,
            Wish::SeeLedger => self.see_ledger(due).await,
            Wish::SeeOdds => {
                let odds = || self.way.site.request(Method::GET, "/api/games/slot/config");
                let answer = self.way.insist("slot-config", due, TRIES, odds).await;
                self.expect_ok("the odds", answer.as_ref());
            }
        }
    }

    fn wish(&self, chance: &mut StdRng) -> Wish {
        let mut life = self.life();
        let due = life.rounds / ROUNDS_TO_CLAIM > life.claims;
        if let Some(reward) = rewards().nth(life.claims).filter(|_| due) {
            life.claims += 1;
            return Wish::Do(reward);
        }
        match chance.random_range(0..100) {
            0..82 => Wish::Do(Deed::Spin(chance.random_range(1..=3))),
            82..84 => Wish::Do(Deed::Pull(1)),
            84..90 => Wish::Do(life.session.take().map_or(Deed::Start(GameType::Slot), Deed::End)),
            90..96 => Wish::SeeLedger,
            _ => Wish::SeeOdds,
        }
    }

    /// Asks for something under a new key until it is known what became of it, and sometimes again.
    async fn act(&self, request: Request, repeat: Option<Repeat>, due: Instant) {
        let once_more = || self.ask(&request, Instant::now(), TRIES);
        let heard = match repeat {
            None => {
                let begun = Instant::now();
                let answer = self.ask(&request, due, TRIES).await;
                self.life().took = begun.elapsed();
                vec![answer]
            }
            Some(Repeat::Afterwards) => vec![self.ask(&request, due, TRIES).await, once_more().await],
            Some(Repeat::AtOnce) => {
                let (one, other) = tokio::join!(self.ask(&request, due, TRIES), once_more());
                let mut heard = vec![one, other];
                // Of two at once, the one that was refused came first.
                heard.sort_by_key(|heard| heard.as_ref().is_some_and(|answer| answer.status == 200));
                heard
            }
            Some(Repeat::HungUp(share)) => {
                let patience = self.life().took.mul_f64(share);
                let first = timeout(patience, self.way.send(to_ask(&self.seat(), &request))).await;
                self.way.figures.counts().hung_up += u64::from(first.is_err());
                // An access token that is over tells nothing of the request.
                let tells = |answer: &Answer| is_told(answer.status) && answer.status != 401;
                let first = first.ok().and_then(Result::ok).filter(tells);
                vec![first, once_more().await]
            }
        };
        let done: Vec<_> = heard.iter().flatten().filter(|answer| answer.status == 200).collect();
        if let [first, second] = done.as_slice() {
            let mut counts = self.way.figures.counts();
            counts.repeats += 1;
            counts.same += u64::from(first.body == second.body);
        }
        let (asked, breaches) = settle(request, &heard);
        self.keep(asked, breaches);
    }

    fn keep(&self, asked: Asked, breaches: Vec<Breach>) {
        let mut life = self.life();
        if let Outcome::Done(told) = &asked.outcome {
            match &asked.request.deed {
                Deed::Spin(_) | Deed::Pull(_) => life.rounds += 1,
                Deed::Start(_) => life.session = told.entry.rsplit(' ').next().map(str::to_owned),
                _ => {}
            }
            let number = told.entry.strip_prefix("entry ").and_then(|number| number.parse().ok());
            life.newest = life.newest.max(number.unwrap_or(0));
        }
        life.asked.push(asked);
        life.breaches.extend(breaches);
    }

    async fn ask(&self, request: &Request, since: Instant, tries: u32) -> Option<Answer> {
        self.insist(request.deed.function(), since, tries, |seat| to_ask(seat, request)).await
    }

    /// Asks with an access token that lasts.
    async fn insist(
        &self,
        function: &'static str,
        since: Instant,
        tries: u32,
        request: impl Fn(&Seat) -> RequestBuilder,
    ) -> Option<Answer> {
        let seat = self.seat();
        let told = self.way.insist(function, since, tries, || request(&seat)).await;
        if told.as_ref().is_none_or(|answer| answer.status != 401) {
            return told;
        }
        self.renew(&seat).await;
        let seat = self.seat();
        self.way.insist(function, since, tries, || request(&seat)).await
    }

    /// Gets another access token for one that is over, unless somebody else has.
    async fn renew(&self, spent: &Seat) {
        let mut refresh_token = self.refresh_token.lock().await;
        if self.seat().token != spent.token {
            return;
        }
        let body = json!({ "refresh_token": *refresh_token });
        let refresh = || self.way.site.request(Method::POST, "/api/auth/refresh").json(&body);
        let answer = self.way.insist("refresh", Instant::now(), TRIES, refresh).await;
        if let Ok(Tokens { access_token, refresh_token: next, .. }) = read(answer.as_ref()) {
            *refresh_token = next;
            self.life().seat.token = access_token;
        }
    }

    /// Reads the newest page of the ledger, on which everything is that was told before.
    async fn see_ledger(&self, due: Instant) {
        let told = self.life().newest;
        let page = self.page("", due, TRIES).await;
        let Some(answer) = self.expect_ok("the ledger", page.as_ref()) else { return };
        let read = read::<Page>(Some(answer)).ok().and_then(|page| page.items.first().map(|entry| entry.sequence));
        if read.is_none_or(|read| read < told) {
            self.life().breaches.push(Breach::Stale { read: read.unwrap_or(0), told });
        }
    }

    async fn page(&self, rest: &str, since: Instant, tries: u32) -> Option<Answer> {
        let path = format!("/api/games/history?limit=100{rest}");
        self.insist("history", since, tries, |seat| seat.request(Method::GET, &path)).await
    }

    fn expect_ok<'a>(&self, asked: &str, answer: Option<&'a Answer>) -> Option<&'a Answer> {
        let answer = answer?;
        if answer.status != 200 {
            let breach = Breach::Unexpected { asked: asked.to_owned(), answer: shown(answer) };
            self.life().breaches.push(breach);
            return None;
        }
        Some(answer)
    }

    /// Asks again for whatever is not known to be done, and compares all that was told with the ledger. What was refused may have been
    /// done since, by a request that was late and whose answer nobody waited for.
    pub async fn account(&self) -> Account {
        let is_open = |asked: &mut Asked| !matches!(asked.outcome, Outcome::Done(_));
        let open: Vec<_> = self.life().asked.extract_if(.., is_open).collect();
        let mut answers = true;
        for Asked { request, .. } in open {
            // Where nobody answers any more, one has waited long enough for all.
            let heard = if answers { self.ask(&request, Instant::now(), LAST_TRIES).await } else { None };
            answers = heard.is_some();
            let (asked, breaches) = settle(request, &[heard]);
            self.keep(asked, breaches);
        }
        let read = self.read_all().await;
        let mut life = self.life();
        let (asked, mut breaches) = (life.asked.len(), std::mem::take(&mut life.breaches));
        let entries = read.as_ref().map_or(0, |(ledger, _)| ledger.len());
        match read {
            Ok((ledger, balance)) => breaches.extend(check(&life.asked, &ledger, &balance)),
            Err(breach) => breaches.push(breach),
        }
        Account { player: life.seat.id.clone(), entries, asked, breaches }
    }

    /// The whole ledger, the oldest first, and the balance.
    async fn read_all(&self) -> Result<(Vec<LedgerEntry>, Balance), Breach> {
        let unread = |asked: &str, answer| Breach::Unexpected { asked: asked.to_owned(), answer };
        let (mut ledger, mut rest) = (Vec::new(), String::new());
        loop {
            let answer = self.page(&rest, Instant::now(), LAST_TRIES).await;
            let page: Page = read(answer.as_ref()).map_err(|answer| unread("the whole ledger", answer))?;
            ledger.extend(page.items);
            match page.next_cursor {
                Some(next) => rest = format!("&cursor={next}"),
                None => break,
            }
        }
        ledger.reverse();
        let balance = |seat: &Seat| seat.request(Method::GET, "/api/users/balance");
        let answer = self.insist("balance", Instant::now(), LAST_TRIES, balance).await;
        Ok((ledger, read(answer.as_ref()).map_err(|answer| unread("the balance", answer))?))
    }
}

/// What there is to claim for whoever plays, in this order.
fn rewards() -> impl Iterator<Item = Deed> {
    // The last mission is of nobody's making.
    let missions = MISSIONS[..MISSIONS.len() - 1].iter();
    iter::once(Deed::ClaimDay).chain(missions.map(|mission| Deed::Claim((*mission).to_owned())))
}

fn to_ask(seat: &Seat, Request { deed, key }: &Request) -> RequestBuilder {
    seat.request(Method::POST, &deed.path()).header("idempotency-key", key).json(&deed.body())
}
