use croupier_rules::session::{EndedSession, SessionSummary, SessionView};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    page::{Cursor, Limit},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The caller's sessions of games.
pub struct GameSessions;

/// How many of them.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SessionsRequest {
    /// How many at once.
    #[serde(default)]
    limit: Limit,
    /// Where the page before ended.
    cursor: Option<Cursor>,
}

/// A page of sessions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SessionsReply {
    /// The session that goes on, if there is one.
    active: Option<SessionView>,
    /// Those that are over, the newest first.
    items: Vec<SessionSummary>,
    /// Asks for the next page; null at the end.
    next_cursor: Option<Cursor>,
}

const SCOPE: &str = "game-sessions";

impl Endpoint for GameSessions {
    const ROUTE: Route =
        Route::get("game-sessions", "/api/games/sessions", "List the caller's sessions of games, the newest first.")
            .or(&[Code::CursorInvalid]);
    type Caller = SignedIn;
    type Request = SessionsRequest;
    type Reply = SessionsReply;

    async fn handle(call: Call<'_, SignedIn>, request: SessionsRequest) -> Result<SessionsReply, Failure> {
        let player = &call.caller.player;
        let before = request.cursor.map(|cursor| cursor.read(SCOPE)).transpose()?;
        let (ended, next) = call.store()?.ended_sessions(player.id, before, request.limit.get()).await?;
        Ok(SessionsReply {
            active: player.session_view(call.now, &call.app.economy),
            items: ended.iter().map(EndedSession::summary).collect(),
            next_cursor: next.map(|next| Cursor::write(SCOPE, next)),
        })
    }
}
