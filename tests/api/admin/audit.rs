//! The audit: each change is one entry, and every entry is found again.

use std::time::Duration;

use croupier_functions::FUNCTIONS;
use croupier_rules::{id::PlayerId, player::Player};
use croupier_store::{
    account::Newcomer,
    item::{Login, Profile},
};
use croupier_tests::{
    seat::{PASSWORD, Seat},
    world::{World, play},
};
use croupier_web::{
    error::Code,
    event::{HttpContext, HttpEvent},
    password,
};
use serde_json::{Value, json};

use super::{AUDIT, INVITES, USERS, each, entries, force_logout, invite, update, wait_until};

const MINUTE: Duration = Duration::from_secs(60);
const LAST_OF_2027: &str = "2027-12-31T23:59:59.999Z";
const FIRST_OF_2028: &str = "2028-01-01T00:00:00.000Z";

/// Another admin, made as the first one is: nobody becomes one through a door.
async fn deputy(world: &World) -> PlayerId {
    let (app, now) = (&world.running().app, world.now());
    let id = PlayerId::new(now.millis().unsigned_abs(), app.entropy.id());
    let password_hash = password::hash(PASSWORD.parse().unwrap(), app.entropy.bytes()).await.unwrap();
    let newcomer = Newcomer {
        change: Player::sign_up(id, true, None, now, &app.economy).unwrap(),
        profile: Profile {
            revision: 1,
            site_id: "deputy".parse().unwrap(),
            nickname: "deputy".parse().unwrap(),
            phone_number: None,
            created_at: now,
            last_login_at: now,
            sessions: Vec::new(),
        },
        login: Login { player: id, password_hash, made_by: None },
        invite: None,
        session: None,
    };
    world.store().sign_up(&newcomer, now).await.unwrap();
    id
}

async fn back_as(world: &World, site_id: &str) -> Seat {
    Seat::of(world, &world.log_in(site_id, PASSWORD).await.ok())
}

/// The entry without what tells one from another, which is returned apart.
fn named(mut entry: Value) -> (Value, [String; 2]) {
    let names = ["id", "request_id"].map(|name| entry[name].take().as_str().expect("a text").to_owned());
    (entry, names)
}

#[tokio::test]
async fn each_change_is_one_entry_that_tells_who_did_what_and_how_it_was_before() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("subject").await);
        world.log_in("subject", PASSWORD).await.ok();
        let begun = world.now();
        let at = |minutes: u64| begun.after(Duration::from_secs(60 * minutes)).to_string();
        let minute = || world.pass(MINUTE);
        update(&admin, &seat, json!({ "rank": "VIP" })).await.ok();
        minute();
        update(&admin, &seat, json!({ "is_active": false })).await.ok();
        minute();
        force_logout(&admin, &seat).await.ok();
        minute();
        let made = admin.post(INVITES, json!({ "max_uses": 2 })).await.ok()["items"][0].clone();
        minute();
        let switched_off = admin.delete(&format!("{INVITES}/{}", made["code"].as_str().unwrap())).await.ok();
        assert_eq!(switched_off["is_active"], false);

        let entry = |minutes: u64, action: &str, target: &Value, before: Value, after: Value| {
            json!({
                "id": null, "at": at(minutes), "actor": admin.id, "action": action, "target": target,
                "before": before, "after": after, "request_id": null,
            })
        };
        let (id, standing) = (json!(seat.id), |rank, is_active| json!({ "rank": rank, "is_active": is_active }));
        let expected = [
            entry(4, "INVITE_DEACTIVATE", &made["code"], json!({ "is_active": true }), json!({ "is_active": false })),
            entry(3, "INVITE_GENERATE", &made["code"], Value::Null, made.clone()),
            entry(2, "USER_LOGOUT", &id, json!({ "epoch": 0, "sessions": 2 }), json!({ "epoch": 1, "sessions": 0 })),
            entry(1, "USER_UPDATE", &id, standing("VIP", true), standing("VIP", false)),
            entry(0, "USER_UPDATE", &id, standing("STANDARD", true), standing("VIP", true)),
        ];
        let (told, names): (Vec<_>, Vec<_>) = entries(&admin, "").await.into_iter().map(named).unzip();
        assert_eq!(told, expected);
        assert!(names.iter().all(|[id, request]| id.starts_with("aud_") && request.starts_with("req_")), "{names:?}");
        let mut requests: Vec<_> = names.iter().map(|[_, request]| request).collect();
        requests.dedup();
        assert_eq!(requests.len(), 5, "each by a request of its own");
    })
    .await;
}

