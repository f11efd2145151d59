//! Accounts: who may come in, and how often a password may be tried.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    id::{PlayerId, SessionId},
    name::InviteCode,
    player::Player,
    time::Timestamp,
};

/// An invite: lets as many players in as it has uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// The code itself.
    pub code: InviteCode,
    /// How many players it may let in; endless without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u32>,
    /// How many it has let in.
    pub used: u32,
    /// When it ends; never without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// Whether it may be used at all.
    pub active: bool,
    /// When it was made; unknown for one that was put into the table by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// The admin who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<PlayerId>,
}

/// Why an invite lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InviteFault {
    /// There is no such code.
    #[error("This invite code does not exist.")]
    Unknown,
    /// An operator switched it off.
    #[error("This invite code has been deactivated.")]
    Deactivated,
    /// Its time is over.
    #[error("This invite code has expired.")]
    Expired,
    /// It has let in as many as it may.
    #[error("This invite code has been used up.")]
    UsedUp,
}

impl Invite {
    /// An invite that lets in whoever has it.
    pub fn endless(code: InviteCode) -> Self {
        Self { code, max_uses: None, used: 0, expires_at: None, active: true, created_at: None, created_by: None }
    }

    /// Whether the code lets one more player in now.
    ///
    /// # Errors
    /// The first thing that stands against it.
    pub fn check(&self, now: Timestamp) -> Result<(), InviteFault> {
        if !self.active {
            Err(InviteFault::Deactivated)
        } else if self.expires_at.is_some_and(|end| end <= now) {
            Err(InviteFault::Expired)
        } else if self.remaining_uses() == Some(0) {
            Err(InviteFault::UsedUp)
        } else {
            Ok(())
        }
    }

    /// How many more it may let in; endless without.
    pub fn remaining_uses(&self) -> Option<u32> {
        self.max_uses.map(|most| most.saturating_sub(self.used))
    }
}

/// The answer about an invite.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct InviteStatus {
    /// Whether a sign-up with it would be let in now.
    pub is_valid: bool,
    /// Why not.
    pub error_message: Option<String>,
    /// The code as it is kept.
    pub code: InviteCode,
    /// When it ends; null: never.
    pub expires_at: Option<Timestamp>,
    /// How many more it lets in; null: endless.
    pub remaining_uses: Option<u32>,
}

impl InviteStatus {
    /// What can be said of a code, found or not.
    pub fn of(code: InviteCode, found: Option<Invite>, now: Timestamp) -> Self {
        let verdict = found.as_ref().map_or(Err(InviteFault::Unknown), |invite| invite.check(now));
        Self {
            is_valid: verdict.is_ok(),
            error_message: verdict.err().map(|fault| fault.to_string()),
            code,
            expires_at: found.as_ref().and_then(|invite| invite.expires_at),
            remaining_uses: found.and_then(|invite| invite.remaining_uses()),
        }
    }
}

/// A login on one device, and the family of its refresh tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Which one.
    pub id: SessionId,
    /// How often this record was written: each time but the first, the refresh token was replaced.
    pub revision: u64,
    /// The player's session epoch when it began; a later epoch ends it.
    pub epoch: u32,
    /// SHA-256 of the refresh token that works.
    pub refresh_hash: String,
    /// SHA-256 of the one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent_hash: Option<String>,
    /// When the session began or was last gone on with.
    pub used_at: Timestamp,
    /// When a call through it was last written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
    /// What the device calls itself.
    pub device: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends in any case.
    pub ends_at: Timestamp,
    /// When it may be swept away, in Unix seconds.
    pub expires: i64,
}

/// Why a session lets nobody act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Barred {
    /// The session is over.
    #[error("This session is over.")]
    Revoked,
    /// The player may not do anything.
    #[error("This account is locked.")]
    Locked,
}

impl Session {
    /// Whether the player may act through this session now.
    ///
    /// # Errors
    /// What stands against it.
    pub fn admits(&self, player: &Player, now: Timestamp) -> Result<(), Barred> {
        if !self.is_alive(player, now) {
            Err(Barred::Revoked)
        } else if !player.active {
            Err(Barred::Locked)
        } else {
            Ok(())
        }
    }

    /// Whether it is not over, whatever else keeps the player from acting through it.
    pub fn is_alive(&self, player: &Player, now: Timestamp) -> bool {
        self.epoch == player.session_epoch && now < self.ends_at
    }

    /// When the player was last seen to act through it.
    pub fn last_used_at(&self) -> Timestamp {
        self.seen_at.map_or(self.used_at, |seen| seen.max(self.used_at))
    }

    /// Whether it is worth writing down that the player acts through it now.
    pub fn is_due(&self, now: Timestamp) -> bool {
        now.since(self.last_used_at()) >= SEEN_EVERY
    }
}

/// How often it is written down that a session is in use.
pub const SEEN_EVERY: Duration = Duration::from_secs(60);

