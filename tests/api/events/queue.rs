//! The queues of a laptop, as the unmodified SDK finds them.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    error::ProvideErrorMetadata,
    types::{QueueAttributeName, SendMessageBatchRequestEntry},
};
use croupier_localstack::{
    queue::{EVENTS, FAILURES, Queues, Wanted},
    sqs,
};
use croupier_rules::time::Timestamp;
use croupier_tests::{audit::audit, reader::Reader, world::World};
use serde_json::{Value, json};
use tokio::time::Instant;

/// A queue of a world in which nothing happens.
struct Queue {
    world: World,
    client: Client,
    url: String,
}

/// A message to be sent: its group, its id, what it says.
type Said<'a> = (&'a str, &'a str, &'a str);

impl Queue {
    async fn named(name: &str) -> Self {
        let world = World::start().await;
        let client = Reader::of(&world).client;
        let queue = Self { url: sqs::url(&world.running().private_endpoint, name), client, world };
        // The admin with whom every world begins is told of as well.
        if name == EVENTS {
            audit(&queue.world).await;
            let [(_, handle)] = queue.receive(30).await.try_into().expect("one event");
            queue.delete(&handle).await.expect("a good handle");
        }
        queue
    }

    /// Sends messages together; tells the codes of those that were not taken.
    async fn send(&self, messages: &[Said<'_>]) -> Result<Vec<String>, String> {
        let entries = messages.iter().zip(0..).map(|((group, id, body), place)| {
            let entry = SendMessageBatchRequestEntry::builder().id(place.to_string()).message_body(*body);
            let group = (!group.is_empty()).then(|| (*group).to_owned());
            entry.set_message_group_id(group).message_deduplication_id(*id).build().expect("a message")
        });
        let sent =
            self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries.collect())).send().await;
        let sent = sent.map_err(|error| error.code().expect("a code").to_owned())?;
        assert_eq!(sent.successful.len() + sent.failed.len(), messages.len());
        Ok(sent.failed.into_iter().map(|failed| failed.code).collect())
    }

    /// Receives up to ten messages for so many seconds: what they say, and their handles.
    async fn receive(&self, seconds: i32) -> Vec<(String, String)> {
        let asked =
            self.client.receive_message().queue_url(&self.url).max_number_of_messages(10).visibility_timeout(seconds);
        let messages = asked.send().await.expect("an answer").messages.unwrap_or_default();
        messages
            .into_iter()
            .map(|message| (message.body.expect("a body"), message.receipt_handle.expect("a handle")))
            .collect()
    }

    async fn bodies(&self) -> Vec<String> {
        self.receive(30).await.into_iter().map(|(body, _)| body).collect()
    }

    async fn delete(&self, handle: &str) -> Result<(), String> {
        let deleted = self.client.delete_message().queue_url(&self.url).receipt_handle(handle).send().await;
        deleted.map(drop).map_err(|error| error.code().expect("a code").to_owned())
    }

    /// How many messages wait, and how many are somebody's.
    async fn counts(&self) -> [String; 2] {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let asked = self.client.get_queue_attributes().queue_url(&self.url).attribute_names(QueueAttributeName::All);
        let known = asked.send().await.expect("an answer").attributes.expect("attributes");
        names.map(|name| known[&name].clone())
    }
}

#[tokio::test]
async fn what_is_sent_again_within_five_minutes_is_taken_once_in_each_group() {
    let queue = Queue::named(EVENTS).await;
    assert_eq!(queue.send(&[("a", "1", "first"), ("b", "1", "other")]).await, Ok(vec![]));
    assert_eq!(queue.send(&[("a", "1", "again"), ("a", "2", "second")]).await, Ok(vec![]));
    assert_eq!(queue.bodies().await, ["first", "other", "second"]);
    // Time enough that nobody has them any more, not enough that they are forgotten.
    queue.world.pass(Duration::from_secs(299));
    assert_eq!(queue.send(&[("a", "1", "again")]).await, Ok(vec![]));
    queue.world.pass(Duration::from_secs(1));
    assert_eq!(queue.send(&[("a", "1", "late")]).await, Ok(vec![]));
    assert_eq!(queue.bodies().await, ["first", "other", "second", "late"]);
    queue.world.stop().await;
}

#[tokio::test]
async fn nothing_of_a_group_is_handed_out_while_somebody_works_on_what_comes_before() {
    let queue = Queue::named(EVENTS).await;
    queue.send(&[("a", "1", "a1"), ("b", "1", "b1")]).await.expect("an answer");
    let first = queue.receive(10).await;
    assert_eq!(first.iter().map(|(body, _)| body.as_str()).collect::<Vec<_>>(), ["a1", "b1"]);
    queue.send(&[("a", "2", "a2"), ("b", "2", "b2"), ("c", "1", "c1")]).await.expect("an answer");
    queue.delete(&first[1].1).await.expect("a good handle");
    assert_eq!(queue.bodies().await, ["b2", "c1"], "a1 is not done with");
    assert_eq!(queue.counts().await, ["1", "3"]);

    // Whoever has a1 takes too long: it is somebody else's, and then done with by nobody but them.
    queue.world.pass(Duration::from_secs(10));
    assert_eq!(queue.delete(&first[0].1).await, Err("InvalidParameterValue".to_owned()));
    let again = queue.receive(10).await;
    assert_eq!(again.iter().map(|(body, _)| body.as_str()).collect::<Vec<_>>(), ["a1", "a2"]);
    assert_eq!(queue.delete(&first[0].1).await, Err("InvalidParameterValue".to_owned()));
    queue.delete(&again[0].1).await.expect("a good handle");
    assert_eq!(queue.delete(&again[0].1).await, Ok(()), "what is gone needs no deleting");
    queue.world.stop().await;
}

