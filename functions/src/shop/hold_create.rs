use croupier_rules::{
    id::PurchaseId,
    name::Sku,
    number::Between,
    shop::{checkout, offer::Order, reply::HoldReply},
};
use croupier_web::{
    call::{Call, Once},
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Holding some of a limited package for a while.
pub struct HoldCreate;

/// What to hold.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct HoldRequest {
    code: Sku,
    quantity: Between<1, 10>,
}

impl Endpoint for HoldCreate {
    const ROUTE: Route = Route::post("hold-create", "/api/shop/holds", "Hold some of a limited package for a while.")
        .or(&[
            Code::NotFound,
            Code::Disabled,
            Code::WindowClosed,
            Code::RankRequired,
            Code::UserLimit,
            Code::OutOfStock,
            Code::BalanceLimit,
        ]);
    type Caller = SignedIn;
    type Request = HoldRequest;
    type Reply = Once<HoldReply>;

    async fn handle(call: Call<'_, SignedIn>, request: HoldRequest) -> Result<Once<HoldReply>, Failure> {
        let (store, buyer) = (call.store()?, call.caller.player.id);
        let id = call.fresh(PurchaseId::new);
        let order = Order { id, quantity: request.quantity.get(), expected_total: None, promo: None, token: None };
        let read = || store.package_seen(buyer, &request.code, None);
        call.act_on(read, |player, seen, moment| checkout::hold(player, seen, &order, moment)).await
    }
}
