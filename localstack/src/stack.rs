//! Everything put together and running.

use std::{
    future::pending,
    iter,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use aws_sdk_apigatewaymanagement::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::config::SharedHttpClient;
use croupier_functions::{
    FUNCTIONS,
    event::{Analytics, PublishKafka},
};
use croupier_rules::id::RequestId;
use croupier_store::{Store, key::DIRECTORY};
use croupier_web::{
    app::{self, App, Clock, Entropy},
    bus::{Aside, Bus, kafka::Kafka},
    config::{Config, SecretSource},
    consumer::StreamConsumer,
    function::{Function, Trigger},
    pay::Provider,
    push::Sockets,
    queue::QueueConsumer,
    warehouse::Warehouse,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch, task::JoinSet, time::MissedTickBehavior};

use crate::{
    data::{Folder, Secrets},
    gateway,
    invocation::invoke,
    lambda, poller,
    queue::{EVENTS, FAILURES, Queues, failures_of},
    seed, sockets, sqs,
    stream::{Reader, UNASKED},
    table::{Embedded, TABLE, plain_http},
};

/// Why the stack does not start, in a sentence that says what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CannotStart(pub String);

impl From<app::CannotStart> for CannotStart {
    fn from(error: app::CannotStart) -> Self {
        Self(error.0)
    }
}

/// How to start.
pub struct Options {
    /// The port of the gateway; 0 for any.
    pub port: u16,
    /// The folder of the data; without, there is none after the end.
    pub data: Option<PathBuf>,
    /// What time it is.
    pub clock: Clock,
    /// Where chance comes from.
    pub entropy: Entropy,
    /// How the table and the queues are reached, for tests that lose messages on the way.
    pub http: Option<SharedHttpClient>,
    /// What the environment says.
    pub config: Config,
    /// The invite to begin with.
    pub invite: String,
    /// The admin's password; without, one is made.
    pub admin_password: Option<String>,
}

/// What the gateways share.
pub struct Running {
    /// What the functions have.
    pub app: App,
    /// The open sockets.
    pub open: sockets::Open,
    /// Talks to the table.
    pub table: aws_sdk_dynamodb::Client,
    /// Where the table listens.
    pub table_endpoint: String,
    /// Where functions post to open sockets, and where the queues are.
    pub private_endpoint: String,
    /// The queues.
    pub queues: Queues,
    /// Reads the stream.
    pub reader: Reader,
    /// Reads it for Kafka, where events go there.
    pub kafka_reader: Option<Reader>,
}

impl Running {
    /// Says that the table may have changed.
    pub fn wake_stream(&self) {
        for reader in iter::once(&self.reader).chain(&self.kafka_reader) {
            reader.wake.notify_one();
        }
    }

    /// A name for a request or a socket.
    pub fn fresh_name(&self) -> String {
        RequestId::new(self.app.clock.now().millis().unsigned_abs(), self.app.entropy.id()).to_string()
    }
}

/// Everything, running, until it is stopped or dropped.
pub struct Stack {
    /// Where the gateway listens.
    pub address: SocketAddr,
    /// What the gateways share.
    pub running: Arc<Running>,
    /// The admin's password.
    pub admin_password: String,
    /// What signs the payment gateway's notices.
    pub webhook_secret: String,
    stop: watch::Sender<()>,
    tasks: JoinSet<()>,
    _folder: Option<Folder>,
}

impl Stack {
    /// Starts everything.
    ///
    /// # Errors
    /// A sentence that says what is in the way.
    pub async fn start(options: Options) -> Result<Self, CannotStart> {
        let Options { port, data, clock, entropy, http, config, invite, admin_password } = options;
        let folder = data.as_deref().map(Folder::take).transpose()?;
        let public = listen(port).await?;
        let private = listen(0).await?;
        let address = address(&public)?;

        let secrets = match &folder {
            Some(folder) => folder.secrets(&entropy)?,
            None => Secrets::new(&entropy),
        };
        let mut tasks = JoinSet::new();
        let http = http.unwrap_or_else(plain_http);
        let embedded = Embedded::start(folder.as_ref().map(Folder::table).as_deref(), http.clone(), &mut tasks).await?;
        let private_endpoint = format!("http://{}", self::address(&private)?);
        let webhook_secret =
            given(&config.notices)?.map_or_else(|| secrets.webhook.clone(), |given| given.expose_secret().to_owned());
        let ways = Ways::of(&config, &private_endpoint, http)?;
        let app = app(&config, &secrets, &webhook_secret, &embedded, ways, clock, entropy)?;
        let admin_password = admin_password.unwrap_or(secrets.admin_password);
        seed::plant(&app, &invite, &admin_password).await?;

        let arn = stream_arn(&embedded).await?;
        let checkpoint = folder.as_ref().map(Folder::checkpoint);
        let (reader, kafka_reader) = Reader::all(&embedded.streams, &arn, checkpoint.as_deref(), config.sinks);
        let running = Arc::new(Running {
            app,
            open: sockets::Open::default(),
            table: embedded.client,
            table_endpoint: embedded.endpoint,
            private_endpoint,
            queues: Queues::default(),
            reader,
            kafka_reader,
        });

        let (stop, stopped) = watch::channel(());
        let doors = gateway::routes().merge(sockets::routes()).with_state(Arc::clone(&running));
        serve(&mut tasks, public, doors, stopped.clone());
        let doors = sockets::management().merge(sqs::routes()).merge(lambda::routes()).with_state(Arc::clone(&running));
        serve(&mut tasks, private, doors, stopped);
        feed(&mut tasks, &running);
        Ok(Self { address, running, admin_password, webhook_secret, stop, tasks, _folder: folder })
    }

    /// Ends everything: takes no more requests, lets those under way finish for a moment.
    pub async fn stop(mut self) {
        drop(self.stop);
        let servers_ended = async {
            self.tasks.join_next().await;
            self.tasks.join_next().await;
        };
        tokio::time::timeout(Duration::from_secs(1), servers_ended).await.ok();
        self.tasks.shutdown().await;
    }
}

/// Invokes the functions that no request asks for, each when its time has come.
fn feed(tasks: &mut JoinSet<()>, running: &Arc<Running>) {
    let followed = Arc::clone(running);
    tasks.spawn(async move { followed.reader.follow(&followed).await });
    let followed = Arc::clone(running);
    tasks.spawn(async move {
        if let Some(reader) = &followed.kafka_reader {
            reader.follow(&followed).await;
        }
    });
    for function in FUNCTIONS.iter().filter(|function| matches!(function.trigger, Trigger::Queue)) {
        // Without ClickHouse, the queue is left to whoever reads it.
        let fed = Arc::clone(running);
        if fed.app.warehouse.is_some() {
            tasks.spawn(async move { poller::follow(&fed, function).await });
        }
    }
    for function in FUNCTIONS {
        let Trigger::Schedule(minutes) = function.trigger else { continue };
        let kept = Arc::clone(running);
        tasks.spawn(async move { keep(&kept.app, function, minutes).await });
    }
}

/// Invokes a function every so many minutes.
async fn keep(app: &App, function: &Function, minutes: u32) {
    let mut times = tokio::time::interval(Duration::from_secs(u64::from(minutes) * 60));
    times.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        times.tick().await;
        if let Err(error) = UNASKED.scope((), invoke(function, app, Value::Null)).await {
            tracing::warn!(function = function.name, %error, "a schedule was not kept");
        }
    }
}

