//! Sessions: who is calling, who comes and goes. The profile lists those that were not ended, so that there are never more
//! than allowed, whoever logs in at the same time.

use croupier_rules::{
    account::{Barred, SEEN_EVERY, Session},
    id::{PlayerId, SessionId},
    name::SiteId,
    player::Player,
    time::Timestamp,
};

use crate::{
    Store, StoreError,
    act::{TRIES, pause},
    item::{Login, PASSWORD_HASH, Profile, decode},
    key::Key,
    tx::{Conflict, NotCommitted, Tx},
};

/// With what somebody came in.
#[derive(Clone)]
pub struct Opened {
    /// Whose password it was, and its hash.
    pub login: Login,
    /// The same password hashed anew, when the hash has the parameters of another time.
    pub rehashed: Option<String>,
}

impl Store {
    /// The player who acts through a session, if the session still lets anyone act: one round trip, as things are now.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn acting(
        &self,
        player: PlayerId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Result<(Player, Session), Barred>, StoreError> {
        let Some((player, session)) = self.session(player, session).await? else { return Ok(Err(Barred::Revoked)) };
        Ok(session.admits(&player, now).map(|()| (player, session)))
    }

    /// A session as it is now, and whose it is.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn session(&self, player: PlayerId, id: SessionId) -> Result<Option<(Player, Session)>, StoreError> {
        let [player, session] = self.get_each([Key::player(player), Key::session(player, id)]).await?;
        Ok(player.map(decode).transpose()?.zip(session.map(decode).transpose()?))
    }

    /// The sessions of a player that were not ended, the oldest first.
    ///
    /// # Errors
    /// As [`Store::session`].
    pub async fn sessions(&self, player: PlayerId, profile: &Profile) -> Result<Vec<Session>, StoreError> {
        let keys: Vec<_> = profile.sessions.iter().map(|id| Key::session(player, *id)).collect();
        self.get_all(&keys).await?.into_iter().flatten().map(decode).collect()
    }

    /// Begins a session, ends the oldest beyond `most`, and forgets the attempts that led to it. Tells the profile as it is then.
    ///
    /// # Errors
    /// [`Conflict::PasswordChanged`] when the password that opened it is another one by now, or the table's failure.
    pub async fn begin_session(
        &self,
        site: &SiteId,
        session: &Session,
        opened_with: &Opened,
        most: usize,
    ) -> Result<Profile, NotCommitted> {
        let Opened { login: Login { player, password_hash, .. }, rehashed } = opened_with;
        let kept = rehashed.as_ref().unwrap_or(password_hash);
        let change = |profile: &mut Profile| {
            profile.last_login_at = session.created_at;
            profile.sessions.push(session.id);
            let beyond = profile.sessions.len().saturating_sub(most);
            profile.sessions.drain(..beyond).collect()
        };
        let (created, attempts) = (Key::session(*player, session.id), Key::attempts(site));
        self.change_sessions(*player, change, |tx| {
            // The session first: one that is there already was begun by an earlier try, which had its answer lost.
            tx.create(&created, session, Conflict::Broken)
                .swap(&Key::login(site), PASSWORD_HASH, password_hash, kept, Conflict::PasswordChanged)
                .remove(&attempts)
        })
        .await
    }

    /// Goes on with a session, if nobody did since this revision was read.
    ///
    /// # Errors
    /// [`NotCommitted::Contended`] when somebody did.
    pub async fn go_on(&self, player: PlayerId, session: &Session, seen: u64) -> Result<(), NotCommitted> {
        self.tx().replace(&Key::session(player, session.id), session, seen).commit().await
    }

    /// Writes down that a session is in use, if it is still there and nobody did so lately.
    ///
    /// # Errors
    /// [`Conflict::Unknown`] when it is not so, or the table's failure.
    pub async fn saw(&self, player: PlayerId, session: SessionId, now: Timestamp) -> Result<(), NotCommitted> {
        let key = Key::session(player, session);
        self.tx().advance(&key, "seen_at", now.before(SEEN_EVERY), now, Conflict::Unknown).commit().await
    }

    /// Ends the sessions that are chosen. Whoever acts through one of them no longer does, from the next request on.
    ///
    /// # Errors
    /// The table's failure.
    pub async fn end_sessions(
        &self,
        player: PlayerId,
        ended: impl Fn(SessionId) -> bool + Send + Sync,
    ) -> Result<(), NotCommitted> {
        let change = |profile: &mut Profile| profile.sessions.extract_if(.., |id| ended(*id)).collect();
        self.change_sessions(player, change, |tx| tx).await.map(drop)
    }

    pub(crate) async fn change_sessions<'a>(
        &'a self,
        player: PlayerId,
        change: impl Fn(&mut Profile) -> Vec<SessionId> + Send + Sync,
        also: impl Fn(Tx<'a>) -> Tx<'a> + Send + Sync,
    ) -> Result<Profile, NotCommitted> {
        let key = Key::profile(player);
        for tried in 1..=TRIES {
            let mut profile = self.profile(player).await?;
            let seen = profile.revision;
            profile.revision += 1;
            let ended = change(&mut profile);
            let tx = also(self.tx()).replace(&key, &profile, seen);
            let tx = ended.iter().fold(tx, |tx, id| tx.remove(&Key::session(player, *id)));
            match tx.commit().await {
                Ok(()) => return Ok(profile),
                Err(NotCommitted::Contended) if tried < TRIES => tokio::time::sleep(pause(tried)).await,
                // An earlier try went through unheard: the session that is to begin is there.
                Err(NotCommitted::Refused { conflict: Conflict::Broken, .. }) if tried > 1 => return Ok(profile),
                Err(other) => return Err(other),
            }
        }
        Err(NotCommitted::Contended)
    }
}
