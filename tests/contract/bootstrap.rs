//! The real executable, invoked through Lambda's runtime API: a server on loopback that hands out one event and takes
//! the answer. `BOOTSTRAP` names the executable; without, it is built here.

use std::{collections::BTreeMap, process::Stdio, sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use croupier_functions::FUNCTIONS;
use croupier_localstack::{
    queue::{EVENTS, FAILURES, failures_of},
    sqs,
    table::TABLE,
};
use croupier_tests::world::{World, variable};
use croupier_web::{
    app::Clock,
    config::{Config, Need},
    token::{Claims, Tokens},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command, sync::Mutex};

use crate::examples::{Example, Examples, is_right, names};

const SECRETS: [(&str, &str); 5] = [
    ("TOKENS_SECRET", "a-secret-of-this-test-that-signs-tokens"),
    ("SEEDS_SECRET", "a-secret-of-this-test-behind-the-seeds"),
    ("WEBHOOK_SECRET", "a-secret-of-this-test-that-signs-notices"),
    ("KAFKA_SECRET", r#"{"username":"croupier","password":"a-secret-of-this-test-for-kafka"}"#),
    ("CLICKHOUSE_SECRET", r#"{"username":"croupier","password":"a-secret-of-this-test-for-rows"}"#),
];

/// Versions of secrets, by name and stage.
type Versions = BTreeMap<(&'static str, &'static str), &'static str>;

/// The secrets of this test, none of which is being replaced.
fn usual() -> Versions {
    SECRETS.into_iter().map(|(name, secret)| ((name, "AWSCURRENT"), secret)).collect()
}

/// What the fake services of one test know.
struct Fakes {
    event: Mutex<Option<Value>>,
    answer: Mutex<tokio::sync::mpsc::Sender<Value>>,
    secrets: Versions,
}

type Known = State<Arc<Fakes>>;

/// Lambda's side of the runtime API, and the part of Secrets Manager that the executable asks.
fn fakes(fakes: Arc<Fakes>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/{verdict}", post(take))
        .route("/", any(secret))
        .with_state(fakes)
}

/// Under which name X-Ray has what is invoked.
const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

async fn next(State(fakes): Known) -> Response {
    let Some(event) = fakes.event.lock().await.take() else { return std::future::pending().await };
    let headers = [
        ("lambda-runtime-aws-request-id", "one"),
        ("lambda-runtime-deadline-ms", "9999999999999"),
        ("lambda-runtime-trace-id", TRACE),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:local:123456789012:function:one"),
    ];
    (headers, Json(event)).into_response()
}

async fn take(State(fakes): Known, Path((_, verdict)): Path<(String, String)>, body: Bytes) -> Response {
    let answer: Value = serde_json::from_slice(&body).expect("JSON");
    let told = if verdict == "response" { answer } else { json!({ "failed": answer }) };
    fakes.answer.lock().await.send(told).await.expect("somebody who listens");
    Json(json!({})).into_response()
}

async fn secret(State(fakes): Known, headers: HeaderMap, body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(headers["x-amz-target"], "secretsmanager.GetSecretValue");
    let version = ["SecretId", "VersionStage"].map(|field| asked[field].as_str().expect("a text"));
    match fakes.secrets.get(&(version[0], version[1])) {
        Some(secret) => Json(json!({ "SecretString": secret })).into_response(),
        None => {
            let unknown = json!({ "__type": "ResourceNotFoundException", "message": "no such version" });
            (StatusCode::BAD_REQUEST, Json(unknown)).into_response()
        }
    }
}

/// The executable, built as the tests are.
async fn executable() -> String {
    if let Some(path) = variable("BOOTSTRAP") {
        return path;
    }
    // With the whole workspace in view, libraries have the features that they are built with already.
    let build = ["build", "-q", "--workspace", "--bin", "bootstrap", "--message-format", "json"];
    let output = Command::new(env!("CARGO")).args(build).stderr(Stdio::inherit()).output().await.expect("cargo");
    let lines = String::from_utf8(output.stdout).expect("text");
    let built = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut paths = built.filter_map(|message| message["executable"].as_str().map(str::to_owned));
    paths.next_back().expect("an executable")
}

/// The executable with the environment that Lambda gives to every function, and nothing else.
fn function(path: &str, handler: &str) -> Command {
    let mut command = Command::new(path);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.envs([
        ("_HANDLER", handler),
        ("AWS_LAMBDA_FUNCTION_NAME", handler),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_REGION", "local"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
    ]);
    command
}

/// The executable, the world for which it is invoked, and the secrets that it finds there.
struct Invocation<'a> {
    path: &'a str,
    world: &'a World,
    secrets: Versions,
}

/// What came of it: the answer, if there was one, and what was written to standard output and error.
struct Outcome {
    answer: Option<Value>,
    log: String,
    sentence: String,
}

impl Invocation<'_> {
    /// Starts it as one function, with one event.
    async fn of(&self, name: &str, event: Value) -> Outcome {
        let row = FUNCTIONS.iter().find(|row| row.name == name).expect("a function");
        let (answer, mut answers) = tokio::sync::mpsc::channel(1);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (event, answer) = (Mutex::new(Some(event)), Mutex::new(answer));
        let server = axum::serve(listener, fakes(Arc::new(Fakes { event, answer, secrets: self.secrets.clone() })));
        let server = tokio::spawn(async move { server.await });

        let running = self.world.running();
        let mut command = function(self.path, name);
        command.env("AWS_LAMBDA_RUNTIME_API", address.to_string());
        command.env("LOG_LEVEL", "trace");
        command.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", format!("http://{address}"));
        command.env("AWS_ENDPOINT_URL_DYNAMODB", &running.table_endpoint);
        command.env("AWS_ENDPOINT_URL_SQS", &running.private_endpoint);
        let [events, failures] = [EVENTS, FAILURES].map(|queue| sqs::url(&running.private_endpoint, queue));
        let kafka_failures = sqs::url(&running.private_endpoint, &failures_of("publish-kafka"));
        let analytics_failures = sqs::url(&running.private_endpoint, &failures_of("analytics"));
        for need in row.needs() {
            // Just what its needs say: a function that uses more than it declares fails here.
            match need {
                Need::Table => command.env("TABLE_NAME", TABLE),
                Need::Tokens => command.env("TOKENS_SECRET_ID", "TOKENS_SECRET"),
                Need::Seeds => command.env("SEEDS_SECRET_ID", "SEEDS_SECRET"),
                Need::Sockets => command.env("SOCKET_ENDPOINT", &running.private_endpoint),
                Need::Queue => command.env("EVENT_QUEUE_URL", &events).env("EVENT_FAILURES_URL", &failures),
                // Nobody listens there: what is brought comes again.
                Need::Kafka => command
                    .env("EVENT_SINKS", "sqs,kafka")
                    .env("KAFKA_BROKERS", "127.0.0.1:9")
                    .env("KAFKA_SECRET_ID", "KAFKA_SECRET"),
                Need::KafkaFailures => command.env("KAFKA_FAILURES_URL", &kafka_failures),
                Need::Warehouse => {
                    command.env("CLICKHOUSE_URL", "http://127.0.0.1:9").env("CLICKHOUSE_SECRET_ID", "CLICKHOUSE_SECRET")
                }
                Need::AnalyticsFailures => command.env("ANALYTICS_FAILURES_URL", &analytics_failures),
                // The sandbox knows us without a key.
                Need::Payments => command.env("PAYMENT_GATEWAY", "sandbox"),
                Need::Notices => command.env("PAYMENT_GATEWAY", "sandbox").env("WEBHOOK_SECRET_ID", "WEBHOOK_SECRET"),
                Need::Seen => &mut command,
            };
        }
        let mut child = command.spawn().expect("a process");
        let answer = tokio::select! {
            answer = answers.recv() => answer,
            _ = child.wait() => None,
            () = tokio::time::sleep(Duration::from_secs(20)) => None,
        };
        // One that has ended by itself needs no ending.
        let _ = child.start_kill();
        let output = child.wait_with_output().await.expect("an end");
        server.abort();
        let [log, sentence] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("text"));
        Outcome { answer, log, sentence }
    }
}

