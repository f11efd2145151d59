//! What a running function has: its configuration come to life.

mod secrets;

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use aws_config::{BehaviorVersion, timeout::TimeoutConfig};
use croupier_rules::{
    economy::Economy, fairness::MasterKey, gacha::odds::GachaConfig, slot::odds::SlotConfig, time::Timestamp,
};
use croupier_store::Store;
use rand::{Rng, SeedableRng, rngs::StdRng};
use secrecy::{ExposeSecret, SecretString};

use self::secrets::{Stage, fetch, versions};
use crate::{
    bus::{Aside, Bus, kafka::Kafka},
    config::{Config, Need, SecretSource},
    error::{Code, Failure},
    pay::{Gateway, Notices, Provider, Sandbox, Stripe},
    push::Sockets,
    token::Tokens,
    warehouse::Warehouse,
};

/// What time it is.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's.
    System,
    /// One that stands still until it is moved, in Unix milliseconds.
    Still(Arc<AtomicI64>),
}

impl Clock {
    /// Now.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
            Self::System => {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
            Self::Still(millis) => Timestamp::from_millis(millis.load(Ordering::SeqCst)),
        }
    }
}

/// Where chance comes from, for ids, salts and tokens; never for outcomes.
pub enum Entropy {
    /// The machine.
    System,
    /// A seed, so that a run can be repeated. For simulations only.
    Seeded(Box<Mutex<StdRng>>),
}

impl Entropy {
    /// Chance that can be repeated.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Box::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for chance")]
            Self::System => rand::rng().fill_bytes(&mut bytes),
            Self::Seeded(rng) => {
                rng.lock().unwrap_or_else(std::sync::PoisonError::into_inner).fill_bytes(&mut bytes);
            }
        }
        bytes
    }

    /// The random part of an id.
    pub fn id(&self) -> u128 {
        u128::from_ne_bytes(self.bytes())
    }
}

/// What a running function has.
pub struct App {
    /// What time it is.
    pub clock: Clock,
    /// Where chance comes from.
    pub entropy: Entropy,
    /// The odds and prices in force.
    pub economy: Economy,
    /// How many sessions a player has at once; beyond, the oldest ends.
    pub max_sessions: usize,
    /// The odds page of the slot machine, computed when it is first asked for.
    pub odds: OnceLock<SlotConfig>,
    /// That of the gacha.
    pub gacha_odds: OnceLock<GachaConfig>,
    /// The table.
    pub store: Option<Store>,
    /// The keys of access tokens.
    pub tokens: Option<Tokens>,
    /// The key behind the server seeds.
    pub seeds: Option<MasterKey>,
    /// The way to open sockets.
    pub sockets: Option<Sockets>,
    /// The way to the queue of events.
    pub bus: Option<Bus>,
    /// Kafka, if it is among the sinks of events.
    pub kafka: Option<Kafka>,
    /// The queue for what makes no event for Kafka.
    pub kafka_failures: Option<Aside>,
    /// ClickHouse.
    pub warehouse: Option<Warehouse>,
    /// The queue for events that make no rows of ClickHouse.
    pub analytics_failures: Option<Aside>,
    /// The payment gateway.
    pub payments: Option<Gateway>,
    /// What reads the payment gateway's notices.
    pub notices: Option<Notices>,
}

/// Why a function cannot start.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CannotStart(pub String);

