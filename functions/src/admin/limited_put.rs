use croupier_rules::{
    admin::AdminAction,
    money::Cents,
    name::Title,
    player::Rank,
    shop::{
        Grants,
        package::{Package, PackageTerms},
        product::Product,
    },
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
    limited::{PackageRecord, Plan},
    made::{Count, Several, check_end, check_grants, check_window, sku_of, written, yes},
};

/// Making a limited package, or changing all of it.
pub struct AdminLimitedPut;

/// What the package is from now on; what is left out is none.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct LimitedPutRequest {
    code: String,
    name: Title,
    price_cents: Cents,
    grants: Grants,
    /// From when on; always, where nothing is said.
    starts_at: Option<Timestamp>,
    /// Until when; for ever, where nothing is said.
    ends_at: Option<Timestamp>,
    /// How many a player may have; endless, where nothing is said.
    per_user_limit: Option<Several>,
    /// Who may buy it; everyone, where nothing is said.
    min_rank: Option<Rank>,
    /// Whether it is for sale.
    #[serde(default = "yes")]
    is_active: bool,
    /// How many there are, those that are held and sold included; null: endless. Never left out: nobody makes a package endless
    /// by an oversight.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schemars(required, extend("type" = ["integer", "null"]))]
    stock: Option<Count>,
}

impl LimitedPutRequest {
    fn plan(self) -> Plan {
        let terms = PackageTerms {
            name: self.name,
            price_cents: self.price_cents,
            grants: self.grants,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            per_user_limit: self.per_user_limit.map(|limit| limit.get().into()),
            min_rank: self.min_rank.unwrap_or_default(),
            is_active: self.is_active,
        };
        Plan { terms, stock: self.stock.map(|stock| stock.get().into()) }
    }
}

impl Endpoint for AdminLimitedPut {
    const ROUTE: Route = Route::put(
        "admin-limited-put",
        "/api/admin/limited-packages/{code}",
        "Make a limited package, or change all of it.",
    )
    .or(&[Code::NotFound, Code::Taken, Code::StockTaken]);
    type Caller = Admin;
    type Request = LimitedPutRequest;
    type Reply = PackageRecord;

    async fn handle(call: Call<'_, Admin>, request: LimitedPutRequest) -> Result<PackageRecord, Failure> {
        let (store, code) = (call.store()?, sku_of(&request.code)?);
        let plan = request.plan();
        check_grants(&plan.terms.grants, &call.app.economy)?;
        check_window(plan.terms.starts_at, plan.terms.ends_at)?;
        check_end(&plan.terms, plan.stock)?;
        if store.get::<Product>(&Key::product(&code)).await?.is_some() {
            return Err(Failure::taken("code"));
        }
        let begun = call.audit(AdminAction::LimitedUpsert, &code);
        let key = Key::package(&code);
        let edited = store.edit(&key, |seen: Option<&Package>| -> Result<_, Failure> {
            let before = seen.map(Plan::of);
            if before.as_ref() == Some(&plan) {
                return Ok(None);
            }
            let next = match seen {
                Some(seen) => seen.edited(plan.terms.clone(), plan.stock)?,
                None => Package::new(code.clone(), plan.terms.clone(), plan.stock),
            };
            Ok(Some((next, begun.of_change(before, &plan)?)))
        });
        written(edited.await?).map(PackageRecord::from)
    }
}
