//! An operator, who has one ward alone and shares everybody else with the others.

use croupier_rules::{
    admin::{AdminAction, Standing},
    player::Rank,
};
use croupier_tests::seat::{Answer, Seat};
use rand::{RngExt, rngs::StdRng};
use serde_json::{Value, json};

use crate::{
    minutes::Minutes,
    player::{RETRIES, counting},
    tally::{Class, Tally},
    ward::Ward,
};

const RANKS: [Rank; 3] = [Rank::Standard, Rank::Premium, Rank::Vip];

/// An operator.
pub struct Operator {
    seat: Seat,
    /// How the operator's own ward stands, which nobody else changes; unknown after a change that nobody answered for.
    known: Option<Standing>,
    /// The operator's own invites, and whether they are certainly off.
    codes: Vec<(String, bool)>,
}

/// Whom operators have to do with.
pub struct Everybody<'a> {
    /// The operator's own ward.
    pub own: &'a Ward,
    /// The ward of all.
    pub shared: &'a Ward,
    /// The ids of those who only play.
    pub players: &'a [String],
}

impl Operator {
    /// Whoever has this seat.
    pub fn at(seat: Seat) -> Self {
        Self { seat, known: Some(Standing { rank: Rank::Standard, is_active: true }), codes: Vec::new() }
    }

    /// Does something.
    pub async fn act(&mut self, all: &Everybody<'_>, chance: &mut StdRng, minutes: &Minutes, tally: &Tally) {
        let rank = RANKS[chance.random_range(0..RANKS.len())];
        match chance.random_range(0..100) {
            0..18 => self.rank_own(all.own, rank, minutes, tally).await,
            18..28 => self.rank(&all.shared.id.to_string(), rank, minutes, tally).await,
            28..36 => self.rank(&all.players[chance.random_range(0..all.players.len())], rank, minutes, tally).await,
            36..56 => {
                let is_active = self.known.is_none_or(|known| !known.is_active);
                self.turn_own(all.own, is_active, minutes, tally).await;
            }
            56..66 => drop(self.turn(all.shared, chance.random_bool(0.5), minutes, tally).await),
            66..72 => self.throw_out(all.own, minutes, tally).await,
            72..76 => self.throw_out(all.shared, minutes, tally).await,
            76..88 => self.invite(chance.random_range(1..=3), minutes, tally).await,
            _ if self.codes.is_empty() => self.invite(1, minutes, tally).await,
            _ => self.switch_off(chance.random_range(0..self.codes.len()), minutes, tally).await,
        }
    }

    /// Gives the own ward a rank.
    pub async fn rank_own(&mut self, own: &Ward, rank: Rank, minutes: &Minutes, tally: &Tally) {
        let answer = self.update(&own.id.to_string(), json!({ "rank": rank }), minutes, tally).await;
        let wanted = self.known.map(|known| Standing { rank, ..known });
        self.heard(own, wanted, answer.as_ref(), minutes);
        tally.count_if(answer.is_some(), Class::Ranked);
    }

    /// Bans the own ward, or lifts the ban.
    pub async fn turn_own(&mut self, own: &Ward, is_active: bool, minutes: &Minutes, tally: &Tally) {
        let answer = self.turn(own, is_active, minutes, tally).await;
        let wanted = self.known.map(|known| Standing { is_active, ..known });
        self.heard(own, wanted, answer.as_ref(), minutes);
    }

    /// What the own ward came to be: a change for sure, if it is another standing than before.
    fn heard(&mut self, own: &Ward, wanted: Option<Standing>, answer: Option<&Value>, minutes: &Minutes) {
        let Some(answer) = answer else {
            self.known = None;
            return;
        };
        let read = |name: &str| answer[name].clone();
        let (rank, is_active) = (serde_json::from_value(read("rank")), serde_json::from_value(read("is_active")));
        let now = Standing { rank: rank.expect("a rank"), is_active: is_active.expect("yes or no") };
        assert!(wanted.is_none_or(|wanted| wanted == now), "{wanted:?} was asked for: {now:?}");
        if self.known.is_some_and(|known| known != now) {
            minutes.done(AdminAction::UserUpdate, &own.id.to_string(), 1);
        }
        self.known = Some(now);
    }

