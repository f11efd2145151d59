//! Accounts: who comes in, who does not, and what nobody finds out.

mod log_in;
mod secrets;
mod sign_up;
mod tokens;

use aws_sdk_dynamodb::types::AttributeValue;
use croupier_localstack::table::TABLE;
use croupier_store::key::{PK, SK};
use croupier_tests::{seat::Seat, world::World};
use croupier_web::token::Claims;

/// What a seat's access token says.
pub fn claims(world: &World, seat: &Seat) -> Claims {
    world.running().app.tokens().unwrap().verify(&seat.token, world.now()).expect("a token of ours")
}

/// Bans a player, as an operator does.
pub async fn ban(world: &World, seat: &Seat) {
    set(world, seat, "active", AttributeValue::Bool(false)).await;
}

/// Ends all sessions of a player, by beginning another epoch of them.
pub async fn end_all_sessions(world: &World, seat: &Seat) {
    set(world, seat, "session_epoch", AttributeValue::N("1".to_owned())).await;
}

/// Ends the session of a seat, by taking it out of the table.
#[expect(clippy::disallowed_methods, reason = "no function ends a session yet")]
pub async fn end_session(world: &World, seat: &Seat) {
    let session = claims(world, seat).sid;
    let delete = world.running().table.delete_item().table_name(TABLE).key(PK, partition(seat));
    delete.key(SK, AttributeValue::S(format!("SESSION#{session}"))).send().await.unwrap();
}

#[expect(clippy::disallowed_methods, reason = "no function changes these yet")]
async fn set(world: &World, seat: &Seat, name: &str, value: AttributeValue) {
    let update = world.running().table.update_item().table_name(TABLE).key(PK, partition(seat));
    let update = update.key(SK, AttributeValue::S("PLAYER".to_owned())).update_expression("SET #name = :value");
    let update = update.expression_attribute_names("#name", name).expression_attribute_values(":value", value);
    update.send().await.unwrap();
}

fn partition(seat: &Seat) -> AttributeValue {
    AttributeValue::S(format!("PLAYER#{}", seat.id))
}