impl App {
    /// Brings a configuration to life, for a function with these needs; secrets are fetched all at once.
    ///
    /// # Errors
    /// A sentence that says what is missing.
    pub async fn start(config: &Config, needs: &[Need]) -> Result<Self, CannotStart> {
        let sdk = aws_config::defaults(BehaviorVersion::latest()).timeout_config(patience()).load().await;
        let needed = |need, source: &Option<SecretSource>| source.clone().filter(|_| needs.contains(&need));
        let place = |need, told: &Option<String>| told.clone().filter(|_| needs.contains(&need));
        let tokens = needed(Need::Tokens, &config.tokens);
        let kafka = needed(Need::Kafka, &config.kafka).filter(|_| config.sinks.kafka);
        let (mut tokens, seeds, api_key, notices, kafka, login) = tokio::try_join!(
            versions(&sdk, tokens),
            fetch(&sdk, needed(Need::Seeds, &config.seeds), Stage::Current),
            fetch(&sdk, needed(Need::Payments, &config.payments).filter(|_| of_stripe(config)), Stage::Current),
            versions(&sdk, needed(Need::Notices, &config.notices)),
            fetch(&sdk, kafka, Stage::Current),
            fetch(&sdk, needed(Need::Warehouse, &config.warehouse_login), Stage::Current),
        )?;
        tokens.extend(config.previous_tokens.clone());
        let queues = place(Need::Queue, &config.event_queue).zip(config.event_failures.as_deref());
        let brokers = config.kafka_brokers.as_deref();
        let warehouse = needs.contains(&Need::Warehouse).then(|| warehouse(login.as_ref(), config));
        let provider = |need| config.payment_gateway.filter(|_| needs.contains(&need));
        let payments = provider(Need::Payments).map(|provider| gateway(provider, api_key.as_ref(), config));
        let notices = provider(Need::Notices).map(|provider| self::notices(provider, &notices));
        Ok(Self {
            clock: Clock::System,
            entropy: Entropy::System,
            economy: economy(config)?,
            max_sessions: config.max_sessions,
            odds: OnceLock::new(),
            gacha_odds: OnceLock::new(),
            store: place(Need::Table, &config.table)
                .map(|table| Store::new(aws_sdk_dynamodb::Client::new(&sdk), &table)),
            tokens: tokens.split_first().map(|(signing, others)| keys(signing, others, config)).transpose()?,
            seeds: seeds.map(|secret| master(&secret)).transpose()?,
            sockets: place(Need::Sockets, &config.socket_endpoint).map(|endpoint| Sockets::at(&sdk, &endpoint)),
            bus: queues.map(|(events, failures)| Bus::at(&sdk, &events, failures)),
            kafka: kafka
                .zip(brokers)
                .map(|(secret, brokers)| Kafka::secured(brokers, config.kafka_mechanism, &secret))
                .transpose()?,
            kafka_failures: place(Need::KafkaFailures, &config.kafka_failures).map(|queue| Aside::at(&sdk, &queue)),
            warehouse: warehouse.transpose()?,
            analytics_failures: place(Need::AnalyticsFailures, &config.analytics_failures)
                .map(|queue| Aside::at(&sdk, &queue)),
            payments: payments.transpose()?,
            notices: notices.transpose()?,
        })
    }

    /// The table.
    ///
    /// # Errors
    /// The function did not say that it needs one.
    pub fn store(&self) -> Result<&Store, Failure> {
        self.store.as_ref().ok_or_else(|| undeclared(Need::Table))
    }

    /// The keys of access tokens.
    ///
    /// # Errors
    /// The function did not say that it needs them.
    pub fn tokens(&self) -> Result<&Tokens, Failure> {
        self.tokens.as_ref().ok_or_else(|| undeclared(Need::Tokens))
    }

    /// The key behind the server seeds.
    ///
    /// # Errors
    /// The function did not say that it needs it.
    pub fn seeds(&self) -> Result<&MasterKey, Failure> {
        self.seeds.as_ref().ok_or_else(|| undeclared(Need::Seeds))
    }

    /// The way to open sockets.
    ///
    /// # Errors
    /// The function did not say that it needs it.
    pub fn sockets(&self) -> Result<&Sockets, Failure> {
        self.sockets.as_ref().ok_or_else(|| undeclared(Need::Sockets))
    }

    /// The way to the queue of events.
    ///
    /// # Errors
    /// The function did not say that it needs it.
    pub fn bus(&self) -> Result<&Bus, Failure> {
        self.bus.as_ref().ok_or_else(|| undeclared(Need::Queue))
    }

    /// Kafka.
    ///
    /// # Errors
    /// It is not among the sinks of events.
    pub fn kafka(&self) -> Result<&Kafka, Failure> {
        self.kafka.as_ref().ok_or_else(|| Failure::of(Code::KafkaOff))
    }

    /// The queue for what makes no event for Kafka.
    ///
    /// # Errors
    /// The function did not say that it needs it.
    pub fn kafka_failures(&self) -> Result<&Aside, Failure> {
        self.kafka_failures.as_ref().ok_or_else(|| undeclared(Need::KafkaFailures))
    }

    /// ClickHouse.
    ///
    /// # Errors
    /// The function did not say that it needs it.
    pub fn warehouse(&self) -> Result<&Warehouse, Failure> {
        self.warehouse.as_ref().ok_or_else(|| undeclared(Need::Warehouse))
    }

