//! What befalls a function in the middle of its work: a call of the table gets lost, or the function ends, as when its time is
//! over.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_sdk_dynamodb::config::{RuntimeComponents, SharedHttpClient};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::HttpRequest,
    result::ConnectorError,
};
use croupier_functions::FUNCTIONS;
use croupier_localstack::{invocation::invoke, stack::Options};
use croupier_web::event::{HttpAnswer, HttpContext, HttpEvent, HttpLine};
use serde_json::Value;
use tokio::sync::Notify;

use crate::{
    seat::{Answer, Seat},
    world::World,
};

/// How often the SDK makes a call that gets lost.
const TRIES: usize = 3;

/// What befalls a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// A call never arrives, nor do its repeats.
    LostRequest,
    /// A call is carried out, and neither its answer nor that of its repeats arrives.
    LostReply,
    /// A call is carried out, and nobody is there any more to hear of it.
    Death,
}

/// What befalls one invocation, and when.
#[derive(Debug, Clone)]
pub struct Fate(Arc<Thread>);

#[derive(Debug)]
struct Thread {
    at: usize,
    /// Whether only what writes is counted.
    writes: bool,
    blow: Blow,
    calls: AtomicUsize,
    died: Notify,
}

tokio::task_local! {
    static FATE: Fate;
}

impl Fate {
    /// This happens to the n-th call of the table, counted from one.
    pub fn at(call: usize, blow: Blow) -> Self {
        Self(Arc::new(Thread { at: call, writes: false, blow, calls: AtomicUsize::new(0), died: Notify::new() }))
    }

    /// This happens to the n-th call of the table that writes.
    pub fn at_write(call: usize, blow: Blow) -> Self {
        Self(Arc::new(Thread { at: call, writes: true, blow, calls: AtomicUsize::new(0), died: Notify::new() }))
    }

    /// Does some work, unless it ends in the middle.
    pub async fn befalls<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.0.died.notified() => None,
            done = FATE.scope(self.clone(), work) => Some(done),
        }
    }

    /// Whether the work came so far that it happened.
    pub fn struck(&self) -> bool {
        self.0.calls.load(Ordering::SeqCst) >= self.0.at
    }

    /// What happens to the next call.
    fn next(&self, request: &HttpRequest) -> Option<Blow> {
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        if self.0.writes && !target.ends_with("TransactWriteItems") {
            return None;
        }
        let call = self.0.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let tries = if self.0.blow == Blow::Death { 1 } else { TRIES };
        (self.0.at..self.0.at + tries).contains(&call).then_some(self.0.blow)
    }
}

/// Lets fate have its way in a world.
pub fn may_strike(options: &mut Options) {
    options.http = options.http.take().map(|inner| SharedHttpClient::new(Fateful { inner }));
}

#[derive(Debug)]
struct Fateful {
    inner: SharedHttpClient,
}

impl HttpClient for Fateful {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector { inner: self.inner.http_connector(settings, components) })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let inner = self.inner.clone();
        HttpConnectorFuture::new(async move {
            let fate = FATE.try_with(Clone::clone).ok();
            let lost = || ConnectorError::io("fate lost it".into());
            match fate.as_ref().and_then(|fate| fate.next(&request)) {
                None => inner.call(request).await,
                Some(Blow::LostRequest) => Err(lost()),
                Some(Blow::LostReply) => {
                    inner.call(request).await?;
                    Err(lost())
                }
                Some(Blow::Death) => {
                    inner.call(request).await?;
                    if let Some(fate) = fate {
                        fate.0.died.notify_one();
                    }
                    std::future::pending().await
                }
            }
        })
    }
}

/// What a client asks of a function.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Which function.
    pub function: &'static str,
    /// What its path says.
    pub parameters: BTreeMap<String, String>,
    /// Under which key.
    pub key: String,
    /// What else.
    pub body: Value,
}

impl Asked {
    /// This, under this key.
    pub fn of(function: &'static str, key: &str, body: Value) -> Self {
        Self { function, parameters: BTreeMap::new(), key: key.to_owned(), body }
    }

    /// The same of what a path names.
    pub fn about(mut self, parameter: &str, value: &str) -> Self {
        self.parameters.insert(parameter.to_owned(), value.to_owned());
        self
    }

    /// Asks, as API Gateway does. If nobody waits for the answer any more, the function ends where it is.
    pub async fn by(&self, world: &World, seat: &Seat) -> Answer {
        let headers = [("authorization", format!("Bearer {}", seat.token)), ("idempotency-key", self.key.clone())];
        let event = HttpEvent {
            headers: headers.map(|(name, value)| (name.to_owned(), value)).into(),
            path_parameters: (!self.parameters.is_empty()).then(|| self.parameters.clone()),
            body: Some(self.body.to_string()),
            ..HttpEvent::default()
        };
        post(world, self.function, event).await
    }
}

/// Posts to a function, without the network in between.
pub async fn post(world: &World, function: &str, event: HttpEvent) -> Answer {
    let running = world.running();
    let http = HttpLine { method: "POST".to_owned() };
    let event = HttpEvent {
        raw_path: format!("/{function}"),
        request_context: HttpContext { request_id: running.fresh_name(), http },
        ..event
    };
    let function = FUNCTIONS.iter().find(|known| known.name == function).expect("a function");
    let event = serde_json::to_value(event).expect("an event");
    let answer = invoke(function, &running.app, event).await.expect("an answer");
    let HttpAnswer { status_code, headers, body, .. } = serde_json::from_value(answer).expect("an answer");
    let headers = headers.iter().map(|(name, value)| {
        (name.parse().expect("the name of a header"), value.parse().expect("the value of a header"))
    });
    Answer { status: status_code, headers: headers.collect(), body }
}
