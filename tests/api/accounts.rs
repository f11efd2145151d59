//! Accounts: who comes in, who does not, and what nobody finds out.

mod last_used;
mod log_in;
mod passwords;
mod secrets;
mod sign_up;
mod timing;
mod tokens;

use croupier_tests::{
    seat::{Seat, Site},
    world::World,
};
use croupier_web::token::Claims;
use serde_json::json;

use crate::admin;

/// What a seat's access token says.
pub fn claims(world: &World, seat: &Seat) -> Claims {
    world.running().app.tokens().unwrap().verify(&seat.token, world.now()).expect("a token of ours")
}

/// Bans a player.
pub async fn ban(site: &Site, seat: &Seat) {
    admin::update(&site.admin().await, seat, json!({ "is_active": false })).await.ok();
}
