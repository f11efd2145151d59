//! What was told outside: the ledgers, and nothing besides.

use std::collections::BTreeMap;

use croupier_localstack::queue::FAILURES;
use croupier_rules::{event::Event, id::PlayerId};
use croupier_store::item::EntryRecord;

use crate::world::World;

/// Of whom the example tells by which `publish` is tried out; nobody.
const EXAMPLE: &str = "ply_01M821HJXD54WQFZ000000000A";

/// Whether each player's events are the player's ledger, once each and in its order.
pub async fn audit(world: &World, ledgers: &BTreeMap<PlayerId, Vec<EntryRecord>>) {
    // A queue in memory knows nothing of what was told before the process began.
    if world.running().reader.resumed {
        return;
    }
    let mut told = world.published(ledgers.values().map(Vec::len).sum()).await;
    for (player, ledger) in ledgers {
        let events = told.remove(player).unwrap_or_default();
        let wanted: Vec<_> = ledger.iter().map(|record| Event::of(&record.entry)).collect();
        assert_eq!(events, wanted, "what was told of {player}");
    }
    assert!(told.keys().all(|player| player.to_string() == EXAMPLE), "told of nobody: {:?}", told.keys());
    let failures = world.running().queues.named(FAILURES).expect("a queue");
    assert_eq!(failures.bodies(), [""; 0], "entries that make no event");
}
