use croupier_rules::{
    name::PromoCode,
    shop::{checkout, offer::Order, payment::PaymentToken},
};
use croupier_store::StoreError;
use croupier_web::{
    call::Call,
    caller::SignedIn,
    config::Need,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    purchase_of,
    till::{Checkout, check_out},
};

/// Paying for what is held.
pub struct HoldFinalize;

/// Which hold, and how it is paid.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct FinalizeRequest {
    hold_id: String,
    /// What the buyer expects to pay; another total is refused.
    expected_total: Option<u64>,
    promo_code: Option<PromoCode>,
    /// What the gateway gave the client for the means of payment. Needed unless a promo code takes the whole price off.
    payment_token: Option<PaymentToken>,
}

impl Endpoint for HoldFinalize {
    const ROUTE: Route =
        Route::post("hold-finalize", "/api/shop/holds/{hold_id}/finalize", "Pay for what is held, and get it.")
            .or(&[Code::HoldResolved])
            .key_required()
            .needs(&[Need::Payments]);
    type Caller = SignedIn;
    type Request = FinalizeRequest;
    type Reply = Checkout;

    async fn handle(call: Call<'_, SignedIn>, request: FinalizeRequest) -> Result<Checkout, Failure> {
        let (app, store, buyer) = (call.app, call.store()?, call.caller.player.id);
        let id = purchase_of(&request.hold_id)?;
        if store.purchase_seen(buyer, id, None).await?.is_none_or(|seen| !seen.purchase.limited) {
            return Err(Failure::of(Code::NotFound));
        }
        let order = Order {
            id,
            quantity: 1,
            expected_total: request.expected_total,
            promo: request.promo_code,
            token: request.payment_token,
        };
        let code = order.promo.as_ref();
        let read = || async move {
            let seen = store.purchase_seen(buyer, id, code).await?;
            seen.ok_or_else(|| StoreError::Corrupt("a hold is gone".to_owned()))
        };
        let begun =
            call.act_on(read, |player, seen, moment| checkout::pay_for_hold(player, seen, &order, moment)).await?;
        check_out(app, buyer, begun.into_done()).await
    }
}
