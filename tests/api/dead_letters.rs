//! What could not be taken: it is kept with its cause, seen by an operator, and handed over again when the cause is mended.

use std::{collections::BTreeMap, time::Duration};

use croupier_localstack::{
    queue::{EVENTS, EVENTS_DEAD, FAILURES},
    replay::{DeadLetter, DeadLetters, Matter, Outcome, Wanted},
    table::TABLE,
};
use croupier_rules::id::PlayerId;
use croupier_store::{item::Item, key::SK};
use croupier_tests::{
    audit::books,
    dead::letters,
    reader::Reader,
    seat::Seat,
    wire::{Fault, Wire},
    world::World,
};
use serde_json::{Value, json};
use tokio::time::timeout;

/// How long an event may take; it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many letters are in each queue that has some.
async fn counted(letters: &DeadLetters) -> BTreeMap<String, usize> {
    let mut counted = BTreeMap::new();
    for letter in letters.list().await.expect("queues that answer") {
        *counted.entry(letter.queue.rsplit('/').next().expect("a name").to_owned()).or_default() += 1;
    }
    counted
}

/// Why letters were not taken.
fn refusals(outcomes: &[Outcome]) -> Vec<String> {
    outcomes.iter().filter_map(|(_, result)| result.as_ref().err().map(ToString::to_string)).collect()
}

/// The sequences of a player's events in the queue, repeats and all.
fn told(world: &World, player: &str) -> Vec<u64> {
    let bodies = world.running().queues.named(EVENTS).expect("a queue").bodies();
    let events = bodies.iter().map(|body| serde_json::from_str::<Value>(body).expect("JSON"));
    let of_player = events.filter(|event| event["player_id"] == player);
    // A login stands in no ledger.
    of_player.filter_map(|event| event["sequence"].as_u64()).filter(|sequence| *sequence > 0).collect()
}

/// Waits until it is so, looking after each event.
async fn until(world: &World, is_so: impl Fn() -> bool) {
    let queue = world.running().queues.named(EVENTS).expect("a queue");
    loop {
        let seen = queue.taken();
        if is_so() {
            return;
        }
        timeout(PATIENCE, queue.has_taken(seen + 1)).await.expect("events in time");
    }
}

#[expect(clippy::disallowed_methods, reason = "damage is what no transaction does")]
async fn put(world: &World, item: &Item) {
    world.running().table.put_item().table_name(TABLE).set_item(Some(item.clone())).send().await.expect("a write");
}

/// A player of another world, as the ledger there has it.
struct Ledger {
    player: String,
    items: Vec<Item>,
}

impl Ledger {
    async fn played() -> Self {
        let world = World::start().await;
        let seat = world.newcomer("ann").await;
        for _ in 0..4 {
            seat.spin(10).await.ok();
        }
        let id: PlayerId = seat.id.parse().expect("an id");
        let query = world.store().entries(id, u64::MAX, 100, &Default::default()).await.expect("a ledger");
        let numbers: Vec<_> = query.entries.iter().map(|record| record.entry.number).collect();
        assert_eq!(numbers, [5, 4, 3, 2, 1]);
        let mut items = raw(&world, &seat).await;
        items.sort_by_key(|item| item["number"].as_n().expect("a number").parse::<u64>().expect("a number"));
        assert_eq!(books(&world).await.ledgers[&id].len(), items.len());
        world.stop().await;
        Self { player: seat.id, items }
    }
}

/// The entries of a seat, attribute by attribute.
async fn raw(world: &World, seat: &Seat) -> Vec<Item> {
    let query =
        world.running().table.query().table_name(TABLE).key_condition_expression("pk = :pk AND begins_with(sk, :tx)");
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let query = query.expression_attribute_values(":pk", text(&format!("PLAYER#{}", seat.id)));
    query.expression_attribute_values(":tx", text("TX#")).send().await.expect("a ledger").items.unwrap_or_default()
}

