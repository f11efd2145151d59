//! One call of an endpoint: who calls, when, and the one way to change the caller's balance.

use std::{future::ready, marker::PhantomData};

use croupier_rules::{
    Refusal,
    admin::{AdminAction, AuditEntry},
    id::{AuditId, PlayerId, RequestId},
    ledger::Decision,
    player::Player,
    round::{Moment, Round},
    session,
    time::Timestamp,
};
use croupier_store::{
    Store, StoreError,
    act::{Deed, Done, NotDone},
    item::Attempt,
    key::Key,
};
use serde::Serialize;
use serde_json::Value;

use crate::{
    app::App,
    caller::{Admin, SignedIn},
    error::{Code, Failure},
    request::Incoming,
};

/// One call of an endpoint.
pub struct Call<'a, C> {
    /// What the function has.
    pub app: &'a App,
    /// Who is calling.
    pub caller: C,
    /// When the call arrived; the only time there is.
    pub now: Timestamp,
    /// The request as it came in.
    pub incoming: &'a Incoming<'a>,
    /// The client's name for this attempt, and what it asks, hashed.
    pub attempt: Option<Attempt>,
}

impl<'a, C> Call<'a, C> {
    /// The table.
    ///
    /// # Errors
    /// The function did not say that it needs one.
    pub fn store(&self) -> Result<&'a Store, Failure> {
        self.app.store()
    }

    /// A number that no one has had before and no one guesses, for a new id.
    pub fn fresh<T>(&self, id: fn(u64, u128) -> T) -> T {
        id(self.now.millis().unsigned_abs(), self.app.entropy.id())
    }
}

impl Call<'_, SignedIn> {
    /// Lets the caller play, exactly once: the rule decides about the player as the player is, the decision is committed,
    /// and a repeat gets the first answer.
    ///
    /// # Errors
    /// A refusal by the rule, a key used for something else, or the table's failure.
    pub async fn play<R: Serialize>(
        self,
        decide: impl Fn(&Player, &Round<'_>) -> Result<Decision<R>, Refusal> + Send + Sync,
    ) -> Result<Once<R>, Failure> {
        let round = Round { now: self.now, economy: &self.app.economy, master: self.app.seeds()? };
        self.act(|player, _| decide(player, &round)).await
    }

    /// The same for what leaves nothing to chance.
    ///
    /// # Errors
    /// As [`Call::play`].
    pub async fn act<R: Serialize>(
        self,
        decide: impl Fn(&Player, Moment<'_>) -> Result<Decision<R>, Refusal> + Send + Sync,
    ) -> Result<Once<R>, Failure> {
        self.act_on(|| ready(Ok(())), |player, (), moment| decide(player, moment)).await
    }

    /// The same for what depends on more than the player, which is read before each decision.
    ///
    /// # Errors
    /// As [`Call::play`].
    pub async fn act_on<S, R: Serialize, Read: Future<Output = Result<S, StoreError>> + Send>(
        self,
        read: impl Fn() -> Read + Send + Sync,
        decide: impl Fn(&Player, &S, Moment<'_>) -> Result<Decision<R>, Refusal> + Send + Sync,
    ) -> Result<Once<R>, Failure> {
        let own_name = self.fresh(RequestId::new).to_string();
        let Self { app, caller: SignedIn { mut player, session: acting }, now, attempt, .. } = self;
        let (store, moment) = (app.store()?, Moment { now, economy: &app.economy });
        if player.session.is_some() && player.session_at(now, moment.economy).is_none() {
            end_idle_session(store, player.clone(), moment).await?;
            player = store.acting(player.id, acting.id, now).await??.0;
        }
        let deed =
            Deed { attempt, own_name, operator: None, session: Some(acting.id), sessions: moment.economy.session, now };
        let done = store.act_on(&deed, player, read, |player, seen| decide(player, seen, moment)).await?;
        Ok(Once::of(done))
    }
}

/// Ends a session in which nothing has happened for too long, whoever notices it first.
///
/// # Errors
/// The table's failure.
pub async fn end_idle_session(store: &Store, player: Player, moment: Moment<'_>) -> Result<(), Failure> {
    let Some(session) = &player.session else { return Ok(()) };
    // One name for whoever ends it: it ends once.
    let own_name = session.id.to_string();
    let deed = Deed::of_server(own_name, moment.economy.session, moment.now);
    match store.act(&deed, player, |player| session::end(player, None, moment)).await {
        Ok(_) | Err(NotDone::Refused(Refusal::NoSession)) => Ok(()),
        Err(NotDone::Store(error)) => Err(error.into()),
        Err(other) => Err(Failure::internal(other)),
    }
}

impl Call<'_, Admin> {
    /// The beginning of the entry that tells of what the caller does, to be written with it.
    pub fn audit(&self, action: AdminAction, target: impl ToString) -> AuditEntry {
        AuditEntry {
            id: self.fresh(AuditId::new),
            at: self.now,
            actor: self.caller.signed_in.player.id,
            action,
            target: target.to_string(),
            before: Value::Null,
            after: Value::Null,
            request_id: self.incoming.event.request_context.request_id.clone(),
        }
    }

    /// What the caller does under the caller's key, if there is one.
    pub fn deed(&self) -> Deed {
        let own_name = self.fresh(RequestId::new).to_string();
        Deed {
            attempt: self.attempt.clone(),
            operator: Some(self.caller.signed_in.player.id),
            ..Deed::of_server(own_name, self.app.economy.session, self.now)
        }
    }

    /// Does something to a player, exactly once, under the caller's key.
    ///
    /// # Errors
    /// As [`Call::play`], or that there is no such player.
    pub async fn act_on<S, R: Serialize, Read: Future<Output = Result<S, StoreError>> + Send>(
        &self,
        player: PlayerId,
        read: impl Fn() -> Read + Send + Sync,
        decide: impl Fn(&Player, &S, Moment<'_>) -> Result<Decision<R>, Refusal> + Send + Sync,
    ) -> Result<Once<R>, Failure> {
        let (store, moment) = (self.store()?, Moment { now: self.now, economy: &self.app.economy });
        let player = store.get(&Key::player(player)).await?.ok_or_else(|| Failure::of(Code::NotFound))?;
        let done = store.act_on(&self.deed(), player, read, |player, seen| decide(player, seen, moment)).await?;
        Ok(Once::of(done))
    }
}

/// The answer to something that was done exactly once, however often it was asked for.
pub struct Once<R> {
    pub(crate) done: Done,
    reply: PhantomData<R>,
}

impl<R> Once<R> {
    /// The answer to what was done.
    pub const fn of(done: Done) -> Self {
        Self { done, reply: PhantomData }
    }

    /// What was done.
    pub fn into_done(self) -> Done {
        self.done
    }
}
