use croupier_rules::{
    name::{PromoCode, Sku},
    shop::promo::{Off, Promo},
    time::Timestamp,
};
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    page::Page,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::made::{self, MadeRequest};

/// All promo codes.
pub struct AdminPromos;

/// A promo code, as an admin sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PromoRecord {
    code: PromoCode,
    /// How many cents come off each one; null where it is percent.
    off_cents: Option<u32>,
    /// How many percent come off each one; null where it is cents.
    off_percent: Option<u32>,
    /// For what alone it is good; null: for whatever costs real money.
    sku: Option<Sku>,
    /// Null: always.
    starts_at: Option<Timestamp>,
    /// Null: never.
    ends_at: Option<Timestamp>,
    /// How many purchases it is good for; null: endless.
    max_uses: Option<u64>,
    /// How many purchases of one player it is good for; null: endless.
    per_user_limit: Option<u64>,
    is_active: bool,
    /// Purchases that have it: paid, or about to be.
    used: u64,
    /// How often an operator has written it.
    revision: u64,
}

impl From<Promo> for PromoRecord {
    fn from(Promo { code, terms, revision, used }: Promo) -> Self {
        let (off_cents, off_percent) = match terms.off {
            Off::Cents(cents) => (Some(cents.get()), None),
            Off::Percent(percent) => (None, Some(percent.get())),
        };
        Self {
            code,
            off_cents,
            off_percent,
            sku: terms.sku,
            starts_at: terms.starts_at,
            ends_at: terms.ends_at,
            max_uses: terms.max_uses,
            per_user_limit: terms.per_user_limit,
            is_active: terms.is_active,
            used,
            revision,
        }
    }
}

impl Endpoint for AdminPromos {
    const ROUTE: Route =
        Route::get("admin-promos", "/api/admin/promos", "List promo codes with their uses.").or(&[Code::CursorInvalid]);
    type Caller = Admin;
    type Request = MadeRequest;
    type Reply = Page<PromoRecord>;

    async fn handle(call: Call<'_, Admin>, request: MadeRequest) -> Result<Page<PromoRecord>, Failure> {
        made::list::<Promo, _>(&call, request, "admin-promos").await
    }
}
