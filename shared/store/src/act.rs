//! The commit path: how a decision about a player becomes a fact, exactly once.

use std::{future::ready, time::Duration};

use croupier_rules::{
    Refusal,
    account::Barred,
    id::{PlayerId, SessionId},
    ledger::{Change, Decision, Hash},
    player::Player,
    session::SessionRules,
    shop::offer::Effect,
    time::Timestamp,
};
use rand::RngExt;
use serde::Serialize;

use crate::{
    Store, StoreError, game,
    item::{AnswerRecord, Attempt, EntryRecord, decode},
    key::Key,
    shop::carry_out,
    tx::{Conflict, NotCommitted},
};

/// How often something is decided and written when others write the same items.
pub(crate) const TRIES: u32 = 8;
/// The longest first pause before deciding anew; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(12);

/// One request to act, as its sender may repeat it.
#[derive(Debug, Clone)]
pub struct Deed {
    /// The sender's name for it, if there is one.
    pub attempt: Option<Attempt>,
    /// A name for the entry of a deed that has none; nobody else gives it.
    pub own_name: String,
    /// The operator who does it to the player, and whose name for it the attempt is.
    pub operator: Option<PlayerId>,
    /// The session through which the player acts; none when it is the server that acts.
    pub session: Option<SessionId>,
    /// When a session of a game is over.
    pub sessions: SessionRules,
    /// When the request arrived.
    pub now: Timestamp,
}

impl Deed {
    /// What the server does by itself, under a name by which whoever does it does it once.
    pub const fn of_server(own_name: String, sessions: SessionRules, now: Timestamp) -> Self {
        Self { attempt: None, own_name, operator: None, session: None, sessions, now }
    }

    fn entry_key(&self, player: PlayerId) -> Key {
        match &self.attempt {
            Some(attempt) if self.operator.is_none() => Key::keyed_entry(player, &attempt.key),
            _ => Key::own_entry(player, &self.own_name),
        }
    }

    /// Where it is kept what an operator did under a key, to whomever.
    pub(crate) fn operated(&self) -> Option<Key> {
        self.operator.zip(self.attempt.as_ref()).map(|(operator, attempt)| Key::operated(operator, &attempt.key))
    }

    /// The first answer, for the same request; the fingerprint is compared before anything else is believed.
    pub(crate) fn repeated(&self, record: AnswerRecord) -> Result<Done, NotDone> {
        if record.fingerprint == self.fingerprint() {
            Ok(Done { reply: record.reply, replayed: self.attempt.is_some(), retries: 0 })
        } else {
            Err(NotDone::KeyReused)
        }
    }