async fn listen(port: u16) -> Result<TcpListener, CannotStart> {
    TcpListener::bind(("127.0.0.1", port)).await.map_err(|_| {
        CannotStart(format!("port {port} is taken: stop what listens there, or choose another one with --port N"))
    })
}

fn address(listener: &TcpListener) -> Result<SocketAddr, CannotStart> {
    listener.local_addr().map_err(|error| CannotStart(error.to_string()))
}

fn serve(tasks: &mut JoinSet<()>, listener: TcpListener, router: axum::Router, mut stopped: watch::Receiver<()>) {
    let until = async move {
        // The sender is only ever dropped.
        if stopped.changed().await.is_ok() {
            pending::<()>().await;
        }
    };
    tasks.spawn(async move {
        axum::serve(listener, router).with_graceful_shutdown(until).await.ok();
    });
}

fn given(source: &Option<SecretSource>) -> Result<Option<SecretString>, CannotStart> {
    match source {
        Some(SecretSource::Given(secret)) => Ok(Some(secret.clone())),
        Some(SecretSource::Named(name)) => Err(CannotStart(format!("the secret {name} is not on this machine"))),
        None => Ok(None),
    }
}

/// The ways out of the functions.
struct Ways {
    sockets: Sockets,
    bus: Bus,
    kafka: Option<Kafka>,
    kafka_failures: Aside,
    warehouse: Option<Warehouse>,
    analytics_failures: Aside,
}

