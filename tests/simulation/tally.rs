//! How often what happened.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

macro_rules! classes {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// What an answer can be.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Class {
            $($(#[doc = $doc])* $name,)*
        }

        impl Class {
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

classes! {
    Done,
    Replayed,
    KeyReused,
    Broke,
    Unavailable,
    Rotated,
    Read,
    Socket,
    Pulled,
    /// Too dear, at the gacha.
    Outpriced,
    Began,
    /// Refused, since another session goes on.
    GoesOn,
    Ended,
    /// Refused, since the session had ended before.
    Over,
    /// Refused, since there is no such session or no such mission.
    Unknown,
    Claimed,
    Incomplete,
    DayClaimed,
    /// Refused, since it was claimed in this period.
    ClaimedBefore,
    /// Sessions that ended because nothing happened in them.
    FellIdle,
    /// The schedule was kept.
    Swept,
    LoggedIn,
    Refreshed,
    Renamed,
    NameTaken,
    /// Refused to a player who was banned, or whose session was ended.
    LoggedOut,
    Locked,
    /// The same, and nobody had asked for the opposite.
    KeptOut,
    /// What operators did, or may have done.
    Ranked,
    Banned,
    Unbanned,
    ThrownOut,
    Invited,
    SwitchedOff,
    Postponed,
}

/// How often each was reached.
#[derive(Default)]
pub struct Tally(Mutex<BTreeMap<Class, u64>>);

impl Tally {
    pub fn count(&self, class: Class) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(class).or_default() += 1;
    }

    pub fn count_if(&self, happened: bool, class: Class) {
        if happened {
            self.count(class);
        }
    }

    pub fn of(&self, class: Class) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&class).copied().unwrap_or(0)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Class::ALL.iter().try_for_each(|class| write!(f, "{class:?} {} ", self.of(*class)))
    }
}
