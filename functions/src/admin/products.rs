use croupier_rules::{
    money::Cents,
    name::{Sku, Title},
    player::Rank,
    shop::{
        Grants, Price,
        product::{Product, ProductNumber},
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
use crate::shop::PlayPrice;

/// All products.
pub struct AdminProducts;

/// A product, as an admin sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProductRecord {
    id: ProductNumber,
    sku: Sku,
    name: Title,
    /// What one costs in real money, in the smallest unit of `currency`; null for what is paid in play currency.
    price_cents: Option<Cents>,
    /// What one costs in play currency; null for what is paid in real money.
    price: Option<PlayPrice>,
    /// An ISO 4217 code, `coins` or `gems`.
    currency: &'static str,
    grants: Grants,
    /// What comes off the price, also when that is over; null: nothing.
    discount_percent: Option<u32>,
    /// When that ends, or has ended; null: never.
    discount_ends_at: Option<Timestamp>,
    min_rank: Rank,
    is_active: bool,
    /// How often it was written.
    revision: u64,
}

impl From<Product> for ProductRecord {
    fn from(Product { sku, terms, revision }: Product) -> Self {
        let (price_cents, price) = match terms.price {
            Price::Cents(cents) => (Some(cents), None),
            Price::Coins(coins) => (None, Some(PlayPrice::Coins(coins.get()))),
            Price::Gems(gems) => (None, Some(PlayPrice::Gems(gems.get()))),
        };
        Self {
            id: terms.id,
            sku,
            name: terms.name,
            price_cents,
            price,
            currency: terms.price.currency(),
            grants: terms.grants,
            discount_percent: terms.discount.map(|discount| discount.percent.get()),
            discount_ends_at: terms.discount.and_then(|discount| discount.ends_at),
            min_rank: terms.min_rank,
            is_active: terms.is_active,
            revision,
        }
    }
}

impl Endpoint for AdminProducts {
    const ROUTE: Route = Route::get("admin-products", "/api/admin/products", "List products, for sale or not.")
        .or(&[Code::CursorInvalid]);
    type Caller = Admin;
    type Request = MadeRequest;
    type Reply = Page<ProductRecord>;

    async fn handle(call: Call<'_, Admin>, request: MadeRequest) -> Result<Page<ProductRecord>, Failure> {
        made::list::<Product, _>(&call, request, "admin-products").await
    }
}
