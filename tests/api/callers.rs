//! Callers: for every function, who is let in and who is not, and what nobody is shown of somebody else.

use std::time::Duration;

use croupier_functions::FUNCTIONS;
use croupier_tests::{
    seat::{Answer, PASSWORD, Seat, Site},
    world::{World, play},
};
use croupier_web::{error::Code, function::Trigger, openapi};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{accounts::ban, admin};

/// One way to call one function, and what its description says of its callers.
struct Way {
    name: &'static str,
    method: Method,
    path: &'static str,
    asks_for_token: bool,
    codes: Vec<Code>,
}

impl Way {
    /// Whether just what is asked for makes it one for admins; who is refused then is a test of its own.
    fn is_for_everyone_in_part(&self) -> bool {
        self.name == "stats-basic"
    }
}

/// All ways to call all functions that answer requests.
fn ways() -> Vec<Way> {
    let document = openapi::document(FUNCTIONS);
    let mut ways = Vec::new();
    for function in FUNCTIONS {
        let Trigger::Http(route) = function.trigger else { continue };
        for (method, path) in route.places() {
            let operation = &document["paths"][path][method.text().to_ascii_lowercase()];
            assert!(operation.is_object(), "{} is not described", function.name);
            ways.push(Way {
                name: function.name,
                method: method.text().parse().unwrap(),
                path,
                asks_for_token: operation["security"] == json!([{ "token": [] }]),
                codes: function.codes(),
            });
        }
    }
    ways
}

/// A player of whom everyone knows the ids.
struct Somebody {
    seat: Seat,
    session: String,
    round: String,
    hold: String,
    transaction: String,
    campaign: String,
}

const PHONE: &str = "+491701234567";

impl Somebody {
    async fn new(world: &World) -> Self {
        let mut body = Site::sign_up_body("site-of-somebody", "5858");
        (body["phone_number"], body["nickname"]) = (json!(PHONE), json!("Somebody"));
        let seat = Seat::of(world, &world.post("/api/auth/signup", body).await.ok());
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let session = text(&seat.get("/api/auth/sessions").await.ok()["items"][0]["id"]);
        let round = text(&seat.spin(50).await.ok()["round_id"]);
        let what = json!({ "code": "WEEKEND_STARTER", "quantity": 1 });
        let hold = text(&seat.post_keyed("/api/shop/holds", "hold-of-somebody", what).await.ok()["hold_id"]);
        let what = json!({ "sku": "COIN_PACK_SMALL", "quantity": 1, "payment_token": "ok" });
        let bought = seat.post_keyed("/api/shop/buy", "purchase-of-somebody", what).await.ok();
        let transaction = text(&bought["transaction_id"]);
        let (from, until) = (world.now(), world.now().after(Duration::from_secs(3600)));
        let what = json!({
            "name": "For Somebody",
            "audience": { "user_ids": [seat.id] },
            "reward": { "reward_type": "COIN", "amount": 100 },
            "starts_at": from,
            "ends_at": until,
            "budget": 1,
        });
        let admin = world.admin().await;
        let campaign = text(&admin.post_keyed("/api/admin/campaigns", "campaign-of-somebody", what).await.ok()["id"]);
        Self { seat, session, round, hold, transaction, campaign }
    }

    /// A path with these ids in the place of its placeholders.
    fn ids_in(&self, path: &str) -> String {
        let id = |part: &str| match part {
            "{user_id}" => self.seat.id.clone(),
            "{session_id}" => self.session.clone(),
            "{round_id}" => self.round.clone(),
            "{code}" => "5858".to_owned(),
            "{game_type}" => "slot".to_owned(),
            "{mission_id}" => "first_play".to_owned(),
            "{hold_id}" => self.hold.clone(),
            "{transaction_id}" => self.transaction.clone(),
            "{campaign_id}" => self.campaign.clone(),
            "{sku}" => "LUCKY_CHARM".to_owned(),
            other => {
                assert!(!other.contains('{'), "nobody knows what stands for {other}");
                other.to_owned()
            }
        };
        path.split('/').map(id).collect::<Vec<_>>().join("/")
    }

