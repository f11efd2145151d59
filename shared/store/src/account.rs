//! Sign-up and login: written by transactions of their own, since they make or find a player rather than act as one.

use std::fmt;

use croupier_rules::{
    account::{Attempts, Invite, Session},
    id::{PlayerId, SessionId},
    ledger::Change,
    name::{InviteCode, Nickname, PhoneNumber, SiteId},
    player::Player,
    time::Timestamp,
};

use crate::{
    Store, StoreError,
    act::{TRIES, pause},
    item::{Claim, EntryRecord, Item, Login, PASSWORD_HASH, Profile, decode},
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

/// What a player wants to change; nothing of it is left out or done without the rest.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// The nickname, if another one.
    pub nickname: Option<Nickname>,
    /// The phone number, if another one or none any more.
    pub phone_number: Option<Option<PhoneNumber>>,
    /// The password, if another one.
    pub password: Option<NewHash>,
}

impl ProfileChange {
    /// Whether it was this change, its answer unheard, that gave a login the password it has.
    fn gave(&self, login: &Item) -> bool {
        let kept = login.get(PASSWORD_HASH).and_then(|hash| hash.as_s().ok());
        self.password.as_ref().is_some_and(|password| Some(&password.hash) == kept)
    }
}

/// Another password, hashed.
#[derive(Clone)]
pub struct NewHash {
    /// The hash of the one that was given as the current one.
    pub seen: String,
    /// The hash of the new one.
    pub hash: String,
}

impl fmt::Debug for NewHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewHash(…)")
    }
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
            let mut tx = self.tx();
            // The invite first: whoever has none that works is not told which names are taken.
            if let Some(code) = invite {
                tx = tx.take_use(&Key::invite(code), now, Conflict::InviteRefused);
            }
            tx = tx.create(&Key::login(&profile.site_id), login, Conflict::SiteTaken).create(
                &Key::nickname(&profile.nickname),
                &claim,
                Conflict::NicknameTaken,
            );
            if let Some(phone) = &profile.phone_number {
                tx = tx.create(&Key::phone(phone), &claim, Conflict::PhoneTaken);
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
        match self.persist(|| self.tx().create(&Key::new_invite(invite), invite, Conflict::AlreadyDone)).await {
            Err(NotCommitted::Refused { .. }) => Ok(()),
            other => other,
        }
    }

    /// Replaces the password of a site id that a player has.
    ///
    /// # Errors
    /// The table's failure.
    pub async fn reset_password(&self, site: &SiteId, hash: &str) -> Result<(), NotCommitted> {
        self.persist(|| self.tx().set(&Key::login(site), PASSWORD_HASH, hash, Conflict::Broken)).await
    }

    /// Changes a player's names, and the password; another password ends all sessions but one. Tells the profile as it is then.
    ///
    /// # Errors
    /// A name that is taken, [`Conflict::SessionOver`], or [`Conflict::PasswordChanged`] when somebody changed it since.
    pub async fn change_profile(
        &self,
        id: PlayerId,
        session: SessionId,
        wanted: &ProfileChange,
    ) -> Result<Profile, NotCommitted> {
        let claim = Claim { player: id };
        for tried in 1..=TRIES {
            let before = self.profile(id).await?;
            if !before.sessions.contains(&session) {
                return Err(NotCommitted::Refused { conflict: Conflict::SessionOver, found: None });
            }
            let mut after = Profile { revision: before.revision + 1, ..before.clone() };
            after.nickname = wanted.nickname.clone().unwrap_or(after.nickname);
            after.phone_number = wanted.phone_number.clone().unwrap_or(after.phone_number);
            let mut tx = self.tx();
            if let Some(NewHash { seen, hash }) = &wanted.password {
                after.sessions.retain(|one| *one == session);
                tx = tx.swap(&Key::login(&before.site_id), PASSWORD_HASH, seen, hash, Conflict::PasswordChanged);
                tx = tx.remove(&Key::attempts(&before.site_id));
                let ended = before.sessions.iter().filter(|one| **one != session);
                tx = ended.fold(tx, |tx, one| tx.remove(&Key::session(id, *one)));
            }
            let names = [Some(Key::nickname(&before.nickname)), Some(Key::nickname(&after.nickname))];
            let phones = [&before, &after].map(|profile| profile.phone_number.as_ref().map(Key::phone));
            tx = claim_instead(tx, names, &claim, Conflict::NicknameTaken);
            tx = claim_instead(tx, phones, &claim, Conflict::PhoneTaken);
            match tx.replace(&Key::profile(id), &after, before.revision).commit().await {
                Ok(()) => return Ok(after),
                Err(NotCommitted::Contended) if tried < TRIES => tokio::time::sleep(pause(tried)).await,
                Err(NotCommitted::Refused { conflict: Conflict::PasswordChanged, found: Some(login) })
                    if wanted.gave(&login) =>
                {
                    return Ok(before);
                }
                Err(other) => return Err(other),
            }
        }
        Err(NotCommitted::Contended)
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

/// Claims a name in place of another one, unless both are the same under which they are claimed.
fn claim_instead<'a>(tx: Tx<'a>, [before, after]: [Option<Key>; 2], claim: &Claim, taken: Conflict) -> Tx<'a> {
    if before == after {
        return tx;
    }
    let tx = after.iter().fold(tx, |tx, key| tx.create(key, claim, taken));
    before.iter().fold(tx, |tx, key| tx.remove(key))
}

#[expect(clippy::disallowed_methods, reason = "the name of a transaction decides nothing")]
fn transaction_name() -> String {
    format!("{:032x}", rand::random::<u128>())
}