#[tokio::test]
async fn what_is_no_message_or_no_batch_is_refused_as_sqs_does() {
    let queue = Queue::named(EVENTS).await;
    let codes = queue.send(&[("a", "1", "good"), ("", "2", "nobody's"), ("a", "3", "odd \u{ffff}")]).await;
    assert_eq!(codes, Ok(["MissingParameter", "InvalidMessageContents"].map(str::to_owned).into()));
    assert_eq!(queue.bodies().await, ["good"]);
    let refused = async |messages: &[Said<'_>]| queue.send(messages).await.expect_err("a refusal");
    assert_eq!(refused(&[]).await, "AWS.SimpleQueueService.EmptyBatchRequest");
    assert_eq!(refused(&[("a", "1", "x"); 11]).await, "AWS.SimpleQueueService.TooManyEntriesInBatchRequest");
    let half = "x".repeat(600_000);
    assert_eq!(refused(&[("a", "1", &half), ("a", "2", &half)]).await, "AWS.SimpleQueueService.BatchRequestTooLong");
    let elsewhere = queue.client.receive_message().queue_url("http://127.0.0.1/000000000000/elsewhere").send().await;
    assert!(elsewhere.expect_err("a refusal").as_service_error().expect("an answer").is_queue_does_not_exist());
    let purged = queue.client.purge_queue().queue_url(&queue.url).send().await;
    assert_eq!(purged.expect_err("a refusal").code(), Some("AWS.SimpleQueueService.UnsupportedOperation"));
    queue.world.stop().await;
}

#[tokio::test]
async fn a_queue_without_groups_hands_out_whatever_nobody_has() {
    let queue = Queue::named(FAILURES).await;
    queue.send(&[("", "", "one"), ("", "", "one")]).await.expect("an answer");
    assert_eq!(queue.bodies().await, ["one", "one"], "nothing is a repeat here");
    queue.client.send_message().queue_url(&queue.url).message_body("two").send().await.expect("an answer");
    assert_eq!(queue.bodies().await, ["two"]);
    assert_eq!(queue.counts().await, ["0", "3"]);
    queue.world.stop().await;
}

#[tokio::test]
async fn whoever_waits_is_told_as_soon_as_there_is_something() {
    let queue = Queue::named(EVENTS).await;
    let asked = queue.client.receive_message().queue_url(&queue.url).wait_time_seconds(20).send();
    let (received, _) = tokio::join!(asked, queue.send(&[("a", "1", "news")]));
    let messages = received.expect("an answer").messages.unwrap_or_default();
    assert_eq!(messages[0].body(), Some("news"));
    queue.world.stop().await;
}

/// What a message says, and its handle.
fn received(answer: &Value) -> (&str, &str) {
    let message = &answer["Messages"][0];
    (message["Body"].as_str().expect("a message in time"), message["ReceiptHandle"].as_str().expect("a handle"))
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_told_as_soon_as_somebody_else_has_had_a_message_for_too_long_or_is_done_with_it() {
    let (queues, begun) = (Queues::default(), Instant::now());
    let now = || Timestamp::from_millis(i64::try_from(begun.elapsed().as_millis()).expect("a time"));
    let queue = queues.named(EVENTS).expect("a queue");
    let wanted = |hidden: u64, wait: u64| {
        let wanted = json!({ "VisibilityTimeout": hidden, "WaitTimeSeconds": wait });
        serde_json::from_value::<Wanted>(wanted).expect("a request")
    };
    for (id, body) in [("1", "first"), ("2", "second")] {
        let sent = json!({ "MessageBody": body, "MessageGroupId": "a", "MessageDeduplicationId": id });
        queue.send(serde_json::from_value(sent).expect("a message"), now()).expect("a good message");
    }
    assert_eq!(received(&queue.receive(&wanted(3, 0), now).await).0, "first");
    // Whoever has it is not heard of any more.
    let again = queue.receive(&wanted(15, 20), now).await;
    let (body, handle) = received(&again);
    assert_eq!((body, begun.elapsed().as_secs()), ("first", 3));

    let (wanted, deleted) = (wanted(15, 10), async { queue.delete(handle, now()) });
    let (next, deleted) = tokio::join!(queue.receive(&wanted, now), deleted);
    deleted.expect("a good handle");
    assert_eq!((received(&next).0, begun.elapsed().as_secs()), ("second", 3));
    // Whoever gives it back need not be waited for either.
    let given_back = async { queue.hide(received(&next).1, 0, now()) };
    let (again, given_back) = tokio::join!(queue.receive(&wanted, now), given_back);
    given_back.expect("a good handle");
    assert_eq!((received(&again).0, begun.elapsed().as_secs()), ("second", 3));
}
