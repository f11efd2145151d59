//! What a function is told by its environment, read once; everything that is wrong is said at once.

use std::{collections::BTreeSet, time::Duration};

use croupier_rules::calendar::Calendar;
use secrecy::SecretString;

use crate::{
    bus::{
        Sinks,
        kafka::{Mechanism, are_brokers},
    },
    pay::Provider,
};

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
    /// Kafka, if it is among the sinks of events.
    Kafka,
    /// The queue for what makes no event for Kafka.
    KafkaFailures,
    /// ClickHouse, and the user as whom it knows us.
    Warehouse,
    /// The queue for events that make no rows of ClickHouse.
    AnalyticsFailures,
    /// The payment gateway, and the key by which it knows us.
    Payments,
    /// The secret that signs the payment gateway's notices.
    Notices,
    /// Leave to write down that a session is in use.
    Seen,
}

/// The database with the tables of analytics, where nothing else is said.
const DATABASE: &str = "croupier";

/// Where Stripe is asked.
const STRIPE: &str = "https://api.stripe.com";

/// A payment gateway asks banks; what a function reads and writes before and after still fits into its time.
pub const PAYMENT_PATIENCE: Duration = Duration::from_secs(8);

/// ClickHouse answers when rows are written, which it does a few times a second; a function has a minute for all it has to do.
const WAREHOUSE_PATIENCE: Duration = Duration::from_secs(15);

const GATEWAY: &str = "PAYMENT_GATEWAY must be sandbox or stripe";

const SINKS: &str = "EVENT_SINKS must be sqs, kafka, or sqs,kafka";

const BROKERS: &str = "KAFKA_BROKERS must list Kafka's brokers as host:port, with commas between them";

const MECHANISM: &str = "KAFKA_SASL_MECHANISM must be SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN";

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
    /// Where events go.
    pub sinks: Sinks,
    /// Kafka's brokers.
    pub kafka_brokers: Option<String>,
    /// By which mechanism they know us.
    pub kafka_mechanism: Mechanism,
    /// By what they know us.
    pub kafka: Option<SecretSource>,
    /// The URL of the queue for what makes no event for Kafka.
    pub kafka_failures: Option<String>,
    /// The URL of ClickHouse's HTTP interface.
    pub warehouse: Option<String>,
    /// The database with the tables of analytics.
    pub warehouse_database: String,
    /// As whom ClickHouse knows us.
    pub warehouse_login: Option<SecretSource>,
    /// How long an insert may take.
    pub warehouse_patience: Duration,
    /// The URL of the queue for events that make no rows.
    pub analytics_failures: Option<String>,
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
        let sinks = text("EVENT_SINKS").map_or(Ok(Sinks::default()), |text| text.parse());
        let mechanism = text("KAFKA_SASL_MECHANISM").map_or(Ok(Mechanism::default()), |text| text.parse());
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
            sinks: sinks.unwrap_or_default(),
            kafka_brokers: text("KAFKA_BROKERS"),
            kafka_mechanism: mechanism.unwrap_or_default(),
            kafka: secret("KAFKA_SECRET"),
            kafka_failures: text("KAFKA_FAILURES_URL"),
            warehouse: text("CLICKHOUSE_URL"),
            warehouse_database: text("CLICKHOUSE_DATABASE").unwrap_or_else(|| DATABASE.to_owned()),
            warehouse_login: secret("CLICKHOUSE_SECRET"),
            warehouse_patience: WAREHOUSE_PATIENCE,
            analytics_failures: text("ANALYTICS_FAILURES_URL"),
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
        complaints.extend(sinks.err().map(|_| SINKS.to_owned()));
        complaints.extend(mechanism.err().map(|_| MECHANISM.to_owned()));
        // On a laptop nobody says what is needed, and Kafka is there or not.
        complaints.extend(config.lacks_brokers().map(str::to_owned));
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

    fn lacks_brokers(&self) -> Option<&'static str> {
        let listed = self.kafka_brokers.as_deref().is_some_and(are_brokers);
        (self.sinks.kafka && !listed).then_some(BROKERS)
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
            Need::Kafka => {
                let known = !self.sinks.kafka || self.kafka.is_some();
                vec![(known, "KAFKA_SECRET_ID must name the secret with user and password for Kafka")]
            }
            Need::KafkaFailures => vec![(
                self.kafka_failures.is_some(),
                "KAFKA_FAILURES_URL must be the URL of the queue of what makes no event for Kafka",
            )],
            Need::Warehouse => vec![
                (self.warehouse.is_some(), "CLICKHOUSE_URL must be the URL of ClickHouse"),
                (
                    self.warehouse_login.is_some(),
                    "CLICKHOUSE_SECRET_ID must name the secret with user and password for ClickHouse",
                ),
            ],
            Need::AnalyticsFailures => vec![(
                self.analytics_failures.is_some(),
                "ANALYTICS_FAILURES_URL must be the URL of the queue of events that make no rows",
            )],
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
    fn events_go_where_it_is_said_and_to_kafka_only_when_all_of_it_is_known() {
        let sinks = |text: &str| text.parse::<Sinks>().map(|Sinks { queue, kafka }| (queue, kafka));
        assert_eq!(
            [sinks("sqs"), sinks("kafka"), sinks("sqs,kafka")],
            [Ok((true, false)), Ok((false, true)), Ok((true, true))]
        );
        for bad in ["SQS", "kafka,sqs", "sqs,sqs", "sqs, kafka", "nowhere"] {
            assert_eq!(complaints(&[], &[("EVENT_SINKS", bad)]), [SINKS], "{bad}");
        }
        assert!(complaints(&[Need::Kafka], &[]).is_empty(), "as long as it is not wanted, it may be unknown");
        let (wanted, brokers) = (("EVENT_SINKS", "sqs,kafka"), ("KAFKA_BROKERS", "a:9092,b:9092"));
        assert_eq!(complaints(&[], &[wanted]), [BROKERS]);
        assert_eq!(complaints(&[], &[wanted, ("KAFKA_BROKERS", "a")]), [BROKERS]);
        assert!(complaints(&[], &[wanted, brokers]).is_empty());
        let all = complaints(&[Need::Kafka, Need::KafkaFailures], &[wanted, ("KAFKA_SASL_MECHANISM", "GSSAPI")]);
        let named = ["KAFKA_BROKERS", "KAFKA_SECRET_ID", "KAFKA_FAILURES_URL", "KAFKA_SASL_MECHANISM"];
        assert!(all.len() == 4 && named.iter().all(|name| all.iter().any(|said| said.contains(name))), "{all:?}");
        let secret = ("KAFKA_SECRET_ID", "a-name");
        assert!(complaints(&[Need::Kafka], &[wanted, brokers, secret]).is_empty());
    }

    #[test]
    fn clickhouse_is_told_who_asks_wherever_a_function_needs_it() {
        const BOTH: [Need; 2] = [Need::Warehouse, Need::AnalyticsFailures];
        let all = complaints(&BOTH, &[]);
        let named = ["CLICKHOUSE_URL", "CLICKHOUSE_SECRET_ID", "ANALYTICS_FAILURES_URL"];
        assert!(all.len() == 3 && named.iter().all(|name| all.iter().any(|said| said.contains(name))), "{all:?}");
        let told = named.map(|name| (name, "https://somewhere"));
        assert!(complaints(&BOTH, &told).is_empty());
        let config = Config::read(&BOTH, |name| named.contains(&name).then(|| "any".to_owned())).ok().unwrap();
        assert_eq!(config.warehouse_database, "croupier", "a name is no secret");
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
