use croupier_rules::{
    id::PurchaseId,
    name::{PromoCode, Sku},
    number::Between,
    shop::{checkout, offer::Order, payment::PaymentToken},
};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    config::Need,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::till::{Checkout, check_out};

/// Buying of a limited package.
pub struct BuyLimited;

/// What to buy.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct BuyLimitedRequest {
    code: Sku,
    quantity: Between<1, 10>,
    /// What the buyer expects to pay; another total is refused.
    expected_total: Option<u64>,
    promo_code: Option<PromoCode>,
    /// What the gateway gave the client for the means of payment. Needed unless a promo code takes the whole price off.
    payment_token: Option<PaymentToken>,
}

impl Endpoint for BuyLimited {
    const ROUTE: Route =
        Route::post("buy-limited", "/api/shop/buy-limited", "Buy of a limited package: hold it, pay, and get it.")
            .or(&[Code::Disabled, Code::WindowClosed, Code::RankRequired, Code::UserLimit, Code::OutOfStock])
            .key_required()
            .needs(&[Need::Payments]);
    type Caller = SignedIn;
    type Request = BuyLimitedRequest;
    type Reply = Checkout;

    async fn handle(call: Call<'_, SignedIn>, request: BuyLimitedRequest) -> Result<Checkout, Failure> {
        let (app, store, buyer) = (call.app, call.store()?, call.caller.player.id);
        let order = Order {
            id: call.fresh(PurchaseId::new),
            quantity: request.quantity.get(),
            expected_total: request.expected_total,
            promo: request.promo_code,
            token: request.payment_token,
        };
        let read = || store.package_seen(buyer, &request.code, order.promo.as_ref());
        let begun =
            call.act_on(read, |player, seen, moment| checkout::buy_limited(player, seen, &order, moment)).await?;
        check_out(app, buyer, begun.into_done()).await
    }
}