#[tokio::test]
async fn an_entry_names_the_request_by_which_it_was_done() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("subject").await);
        let event = HttpEvent {
            headers: [("authorization".to_owned(), format!("Bearer {}", admin.token))].into(),
            path_parameters: Some([("user_id".to_owned(), seat.id.clone())].into()),
            request_context: HttpContext { request_id: "as-the-gateway-names-it=".to_owned(), ..Default::default() },
            body: Some(json!({ "rank": "PREMIUM" }).to_string()),
            ..HttpEvent::default()
        };
        let update = FUNCTIONS.iter().find(|function| function.name == "admin-user-update").unwrap();
        let answer = update.invoke(&world.running().app, serde_json::to_value(event).unwrap()).await.unwrap();
        assert_eq!(answer["statusCode"], 200, "{answer}");
        assert_eq!(entries(&admin, "").await[0]["request_id"], "as-the-gateway-names-it=");
        // Invites that were made by one request say so.
        admin.post(INVITES, json!({ "count": 3 })).await.ok();
        let made = each(&entries(&admin, "action=INVITE_GENERATE").await, "request_id");
        assert_eq!(made, vec![made[0].clone(); 3]);
    })
    .await;
}

#[tokio::test]
async fn to_look_and_to_be_refused_leaves_no_entry() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("commoner").await);
        update(&admin, &seat, json!({ "rank": "VIP" })).await.ok();
        let before = entries(&admin, "").await;
        assert_eq!(before.len(), 1);
        for path in [USERS, INVITES, AUDIT, &format!("{USERS}/{}", seat.id), &format!("/api/users/{}", seat.id)] {
            admin.get(path).await.ok();
        }
        for answer in [
            update(&seat, &seat, json!({ "rank": "VIP", "is_active": false })).await,
            force_logout(&seat, &admin).await,
            seat.post(INVITES, json!({})).await,
            seat.delete(&format!("{INVITES}/5858")).await,
        ] {
            answer.refused(Code::AdminRequired);
        }
        assert_eq!(entries(&admin, "").await, before);
    })
    .await;
}

/// What two admins did from 2027 to 2030; tells them, the two players and the invite to whom they did it.
async fn years(world: &World) -> (Seat, [String; 5]) {
    let deputy_id = deputy(world).await.to_string();
    let (mut admin, mut deputy) = (world.admin().await, back_as(world, "deputy").await);
    let [ann, bob] = [world.newcomer("ann").await, world.newcomer("bob").await];
    update(&admin, &ann, json!({ "rank": "VIP" })).await.ok();
    world.pass(MINUTE);
    update(&deputy, &bob, json!({ "rank": "PREMIUM" })).await.ok();
    world.pass(MINUTE);
    let code = invite(&admin, json!({})).await;
    wait_until(world, LAST_OF_2027);
    (admin, deputy) = (world.admin().await, back_as(world, "deputy").await);
    force_logout(&deputy, &ann).await.ok();
    wait_until(world, FIRST_OF_2028);
    admin.delete(&format!("{INVITES}/{code}")).await.ok();
    update(&deputy, &ann, json!({ "rank": "STANDARD" })).await.ok();
    // Nothing is done in 2029.
    wait_until(world, "2030-05-05T05:05:05.005Z");
    admin = world.admin().await;
    update(&admin, &bob, json!({ "is_active": false })).await.ok();
    let ids = [admin.id.clone(), deputy_id, ann.id, bob.id, code];
    (admin, ids)
}

#[tokio::test]
async fn the_audit_is_read_newest_first_over_the_years_no_entry_twice_and_none_missing() {
    play(async |world| {
        let (admin, _) = years(world).await;
        let all = entries(&admin, "").await;
        let begun = ["2027-01-15T08:02:00.000Z", "2027-01-15T08:01:00.000Z", "2027-01-15T08:00:00.000Z"];
        let moments = [&["2030-05-05T05:05:05.005Z", FIRST_OF_2028, FIRST_OF_2028, LAST_OF_2027], &begun[..]].concat();
        assert_eq!(each(&all, "at"), moments);
        for limit in 1..=8 {
            let pages = admin.pages(&format!("{AUDIT}?limit={limit}")).await;
            assert_eq!(pages.concat(), all, "{limit} at once");
            assert!(pages.iter().all(|page| page.len() <= limit), "{limit} at once");
        }
        // What is done meanwhile does not move the pages.
        let first = admin.get(&format!("{AUDIT}?limit=3")).await.ok();
        world.pass(MINUTE);
        invite(&admin, json!({})).await;
        let cursor = first["next_cursor"].as_str().expect("a second page");
        let second = admin.get(&format!("{AUDIT}?limit=100&cursor={cursor}")).await.ok();
        assert_eq!([first, second].map(|page| page["items"].as_array().unwrap().clone()).concat(), all);
        // On the last day of a year, the clock of another function may be in the next one.
        wait_until(world, "2030-12-31T23:45:00.000Z");
        let admin = world.admin().await;
        assert_eq!(entries(&admin, "").await[1..], all);
    })
    .await;
}

