use croupier_rules::{
    id::GameSessionId,
    session::{self, SessionSummary},
};
use croupier_store::{item::GameRecord, key::Key};
use croupier_web::{
    call::{Call, Once},
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Ending a session of a game.
pub struct SessionEnd;

/// Which one. What a client says of its totals is not read: the server has counted.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct EndRequest {
    session_id: String,
}

impl Endpoint for SessionEnd {
    const ROUTE: Route =
        Route::post("session-end", "/api/games/session/end", "End a session of a game, and tell what it came to.")
            .or(&[Code::NotFound, Code::SessionEnded]);
    type Caller = SignedIn;
    type Request = EndRequest;
    type Reply = Once<SessionSummary>;

    async fn handle(call: Call<'_, SignedIn>, request: EndRequest) -> Result<Once<SessionSummary>, Failure> {
        let id: GameSessionId = request.session_id.parse().map_err(|_| Failure::of(Code::NotFound))?;
        let (store, player) = (call.app.store()?, call.caller.player.id);
        match call.act(|player, moment| session::end(player, Some(id), moment)).await {
            Err(Failure { code: Code::NotFound, .. }) => {
                let known: Option<GameRecord> = store.get(&Key::game_session(player, id)).await?;
                Err(Failure::of(known.map_or(Code::NotFound, |_| Code::SessionEnded)))
            }
            other => other,
        }
    }
}