/// How long a client that lost the answer may ask again with the refresh token that it has spent.
pub const REFRESH_GRACE: Duration = Duration::from_secs(10);

/// What a refresh token is worth to a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presented {
    /// It works, and the session goes on like this.
    Works(Session),
    /// It was the last one to be spent, a moment ago: the answer got lost, and the successor is the token that works.
    SpentJustNow,
    /// It does not work: spent before, or never one of this session.
    Worthless,
}

impl Session {
    /// What a refresh token is worth, and how the session goes on with its successor; both are given as hashes.
    pub fn present(&self, token_hash: &str, successor_hash: &str, now: Timestamp) -> Presented {
        if token_hash == self.refresh_hash {
            Presented::Works(Self {
                revision: self.revision + 1,
                refresh_hash: successor_hash.to_owned(),
                spent_hash: Some(token_hash.to_owned()),
                used_at: now,
                ..self.clone()
            })
        } else if self.spent_hash.as_deref() == Some(token_hash) && now.since(self.used_at) <= REFRESH_GRACE {
            Presented::SpentJustNow
        } else {
            Presented::Worthless
        }
    }
}

/// How many wrong passwords lock a site id.
pub const LOCK_AFTER: usize = 5;
/// Within which time they count together.
pub const LOCK_WINDOW: Duration = Duration::from_secs(600);
/// How long the lock holds.
pub const LOCK_FOR: Duration = Duration::from_secs(600);

/// The recent attempts to log in with one site id, whether or not a player has it.
///
/// An attempt is counted before the password is looked at and forgotten when a session begins or the password changes, so that many at once are
/// no more guesses than a few in turn.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// How often this record was written.
    pub revision: u64,
    /// When the attempts within the window were made.
    pub recent: Vec<Timestamp>,
    /// Until when nobody gets in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked_until: Option<Timestamp>,
    /// When the record says nothing any more and may be swept away, in Unix seconds.
    #[serde(default)]
    pub expires: i64,
}

impl Attempts {
    /// The record with one more attempt, if there may be one now.
    ///
    /// # Errors
    /// How long to wait; waiting is not prolonged by asking.
    pub fn admit(&self, now: Timestamp) -> Result<Self, Duration> {
        let lock = self.locked_until.filter(|end| *end > now);
        if let Some(end) = lock {
            return Err(end.since(now));
        }
        let mut recent: Vec<_> = self.recent.iter().copied().filter(|at| now.since(*at) < LOCK_WINDOW).collect();
        if self.locked_until.is_some() {
            recent.clear();
        }
        recent.push(now);
        let locked_until = (recent.len() >= LOCK_AFTER).then(|| now.after(LOCK_FOR));
        let expires = now.after(LOCK_WINDOW.max(LOCK_FOR)).seconds();
        Ok(Self { revision: self.revision + 1, recent, locked_until, expires })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(n: u64) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000).after(Duration::from_secs(60 * n))
    }

    fn attempts(minutes: &[u64]) -> Result<Attempts, Duration> {
        minutes.iter().try_fold(Attempts::default(), |attempts, at| attempts.admit(minute(*at)))
    }

    #[test]
    fn five_attempts_within_the_window_lock() {
        let locked = attempts(&[0, 1, 2, 3, 4]).unwrap();
        assert_eq!(locked.admit(minute(5)), Err(Duration::from_secs(540)));
        assert!(locked.admit(minute(14)).is_ok());
        assert!(attempts(&[0, 1, 2, 3, 11, 12]).is_ok());
        assert!(attempts(&[0, 8, 9, 9, 10]).is_ok());
        assert!(attempts(&[0, 8, 9, 9, 10, 11, 12]).is_err());
    }

    #[test]
    fn a_lock_ends_with_a_clean_slate() {
        assert!(attempts(&[0, 1, 2, 3, 4, 14, 15, 16, 17]).is_ok());
        assert!(attempts(&[0, 1, 2, 3, 4, 14, 15, 16, 17, 18, 19]).is_err());
    }

    #[test]
    fn an_invite_is_checked_in_order() {
        let code: InviteCode = "welcome".parse().unwrap();
        let endless = Invite::endless(code);
        let invite = Invite { max_uses: Some(1), used: 1, expires_at: Some(minute(0)), active: false, ..endless };
        let faults = [
            invite.check(minute(0)),
            Invite { active: true, ..invite.clone() }.check(minute(0)),
            Invite { active: true, expires_at: Some(minute(1)), ..invite.clone() }.check(minute(0)),
            Invite { active: true, expires_at: None, max_uses: None, ..invite }.check(minute(0)),
        ];
        use InviteFault::{Deactivated, Expired, UsedUp};
        assert_eq!(faults, [Err(Deactivated), Err(Expired), Err(UsedUp), Ok(())]);
    }
}
