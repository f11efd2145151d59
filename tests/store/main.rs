//! What each condition of a write means, also in a race.

mod act;
mod admin;
mod board;
mod directory;
mod golden;
mod golden_shop;
mod journal;
mod limits;
mod sessions;
mod shape;
mod tx;
mod unheard;

use croupier_rules::{
    account::Session,
    id::{PlayerId, SessionId},
    ledger::Change,
    player::Player,
    round::Round,
    time::Timestamp,
};
use croupier_store::{
    account::Newcomer,
    item::{Login, Profile},
};
use croupier_tests::world::World;
use serde_json::Value;

/// A world without an audit at its end: what is written there is no whole game.
async fn alone(test: impl AsyncFnOnce(&World)) {
    let world = World::start().await;
    test(&world).await;
    world.stop().await;
}

/// The only session of everyone.
fn session(world: &World) -> Session {
    let ends_at = Timestamp::from_millis(world.now().millis() + 3_600_000);
    Session {
        id: SessionId::new(1, 1),
        revision: 1,
        spent_hash: None,
        used_at: world.now(),
        seen_at: None,
        epoch: 0,
        refresh_hash: "hash".to_owned(),
        device: "test".to_owned(),
        created_at: world.now(),
        ends_at,
        expires: ends_at.seconds(),
    }
}

/// A player about to be, with the start of a ledger and a session.
fn newcomer(world: &World, name: &str) -> Newcomer {
    newcomer_as(world, name, PlayerId::new(1, name.bytes().fold(0, |number, byte| number << 8 | u128::from(byte))))
}

/// The same under an id, which tells when the player joined.
fn newcomer_as(world: &World, name: &str, id: PlayerId) -> Newcomer {
    let (now, economy) = (world.now(), &world.running().app.economy);
    let change: Change = Player::sign_up(id, false, None, now, economy).expect("a player");
    let (site_id, nickname) = (name.parse().expect("a site id"), name.parse().expect("a nickname"));
    Newcomer {
        change,
        profile: Profile {
            revision: 1,
            site_id,
            nickname,
            phone_number: None,
            created_at: now,
            last_login_at: now,
            sessions: vec![SessionId::new(1, 1)],
        },
        login: Login { player: id, password_hash: "hash".to_owned(), made_by: None },
        invite: None,
        session: Some(session(world)),
    }
}

/// A player who is there.
async fn seated(world: &World, name: &str) -> Player {
    let newcomer = newcomer(world, name);
    world.store().sign_up(&newcomer, world.now()).await.expect("a free name");
    world.wire.take();
    newcomer.change.player().clone()
}

/// The player with other values, as if they had been read from the table. Only what a player keeps can be changed.
fn with(player: &Player, changes: Value) -> Player {
    let mut json = serde_json::to_value(player).expect("JSON");
    let Value::Object(changes) = changes else { panic!("no object: {changes}") };
    json.as_object_mut().expect("an object").extend(changes);
    let changed: Player = serde_json::from_value(json.clone()).expect("a player");
    assert_eq!(serde_json::to_value(&changed).expect("JSON"), json);
    changed
}

/// On what a rule may rely.
fn round(world: &World) -> Round<'_> {
    let app = &world.running().app;
    Round { now: world.now(), economy: &app.economy, master: app.seeds.as_ref().expect("a master key") }
}

/// What went over the wire, whatever became of it; without what the stream's consumer asks, which comes at any time.
fn passed(world: &World) -> Vec<String> {
    let calls = world.wire.take().into_iter().map(|call| call.operation);
    calls.filter(|operation| operation != "Query").collect()
}
