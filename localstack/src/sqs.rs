//! The door to the queues: the JSON protocol of SQS, and a client that speaks it.

use std::{sync::Arc, time::Duration};

use aws_sdk_sqs::{
    Client,
    config::{BehaviorVersion, Credentials, Region, SharedHttpClient, retry::RetryConfig, timeout::TimeoutConfig},
};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    queue::{Refused, Sent, Wanted},
    stack::Running,
};

/// The URL of a queue, behind this endpoint.
pub fn url(endpoint: &str, queue: &str) -> String {
    format!("{endpoint}/000000000000/{queue}")
}

/// A client of the queues behind this endpoint.
pub fn client(endpoint: &str, http: SharedHttpClient) -> Client {
    // A busy laptop answers later than SQS does, and is no less alive.
    let (attempt, all_attempts) = (Duration::from_secs(3), Duration::from_secs(15));
    let patience = TimeoutConfig::builder().operation_attempt_timeout(attempt).operation_timeout(all_attempts).build();
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .region(Region::from_static("local"))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(2)))
        .timeout_config(patience)
        .http_client(http)
        .build();
    Client::from_conf(config)
}

/// Where clients ask.
pub fn routes() -> Router<Arc<Running>> {
    Router::new().route("/", post(answer))
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Asked {
    queue_url: String,
    #[serde(default)]
    entries: Vec<Sent>,
    #[serde(default)]
    receipt_handle: String,
    #[serde(default)]
    visibility_timeout: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    queue_name: String,
}

async fn answer(State(running): State<Arc<Running>>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let kind = (CONTENT_TYPE, "application/x-amz-json-1.0");
    match perform(&running, target, &body).await {
        Ok(answer) => ([kind], answer.to_string()).into_response(),
        Err((code, message)) => {
            let refusal = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": message });
            let headers = [("x-amzn-query-error", format!("{};Sender", old_name(code)))];
            (StatusCode::BAD_REQUEST, [kind], headers, refusal.to_string()).into_response()
        }
    }
}

/// What a refusal is called by clients who remember the protocol before this one.
fn old_name(code: &str) -> String {
    match code {
        "QueueDoesNotExist" => "AWS.SimpleQueueService.NonExistentQueue".to_owned(),
        "UnsupportedOperation" | "MessageNotInflight" => format!("AWS.SimpleQueueService.{code}"),
        batch if batch.contains("Batch") => format!("AWS.SimpleQueueService.{batch}"),
        code => code.to_owned(),
    }
}

async fn perform(running: &Running, target: &str, body: &[u8]) -> Result<Value, Refused> {
    if target == "AmazonSQS.GetQueueUrl" {
        let Named { queue_name } = read(body)?;
        running.queues.named(&queue_name)?;
        return Ok(json!({ "QueueUrl": url(&running.private_endpoint, &queue_name) }));
    }
    let Asked { queue_url, entries, receipt_handle, visibility_timeout } = read(body)?;
    let queue = running.queues.named(&queue_url)?;
    let now = || running.app.clock.now();
    match target.strip_prefix("AmazonSQS.").unwrap_or_default() {
        "SendMessage" => queue.send(read(body)?, now()),
        "SendMessageBatch" => queue.send_batch(entries, now()),
        "ReceiveMessage" => Ok(queue.receive(&read::<Wanted>(body)?, now).await),
        "DeleteMessage" => queue.delete(&receipt_handle, now()),
        "ChangeMessageVisibility" => queue.hide(&receipt_handle, visibility_timeout, now()),
        "GetQueueAttributes" => Ok(queue.attributes(now())),
        _ => Err(("UnsupportedOperation", format!("{target} is not among what this machine's queues do"))),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|error| ("InvalidParameterValue", error.to_string()))
}
