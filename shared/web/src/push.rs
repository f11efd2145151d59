//! The way to open sockets.

use aws_config::SdkConfig;
use aws_sdk_apigatewaymanagement::{Client, config::Builder, primitives::Blob};

/// Posts to open sockets through the gateway's management API.
pub struct Sockets(Client);

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posted {
    /// The gateway took it.
    Taken,
    /// There is no such socket any more.
    Gone,
}

impl Sockets {
    /// Posts to this endpoint.
    pub fn at(sdk: &SdkConfig, endpoint: &str) -> Self {
        Self(Client::from_conf(Builder::from(sdk).endpoint_url(endpoint).build()))
    }

    /// Posts through this client.
    pub fn through(client: Client) -> Self {
        Self(client)
    }

    /// Sends a message to one socket.
    ///
    /// # Errors
    /// The gateway cannot be reached or is throttling.
    pub async fn post(&self, connection: &str, message: &str) -> Result<Posted, String> {
        let sent = self.0.post_to_connection().connection_id(connection).data(Blob::new(message)).send().await;
        match sent {
            Ok(_) => Ok(Posted::Taken),
            Err(error) if error.as_service_error().is_some_and(|error| error.is_gone_exception()) => Ok(Posted::Gone),
            Err(error) => Err(aws_sdk_apigatewaymanagement::error::DisplayErrorContext(error).to_string()),
        }
    }
}
