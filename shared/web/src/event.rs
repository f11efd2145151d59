//! The events that AWS invokes a function with, as far as Croupier reads them. The local gateway writes the same shapes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A request through an API Gateway HTTP API, payload format 2.0.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpEvent {
    /// The path, without the query.
    pub raw_path: String,
    /// The query, as sent.
    #[serde(default)]
    pub raw_query_string: String,
    /// Headers, names in lower case, several values joined with commas.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What the route's placeholders stand for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_parameters: Option<BTreeMap<String, String>>,
    /// What the gateway knows.
    pub request_context: HttpContext,
    /// The body, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Whether the body is base64 of what was sent.
    #[serde(default)]
    pub is_base64_encoded: bool,
}

/// What the HTTP gateway knows of a request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpContext {
    /// The gateway's id of the request.
    #[serde(default)]
    pub request_id: String,
    /// The request line.
    pub http: HttpLine,
}

/// The request line.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct HttpLine {
    /// The method, in capitals.
    pub method: String,
}

/// The answer to an [`HttpEvent`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpAnswer {
    /// The status.
    pub status_code: u16,
    /// Headers.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
    /// Always false: every answer is text.
    pub is_base64_encoded: bool,
}

/// Something that happened to a socket of an API Gateway WebSocket API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketEvent {
    /// What the gateway knows.
    pub request_context: SocketContext,
    /// The query of the connect request; absent for other routes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_string_parameters: Option<BTreeMap<String, String>>,
    /// The message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// What the socket gateway knows.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketContext {
    /// Which socket.
    pub connection_id: String,
    /// `CONNECT`, `MESSAGE` or `DISCONNECT`: what happened, whatever route a client asked for.
    pub event_type: SocketHappening,
    /// The gateway's id of the request.
    #[serde(default)]
    pub request_id: String,
}

/// What happened to a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum SocketHappening {
    /// A client opens it.
    Connect,
    /// A client says something.
    Message,
    /// It is closed.
    Disconnect,
}

/// The answer to a [`SocketEvent`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SocketAnswer {
    /// 200, or why not.
    pub status_code: u16,
    /// What is sent back to the client; nothing when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// A batch of changes of the table.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct StreamEvent {
    /// The changes, in order for each partition key.
    #[serde(rename = "Records")]
    pub records: Vec<StreamRecord>,
}

/// One change of the table.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StreamRecord {
    /// `INSERT`, `MODIFY` or `REMOVE`.
    pub event_name: String,
    /// The change itself.
    pub dynamodb: StreamChange,
}

/// The change itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StreamChange {
    /// The place in the stream.
    #[serde(rename = "SequenceNumber")]
    pub sequence_number: String,
    /// The key of the item.
    #[serde(rename = "Keys", default)]
    pub keys: serde_dynamo::Item,
    /// The item afterwards.
    #[serde(rename = "NewImage", default)]
    pub new_image: serde_dynamo::Item,
}

/// Messages, of a queue or of Kafka.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum MessageEvent {
    /// Of an SQS queue.
    Sqs {
        /// The messages, in order for each group.
        #[serde(rename = "Records")]
        records: Vec<SqsRecord>,
    },
    /// Of Kafka, whoever runs it.
    Kafka {
        /// The messages, in order for each partition, by topic and partition.
        records: BTreeMap<String, Vec<KafkaRecord>>,
    },
}

/// One message of an SQS queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SqsRecord {
    /// What the queue calls it.
    pub message_id: String,
    /// What it says.
    pub body: String,
    /// What the queue knows of it.
    #[serde(default)]
    pub attributes: SqsAttributes,
}

/// What an SQS queue knows of a message.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SqsAttributes {
    /// Its group, in a FIFO queue.
    #[serde(rename = "MessageGroupId", default, skip_serializing_if = "Option::is_none")]
    pub message_group_id: Option<String>,
}

/// One message of Kafka.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KafkaRecord {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: u32,
    /// The place in the partition.
    pub offset: u64,
    /// What it says, in base64; nothing, where a key was deleted.
    #[serde(default)]
    pub value: Option<String>,
}

/// Which records of a batch failed. A stream goes on from the first of them, a queue sends just these again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    /// The failed ones.
    pub batch_item_failures: Vec<FailedItem>,
}

/// A record that is to be tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedItem {
    /// Its place in the stream, or its message id.
    pub item_identifier: String,
}

/// What a schedule came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleAnswer {
    /// How many things there were to do.
    pub done: usize,
}
