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
use croupier_localstack::table::TABLE;
use croupier_tests::world::{World, variable};
use croupier_web::{
    app::Clock,
    config::{Config, Need},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command, sync::Mutex, time::timeout};

use crate::examples::{Example, Examples, is_right, names};

const SECRETS: [(&str, &str); 2] = [
    ("TOKENS_SECRET", "a-secret-of-this-test-that-signs-tokens"),
    ("SEEDS_SECRET", "a-secret-of-this-test-behind-the-seeds"),
];

/// What the fake services of one test know.
struct Fakes {
    event: Mutex<Option<Value>>,
    answer: Mutex<tokio::sync::mpsc::Sender<Value>>,
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

async fn next(State(fakes): Known) -> Response {
    let Some(event) = fakes.event.lock().await.take() else { return std::future::pending().await };
    let headers = [
        ("lambda-runtime-aws-request-id", "one"),
        ("lambda-runtime-deadline-ms", "9999999999999"),
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

async fn secret(headers: HeaderMap, body: Bytes) -> Response {
    let asked: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(headers["x-amz-target"], "secretsmanager.GetSecretValue");
    if asked["VersionStage"] != "AWSCURRENT" {
        let unknown = json!({ "__type": "ResourceNotFoundException", "message": "no such version" });
        return (StatusCode::BAD_REQUEST, Json(unknown)).into_response();
    }
    let known: BTreeMap<_, _> = SECRETS.into();
    Json(json!({ "SecretString": known[asked["SecretId"].as_str().expect("a name")] })).into_response()
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
    for row in FUNCTIONS {
        let (answer, mut answers) = tokio::sync::mpsc::channel(1);
        let Example { event, secrets } = examples.ready(row.name).await;
        let event = Mutex::new(Some(event));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let server = axum::serve(listener, fakes(Arc::new(Fakes { event, answer: Mutex::new(answer) })));
        let server = tokio::spawn(async move { server.await });

        let mut command = function(&path, row.name);
        command.env("AWS_LAMBDA_RUNTIME_API", address.to_string());
        command.env("LOG_LEVEL", "trace");
        command.env("AWS_ENDPOINT_URL_SECRETS_MANAGER", format!("http://{address}"));
        command.env("AWS_ENDPOINT_URL_DYNAMODB", &world.running().table_endpoint);
        for need in row.needs() {
            // Just what its needs say: a function that uses more than it declares fails here.
            match need {
                Need::Table => command.env("TABLE_NAME", TABLE),
                Need::Tokens => command.env("TOKENS_SECRET_ID", "TOKENS_SECRET"),
                Need::Seeds => command.env("SEEDS_SECRET_ID", "SEEDS_SECRET"),
                Need::Sockets => command.env("SOCKET_ENDPOINT", &world.running().socket_endpoint),
                Need::Seen => &mut command,
            };
        }
        let mut child = command.spawn().expect("a process");
        let Ok(Some(answer)) = timeout(Duration::from_secs(20), answers.recv()).await else {
            child.start_kill().expect("a process to end");
            panic!("{} did not answer: {:?}", row.name, child.wait_with_output().await);
        };
        is_right(row.name, &answer);
        child.start_kill().expect("a process to end");
        let log = String::from_utf8(child.wait_with_output().await.expect("an end").stdout).expect("text");
        assert!(log.contains(&format!("\"function\":\"{}\"", row.name)), "{log}");
        for secret in secrets.into_iter().chain(tokens(&answer)) {
            assert!(!log.contains(&secret), "{} logs a secret: {log}", row.name);
        }
        server.abort();
    }
    croupier_tests::audit::audit(&world).await;
    world.stop().await;
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
