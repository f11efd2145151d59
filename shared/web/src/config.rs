//! What a function is told by its environment, read once; everything that is wrong is said at once.

use std::{collections::BTreeSet, time::Duration};

use croupier_rules::calendar::Calendar;
use secrecy::SecretString;

use crate::pay::Provider;

/// Something outside the function that it cannot work without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// The table.
    Table,
    /// The secret that signs access tokens.
    Tokens,
    /// The secret from which server seeds are derived.
    Seeds,
    /// The way to push to open sockets.
    Sockets,
    /// The queue of events, and the one beside it for records that make none.
    Queue,
    /// The payment gateway, and the key by which it knows us.
    Payments,
    /// The secret that signs the payment gateway's notices.
    Notices,
    /// Leave to write down that a session is in use.
    Seen,
}

/// Where Stripe is asked.
const STRIPE: &str = "https://api.stripe.com";

/// A payment gateway asks banks; what a function reads and writes before and after still fits into its time.
const PAYMENT_PATIENCE: Duration = Duration::from_secs(8);

const GATEWAY: &str = "PAYMENT_GATEWAY must be sandbox or stripe";

const SINKS: &str = "EVENT_SINKS must be sqs: events go nowhere else yet, not to Kafka either";

/// Where a secret comes from.
#[derive(Clone)]
pub enum SecretSource {
    /// From the environment itself: on a laptop.
    Given(SecretString),
    /// From Secrets Manager, under this name.
    Named(String),
}

/// What the environment says.
#[derive(Clone)]
pub struct Config {
    /// The name of the table.
    pub table: Option<String>,
    /// What signs access tokens.
    pub tokens: Option<SecretSource>,
    /// What signed access tokens before; still accepted. Only where secrets are given: a named one has versions.
    pub previous_tokens: Option<SecretString>,
    /// What server seeds are derived from.
    pub seeds: Option<SecretSource>,
    /// Where pushes to open sockets are posted.
    pub socket_endpoint: Option<String>,
    /// The URL of the queue of events.
    pub event_queue: Option<String>,
    /// The URL of the queue of records that make no event.
    pub event_failures: Option<String>,
    /// Which payment gateway.
    pub payment_gateway: Option<Provider>,
    /// The key by which the payment gateway knows us.
    pub payments: Option<SecretSource>,
    /// Where the payment gateway is asked.
    pub payment_endpoint: String,
    /// How long a call of the payment gateway may take.
    pub payment_patience: Duration,
    /// What signs the payment gateway's notices.
    pub notices: Option<SecretSource>,
    /// How long an access token lasts.
    pub token_lifetime: Duration,
    /// How many sessions a player has at once.
    pub max_sessions: usize,
    /// Where the game's day begins.
    pub calendar: Calendar,
    /// Other symbol weights for the slot machine, as a JSON object.
    pub slot_symbol_weights: Option<String>,
}

