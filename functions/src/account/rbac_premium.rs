use croupier_web::{
    call::Call,
    caller::{Premium, Ranked},
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};

use super::Standing;

/// Whether the caller's rank opens the premium doors.
pub struct RbacPremium;

impl Endpoint for RbacPremium {
    const ROUTE: Route =
        Route::get("rbac-premium", "/api/rbac/premium", "Let in whoever has the rank PREMIUM or a higher one.");
    type Caller = Ranked<Premium>;
    type Request = Nothing;
    type Reply = Standing;

    async fn handle(call: Call<'_, Ranked<Premium>>, _: Nothing) -> Result<Standing, Failure> {
        Ok(Standing { rank: call.caller.signed_in.player.rank })
    }
}
