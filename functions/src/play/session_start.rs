use croupier_rules::{
    id::GameSessionId,
    ledger::GameType,
    money::Coins,
    session::{self, SessionView},
};
use croupier_web::{
    call::{Call, Once},
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Beginning a session of a game.
pub struct SessionStart;

/// Of which game.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct StartRequest {
    game_type: GameType,
    /// The stake that the player means to play for; it is written down, and nothing depends on it.
    bet_amount: Option<Coins>,
}

impl Endpoint for SessionStart {
    const ROUTE: Route =
        Route::post("session-start", "/api/games/session/start", "Begin a session of a game; one at a time.")
            .or(&[Code::SessionActive]);
    type Caller = SignedIn;
    type Request = StartRequest;
    type Reply = Once<SessionView>;

    async fn handle(call: Call<'_, SignedIn>, request: StartRequest) -> Result<Once<SessionView>, Failure> {
        let StartRequest { game_type, bet_amount } = request;
        let id = call.fresh(GameSessionId::new);
        call.act(|player, moment| session::start(player, id, game_type, bet_amount, moment)).await
    }
}
