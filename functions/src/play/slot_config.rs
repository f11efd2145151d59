use croupier_rules::{money::Coins, slot::odds};
use croupier_web::{
    call::Call,
    caller::Anyone,
    endpoint::{Endpoint, Route},
    error::Failure,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The odds page of the slot machine.
pub struct SlotConfig;

/// Which stake to show.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SlotConfigRequest {
    /// Show the exact return of just this stake; without, of the usual ones.
    bet_amount: Option<Coins>,
}

impl Endpoint for SlotConfig {
    const ROUTE: Route =
        Route::get("slot-config", "/api/games/slot/config", "Show the slot machine's odds, computed exactly.");
    type Caller = Anyone;
    type Request = SlotConfigRequest;
    type Reply = odds::SlotConfig;

    async fn handle(call: Call<'_, Anyone>, request: SlotConfigRequest) -> Result<odds::SlotConfig, Failure> {
        let (economy, odds) = (&call.app.economy, &call.app.odds);
        let Some(bet) = request.bet_amount else {
            return Ok(odds.get_or_init(|| odds::SlotConfig::of(economy, None)).clone());
        };
        economy.slot.rules.admit(bet)?;
        Ok(odds::SlotConfig::of(economy, Some(bet)))
    }
}