/// Everything that is wrong with an environment.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("; "))]
pub struct BadConfig(Vec<String>);

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// Whatever a function with these needs cannot start without.
    pub fn from_env(needs: &[Need]) -> Result<Self, BadConfig> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        Self::read(needs, |name| std::env::var(name).ok())
    }

    /// Reads an environment.
    ///
    /// # Errors
    /// Whatever a function with these needs cannot start without.
    pub fn read(needs: &[Need], variable: impl Fn(&str) -> Option<String>) -> Result<Self, BadConfig> {
        let text = |name: &str| variable(name).filter(|text| !text.is_empty());
        let secret = |name: &str| match (text(name), text(&format!("{name}_ID"))) {
            (Some(given), _) => Some(SecretSource::Given(given.into())),
            (None, Some(named)) => Some(SecretSource::Named(named)),
            (None, None) => None,
        };
        let minutes = text("JWT_EXPIRE_MINUTES").map_or(Ok(30), |text| text.parse::<u64>());
        let sessions = text("MAX_SESSIONS").map_or(Ok(5), |text| text.parse::<usize>());
        let offset = text("GAME_DAY_OFFSET_MINUTES").map_or(Ok(0), |text| text.parse::<i32>());
        let gateway = text("PAYMENT_GATEWAY").map(|text| text.parse::<Provider>()).transpose();
        let calendar = offset.ok().and_then(Calendar::beginning_at);
        let config = Self {
            calendar: calendar.unwrap_or_default(),
            table: text("TABLE_NAME"),
            tokens: secret("TOKENS_SECRET"),
            previous_tokens: text("TOKENS_SECRET_PREVIOUS").map(Into::into),
            seeds: secret("SEEDS_SECRET"),
            socket_endpoint: text("SOCKET_ENDPOINT"),
            event_queue: text("EVENT_QUEUE_URL"),
            event_failures: text("EVENT_FAILURES_URL"),
            payment_gateway: gateway.unwrap_or(None),
            payments: secret("PAYMENT_SECRET"),
            payment_endpoint: text("PAYMENT_ENDPOINT").unwrap_or_else(|| STRIPE.to_owned()),
            payment_patience: PAYMENT_PATIENCE,
            notices: secret("WEBHOOK_SECRET"),
            token_lifetime: Duration::from_secs(minutes.clone().unwrap_or(30).saturating_mul(60)),
            max_sessions: sessions.clone().unwrap_or(5),
            slot_symbol_weights: text("SLOT_SYMBOL_WEIGHTS"),
        };
        let mut complaints: Vec<_> = needs.iter().flat_map(|need| config.lacks(*need)).map(str::to_owned).collect();
        // A name that no gateway has is wrong also where none is needed, and is said once where it is needed twice.
        complaints.extend(gateway.err().map(|_| GATEWAY.to_owned()));
        complaints.extend(text("EVENT_SINKS").filter(|sinks| sinks != "sqs").map(|_| SINKS.to_owned()));
        let mut said = BTreeSet::new();
        complaints.retain(|complaint| said.insert(complaint.clone()));
        if !minutes.is_ok_and(|minutes| (1..=1440).contains(&minutes)) {
            complaints.push("JWT_EXPIRE_MINUTES must be a whole number from 1 to 1440".to_owned());
        }
        if calendar.is_none() {
            complaints.push("GAME_DAY_OFFSET_MINUTES must be a whole number from -1439 to 1439".to_owned());
        }
        if !sessions.is_ok_and(|sessions| (1..=50).contains(&sessions)) {
            complaints.push("MAX_SESSIONS must be a whole number from 1 to 50".to_owned());
        }
        if complaints.is_empty() { Ok(config) } else { Err(BadConfig(complaints)) }
    }

    fn lacks(&self, need: Need) -> impl Iterator<Item = &'static str> + use<> {
        let gateway = (self.payment_gateway.is_some(), GATEWAY);
        let needed = match need {
            Need::Table => vec![(self.table.is_some(), "TABLE_NAME must name the table")],
            Need::Tokens => {
                vec![(self.tokens.is_some(), "TOKENS_SECRET_ID must name the secret that signs access tokens")]
            }
            Need::Seeds => vec![(self.seeds.is_some(), "SEEDS_SECRET_ID must name the secret behind the server seeds")],
            Need::Sockets => {
                vec![(self.socket_endpoint.is_some(), "SOCKET_ENDPOINT must be the URL that takes pushes")]
            }
            Need::Queue => vec![
                (self.event_queue.is_some(), "EVENT_QUEUE_URL must be the URL of the queue of events"),
                (
                    self.event_failures.is_some(),
                    "EVENT_FAILURES_URL must be the URL of the queue of what makes no event",
                ),
            ],
            Need::Payments => {
                let known = self.payment_gateway != Some(Provider::Stripe) || self.payments.is_some();
                vec![gateway, (known, "PAYMENT_SECRET_ID must name the secret with the payment gateway's API key")]
            }
            Need::Notices => {
                let signed = self.notices.is_some();
                vec![
                    gateway,
                    (signed, "WEBHOOK_SECRET_ID must name the secret that signs the payment gateway's notices"),
                ]
            }
            // A permission is no variable.
            Need::Seen => vec![],
        };
        needed.into_iter().filter(|(there, _)| !there).map(|(_, complaint)| complaint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Need; 7] =
        [Need::Table, Need::Tokens, Need::Seeds, Need::Sockets, Need::Queue, Need::Payments, Need::Notices];

    fn complaints(needs: &[Need], variables: &[(&str, &str)]) -> Vec<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        Config::read(needs, variable).err().map_or_else(Vec::new, |BadConfig(complaints)| complaints)
    }

    #[test]
    fn everything_that_is_missing_is_said_at_once() {
        let complaint = Config::read(&ALL, |name| (name == "JWT_EXPIRE_MINUTES").then(|| "soon".into())).err().unwrap();
        for name in [
            "TABLE_NAME",
            "TOKENS_SECRET_ID",
            "SEEDS_SECRET_ID",
            "SOCKET_ENDPOINT",
            "EVENT_QUEUE_URL",
            "EVENT_FAILURES_URL",
            "PAYMENT_GATEWAY",
            "WEBHOOK_SECRET_ID",
            "JWT_EXPIRE_MINUTES",
        ] {
            assert!(complaint.to_string().contains(name), "{name} is not in: {complaint}");
        }
    }

    #[test]
    fn a_function_without_needs_needs_nothing_and_no_secret_has_a_default() {
        let config = Config::read(&[], |_| None).ok().unwrap();
        assert!(config.tokens.is_none() && config.seeds.is_none());
    }

    #[test]
    fn events_go_to_a_queue_and_whoever_wants_them_elsewhere_is_told_so() {
        let urls = [("EVENT_QUEUE_URL", "https://a/queue"), ("EVENT_FAILURES_URL", "https://another/queue")];
        assert!(complaints(&[Need::Queue], &urls).is_empty());
        for sinks in ["kafka", "sqs,kafka", "SQS", "nowhere"] {
            assert_eq!(complaints(&[Need::Queue], &[urls[0], urls[1], ("EVENT_SINKS", sinks)]), [SINKS], "{sinks}");
            assert_eq!(complaints(&[], &[("EVENT_SINKS", sinks)]), [SINKS], "{sinks}");
        }
        assert!(complaints(&[Need::Queue], &[urls[0], urls[1], ("EVENT_SINKS", "sqs")]).is_empty());
    }

    #[test]
    fn a_gateway_is_chosen_and_never_assumed_and_only_stripe_has_a_key() {
        const BOTH: [Need; 2] = [Need::Payments, Need::Notices];
        let signed = ("WEBHOOK_SECRET", "whatever signs notices");
        assert_eq!(complaints(&BOTH, &[signed]), [GATEWAY]);
        assert_eq!(complaints(&BOTH, &[signed, ("PAYMENT_GATEWAY", "paypal")]), [GATEWAY]);
        assert_eq!(complaints(&[], &[("PAYMENT_GATEWAY", "Stripe")]), [GATEWAY]);
        assert!(complaints(&BOTH, &[signed, ("PAYMENT_GATEWAY", "sandbox")]).is_empty());
        let stripe = ("PAYMENT_GATEWAY", "stripe");
        let without_key = complaints(&BOTH, &[signed, stripe]);
        assert!(without_key.len() == 1 && without_key[0].contains("PAYMENT_SECRET_ID"), "{without_key:?}");
        assert!(complaints(&[Need::Notices], &[signed, stripe]).is_empty());
        assert!(complaints(&BOTH, &[signed, stripe, ("PAYMENT_SECRET_ID", "a-name")]).is_empty());
    }
}
