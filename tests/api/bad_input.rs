//! Bad input: the right refusal, the field by its name, and nothing written.

mod paths;

use croupier_tests::{
    seat::{Answer, Seat, Site},
    world::{World, play},
};
use croupier_web::error::Code;
use reqwest::{Method, RequestBuilder};
use serde_json::json;

const SPIN: &str = "/api/games/slot/spin";
const HISTORY: &str = "/api/games/history";
const BODY_LIMIT: usize = 16 * 1024;

/// A player with a round played, what the player owned then, and a wire on which nothing has passed since.
async fn seated(world: &World) -> (Seat, (u64, u64, u64)) {
    let seat = world.newcomer("careless").await;
    seat.spin(1).await.ok();
    let balance = seat.balance().await;
    world.wire.take();
    (seat, balance)
}

async fn nothing_is_written(world: &World, (seat, balance): (Seat, (u64, u64, u64))) {
    let passed = world.wire.take();
    assert!(passed.iter().all(|passed| passed.operation != "TransactWriteItems"), "{passed:?}");
    assert_eq!(seat.balance().await, balance);
}

/// The refusal of one request: the right code, and the field that is at fault, where one is.
async fn refused(request: RequestBuilder, code: Code, field: Option<&str>) {
    let asked = format!("{request:?}");
    let answer = Answer::to(request).await;
    assert_eq!(answer.code(), code.text(), "{asked}: {} {}", answer.status, answer.body);
    let problem = answer.refused(code);
    assert_eq!(problem["errors"][0]["field"].as_str(), field, "{asked}: {problem}");
    assert_eq!(problem["status"], code.status());
    for name in ["type", "title", "detail", "request_id"] {
        assert!(problem[name].as_str().is_some_and(|text| !text.is_empty()), "{name}: {problem}");
    }
}

fn padded(length: usize) -> Vec<u8> {
    let mut body = br#"{"bet_amount":1,"more":""#.to_vec();
    body.resize(length - 2, b'x');
    body.extend(b"\"}");
    body
}

#[tokio::test]
async fn a_body_is_a_json_object_of_at_most_16_kib() {
    play(async |world| {
        let seated = seated(world).await;
        let binary = [padded(BODY_LIMIT), vec![0xff]].concat();
        for (body, code, field) in [
            (b"{".to_vec(), Code::NotJson, None),
            (b"bet_amount=50".to_vec(), Code::NotJson, None),
            (b"{\"bet_amount\":NaN}".to_vec(), Code::NotJson, None),
            (b"{\"bet_amount\":1}{}".to_vec(), Code::NotJson, None),
            (b"{\"bet_amount\":1,\"more\":\"\xff\"}".to_vec(), Code::NotJson, None),
            (b"\xff\xfe".to_vec(), Code::NotJson, None),
            ("[".repeat(10_000).into(), Code::NotJson, None),
            (b"[50]".to_vec(), Code::ValidationFailed, Some("")),
            (b"50".to_vec(), Code::ValidationFailed, Some("")),
            (b"null".to_vec(), Code::ValidationFailed, Some("")),
            (b"\"{}\"".to_vec(), Code::ValidationFailed, Some("")),
            (Vec::new(), Code::ValidationFailed, Some("bet_amount")),
            (b" \n".to_vec(), Code::ValidationFailed, Some("bet_amount")),
            (b"{}".to_vec(), Code::ValidationFailed, Some("bet_amount")),
            (padded(BODY_LIMIT + 1), Code::PayloadTooLarge, None),
            (padded(20 * BODY_LIMIT), Code::PayloadTooLarge, None),
            (binary, Code::PayloadTooLarge, None),
        ] {
            refused(seated.0.request(Method::POST, SPIN).body(body), code, field).await;
        }
        nothing_is_written(world, seated).await;
    })
    .await;
}

