//! What a running function has: its configuration come to life.

use std::{
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use aws_config::{BehaviorVersion, SdkConfig, timeout::TimeoutConfig};
use croupier_rules::{
    economy::Economy, fairness::MasterKey, gacha::odds::GachaConfig, slot::odds::SlotConfig, time::Timestamp,
};
use croupier_store::Store;
use rand::{Rng, SeedableRng, rngs::StdRng};
use secrecy::{ExposeSecret, SecretString};

use crate::{
    config::{Config, Need, SecretSource},
    error::Failure,
    push::Sockets,
    token::Tokens,
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
        let needed = |need: Need, source: &Option<SecretSource>| source.clone().filter(|_| needs.contains(&need));
        let tokens = needed(Need::Tokens, &config.tokens);
        let (signing, coming, gone, seeds) = tokio::try_join!(
            fetch(&sdk, tokens.clone(), Stage::Current),
            fetch(&sdk, tokens.clone(), Stage::Pending),
            fetch(&sdk, tokens, Stage::Previous),
            fetch(&sdk, needed(Need::Seeds, &config.seeds), Stage::Current),
        )?;
        let accepted: Vec<_> = [coming, gone, config.previous_tokens.clone()].into_iter().flatten().collect();
        let table = config.table.as_deref().filter(|_| needs.contains(&Need::Table));
        let sockets = config.socket_endpoint.as_deref().filter(|_| needs.contains(&Need::Sockets));
        Ok(Self {
            clock: Clock::System,
            entropy: Entropy::System,
            economy: economy(config)?,
            max_sessions: config.max_sessions,
            odds: OnceLock::new(),
            gacha_odds: OnceLock::new(),
            store: table.map(|table| Store::new(aws_sdk_dynamodb::Client::new(&sdk), table)),
            tokens: signing.map(|secret| keys(&secret, &accepted, config)).transpose()?,
            seeds: seeds.map(|secret| master(&secret)).transpose()?,
            sockets: sockets.map(|endpoint| Sockets::at(&sdk, endpoint)),
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
}

/// How long a call of another service may take. What is lost without a word is asked for again, and a client gets its answer
/// before Lambda would end the function.
fn patience() -> TimeoutConfig {
    let attempt = Duration::from_secs(1);
    let all_attempts = Duration::from_secs(3);
    TimeoutConfig::builder().operation_attempt_timeout(attempt).operation_timeout(all_attempts).build()
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

/// Which version of a secret, by the names that Secrets Manager has for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The one in use.
    Current,
    /// The one that is about to be: accepted everywhere before anyone signs with it.
    Pending,
    /// The one that was in use before: accepted until its tokens have ended.
    Previous,
}

impl Stage {
    const fn label(self) -> &'static str {
        match self {
            Self::Current => "AWSCURRENT",
            Self::Pending => "AWSPENDING",
            Self::Previous => "AWSPREVIOUS",
        }
    }
}

async fn fetch(
    sdk: &SdkConfig,
    source: Option<SecretSource>,
    stage: Stage,
) -> Result<Option<SecretString>, CannotStart> {
    let name = match source {
        None => return Ok(None),
        Some(SecretSource::Given(secret)) => return Ok((stage == Stage::Current).then_some(secret)),
        Some(SecretSource::Named(name)) => name,
    };
    let client = aws_sdk_secretsmanager::Client::new(sdk);
    let answer = client.get_secret_value().secret_id(&name).version_stage(stage.label()).send().await;
    let value = match answer {
        Ok(answer) => answer.secret_string,
        // A key that is not being replaced has no other version.
        Err(error)
            if stage != Stage::Current
                && error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) =>
        {
            return Ok(None);
        }
        Err(_) => None,
    };
    // The error is left out on purpose: of a secret, not even the shape of a failure belongs into a log.
    value.map(|secret| Some(secret.into())).ok_or_else(|| CannotStart(format!("the secret {name} cannot be read")))
}
