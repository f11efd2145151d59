//! A reader of events, as any service beside the game is one: it asks the queue, message by message.

use aws_sdk_sqs::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    types::{Message, MessageSystemAttributeName},
};
use croupier_localstack::{queue::EVENTS, sqs};

use crate::world::{World, variable};

/// A reader of events.
pub struct Reader {
    /// Talks to the queue.
    pub client: Client,
    url: String,
}

impl Reader {
    /// One who reads what is published of a world.
    pub fn of(world: &World) -> Self {
        Self::at(&sqs::url(&world.running().private_endpoint, EVENTS))
    }

    /// One who reads the queue with this URL, as whoever the environment says.
    pub fn at(url: &str) -> Self {
        let endpoint: Vec<_> = url.split('/').take(3).collect();
        let told = |name: &str| variable(name).unwrap_or_else(|| "local".to_owned());
        let (key, secret) = (told("AWS_ACCESS_KEY_ID"), told("AWS_SECRET_ACCESS_KEY"));
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(Credentials::new(key, secret, variable("AWS_SESSION_TOKEN"), None, "environment"))
            .region(Region::new(told("AWS_DEFAULT_REGION")))
            .endpoint_url(endpoint.join("/"))
            .build();
        Self { client: Client::from_conf(config), url: url.to_owned() }
    }

    /// Up to ten messages, after a second at most.
    pub async fn some(&self) -> Vec<Message> {
        let asked = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10).wait_time_seconds(1);
        let asked =
            asked.message_system_attribute_names(MessageSystemAttributeName::All).message_attribute_names("All");
        asked.send().await.expect("an answer").messages.unwrap_or_default()
    }

    /// Says that a message is dealt with; tells whether it was still this reader's.
    pub async fn done(&self, message: &Message) -> bool {
        let handle = message.receipt_handle().expect("a handle");
        self.client.delete_message().queue_url(&self.url).receipt_handle(handle).send().await.is_ok()
    }
}
