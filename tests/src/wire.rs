//! The wire between the SDK and the table and the queues: it counts what passes, and loses what it is told to lose.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex},
};

use aws_sdk_dynamodb::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};
use croupier_localstack::{invocation::INVOKED, stream::UNASKED, table::plain_http};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::role::{self, Permission};

/// What can go wrong between a client and the table or a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The request never arrives.
    LostRequest,
    /// The request is carried out and the answer never arrives.
    LostReply,
    /// Nothing arrives, and nothing is said.
    Silence,
    /// Another transaction has the same items.
    Collision,
    /// The table gives no more right now.
    Throttle,
    /// Whoever asks may not.
    Denied,
    /// Of several messages, the first is not taken by the queue this time.
    Part,
    /// Of several messages, the first is one that the queue will never take.
    Unacceptable,
}

/// One call of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Passed {
    /// Which operation.
    pub operation: String,
    /// The capacity units that the table charged for it.
    pub units: f64,
    /// What was done to it.
    pub fault: Option<Fault>,
}

#[derive(Debug)]
struct State {
    passed: Vec<Passed>,
    planned: VecDeque<(String, Fault)>,
    chance: Option<(StdRng, f64)>,
    beyond: Vec<String>,
    used: BTreeSet<Permission>,
}

/// The wire. Clones share what they count.
#[derive(Debug, Clone)]
pub struct Wire {
    state: Arc<Mutex<State>>,
    inner: SharedHttpClient,
}

impl Default for Wire {
    fn default() -> Self {
        let state = State {
            passed: Vec::new(),
            planned: VecDeque::new(),
            chance: None,
            beyond: Vec::new(),
            used: BTreeSet::new(),
        };
        Self { state: Arc::new(Mutex::new(state)), inner: plain_http() }
    }
}

impl Wire {
    /// Does this to the next calls of an operation that a request asks for, one each, in this order.
    pub fn plan(&self, operation: &str, faults: &[Fault]) {
        let planned = faults.iter().map(|fault| (operation.to_owned(), *fault));
        self.state.lock().unwrap().planned.extend(planned);
    }

    /// From now on does something to this share of all calls, by a seed.
    pub fn misbehave(&self, seed: u64, share: f64) {
        self.state.lock().unwrap().chance = Some((StdRng::seed_from_u64(seed), share));
    }

    /// From now on does nothing to anybody.
    pub fn behave(&self) {
        let mut state = self.state.lock().unwrap();
        state.chance = None;
        state.planned.clear();
    }

    /// Everything that requests asked for since the last time this was asked.
    pub fn take(&self) -> Vec<Passed> {
        std::mem::take(&mut self.state.lock().unwrap().passed)
    }

    /// What functions asked of the table although their roles in the template do not allow it.
    pub fn beyond_their_roles(&self) -> Vec<String> {
        self.state.lock().unwrap().beyond.clone()
    }

    /// The permissions of their roles that functions made use of.
    pub fn used_permissions(&self) -> BTreeSet<Permission> {
        self.state.lock().unwrap().used.clone()
    }

    /// Whether the function that makes this call may not make it.
    fn denied(&self, target: &str, operation: &str, asked: &Value) -> bool {
        let Ok(function) = INVOKED.try_with(|function| *function) else { return false };
        if !target.starts_with("DynamoDB_") {
            return false;
        }
        let denied = role::denied(function, operation, asked);
        let mut state = self.state.lock().unwrap();
        state.used.extend(role::used(function, operation, asked));
        state.beyond.extend(denied.iter().map(|deed| format!("{function} may not: {deed:?}")));
        !denied.is_empty()
    }

    fn fault(&self, operation: &str, asked: bool) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        if asked && let Some(place) = state.planned.iter().position(|(wanted, _)| wanted == operation) {
            return state.planned.remove(place).map(|(_, fault)| fault);
        }
        let (rng, share) = state.chance.as_mut()?;
        let faults = [Fault::LostRequest, Fault::LostReply, Fault::Collision, Fault::Throttle];
        rng.random_bool(*share).then(|| faults[rng.random_range(0..faults.len())])
    }
}

impl HttpClient for Wire {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            wire: self.clone(),
            inner: self.inner.http_connector(settings, components),
        })
    }
}

