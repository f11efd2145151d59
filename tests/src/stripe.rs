//! Stands in for Stripe, as its public documentation describes it: on a port of this machine, with a memory of its own, and with
//! faults that a test can plan.

mod books;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    future::pending,
    net::{Shutdown, SocketAddr},
    os::fd::AsFd,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::{ConnectInfo, State},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
    serve::ListenerExt,
};
use croupier_localstack::stack::Options;
use croupier_rules::{id::PurchaseId, time::Timestamp};
use croupier_web::{config::SecretSource, pay::Provider};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{net::TcpListener, sync::Notify, task::JoinSet};

use self::books::{Answer, Books};

/// The key by which it knows us.
pub const API_KEY: &str = "sk_test_of_whoever_stands_in_for_stripe";
/// What signs its notices.
pub const WEBHOOK_SECRET: &str = "whsec_of_whoever_stands_in_for_stripe";

/// What can be asked of Stripe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// To make an intent and confirm it.
    Authorize,
    /// To capture an intent.
    Capture,
    /// To cancel an intent.
    Cancel,
    /// To refund an intent.
    Refund,
    /// To tell of an intent.
    Look,
}

/// What can go wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: the call before the one that is meant.
    Nothing,
    /// The connection breaks before anything is done.
    LostRequest,
    /// It is done, and the connection breaks before the answer.
    LostReply,
    /// It is done, and nothing is said about it.
    Stall,
    /// It is done when the test says so, by [`Stripe::release`].
    Held,
    /// 500, before anything has begun: asked again, it is done.
    Error,
    /// 500, after it had begun and before anything was done: asked again with the same key, it is 500 again.
    Broken,
    /// 429, before anything has begun.
    Throttled,
    /// An answer that is cut off in the middle, after it was done.
    Garbled,
}

/// A request that came in, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What was asked.
    pub call: Option<Call>,
    /// Where.
    pub path: String,
    /// Under which key.
    pub key: Option<String>,
    /// In which version of the API.
    pub version: Option<String>,
    /// What was sent.
    pub form: BTreeMap<String, String>,
}

/// The answer that a key had.
struct Kept {
    path: String,
    form: BTreeMap<String, String>,
    answer: Answer,
}

#[derive(Default)]
struct Memory {
    books: Books,
    requests: Vec<Request>,
    effects: BTreeMap<String, u64>,
    kept: BTreeMap<String, Kept>,
    under_way: BTreeSet<String>,
    planned: VecDeque<(Call, Fault)>,
    lines: BTreeMap<SocketAddr, std::net::TcpStream>,
    events: u64,
}

#[derive(Default)]
struct Known {
    memory: Mutex<Memory>,
    released: Notify,
}

/// What stands in for Stripe, until it is dropped.
pub struct Stripe {
    address: SocketAddr,
    known: Arc<Known>,
    _server: JoinSet<()>,
}

impl Stripe {
    /// Starts it.
    pub async fn start() -> Self {
        let known = Arc::<Known>::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let lines = Arc::clone(&known);
        let listener = listener.tap_io(move |stream| {
            let (peer, copy) = (stream.peer_addr(), stream.as_fd().try_clone_to_owned());
            if let (Ok(peer), Ok(copy)) = (peer, copy) {
                lines.memory.lock().unwrap().lines.insert(peer, copy.into());
            }
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&known));
        let mut server = JoinSet::new();
        server.spawn(async move {
            axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.expect("a server");
        });
        Self { address, known, _server: server }
    }

    /// Where it is.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes it the gateway of a world.
    pub fn serves(&self, options: &mut Options) {
        options.config.payment_gateway = Some(Provider::Stripe);
        options.config.payment_endpoint = self.endpoint();
        options.config.payments = Some(SecretSource::Given(API_KEY.into()));
        options.config.notices = Some(SecretSource::Given(WEBHOOK_SECRET.into()));
    }

    /// Does this to the next calls of a kind, one each, in this order.
    pub fn plan(&self, call: Call, faults: &[Fault]) {
        self.memory(|memory| memory.planned.extend(faults.iter().map(|fault| (call, *fault))));
    }

    /// Forgets what was planned and has not happened.
    pub fn behave(&self) {
        self.memory(|memory| memory.planned.clear());
    }

    /// Lets the calls go on that are held at this moment.
    pub fn release(&self) {
        self.known.released.notify_waiters();
    }