    async fn rank(&self, id: &str, rank: Rank, minutes: &Minutes, tally: &Tally) {
        let answer = self.update(id, json!({ "rank": rank }), minutes, tally).await;
        tally.count_if(answer.is_some(), Class::Ranked);
    }

    /// Bans somebody, or lifts the ban.
    async fn turn(&self, ward: &Ward, is_active: bool, minutes: &Minutes, tally: &Tally) -> Option<Value> {
        let (asked, id) = (ward.door.bans(), ward.id.to_string());
        if is_active {
            ward.door.lifts();
        }
        let answer = self.update(&id, json!({ "is_active": is_active }), minutes, tally).await;
        if is_active {
            ward.door.lifted();
        } else if answer.is_some() {
            ward.door.banned(asked);
        }
        tally.count_if(answer.is_some(), if is_active { Class::Unbanned } else { Class::Banned });
        answer
    }

    /// Ends all sessions of somebody.
    pub async fn throw_out(&self, ward: &Ward, minutes: &Minutes, tally: &Tally) {
        let (asked, id) = (ward.door.ends(), ward.id.to_string());
        let answer = counting(Class::Postponed, RETRIES, tally, async || {
            minutes.tries(AdminAction::UserLogout, &id, 1);
            self.seat.post(&format!("/api/admin/users/{id}/force-logout"), json!({})).await
        });
        if heard(&answer.await).is_some() {
            ward.door.ended(asked);
            minutes.done(AdminAction::UserLogout, &id, 1);
            tally.count(Class::ThrownOut);
        }
    }

    /// Makes invites.
    pub async fn invite(&mut self, count: usize, minutes: &Minutes, tally: &Tally) {
        let answer = counting(Class::Postponed, RETRIES, tally, async || {
            minutes.tries(AdminAction::InviteGenerate, "", count);
            self.seat.post("/api/admin/invites", json!({ "count": count, "max_uses": 3 })).await
        });
        if let Some(made) = heard(&answer.await) {
            let items = made["items"].as_array().expect("items").iter();
            self.codes.extend(items.map(|invite| (invite["code"].as_str().expect("a code").to_owned(), false)));
            minutes.done(AdminAction::InviteGenerate, "", count);
            tally.count(Class::Invited);
        }
    }

    /// Switches one of the own invites off, which may be off already.
    pub async fn switch_off(&mut self, place: usize, minutes: &Minutes, tally: &Tally) {
        let (seat, (code, is_off)) = (&self.seat, &mut self.codes[place]);
        let answer = counting(Class::Postponed, RETRIES, tally, async || {
            minutes.tries(AdminAction::InviteDeactivate, &*code, 1);
            seat.delete(&format!("/api/admin/invites/{code}")).await
        });
        if let Some(invite) = heard(&answer.await) {
            assert_eq!((&invite["is_active"], &invite["is_valid"]), (&json!(false), &json!(false)));
            minutes.done(AdminAction::InviteDeactivate, code, usize::from(!*is_off));
            *is_off = true;
            tally.count(Class::SwitchedOff);
        }
    }

    async fn update(&self, id: &str, change: Value, minutes: &Minutes, tally: &Tally) -> Option<Value> {
        let answer = counting(Class::Postponed, RETRIES, tally, async || {
            minutes.tries(AdminAction::UserUpdate, id, 1);
            self.seat.patch(&format!("/api/admin/users/{id}"), change.clone()).await
        });
        heard(&answer.await)
    }
}

/// What was answered, unless it is that nobody knows.
fn heard(answer: &Answer) -> Option<Value> {
    (answer.status != 503).then(|| answer.ok())
}
