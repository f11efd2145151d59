//! Access tokens: which of them let somebody in.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use croupier_rules::{
    id::{PlayerId, SessionId},
    time::Timestamp,
};
use croupier_tests::{
    audit::audit,
    live::Live,
    seat::{Answer, Seat},
    world::{World, play},
};
use croupier_web::{config::Config, error::Code, token::Tokens};
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use reqwest::Method;
use serde_json::{Value, json};

use crate::admin;

const SECRET: &str = "a secret that this test knows and nobody else";
const ME: &str = "/api/auth/me";
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn show(seat: &Seat, token: &str) -> Answer {
    Answer::to(seat.site.request(Method::GET, ME).bearer_auth(token)).await
}

#[track_caller]
fn unauthenticated(answer: &Answer, what: &str) {
    assert_eq!((answer.status, answer.code().as_str()), (401, "UNAUTHENTICATED"), "{what}: {}", answer.body);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{what}");
}

/// A token for a session, signed as ours are.
fn issue(world: &World, player: PlayerId, session: SessionId, epoch: u32, at: Timestamp) -> String {
    world.running().app.tokens().unwrap().issue(player, session, epoch, "jti".to_owned(), at).unwrap()
}

/// The parts of a token that anyone can read.
fn parts(token: &str) -> [Value; 2] {
    let mut parts = token.split('.').map(|part| BASE64_URL_SAFE_NO_PAD.decode(part).unwrap());
    std::array::from_fn(|_| serde_json::from_slice(&parts.next().unwrap()).unwrap())
}

/// A token with some of its header and claims changed, or left out where the change is null.
fn forged(token: &str, header: Value, claims: Value, secret: &str) -> String {
    let mut parts = parts(token);
    for (part, changes) in parts.iter_mut().zip([header, claims]) {
        let part = part.as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            part.insert(name.clone(), value.clone());
        }
        part.retain(|_, value| !value.is_null());
    }
    let text = parts.each_ref().map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signature = parts[0]["alg"].as_str().and_then(|name| name.parse::<Algorithm>().ok());
    let signature = signature.map(|algorithm| crypto::sign(text.as_bytes(), &key, algorithm).unwrap());
    format!("{text}.{}", signature.unwrap_or_default())
}