/// A world whose tokens and seeds are those of the executable, at the same time as the executable's.
async fn world() -> World {
    let secrets: BTreeMap<_, _> = SECRETS.into();
    World::with(|options| {
        options.clock = Clock::System;
        options.config = Config::read(&[], |name| secrets.get(name).map(|text| (*text).to_owned())).expect("a config");
    })
    .await
}

/// The tokens that an answer gives away.
fn tokens(answer: &Value) -> Vec<String> {
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or_default();
    let given = ["access_token", "refresh_token", "ticket"].map(|name| body[name].as_str().map(str::to_owned));
    given.into_iter().flatten().collect()
}

#[tokio::test]
async fn the_executable_answers_every_example_as_the_function_that_its_handler_names() {
    let path = executable().await;
    let world = world().await;
    let examples = Examples::of(&world).await;
    let invocation = Invocation { path: &path, world: &world, secrets: usual() };
    for name in names() {
        let Example { event, secrets } = examples.ready(name).await;
        let Outcome { answer, log, sentence } = invocation.of(name, event).await;
        let answer = answer.unwrap_or_else(|| panic!("{name} did not answer: {log}{sentence}"));
        is_right(name, &answer);
        tells_who_asked_what(name, &log);
        for secret in secrets.into_iter().chain(tokens(&answer)) {
            assert!(!log.contains(&secret), "{name} logs a secret: {log}");
        }
    }
    croupier_tests::audit::audit(&world).await;
    world.stop().await;
}

