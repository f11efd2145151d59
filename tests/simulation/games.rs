//! What players do besides spinning: pulls, sessions of games, missions, days of a streak.

use croupier_functions::FUNCTIONS;
use croupier_localstack::stream::UNASKED;
use croupier_rules::ledger::GameType;
use croupier_tests::{
    deed::{self, Deed, MISSIONS},
    world::World,
};
use rand::{RngExt, rngs::StdRng};
use serde_json::Value;

use crate::{
    player::{Player, RETRIES, patiently},
    tally::{Class, Tally},
};

/// So many pulls that nobody has the coins for them at the beginning.
const TOO_MANY: usize = 100;

/// Some pulls, sometimes more than can be paid.
pub fn pulls(chance: &mut StdRng) -> Deed {
    Deed::Pull([1, 1, 2, 10, TOO_MANY][chance.random_range(0..5)])
}

/// The beginning of a session of either game.
pub fn start(chance: &mut StdRng) -> Deed {
    Deed::Start(GameType::ALL[chance.random_range(0..GameType::ALL.len())])
}

/// A claim of any mission, which may not even exist.
pub fn claim(chance: &mut StdRng) -> Deed {
    Deed::Claim(MISSIONS[chance.random_range(0..MISSIONS.len())].to_owned())
}

/// What an answer is counted as, beside being one.
pub const fn class(deed: &Deed) -> Option<Class> {
    match deed {
        Deed::Spin(_) => None,
        Deed::Pull(_) => Some(Class::Pulled),
        Deed::Start(_) => Some(Class::Began),
        Deed::End(_) => Some(Class::Ended),
        Deed::Claim(_) => Some(Class::Claimed),
        Deed::ClaimDay => Some(Class::DayClaimed),
        Deed::Rotate(_) => Some(Class::Rotated),
    }
}

/// What a rule's refusal is counted as; none for one that this can never meet.
pub fn refusal(deed: &Deed, code: &str) -> Option<Class> {
    match (deed, code) {
        (Deed::Spin(_), "INSUFFICIENT_FUNDS") => Some(Class::Broke),
        (Deed::Pull(_), "INSUFFICIENT_FUNDS") => Some(Class::Outpriced),
        (Deed::Start(_), "SESSION_ACTIVE") => Some(Class::GoesOn),
        (Deed::End(_), "SESSION_ENDED") => Some(Class::Over),
        (Deed::End(_), "NOT_FOUND") => Some(Class::Unknown),
        (Deed::Claim(mission), "NOT_FOUND") if mission == MISSIONS[4] => Some(Class::Unknown),
        (Deed::Claim(_), "NOT_COMPLETED") => Some(Class::Incomplete),
        (Deed::Claim(_) | Deed::ClaimDay, "ALREADY_CLAIMED") => Some(Class::ClaimedBefore),
        _ => None,
    }
}

impl Player {
    /// The end of the session that goes on, of one that is over, or of one that never was.
    pub fn some_end(&self, chance: &mut StdRng) -> Deed {
        let known = self.told().sessions.clone();
        match known.last() {
            Some(last) if chance.random_bool(0.6) => Deed::End(last.clone()),
            Some(_) if chance.random_bool(0.6) => Deed::End(known[chance.random_range(0..known.len())].clone()),
            _ => Deed::end_of_nothing(chance),
        }
    }

    /// Asks which session goes on: another device has begun it, or nobody heard that it began.
    pub async fn find_the_session(&self, tally: &Tally) {
        let ask = async || self.seat.get("/api/games/session/active").await;
        let answer = patiently(RETRIES, tally, ask).await;
        match answer.status {
            200 => self.told().knows(answer.ok()["session_id"].as_str().expect("a session")),
            404 | 503 => {}
            _ => panic!("{} {}", answer.status, answer.body),
        }
    }

    /// Everything that can be answered to a player with a beginner's coins, in order and with nobody in between. Leaves a
    /// session that goes on.
    pub async fn go_through_the_games(&self, others: &Self, chance: &mut StdRng, tally: &Tally) {
        let mission = || Deed::Claim(MISSIONS[0].to_owned());
        let theirs = others.told().sessions.last().cloned();
        let steps = [Deed::Spin(10_000), Deed::Pull(TOO_MANY), mission(), Deed::Spin(1), mission(), mission()];
        let rewards = [Deed::Claim(MISSIONS[4].to_owned()), Deed::ClaimDay, Deed::ClaimDay, Deed::Pull(1)];
        let session = [Deed::Start(GameType::Slot), Deed::Start(GameType::Slot), Deed::Spin(1)];
        let wrong = theirs.map_or_else(|| Deed::end_of_nothing(chance), Deed::End);
        for deed in steps.into_iter().chain(rewards).chain(session).chain([wrong]) {
            self.ask(&deed, Some(&deed::name(chance)), tally).await;
        }
        let end = Deed::End(self.told().sessions.last().expect("a session").clone());
        for deed in [end.clone(), end, Deed::Start(GameType::Gacha)] {
            self.ask(&deed, Some(&deed::name(chance)), tally).await;
        }
    }
}

/// Does what the schedule does, which may fail: the next one does what this one did not.
pub async fn sweep(world: &World, tally: &Tally) {
    let sweep = FUNCTIONS.iter().find(|function| function.name == "sweep").expect("a sweep");
    let swept = UNASKED.scope((), sweep.invoke(&world.running().app, Value::Null)).await;
    tally.count_if(swept.is_ok(), Class::Swept);
}
