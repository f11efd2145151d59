//! What was told outside: the ledgers, the logins, what operators did, and nothing besides.

use croupier_localstack::queue::FAILURES;
use croupier_rules::event::{Event, News};

use super::Books;
use crate::world::World;

/// Of whom the example tells by which `publish` is tried out; nobody.
const EXAMPLE: &str = "ply_01M821HJXD54WQFZ000000000A";

/// Whether each player's events are the player's ledger, once each and in its order, and what operators did; and every login that
/// is not over was told.
pub async fn audit(world: &World, books: &Books) {
    // A queue in memory knows nothing of what was told before the process began.
    if world.running().reader.resumed {
        return;
    }
    let deeds = books.operators.iter().map(Event::of_deed);
    // What a later refresh writes down is not what the login told.
    let logins = books.sessions.iter().map(|(player, login)| Event::of_login(*player, login));
    let expected: Vec<_> = deeds.chain(logins).collect();
    let entries = books.ledgers.values().flatten().map(|record| Event::of(&record.entry));
    let awaited = entries
        .chain(expected.iter().cloned())
        .map(|Event { envelope, .. }| (envelope.player_id, envelope.event_id))
        .collect();
    let mut told = world.published(&awaited).await;
    let besides = |events: &mut Vec<Event>| events.extract_if(.., |event| event.envelope.sequence == 0).collect();
    let mut others: Vec<Event> = told.values_mut().flat_map::<Vec<_>, _>(besides).collect();
    for (player, ledger) in &books.ledgers {
        let events = told.remove(player).unwrap_or_default();
        let wanted: Vec<_> = ledger.iter().map(|record| Event::of(&record.entry)).collect();
        assert_eq!(events, wanted, "what was told of {player}");
    }
    assert!(told.keys().all(|player| player.to_string() == EXAMPLE), "told of nobody: {:?}", told.keys());
    for event in expected {
        let place = others.iter().position(|told| *told == event).unwrap_or_else(|| panic!("not told: {event:?}"));
        others.swap_remove(place);
    }
    let is_a_login_that_is_over = |event: &Event| {
        matches!(event.news, News::LoggedIn(_)) && books.players.contains_key(&event.envelope.player_id)
    };
    assert!(others.iter().all(is_a_login_that_is_over), "told of what nobody did: {others:?}");
    let failures = world.running().queues.named(FAILURES).expect("a queue");
    assert_eq!(failures.bodies(), [""; 0], "entries that make no event");
}
