//! The queue of events, received and handed to the function that consumes it, as Lambda does.

use std::time::Duration;

use aws_sdk_sqs::{
    Client,
    types::{Message, MessageSystemAttributeName::MessageGroupId},
};
use croupier_web::{
    event::{BatchAnswer, MessageEvent, SqsAttributes, SqsRecord},
    function::Function,
};

use crate::{invocation::invoke, queue::EVENTS, sqs, stack::Running, stream::UNASKED, table::plain_http};

/// The most messages of a batch; of a FIFO queue, Lambda takes no more.
pub const MOST: i32 = 10;
/// For how long a message is the function's.
pub const VISIBILITY: Duration = Duration::from_secs(360);
/// How long to wait when there is none, and after a failure.
const PAUSE: Duration = Duration::from_secs(1);

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Receives and delivers, without end.
pub async fn follow(running: &Running, function: &Function) {
    let client = sqs::client(&running.private_endpoint, plain_http());
    let queue = sqs::url(&running.private_endpoint, EVENTS);
    loop {
        if let Err(error) = deliver(running, function, &client, &queue).await {
            tracing::warn!(function = function.name, %error, "messages will come again");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Delivers a batch, and deletes what was taken of it; the rest comes again when its time is over.
async fn deliver(running: &Running, function: &Function, client: &Client, queue: &str) -> Result<(), Failed> {
    let (pause, visibility) = (i32::try_from(PAUSE.as_secs())?, i32::try_from(VISIBILITY.as_secs())?);
    let asked = client.receive_message().queue_url(queue).max_number_of_messages(MOST).wait_time_seconds(pause);
    let asked = asked.visibility_timeout(visibility).message_system_attribute_names(MessageGroupId);
    let messages = asked.send().await?.messages.unwrap_or_default();
    if messages.is_empty() {
        return Ok(());
    }
    let event = serde_json::to_value(MessageEvent::Sqs { records: messages.iter().map(record).collect() })?;
    let answer = UNASKED.scope((), invoke(function, &running.app, event)).await?;
    let answer: BatchAnswer = serde_json::from_value(answer)?;
    for message in &messages {
        let failed = |id: &String| Some(id.as_str()) == message.message_id();
        if !answer.batch_item_failures.iter().any(|item| failed(&item.item_identifier)) {
            client.delete_message().queue_url(queue).set_receipt_handle(message.receipt_handle.clone()).send().await?;
        }
    }
    Ok(())
}

fn record(message: &Message) -> SqsRecord {
    let group = message.attributes.as_ref().and_then(|known| known.get(&MessageGroupId));
    SqsRecord {
        message_id: message.message_id.clone().unwrap_or_default(),
        body: message.body.clone().unwrap_or_default(),
        attributes: SqsAttributes { message_group_id: group.cloned() },
    }
}
