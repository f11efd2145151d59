use croupier_rules::{
    id::PurchaseId,
    name::{PromoCode, Sku},
    number::Between,
    shop::{checkout, offer::Order, payment::PaymentToken, product::ProductNumber},
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

/// Buying a product.
pub struct Buy;

/// What to buy, by `sku` or by `product_id`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct BuyRequest {
    product_id: Option<ProductNumber>,
    sku: Option<Sku>,
    quantity: Between<1, 99>,
    /// What the buyer expects to pay; another total is refused.
    expected_total: Option<u64>,
    /// What the gateway gave the client for the means of payment. Needed where real money is paid.
    payment_token: Option<PaymentToken>,
    promo_code: Option<PromoCode>,
}

impl Endpoint for Buy {
    const ROUTE: Route = Route::post("buy", "/api/shop/buy", "Buy a product, in play currency or for real money.")
        .or(&[Code::Disabled, Code::RankRequired, Code::InsufficientFunds])
        .key_required()
        .needs(&[Need::Payments]);
    type Caller = SignedIn;
    type Request = BuyRequest;
    type Reply = Checkout;

    async fn handle(call: Call<'_, SignedIn>, request: BuyRequest) -> Result<Checkout, Failure> {
        let (app, store, buyer) = (call.app, call.store()?, call.caller.player.id);
        let sku = match (request.sku, request.product_id) {
            (Some(sku), None) => sku,
            (None, Some(number)) => store.numbered(number).await?.ok_or_else(|| Failure::of(Code::NotFound))?,
            (Some(_), Some(_)) => {
                return Err(Failure::field("product_id", "INVALID", "only one of sku and product_id"));
            }
            (None, None) => return Err(Failure::field("sku", "MISSING", "name a product, by sku or by product_id")),
        };
        let order = Order {
            id: call.fresh(PurchaseId::new),
            quantity: request.quantity.get(),
            expected_total: request.expected_total,
            promo: request.promo_code,
            token: request.payment_token,
        };
        let read = || store.product_seen(buyer, &sku, order.promo.as_ref());
        let begun = call.act_on(read, |player, seen, moment| checkout::buy(player, seen, &order, moment)).await?;
        check_out(app, buyer, begun.into_done()).await
    }
}
