//! An endpoint: what it is called, who may call it, what goes in and out, and what it does.

use std::{borrow::Cow, collections::BTreeMap};

use croupier_rules::{
    id::{PlayerId, SessionId},
    ledger::Hash,
    time::Timestamp,
};
use croupier_store::{StoreError, act::Done as Acted, item::Attempt, tx::NotCommitted};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    app::App,
    call::{Call, Once},
    caller::Caller,
    config::Need,
    error::{Code, Failure},
    event::{HttpAnswer, HttpEvent},
    request::Incoming,
};

/// The methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Does.
    Post,
    /// Changes what is named, in part.
    Patch,
    /// Makes or changes what is named; or the same as `Patch`, for clients that say it so.
    Put,
    /// Ends what is named.
    Delete,
}

impl Method {
    /// Whether a request of this method has a body.
    pub const fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Patch | Self::Put)
    }

    /// As on the request line.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// Where an endpoint is found, and what can go wrong there besides the usual.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The function's name, everywhere: handler, example event, log.
    pub name: &'static str,
    /// How it is called.
    pub method: Method,
    /// Where, with placeholders in braces.
    pub path: &'static str,
    /// The same at another place, or by another method.
    pub also: Option<(Method, &'static str)>,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// Refusals of its own.
    pub codes: &'static [Code],
    /// What it cannot work without, besides what its caller asks for.
    pub needs: &'static [Need],
    /// Whether it recognises a repeat by its key, although its answer is not one that is kept.
    pub keyed: bool,
    /// Whether it does nothing without a key.
    pub key_required: bool,
}

impl Route {
    /// A route that reads.
    pub const fn get(name: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self {
            name,
            method: Method::Get,
            path,
            also: None,
            summary,
            codes: &[],
            needs: &[],
            keyed: false,
            key_required: false,
        }
    }

    /// A route that does.
    pub const fn post(name: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self { method: Method::Post, ..Self::get(name, path, summary) }
    }

    /// A route that changes what is named.
    pub const fn patch(name: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self { method: Method::Patch, ..Self::get(name, path, summary) }
    }

    /// A route that makes what is named, or changes all of it.
    pub const fn put(name: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self { method: Method::Put, ..Self::get(name, path, summary) }
    }

    /// A route that ends what is named.
    pub const fn delete(name: &'static str, path: &'static str, summary: &'static str) -> Self {
        Self { method: Method::Delete, ..Self::get(name, path, summary) }
    }

    /// The same at another place.
    pub const fn also(self, path: &'static str) -> Self {
        self.also_by(self.method, path)
    }

    /// The same by another method.
    pub const fn also_by(self, method: Method, path: &'static str) -> Self {
        Self { also: Some((method, path)), ..self }
    }

    /// Refusals of its own.
    pub const fn or(self, codes: &'static [Code]) -> Self {
        Self { codes, ..self }
    }

    /// Recognises a repeat by its key, although its answer is not one that is kept.
    pub const fn keyed(self) -> Self {
        Self { keyed: true, ..self }
    }

    /// Does nothing without a key.
    pub const fn key_required(self) -> Self {
        Self { key_required: true, ..self }
    }

    /// What it cannot work without, besides what its caller asks for.
    pub const fn needs(self, needs: &'static [Need]) -> Self {
        Self { needs, ..self }
    }

    /// All its places.
    pub fn places(self) -> impl Iterator<Item = (Method, &'static str)> {
        [Some((self.method, self.path)), self.also].into_iter().flatten()
    }
}

/// One thing that a client can ask for.
pub trait Endpoint: 'static {
    /// Where it is found.
    const ROUTE: Route;
    /// Who may call it.
    type Caller: Caller;
    /// What goes in. It is parsed, not validated: a value that exists is a good one.
    type Request: DeserializeOwned + Serialize + JsonSchema + Send;
    /// What comes out.
    type Reply: Reply;

    /// Does it.
    fn handle(
        call: Call<'_, Self::Caller>,
        request: Self::Request,
    ) -> impl Future<Output = Result<Self::Reply, Failure>> + Send;
}

/// A request without content.
#[derive(Debug, serde::Deserialize, Serialize, JsonSchema)]
pub struct Nothing {}

/// An answer without content: it is done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Done {}

/// An answer that is no refusal.
#[derive(Debug)]
pub struct Answered {
    /// 200, or what the endpoint says instead.
    pub status: u16,
    /// The body, in JSON.
    pub body: String,
    /// Whether it was first given before.
    pub replayed: bool,
    /// How often it was decided anew since others wrote what it relied on.
    pub retries: u32,
}

/// Something that can be answered.
pub trait Reply: Send {
    /// Whether a repeat with the same key gets the same answer.
    const KEYED: bool;
    /// How it can fail besides.
    const CODES: &'static [Code];
    /// The statuses of an answer that is no refusal.
    const STATUSES: &'static [u16] = &[200];

    /// What it looks like.
    fn schema(generator: &mut SchemaGenerator) -> Schema;

    /// The answer.
    ///
    /// # Errors
    /// A value that is not representable in JSON.
    fn answer(self) -> Result<Answered, Failure>;
}

impl<T: Serialize + JsonSchema + Send> Reply for T {
    const KEYED: bool = false;
    const CODES: &'static [Code] = &[];

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }

    fn answer(self) -> Result<Answered, Failure> {
        let body = serde_json::to_string(&self).map_err(Failure::internal)?;
        Ok(Answered { status: 200, body, replayed: false, retries: 0 })
    }
}