#[tokio::test]
async fn filters_hold_back_the_rest_and_nothing_else_alone_and_together() {
    play(async |world| {
        let (admin, [first, second, ann, bob, code]) = years(world).await;
        let all = entries(&admin, "").await;
        let text = |entry: &Value, field: &str| entry[field].as_str().expect("a text").to_owned();
        let passes = |entry: &Value, filter: &str, value: &str| match filter {
            "since" => *text(entry, "at") >= *value,
            "until" => *text(entry, "at") <= *value,
            field => text(entry, field) == value,
        };
        let most: [(&str, &str); 5] = [
            ("action", "USER_UPDATE"),
            ("target", &ann),
            ("actor", &second),
            ("since", LAST_OF_2027),
            ("until", FIRST_OF_2028),
        ];
        let mut searches: Vec<Vec<(&str, &str)>> = Vec::new();
        for chosen in 0..1 << most.len() {
            searches.push((0..most.len()).filter(|place| chosen >> place & 1 == 1).map(|place| most[place]).collect());
        }
        for alone in ["USER_LOGOUT", "INVITE_GENERATE", "INVITE_DEACTIVATE"] {
            searches.push(vec![("action", alone)]);
        }
        searches.extend([vec![("target", bob.as_str())], vec![("target", &code)], vec![("actor", &first)]]);
        for (since, until) in [
            (FIRST_OF_2028, FIRST_OF_2028),
            (LAST_OF_2027, LAST_OF_2027),
            ("2028-01-01T00:00:00.001Z", "2029-12-31T23:59:59.999Z"),
            (FIRST_OF_2028, LAST_OF_2027),
            ("2027-01-15T08:00:00.000Z", "2027-01-15T08:01:59.999Z"),
            ("0001-01-01T00:00:00.000Z", "2027-01-15T08:00:00.000Z"),
            ("1969-12-31T00:00:00.000Z", "1970-01-01T00:00:00.000Z"),
            ("2030-05-05T05:05:05.005Z", "9999-12-30T00:00:00.000Z"),
            ("2030-05-05T05:05:05.006Z", "9999-12-30T00:00:00.000Z"),
        ] {
            searches.push(vec![("since", since), ("until", until)]);
        }
        for search in searches {
            let query: String = search.iter().map(|(filter, value)| format!("&{filter}={value}")).collect();
            let passed = |entry: &&Value| search.iter().all(|(filter, value)| passes(entry, filter, value));
            let expected: Vec<_> = all.iter().filter(passed).cloned().collect();
            for limit in [1, 3, 100] {
                let pages = admin.pages(&format!("{AUDIT}?limit={limit}{query}")).await;
                assert_eq!(pages.concat(), expected, "{query}, {limit} at once");
                assert!(pages.iter().all(|page| page.len() <= limit), "{query}, {limit} at once");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_filter_is_one_that_the_audit_takes() {
    play(async |world| {
        let admin = world.admin().await;
        for (field, wrong) in [
            ("action", ["user_update", "SLOT_SPIN", ""]),
            ("actor", ["admin", "aud_01HF7YAT00000000000000001A", ""]),
            ("since", ["yesterday", "1800000000000", ""]),
            ("until", ["2027-13-01T00:00:00Z", "2027-01-15", ""]),
            ("limit", ["0", "101", ""]),
        ] {
            for value in wrong {
                let answer = admin.get(&format!("{AUDIT}?{field}={value}")).await;
                assert_eq!(answer.wrong_field(), field, "{value}");
            }
        }
        for nobodys in ["target=nowhere", "target=", "actor=ply_01HF7YAT00000000000000001A"] {
            assert_eq!(entries(&admin, nobodys).await, [Value::Null; 0], "{nobodys}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_rare_entry_is_found_behind_a_thousand_others() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("rare").await);
        update(&admin, &seat, json!({ "rank": "VIP" })).await.ok();
        world.pass(MINUTE);
        for _ in 0..21 {
            admin.post(INVITES, json!({ "count": 50 })).await.ok();
        }
        let pages = admin.pages(&format!("{AUDIT}?limit=1&action=USER_UPDATE")).await;
        assert!(pages.len() > 1, "a page costs no more than so many reads");
        assert_eq!(each(&pages.concat(), "target"), [seat.id]);
        assert_eq!(entries(&admin, "").await.len(), 1051);
    })
    .await;
}
