//! The way to Kafka.
//!
//! The client speaks the protocol itself: an idempotent producer, all in-sync replicas. What it sends again by itself, since an answer was
//! lost, the brokers know by its number and do not write twice. Of what Lambda has sent again they know nothing; hence [`Recent`].

use std::{
    collections::{HashSet, VecDeque},
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use croupier_rules::event::Topic;
use futures_util::future::join_all;
use krafka::{
    KrafkaError, Record,
    admin::DescribeTopicsOptions,
    auth::{AuthConfig, TlsConfig},
    error::ErrorCode,
    producer::{Acks, Producer},
};
use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::{Letter, Sent};
use crate::app::CannotStart;

/// How long one letter may take, with all that is tried again meanwhile; and how long it may take to find the brokers.
pub const PATIENCE: Duration = Duration::from_secs(8);
/// How long one request may take.
const ONCE: Duration = Duration::from_millis(2500);

/// How many letters are remembered that were taken: some batches of the stream.
const REMEMBERED: usize = 10_000;

/// By which of SASL's mechanisms brokers know us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mechanism {
    /// A proof, with SHA-512.
    #[default]
    ScramSha512,
    /// A proof, with SHA-256.
    ScramSha256,
    /// The password itself, inside of TLS.
    Plain,
}

/// A text that names no mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be SCRAM-SHA-512, SCRAM-SHA-256 or PLAIN")]
pub struct NoMechanism;

impl FromStr for Mechanism {
    type Err = NoMechanism;

    fn from_str(text: &str) -> Result<Self, NoMechanism> {
        match text {
            "SCRAM-SHA-512" => Ok(Self::ScramSha512),
            "SCRAM-SHA-256" => Ok(Self::ScramSha256),
            "PLAIN" => Ok(Self::Plain),
            _ => Err(NoMechanism),
        }
    }
}

/// Whether a text lists brokers, each as `host:port`.
pub fn are_brokers(text: &str) -> bool {
    let is_broker = |broker: &str| {
        let parts = broker.trim().rsplit_once(':');
        parts.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0))
    };
    text.split(',').all(is_broker)
}

/// Who we are to the brokers, as it stands in the secret.
#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
    /// The certificates that the brokers' own ones are signed by, as PEM, where no public authority has signed them.
    #[serde(default)]
    ca: Option<String>,
}

/// Kafka.
pub struct Kafka {
    brokers: String,
    /// Absent on a laptop alone.
    access: Option<AuthConfig>,
    patience: Duration,
    once: Duration,
    open: tokio::sync::Mutex<Option<Arc<Open>>>,
    recent: Mutex<Recent>,
}

struct Open {
    kafka: krafka::Kafka,
    producer: Producer,
}

/// What was taken lately. Lambda sends a batch again from the first record that failed; what came after that one and was taken is known here,
/// as long as it is the same instance of the function.
#[derive(Default)]
struct Recent {
    ids: HashSet<String>,
    order: VecDeque<String>,
}

/// Where in a topic something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Place {
    /// In which partition.
    pub partition: i32,
    /// At which offset; null where only an earlier, unheard try knows it.
    pub offset: Option<i64>,
}

/// How a topic is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct TopicHealth {
    /// Which one.
    pub topic: Topic,
    /// Into how many partitions it is divided.
    pub partitions: usize,
    /// How many of them have a leader: the others take nothing.
    pub led: usize,
    /// How many of them lack a replica that is in sync.
    pub under_replicated: usize,
}

/// Why something was not taken.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotTaken(#[from] KrafkaError);

impl Kafka {
    /// Kafka behind TLS, where we are known by what a secret says: JSON with `username`, `password` and, if need be, `ca`.
    ///
    /// # Errors
    /// A secret that does not say it.
    pub fn secured(brokers: &str, mechanism: Mechanism, secret: &SecretString) -> Result<Self, CannotStart> {
        // The error is left out on purpose: it may quote the secret.
        let Ok(Credentials { username, password, ca }) = serde_json::from_str(secret.expose_secret()) else {
            return Err(CannotStart("the secret for Kafka must be JSON with username and password".to_owned()));
        };
        let sasl = match mechanism {
            Mechanism::ScramSha512 => AuthConfig::sasl_scram_sha512(username, password),
            Mechanism::ScramSha256 => AuthConfig::sasl_scram_sha256(username, password),
            Mechanism::Plain => AuthConfig::sasl_plain(username, password),
        };
        let tls = ca.into_iter().fold(TlsConfig::new(), TlsConfig::with_ca_cert_pem);
        Ok(Self::behind(brokers, Some(sasl.with_tls(tls))))
    }