/// Each line of the log is one JSON object in UTC, and one of them tells of the call.
fn tells_who_asked_what(name: &str, log: &str) {
    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"))).collect();
    for line in &lines {
        assert!(line["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')) && line["level"].is_string(), "{line}");
    }
    // A record that failed has a line of its own besides.
    let is_whole = |line: &&Value| ["call", "batch", "schedule"].iter().any(|whole| line["message"] == **whole);
    let mut of_function = lines.iter().filter(|line| line["function"] == name);
    let call = of_function.find(is_whole).unwrap_or_else(|| panic!("no call: {log}"));
    match call["message"].as_str() {
        _ if call["trace_id"] != TRACE || call["cold_start"] != 1 => panic!("of which invocation is this? {call}"),
        Some("call") => assert!(call["status"].is_u64() && call["request_id"].is_string(), "{call}"),
        Some("batch" | "schedule") => {}
        other => panic!("nobody knows what {other:?} is"),
    }
}

#[tokio::test]
async fn an_unknown_handler_or_a_missing_secret_ends_it_with_a_sentence() {
    let path = executable().await;
    let said = async |mut command: Command| {
        let output = command.output().await.expect("an end");
        assert!(!output.status.success());
        String::from_utf8(output.stderr).expect("text")
    };
    let sentence = said(function(&path, "spni")).await;
    assert!(sentence.contains("no function named \"spni\""), "{sentence}");
    assert!(names().iter().all(|name| sentence.contains(name)), "{sentence}");

    let sentence = said(function(&path, "spin")).await;
    for name in ["TABLE_NAME", "TOKENS_SECRET_ID", "SEEDS_SECRET_ID"] {
        assert!(sentence.contains(name), "{sentence}");
    }
}

#[tokio::test]
async fn a_token_of_the_key_before_or_to_come_is_accepted_and_one_of_a_removed_key_is_not() {
    const KEYS: [(&str, u64); 4] = [
        ("a-secret-of-this-test-that-signs-tokens", 200),
        ("a-secret-of-this-test-that-is-about-to-sign", 200),
        ("a-secret-of-this-test-that-signed-before", 200),
        ("a-secret-of-this-test-that-was-taken-away", 401),
    ];
    let path = executable().await;
    let world = world().await;
    let mut secrets = usual();
    secrets.insert(("TOKENS_SECRET", "AWSPENDING"), KEYS[1].0);
    secrets.insert(("TOKENS_SECRET", "AWSPREVIOUS"), KEYS[2].0);
    let invocation = Invocation { path: &path, world: &world, secrets };
    let examples = Examples::of(&world).await;
    for (key, status) in KEYS {
        let mut event = examples.ready("me").await.event;
        let bearer = event["headers"]["authorization"].as_str().expect("a header").to_owned();
        let token = bearer.strip_prefix("Bearer ").expect("a token");
        let claims = world.running().app.tokens().expect("keys").verify(token, world.now()).expect("a good token");
        let keys = Tokens::new(&key.into(), &[], Duration::from_secs(60)).expect("a key");
        let Claims { sub, sid, epoch, jti, .. } = claims;
        let token = keys.issue(sub, sid, epoch, jti, world.now()).expect("a token");
        event["headers"]["authorization"] = format!("Bearer {token}").into();
        let Outcome { answer, log, .. } = invocation.of("me", event).await;
        let answer = answer.unwrap_or_else(|| panic!("no answer: {log}"));
        assert_eq!(answer["statusCode"], status, "{key}: {answer}");
        let told = answer["body"].as_str().expect("a body").contains(r#""code":"UNAUTHENTICATED""#);
        assert_eq!(told, status == 401, "{key}: {answer}");
    }
    croupier_tests::audit::audit(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_ends_it_with_a_sentence_and_has_no_default() {
    let path = executable().await;
    let world = world().await;
    // The key to come and the one before are no substitute for the one in use.
    let others = ["AWSPENDING", "AWSPREVIOUS"].map(|stage| (("TOKENS_SECRET", stage), SECRETS[0].1));
    let invocation = Invocation { path: &path, world: &world, secrets: others.into() };
    let event = Examples::of(&world).await.ready("me").await.event;
    let Outcome { answer, sentence, .. } = invocation.of("me", event).await;
    assert_eq!(answer, None);
    assert_eq!(sentence, "me cannot start: the secret TOKENS_SECRET cannot be read\n");
    world.stop().await;
}
