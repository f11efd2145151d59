//! The promise, checked from outside: what one player was told, against the ledger that the player reads.

use std::{collections::BTreeMap, fmt};

use croupier_rules::ledger::Action;
use serde::Deserialize;
use serde_json::Value;

use super::way::shown;
use crate::{deed::Deed, seat::Answer};

/// Something that was asked for under a key of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What.
    pub deed: Deed,
    /// Under which key.
    pub key: String,
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} under {}", self.deed, self.key)
    }
}

/// A request, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The request.
    pub request: Request,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, and this was told.
    Done(Told),
    /// It was refused by a rule: nothing happened.
    Refused,
    /// Nobody has heard.
    Unknown,
}

/// What an answer tells of the entry that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The entry, by the name that the answer gives it.
    pub entry: String,
    /// Its id, of a round.
    pub round: Option<String>,
    /// By how much it moved the coins.
    pub net_change: Option<i64>,
    /// Coins afterwards.
    pub balance: Option<i64>,
}

impl Told {
    /// What an answer tells; nothing, if it names no entry.
    pub fn by(deed: &Deed, body: &str) -> Option<Self> {
        let reply: Value = serde_json::from_str(body).ok()?;
        let number = |name: &str| reply[name].as_i64();
        let round = reply["round_id"].as_str().map(str::to_owned);
        Some(Self {
            entry: deed.entry_named_by(&reply)?,
            round,
            net_change: number("net_change"),
            balance: number("balance"),
        })
    }
}

/// An entry, as the player reads it.
#[derive(Debug, Clone, Deserialize)]
pub struct LedgerEntry {
    /// Its id.
    pub id: String,
    /// Its place.
    pub sequence: u64,
    /// What was done.
    #[serde(flatten)]
    pub action: Action,
    /// By how much it moved the coins.
    pub delta_coin: i64,
    /// By how much it moved the gems.
    pub delta_gem: i64,
    /// Coins afterwards.
    pub balance_coin: i64,
    /// Gems afterwards.
    pub balance_gem: i64,
}

/// A balance, as the player reads it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Balance {
    /// Coins.
    #[serde(rename = "cyber_token_balance")]
    pub coins: i64,
    /// Gems.
    pub gems: i64,
    /// The number of the last entry.
    pub sequence: u64,
}

/// How the promise was broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Breach {
    /// The numbers of the ledger are not 1, 2, 3 …
    #[error("entry {found} stands where entry {expected} should")]
    Gap {
        /// The number that should be there.
        expected: u64,
        /// The number that is.
        found: u64,
    },
    /// What an entry moved does not lead from the balance before to the one after.
    #[error("the balance after entry {0} is not the one before and what it moved")]
    Sum(u64),
    /// The balance is not what the ledger comes to.
    #[error("the balance is {told:?}, and the ledger comes to {sum:?}")]
    Balance {
        /// What the balance is said to be.
        told: Balance,
        /// What the entries come to.
        sum: Balance,
    },
    /// What was said to be done is not in the ledger.
    #[error("{request} was answered with {entry}, which is not in the ledger")]
    Missing {
        /// What was asked for.
        request: Request,
        /// The entry that was told of.
        entry: String,
    },
    /// An entry is not what its player was told.
    #[error("{entry} is not what was told to {request}")]
    Differs {
        /// What was asked for.
        request: Request,
        /// The entry.
        entry: String,
    },
    /// An entry is there more than once.
    #[error("{0} stands in the ledger more than once")]
    Doubled(String),
    /// Two requests were told that they made one entry.
    #[error("more than one request was answered with {0}")]
    Shared(String),
    /// An entry was made by no request, or by one that had made another.
    #[error("entry {number}, {action}, was asked for by nobody, or was done twice")]
    Unasked {
        /// Its number.
        number: u64,
        /// What was done.
        action: &'static str,
    },
    /// However often it was asked, nobody said what became of it.
    #[error("nobody says what became of {0}")]
    Unresolved(Request),
    /// One key, two answers.
    #[error("{0} was answered again, and otherwise")]
    Otherwise(Request),
    /// One key, and more than one answer that says to be the first.
    #[error("{0} was done more than once")]
    DoneTwice(Request),
    /// An answer that such a request never gets.
    #[error("{asked} was answered with {answer}")]
    Unexpected {
        /// What was asked for.
        asked: String,
        /// What was answered.
        answer: String,
    },
    /// A page of the ledger lacks an entry that had been told of before it was asked for.
    #[error("the newest entry that was read was {read}, when {told} had been told")]
    Stale {
        /// The newest on the page.
        read: u64,
        /// What had been told.
        told: u64,
    },
}