    /// Kafka that lets in whoever comes, without TLS: on a laptop.
    pub fn unsecured(brokers: &str) -> Self {
        Self::behind(brokers, None)
    }

    /// The same, with other patience: for a letter, and for one request about it.
    #[must_use]
    pub fn with_patience(self, patience: Duration, once: Duration) -> Self {
        Self { patience, once, ..self }
    }

    fn behind(brokers: &str, access: Option<AuthConfig>) -> Self {
        let (open, recent) = (tokio::sync::Mutex::default(), Mutex::default());
        Self { brokers: brokers.to_owned(), access, patience: PATIENCE, once: ONCE, open, recent }
    }

    /// Sends letters, all at once: nothing is said of their order. Tells what became of each.
    pub async fn send(&self, letters: &[&Letter]) -> Vec<Sent> {
        let open = match self.open().await {
            Ok(open) => open,
            Err(error) => return vec![Sent::NotNow(error.to_string()); letters.len()],
        };
        let send = async |letter: &Letter| {
            if self.recent(|recent| recent.ids.contains(&letter.id)) {
                return Sent::Taken;
            }
            match self.place(&open, letter).await {
                Ok(_) => {
                    self.recent(|recent| recent.keep(&letter.id));
                    Sent::Taken
                }
                Err(error) if is_for_ever(&error) => Sent::Never(error.to_string()),
                Err(error) => Sent::NotNow(error.to_string()),
            }
        };
        join_all(letters.iter().map(|letter| send(letter))).await
    }

    /// Sends one letter, and tells where it stands.
    ///
    /// # Errors
    /// It was not taken; or it was, and nobody heard of it.
    pub async fn send_one(&self, letter: &Letter) -> Result<Place, NotTaken> {
        let open = self.open().await?;
        Ok(self.place(&open, letter).await?)
    }

    /// Asks how all topics are.
    ///
    /// # Errors
    /// No broker answers, or one of the topics is not there.
    pub async fn health(&self) -> Result<Vec<TopicHealth>, NotTaken> {
        let open = self.open().await?;
        let names = Topic::ALL.iter().map(|topic| topic.name());
        let options = DescribeTopicsOptions::default().timeout(self.patience);
        let mut described = open.kafka.admin().describe_topics(names, options).await?;
        let health = |topic: &Topic| {
            let unknown = || Err(KrafkaError::unknown_topic(topic.name()));
            let partitions = described.remove(topic.name()).unwrap_or_else(unknown)?.partitions;
            let led = partitions.iter().filter(|partition| partition.leader.is_some());
            let lacking = partitions.iter().filter(|partition| partition.isr.len() < partition.replicas.len());
            let (led, under_replicated) = (led.count(), lacking.count());
            Ok(TopicHealth { topic: *topic, partitions: partitions.len(), led, under_replicated })
        };
        Topic::ALL.iter().map(health).collect()
    }

    async fn place(&self, open: &Arc<Open>, letter: &Letter) -> Result<Place, KrafkaError> {
        let Letter { topic, group, id, kind, version, body } = letter;
        let record = Record::new(topic.name(), body.clone())
            .key(group.clone())
            .header("event_id", id.clone())
            .header("type", *kind)
            .header("schema_version", version.to_string());
        let sent = open.producer.send(record).await;
        if sent.as_ref().is_err_and(is_over) {
            let mut current = self.open.lock().await;
            // Whoever comes next begins anew, unless somebody has already.
            current.take_if(|current| Arc::ptr_eq(current, open));
        }
        let sent = sent?;
        Ok(Place { partition: sent.partition, offset: sent.is_success().then_some(sent.offset) })
    }

