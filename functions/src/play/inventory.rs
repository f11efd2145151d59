use croupier_rules::gacha::{GachaItem, Rarity};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};
use schemars::JsonSchema;
use serde::Serialize;

/// The items that the caller has.
pub struct Inventory;

/// A player's items.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InventoryReply {
    items: Vec<InventoryItem>,
}

/// How many of an item.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InventoryItem {
    item_id: String,
    /// What the player sees; null for an item that is not given any more.
    name: Option<String>,
    rarity: Option<Rarity>,
    count: u64,
}

impl Endpoint for Inventory {
    const ROUTE: Route = Route::get("inventory", "/api/users/inventory", "List the items that the caller has.");
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = InventoryReply;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<InventoryReply, Failure> {
        let gacha = &call.app.economy.gacha;
        let items = call.store()?.items(call.caller.player.id).await?;
        let shown = items.into_iter().map(|(item_id, count)| {
            let known = gacha.item(&item_id).cloned();
            let (name, rarity) = known.map(|GachaItem { name, rarity, .. }| (name, rarity)).unzip();
            InventoryItem { item_id, name, rarity, count }
        });
        Ok(InventoryReply { items: shown.collect() })
    }
}
