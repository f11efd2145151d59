//! A player whom operators have in hand: promoted, banned and thrown out while playing on.

use std::sync::{Mutex, MutexGuard};

use croupier_rules::id::PlayerId;
use croupier_store::{Store, item::EntryRecord};
use croupier_tests::{
    deed::{self, Deed},
    seat::{Answer, PASSWORD, Seat, Site},
};
use rand::{RngExt, rngs::StdRng};
use serde_json::{Value, json};

use crate::{
    door::Door,
    player::{RETRIES, counting},
    tally::{Class, Tally},
    told::Told,
};

/// Names that all of them want.
const PEN_NAMES: usize = 5;

/// A player whom operators have in hand.
pub struct Ward {
    pub name: String,
    pub id: PlayerId,
    pub door: Door,
    site: Site,
    told: Mutex<Told>,
}

impl Ward {
    /// The player of a seat.
    pub fn new(name: &str, seat: &Seat) -> Self {
        let id = seat.id.parse().expect("a player's id");
        Self { name: name.to_owned(), id, door: Door::default(), site: seat.site.clone(), told: Mutex::default() }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().expect("nobody has failed")
    }

    /// Whether everything that the devices were told is what the ledger says.
    pub async fn was_told_the_truth(&mut self, store: &Store, ledger: &[EntryRecord]) {
        let (id, told) = (self.id, self.told.get_mut().expect("nobody has failed"));
        told.is_true(store, id, ledger).await;
    }
}

/// A device of a ward, with a session or without.
#[derive(Default)]
pub struct Device(Option<Session>);

struct Session {
    seat: Seat,
    refresh: String,
    /// How often all sessions had been ended before.
    began: u64,
}

impl Session {
    fn of(ward: &Ward, tokens: &Value) -> Self {
        let refresh = tokens["refresh_token"].as_str().expect("a refresh token").to_owned();
        Self { seat: Seat::of(&ward.site, tokens), refresh, began: ward.door.endings() }
    }
}

impl Device {
    /// One that signed up just now.
    pub fn with(ward: &Ward, tokens: &Value) -> Self {
        Self(Some(Session::of(ward, tokens)))
    }

    /// Does something.
    pub async fn act(&mut self, ward: &Ward, chance: &mut StdRng, tally: &Tally) {
        match chance.random_range(0..100) {
            0..6 => self.log_in(ward, tally).await,
            // Whoever knows of a ban does not always try.
            6..70 if self.0.is_none() && ward.door.shut(u64::MAX).is_some() => {}
            _ if self.0.is_none() => self.log_in(ward, tally).await,
            6..60 => self.spin(ward, chance, tally).await,
            60..75 => self.rename(ward, chance.random_range(0..PEN_NAMES), tally).await,
            75..88 => self.refresh(ward, tally).await,
            _ => self.read(ward, tally).await,
        }
    }

    /// Begins another session. The right password is refused to whoever is banned, and to whoever was refused too often.
    pub async fn log_in(&mut self, ward: &Ward, tally: &Tally) {
        let shut = ward.door.shut(u64::MAX);
        let answer = ward.site.log_in(&ward.name, PASSWORD).await;
        assert!(shut.is_none() || answer.status != 200 || shut != ward.door.shut(u64::MAX), "{} came in", ward.name);
        match (answer.status, answer.code().as_str()) {
            (200, _) => {
                tally.count(Class::LoggedIn);
                self.0 = Some(Session::of(ward, &answer.ok()));
            }
            (423, _) => tally.count(Class::Locked),
            (503, _) => tally.count(Class::Unavailable),
            (429, _) => {}
            _ => panic!("{} {}", answer.status, answer.body),
        }
    }

    /// Spins under a key, which in one of four cases was used before.
    pub async fn spin(&mut self, ward: &Ward, chance: &mut StdRng, tally: &Tally) {
        let earlier = if chance.random_bool(0.25) { ward.told().earlier(chance) } else { None };
        let (key, deed) = earlier.unwrap_or_else(|| (deed::name(chance), Deed::Spin(1)));
        ward.told().asks(&key, &deed);
        let Some(answer) =
            self.ask(ward, tally, async |seat| seat.post_keyed(&deed.path(), &key, deed.body()).await).await
        else {
            return;
        };
        ward.told().done(Some(&key), &deed, &answer);
        tally.count(if answer.replayed() { Class::Replayed } else { Class::Done });
    }

    /// Takes a name that others want as well.
    pub async fn rename(&mut self, ward: &Ward, number: usize, tally: &Tally) {
        let wanted = json!({ "nickname": format!("Pen Name {number}") });
        let ask = async |seat: &Seat| seat.patch("/api/users/profile", wanted.clone()).await;
        let Some(answer) = self.ask(ward, tally, ask).await else { return };
        if answer.code() == "TAKEN" {
            tally.count(Class::NameTaken);
        } else {
            assert_eq!(answer.ok()["nickname"], wanted["nickname"]);
            tally.count(Class::Renamed);
        }
    }

    /// Goes on with the session.
    pub async fn refresh(&mut self, ward: &Ward, tally: &Tally) {
        let Some(Session { refresh, .. }) = &self.0 else { return };
        let spent = json!({ "refresh_token": refresh });
        let ask = async |seat: &Seat| seat.site.post("/api/auth/refresh", spent.clone()).await;
        match self.ask(ward, tally, ask).await {
            Some(answer) => {
                let began = self.0.as_ref().map_or(0, |session| session.began);
                self.0 = Some(Session { began, ..Session::of(ward, &answer.ok()) });
                tally.count(Class::Refreshed);
            }
            // Perhaps the token is spent, and by the next time it is too late to ask for its successor.
            None => self.0 = None,
        }
    }

    async fn read(&mut self, ward: &Ward, tally: &Tally) {
        let heard = ward.told().newest();
        if let Some(answer) = self.ask(ward, tally, async |seat| seat.get("/api/users/balance").await).await {
            assert!(answer.ok()["sequence"].as_u64() >= Some(heard), "a balance from before entry {heard}");
            tally.count(Class::Read);
        }
    }

    /// Asks until there is an answer. None, if it is that the player is not let in, or that nobody knows.
    async fn ask(&mut self, ward: &Ward, tally: &Tally, ask: impl AsyncFn(&Seat) -> Answer) -> Option<Answer> {
        let Session { seat, began, .. } = self.0.as_ref()?;
        let shut = ward.door.shut(*began);
        let answer = counting(Class::Unavailable, RETRIES, tally, async || ask(seat).await).await;
        let shut = shut.filter(|shut| ward.door.shut(*began) == Some(*shut));
        match (answer.status, answer.code().as_str()) {
            (423, _) => tally.count(Class::Locked),
            (401, "TOKEN_REVOKED") => {
                tally.count(Class::LoggedOut);
                self.0 = None;
            }
            (503, _) => return None,
            (200, _) | (409, "TAKEN") => {
                assert_eq!(shut, None, "{} was let in: {}", ward.name, answer.body);
                return Some(answer);
            }
            _ => panic!("{} {}", answer.status, answer.body),
        }
        tally.count_if(shut.is_some(), Class::KeptOut);
        None
    }
}