impl Ways {
    fn of(config: &Config, endpoint: &str, http: SharedHttpClient) -> Result<Self, CannotStart> {
        let (client, url) = (sqs::client(endpoint, http), |queue: &str| sqs::url(endpoint, queue));
        let aside = |function: &str| Aside::through(client.clone(), &url(&failures_of(function)));
        Ok(Self {
            sockets: sockets(endpoint),
            kafka: kafka(config)?,
            kafka_failures: aside(PublishKafka::NAME),
            warehouse: warehouse(config)?,
            analytics_failures: aside(Analytics::NAME),
            bus: Bus::through(client.clone(), &url(EVENTS), &url(FAILURES)),
        })
    }
}

/// ClickHouse, if there is one. On a laptop it may let in whoever comes.
fn warehouse(config: &Config) -> Result<Option<Warehouse>, CannotStart> {
    let login = given(&config.warehouse_login)?;
    Ok(config.warehouse.is_some().then(|| app::warehouse(login.as_ref(), config)).transpose()?)
}

/// Kafka, if events go there. On a laptop a broker lets in whoever comes; one that does not is given a secret.
fn kafka(config: &Config) -> Result<Option<Kafka>, CannotStart> {
    let brokers = config.kafka_brokers.as_deref().filter(|_| config.sinks.kafka);
    let Some(brokers) = brokers else { return Ok(None) };
    Ok(Some(match given(&config.kafka)? {
        Some(secret) => Kafka::secured(brokers, config.kafka_mechanism, &secret)?,
        None => Kafka::unsecured(brokers),
    }))
}

fn sockets(endpoint: &str) -> Sockets {
    let config = aws_sdk_apigatewaymanagement::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .region(Region::from_static("local"))
        .endpoint_url(endpoint)
        .http_client(plain_http())
        .build();
    Sockets::through(aws_sdk_apigatewaymanagement::Client::from_conf(config))
}

fn app(
    config: &Config,
    secrets: &Secrets,
    webhook_secret: &str,
    embedded: &Embedded,
    ways: Ways,
    clock: Clock,
    entropy: Entropy,
) -> Result<App, CannotStart> {
    let tokens = given(&config.tokens)?.unwrap_or_else(|| secrets.tokens.as_str().into());
    let seeds = given(&config.seeds)?.unwrap_or_else(|| secrets.seeds.as_str().into());
    // On a laptop, nobody has to choose.
    let provider = config.payment_gateway.unwrap_or(Provider::Sandbox);
    Ok(App {
        clock,
        entropy,
        economy: app::economy(config)?,
        max_sessions: config.max_sessions,
        odds: OnceLock::new(),
        gacha_odds: OnceLock::new(),
        store: Some(Store::new(embedded.client.clone(), TABLE)),
        tokens: Some(app::keys(&tokens, config.previous_tokens.as_slice(), config)?),
        seeds: Some(app::master(&seeds)?),
        sockets: Some(ways.sockets),
        bus: Some(ways.bus),
        kafka: ways.kafka,
        kafka_failures: Some(ways.kafka_failures),
        warehouse: ways.warehouse,
        analytics_failures: Some(ways.analytics_failures),
        payments: Some(app::gateway(provider, given(&config.payments)?.as_ref(), config)?),
        notices: Some(app::notices(provider, &[webhook_secret.into()])?),
    })
}

async fn stream_arn(embedded: &Embedded) -> Result<String, CannotStart> {
    let described = embedded.client.describe_table().table_name(TABLE).send().await;
    let table = described.ok().and_then(|described| described.table);
    let indexes = table.as_ref().map(|table| table.global_secondary_indexes()).unwrap_or_default();
    if !indexes.iter().any(|index| index.index_name() == Some(DIRECTORY)) {
        return Err(CannotStart(
            "the data are of an earlier version, whose table lacks an index: delete their folder to begin anew"
                .to_owned(),
        ));
    }
    let arn = table.and_then(|table| table.latest_stream_arn);
    arn.ok_or_else(|| CannotStart("the table has no stream: its data are from another program".to_owned()))
}
