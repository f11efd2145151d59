use croupier_rules::{
    money::Cents,
    name::{Sku, Title},
    player::Rank,
    shop::{
        Grants,
        package::{Package, PackageTerms},
    },
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

/// All limited packages.
pub struct AdminLimited;

/// A limited package, as an admin sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PackageRecord {
    code: Sku,
    name: Title,
    price_cents: Cents,
    grants: Grants,
    /// Null: always.
    starts_at: Option<Timestamp>,
    /// Null: never.
    ends_at: Option<Timestamp>,
    /// How many a player may have; null: endless.
    per_user_limit: Option<u64>,
    min_rank: Rank,
    is_active: bool,
    /// All of them: what is free, held and sold; null: endless.
    stock: Option<u64>,
    /// Those that nobody has; null: endless.
    free: Option<u64>,
    /// Those that are held for buyers who have not paid yet.
    held: u64,
    sold: u64,
    /// How often an operator has written it.
    revision: u64,
}

impl From<Package> for PackageRecord {
    fn from(Package { sku, terms, revision, stock, held, sold }: Package) -> Self {
        Self {
            code: sku,
            name: terms.name,
            price_cents: terms.price_cents,
            grants: terms.grants,
            starts_at: terms.starts_at,
            ends_at: terms.ends_at,
            per_user_limit: terms.per_user_limit,
            min_rank: terms.min_rank,
            is_active: terms.is_active,
            stock: stock.map(|stock| stock.stock),
            free: stock.map(|stock| stock.free),
            held,
            sold,
            revision,
        }
    }
}

/// What an operator decides about a limited package. No more than that is in the audit: what is held and sold moves by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Plan {
    #[serde(flatten)]
    pub terms: PackageTerms,
    pub stock: Option<u64>,
}

impl Plan {
    pub(super) fn of(package: &Package) -> Self {
        Self { terms: package.terms.clone(), stock: package.stock.map(|stock| stock.stock) }
    }
}

impl Endpoint for AdminLimited {
    const ROUTE: Route =
        Route::get("admin-limited", "/api/admin/limited-packages", "List limited packages and where their stock is.")
            .or(&[Code::CursorInvalid]);
    type Caller = Admin;
    type Request = MadeRequest;
    type Reply = Page<PackageRecord>;

    async fn handle(call: Call<'_, Admin>, request: MadeRequest) -> Result<Page<PackageRecord>, Failure> {
        made::list::<Package, _>(&call, request, "admin-limited").await
    }
}