impl<R: JsonSchema + Send> Reply for Once<R> {
    const KEYED: bool = true;
    const CODES: &'static [Code] = &[Code::IdempotencyKeyReused];

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<R>()
    }

    fn answer(self) -> Result<Answered, Failure> {
        let Acted { reply: body, replayed, retries } = self.done;
        Ok(Answered { status: 200, body, replayed, retries })
    }
}

/// The codes with which an endpoint may answer; any other is a mistake that debug builds do not survive.
pub fn codes<E: Endpoint>() -> Vec<Code> {
    let usual = [Code::ValidationFailed, Code::Internal, Code::Unavailable];
    let of_bodies: &[Code] = if E::ROUTE.method.has_body() { &[Code::NotJson, Code::PayloadTooLarge] } else { &[] };
    let of_keys: &[Code] = if E::ROUTE.key_required { &[Code::IdempotencyKeyRequired] } else { &[] };
    let mut codes: Vec<_> = [&usual, of_bodies, of_keys, E::ROUTE.codes, E::Caller::CODES, E::Reply::CODES].concat();
    codes.sort();
    codes.dedup();
    codes
}

/// Everything that an endpoint cannot work without.
pub fn needs<E: Endpoint>() -> Vec<Need> {
    let of_sessions: &[Need] = if E::Caller::TOKEN && !E::Reply::KEYED { &[Need::Seen] } else { &[] };
    let mut needs = [E::Caller::NEEDS, E::ROUTE.needs, of_sessions].concat();
    needs.sort();
    needs.dedup();
    needs
}

/// What the log is told of a call.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub player: Option<String>,
    pub replayed: bool,
    pub retries: u32,
    pub status: u16,
}

/// Answers one request.
pub(crate) async fn answer<E: Endpoint>(app: &App, event: &HttpEvent, told: &mut Told) -> Result<HttpAnswer, Failure> {
    let incoming = Incoming::of(event);
    let now = app.clock.now();
    let caller = E::Caller::identify(app, &incoming, now).await?;
    told.player = caller.player_id().map(|id| id.to_string());
    let (request, key) = if E::ROUTE.method.has_body() {
        let fields = incoming.fields()?;
        let key = incoming.idempotency_key(&fields)?;
        if E::ROUTE.key_required && key.is_none() {
            return Err(Failure::of(Code::IdempotencyKeyRequired));
        }
        (incoming.body(fields)?, key)
    } else {
        (incoming.query::<E::Request>()?, None)
    };
    let attempt = match key {
        Some(key) => Some(Attempt { key, fingerprint: fingerprint::<E>(&request)? }),
        None => None,
    };
    // What moves a balance is not made to wait for it: other calls, and each new access token, tell that a session is in use.
    let seen = if E::Reply::KEYED { None } else { caller.seen(now) };
    let call = Call { app, caller, now, incoming: &incoming, attempt };
    let (reply, ()) = tokio::join!(E::handle(call, request), note(app, seen, now));
    let Answered { status, body, replayed, retries } = reply?.answer()?;
    (told.replayed, told.retries, told.status) = (replayed, retries, status);
    let mut answer = answer_with(status, "application/json", body);
    if replayed {
        answer.headers.insert("idempotency-replayed".to_owned(), "true".to_owned());
    }
    Ok(answer)
}

/// Writes down that a session is in use. That it cannot be written, or that the session has just ended, keeps nobody from
/// anything.
async fn note(app: &App, seen: Option<(PlayerId, SessionId)>, now: Timestamp) {
    if let (Some((player, session)), Some(store)) = (seen, &app.store)
        && let Err(error) = store.saw(player, session, now).await
    {
        match error {
            // A permission that is missing would otherwise never be noticed.
            NotCommitted::Store(StoreError::Rejected(_)) => tracing::warn!(%player, %error, "a session was not seen"),
            _ => tracing::debug!(%player, %error, "a session was not seen"),
        }
    }
}

/// What is asked, hashed: the function and the parsed request, so that spelling does not matter.
fn fingerprint<E: Endpoint>(request: &E::Request) -> Result<Hash, Failure> {
    let canonical = serde_json::to_vec(request).map_err(Failure::internal)?;
    Ok(Hash::over(&[E::ROUTE.name.as_bytes(), &canonical]))
}

/// A refusal as an answer.
pub(crate) fn refuse(failure: &Failure, request_id: &str) -> HttpAnswer {
    let body = serde_json::to_string(&failure.problem(request_id)).unwrap_or_default();
    let mut answer = answer_with(failure.code.status(), "application/problem+json", body);
    let mut header = |name: &str, value: Cow<'_, str>| answer.headers.insert(name.to_owned(), value.into_owned());
    if let Some(wait) = failure.retry_after {
        header("retry-after", wait.as_millis().div_ceil(1000).max(1).to_string().into());
    }
    if let Some(methods) = &failure.allow {
        header("allow", methods.as_ref().into());
    }
    if failure.code.status() == 401 {
        header("www-authenticate", "Bearer".into());
    }
    answer
}

fn answer_with(status_code: u16, content_type: &str, body: String) -> HttpAnswer {
    let headers =
        [("content-type", content_type), ("cache-control", "no-store"), ("x-content-type-options", "nosniff")];
    let headers: BTreeMap<_, _> = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    HttpAnswer { status_code, headers, body, is_base64_encoded: false }
}