    /// What is open; it is opened by the first who needs it.
    async fn open(&self) -> Result<Arc<Open>, KrafkaError> {
        let mut open = self.open.lock().await;
        if let Some(open) = &*open {
            return Ok(Arc::clone(open));
        }
        let opened = Arc::new(timeout(self.patience, Box::pin(self.begin())).await??);
        *open = Some(Arc::clone(&opened));
        Ok(opened)
    }

    async fn begin(&self) -> Result<Open, KrafkaError> {
        let builder = krafka::Kafka::builder(&self.brokers)
            .client_id("croupier")
            .connect_timeout(self.once)
            .request_timeout(self.once)
            // A topic that makes itself has as many partitions as chance wants.
            .allow_auto_create_topics(false);
        let builder = self.access.iter().fold(builder, |builder, access| builder.security(access.clone()));
        let kafka = builder.connect().await?;
        let producer = kafka
            .producer()
            .acks(Acks::All)
            .idempotent(true)
            .linger(Duration::ZERO)
            // The one begins when the other is over: when it is known to whom the letter goes.
            .max_block(self.patience / 4)
            .delivery_timeout(self.patience - self.patience / 4)
            .metrics_push(false);
        let producer = producer.build().await?;
        Ok(Open { kafka, producer })
    }

    fn recent<T>(&self, work: impl FnOnce(&mut Recent) -> T) -> T {
        work(&mut self.recent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Recent {
    fn keep(&mut self, id: &str) {
        if self.ids.insert(id.to_owned()) {
            self.order.push_back(id.to_owned());
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }
}

/// Whether a producer is of no more use: it has ended itself, or brokers have lost what they knew of it. To brokers that have lost its very
/// name it stays unknown.
fn is_over(error: &KrafkaError) -> bool {
    error.is_fatal() || matches!(error, KrafkaError::OutOfOrderSequence { .. })
}

/// What a broker says of a record itself: whoever sends it, whenever, it will not be taken.
const fn is_for_ever(error: &KrafkaError) -> bool {
    let KrafkaError::Broker { code, .. } = error else { return false };
    matches!(code, ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge | ErrorCode::InvalidRecord)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_are_hosts_with_ports() {
        for good in ["127.0.0.1:9092", "b-1.example.com:9096,b-2.example.com:9096", "[::1]:9092", "a:1, b:2"] {
            assert!(are_brokers(good), "{good}");
        }
        for bad in ["", "localhost", ":9092", "localhost:", "localhost:0", "localhost:70000", "a:1,", "a:1,b"] {
            assert!(!are_brokers(bad), "{bad}");
        }
    }

    #[test]
    fn the_secret_is_json_and_no_complaint_quotes_it() {
        let secured = |secret: &str| Kafka::secured("a:1", Mechanism::Plain, &secret.into()).err();
        assert!(secured(r#"{"username":"ann","password":"lemon"}"#).is_none());
        for bad in ["ann:lemon", r#"{"username":"ann"}"#, r#"{"username":"ann","password":12345}"#, ""] {
            let CannotStart(sentence) = secured(bad).expect("a complaint");
            assert!(
                !sentence.contains("ann") && !sentence.contains("12345") && !sentence.contains("lemon"),
                "{sentence}"
            );
        }
    }

    #[test]
    fn only_so_many_are_remembered_and_the_latest_are() {
        let mut recent = Recent::default();
        for number in 0..REMEMBERED + 5 {
            recent.keep(&number.to_string());
            recent.keep(&number.to_string());
        }
        assert_eq!((recent.ids.len(), recent.order.len()), (REMEMBERED, REMEMBERED));
        assert!(recent.ids.contains("5") && !recent.ids.contains("4"));
    }

    #[test]
    fn only_what_is_said_of_the_record_itself_is_for_ever() {
        let broker = |code| KrafkaError::Broker { code, message: "refused".to_owned() };
        assert!(is_for_ever(&broker(ErrorCode::MessageTooLarge)) && is_for_ever(&broker(ErrorCode::InvalidRecord)));
        for passing in [ErrorCode::NotEnoughReplicas, ErrorCode::TopicAuthorizationFailed, ErrorCode::CorruptMessage] {
            assert!(!is_for_ever(&broker(passing)), "{passing:?}");
        }
        assert!(!is_for_ever(&KrafkaError::unknown_topic("cc_rewards")));
    }
}
