//! Paths and methods that nobody answers to.

use croupier_functions::FUNCTIONS;
use croupier_tests::world::play;
use croupier_web::{error::Code, event::HttpEvent};
use reqwest::Method;

use super::{HISTORY, SPIN, nothing_is_written, refused, seated};

#[tokio::test]
async fn what_is_not_there_is_not_found_and_what_is_there_takes_its_own_methods() {
    play(async |world| {
        let seated = seated(world).await;
        let (nowhere, elsewise) = (Code::NotFound, Code::MethodNotAllowed);
        for (method, path, code) in [
            (Method::GET, "/", nowhere),
            (Method::GET, "/api", nowhere),
            (Method::GET, "/api/nothing", nowhere),
            (Method::POST, "/api/nothing", nowhere),
            (Method::DELETE, "/api/nothing?limit=x", nowhere),
            (Method::GET, "/API/games/history", nowhere),
            (Method::GET, "/api/games/history/", nowhere),
            (Method::POST, "/api/games/slot/spin/", nowhere),
            (Method::GET, "/health/", nowhere),
            (Method::GET, "//health", nowhere),
            (Method::GET, "/api/../health/x", nowhere),
            (Method::GET, "/api/fairness/rounds", nowhere),
            (Method::GET, "/api/fairness/rounds/", nowhere),
            (Method::GET, "/api/fairness/rounds/a/b", nowhere),
            (Method::GET, "/api/fairness/rounds/garbage", nowhere),
            (Method::GET, "/api/fairness/rounds/ent_", nowhere),
            (Method::GET, "/api/fairness/rounds/ent_00000000000000000000000000", nowhere),
            (Method::GET, "/api/fairness/rounds/ent_7ZZZZZZZZZZZZZZZZZZZZZZZZZ", nowhere),
            (Method::GET, "/api/fairness/rounds/..%2f..%2fhealth", nowhere),
            (Method::GET, "/api/fairness/rounds/%00", nowhere),
            (Method::GET, SPIN, elsewise),
            (Method::PUT, SPIN, elsewise),
            (Method::GET, "/api/auth/login", elsewise),
            (Method::POST, HISTORY, elsewise),
            (Method::DELETE, HISTORY, elsewise),
            (Method::PATCH, "/api/auth/me", elsewise),
            (Method::POST, "/health", elsewise),
            (Method::OPTIONS, "/health", elsewise),
            (Method::POST, "/api/fairness/rounds/garbage", elsewise),
        ] {
            refused(seated.0.request(method.clone(), path), code, None).await;
            let with_body = seated.0.request(method, path).body("{");
            refused(with_body, code, None).await;
        }
        nothing_is_written(world, seated).await;
    })
    .await;
}

#[tokio::test]
async fn a_path_that_is_no_text_is_not_found_either() {
    play(async |world| {
        let seat = world.newcomer("careless").await;
        refused(seat.request(Method::GET, "/api/fairness/rounds/%ff"), Code::NotFound, None).await;
    })
    .await;
}

/// RFC 9110, section 15.5.6. Asked of the function itself, since the gateway of a laptop would add the header.
#[tokio::test]
async fn a_method_that_is_not_allowed_is_refused_with_those_that_are() {
    play(async |world| {
        let event = HttpEvent { raw_path: SPIN.to_owned(), ..HttpEvent::default() };
        let not_found = FUNCTIONS.iter().find(|function| function.name == "not-found").unwrap();
        let answer = not_found.invoke(&world.running().app, serde_json::to_value(event).unwrap()).await.unwrap();
        assert_eq!(answer["statusCode"], 405);
        assert_eq!(answer["headers"]["allow"], "POST");
    })
    .await;
}