    /// Forgets all keys, as it does when they are a day old.
    pub fn forget_keys(&self) {
        self.memory(|memory| memory.kept.clear());
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Request> {
        self.memory(|memory| memory.requests.clone())
    }

    /// Waits until this many requests have come.
    pub async fn until_asked(&self, times: usize) {
        while self.requests().len() < times {
            tokio::task::yield_now().await;
        }
    }

    /// How often something was done under each key.
    pub fn effects(&self) -> BTreeMap<String, u64> {
        self.memory(|memory| memory.effects.clone())
    }

    /// The status of a purchase's intent; none, where there is no intent. More than one is a failed test.
    pub fn charge(&self, purchase: PurchaseId) -> Option<String> {
        self.memory(|memory| memory.books.of(purchase).map(|intent| intent.status.clone()))
    }

    /// The name of a purchase's intent.
    pub fn intent(&self, purchase: PurchaseId) -> Option<String> {
        self.memory(|memory| memory.books.of(purchase).map(|intent| intent.id.clone()))
    }

    /// Lets the payer of an intent, or a bank, bring it into another status.
    pub fn settle(&self, purchase: PurchaseId, status: &str) {
        self.memory(|memory| memory.books.of(purchase).expect("an intent").status = status.to_owned());
    }

    /// Lets the payer confirm an intent that waits for that.
    pub fn payer_confirms(&self, purchase: PurchaseId) {
        assert_eq!(self.charge(purchase).as_deref(), Some("requires_action"));
        self.settle(purchase, "requires_capture");
    }

    /// Lets the payer fail to confirm an intent that waits for that.
    pub fn payer_fails(&self, purchase: PurchaseId) {
        assert_eq!(self.charge(purchase).as_deref(), Some("requires_action"));
        self.settle(purchase, "requires_payment_method");
    }

    /// Lets whoever runs the shop capture an intent by hand, behind our back.
    pub fn captures_by_hand(&self, purchase: PurchaseId) {
        self.settle(purchase, "succeeded");
        self.memory(|memory| memory.books.of(purchase).map(|intent| intent.captured = intent.amount));
    }

    /// How much was captured in all, in the smallest unit.
    pub fn captured(&self) -> u64 {
        self.memory(|memory| memory.books.all().map(|intent| intent.captured).sum())
    }

    /// How much was refunded in all, in the smallest unit.
    pub fn refunded(&self) -> u64 {
        self.memory(|memory| memory.books.all().map(|intent| intent.refunded).sum())
    }

    /// How much is reserved right now, in the smallest unit.
    pub fn reserved(&self) -> u64 {
        let reserved = |memory: &mut Memory| {
            let intents = memory.books.all().filter(|intent| intent.status == "requires_capture");
            intents.map(|intent| intent.amount).sum()
        };
        self.memory(reserved)
    }

    /// Tells of a purchase's intent as it is now: the headers and the body of a notice that is new.
    pub fn event(&self, purchase: PurchaseId, now: Timestamp) -> (Vec<(&'static str, String)>, String) {
        let body = self.memory(|memory| {
            memory.events += 1;
            let intent = memory.books.of(purchase).expect("an intent");
            json!({
                "id": format!("evt_{}", memory.events), "object": "event", "api_version": "2024-06-20",
                "created": now.seconds(), "livemode": false, "pending_webhooks": 1, "type": intent.event(),
                "data": { "object": intent.told() },
            })
        });
        let body = body.to_string();
        (Self::sign(&body, now), body)
    }

    /// The headers of a notice, for a body: also for one that it told before, or never would.
    pub fn sign(body: &str, now: Timestamp) -> Vec<(&'static str, String)> {
        let at = now.seconds();
        let key = Hmac::<Sha256>::new_from_slice(WEBHOOK_SECRET.as_bytes()).expect("a key");
        let signature = hex::encode(key.chain_update(format!("{at}.{body}")).finalize().into_bytes());
        vec![("stripe-signature", format!("t={at},v1={signature}"))]
    }

    fn memory<T>(&self, of: impl FnOnce(&mut Memory) -> T) -> T {
        of(&mut self.known.memory.lock().unwrap())
    }
}

fn call_of(method: &Method, path: &str) -> Option<Call> {
    let parts: Vec<_> = path.trim_start_matches("/v1/").split('/').collect();
    match (method.as_str(), parts.as_slice()) {
        ("POST", ["payment_intents"]) => Some(Call::Authorize),
        ("POST", ["payment_intents", _, "capture"]) => Some(Call::Capture),
        ("POST", ["payment_intents", _, "cancel"]) => Some(Call::Cancel),
        ("POST", ["refunds"]) => Some(Call::Refund),
        ("GET", ["payment_intents", _]) => Some(Call::Look),
        _ => None,
    }
}

/// What has come is done, whoever still waits for the answer.
async fn answer(
    State(known): State<Arc<Known>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    tokio::spawn(answered(known, peer, method, uri, headers, body)).await.expect("an answer")
}

async fn answered(
    known: Arc<Known>,
    peer: SocketAddr,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let header = |name| headers.get(name).map(|value| value.to_str().expect("a text").to_owned());
    let path = uri.path().to_owned();
    let form = form_urlencoded::parse(&body).into_owned().collect();
    let (key, version) = (header("idempotency-key"), header("stripe-version"));
    let request = Request { call: call_of(&method, &path), path, key, version, form };
    if header("authorization") != Some(format!("Bearer {API_KEY}")) {
        let refused = books::problem("invalid_request_error", None, &format!("Invalid API Key: {headers:?}"));
        return told(401, &refused);
    }
    let fault = known.memory.lock().unwrap().comes(&request);
    match fault {
        Fault::LostRequest => return known.cut(peer).await,
        Fault::Error => return told(500, &books::problem("api_error", None, "An unknown error occurred")),
        Fault::Throttled => {
            return told(429, &books::problem("invalid_request_error", Some("rate_limit"), "Too many requests"));
        }
        _ => {}
    }
    let begun = known.memory.lock().unwrap().begins(&request);
    let (status, body) = match begun {
        Err(answer) => answer,
        Ok(()) => {
            if fault == Fault::Held {
                known.released.notified().await;
            }
            known.memory.lock().unwrap().does(&request, fault == Fault::Broken)
        }
    };
    match fault {
        Fault::LostReply => known.cut(peer).await,
        Fault::Stall => pending().await,
        Fault::Garbled => (StatusCode::OK, "{\"id\":\"pi_").into_response(),
        _ => told(status, &body),
    }
}

fn told(status: u16, body: &Value) -> Response {
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [("content-type", "application/json"), ("request-id", "req_1")], body.to_string()).into_response()
}

impl Known {
    /// Breaks a connection; what is answered on it is heard by nobody.
    async fn cut(&self, peer: SocketAddr) -> Response {
        let line = self.memory.lock().unwrap().lines.remove(&peer);
        line.expect("a connection").shutdown(Shutdown::Both).expect("an open connection");
        pending().await
    }
}

impl Memory {
    /// Notes a request, and says what is planned for it.
    fn comes(&mut self, request: &Request) -> Fault {
        self.requests.push(request.clone());
        let place = self.planned.iter().position(|(call, _)| Some(*call) == request.call);
        place.and_then(|place| self.planned.remove(place)).map_or(Fault::Nothing, |(_, fault)| fault)
    }

