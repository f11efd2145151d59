//! Who is calling. The type of the caller is what an endpoint receives, what is checked, and what is documented.

use croupier_rules::{
    id::{PlayerId, SessionId},
    player::Player,
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
}

/// A player, as the player is now, who acts through a session that is not over.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The player.
    pub player: Player,
    /// The session.
    pub session: SessionId,
}

impl Caller for SignedIn {
    const NEEDS: &'static [Need] = &[Need::Table, Need::Tokens];
    const CODES: &'static [Code] = &[Code::Unauthenticated, Code::TokenRevoked, Code::AccountLocked];
    const TOKEN: bool = true;

    async fn identify(app: &App, incoming: &Incoming<'_>, now: Timestamp) -> Result<Self, Failure> {
        let token = incoming.bearer().ok_or_else(|| Failure::of(Code::Unauthenticated))?;
        let claims = app.tokens()?.verify(token, now).ok_or_else(|| Failure::of(Code::Unauthenticated))?;
        let player = app.store()?.acting(claims.sub, claims.sid, now).await??;
        Ok(Self { player, session: claims.sid })
    }

    fn player_id(&self) -> Option<PlayerId> {
        Some(self.player.id)
    }
}
