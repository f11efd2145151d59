//! Who is calling. The type of the caller is what an endpoint receives, what is checked, and what is documented.

use std::marker::PhantomData;

use croupier_rules::{
    account::Session,
    id::{PlayerId, SessionId},
    player::{Player, Rank},
    time::Timestamp,
};

use crate::{
    app::App,
    config::Need,
    error::{Code, Failure},
    request::Incoming,
};

/// Someone that an endpoint lets in.
pub trait Caller: Sized + Send {
    /// What it takes to tell who is calling.
    const NEEDS: &'static [Need];
    /// How it can fail.
    const CODES: &'static [Code];
    /// Whether an access token is asked for.
    const TOKEN: bool;

    /// Tells who is calling.
    fn identify(
        app: &App,
        incoming: &Incoming<'_>,
        now: Timestamp,
    ) -> impl Future<Output = Result<Self, Failure>> + Send;

    /// The player, for the log.
    fn player_id(&self) -> Option<PlayerId>;

    /// The session of which it is worth writing down that it is in use.
    fn seen(&self, now: Timestamp) -> Option<(PlayerId, SessionId)>;
}

/// Whoever it is.
#[derive(Debug, Clone, Copy)]
pub struct Anyone;

impl Caller for Anyone {
    const NEEDS: &'static [Need] = &[];
    const CODES: &'static [Code] = &[];
    const TOKEN: bool = false;

    async fn identify(_: &App, _: &Incoming<'_>, _: Timestamp) -> Result<Self, Failure> {
        Ok(Self)
    }

    fn player_id(&self) -> Option<PlayerId> {
        None
    }

    fn seen(&self, _: Timestamp) -> Option<(PlayerId, SessionId)> {
        None
    }
}

/// A player, as the player is now, who acts through a session that is not over.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The player.
    pub player: Player,
    /// The session.
    pub session: Session,
}

impl Caller for SignedIn {
    const NEEDS: &'static [Need] = &[Need::Table, Need::Tokens];
    const CODES: &'static [Code] = &[Code::Unauthenticated, Code::TokenRevoked, Code::AccountLocked];
    const TOKEN: bool = true;

    async fn identify(app: &App, incoming: &Incoming<'_>, now: Timestamp) -> Result<Self, Failure> {
        let token = incoming.bearer().ok_or_else(|| Failure::of(Code::Unauthenticated))?;
        let claims = app.tokens()?.verify(token, now).ok_or_else(|| Failure::of(Code::Unauthenticated))?;
        let (player, session) = app.store()?.acting(claims.sub, claims.sid, now).await??;
        Ok(Self { player, session })
    }

    fn player_id(&self) -> Option<PlayerId> {
        Some(self.player.id)
    }

    fn seen(&self, now: Timestamp) -> Option<(PlayerId, SessionId)> {
        self.session.is_due(now).then_some((self.player.id, self.session.id))
    }
}

/// A rank that a caller must have reached.
pub trait AtLeast: Send {
    /// The rank.
    const RANK: Rank;
}

/// Premium or higher.
#[derive(Debug, Clone, Copy)]
pub struct Premium;

impl AtLeast for Premium {
    const RANK: Rank = Rank::Premium;
}

/// The highest rank.
#[derive(Debug, Clone, Copy)]
pub struct Vip;

impl AtLeast for Vip {
    const RANK: Rank = Rank::Vip;
}

/// A player of a rank, as the table has it now: what a token said when it was issued does not count.
#[derive(Debug, Clone)]
pub struct Ranked<R> {
    /// The player, and the session.
    pub signed_in: SignedIn,
    reached: PhantomData<R>,
}

impl<R: AtLeast> Caller for Ranked<R> {
    const NEEDS: &'static [Need] = SignedIn::NEEDS;
    const CODES: &'static [Code] =
        &[Code::Unauthenticated, Code::TokenRevoked, Code::AccountLocked, Code::RankRequired];
    const TOKEN: bool = true;

    async fn identify(app: &App, incoming: &Incoming<'_>, now: Timestamp) -> Result<Self, Failure> {
        let signed_in = SignedIn::identify(app, incoming, now).await?;
        if signed_in.player.rank < R::RANK {
            return Err(Failure::of(Code::RankRequired));
        }
        Ok(Self { signed_in, reached: PhantomData })
    }

    fn player_id(&self) -> Option<PlayerId> {
        self.signed_in.player_id()
    }

    fn seen(&self, now: Timestamp) -> Option<(PlayerId, SessionId)> {
        self.signed_in.seen(now)
    }
}

/// An operator, as the table has it now.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The player, and the session.
    pub signed_in: SignedIn,
}

impl Caller for Admin {
    const NEEDS: &'static [Need] = SignedIn::NEEDS;
    const CODES: &'static [Code] =
        &[Code::Unauthenticated, Code::TokenRevoked, Code::AccountLocked, Code::AdminRequired];
    const TOKEN: bool = true;

    async fn identify(app: &App, incoming: &Incoming<'_>, now: Timestamp) -> Result<Self, Failure> {
        let signed_in = SignedIn::identify(app, incoming, now).await?;
        if signed_in.player.admin { Ok(Self { signed_in }) } else { Err(Failure::of(Code::AdminRequired)) }
    }

    fn player_id(&self) -> Option<PlayerId> {
        self.signed_in.player_id()
    }

    fn seen(&self, now: Timestamp) -> Option<(PlayerId, SessionId)> {
        self.signed_in.seen(now)
    }
}
