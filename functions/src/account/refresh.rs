use croupier_rules::account::{Barred, Presented};
use croupier_store::{act::pause, tx::NotCommitted};
use croupier_web::{
    call::Call,
    caller::Anyone,
    config::Need,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    token::{RefreshToken, Tokens},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TokenReply;

/// Going on with a session.
pub struct Refresh;

/// The token to spend. Not printable.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct RefreshRequest {
    /// The refresh token; it may stand in the `Authorization` header instead.
    refresh_token: Option<String>,
}

/// How often a token is looked at anew when the same one is presented at the same time.
const TRIES: u32 = 5;

impl Endpoint for Refresh {
    const ROUTE: Route = Route::post("refresh", "/api/auth/refresh", "Go on with a session: spend its refresh token.")
        .or(&[Code::Unauthenticated, Code::TokenRevoked, Code::AccountLocked, Code::RefreshReused])
        .needs(&[Need::Table, Need::Tokens]);
    type Caller = Anyone;
    type Request = RefreshRequest;
    type Reply = TokenReply;

    async fn handle(call: Call<'_, Anyone>, request: RefreshRequest) -> Result<TokenReply, Failure> {
        let text = request.refresh_token.as_deref().or_else(|| call.incoming.bearer());
        let token = text.and_then(RefreshToken::read).ok_or_else(|| Failure::of(Code::Unauthenticated))?;
        let (store, tokens) = (call.store()?, call.app.tokens()?);
        for tried in 1..=TRIES {
            let found = store.session(token.player, token.session).await?;
            let (player, session) = found.ok_or(Barred::Revoked)?;
            let next = tokens.successor(&token);
            let presented = session.present(&token.hash(), &next.hash(), call.now);
            if presented != Presented::Worthless {
                session.admits(&player, call.now)?;
            }
            let successor = match presented {
                Presented::Works(gone_on) => match store.go_on(player.id, &gone_on, session.revision).await {
                    Ok(()) => next,
                    Err(NotCommitted::Contended) => {
                        tokio::time::sleep(pause(tried)).await;
                        continue;
                    }
                    Err(other) => return Err(other.into()),
                },
                Presented::SpentJustNow => tokens
                    .successor_with(&token, &session.refresh_hash)
                    .ok_or_else(|| Failure::of(Code::Unauthenticated))?,
                Presented::Worthless => return Err(worthless(&call, &token, tokens).await?),
            };
            let profile = store.profile(player.id).await?;
            return TokenReply::of(&call, &player, profile, successor);
        }
        Err(NotCommitted::Contended.into())
    }
}

/// A token that we made and that was spent is in more hands than one: nobody goes on with the session. One that we did not
/// make tells nothing and ends nothing, or whoever knows the name of a session could end it.
async fn worthless(call: &Call<'_, Anyone>, token: &RefreshToken, tokens: &Tokens) -> Result<Failure, Failure> {
    if !tokens.made(token) {
        return Ok(Failure::of(Code::Unauthenticated));
    }
    call.store()?.end_sessions(token.player, |id| id == token.session).await?;
    Ok(Failure::of(Code::RefreshReused))
}
