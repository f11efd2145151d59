//! What stands in for ClickHouse on the wire, and fails there as it is told. It takes inserts and knows no SQL: what becomes of rows, and what
//! queries say of them, is asked of the real engine by the journeys.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use croupier_rules::event::row::Table;
use croupier_web::warehouse::Warehouse;
use futures_util::stream;
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::timeout};

/// The secret by which it knows us.
pub const SECRET: &str = r#"{"username":"croupier","password":"cherry-of-this-test"}"#;
/// How long an insert may take here.
const PATIENCE: Duration = Duration::from_millis(500);

/// What can go wrong with an insert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks before anything is done.
    LostRequest,
    /// It is done, and the connection breaks before the answer has come.
    LostReply,
    /// It is done, and nothing is said about it.
    Stall,
    /// A table has no such column, or there is none.
    Refused,
    /// It has no room, or is about to end.
    Down,
    /// It says 200, and that it is none.
    FalseSuccess,
    /// It answers with this status.
    Status(u16),
}

/// An insert as it came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    /// What is to be done.
    pub query: String,
    /// In which database, and with which settings.
    pub parameters: BTreeMap<String, String>,
    /// As whom, with which password.
    pub login: [String; 2],
    /// The rows.
    pub rows: Vec<Value>,
}

/// How long rows may take in a test; on the embedded stack they take milliseconds.
const LONGEST: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Memory {
    grown: watch::Sender<()>,
    asked: Vec<Insert>,
    rows: BTreeMap<String, Vec<Value>>,
    planned: VecDeque<(Option<Table>, Fault)>,
    poison: BTreeSet<String>,
}

/// What stands in for ClickHouse, until it is dropped.
pub struct ClickHouse {
    endpoint: String,
    memory: Arc<Mutex<Memory>>,
    _server: JoinSet<()>,
}

impl ClickHouse {
    /// Starts it.
    pub async fn start() -> Self {
        let memory = Arc::<Mutex<Memory>>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().route("/", post(answer)).with_state(Arc::clone(&memory));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.expect("a server") });
        Self { endpoint, memory, _server: server }
    }

    /// Where it is.
    pub fn endpoint(&self) -> String {
        self.endpoint.clone()
    }

    /// The way there.
    pub fn client(&self) -> Warehouse {
        Warehouse::new(&self.endpoint, "croupier", Some(&SECRET.into()), PATIENCE).expect("a way")
    }

    /// This happens to the next inserts into a table, or into any, one after the other.
    pub fn plan(&self, table: Option<Table>, faults: &[Fault]) {
        self.memory.lock().unwrap().planned.extend(faults.iter().map(|fault| (table, *fault)));
    }

    /// From now on refuses whatever is sent together with a row of this event.
    pub fn refuse(&self, event: &str) {
        self.memory.lock().unwrap().poison.insert(event.to_owned());
    }

    /// What was asked since the last time this was asked.
    pub fn asked(&self) -> Vec<Insert> {
        std::mem::take(&mut self.memory.lock().unwrap().asked)
    }

    /// The rows of a table, as they came in.
    pub fn rows(&self, table: Table) -> Vec<Value> {
        self.memory.lock().unwrap().rows.get(table.stored_as()).cloned().unwrap_or_default()
    }

    /// Waits until the rows of a table are as they should be.
    pub async fn until(&self, table: Table, are_right: impl Fn(&[Value]) -> bool) {
        let mut grown = self.memory.lock().unwrap().grown.subscribe();
        let right = async {
            while !are_right(&self.rows(table)) {
                grown.changed().await.expect("somebody who writes");
            }
        };
        timeout(LONGEST, right).await.expect("rows in time");
    }
}

async fn answer(
    State(memory): State<Arc<Mutex<Memory>>>,
    Query(mut parameters): Query<BTreeMap<String, String>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let query = parameters.remove("query").unwrap_or_default();
    let table = query.strip_prefix("INSERT INTO ").and_then(|rest| rest.strip_suffix(" FORMAT JSONEachRow"));
    let table = table.expect("an insert").to_owned();
    let rows: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    let login = [header("x-clickhouse-user"), header("x-clickhouse-key")];
    let fault = {
        let mut memory = memory.lock().unwrap();
        memory.asked.push(Insert { query, parameters, login, rows: rows.clone() });
        let meant = |(wanted, _): &(Option<Table>, Fault)| wanted.is_none_or(|wanted| wanted.stored_as() == table);
        let place = memory.planned.iter().position(meant);
        let planned = place.and_then(|place| memory.planned.remove(place)).map(|(_, fault)| fault);
        let poisoned = |row: &Value| row["event_id"].as_str().is_some_and(|event| memory.poison.contains(event));
        let fault = planned.or_else(|| rows.iter().any(poisoned).then_some(Fault::Refused));
        if matches!(fault, None | Some(Fault::LostReply | Fault::Stall)) {
            memory.rows.entry(table).or_default().extend(rows);
            memory.grown.send_replace(());
        }
        fault
    };
    let broken = || Body::from_stream(stream::iter([Err::<String, _>(io::Error::other("the connection broke"))]));
    let code = |code: &'static str| [("x-clickhouse-exception-code", code)];
    match fault {
        None => StatusCode::OK.into_response(),
        Some(Fault::LostRequest | Fault::LostReply) => broken().into_response(),
        Some(Fault::Stall) => std::future::pending().await,
        Some(Fault::Refused) => {
            let text = "Code: 117. DB::Exception: Unknown field found while parsing JSONEachRow format";
            (StatusCode::BAD_REQUEST, code("117"), text).into_response()
        }
        Some(Fault::Down) => (StatusCode::SERVICE_UNAVAILABLE, "no server").into_response(),
        Some(Fault::Status(status)) => StatusCode::from_u16(status).expect("a status").into_response(),
        Some(Fault::FalseSuccess) => (code("241"), "Code: 241. DB::Exception: Memory limit exceeded").into_response(),
    }
}
