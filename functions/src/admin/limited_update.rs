use croupier_rules::{admin::AdminAction, shop::package::Package, time::Timestamp};
use croupier_store::key::Key;
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    request::given,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    limited::{PackageRecord, Plan},
    made::{Count, Several, check_end, check_window, sku_of, written},
};

/// Changing some of a limited package, while it is sold.
pub struct AdminLimitedUpdate;

/// What to change; what is left out stays.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct LimitedUpdateRequest {
    code: String,
    /// False takes it off sale. What is held may still be paid for.
    is_active: Option<bool>,
    /// How many there are, those that are held and sold included; null: endless.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    stock: Option<Option<Count>>,
    /// From when on; null: always.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    starts_at: Option<Option<Timestamp>>,
    /// Until when; null: for ever.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    ends_at: Option<Option<Timestamp>>,
    /// How many a player may have; null: endless.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    per_user_limit: Option<Option<Several>>,
}

impl LimitedUpdateRequest {
    fn change(&self, Plan { mut terms, stock }: Plan) -> Result<Plan, Failure> {
        terms.is_active = self.is_active.unwrap_or(terms.is_active);
        terms.starts_at = self.starts_at.unwrap_or(terms.starts_at);
        terms.ends_at = self.ends_at.unwrap_or(terms.ends_at);
        terms.per_user_limit =
            self.per_user_limit.map_or(terms.per_user_limit, |limit| limit.map(|limit| limit.get().into()));
        check_window(terms.starts_at, terms.ends_at)?;
        let stock = self.stock.map_or(stock, |stock| stock.map(|stock| stock.get().into()));
        check_end(&terms, stock)?;
        Ok(Plan { terms, stock })
    }
}

impl Endpoint for AdminLimitedUpdate {
    const ROUTE: Route = Route::patch(
        "admin-limited-update",
        "/api/admin/limited-packages/{code}",
        "Change the stock, the window or the limit of a limited package, or take it off sale.",
    )
    .or(&[Code::NotFound, Code::StockTaken]);
    type Caller = Admin;
    type Request = LimitedUpdateRequest;
    type Reply = PackageRecord;

    async fn handle(call: Call<'_, Admin>, request: LimitedUpdateRequest) -> Result<PackageRecord, Failure> {
        let code = sku_of(&request.code)?;
        let begun = call.audit(AdminAction::LimitedUpsert, &code);
        let key = Key::package(&code);
        let edited = call.store()?.edit(&key, |seen: Option<&Package>| -> Result<_, Failure> {
            let seen = seen.ok_or_else(|| Failure::of(Code::NotFound))?;
            let before = Plan::of(seen);
            let plan = request.change(before.clone())?;
            if plan == before {
                return Ok(None);
            }
            let entry = begun.of_change(before, &plan)?;
            Ok(Some((seen.edited(plan.terms, plan.stock)?, entry)))
        });
        written(edited.await?).map(PackageRecord::from)
    }
}
