//! What no try would send on: it is kept for an operator, with the reason, and holds up nobody.

use aws_config::SdkConfig;
use aws_sdk_sqs::Client;
use serde::{Deserialize, Serialize};
use serde_dynamo::Item;

use super::{acceptable, cause};

/// A queue for what makes no event, for an operator to look at.
pub struct Aside {
    client: Client,
    queue: String,
}

/// A new item of which a function makes no event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoEvent {
    /// The function, by its name in the table of functions.
    pub function: String,
    /// The place in the stream.
    pub sequence_number: String,
    /// The key of the item.
    pub keys: Item,
    /// Why.
    pub cause: String,
}

/// A message of an event that makes no rows for analytics.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoRows {
    /// What its queue called it.
    pub message_id: String,
    /// What its order was kept in.
    pub group: Option<String>,
    /// What it says. Of Kafka, what is no text stands here as it came, in base64.
    pub body: String,
    /// Why.
    pub cause: String,
}

impl Aside {
    /// The queue at this URL.
    pub fn at(sdk: &SdkConfig, queue: &str) -> Self {
        Self::through(Client::new(sdk), queue)
    }

    /// The same through this client.
    pub fn through(client: Client, queue: &str) -> Self {
        Self { client, queue: queue.to_owned() }
    }

    /// Keeps what is known of something that makes no event.
    ///
    /// # Errors
    /// The queue does not take it now.
    pub async fn put(&self, what: &impl Serialize) -> Result<(), String> {
        let body = acceptable(serde_json::to_string(what).map_err(|error| error.to_string())?);
        let sent = self.client.send_message().queue_url(&self.queue).message_body(body).send().await;
        sent.map(drop).map_err(|error| cause(&error))
    }
}