#[tokio::test]
async fn a_poison_entry_is_kept_with_its_cause_and_told_once_it_is_mended_however_often_it_is_replayed() {
    let Ledger { player, items } = Ledger::played().await;
    let world = World::start().await;
    let mut poison = items[2].clone();
    poison.remove("moved").expect("an attribute");
    for item in [&items[0], &items[1], &poison, &items[3], &items[4]] {
        put(&world, item).await;
    }
    // Who publishes comes last of those who are handed a record.
    until(&world, || told(&world, &player) == [1, 2, 4, 5]).await;

    let wire = Wire::default();
    let letters = letters(&world, &wire);
    let before = counted(&letters).await;
    assert_eq!((before[FAILURES], before["push-failures"]), (1, 1));
    assert!(before["project-failures"] >= 1, "boards cannot be counted from a ledger that cannot be read");
    let listed = letters.list().await.expect("queues that answer");
    let line = |queue: &str| {
        let of_queue = |letter: &&_| format!("{letter}").starts_with(queue);
        listed.iter().find(of_queue).expect("a letter").to_string()
    };
    let key = poison[SK].as_s().expect("a text");
    for said in [&player, key, "missing field `moved`", "publish makes no event"] {
        assert!(line(FAILURES).contains(said), "{}", line(FAILURES));
    }
    for said in ["push has not taken 1 from", "RetryAttemptsExhausted after 3 tries"] {
        assert!(line("push-failures").contains(said), "{}", line("push-failures"));
    }

    // Nobody takes it as long as it is as it is, and it stays.
    let outcomes = letters.replay(&Wanted::All).await.expect("queues that answer");
    let refused = refusals(&outcomes);
    assert_eq!(refused.len(), outcomes.len(), "{refused:?}");
    assert!(refused.iter().any(|why| why.contains("put aside again")), "{refused:?}");
    assert!(refused.iter().any(|why| why.contains("has not taken")), "{refused:?}");
    assert_eq!(counted(&letters).await, before);

    // Mended. What was taken and could not be deleted stays, and another replay does no harm.
    put(&world, &items[2]).await;
    wire.plan("DeleteMessage", &vec![Fault::Denied; before.values().sum()]);
    let refused = refusals(&letters.replay(&Wanted::All).await.expect("queues that answer"));
    assert!(refused.iter().all(|why| why.contains("it was taken, and is not deleted")), "{refused:?}");
    assert_eq!(counted(&letters).await, before);
    assert_eq!(refusals(&letters.replay(&Wanted::All).await.expect("queues that answer")), [""; 0]);
    assert_eq!(counted(&letters).await, BTreeMap::new());
    assert_eq!(told(&world, &player), [1, 2, 4, 5, 3], "once, and behind what had come by then");
    let calendar = world.running().app.economy.calendar;
    let counted = world.store().project(player.parse().expect("an id"), calendar).await.expect("a ledger");
    assert_eq!(counted, 0, "the boards know all of it");
    world.stop().await;
}

