use croupier_rules::money::{Coins, Debt, Gems};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};
use schemars::JsonSchema;
use serde::Serialize;

/// What the caller owns.
pub struct Balance;

/// What a player owns, as of an entry of the ledger.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BalanceReply {
    cyber_token_balance: Coins,
    gems: Gems,
    /// What is owed, after a refund of what had been spent; whatever is gained pays it first.
    debt: Debt,
    /// The number of the last entry that is counted in.
    sequence: u64,
}

impl Endpoint for Balance {
    const ROUTE: Route = Route::get("balance", "/api/users/balance", "Show what the caller owns.");
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = BalanceReply;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<BalanceReply, Failure> {
        let player = call.caller.player;
        Ok(BalanceReply {
            cyber_token_balance: player.coins(),
            gems: player.gems(),
            debt: player.debt(),
            sequence: player.entries(),
        })
    }
}