#[derive(Debug)]
struct Connector {
    wire: Wire,
    inner: SharedHttpConnector,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (wire, inner) = (self.wire.clone(), self.inner.clone());
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default();
            let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
            let asked: Value = serde_json::from_slice(request.body().bytes().unwrap_or_default()).unwrap_or_default();
            // What runs by itself, beside the test, is neither counted nor planned for.
            let by_request = UNASKED.try_with(|()| ()).is_err();
            let denied = wire.denied(target, &operation, &asked);
            let fault = if denied { Some(Fault::Denied) } else { wire.fault(&operation, by_request) };
            let note = |units| {
                let passed = Passed { operation: operation.clone(), units, fault };
                if by_request {
                    wire.state.lock().unwrap().passed.push(passed);
                }
            };
            let lost = || ConnectorError::io("the wire lost it".into());
            match fault {
                Some(Fault::LostRequest) => {
                    note(0.0);
                    Err(lost())
                }
                Some(Fault::Silence) => {
                    note(0.0);
                    std::future::pending().await
                }
                Some(Fault::Collision) if operation == "TransactWriteItems" => {
                    note(0.0);
                    let items = asked["TransactItems"].as_array().map_or(0, Vec::len);
                    let reasons: Vec<_> = (0..items)
                        .map(|place| json!({ "Code": if place == 0 { "TransactionConflict" } else { "None" } }))
                        .collect();
                    Ok(refusal("TransactionCanceledException", json!({ "CancellationReasons": reasons })))
                }
                Some(Fault::Throttle) => {
                    note(0.0);
                    Ok(refusal("ProvisionedThroughputExceededException", json!({})))
                }
                Some(Fault::Denied) => {
                    note(0.0);
                    Ok(refusal("AccessDeniedException", json!({})))
                }
                Some(Fault::Part) => {
                    note(0.0);
                    part(&inner, request, asked, "InternalError", false).await
                }
                Some(Fault::Unacceptable) => {
                    note(0.0);
                    part(&inner, request, asked, "InvalidMessageContents", true).await
                }
                fault => {
                    let (answer, units) = pass(&inner, request, asked).await?;
                    note(units);
                    if fault == Some(Fault::LostReply) { Err(lost()) } else { Ok(answer) }
                }
            }
        })
    }
}

/// Lets all messages of a batch through but the first, which is refused for this reason.
async fn part(
    inner: &SharedHttpConnector,
    request: HttpRequest,
    mut asked: Value,
    code: &str,
    sender_fault: bool,
) -> Result<HttpResponse, ConnectorError> {
    let messages = asked["Entries"].as_array_mut().expect("a batch");
    let refused = messages.remove(0)["Id"].take();
    let mut answer = json!({ "Successful": [], "Failed": [] });
    if !messages.is_empty() {
        let (passed, _) = pass(inner, request, asked).await?;
        answer = serde_json::from_slice(passed.body().bytes().unwrap_or_default()).expect("JSON");
    }
    let failed = answer["Failed"].as_array_mut().expect("a list");
    failed.push(json!({ "Id": refused, "Code": code, "Message": "injected", "SenderFault": sender_fault }));
    Ok(HttpResponse::new(200.try_into().expect("a status"), SdkBody::from(answer.to_string())))
}

/// Lets a call through, and asks the table what it charges for it.
async fn pass(
    inner: &SharedHttpConnector,
    mut request: HttpRequest,
    mut asked: Value,
) -> Result<(HttpResponse, f64), ConnectorError> {
    asked["ReturnConsumedCapacity"] = "TOTAL".into();
    let body = asked.to_string();
    request.headers_mut().insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
    let response = inner.call(request).await?;
    let status = response.status();
    let bytes = ByteStream::new(response.into_body()).collect().await;
    let bytes = bytes.map_err(|error| ConnectorError::io(error.into()))?.into_bytes();
    let answered: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let charged = &answered["ConsumedCapacity"];
    let units = match charged {
        Value::Array(tables) => tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum(),
        table => table["CapacityUnits"].as_f64().unwrap_or(0.0),
    };
    Ok((HttpResponse::new(status, SdkBody::from(bytes.as_ref())), units))
}

fn refusal(kind: &str, mut body: Value) -> HttpResponse {
    body["__type"] = format!("com.amazonaws.dynamodb.v20120810#{kind}").into();
    body["message"] = "injected".into();
    let status = 400.try_into().expect("a status");
    HttpResponse::new(status, SdkBody::from(body.to_string()))
}