    /// Asserts what an answer to a stranger does not hold.
    #[track_caller]
    fn stays_private(&self, answer: &Answer) {
        for private in [
            PHONE,
            PHONE.trim_start_matches('+'),
            "site-of-somebody",
            &self.session,
            &self.seat.token,
            &self.hold,
            &self.transaction,
        ] {
            assert!(!answer.body.contains(private), "{private}: {}", answer.body);
        }
        let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        if let Some(player) = body.as_object().filter(|body| body.get("id") == Some(&json!(self.seat.id))) {
            let public = ["id", "nickname", "rank", "level", "created_at"];
            assert!(player.keys().all(|field| public.contains(&field.as_str())), "{}", answer.body);
        }
    }
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    Nobody,
    Inventor,
    Ended,
    EndedAdmin,
    Banned,
    Player,
    Admin,
}

impl Caller {
    const ALL: [Self; 7] =
        [Self::Nobody, Self::Inventor, Self::Ended, Self::EndedAdmin, Self::Banned, Self::Player, Self::Admin];

    /// What the caller has for a token.
    async fn token(self, world: &World) -> Option<String> {
        let player = async || Seat::of(world, &world.log_in("player", PASSWORD).await.ok());
        let ended = async |seat: Seat| {
            seat.post("/api/auth/logout", json!({})).await.ok();
            seat
        };
        let banned = async |seat: Seat| {
            ban(world, &seat).await;
            seat
        };
        Some(match self {
            Self::Nobody => return None,
            Self::Inventor => "invented".to_owned(),
            Self::Ended => ended(player().await).await.token,
            Self::EndedAdmin => ended(world.admin().await).await.token,
            Self::Banned => banned(world.newcomer("banned").await).await.token,
            Self::Player => player().await.token,
            Self::Admin => world.admin().await.token,
        })
    }

    /// The token for another call, since some calls end the session of whoever is let in.
    async fn still(self, world: &World, token: Option<String>) -> Option<String> {
        let (Self::Player | Self::Admin, Some(used)) = (self, &token) else { return token };
        let me = Answer::to(world.request(Method::GET, "/api/auth/me").bearer_auth(used)).await;
        if me.status == 200 { token } else { self.token(world).await }
    }

    /// With which code the caller is turned away, if at all.
    fn turned_away_from(self, way: &Way) -> Option<Code> {
        if way.name == "refresh" {
            // It takes a token of another kind, and none of these is one.
            return Some(Code::Unauthenticated);
        }
        // Both are of the lowest rank.
        let lacking = match self {
            Self::Nobody | Self::Inventor => return way.asks_for_token.then_some(Code::Unauthenticated),
            Self::Ended | Self::EndedAdmin => return way.asks_for_token.then_some(Code::TokenRevoked),
            Self::Banned => return way.asks_for_token.then_some(Code::AccountLocked),
            Self::Player => &[Code::AdminRequired, Code::RankRequired][..],
            Self::Admin => &[Code::RankRequired],
        };
        // In the shop, a rank is asked for by what is sold.
        let asked =
            |code: &Code| way.codes.contains(code) && (*code != Code::RankRequired || way.name.starts_with("rbac"));
        lacking.iter().copied().find(|code| asked(code) && !way.is_for_everyone_in_part())
    }
}

/// What somebody else's id in a path brings to those who are let in, and what every function for admins brings to them.
fn brings(way: &Way, caller: Caller) -> Option<Result<(), Code>> {
    if ["{session_id}", "{round_id}", "{hold_id}"].iter().any(|id| way.path.contains(id)) {
        return Some(Err(Code::NotFound));
    }
    // What lacks a body; a code that is an invite's; a purchase that is over; a message without a signature.
    match way.name {
        "rewards" if caller == Caller::Admin => return Some(Ok(())),
        "rewards" | "campaign-claim" | "admin-limited-update" => return Some(Err(Code::NotFound)),
        "admin-product-put"
        | "admin-limited-put"
        | "admin-promo-put"
        | "admin-campaign-create"
        | "admin-refund"
        | "admin-adjust"
        | "reward-grant"
        | "kafka-produce" => return Some(Err(Code::ValidationFailed)),
        // In this world events go to the queue alone.
        "kafka-health" => return Some(Err(Code::KafkaOff)),
        "admin-transaction-settle" => return Some(Err(Code::NotOpen)),
        "payment-webhook" => return Some(Err(Code::SignatureInvalid)),
        _ => {}
    }
    // Nobody is in a session of a game, and nobody has completed a mission.
    if way.name == "session-active" {
        return Some(Err(Code::NotFound));
    }
    if way.path.contains("{mission_id}") {
        return Some(Err(Code::NotCompleted));
    }
    if way.is_for_everyone_in_part() {
        return None;
    }
    (way.path.contains('{') || way.codes.contains(&Code::AdminRequired)).then_some(Ok(()))
}

