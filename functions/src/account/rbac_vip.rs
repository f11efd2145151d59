use croupier_web::{
    call::Call,
    caller::{Ranked, Vip},
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};

use super::Standing;

/// Whether the caller's rank opens the vip doors.
pub struct RbacVip;

impl Endpoint for RbacVip {
    const ROUTE: Route = Route::get("rbac-vip", "/api/rbac/vip", "Let in whoever has the rank VIP or a higher one.");
    type Caller = Ranked<Vip>;
    type Request = Nothing;
    type Reply = Standing;

    async fn handle(call: Call<'_, Ranked<Vip>>, _: Nothing) -> Result<Standing, Failure> {
        Ok(Standing { rank: call.caller.signed_in.player.rank })
    }
}
