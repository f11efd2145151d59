use std::time::Duration;

use croupier_store::StoreError;
use croupier_web::{
    app::App,
    call::Call,
    caller::Anyone,
    config::Need,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    pay::{Notice, NoticeFault},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::till::{believe, move_on};

/// A message of the payment gateway.
pub struct PaymentWebhook;

/// What the gateway says; what of it counts depends on the gateway.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct NoticeRequest {
    #[serde(flatten)]
    said: Map<String, Value>,
}

/// What became of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NoticeReply {
    /// Whether this event was dealt with before, or is none that matters here.
    ignored: bool,
}

/// How long a delivery is remembered: longer than its signature lasts.
const DELIVERY: Duration = Duration::from_secs(15 * 60);
/// How long an event is remembered: longer than any gateway sends one again.
const EVENT: Duration = Duration::from_secs(90 * 24 * 3600);

impl Endpoint for PaymentWebhook {
    const ROUTE: Route =
        Route::post("payment-webhook", "/api/shop/webhook/payment", "Take a message of the payment gateway.")
            .or(&[
                Code::SignatureInvalid,
                Code::SignatureExpired,
                Code::NoticeInvalid,
                Code::NoticeRepeated,
                Code::NotFound,
            ])
            .needs(&[Need::Table, Need::Payments, Need::Notices]);
    type Caller = Anyone;
    type Request = NoticeRequest;
    type Reply = NoticeReply;

    async fn handle(call: Call<'_, Anyone>, _: NoticeRequest) -> Result<NoticeReply, Failure> {
        let (app, now) = (call.app, call.now);
        let body = call.incoming.raw_body()?;
        let notice = match app.notices()?.read(|name| call.incoming.header(name), &body, now) {
            Ok(notice) => notice,
            Err(NoticeFault::Unrelated) => return Ok(NoticeReply { ignored: true }),
            Err(NoticeFault::Signature) => return Err(Failure::of(Code::SignatureInvalid)),
            Err(NoticeFault::Stale) => return Err(Failure::of(Code::SignatureExpired)),
            Err(NoticeFault::Unreadable) => return Err(Failure::of(Code::NoticeInvalid)),
        };
        let store = app.store()?;
        if !store.note_notice(&["delivery", &notice.nonce], now.after(DELIVERY)).await? {
            return Err(Failure::of(Code::NoticeRepeated));
        }
        if store.was_noted(&["event", &notice.event]).await? {
            return Ok(NoticeReply { ignored: true });
        }
        deal_with(app, &notice).await?;
        // Only now: what could not be dealt with comes again.
        store.note_notice(&["event", &notice.event], now.after(EVENT)).await?;
        Ok(NoticeReply { ignored: false })
    }
}

/// Settles the purchase that it names.
async fn deal_with(app: &App, notice: &Notice) -> Result<(), Failure> {
    let (store, id) = (app.store()?, notice.purchase);
    let buyer = store.buyer(id).await?.ok_or_else(|| Failure::of(Code::NotFound))?;
    if let Some(charge) = &notice.charge {
        believe(app, buyer, id, charge).await?;
    }
    let moved = move_on(app, buyer, id).await?;
    match moved.and_then(|moved| moved.unheard) {
        Some(unheard) => Err(StoreError::Unavailable(unheard.to_string()).into()),
        None => Ok(()),
    }
}
