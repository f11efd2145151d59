//! Live: what is pushed to whom, and which sockets are opened and forgotten.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use croupier_functions::FUNCTIONS;
use croupier_localstack::table::TABLE;
use croupier_store::{item::Item, key::ENTRIES};
use croupier_tests::{
    live::Live,
    seat::{PASSWORD, Seat},
    world::{World, play},
};
use croupier_web::event::{StreamChange, StreamEvent, StreamRecord};
use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

/// How long something may take that takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// The gateway's names of a seat's sockets.
async fn sockets(world: &World, seat: &Seat) -> Vec<String> {
    let sockets = world.store().sockets(seat.id.parse().unwrap()).await.unwrap();
    sockets.into_iter().map(|socket| socket.connection).collect()
}

/// Waits until this many sockets of a seat are known.
async fn until_known(world: &World, seat: &Seat, many: usize) {
    let known = async {
        while sockets(world, seat).await.len() != many {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, known).await.expect("the right number of sockets in time");
}

fn numbers(messages: &[Value]) -> Vec<u64> {
    messages.iter().map(|message| message["sequence"].as_u64().expect("a number")).collect()
}

#[tokio::test]
async fn a_spin_is_told_at_once_with_what_it_changed() {
    play(async |world| {
        let seat = world.newcomer("watcher").await;
        let mut live = Live::open(&seat).await;
        let mut fastest = PATIENCE;
        for _ in 0..5 {
            let spin = seat.spin(10).await.ok();
            let begun = Instant::now();
            let told = live.next().await;
            fastest = fastest.min(begun.elapsed());
            let expected = json!({
                "type": "token_update", "sequence": spin["sequence"], "history_id": spin["round_id"],
                "balance_coin": spin["balance"], "balance_gem": spin["gems"], "delta_coin": spin["net_change"],
                "delta_gem": 0, "source": "SLOT_SPIN", "ts": world.now().to_string(),
            });
            assert_eq!(told, [expected]);
        }
        // What a busy machine delays is not counted.
        assert!(fastest < Duration::from_secs(1), "{fastest:?}");
    })
    .await;
}

#[tokio::test]
async fn everyone_is_told_their_own_news_on_all_their_sockets() {
    play(async |world| {
        let [one, other] = [world.newcomer("one").await, world.newcomer("other").await];
        let (mut at_home, mut on_the_road) = (Live::open(&one).await, Live::open(&one).await);
        let mut others = Live::open(&other).await;
        until_known(world, &one, 2).await;
        for _ in 0..3 {
            let ones = one.spin(10).await.ok()["round_id"].clone();
            for live in [&mut at_home, &mut on_the_road] {
                assert_eq!(live.next().await[0]["history_id"], ones);
            }
            // Had the other been told before, that would be the first message here.
            let round = other.spin(10).await.ok()["round_id"].clone();
            assert_eq!(others.next().await[0]["history_id"], round);
        }
    })
    .await;
}

#[tokio::test]
async fn many_spins_are_told_in_order_without_a_gap() {
    play(async |world| {
        let seat = world.newcomer("busy").await;
        let mut live = Live::open(&seat).await;
        join_all((0..5).map(async |_| {
            for _ in 0..8 {
                // Whoever comes too late too often is refused, and that is no gap.
                seat.spin(1).await;
            }
        }))
        .await;
        let (.., last) = seat.balance().await;
        assert!(last > 20, "only {last} entries");
        let told = live.next_many(usize::try_from(last - 1).unwrap()).await;
        assert_eq!(numbers(&told), (2..=last).collect::<Vec<_>>());
        // Nothing is told twice.
        seat.spin(1).await.ok();
        assert_eq!(numbers(&live.next().await), [last + 1]);
    })
    .await;
}

#[tokio::test]
async fn a_ping_is_answered_and_anything_else_is_an_error_that_closes_nothing() {
    play(async |world| {
        let seat = world.newcomer("talker").await;
        let mut live = Live::open(&seat).await;
        let large = format!(r#"{{"type":"{}"}}"#, "x".repeat(40_000));
        for nonsense in [
            "",
            " ",
            "ping",
            "\"ping\"",
            "{",
            "{}",
            "[]",
            "null",
            r#"{"type":"PING"}"#,
            r#"{"type":"spin","bet_amount":10}"#,
            r#"{"type":"token_update","balance_coin":1000000}"#,
            r#"{"type":null}"#,
            r#"{"type":"ping","type":"pong"}"#,
            r#"{"action":"$connect"}"#,
            "\u{0}",
            "🍒",
            &large,
        ] {
            live.say(nonsense).await;
            let answer = live.next().await.remove(0);
            assert_eq!(answer["type"], "error", "{nonsense:.80}");
            assert!(answer["message"].as_str().is_some_and(|text| text.contains("ping")), "{nonsense:.80}");
        }
        for ping in [r#"{"type":"ping"}"#, r#" {"id":7, "type":"ping"} "#] {
            live.say(ping).await;
            assert_eq!(live.next().await, [json!({ "type": "pong" })], "{ping}");
        }
        seat.spin(10).await.ok();
        assert_eq!(live.next().await[0]["type"], "token_update");
    })
    .await;
}

#[tokio::test]
async fn a_ticket_opens_one_socket_for_thirty_seconds() {
    play(async |world| {
        let seat = world.newcomer("guest").await;
        let refused = async |ticket: &str| Live::with_ticket(world, ticket).await.err();
        let used = Live::ticket(&seat).await;
        let _live = Live::with_ticket(world, &used).await.expect("a socket");
        let expired = Live::ticket(&seat).await;
        world.pass(Duration::from_secs(30));
        let invented = "x".repeat(used.len());
        for (what, ticket) in [
            ("used", used.as_str()),
            ("expired", &expired),
            ("invented", &invented),
            ("empty", ""),
            ("odd", "%00%ff"),
            ("an access token", &seat.token),
            ("under another name", "&token=x"),
        ] {
            assert_eq!(refused(ticket).await, Some(401), "{what}");
        }
        world.pass(Duration::from_secs(1));
        assert_eq!(refused(&expired).await, Some(401));
        let nothing_said = tokio_tungstenite::connect_async(&world.socket_url).await.err();
        assert!(nothing_said.is_some_and(|error| error.to_string().contains("401")));

        let in_time = Live::ticket(&seat).await;
        world.pass(Duration::from_millis(29_999));
        let _late = Live::with_ticket(world, &in_time).await.expect("a socket");
        assert_eq!(sockets(world, &seat).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_ticket_that_is_tried_many_times_at_once_opens_one_socket() {
    play(async |world| {
        let seat = world.newcomer("guest").await;
        let ticket = Live::ticket(&seat).await;
        let opened = join_all((0..10).map(|_| Live::with_ticket(world, &ticket))).await;
        assert_eq!(opened.iter().filter(|opened| opened.is_ok()).count(), 1);
        assert!(opened.iter().filter_map(|opened| opened.as_ref().err()).all(|status| *status == 401));
        assert_eq!(sockets(world, &seat).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_socket_that_was_cut_off_is_forgotten_and_the_others_are_told() {
    play(async |world| {
        let seat = world.newcomer("traveller").await;
        let _gone = Live::open(&seat).await;
        let [gone]: [String; 1] = sockets(world, &seat).await.try_into().unwrap();
        let mut live = Live::open(&seat).await;
        world.running().open.cut(&gone);
        // Before, the gateway might still be letting it in.
        world.pass(Duration::from_secs(31));
        assert_eq!(sockets(world, &seat).await.len(), 2);
        let spin = seat.spin(10).await.ok();
        assert_eq!(live.next().await[0]["history_id"], spin["round_id"]);
        until_known(world, &seat, 1).await;
        assert!(!sockets(world, &seat).await.contains(&gone));
    })
    .await;
}

#[tokio::test]
async fn a_socket_is_told_nothing_more_when_its_session_is_over() {
    play(async |world| {
        let here = world.newcomer("careful").await;
        let there = Seat::of(world, &world.log_in("careful", PASSWORD).await.ok());
        let (_over, mut live) = (Live::open(&here).await, Live::open(&there).await);
        here.post("/api/auth/logout", json!({})).await.ok();
        let spin = there.spin(10).await.ok();
        assert_eq!(live.next().await[0]["history_id"], spin["round_id"]);
        until_known(world, &there, 1).await;
    })
    .await;
}

#[tokio::test]
async fn a_closed_socket_is_forgotten() {
    play(async |world| {
        let seat = world.newcomer("leaver").await;
        let (closed, dropped) = (Live::open(&seat).await, Live::open(&seat).await);
        closed.close().await;
        until_known(world, &seat, 1).await;
        drop(dropped);
        until_known(world, &seat, 0).await;
        seat.spin(10).await.ok();
    })
    .await;
}

/// A seat's ledger as the table has it, in order.
async fn ledger(world: &World, seat: &Seat) -> Vec<Item> {
    let query = world.running().table.query().table_name(TABLE).index_name("by_number").consistent_read(true);
    let query = query.key_condition_expression("pk = :player");
    let query = query.expression_attribute_values(":player", AttributeValue::S(format!("PLAYER#{}", seat.id)));
    query.send().await.unwrap().items.unwrap()
}

#[tokio::test]
async fn a_batch_with_a_record_that_makes_no_sense_reports_just_that_one() {
    play(async |world| {
        let [one, other] = [world.newcomer("one").await, world.newcomer("other").await];
        let (mut ones, mut others) = (Live::open(&one).await, Live::open(&other).await);
        for (seat, live) in [(&one, &mut ones), (&other, &mut others)] {
            seat.spin(10).await.ok();
            seat.spin(10).await.ok();
            live.next_many(2).await;
        }
        let [mut images, of_other] = [ledger(world, &one).await, ledger(world, &other).await];
        let mut nonsense = images[1].clone();
        nonsense.insert("coins".to_owned(), AttributeValue::S("plenty".to_owned()));
        assert!(nonsense["sk"].as_s().unwrap().starts_with(ENTRIES.prefix));
        images.splice(2..2, [nonsense]);
        images.extend(of_other);

        let records = images.into_iter().zip(100..).map(|(image, place)| StreamRecord {
            event_name: "INSERT".to_owned(),
            dynamodb: StreamChange {
                sequence_number: place.to_string(),
                keys: serde_dynamo::Item::default(),
                new_image: image.into(),
            },
        });
        let batch = serde_json::to_value(StreamEvent { records: records.collect() }).unwrap();
        let push = FUNCTIONS.iter().find(|function| function.name == "push").unwrap();
        let answer = push.invoke(&world.running().app, batch).await.unwrap();
        assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "102" }] }));
        for live in [&mut ones, &mut others] {
            assert_eq!(numbers(&live.next().await), [2, 3]);
        }
    })
    .await;
}