#[tokio::test]
async fn an_event_that_its_reader_never_deletes_goes_aside_and_back_into_its_queue() {
    let world = World::start().await;
    let ann = world.newcomer("ann").await;
    for _ in 0..2 {
        ann.spin(10).await.ok();
    }
    until(&world, || told(&world, &ann.id) == [1, 2, 3]).await;
    let reader = Reader::of(&world);
    let sequence = |body: &str| {
        let event: Value = serde_json::from_str(body).expect("JSON");
        (event["player_id"] == ann.id.as_str()).then(|| event["sequence"].as_u64().expect("a number"))
    };
    // The reader cannot take the second entry of Ann, and takes all others.
    for _ in 0..20 {
        for message in reader.some().await {
            if sequence(message.body().expect("a body")) != Some(2) {
                reader.done(&message).await;
            }
        }
        world.pass(Duration::from_secs(31));
        if !world.running().queues.named(EVENTS_DEAD).expect("a queue").bodies().is_empty() {
            break;
        }
    }
    assert_eq!(told(&world, &ann.id), [0; 0], "everything else was read");

    let letters = letters(&world, &Wire::default());
    let [letter] = letters.list().await.expect("queues that answer").try_into().expect("one letter");
    assert!(matches!(&letter.matter, Matter::Unread { from: Some(arn) } if arn.ends_with(EVENTS)));
    assert!(letter.to_string().contains(&format!("round.played 2 of {}", ann.id)), "{letter}");
    let one = Wanted::One(letter.id().to_owned());
    assert_eq!(refusals(&letters.replay(&one).await.expect("queues that answer")), [""; 0]);
    assert_eq!(counted(&letters).await, BTreeMap::new());
    // It is not five minutes since it was sent first, and the queue takes it all the same.
    assert_eq!(told(&world, &ann.id), [2]);
    let [message] = reader.some().await.try_into().expect("one message");
    assert_eq!(message.body(), Some(letter.body()));
    assert_eq!(message.message_attributes.expect("attributes")["type"].string_value(), Some("round.played"));
    world.stop().await;
}

#[tokio::test]
async fn only_what_is_asked_for_is_replayed_or_discarded() {
    let world = World::start().await;
    let queue = |name: &str| world.running().queues.named(name).expect("a queue");
    let keys = json!({ "pk": { "S": "PLAYER#nobody" }, "sk": { "S": "TX#nothing" } });
    for (place, name) in [(7, FAILURES), (8, FAILURES), (9, "push-failures")] {
        let body =
            json!({ "function": "publish", "sequence_number": place.to_string(), "keys": keys, "cause": "a test" });
        let sent = serde_json::from_value(json!({ "MessageBody": body.to_string() })).expect("a message");
        queue(name).send(sent, world.now()).expect("a good message");
    }
    let letters = letters(&world, &Wire::default());
    let all = letters.list().await.expect("queues that answer");
    let one = all.iter().find(|letter| letter.queue.ends_with(FAILURES)).expect("a letter");
    let one = Wanted::One(one.id().to_owned());
    let why = "the item is not in the table".to_owned();
    assert_eq!(refusals(&letters.replay(&one).await.expect("queues that answer")), std::slice::from_ref(&why));
    let of_queue = Wanted::Queue(FAILURES.to_owned());
    assert_eq!(refusals(&letters.replay(&of_queue).await.expect("queues that answer")), [why.clone(), why]);
    assert_eq!(counted(&letters).await.values().sum::<usize>(), 3, "nothing was taken");
    assert!(letters.replay(&Wanted::One("unknown".to_owned())).await.expect("queues that answer").is_empty());

    assert_eq!(refusals(&letters.discard(&one).await.expect("queues that answer")), [""; 0]);
    assert_eq!(counted(&letters).await.values().sum::<usize>(), 2);
    assert_eq!(letters.discard(&of_queue).await.expect("queues that answer").len(), 1);
    assert_eq!(counted(&letters).await, BTreeMap::from([("push-failures".to_owned(), 1)]));
    world.stop().await;
}

/// A world with one poison entry in it, given up by `push` and put aside by `publish`.
async fn poisoned() -> (World, Ledger) {
    let ledger = Ledger::played().await;
    let world = World::start().await;
    let mut poison = ledger.items[0].clone();
    poison.remove("moved").expect("an attribute");
    put(&world, &poison).await;
    put(&world, &ledger.items[1]).await;
    until(&world, || told(&world, &ledger.player) == [2]).await;
    (world, ledger)
}

/// The letters of a queue, the oldest first.
async fn of_queue(letters: &DeadLetters, name: &str) -> Vec<DeadLetter> {
    let all = letters.list().await.expect("queues that answer");
    all.into_iter().filter(|letter| letter.queue.ends_with(name)).collect()
}

