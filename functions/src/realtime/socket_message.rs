use croupier_web::{
    app::App,
    config::Need,
    consumer::SocketRoute,
    error::Failure,
    event::{SocketEvent, SocketHappening},
};
use serde::{Deserialize, Serialize};

/// A client says something on its socket.
pub struct SocketMessage;

/// What a client may say.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Said {
    Ping {},
}

/// What it is answered.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Answered {
    Pong,
    Error { message: &'static str },
}

impl SocketRoute for SocketMessage {
    const NAME: &'static str = "socket-message";
    const HAPPENING: SocketHappening = SocketHappening::Message;
    const NEEDS: &'static [Need] = &[];

    async fn handle(_: &App, event: SocketEvent) -> Result<Option<String>, Failure> {
        let answer = match serde_json::from_str(event.body.as_deref().unwrap_or_default()) {
            Ok(Said::Ping {}) => Answered::Pong,
            Err(_) => Answered::Error { message: r#"say {"type":"ping"}; everything else is asked over HTTPS"# },
        };
        serde_json::to_string(&answer).map(Some).map_err(Failure::internal)
    }
}
