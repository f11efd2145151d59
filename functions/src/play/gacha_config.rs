use croupier_rules::gacha::odds;
use croupier_web::{
    call::Call,
    caller::Anyone,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};

/// The gacha's odds.
pub struct GachaConfig;

impl Endpoint for GachaConfig {
    const ROUTE: Route = Route::get(
        "gacha-config",
        "/api/games/gacha/config",
        "Show the gacha's table and prices, and what comes of them.",
    );
    type Caller = Anyone;
    type Request = Nothing;
    type Reply = odds::GachaConfig;

    async fn handle(call: Call<'_, Anyone>, _: Nothing) -> Result<odds::GachaConfig, Failure> {
        Ok(call.app.gacha_odds.get_or_init(|| odds::GachaConfig::of(&call.app.economy)).clone())
    }
}
