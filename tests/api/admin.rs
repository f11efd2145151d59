//! Operators: what they find, what they change, and the entry that tells of each change.

mod audit;
mod invites;
mod once;
mod shop;
mod user;
mod users;

use croupier_rules::time::Timestamp;
use croupier_tests::{
    seat::{Answer, Seat},
    world::World,
};
use serde_json::{Value, json};

/// Where players are listed.
pub const USERS: &str = "/api/admin/users";
/// Where invites are listed and made.
pub const INVITES: &str = "/api/admin/invites";
/// What operators did.
pub const AUDIT: &str = "/api/admin/audit";

/// Changes a player's rank, locks or unlocks the account.
pub async fn update(admin: &Seat, player: &Seat, change: Value) -> Answer {
    admin.patch(&format!("{USERS}/{}", player.id), change).await
}

/// Ends all sessions of a player.
pub async fn force_logout(admin: &Seat, player: &Seat) -> Answer {
    admin.post(&format!("{USERS}/{}/force-logout", player.id), json!({})).await
}

/// Makes an invite, and tells its code.
async fn invite(admin: &Seat, limits: Value) -> String {
    let made = admin.post(INVITES, limits).await.ok();
    made["items"][0]["code"].as_str().expect("a code").to_owned()
}

/// Everything that operators did, or what the query asks for, the newest first.
async fn entries(admin: &Seat, query: &str) -> Vec<Value> {
    admin.pages(&format!("{AUDIT}?limit=100&{query}")).await.concat()
}

/// One field of every item.
fn each(items: &[Value], field: &str) -> Vec<String> {
    items.iter().map(|item| item[field].as_str().expect("a text").to_owned()).collect()
}

/// Lets time pass until a moment.
fn wait_until(world: &World, moment: &str) {
    let moment: Timestamp = moment.parse().expect("a moment");
    assert!(moment > world.now(), "{moment} is over");
    world.pass(moment.since(world.now()));
}
