//! The WebSocket gateway, and the management API through which functions post to open sockets.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::{
        Path, Query, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{any, post},
};
use croupier_functions::FUNCTIONS;
use croupier_web::{
    event::{SocketAnswer, SocketContext, SocketEvent, SocketHappening},
    function::Trigger,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::{invocation::invoke, stack::Running};

/// The open sockets, by the name under which functions know them.
#[derive(Default)]
pub struct Open(Mutex<HashMap<String, UnboundedSender<String>>>);

impl Open {
    fn with<T>(&self, change: impl FnOnce(&mut HashMap<String, UnboundedSender<String>>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn enter(&self, connection: &str) -> UnboundedReceiver<String> {
        let (sender, receiver) = unbounded_channel();
        self.with(|open| open.insert(connection.to_owned(), sender));
        receiver
    }

    /// Cuts a socket off without telling anyone, as a lost network does.
    pub fn cut(&self, connection: &str) {
        self.with(|open| open.remove(connection));
    }

    fn post(&self, connection: &str, message: String) -> bool {
        self.with(|open| open.get(connection).is_some_and(|sender| sender.send(message).is_ok()))
    }
}

/// Where clients open sockets.
pub fn routes() -> Router<Arc<Running>> {
    Router::new().route("/ws", any(open))
}

/// Where functions post to open sockets; on a port of its own, since whoever reaches it may write to everyone.
pub fn management() -> Router<Arc<Running>> {
    Router::new().route("/@connections/{connection}", post(take))
}

async fn take(State(running): State<Arc<Running>>, Path(connection): Path<String>, body: Bytes) -> Response {
    let message = String::from_utf8_lossy(&body).into_owned();
    if running.open.post(&connection, message) {
        StatusCode::OK.into_response()
    } else {
        (StatusCode::GONE, [("x-amzn-errortype", "GoneException")], "{}").into_response()
    }
}

async fn open(
    State(running): State<Arc<Running>>,
    Query(query): Query<BTreeMap<String, String>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let connection = running.fresh_name();
    let answer = tell(&running, SocketHappening::Connect, &connection, Some(query), None).await;
    match StatusCode::from_u16(answer.status_code) {
        // Not before: until the function has said yes, a socket is gone to whoever posts to it, as on AWS.
        Ok(StatusCode::OK) => {
            let outgoing = running.open.enter(&connection);
            upgrade.on_upgrade(async move |socket| serve(&running, &connection, socket, outgoing).await)
        }
        refused => refused.unwrap_or(StatusCode::BAD_GATEWAY).into_response(),
    }
}

async fn serve(running: &Running, connection: &str, mut socket: WebSocket, mut outgoing: UnboundedReceiver<String>) {
    loop {
        let message = tokio::select! {
            message = outgoing.recv() => message,
            said = socket.recv() => match said {
                Some(Ok(Message::Text(text))) => heard(running, connection, text.to_string()).await,
                Some(Ok(Message::Binary(bytes))) => {
                    heard(running, connection, String::from_utf8_lossy(&bytes).into_owned()).await
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            },
        };
        // Nothing to send means that the socket was cut off.
        let Some(message) = message else { return };
        if !message.is_empty() && socket.send(Message::Text(message.into())).await.is_err() {
            break;
        }
    }
    running.open.cut(connection);
    tell(running, SocketHappening::Disconnect, connection, None, None).await;
}

async fn heard(running: &Running, connection: &str, text: String) -> Option<String> {
    let answer = tell(running, SocketHappening::Message, connection, None, Some(text)).await;
    Some(answer.body.unwrap_or_default())
}

async fn tell(
    running: &Running,
    event_type: SocketHappening,
    connection: &str,
    query_string_parameters: Option<BTreeMap<String, String>>,
    body: Option<String>,
) -> SocketAnswer {
    let failed = SocketAnswer { status_code: 502, body: None };
    let event = SocketEvent {
        request_context: SocketContext {
            connection_id: connection.to_owned(),
            event_type,
            request_id: running.fresh_name(),
        },
        query_string_parameters,
        body,
    };
    let wanted = |trigger| matches!(trigger, Trigger::Socket(happening) if happening == event_type);
    let Some(function) = FUNCTIONS.iter().find(|function| wanted(function.trigger)) else { return failed };
    let answered = match serde_json::to_value(event) {
        Ok(event) => invoke(function, &running.app, event).await,
        Err(error) => Err(error),
    };
    answered.and_then(serde_json::from_value).unwrap_or(failed)
}