    pub(crate) fn fingerprint(&self) -> Option<Hash> {
        self.attempt.as_ref().map(|attempt| attempt.fingerprint)
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The answer, in JSON, the same to the byte however often it is asked for.
    pub reply: String,
    /// Whether it had been done before.
    pub replayed: bool,
    /// How often it was decided anew since others wrote what it relied on.
    pub retries: u32,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// A rule says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The key was used for another request.
    #[error("the key was used for another request")]
    KeyReused,
    /// The player may no longer act.
    #[error(transparent)]
    Barred(#[from] Barred),
    /// The table could not tell, or others were always faster.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Store {
    /// Decides and commits: one transaction writes the entry, which must not exist, and the player, which must not have
    /// changed since. When it has, the player and the session are read anew and everything is decided again.
    ///
    /// # Errors
    /// A refusal of the rule, a key used for something else, a player who may no longer act, or the table's failure.
    pub async fn act<R: Serialize>(
        &self,
        deed: &Deed,
        player: Player,
        decide: impl Fn(&Player) -> Result<Decision<R>, Refusal> + Send + Sync,
    ) -> Result<Done, NotDone> {
        self.act_on(deed, player, || ready(Ok(())), |player, ()| decide(player)).await
    }

    /// The same for what depends on more than the player: that is read before each decision, and the decision says what of it
    /// must still be so.
    ///
    /// # Errors
    /// As [`Store::act`].
    pub async fn act_on<S, R: Serialize, Read: Future<Output = Result<S, StoreError>> + Send>(
        &self,
        deed: &Deed,
        mut player: Player,
        read: impl Fn() -> Read + Send + Sync,
        decide: impl Fn(&Player, &S) -> Result<Decision<R>, Refusal> + Send + Sync,
    ) -> Result<Done, NotDone> {
        for tried in 0..TRIES {
            if tried > 0 {
                tokio::time::sleep(pause(tried)).await;
                player = self.again(player.id, deed).await?;
            }
            let seen = read().await?;
            let Decision { change, reply, effects } = match decide(&player, &seen) {
                Ok(decision) => decision,
                // What was allowed once may be refused by now: a repeat asks for the first answer, and an earlier try
                // may have gone through unheard.
                Err(refusal) if deed.attempt.is_some() || tried > 0 => {
                    return self.done_before(player.id, deed).await?.ok_or(refusal.into());
                }
                Err(refusal) => return Err(refusal.into()),
            };
            let reply = serde_json::to_string(&reply).map_err(|error| StoreError::Corrupt(error.to_string()))?;
            if let Some(done) = self.write(deed, &player, &change, &effects, reply).await? {
                return Ok(Done { retries: tried, ..done });
            }
        }
        Err(StoreError::Contended { retries: TRIES - 1 }.into())
    }

    /// Commits what was decided about a player; tells nothing when somebody else wrote what it relies on. Apart from the rest,
    /// which is compiled anew for each rule.
    async fn write(
        &self,
        deed: &Deed,
        player: &Player,
        change: &Change,
        effects: &[Effect],
        reply: String,
    ) -> Result<Option<Done>, NotDone> {
        let record = EntryRecord { entry: change.entry().clone(), fingerprint: deed.fingerprint(), reply };
        let tx = deed.operated().into_iter().fold(self.tx(), |tx, key| {
            let answer = AnswerRecord { fingerprint: record.fingerprint, reply: record.reply.clone() };
            tx.create(&key, &answer, Conflict::AlreadyDone)
        });
        let tx = tx.create(&deed.entry_key(player.id), &record, Conflict::AlreadyDone).replace(
            &Key::player(player.id),
            change.player(),
            player.revision(),
        );
        let tx = game::effects(tx, change.entry(), deed.sessions);
        match carry_out(tx, player.id, effects).commit().await {
            Ok(()) => Ok(Some(Done { reply: record.reply, replayed: false, retries: 0 })),
            Err(NotCommitted::Refused { conflict: Conflict::AlreadyDone, found: Some(item) }) => {
                deed.repeated(decode(item)?).map(Some)
            }
            Err(NotCommitted::Refused { conflict, .. }) => {
                Err(StoreError::Corrupt(format!("an action met {conflict:?}")).into())
            }
            Err(NotCommitted::Contended) => Ok(None),
            Err(NotCommitted::Store(error)) => Err(error.into()),
        }
    }

    /// The player as the player is by now, if the deed may still be done.
    async fn again(&self, player: PlayerId, deed: &Deed) -> Result<Player, NotDone> {
        match deed.session {
            Some(session) => Ok(self.acting(player, session, deed.now).await??.0),
            None => Ok(self.get(&Key::player(player)).await?.ok_or(Barred::Revoked)?),
        }
    }

    async fn done_before(&self, player: PlayerId, deed: &Deed) -> Result<Option<Done>, NotDone> {
        let found = self.get(&deed.operated().unwrap_or_else(|| deed.entry_key(player))).await?;
        found.map(|record| deed.repeated(record)).transpose()
    }
}

/// How long to wait before the next try, after the first or a later one: at random, so that those who met once do not meet again.
#[expect(clippy::disallowed_methods, reason = "when a write is tried again decides nothing")]
pub fn pause(tried: u32) -> Duration {
    rand::rng().random_range(Duration::ZERO..=FIRST_PAUSE * 2_u32.pow(tried - 1))
}
