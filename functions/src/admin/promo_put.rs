use croupier_rules::{
    admin::AdminAction,
    name::{PromoCode, Sku},
    number::Between,
    shop::promo::{Off, Promo, PromoTerms},
    time::Timestamp,
};
use croupier_store::key::Key;
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    made::{Count, Several, check_window, written, yes},
    promos::PromoRecord,
};

/// Making a promo code, or changing all of it.
pub struct AdminPromoPut;

/// What the code is good for from now on; what is left out is none.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PromoPutRequest {
    code: String,
    /// How many cents come off each one; else `off_percent` says it.
    off_cents: Option<Between<1, 10_000_000>>,
    /// How many percent come off each one; else `off_cents` says it.
    off_percent: Option<Between<1, 100>>,
    /// For what alone it is good; for whatever costs real money, where nothing is said.
    sku: Option<Sku>,
    /// From when on; always, where nothing is said.
    starts_at: Option<Timestamp>,
    /// Until when; for ever, where nothing is said.
    ends_at: Option<Timestamp>,
    /// How many purchases it is good for, those that have it included; endless, where nothing is said.
    max_uses: Option<Count>,
    /// How many purchases of one player it is good for; endless, where nothing is said.
    per_user_limit: Option<Several>,
    /// Whether it is good for anything at all.
    #[serde(default = "yes")]
    is_active: bool,
}

impl PromoPutRequest {
    fn terms(self) -> Result<PromoTerms, Failure> {
        check_window(self.starts_at, self.ends_at)?;
        let off = match (self.off_cents, self.off_percent) {
            (Some(cents), None) => Off::Cents(cents),
            (None, Some(percent)) => Off::Percent(percent),
            (Some(_), Some(_)) => {
                return Err(Failure::field("off_percent", "INVALID", "only one of off_cents and off_percent"));
            }
            (None, None) => return Err(Failure::field("off_cents", "MISSING", "is required, or off_percent instead")),
        };
        Ok(PromoTerms {
            off,
            sku: self.sku,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            max_uses: self.max_uses.map(|most| most.get().into()),
            per_user_limit: self.per_user_limit.map(|most| most.get().into()),
            is_active: self.is_active,
        })
    }
}

impl Endpoint for AdminPromoPut {
    const ROUTE: Route =
        Route::put("admin-promo-put", "/api/admin/promos/{code}", "Make a promo code, or change all of it.")
            .or(&[Code::NotFound]);
    type Caller = Admin;
    type Request = PromoPutRequest;
    type Reply = PromoRecord;

    async fn handle(call: Call<'_, Admin>, request: PromoPutRequest) -> Result<PromoRecord, Failure> {
        let code: PromoCode = request.code.parse().map_err(|_| Failure::of(Code::NotFound))?;
        let terms = request.terms()?;
        let begun = call.audit(AdminAction::PromoUpsert, &code);
        let key = Key::promo(&code);
        let edited = call.store()?.edit(&key, |seen: Option<&Promo>| -> Result<_, Failure> {
            let before = seen.map(|seen| &seen.terms);
            if before == Some(&terms) {
                return Ok(None);
            }
            let entry = begun.of_change(before, &terms)?;
            let (used, revision) = seen.map_or((0, 1), |seen| (seen.used, seen.revision + 1));
            Ok(Some((Promo { code: code.clone(), terms: terms.clone(), revision, used }, entry)))
        });
        written(edited.await?).map(PromoRecord::from)
    }
}
