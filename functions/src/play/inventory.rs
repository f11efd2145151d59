use croupier_rules::gacha::Rarity;
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
    /// Null for an item that is not drawn.
    rarity: Option<Rarity>,
    count: u64,
}

impl Endpoint for Inventory {
    const ROUTE: Route = Route::get("inventory", "/api/users/inventory", "List the items that the caller has.");
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = InventoryReply;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<InventoryReply, Failure> {
        let economy = &call.app.economy;
        let items = call.store()?.items(call.caller.player.id).await?;
        let shown = items.into_iter().filter(|(_, count)| *count > 0).map(|(item_id, count)| {
            let name = economy.item_name(&item_id).map(str::to_owned);
            let rarity = economy.gacha.item(&item_id).map(|item| item.rarity);
            InventoryItem { item_id, name, rarity, count }
        });
        Ok(InventoryReply { items: shown.collect() })
    }
}
