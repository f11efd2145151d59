//! The HTTP gateway: turns requests into the events that API Gateway sends, and answers back.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{RawPathParams, Request, State, rejection::RawPathParamsRejection},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
    routing::{MethodFilter, on},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use croupier_functions::FUNCTIONS;
use croupier_web::{
    endpoint::Method,
    event::{HttpAnswer, HttpContext, HttpEvent, HttpLine},
    function::{Function, Trigger},
};

use crate::{invocation::invoke, stack::Running};

/// API Gateway takes bodies of up to 10 MB.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// All functions that answer requests.
pub fn routes() -> Router<Arc<Running>> {
    let mut router = Router::new();
    for function in FUNCTIONS {
        let Trigger::Http(route) = function.trigger else { continue };
        for (method, path) in route.places() {
            let method = match method {
                Method::Get => MethodFilter::GET,
                Method::Post => MethodFilter::POST,
                Method::Patch => MethodFilter::PATCH,
                Method::Put => MethodFilter::PUT,
                Method::Delete => MethodFilter::DELETE,
            };
            let answer = move |State(running): State<Arc<Running>>, params: Params, request: Request| {
                let params = params.ok().map(|params| params.iter().map(owned).collect());
                async move {
                    match params {
                        Some(params) => answer(&running, function, params, request).await,
                        None => refuse(running, request).await,
                    }
                }
            };
            router = router.route(path, on(method, answer));
        }
    }
    // Only now, since it counts just for the paths that are there already.
    let otherwise = |State(running): State<Arc<Running>>, request: Request| refuse(running, request);
    router.fallback(otherwise).method_not_allowed_fallback(otherwise)
}

/// What the path says, unless it is no text.
type Params = Result<RawPathParams, RawPathParamsRejection>;

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// Hands what no route takes to the function that takes the rest.
async fn refuse(running: Arc<Running>, request: Request) -> Response {
    let rest = FUNCTIONS.iter().find(|function| matches!(function.trigger, Trigger::AnyOtherHttp));
    match rest {
        Some(function) => answer(&running, function, BTreeMap::new(), request).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn answer(
    running: &Running,
    function: &'static Function,
    params: BTreeMap<String, String>,
    request: Request,
) -> Response {
    let Ok(event) = event(running, params, request).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let answered = match serde_json::to_value(event) {
        Ok(event) => invoke(function, &running.app, event).await,
        Err(error) => Err(error),
    };
    running.wake_stream();
    match answered.and_then(serde_json::from_value::<HttpAnswer>) {
        Ok(answer) => response(answer),
        Err(error) => {
            tracing::error!(function = function.name, %error, "the function failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn event(
    running: &Running,
    params: BTreeMap<String, String>,
    request: Request,
) -> Result<HttpEvent, axum::Error> {
    let (head, body) = request.into_parts();
    let bytes = to_bytes(body, BODY_LIMIT).await?;
    let text = String::from_utf8(bytes.to_vec());
    let is_base64_encoded = text.is_err();
    let body = text.unwrap_or_else(|error| BASE64_STANDARD.encode(error.as_bytes()));
    Ok(HttpEvent {
        raw_path: head.uri.path().to_owned(),
        raw_query_string: head.uri.query().unwrap_or_default().to_owned(),
        headers: joined(&head.headers),
        path_parameters: (!params.is_empty()).then_some(params),
        request_context: HttpContext {
            request_id: running.fresh_name(),
            http: HttpLine { method: head.method.to_string() },
        },
        body: (!body.is_empty()).then_some(body),
        is_base64_encoded,
    })
}

/// Header names in lower case, several values joined with commas, as in payload format 2.0.
fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        match joined.get_mut(name.as_str()) {
            Some(all) => {
                all.push(',');
                all.push_str(&value);
            }
            None => {
                joined.insert(name.to_string(), value.into_owned());
            }
        }
    }
    joined
}

fn response(answer: HttpAnswer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status_code).unwrap_or(StatusCode::BAD_GATEWAY);
    for (name, value) in answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
