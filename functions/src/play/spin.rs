use croupier_rules::{
    money::Coins,
    slot::{self, SpinReply},
};
use croupier_web::{
    call::{Call, Once},
    caller::SignedIn,
    config::Need,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One spin of the slot machine.
pub struct Spin;

/// The stake.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SpinRequest {
    /// Coins to play for; the odds page shows the limits.
    bet_amount: Coins,
}

impl Endpoint for Spin {
    const ROUTE: Route = Route::post("spin", "/api/games/slot/spin", "Spin the slot machine once.")
        .also("/api/actions/SLOT_SPIN")
        .or(&[Code::InsufficientFunds, Code::BalanceLimit])
        .needs(&[Need::Seeds]);
    type Caller = SignedIn;
    type Request = SpinRequest;
    type Reply = Once<SpinReply>;

    async fn handle(call: Call<'_, SignedIn>, request: SpinRequest) -> Result<Once<SpinReply>, Failure> {
        call.play(|player, round| slot::spin(player, request.bet_amount, round)).await
    }
}