#[tokio::test]
async fn a_bet_is_a_whole_number_from_1_to_10_000() {
    play(async |world| {
        let seated = seated(world).await;
        for bet in [
            "\"50\"",
            "null",
            "true",
            "[50]",
            "{\"amount\":50}",
            "\"\"",
            "-1",
            "-0.0",
            "0",
            "0.5",
            "1.5",
            "1.0",
            "1e2",
            "10001",
            "9007199254740992",
            "18446744073709551616",
            "100000000000000000000",
            "-9223372036854775809",
        ] {
            for path in [SPIN, "/api/actions/SLOT_SPIN"] {
                let body = format!(r#"{{"bet_amount":{bet}}}"#);
                let request = seated.0.request(Method::POST, path).body(body);
                refused(request, Code::ValidationFailed, Some("bet_amount")).await;
            }
        }
        nothing_is_written(world, seated).await;
    })
    .await;
}

#[tokio::test]
async fn what_is_unknown_is_ignored_and_a_content_type_is_not_needed() {
    play(async |world| {
        let (seat, _) = seated(world).await;
        seat.post(SPIN, json!({ "bet_amount": 1, "win_amount": 1_000_000, "__proto__": {}, "": null })).await.ok();
        Answer::to(seat.request(Method::POST, SPIN).body(padded(BODY_LIMIT))).await.ok();
        let odd = seat.request(Method::POST, SPIN).header("content-type", "text/plain;charset=nonsense");
        Answer::to(odd.body(" {\"bet_amount\":1}\n")).await.ok();
        seat.get("/api/users/balance?more=1&more=2").await.ok();
        assert_eq!(seat.balance().await.2, 5);
    })
    .await;
}

#[tokio::test]
async fn a_key_has_8_to_128_printable_characters() {
    play(async |world| {
        let seated = seated(world).await;
        let spin = || seated.0.request(Method::POST, SPIN);
        for key in ["", "seven-7", "\"seven-7\"", "with a space", "with\ta tab", "schlüssel", "\"", &"k".repeat(129)] {
            for header in ["idempotency-key", "X-Idempotency-Key"] {
                let request = spin().header(header, key.as_bytes()).json(&json!({ "bet_amount": 1 }));
                refused(request, Code::ValidationFailed, Some("Idempotency-Key")).await;
            }
        }
        for key in [json!("seven-7"), json!("with a space"), json!(12_345_678), json!(["eight--8"]), json!(true)] {
            let request = spin().json(&json!({ "bet_amount": 1, "idempotency_key": key }));
            refused(request, Code::ValidationFailed, Some("idempotency_key")).await;
        }
        nothing_is_written(world, seated).await;
    })
    .await;
}

#[tokio::test]
async fn a_field_that_is_wrong_is_named() {
    play(async |world| {
        let seated = seated(world).await;
        let [long, longer] = ["x".repeat(51), "x".repeat(129)];
        let (sign_up, rotate) = ("/api/auth/signup", "/api/fairness/rotate");
        for (path, field, wrong) in [
            (sign_up, "site_id", json!(["ab", long, "a b", "älter", 12_345, null])),
            (sign_up, "nickname", json!(["x", "  x  ", long, "a\tb", "a\u{0}b", []])),
            (
                sign_up,
                "phone_number",
                json!(["123456789", "1234567890123456", "12345+67890", "call me", 1_234_567_890]),
            ),
            (sign_up, "password", json!(["seven-7", longer, 12_345_678, "", null])),
            (sign_up, "invite_code", json!(["", "x".repeat(65), {}])),
            (sign_up, "idempotency_key", json!(["short"])),
            (rotate, "client_seed", json!(["", "x".repeat(1000), "a b", "säät", 7, []])),
            ("/api/auth/login", "site_id", json!([12_345, null, ["careless"], { "$ne": "" }])),
            ("/api/auth/login", "password", json!([12_345_678, null, ["lemon-cherry-7"], { "$ne": "" }])),
            ("/api/invite/validate", "code", json!([5858, null, ["5858"]])),
        ] {
            for value in wrong.as_array().unwrap() {
                let mut body = Site::sign_up_body("newcomer", "5858");
                body[field] = value.clone();
                let request = seated.0.request(Method::POST, path).json(&body);
                refused(request, Code::ValidationFailed, Some(field)).await;
            }
        }
        nothing_is_written(world, seated).await;
    })
    .await;
}

#[tokio::test]
async fn a_field_that_is_missing_is_named() {
    play(async |world| {
        let seated = seated(world).await;
        let sign_up = Site::sign_up_body("newcomer", "5858");
        for (path, whole) in [
            ("/api/auth/signup", sign_up),
            ("/api/auth/login", json!({ "site_id": "careless", "password": "lemon-cherry-7" })),
            ("/api/invite/validate", json!({ "code": "5858" })),
            (SPIN, json!({ "bet_amount": 1 })),
        ] {
            for field in whole.as_object().unwrap().keys() {
                let mut body = whole.clone();
                body.as_object_mut().unwrap().remove(field);
                let request = seated.0.request(Method::POST, path).json(&body);
                refused(request.try_clone().unwrap(), Code::ValidationFailed, Some(field)).await;
                assert_eq!(Answer::to(request).await.refused(Code::ValidationFailed)["errors"][0]["code"], "MISSING");
            }
        }
        nothing_is_written(world, seated).await;
    })
    .await;
}

#[tokio::test]
async fn a_parameter_is_one_that_the_list_takes() {
    play(async |world| {
        let seated = seated(world).await;
        let page = seated.0.get(&format!("{HISTORY}?limit=1")).await.ok();
        let foreign = page["next_cursor"].as_str().expect("a second page");
        let (invalid, cursor) = (Code::ValidationFailed, Code::CursorInvalid);
        for (query, code, field) in [
            ("limit=0", invalid, Some("limit")),
            ("limit=101", invalid, Some("limit")),
            ("limit=256", invalid, Some("limit")),
            ("limit=-1", invalid, Some("limit")),
            ("limit=1.5", invalid, Some("limit")),
            ("limit=x", invalid, Some("limit")),
            ("limit=", invalid, Some("limit")),
            ("game_type=poker", invalid, Some("game_type")),
            ("game_type=SLOT", invalid, Some("game_type")),
            ("game_type=", invalid, Some("game_type")),
            ("cursor=", cursor, None),
            ("cursor=invented", cursor, None),
            ("cursor=MQ", cursor, None),
            ("cursor=%ff%00", cursor, None),
            (&format!("cursor={foreign}x"), cursor, None),
            (&format!("cursor={foreign}&game_type=slot"), cursor, None),
            (&format!("cursor={foreign}&action=SIGNUP"), cursor, None),
        ] {
            refused(seated.0.request(Method::GET, &format!("{HISTORY}?{query}")), code, field).await;
        }
        for bet in ["0", "10001", "x", "-1", "1.5", ""] {
            let request = world.request(Method::GET, &format!("/api/games/slot/config?bet_amount={bet}"));
            refused(request, invalid, Some("bet_amount")).await;
        }
        nothing_is_written(world, seated).await;
    })
    .await;
}
