use croupier_rules::{
    admin::{AdminAction, AuditEntry},
    name::Sku,
    shop::{package::Package, product::Product},
};
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::limited::Plan;

/// Putting on sale what ships with the game.
pub struct AdminShopSeed;

/// What was put on sale.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShopSeedReply {
    /// What was not there yet, in the order of the economy file.
    created: Vec<Sku>,
}

impl Endpoint for AdminShopSeed {
    const ROUTE: Route = Route::post(
        "admin-shop-seed",
        "/api/admin/shop/seed",
        "Put on sale what ships with the game and is not there yet.",
    );
    type Caller = Admin;
    type Request = Nothing;
    type Reply = ShopSeedReply;

    async fn handle(call: Call<'_, Admin>, _: Nothing) -> Result<ShopSeedReply, Failure> {
        let entry = |sku: &Sku, made: Result<&Product, &Package>| -> Result<Option<AuditEntry>, Failure> {
            let entry = match made {
                Ok(product) => call.audit(AdminAction::ProductUpsert, sku).of_change((), &product.terms),
                Err(package) => call.audit(AdminAction::LimitedUpsert, sku).of_change((), Plan::of(package)),
            };
            Ok(Some(entry?))
        };
        Ok(ShopSeedReply { created: call.store()?.stock_up(&call.app.economy, entry).await? })
    }
}
