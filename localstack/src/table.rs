//! The embedded table: a DynamoDB endpoint in this process, which the unmodified SDK talks to over loopback.

use std::{path::Path, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Credentials, Region, SharedHttpClient, retry::RetryConfig, timeout::TimeoutConfig},
};
use dynoxide::Database;
use rusqlite::Connection;
use tokio::{net::TcpListener, task::JoinSet};

use crate::stack::CannotStart;

/// The name of the table.
pub const TABLE: &str = "croupier";

/// A DynamoDB endpoint in this process.
pub struct Embedded {
    /// Talks to the table.
    pub client: Client,
    /// Where it listens.
    pub endpoint: String,
    /// Talks to the stream of the table.
    pub streams: aws_sdk_dynamodbstreams::Client,
}

impl Embedded {
    /// Opens the data, or begins with none, and serves it on a port of its own, as one of the tasks.
    ///
    /// # Errors
    /// Data that cannot be opened.
    pub async fn start(
        file: Option<&Path>,
        http: SharedHttpClient,
        tasks: &mut JoinSet<()>,
    ) -> Result<Self, CannotStart> {
        let database = open(file).map_err(|error| CannotStart(format!("the data cannot be opened: {error}")))?;
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|error| CannotStart(error.to_string()))?;
        let address = listener.local_addr().map_err(|error| CannotStart(error.to_string()))?;
        tasks.spawn(dynoxide::server::serve_on(listener, database));

        let endpoint = format!("http://{address}");
        // A busy laptop answers later than DynamoDB does, and is no less alive.
        let (attempt, all_attempts) = (Duration::from_secs(3), Duration::from_secs(15));
        let patience =
            TimeoutConfig::builder().operation_attempt_timeout(attempt).operation_timeout(all_attempts).build();
        let retries = RetryConfig::standard().with_initial_backoff(Duration::from_millis(2));
        let credentials = Credentials::new("local", "local", None, None, "local");
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials.clone())
            .region(Region::from_static("local"))
            .endpoint_url(&endpoint)
            .retry_config(retries)
            .timeout_config(patience)
            .http_client(http)
            .build();
        let streams = aws_sdk_dynamodbstreams::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials)
            .region(Region::from_static("local"))
            .endpoint_url(&endpoint)
            .http_client(plain_http())
            .build();
        let embedded = Self {
            client: Client::from_conf(config),
            endpoint,
            streams: aws_sdk_dynamodbstreams::Client::from_conf(streams),
        };
        croupier_store::schema::create(&embedded.client, TABLE)
            .await
            .map_err(|error| CannotStart(format!("the table cannot be made: {error}")))?;
        Ok(embedded)
    }
}

/// The embedded table keeps all that its stream ever told and looks through the whole of it at each write, so that a game would
/// grow slower as it is played. An index spares it the look.
const STREAM_INDEX: &str = "CREATE INDEX IF NOT EXISTS croupier_stream \
     ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

fn open(file: Option<&Path>) -> Result<Database, Box<dyn std::error::Error>> {
    let Some(file) = file else {
        let folder = tempfile::tempdir()?;
        let template = folder.path().join("template.sqlite");
        drop(open(Some(&template))?);
        let database = Database::memory()?;
        database.restore_from(&template.to_string_lossy())?;
        return Ok(database);
    };
    let database = Database::new(&file.to_string_lossy())?;
    Connection::open(file)?.execute_batch(STREAM_INDEX)?;
    Ok(database)
}

/// HTTP without TLS: nothing here leaves the machine.
pub fn plain_http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}