#[tokio::test]
async fn every_function_lets_in_whom_its_description_lets_in() {
    play(async |world| {
        let somebody = Somebody::new(world).await;
        world.newcomer("player").await;
        let mut for_admins = 0;
        for caller in Caller::ALL {
            let mut token = caller.token(world).await;
            for way in ways() {
                let path = somebody.ids_in(way.path);
                let called = format!("{caller:?} calls {} by {} {path}", way.name, way.method);
                let request = world.request(way.method.clone(), &path).json(&json!({}));
                let request = request.header("idempotency-key", format!("{caller:?}-{}", way.name));
                let request = token.iter().fold(request, |request, token| request.bearer_auth(token));
                let answer = Answer::to(request).await;
                let refused = caller.turned_away_from(&way);
                match (refused, brings(&way, caller)) {
                    (Some(code), _) | (None, Some(Err(code))) => {
                        let told = (answer.status, answer.code());
                        assert_eq!(told, (code.status(), code.text().to_owned()), "{called}: {}", answer.body);
                        let asks = (code.status() == 401).then_some("Bearer");
                        assert_eq!(answer.header("www-authenticate"), asks, "{called}");
                    }
                    (None, Some(Ok(()))) => assert_eq!(answer.status, 200, "{called}: {}", answer.body),
                    (None, None) => {
                        let barred = [401, 403, 404, 405, 423, 500].contains(&answer.status);
                        assert!(!barred, "{called}: {}", answer.body);
                    }
                }
                if caller != Caller::Admin {
                    somebody.stays_private(&answer);
                }
                for_admins += usize::from(refused == Some(Code::AdminRequired));
                token = caller.still(world, token).await;
            }
            if caller == Caller::Player {
                // Whatever the others asked, it did not happen to somebody.
                assert_eq!(somebody.seat.balance().await.2, 5);
                assert_eq!(world.post("/api/invite/validate", json!({ "code": "5858" })).await.ok()["is_valid"], true);
            }
        }
        assert!(for_admins > 5, "{for_admins} functions for admins");
    })
    .await;
}

#[tokio::test]
async fn a_player_is_shown_whole_to_the_player_and_to_admins_and_to_nobody_else() {
    play(async |world| {
        let (somebody, stranger) = (Somebody::new(world).await, world.newcomer("stranger").await);
        let admin = world.admin().await;
        let path = format!("/api/users/{}", somebody.seat.id);
        let whole = somebody.seat.get("/api/auth/me").await.ok();
        assert_eq!((&whole["phone_number"], &whole["site_id"]), (&json!(PHONE), &json!("site-of-somebody")));
        for seat in [&somebody.seat, &admin] {
            assert_eq!(seat.get(&path).await.ok(), whole);
        }
        // A rank is no right to see more.
        for rank in ["STANDARD", "VIP"] {
            admin::update(&admin, &stranger, json!({ "rank": rank })).await.ok();
            let seen = stranger.get(&path).await;
            somebody.stays_private(&seen);
            assert_eq!(seen.ok()["nickname"], "Somebody");
        }
    })
    .await;
}

#[tokio::test]
async fn a_round_is_shown_to_its_player_only() {
    play(async |world| {
        let [owner, stranger] = [world.newcomer("owner").await, world.newcomer("stranger").await];
        let round = owner.spin(50).await.ok();
        // The stranger has a round of the same number.
        stranger.spin(50).await.ok();
        let path = format!("/api/fairness/rounds/{}", round["round_id"].as_str().unwrap());
        let shown: Value = owner.get(&path).await.ok();
        assert_eq!(shown["round_id"], round["round_id"]);
        for other in [stranger, world.admin().await] {
            other.get(&path).await.refused(Code::NotFound);
        }
    })
    .await;
}
