use croupier_rules::{
    money::Cents,
    name::{Sku, Title},
    player::Rank,
    shop::{Grants, package::Package},
    time::Timestamp,
};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    page::{Cursor, Limit, Page},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is on sale for a time, and as long as there is some.
pub struct LimitedPackages;

/// Which packages.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct PackagesRequest {
    /// How many at once; fewer come where some are not open.
    #[serde(default)]
    limit: Limit,
    /// Where the page before ended.
    cursor: Option<Cursor>,
}

/// A limited package, as players see it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PackageItem {
    code: Sku,
    name: Title,
    price_cents: Cents,
    grants: Grants,
    /// Null: always.
    starts_at: Option<Timestamp>,
    /// Null: never.
    ends_at: Option<Timestamp>,
    /// Who may buy it; null: everyone.
    min_rank: Option<Rank>,
    /// How many a player may have; null: endless.
    per_user_limit: Option<u64>,
    /// How many are left; null: endless.
    remaining_stock: Option<u64>,
    /// How many more the caller may have, stock aside; null: endless.
    user_remaining: Option<u64>,
}

impl PackageItem {
    fn of(package: Package, bought: u64) -> Self {
        let (user_remaining, remaining_stock) = (package.left_for(bought), package.free());
        let terms = package.terms;
        Self {
            code: package.sku,
            name: terms.name,
            price_cents: terms.price_cents,
            grants: terms.grants,
            starts_at: terms.starts_at,
            ends_at: terms.ends_at,
            min_rank: Some(terms.min_rank).filter(|rank| *rank != Rank::Standard),
            per_user_limit: terms.per_user_limit,
            remaining_stock,
            user_remaining,
        }
    }
}

const SCOPE: &str = "limited-packages";

impl Endpoint for LimitedPackages {
    const ROUTE: Route =
        Route::get("limited-packages", "/api/shop/limited-packages", "List the limited packages that are open now.")
            .or(&[Code::CursorInvalid]);
    type Caller = SignedIn;
    type Request = PackagesRequest;
    type Reply = Page<PackageItem>;

    async fn handle(call: Call<'_, SignedIn>, request: PackagesRequest) -> Result<Page<PackageItem>, Failure> {
        let store = call.store()?;
        let after: Option<String> = request.cursor.map(|cursor| cursor.read(SCOPE)).transpose()?;
        let found = store.made::<Package>(after.as_deref(), request.limit.get()).await?;
        let open: Vec<_> = found.items.into_iter().filter(|package| package.is_open(call.now)).collect();
        let skus: Vec<_> = open.iter().map(|package| package.sku.clone()).collect();
        let bought = store.bought(call.caller.player.id, &skus).await?;
        Ok(Page {
            items: open.into_iter().zip(bought).map(|(package, bought)| PackageItem::of(package, bought)).collect(),
            next_cursor: found.next.map(|next| Cursor::write(SCOPE, next)),
        })
    }
}
