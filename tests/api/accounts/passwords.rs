//! Passwords: any text that is long enough and not what everybody tries first, to the character; and what becomes of a hash
//! from another time.

use croupier_rules::name::SiteId;
use croupier_tests::{
    seat::{ADMIN_PASSWORD, Answer, PASSWORD, Seat, Site},
    world::{World, play},
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

const WRONG: &str = "cherry-lemon-8";
/// What every hash of today begins with.
const TODAY: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
/// [`PASSWORD`], hashed at other times: with less work, by another algorithm, by an older version of it, with more work.
const DATED: [&str; 4] = [
    "$argon2id$v=19$m=8,t=1,p=1$YSBzYWx0IG9mIGFub3RoZQ$tQM2CZNhsUO1AcKjUtjWBwR60dbd2hbZsNVcyTKdOBE",
    "$argon2i$v=19$m=19456,t=2,p=1$YSBzYWx0IG9mIGFub3RoZQ$GF2sgVIxTtXgD9AiAJpG8C3x+3HB2+q1FAIYRPDNsx4",
    "$argon2id$v=16$m=8,t=1,p=1$YSBzYWx0IG9mIGFub3RoZQ$yNAimXTEkh5t5L6YSogN4IAjXZ+etp4SaZ4f9ZnjBw4",
    "$argon2id$v=19$m=65536,t=3,p=1$YSBzYWx0IG9mIGFub3RoZQ$J8OU0/GXLagQDMkPIx8dIjU7ME+VGT1Et+mwsBoS8HE",
];
/// [`ADMIN_PASSWORD`], hashed with less work.
const DATED_ADMIN: &str =
    "$argon2id$v=19$m=8,t=1,p=1$YSBzYWx0IG9mIGFub3RoZQ$wgozyN9hgWvBeZi3XdHAFSm958FDYR6HyLdExYlK+Xc";
/// `password`, hashed with less work.
const DATED_COMMON: &str =
    "$argon2id$v=19$m=8,t=1,p=1$YSBzYWx0IG9mIGFub3RoZQ$/qQ29uIIwpiHBKlL5aZDGYD+BAcc2WNg+knAa/nsM9s";

fn body(name: &str, password: &str) -> Value {
    let mut body = Site::sign_up_body(name, "5858");
    body["password"] = password.into();
    body
}

async fn sign_up(site: &Site, name: &str, password: &str) -> Answer {
    site.post("/api/auth/signup", body(name, password)).await
}

async fn change(seat: &Seat, current: &str, new: &str) -> Answer {
    seat.patch("/api/users/profile", json!({ "password": new, "current_password": current })).await
}

async fn admin_door(site: &Site, site_id: &str, password: &str) -> Answer {
    site.post("/api/auth/admin/login", json!({ "site_id": site_id, "password": password })).await
}

fn site_id(name: &str) -> SiteId {
    name.parse().expect("a site id")
}

/// The hash that the table has.
async fn kept(world: &World, name: &str) -> String {
    world.store().login_state(&site_id(name)).await.unwrap().login.expect("a login").password_hash
}

/// A player whose hash was made at another time.
async fn newcomer_with(world: &World, name: &str, hash: &str) -> Seat {
    let seat = world.newcomer(name).await;
    world.store().reset_password(&site_id(name), hash).await.unwrap();
    seat
}

#[tokio::test]
async fn a_password_is_taken_to_the_character() {
    play(async |world| {
        let (long, shorter) = ("🍒".repeat(128), "🍒".repeat(127));
        let other_end = format!("{shorter}🍋");
        let all: [(&str, &[&str]); 9] = [
            ("   lemon cherry   ", &["lemon cherry", "   lemon cherry", "lemon cherry   "]),
            ("          ", &["         ", "           "]),
            ("🍒🍋🍊🍇💎🍒🍋🍊", &["🍒🍋🍊🍇💎🍒🍋🍋"]),
            ("p\u{e4}ssw\u{f6}rter", &["pa\u{308}sswo\u{308}rter", "passworter"]),
            ("na\u{308}rrisch", &["n\u{e4}rrisch"]),
            ("Lemon-Cherry", &["lemon-cherry", "LEMON-CHERRY"]),
            ("before\tand\nafter\u{0}it", &["before\tand\nafter", "before and after it"]),
            ("ﬁfty-ﬁfty", &["fifty-fifty"]),
            (&long, &[&shorter, &other_end]),
        ];
        for (number, (password, alike)) in all.into_iter().enumerate() {
            let name = format!("literal-{number}");
            sign_up(world, &name, password).await.ok();
            for other in alike {
                world.log_in(&name, other).await.refused(Code::InvalidCredentials);
            }
            world.log_in(&name, password).await.ok();
        }
    })
    .await;
}

#[tokio::test]
async fn a_password_is_measured_in_characters_of_whatever_width() {
    play(async |world| {
        let (eight, most) = ("💎".repeat(8), "💎".repeat(128));
        let (seven, more) = ("💎".repeat(7), "💎".repeat(129));
        let seat = Seat::of(world, &sign_up(world, "wide", &most).await.ok());
        for bad in [&seven, &more] {
            assert_eq!(sign_up(world, "other", bad).await.wrong_field(), "password");
            assert_eq!(change(&seat, &most, bad).await.wrong_field(), "password");
            assert_eq!(change(&seat, bad, PASSWORD).await.wrong_field(), "current_password");
            world.log_in("wide", bad).await.refused(Code::InvalidCredentials);
        }
        change(&seat, &most, &eight).await.ok();
        world.log_in("wide", &eight).await.ok();
        change(&seat, &eight, &most).await.ok();
        world.log_in("wide", &most).await.ok();
        // What was refused has claimed nothing.
        world.newcomer("other").await;
    })
    .await;
}

#[tokio::test]
async fn nobody_is_told_what_a_password_is_made_of() {
    play(async |world| {
        for (number, password) in
            ["lemoncherryplum", "LEMONCHERRYPLUM", "9081726354081726", "?!?!-_-!?!?", "вишнялимон", "aaaaaaaaab"]
                .into_iter()
                .enumerate()
        {
            let name = format!("plain-{number}");
            sign_up(world, &name, password).await.ok();
            world.log_in(&name, password).await.ok();
        }
    })
    .await;
}

#[tokio::test]
async fn a_password_that_everybody_tries_first_is_not_taken_in_whatever_case() {
    play(async |world| {
        let seat = world.newcomer("careful").await;
        for common in ["password", "PASSWORD", "PassWord1", "12345678", "qWeRtYuIoP", "iloveyou", "!qaz2wsX"] {
            assert_eq!(sign_up(world, "careless", common).await.wrong_field(), "password", "{common}");
            assert_eq!(change(&seat, PASSWORD, common).await.wrong_field(), "password", "{common}");
        }
        // Refused before anything was looked at: neither an attempt is counted nor a name claimed.
        let attempts = world.store().login_state(&site_id("careful")).await.unwrap().attempts;
        assert_eq!(attempts.recent.len(), 0);
        world.newcomer("careless").await;
        // A common one with something to it is not one of them.
        change(&seat, PASSWORD, "password-of-mine").await.ok();
        world.log_in("careful", "password-of-mine").await.ok();
    })
    .await;
}

#[tokio::test]
async fn whoever_has_a_common_password_already_still_logs_in() {
    play(async |world| {
        newcomer_with(world, "veteran", DATED_COMMON).await;
        world.log_in("veteran", "PASSWORD").await.refused(Code::InvalidCredentials);
        let seat = Seat::of(world, &world.log_in("veteran", "password").await.ok());
        assert!(kept(world, "veteran").await.starts_with(TODAY));
        world.log_in("veteran", "password").await.ok();
        change(&seat, "password", PASSWORD).await.ok();
        world.log_in("veteran", "password").await.refused(Code::InvalidCredentials);
        world.log_in("veteran", PASSWORD).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_hash_of_another_time_lets_in_and_is_one_of_today_afterwards() {
    play(async |world| {
        for (number, dated) in DATED.into_iter().enumerate() {
            let name = format!("veteran-{number}");
            newcomer_with(world, &name, dated).await;
            world.log_in(&name, WRONG).await.refused(Code::InvalidCredentials);
            assert_eq!(kept(world, &name).await, dated, "a wrong password is nothing to hash");
            world.log_in(&name, PASSWORD).await.ok();
            let anew = kept(world, &name).await;
            assert!(anew.starts_with(TODAY), "{anew}");
            world.log_in(&name, PASSWORD).await.ok();
            world.log_in(&name, WRONG).await.refused(Code::InvalidCredentials);
            assert_eq!(kept(world, &name).await, anew, "once is enough");
        }
        let salts = async |name: &str| kept(world, name).await.split('$').nth(4).map(str::to_owned);
        assert_ne!(salts("veteran-0").await, salts("veteran-1").await);
    })
    .await;
}

#[tokio::test]
async fn an_admins_hash_of_another_time_is_renewed_at_the_admins_door_and_nobody_elses() {
    play(async |world| {
        world.store().reset_password(&site_id("admin"), DATED_ADMIN).await.unwrap();
        admin_door(world, "admin", WRONG).await.refused(Code::InvalidCredentials);
        assert_eq!(kept(world, "admin").await, DATED_ADMIN);
        admin_door(world, "admin", ADMIN_PASSWORD).await.ok();
        let anew = kept(world, "admin").await;
        assert!(anew.starts_with(TODAY), "{anew}");
        admin_door(world, "admin", ADMIN_PASSWORD).await.ok();
        assert_eq!(kept(world, "admin").await, anew);

        newcomer_with(world, "commoner", DATED[0]).await;
        admin_door(world, "commoner", PASSWORD).await.refused(Code::InvalidCredentials);
        assert_eq!(kept(world, "commoner").await, DATED[0], "whoever did not come in has changed nothing");
    })
    .await;
}

#[tokio::test]
async fn a_password_is_changed_also_when_its_hash_is_of_another_time() {
    play(async |world| {
        let seat = newcomer_with(world, "veteran", DATED[0]).await;
        seat.patch("/api/users/profile", json!({ "nickname": "Old Hand" })).await.ok();
        assert_eq!(change(&seat, WRONG, "plum-cherry-9").await.wrong_field(), "current_password");
        assert_eq!(kept(world, "veteran").await, DATED[0]);
        change(&seat, PASSWORD, "plum-cherry-9").await.ok();
        assert!(kept(world, "veteran").await.starts_with(TODAY));
        world.log_in("veteran", "plum-cherry-9").await.ok();
        world.log_in("veteran", PASSWORD).await.refused(Code::InvalidCredentials);
        // To keep the password is to change it as well: the hash has another salt.
        let before = kept(world, "veteran").await;
        change(&seat, "plum-cherry-9", "plum-cherry-9").await.ok();
        assert_ne!(kept(world, "veteran").await, before);
    })
    .await;
}

#[tokio::test]
async fn a_repeated_sign_up_renews_the_hash_as_any_login_does() {
    play(async |world| {
        let repeat = async |password: &str| {
            let sign_up = world.request(Method::POST, "/api/auth/signup").header("idempotency-key", "one-sign-up");
            Answer::to(sign_up.json(&body("veteran", password))).await
        };
        repeat(PASSWORD).await.ok();
        world.store().reset_password(&site_id("veteran"), DATED[0]).await.unwrap();
        repeat(WRONG).await.refused(Code::Taken);
        assert_eq!(kept(world, "veteran").await, DATED[0]);
        repeat(PASSWORD).await.ok();
        assert!(kept(world, "veteran").await.starts_with(TODAY));
    })
    .await;
}

#[tokio::test]
async fn three_devices_that_log_in_at_once_all_get_in_whatever_the_hash() {
    play(async |world| {
        for hash in [None, Some(DATED[0])] {
            for number in 0..3 {
                let name = format!("triple-{}-{number}", hash.is_some());
                match hash {
                    Some(hash) => newcomer_with(world, &name, hash).await,
                    None => world.newcomer(&name).await,
                };
                for answer in join_all((0..3).map(|_| world.log_in(&name, PASSWORD))).await {
                    Seat::of(world, &answer.ok()).balance().await;
                }
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_stranger_who_locks_a_site_id_does_not_disturb_whoever_plays() {
    play(async |world| {
        let tokens = world.sign_up("player", "5858").await.ok();
        let seat = Seat::of(world, &tokens);
        for _ in 0..5 {
            world.log_in("player", WRONG).await.refused(Code::InvalidCredentials);
        }
        let locked = world.log_in("player", PASSWORD).await;
        locked.refused(Code::TooManyAttempts);
        assert_eq!(locked.header("retry-after"), Some("600"));
        assert_eq!(seat.balance().await, (1000, 0, 1));
        seat.spin(1).await.ok();
        seat.get("/api/auth/sessions").await.ok();
        let again = world.post("/api/auth/refresh", json!({ "refresh_token": tokens["refresh_token"] })).await;
        let seat = Seat::of(world, &again.ok());
        seat.spin(1).await.ok();
        seat.patch("/api/users/profile", json!({ "nickname": "Unmoved" })).await.ok();
        // Only what asks for the password has to wait.
        let waits = change(&seat, PASSWORD, "plum-cherry-9").await;
        waits.refused(Code::TooManyAttempts);
        assert_eq!(waits.header("retry-after"), Some("600"));
        seat.post("/api/auth/logout", json!({})).await.ok();
    })
    .await;
}
