//! An operator who looks after what could not be taken.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_sqs::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use croupier_localstack::{replay::DeadLetters, sqs, table::TABLE};

use crate::{wire::Wire, world::World};

fn sdk(endpoint: &str, wire: &Wire) -> SdkConfig {
    let credentials = Credentials::new("operator", "operator", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .http_client(SharedHttpClient::new(wire.clone()))
        .build()
}

/// The dead letters of a world, over a wire.
pub fn letters(world: &World, wire: &Wire) -> DeadLetters {
    let running = world.running();
    let queues = running.queues.dead().map(|(name, _)| sqs::url(&running.private_endpoint, name)).collect();
    DeadLetters::at(&sdk(&running.private_endpoint, wire), &sdk(&running.table_endpoint, wire), queues, TABLE)
}
