use std::future::ready;

use croupier_rules::{
    adjust::{AdjustReply, Adjustment, adjust},
    admin::AdminAction,
    money::Postings,
    name::Description,
};
use croupier_web::{
    call::{Call, Once},
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::player_of;

/// Giving a player coins or gems, or taking them.
pub struct AdminAdjust;

/// How much, and why.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct AdjustRequest {
    user_id: String,
    /// How many coins are given, or taken when negative.
    coins: Option<Adjustment>,
    /// How many gems are given, or taken when negative.
    gems: Option<Adjustment>,
    /// Why, in a sentence; the player reads it.
    reason: Description,
}

impl Endpoint for AdminAdjust {
    const ROUTE: Route = Route::post(
        "admin-adjust",
        "/api/admin/users/{user_id}/adjust",
        "Give a player coins or gems, or take them, with a reason.",
    )
    .or(&[Code::NotFound, Code::InsufficientFunds, Code::BalanceLimit])
    .key_required();
    type Caller = Admin;
    type Request = AdjustRequest;
    type Reply = Once<AdjustReply>;

    async fn handle(call: Call<'_, Admin>, request: AdjustRequest) -> Result<Once<AdjustReply>, Failure> {
        let AdjustRequest { user_id, coins, gems, reason } = request;
        let id = player_of(&user_id)?;
        let amount = |given: Option<Adjustment>| given.map_or(0, Adjustment::get);
        let moved = Postings { coins: amount(coins), gems: amount(gems) };
        if moved.is_nothing() {
            let code = if coins.is_none() && gems.is_none() { "MISSING" } else { "INVALID" };
            return Err(Failure::field("coins", code, "coins or gems must be other than 0"));
        }
        let entry = call.audit(AdminAction::UserAdjust, id);
        let nothing = || ready(Ok(()));
        call.act_on(id, nothing, |player, (), moment| adjust(player, moved, &reason, &entry, moment.now)).await
    }
}