#[tokio::test]
async fn what_lambda_gave_up_and_a_replay_puts_aside_is_not_taken_and_the_new_letter_is_named() {
    let (world, ledger) = poisoned().await;
    let letters = letters(&world, &Wire::default());
    let [old] = of_queue(&letters, FAILURES).await.try_into().expect("one letter");
    // As if `publish` had failed on it, like `push`, and Lambda had given up.
    let [pushed] = of_queue(&letters, "push-failures").await.try_into().expect("one letter");
    let body = pushed.body().replace("function:push", "function:publish");
    let sent = serde_json::from_value(json!({ "MessageBody": body })).expect("a message");
    world.running().queues.named(FAILURES).expect("a queue").send(sent, world.now()).expect("a good message");
    let given_up = of_queue(&letters, FAILURES).await.pop().expect("a letter");
    assert!(matches!(given_up.matter, Matter::GivenUp(_)));

    let one = Wanted::One(given_up.id().to_owned());
    let [why] = refusals(&letters.replay(&one).await.expect("queues that answer")).try_into().expect("a refusal");
    let now = of_queue(&letters, FAILURES).await;
    let [kept, new] = now.as_slice() else { panic!("two letters: {}", now.len()) };
    assert_eq!(kept.id(), old.id());
    assert_eq!(why, format!("it was put aside again, as {}", new.id()));

    // One that lies there about the same entry is not taken for a new one.
    let one = Wanted::One(old.id().to_owned());
    let [why] = refusals(&letters.replay(&one).await.expect("queues that answer")).try_into().expect("a refusal");
    let [kept, newest] = of_queue(&letters, FAILURES).await.try_into().expect("two letters");
    assert_eq!(kept.id(), new.id());
    assert_eq!(why, format!("it was put aside again, as {}", newest.id()));
    put(&world, &ledger.items[0]).await;
    let one = Wanted::One(newest.id().to_owned());
    assert_eq!(refusals(&letters.replay(&one).await.expect("queues that answer")), [""; 0]);
    world.stop().await;
}

#[tokio::test]
async fn what_was_handed_over_is_told_even_if_nobody_can_see_what_became_of_it() {
    let (world, ledger) = poisoned().await;
    put(&world, &ledger.items[0]).await;
    let wire = Wire::default();
    let letters = letters(&world, &wire);
    let [letter] = of_queue(&letters, FAILURES).await.try_into().expect("one letter");
    let taken = world.running().queues.named(EVENTS).expect("a queue").taken() + 1;
    let away = async {
        world.running().queues.named(EVENTS).expect("a queue").has_taken(taken).await;
        wire.plan("ReceiveMessage", &[Fault::Denied; 20]);
    };
    let one = Wanted::One(letter.id().to_owned());
    let (outcomes, ()) = tokio::join!(letters.replay(&one), away);
    let [(of, result)] = outcomes.expect("what became of it").try_into().expect("one letter");
    assert_eq!(of.id(), letter.id());
    let why = result.expect_err("a doubt").to_string();
    assert!(why.contains("it was handed over") && why.contains("AccessDenied"), "{why}");
    assert_eq!(told(&world, &ledger.player), [2, 1]);
    wire.behave();
    assert_eq!(of_queue(&letters, FAILURES).await.len(), 0);
    world.stop().await;
}

#[tokio::test]
async fn what_was_received_from_other_queues_is_everybodys_again_when_one_does_not_answer() {
    let (world, _) = poisoned().await;
    let mut letters = letters(&world, &Wire::default());
    let before = counted(&letters).await;
    let real = letters.queues.clone();
    let nowhere = real[0].rsplit_once('/').expect("a URL").0.to_owned() + "/nowhere";
    letters.queues.push(nowhere);
    let why = letters.list().await.expect_err("a queue that is none").to_string();
    assert!(why.contains("nowhere"), "{why}");
    letters.queues = real;
    assert_eq!(counted(&letters).await, before);
    world.stop().await;
}
