//! A row of the table of functions: everything that anyone wants to know about one.

use std::{pin::Pin, time::Instant};

use croupier_store::key::Beginning;
use schemars::SchemaGenerator;
use serde::{Serialize, de::DeserializeOwned, ser::Error};
use serde_json::Value;

use crate::{
    app::App,
    config::Need,
    consumer::{self, ScheduledTask, SocketRoute, StreamConsumer},
    endpoint::{self, Endpoint, Route, Told},
    error::{Code, Failure},
    event::{HttpEvent, SocketHappening},
    line::{self, Invocation, Teller},
    openapi::Operation,
    queue::{self, QueueConsumer},
};

/// What invokes a function.
#[derive(Debug, Clone, Copy)]
pub enum Trigger {
    /// A request.
    Http(Route),
    /// A request that no other function takes.
    AnyOtherHttp,
    /// Something that happens to a socket.
    Socket(SocketHappening),
    /// New items in the stream of the table, whose keys begin in one of these ways.
    Stream(&'static [Beginning]),
    /// Events in their queue.
    Queue,
    /// The clock, every so many minutes.
    Schedule(u32),
}

/// A function's future, its type erased.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<Value, serde_json::Error>> + Send + 'a>>;

/// A function: a row of the table that everything else is read from.
pub struct Function {
    /// Its name, everywhere.
    pub name: &'static str,
    /// What invokes it.
    pub trigger: Trigger,
    invoke: for<'a> fn(&'a App, Invocation, Value) -> Running<'a>,
    needs: fn() -> Vec<Need>,
    codes: fn() -> Vec<Code>,
    operation: Option<fn(&mut SchemaGenerator) -> Operation>,
}

impl Function {
    /// The row of an endpoint.
    pub const fn endpoint<E: Endpoint>() -> Self {
        Self {
            name: E::ROUTE.name,
            trigger: Trigger::Http(E::ROUTE),
            invoke: |app, invocation, payload| {
                Box::pin(async move { typed(payload, async |event| request::<E>(app, &invocation, event).await).await })
            },
            needs: endpoint::needs::<E>,
            codes: endpoint::codes::<E>,
            operation: Some(Operation::of::<E>),
        }
    }

    /// The row of the endpoint that takes what no other does.
    pub const fn any_other<E: Endpoint>() -> Self {
        Self { trigger: Trigger::AnyOtherHttp, operation: None, ..Self::endpoint::<E>() }
    }

    /// The row of a socket route.
    pub const fn socket<R: SocketRoute>() -> Self {
        Self {
            name: R::NAME,
            trigger: Trigger::Socket(R::HAPPENING),
            invoke: |app, invocation, payload| {
                Box::pin(async move {
                    typed(payload, async |event| consumer::socket::<R>(app, &invocation, event).await).await
                })
            },
            needs: || R::NEEDS.to_vec(),
            codes: || R::CODES.to_vec(),
            operation: None,
        }
    }

    /// The row of a consumer of the stream.
    pub const fn stream<C: StreamConsumer>() -> Self {
        Self {
            name: C::NAME,
            trigger: Trigger::Stream(C::TAKES),
            invoke: |app, invocation, payload| {
                Box::pin(async move {
                    typed(payload, async |event| consumer::stream::<C>(app, &invocation, event).await).await
                })
            },
            needs: || C::NEEDS.to_vec(),
            codes: Vec::new,
            operation: None,
        }
    }

    /// The row of a consumer of messages.
    pub const fn queue<C: QueueConsumer>() -> Self {
        Self {
            name: C::NAME,
            trigger: Trigger::Queue,
            // What cannot be answered message by message is the invocation's failure: the batch comes again whole.
            invoke: |app, invocation, payload| {
                Box::pin(async move {
                    let answer = queue::messages::<C>(app, &invocation, serde_json::from_value(payload)?).await;
                    serde_json::to_value(answer.map_err(|failure| serde_json::Error::custom(failure.told()))?)
                })
            },
            needs: || C::NEEDS.to_vec(),
            codes: Vec::new,
            operation: None,
        }
    }

    /// The row of what is done from time to time.
    pub const fn schedule<T: ScheduledTask>() -> Self {
        Self {
            name: T::NAME,
            trigger: Trigger::Schedule(T::EVERY_MINUTES),
            // A failure is the invocation's: Lambda counts it, and the next time comes soon.
            invoke: |app, invocation, _| {
                Box::pin(async move {
                    let done = consumer::scheduled::<T>(app, &invocation).await;
                    serde_json::to_value(done.map_err(|failure| serde_json::Error::custom(failure.detail))?)
                })
            },
            needs: || T::NEEDS.to_vec(),
            codes: Vec::new,
            operation: None,
        }
    }

    /// Invokes it with an event, as Lambda does.
    ///
    /// # Errors
    /// An event of another shape, a schedule that could not be kept, or a batch that has to come again.
    pub async fn invoke(&self, app: &App, event: Value) -> Result<Value, serde_json::Error> {
        self.invoke_as(Invocation::default(), app, event).await
    }

    /// The same by somebody who knows more of the invocation.
    ///
    /// # Errors
    /// As [`Function::invoke`].
    pub async fn invoke_as(&self, invocation: Invocation, app: &App, event: Value) -> Result<Value, serde_json::Error> {
        (self.invoke)(app, invocation, event).await
    }

    /// What it cannot work without.
    pub fn needs(&self) -> Vec<Need> {
        (self.needs)()
    }

    /// The codes with which it may refuse.
    pub fn codes(&self) -> Vec<Code> {
        (self.codes)()
    }

    /// How the API describes it, for an endpoint.
    pub fn operation(&self, generator: &mut SchemaGenerator) -> Option<Operation> {
        self.operation.map(|describe| describe(generator))
    }
}

async fn typed<E: DeserializeOwned, A: Serialize>(
    payload: Value,
    answer: impl AsyncFnOnce(E) -> A,
) -> Result<Value, serde_json::Error> {
    serde_json::to_value(answer(serde_json::from_value(payload)?).await)
}

async fn request<E: Endpoint>(app: &App, invocation: &Invocation, event: HttpEvent) -> crate::event::HttpAnswer {
    let begun = Instant::now();
    let mut told = Told::default();
    let result = endpoint::answer::<E>(app, &event, &mut told).await;
    let request_id = &event.request_context.request_id;
    let failure = result.as_ref().err();
    if let Some(Failure { code, .. }) = failure {
        debug_assert!(endpoint::codes::<E>().contains(code), "{} does not declare {code:?}", E::ROUTE.name);
    }
    let call = line::Call {
        player: told.player.as_deref(),
        connection: None,
        status: failure.map_or(told.status, |failure| failure.code.status()),
        failure,
        replayed: told.replayed,
        retries: failure.map_or(told.retries, |failure| failure.retries),
    };
    Teller { function: E::ROUTE.name, invocation, at: app.clock.now() }.call(request_id, &call, begun.elapsed());
    result.unwrap_or_else(|failure| endpoint::refuse(&failure, request_id))
}