    /// Whether a request may begin: not while another with its key is under way, nor after one that was answered.
    fn begins(&mut self, request: &Request) -> Result<(), Answer> {
        let Some(key) = &request.key else { return Ok(()) };
        if let Some(kept) = self.kept.get(key) {
            if (&kept.path, &kept.form) != (&request.path, &request.form) {
                let message = "Keys for idempotent requests can only be used with the same parameters";
                return Err((400, books::problem("idempotency_error", None, message)));
            }
            return Err(kept.answer.clone());
        }
        if !self.under_way.insert(key.clone()) {
            let message = "There is currently another in-progress request using this key";
            return Err((409, books::problem("idempotency_error", Some("idempotency_key_in_use"), message)));
        }
        Ok(())
    }

    /// Does what a request asks for, and keeps the answer, unless it was refused before it began.
    fn does(&mut self, request: &Request, broken: bool) -> Answer {
        let outcome = if broken {
            books::Outcome::begun(500, books::problem("api_error", None, "Something broke on Stripe's end"))
        } else {
            self.books.does(request)
        };
        let Some(key) = &request.key else { return outcome.answer };
        self.under_way.remove(key);
        if outcome.changed {
            *self.effects.entry(key.clone()).or_default() += 1;
        }
        if outcome.begun {
            let Request { path, form, .. } = request.clone();
            self.kept.insert(key.clone(), Kept { path, form, answer: outcome.answer.clone() });
        }
        outcome.answer
    }
}
