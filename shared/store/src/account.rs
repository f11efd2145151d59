//! Sign-up and login: written by transactions of their own, since they make or find a player rather than act as one.

use croupier_rules::{
    account::{Attempts, Invite, Session},
    id::PlayerId,
    ledger::Change,
    name::{InviteCode, SiteId},
    player::Player,
    time::Timestamp,
};

use crate::{
    Store, StoreError,
    act::{TRIES, pause},
    item::{Claim, EntryRecord, Login, Profile, decode},
    key::Key,
    tx::{Conflict, NotCommitted, Tx},
};

/// A player about to be.
#[derive(Debug)]
pub struct Newcomer {
    /// The player and the entry that brings the starting balance.
    pub change: Change,
    /// Names, and when.
    pub profile: Profile,
    /// How the player logs in.
    pub login: Login,
    /// The invite to count; none for a player whom the operator makes.
    pub invite: Option<InviteCode>,
    /// The session that begins; none for a player whom the operator makes.
    pub session: Option<Session>,
}

/// Whose site id it is, and how often it was tried lately.
#[derive(Debug)]
pub struct LoginState {
    /// Who logs in with it, if anybody does.
    pub login: Option<Login>,
    /// The recent attempts.
    pub attempts: Attempts,
}

impl Store {
    /// Makes a player: names, invite, balance, entry and session in one transaction.
    ///
    /// # Errors
    /// A name that is taken or an invite that lets nobody in, as [`NotCommitted::Refused`].
    pub async fn sign_up(&self, newcomer: &Newcomer, now: Timestamp) -> Result<(), NotCommitted> {
        let Newcomer { change, profile, login, invite, session } = newcomer;
        let id = change.player().id;
        let claim = Claim { player: id };
        let record = EntryRecord { entry: change.entry().clone(), fingerprint: None, reply: String::new() };
        self.persist(|| {
            let mut tx = self.tx().create(&Key::login(&profile.site_id), login, Conflict::SiteTaken).create(
                &Key::nickname(&profile.nickname),
                &claim,
                Conflict::NicknameTaken,
            );
            if let Some(phone) = &profile.phone_number {
                tx = tx.create(&Key::phone(phone), &claim, Conflict::PhoneTaken);
            }
            if let Some(code) = invite {
                tx = tx.take_use(&Key::invite(code), now, Conflict::InviteRefused);
            }
            if let Some(session) = session {
                tx = tx.create(&Key::session(id, session.id), session, Conflict::Broken);
            }
            tx.create(&Key::player(id), change.player(), Conflict::Broken)
                .create(&Key::profile(id), profile, Conflict::Broken)
                .create(&Key::own_entry(id, "signup"), &record, Conflict::AlreadyDone)
        })
        .await
    }

    /// Who logs in with a site id and how often it was tried, in one round trip.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn login_state(&self, site: &SiteId) -> Result<LoginState, StoreError> {
        let [login, attempts] = self.get_each([Key::login(site), Key::attempts(site)]).await?;
        Ok(LoginState {
            login: login.map(decode).transpose()?,
            attempts: attempts.map(decode).transpose()?.unwrap_or_default(),
        })
    }

    /// The profile of a player who is there.
    ///
    /// # Errors
    /// The table cannot be reached, holds what this version cannot read, or lacks what belongs to every player.
    pub async fn profile(&self, id: PlayerId) -> Result<Profile, StoreError> {
        let found = self.get(&Key::profile(id)).await?;
        found.ok_or_else(|| StoreError::Corrupt("a player without a profile".to_owned()))
    }

    /// A player, hot and cold, in one round trip.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn player_and_profile(&self, id: PlayerId) -> Result<Option<(Player, Profile)>, StoreError> {
        let [player, profile] = self.get_each([Key::player(id), Key::profile(id)]).await?;
        Ok(player.map(decode).transpose()?.zip(profile.map(decode).transpose()?))
    }

    /// Counts an attempt to log in, if nobody counted one since `seen` was read.
    ///
    /// # Errors
    /// [`NotCommitted::Contended`] when somebody did.
    pub async fn count_attempt(&self, site: &SiteId, seen: &Attempts, next: &Attempts) -> Result<(), NotCommitted> {
        self.tx().replace(&Key::attempts(site), next, seen.revision).commit().await
    }

    /// Keeps an invite, unless its code is kept already.
    ///
    /// # Errors
    /// The table's failure.
    pub async fn offer_invite(&self, invite: &Invite) -> Result<(), NotCommitted> {
        match self.persist(|| self.tx().create(&Key::invite(&invite.code), invite, Conflict::AlreadyDone)).await {
            Err(NotCommitted::Refused { .. }) => Ok(()),
            other => other,
        }
    }

    /// Replaces the password of a site id that a player has.
    ///
    /// # Errors
    /// The table's failure.
    pub async fn reset_password(&self, site: &SiteId, hash: &str) -> Result<(), NotCommitted> {
        self.persist(|| self.tx().set(&Key::login(site), "password_hash", hash)).await
    }

    /// Commits what does not depend on anything read before, however often others are first, within reason. All tries
    /// have one name: one that went through unheard is not refused by its own work.
    pub(crate) async fn persist<'a>(&self, tx: impl Fn() -> Tx<'a>) -> Result<(), NotCommitted> {
        let name = transaction_name();
        for tried in 1..TRIES {
            match tx().named(&name).commit().await {
                Err(NotCommitted::Contended) => tokio::time::sleep(pause(tried)).await,
                other => return other,
            }
        }
        tx().named(&name).commit().await
    }
}

#[expect(clippy::disallowed_methods, reason = "the name of a transaction decides nothing")]
fn transaction_name() -> String {
    format!("{:032x}", rand::random::<u128>())
}
