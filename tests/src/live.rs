//! A socket, as a game client has it.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message};

use crate::seat::{Seat, Site};

/// How long a push may take in a test; on the embedded stack it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// An open socket.
pub struct Live(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Live {
    /// Opens a socket for a seat.
    pub async fn open(seat: &Seat) -> Self {
        Self::with_ticket(&seat.site, &Self::ticket(seat).await).await.expect("a socket")
    }

    /// A ticket for a seat.
    pub async fn ticket(seat: &Seat) -> String {
        let ticket = seat.post("/api/realtime/ticket", Value::Object(serde_json::Map::new())).await.ok();
        ticket["ticket"].as_str().expect("a ticket").to_owned()
    }

    /// Opens a socket with a ticket; says with which status it was refused.
    pub async fn with_ticket(site: &Site, ticket: &str) -> Result<Self, u16> {
        match connect_async(format!("{}?ticket={ticket}", site.socket_url)).await {
            Ok((socket, _)) => Ok(Self(socket)),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(other) => panic!("{other}"),
        }
    }

    /// Says something.
    pub async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.expect("an open socket");
    }

    /// The next message, or all that came as one.
    pub async fn next(&mut self) -> Vec<Value> {
        match timeout(PATIENCE, self.hear()).await.expect("a message in time") {
            Value::Array(several) => several,
            one => vec![one],
        }
    }

    /// Messages until there are this many.
    pub async fn next_many(&mut self, many: usize) -> Vec<Value> {
        let mut messages = Vec::new();
        while messages.len() < many {
            messages.extend(self.next().await);
        }
        messages
    }

    async fn hear(&mut self) -> Value {
        loop {
            match self.0.next().await.expect("an open socket").expect("a message") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Closes the socket.
    pub async fn close(mut self) {
        self.0.close(None).await.expect("a clean end");
    }
}
