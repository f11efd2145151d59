use croupier_rules::{
    admin::AdminAction,
    money::{Cents, Coins, Gems, OutOfRange},
    name::Title,
    number::Between,
    player::Rank,
    shop::{
        Grants, Price,
        package::Package,
        product::{Discount, Product, ProductNumber, ProductTerms},
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
    made::{check_grants, sku_of, written, yes},
    products::ProductRecord,
};
use crate::shop::PlayPrice;

/// Making a product, or changing all of it.
pub struct AdminProductPut;

/// What the product is from now on; what is left out is none.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ProductPutRequest {
    sku: String,
    /// By which clients may name it. Asked for when it is new; does not change afterwards.
    id: Option<ProductNumber>,
    name: Title,
    /// What one costs in real money, in cents; else `price` says it.
    price_cents: Option<Cents>,
    /// What one costs in play currency; else `price_cents` says it.
    price: Option<PlayPrice>,
    grants: Grants,
    /// What comes off the price.
    discount_percent: Option<Between<1, 100>>,
    /// Until when; for ever, where nothing is said.
    discount_ends_at: Option<Timestamp>,
    /// Who may buy it; everyone, where nothing is said.
    min_rank: Option<Rank>,
    /// Whether it is for sale.
    #[serde(default = "yes")]
    is_active: bool,
}

impl ProductPutRequest {
    fn terms(&self, seen: Option<&ProductTerms>) -> Result<ProductTerms, Failure> {
        Ok(ProductTerms {
            id: self.number(seen.map(|seen| seen.id))?,
            name: self.name.clone(),
            price: self.price()?,
            grants: self.grants.clone(),
            discount: self.discount()?,
            min_rank: self.min_rank.unwrap_or_default(),
            is_active: self.is_active,
        })
    }

    fn number(&self, seen: Option<ProductNumber>) -> Result<ProductNumber, Failure> {
        match (self.id, seen) {
            (Some(id), Some(seen)) if id != seen => Err(Failure::field("id", "INVALID", "cannot be changed")),
            (None, None) => Err(Failure::field("id", "MISSING", "is required for a new product")),
            (Some(id), _) | (None, Some(id)) => Ok(id),
        }
    }

    fn price(&self) -> Result<Price, Failure> {
        let too_much = |error: OutOfRange| Failure::field("price", "INVALID", error);
        match (self.price_cents, self.price) {
            (Some(cents), None) => Ok(Price::Cents(cents)),
            (None, Some(PlayPrice::Coins(coins))) => Coins::new(coins).map(Price::Coins).map_err(too_much),
            (None, Some(PlayPrice::Gems(gems))) => Gems::new(gems).map(Price::Gems).map_err(too_much),
            (Some(_), Some(_)) => Err(Failure::field("price", "INVALID", "only one of price_cents and price")),
            (None, None) => Err(Failure::field("price_cents", "MISSING", "is required, or price instead")),
        }
    }

    fn discount(&self) -> Result<Option<Discount>, Failure> {
        match (self.discount_percent, self.discount_ends_at) {
            (Some(percent), ends_at) => Ok(Some(Discount { percent, ends_at })),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Failure::field("discount_percent", "MISSING", "is required for a discount")),
        }
    }
}

impl Endpoint for AdminProductPut {
    const ROUTE: Route =
        Route::put("admin-product-put", "/api/admin/products/{sku}", "Make a product, or change all of it.")
            .or(&[Code::NotFound, Code::Taken]);
    type Caller = Admin;
    type Request = ProductPutRequest;
    type Reply = ProductRecord;

    async fn handle(call: Call<'_, Admin>, request: ProductPutRequest) -> Result<ProductRecord, Failure> {
        let (store, sku) = (call.store()?, sku_of(&request.sku)?);
        check_grants(&request.grants, &call.app.economy)?;
        // Nothing bounds how many a player buys of a product: for nothing, there would be no end of it.
        let discount = request.discount_percent.map_or(0, Between::get);
        if request.price()?.total(1, discount, None)?.amount() == 0 {
            return Err(Failure::field("price", "INVALID", "must be at least 1 after the discount"));
        }
        if store.get::<Package>(&Key::package(&sku)).await?.is_some() {
            return Err(Failure::taken("sku"));
        }
        let begun = call.audit(AdminAction::ProductUpsert, &sku);
        let key = Key::product(&sku);
        let edited = store.edit(&key, |seen: Option<&Product>| -> Result<_, Failure> {
            let before = seen.map(|seen| &seen.terms);
            let terms = request.terms(before)?;
            if before == Some(&terms) {
                return Ok(None);
            }
            let entry = begun.of_change(before, &terms)?;
            let revision = seen.map_or(0, |seen| seen.revision) + 1;
            Ok(Some((Product { sku: sku.clone(), terms, revision }, entry)))
        });
        written(edited.await?).map(ProductRecord::from)
    }
}