    /// The queue for events that make no rows of ClickHouse.
    ///
    /// # Errors
    /// The function did not say that it needs it.
    pub fn analytics_failures(&self) -> Result<&Aside, Failure> {
        self.analytics_failures.as_ref().ok_or_else(|| undeclared(Need::AnalyticsFailures))
    }

    /// The payment gateway.
    ///
    /// # Errors
    /// The function did not say that it needs it.
    pub fn payments(&self) -> Result<&Gateway, Failure> {
        self.payments.as_ref().ok_or_else(|| undeclared(Need::Payments))
    }

    /// What reads the payment gateway's notices.
    ///
    /// # Errors
    /// The function did not say that it needs it.
    pub fn notices(&self) -> Result<&Notices, Failure> {
        self.notices.as_ref().ok_or_else(|| undeclared(Need::Notices))
    }
}

/// How long a call of another service of AWS may take, all its attempts together. A client gets its answer before Lambda would end the
/// function.
pub const PATIENCE: Duration = Duration::from_secs(3);
/// How long one attempt may take: what is lost without a word is asked for again.
const ATTEMPT: Duration = Duration::from_secs(1);

fn patience() -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(PATIENCE).build()
}

fn undeclared(need: Need) -> Failure {
    Failure::internal(format!("the function does not declare that it needs {need:?}"))
}

/// The economy that ships, with what the environment overrides.
///
/// # Errors
/// Overrides that are no economy.
pub fn economy(config: &Config) -> Result<Economy, CannotStart> {
    let wrong = |error| CannotStart(format!("SLOT_SYMBOL_WEIGHTS: {error}"));
    let shipped = Economy::shipped().map_err(|error| CannotStart(error.to_string()))?;
    let economy = match &config.slot_symbol_weights {
        Some(weights) => shipped.with_slot_weights(weights).map_err(wrong)?,
        None => shipped,
    };
    Ok(Economy { calendar: config.calendar, ..economy })
}

/// The keys of access tokens.
///
/// # Errors
/// A secret that is too short.
pub fn keys(secret: &SecretString, accepted: &[SecretString], config: &Config) -> Result<Tokens, CannotStart> {
    Tokens::new(secret, accepted, config.token_lifetime)
        .ok_or_else(|| CannotStart("each secret of access tokens must have at least 32 bytes".to_owned()))
}

/// The key behind the server seeds.
///
/// # Errors
/// A secret that is too short.
pub fn master(secret: &SecretString) -> Result<MasterKey, CannotStart> {
    MasterKey::from_secret(secret.expose_secret())
        .ok_or_else(|| CannotStart("the secret behind the server seeds must have at least 32 bytes".to_owned()))
}

/// The way to a payment gateway, with the key by which it knows us.
///
/// # Errors
/// No key where one is needed, or an endpoint that no key is sent to.
pub fn gateway(provider: Provider, key: Option<&SecretString>, config: &Config) -> Result<Gateway, CannotStart> {
    match (provider, key) {
        (Provider::Sandbox, _) => Ok(Gateway::Sandbox(Sandbox)),
        (Provider::Stripe, Some(key)) => {
            Ok(Gateway::Stripe(Stripe::new(&config.payment_endpoint, key, config.payment_patience)?))
        }
        (Provider::Stripe, None) => {
            Err(CannotStart("PAYMENT_SECRET must hold the payment gateway's API key".to_owned()))
        }
    }
}

/// ClickHouse, with the secret that says as whom it knows us.
///
/// # Errors
/// No URL, one on the way to which the password could be read, or a secret that is none.
pub fn warehouse(login: Option<&SecretString>, config: &Config) -> Result<Warehouse, CannotStart> {
    let url = config.warehouse.as_deref().unwrap_or_default();
    Warehouse::new(url, &config.warehouse_database, login, config.warehouse_patience)
}

fn of_stripe(config: &Config) -> bool {
    config.payment_gateway == Some(Provider::Stripe)
}

/// What reads a gateway's notices, signed by any of these secrets.
///
/// # Errors
/// No secret, or one that is too short.
pub fn notices(provider: Provider, secrets: &[SecretString]) -> Result<Notices, CannotStart> {
    let (first, others) = secrets.split_first().unzip();
    let notices = first.and_then(|first| Notices::new(provider, first));
    let all = others.into_iter().flatten().fold(notices, |notices, other| notices?.also(other));
    all.ok_or_else(|| {
        CannotStart("each secret of the payment gateway's notices must have at least 32 bytes".to_owned())
    })
}