#[tokio::test]
async fn a_header_that_holds_no_token_of_ours_lets_nobody_in() {
    play(async |world| {
        let Seat { token, .. } = world.newcomer("holder").await;
        let half = &token[..token.rfind('.').unwrap()];
        for header in [
            String::new(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            token.clone(),
            format!("Basic {token}"),
            format!("Token {token}"),
            format!("Bearer {token}x"),
            format!("Bearer {token} {token}"),
            format!("Bearer {token},Bearer {token}"),
            format!("Bearer \"{token}\""),
            format!("Bearer {half}"),
            format!("Bearer {half}."),
            "Bearer a.b.c".to_owned(),
            "Bearer ...".to_owned(),
            format!("Bearer {}", "x".repeat(6000)),
        ] {
            let answer = Answer::to(world.request(Method::GET, ME).header("authorization", &header)).await;
            unauthenticated(&answer, &header);
        }
        unauthenticated(&world.get(ME).await, "no header");
        unauthenticated(&world.get(&format!("{ME}?access_token={token}")).await, "in the query");
        for header in [format!("bearer {token}"), format!("BEARER  {token}")] {
            Answer::to(world.request(Method::GET, ME).header("authorization", header)).await.ok();
        }
    })
    .await;
}

#[tokio::test]
async fn a_forged_token_lets_nobody_in_even_with_the_right_secret() {
    let config = |name: &str| (name == "TOKENS_SECRET").then(|| SECRET.to_owned());
    let world = World::with(|options| options.config = Config::read(&[], config).unwrap()).await;
    let seat = world.newcomer("mallory").await;
    let forge = |header: Value, claims: Value| forged(&seat.token, header, claims, SECRET);
    // What follows fails for the reason given, and not because of how it is made.
    show(&seat, &forge(json!({}), json!({ "jti": "other" }))).await.ok();

    let soon = world.now().seconds() + 60;
    for (what, header, claims) in [
        ("no algorithm", json!({ "alg": "none" }), json!({})),
        ("no algorithm, in capitals", json!({ "alg": "NONE" }), json!({})),
        ("no algorithm and no key", json!({ "alg": "none", "kid": null }), json!({})),
        ("an algorithm left out", json!({ "alg": null }), json!({})),
        ("another algorithm of the family", json!({ "alg": "HS384" }), json!({})),
        ("the strongest algorithm of the family", json!({ "alg": "HS512" }), json!({})),
        ("a key that is not named", json!({ "kid": null }), json!({})),
        ("a key that there is not", json!({ "kid": "00000000" }), json!({})),
        ("a token of another kind", json!({ "typ": "JWT" }), json!({})),
        ("a token of no kind", json!({ "typ": null }), json!({})),
        ("another issuer", json!({}), json!({ "iss": "roulette" })),
        ("no issuer", json!({}), json!({ "iss": null })),
        ("another audience", json!({}), json!({ "aud": "croupier-admins" })),
        ("no audience", json!({}), json!({ "aud": null })),
        ("no end", json!({}), json!({ "exp": null })),
        ("an end that is now", json!({}), json!({ "exp": world.now().seconds() })),
        ("an end that is a text", json!({}), json!({ "exp": soon.to_string() })),
        ("nobody's", json!({}), json!({ "sub": null })),
        ("a player who cannot be", json!({}), json!({ "sub": "admin" })),
        ("no session", json!({}), json!({ "sid": null })),
        ("no epoch", json!({}), json!({ "epoch": null })),
    ] {
        unauthenticated(&show(&seat, &forge(header, claims)).await, what);
    }
    let stranger = forged(&seat.token, json!({}), json!({}), "a secret that somebody else has made up");
    unauthenticated(&show(&seat, &stranger).await, "another secret");
    assert_eq!(seat.balance().await, (1000, 0, 1));
    audit(&world).await;
    world.stop().await;
}

#[test]
fn a_key_is_replaced_without_logging_anyone_out() {
    let now = Timestamp::from_millis(0);
    let keys = |current: &str, previous: Option<&str>| {
        let accepted: Vec<_> = previous.iter().map(|secret| secret.repeat(32).into()).collect();
        Tokens::new(&current.repeat(32).into(), &accepted, DAY).unwrap()
    };
    let issue =
        |keys: &Tokens| keys.issue(PlayerId::new(1, 1), SessionId::new(1, 1), 0, "jti".to_owned(), now).unwrap();
    let (old, both, new) = (keys("o", None), keys("n", Some("o")), keys("n", None));
    for (issuer, accepted) in [(&old, [true, true, false]), (&both, [false, true, true])] {
        let token = issue(issuer);
        assert_eq!([&old, &both, &new].map(|keys| keys.verify(&token, now).is_some()), accepted);
    }
    assert!(Tokens::new(&"s".repeat(31).into(), &[], DAY).is_none(), "a key shorter than the hash");
}

#[tokio::test]
async fn a_token_of_another_kind_is_no_access_token() {
    play(async |world| {
        let tokens = world.sign_up("holder", "5858").await.ok();
        let seat = Seat::of(world, &tokens);
        unauthenticated(&show(&seat, tokens["refresh_token"].as_str().unwrap()).await, "a refresh token");
        unauthenticated(&show(&seat, &Live::ticket(&seat).await).await, "a ticket");
    })
    .await;
}

#[tokio::test]
async fn an_access_token_lasts_thirty_minutes() {
    play(async |world| {
        let seat = world.newcomer("sleeper").await;
        world.pass(Duration::from_secs(30 * 60 - 1));
        seat.get(ME).await.ok();
        world.pass(Duration::from_secs(1));
        unauthenticated(&seat.get(ME).await, "at its end");
        world.pass(Duration::from_secs(60));
        unauthenticated(&seat.get(ME).await, "a minute later");
    })
    .await;
}

#[tokio::test]
async fn a_token_is_worth_as_much_as_its_session() {
    play(async |world| {
        let [ended, of_an_epoch, lasting] = ["ended", "of-an-epoch", "lasting"];
        let ended = world.newcomer(ended).await;
        ended.post("/api/auth/logout", json!({})).await.ok();
        ended.get(ME).await.refused(Code::TokenRevoked);

        let of_an_epoch = world.newcomer(of_an_epoch).await;
        let claims = super::claims(world, &of_an_epoch);
        admin::force_logout(&world.admin().await, &of_an_epoch).await.ok();
        of_an_epoch.get(ME).await.refused(Code::TokenRevoked);
        let next = issue(world, claims.sub, claims.sid, claims.epoch + 1, world.now());
        show(&of_an_epoch, &next).await.refused(Code::TokenRevoked);

        let lasting = world.newcomer(lasting).await;
        let own = super::claims(world, &lasting);
        let nobody = PlayerId::new(1, 1);
        for (what, player, session) in [
            ("somebody else's session", own.sub, claims.sid),
            ("somebody else", claims.sub, own.sid),
            ("no session", own.sub, SessionId::new(1, 1)),
            ("nobody", nobody, own.sid),
        ] {
            let answer = show(&lasting, &issue(world, player, session, 0, world.now())).await;
            assert_eq!(answer.code(), "TOKEN_REVOKED", "{what}");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{what}");
        }
        world.pass(30 * DAY - Duration::from_millis(1));
        show(&lasting, &issue(world, own.sub, own.sid, 0, world.now())).await.ok();
        world.pass(Duration::from_millis(1));
        show(&lasting, &issue(world, own.sub, own.sid, 0, world.now())).await.refused(Code::TokenRevoked);
    })
    .await;
}

#[tokio::test]
async fn a_ban_works_on_the_next_request() {
    play(async |world| {
        let seat = world.newcomer("banned").await;
        seat.get(ME).await.ok();
        super::ban(world, &seat).await;
        seat.get(ME).await.refused(Code::AccountLocked);
        seat.spin(1).await.refused(Code::AccountLocked);
    })
    .await;
}
