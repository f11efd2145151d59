use croupier_rules::shop::product::Product;
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    page::{Cursor, Limit, Page},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CatalogItem;

/// What is always on sale.
pub struct Catalog;

/// Which products.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct CatalogRequest {
    /// How many at once.
    #[serde(default)]
    limit: Limit,
    /// Where the page before ended.
    cursor: Option<Cursor>,
}

const SCOPE: &str = "catalog";

impl Endpoint for Catalog {
    const ROUTE: Route = Route::get("catalog", "/api/shop/catalog", "List products with their prices as they are now.")
        .or(&[Code::CursorInvalid, Code::BalanceLimit]);
    type Caller = SignedIn;
    type Request = CatalogRequest;
    type Reply = Page<CatalogItem>;

    async fn handle(call: Call<'_, SignedIn>, request: CatalogRequest) -> Result<Page<CatalogItem>, Failure> {
        let after: Option<String> = request.cursor.map(|cursor| cursor.read(SCOPE)).transpose()?;
        let found = call.store()?.made::<Product>(after.as_deref(), request.limit.get()).await?;
        Ok(Page {
            items: found.items.iter().map(|product| CatalogItem::of(product, call.now)).collect::<Result<_, _>>()?,
            next_cursor: found.next.map(|next| Cursor::write(SCOPE, next)),
        })
    }
}