/// What became of a request, by all that was heard of it, the earlier first, and what is wrong with that. Nothing was heard where there
/// is no answer.
pub fn settle(request: Request, heard: &[Option<Answer>]) -> (Asked, Vec<Breach>) {
    let mut breaches = Vec::new();
    let (mut first, mut originals, mut outcome) = (None, 0, Outcome::Unknown);
    for answer in heard.iter().flatten() {
        match (answer.status, first) {
            (200, None) => match Told::by(&request.deed, &answer.body) {
                Some(told) => (first, outcome) = (Some(answer), Outcome::Done(told)),
                None => breaches.push(unexpected(&request, answer)),
            },
            (200, Some(first)) if answer.body == first.body => {}
            (200, Some(_)) => breaches.push(Breach::Otherwise(request.clone())),
            _ if !may_meet(&request.deed, &answer.code()) => breaches.push(unexpected(&request, answer)),
            // What was refused may be done later; what was done stays done.
            (_, None) => outcome = Outcome::Refused,
            (_, Some(_)) => breaches.push(Breach::Otherwise(request.clone())),
        }
        originals += usize::from(answer.status == 200 && !answer.replayed());
    }
    if originals > 1 {
        breaches.push(Breach::DoneTwice(request.clone()));
    }
    (Asked { request, outcome }, breaches)
}

fn unexpected(asked: &impl fmt::Display, answer: &Answer) -> Breach {
    Breach::Unexpected { asked: asked.to_string(), answer: shown(answer) }
}

/// Whether this is how a rule refuses it.
fn may_meet(deed: &Deed, code: &str) -> bool {
    match deed {
        Deed::Spin(_) | Deed::Pull(_) => code == "INSUFFICIENT_FUNDS",
        Deed::Start(_) => code == "SESSION_ACTIVE",
        Deed::End(_) => code == "SESSION_ENDED",
        Deed::Claim(_) => ["NOT_COMPLETED", "ALREADY_CLAIMED"].contains(&code),
        Deed::ClaimDay => code == "ALREADY_CLAIMED",
        Deed::Rotate(_) => false,
    }
}

/// What is wrong with a ledger, from its first entry to its last, for somebody who asked for all this and nothing else.
pub fn check(asked: &[Asked], ledger: &[LedgerEntry], balance: &Balance) -> Vec<Breach> {
    let mut breaches = whole(ledger, balance);
    let mut named: BTreeMap<String, (Vec<&LedgerEntry>, usize)> = BTreeMap::new();
    for entry in ledger {
        named.entry(name(entry)).or_default().0.push(entry);
    }
    for Asked { request, outcome } in asked {
        let told = match outcome {
            Outcome::Done(told) => told,
            Outcome::Refused => continue,
            Outcome::Unknown => {
                breaches.push(Breach::Unresolved(request.clone()));
                continue;
            }
        };
        let entry = told.entry.clone();
        match named.get_mut(&entry) {
            None => breaches.push(Breach::Missing { request: request.clone(), entry }),
            Some((entries, times)) => {
                *times += 1;
                if !entries.iter().all(|entry| agrees(told, &request.deed, entry)) {
                    breaches.push(Breach::Differs { request: request.clone(), entry });
                }
            }
        }
    }
    for (name, (entries, times)) in named {
        match times {
            0 => breaches.extend(entries.iter().filter(|entry| !by_itself(entry)).map(|entry| unasked(entry))),
            1 => {}
            _ => breaches.push(Breach::Shared(name.clone())),
        }
        if entries.len() > 1 {
            breaches.push(Breach::Doubled(name));
        }
    }
    breaches
}

/// Whether numbers follow each other, balances follow from what was moved, and the last is the player's.
fn whole(ledger: &[LedgerEntry], told: &Balance) -> Vec<Breach> {
    let mut breaches = Vec::new();
    let mut sum = Balance { coins: 0, gems: 0, sequence: 0 };
    for entry in ledger {
        let expected = sum.sequence + 1;
        if entry.sequence != expected {
            breaches.push(Breach::Gap { expected, found: entry.sequence });
        }
        let (coins, gems) = (sum.coins + entry.delta_coin, sum.gems + entry.delta_gem);
        if (entry.balance_coin, entry.balance_gem) != (coins, gems) {
            breaches.push(Breach::Sum(entry.sequence));
        }
        // What follows is measured by what is there: one gap is one breach.
        sum = Balance { coins: entry.balance_coin, gems: entry.balance_gem, sequence: entry.sequence };
    }
    if sum != *told {
        breaches.push(Breach::Balance { told: told.clone(), sum });
    }
    breaches
}

/// The name that an answer gives an entry.
fn name(entry: &LedgerEntry) -> String {
    match &entry.action {
        Action::SessionStart { session_id, .. } => format!("the start of {session_id}"),
        Action::SessionEnd(ended) => format!("the end of {}", ended.session_id),
        _ => format!("entry {}", entry.sequence),
    }
}

fn agrees(told: &Told, deed: &Deed, entry: &LedgerEntry) -> bool {
    Deed::told_by(&entry.action).as_ref() == Some(deed)
        && told.round.as_ref().is_none_or(|round| *round == entry.id)
        && told.net_change.is_none_or(|change| change == entry.delta_coin)
        && told.balance.is_none_or(|balance| balance == entry.balance_coin)
}

/// What happens to a player who asks for nothing: coming to be, and the end of a session that fell idle.
fn by_itself(entry: &LedgerEntry) -> bool {
    match &entry.action {
        Action::Signup { .. } => entry.sequence == 1,
        Action::SessionEnd(ended) => ended.idle,
        _ => false,
    }
}

fn unasked(entry: &LedgerEntry) -> Breach {
    Breach::Unasked { number: entry.sequence, action: entry.action.name() }
}
