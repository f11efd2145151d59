//! Finding players: all of them, the newest first, or those whose name begins like this.

use std::time::Duration;

use croupier_tests::{
    seat::{Seat, Site},
    world::{World, play},
};
use croupier_web::error::Code;
use serde_json::{Value, json};

use super::{INVITES, USERS, each, wait_until};

const MINUTE: Duration = Duration::from_secs(60);

/// Signs somebody up under two names, and tells who it is.
async fn join(world: &World, site_id: &str, nickname: &str) -> Seat {
    let mut body = Site::sign_up_body(site_id, "5858");
    body["nickname"] = json!(nickname);
    Seat::of(world, &world.post("/api/auth/signup", body).await.ok())
}

/// What is found, whatever the size of the pages, by one of its fields.
async fn found(admin: &Seat, query: &str, field: &str) -> Vec<String> {
    let mut found = Vec::new();
    for limit in [1, 2, 3, 100] {
        let pages = admin.pages(&format!("{USERS}?limit={limit}&{query}")).await;
        let (last, full) = pages.split_last().expect("a page");
        assert!(full.iter().all(|page| page.len() == limit) && last.len() <= limit, "{query}, {limit} at once");
        assert!(!last.is_empty() || pages.len() == 1, "{query}, {limit} at once: a last page without anybody");
        found.push(each(&pages.concat(), field));
    }
    assert!(found.iter().all(|other| *other == found[0]), "{query}: {found:?}");
    found.swap_remove(0)
}

#[tokio::test]
async fn players_are_listed_newest_first_no_one_twice_and_no_one_missing() {
    play(async |world| {
        let mut joined = vec![world.admin().await.id];
        for name in ["first", "second", "third"] {
            world.pass(MINUTE);
            joined.push(world.newcomer(name).await.id);
        }
        wait_until(world, "2027-12-31T23:59:59.999Z");
        joined.push(world.newcomer("last-of-2027").await.id);
        wait_until(world, "2028-01-01T00:00:00Z");
        joined.push(world.newcomer("first-of-2028").await.id);
        // Nobody joins in 2029.
        wait_until(world, "2030-06-01T00:00:00Z");
        joined.push(world.newcomer("after-a-pause").await.id);
        joined.reverse();
        let admin = world.admin().await;
        assert_eq!(found(&admin, "", "id").await, joined);
        // A year in which nobody has joined yet.
        wait_until(world, "2031-01-01T00:00:00Z");
        let admin = world.admin().await;
        assert_eq!(found(&admin, "", "id").await, joined);
        assert_eq!(each(&admin.get(USERS).await.ok()["items"].as_array().unwrap()[..2], "id"), joined[..2]);
    })
    .await;
}

#[tokio::test]
async fn players_who_join_at_the_same_moment_or_meanwhile_do_not_move_the_pages() {
    play(async |world| {
        let admin = world.admin().await;
        for number in 0..5 {
            world.newcomer(&format!("at-once-{number}")).await;
        }
        let all = found(&admin, "", "id").await;
        assert_eq!(all.len(), 6);
        let first = admin.get(&format!("{USERS}?limit=2")).await.ok();
        world.pass(MINUTE);
        world.newcomer("meanwhile").await;
        let rest = format!("{USERS}?limit=100&cursor={}", first["next_cursor"].as_str().expect("a second page"));
        let rest = admin.get(&rest).await.ok();
        let [first, rest] = [first, rest].map(|page| each(page["items"].as_array().unwrap(), "id"));
        assert_eq!([first, rest].concat(), all);
        assert_eq!(found(&admin, "", "id").await.len(), 7);
    })
    .await;
}

#[tokio::test]
async fn a_player_is_listed_as_the_player_is_now() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("changing").await);
        seat.spin(50).await.ok();
        super::update(&admin, &seat, json!({ "rank": "VIP" })).await.ok();
        let change = json!({ "nickname": "Changed", "phone_number": "+49 170 1234567" });
        let user = seat.patch("/api/users/profile", change).await.ok();
        assert_eq!(user, seat.get("/api/auth/me").await.ok());
        for query in ["", "site_id=changing", "nickname=changed"] {
            let listed = admin.pages(&format!("{USERS}?{query}")).await.concat();
            assert!(listed.contains(&user), "{query}: {listed:?}");
        }
        // The name of before is nobody's.
        assert_eq!(found(&admin, "nickname=changing", "id").await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_player_is_found_by_the_beginning_of_the_site_id() {
    play(async |world| {
        for name in ["ann", "Anna", "ANNABEL", "ann.lee", "ann-lee", "ann_lee", "an0", "bob", "Bobby"] {
            join(world, name, &format!("x {name}")).await;
        }
        let admin = world.admin().await;
        let anns = ["ann", "ann-lee", "ann.lee", "ann_lee", "Anna", "ANNABEL"];
        for (prefix, expected) in [
            ("ann", &anns[..]),
            ("ANN", &anns[..]),
            ("Anna", &anns[4..]),
            ("annabel", &anns[5..]),
            ("ann.", &anns[2..3]),
            ("b", &["bob", "Bobby"]),
            ("an0", &["an0"]),
            ("annabella", &[]),
            ("nn", &[]),
            ("x", &[]),
            ("ä", &[]),
        ] {
            assert_eq!(found(&admin, &format!("site_id={prefix}"), "site_id").await, expected, "{prefix}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_player_is_found_by_the_beginning_of_the_nickname_however_it_is_written() {
    play(async |world| {
        let names = ["Zo", "ZOË", "Zoe\u{308} Q", "zoë!", "Ｚｏｏ", "Straße", "STRAẞEN", "Ωmega", "ωMEGA 2", "🍒🍋"];
        for (number, name) in names.iter().enumerate() {
            join(world, &format!("player-{number}"), name).await;
        }
        let admin = world.admin().await;
        let zoes = ["Zo", "Ｚｏｏ", "ZOË", "Zoë Q", "zoë!"];
        for (prefix, expected) in [
            ("zo", &zoes[..]),
            ("ＺＯ", &zoes[..]),
            ("ZOË", &zoes[2..]),
            ("zoe\u{308}", &zoes[2..]),
            ("zoë%20q", &zoes[3..4]),
            ("strasse", &[]),
            ("STRAẞE", &["Straße", "STRAẞEN"]),
            ("Ωm", &["Ωmega", "ωMEGA 2"]),
            ("🍒", &["🍒🍋"]),
            ("🍋", &[]),
        ] {
            assert_eq!(found(&admin, &format!("nickname={prefix}"), "nickname").await, expected, "{prefix}");
        }
    })
    .await;
}

/// A Greek sigma is another letter at the end of a word, and a beginning of a name ends before its word does.
#[tokio::test]
async fn a_player_is_found_whichever_sigma_a_beginning_ends_with() {
    play(async |world| {
        join(world, "odysseus", "ΟΔΥΣΣΕΥΣ").await;
        let admin = world.admin().await;
        for prefix in ["ΟΔΥΣ", "οδυς", "οδυσ", "Οδυσσευς", "ΟΔΥΣΣΕΥΣ", "οδυσσευσ"] {
            assert_eq!(found(&admin, &format!("nickname={prefix}"), "site_id").await, ["odysseus"], "{prefix}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_search_is_for_one_name_and_without_a_name_for_everybody() {
    play(async |world| {
        let admin = world.admin().await;
        for name in ["anna", "annabel"] {
            world.newcomer(name).await;
        }
        let everybody = found(&admin, "", "id").await;
        for query in ["site_id=", "nickname=%20", "site_id=&nickname="] {
            assert_eq!(found(&admin, query, "id").await, everybody, "{query}");
        }
        assert_eq!(admin.get(&format!("{USERS}?site_id=a&nickname=a")).await.wrong_field(), "nickname");
        for wrong in ["limit=0", "limit=101", "limit=x"] {
            assert_eq!(admin.get(&format!("{USERS}?{wrong}")).await.wrong_field(), "limit", "{wrong}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_search() {
    play(async |world| {
        let admin = world.admin().await;
        for name in ["anna", "annabel"] {
            world.newcomer(name).await;
            super::invite(&admin, json!({})).await;
        }
        let lists = [
            format!("{USERS}?limit=1"),
            format!("{USERS}?limit=1&site_id=ann"),
            format!("{USERS}?limit=1&site_id=anna"),
            format!("{USERS}?limit=1&nickname=ann"),
            format!("{INVITES}?limit=1"),
            format!("{}?limit=1", super::AUDIT),
            format!("{}?limit=1&action=INVITE_GENERATE", super::AUDIT),
        ];
        let mut cursors = Vec::new();
        for list in &lists {
            let page: Value = admin.get(list).await.ok();
            cursors.push(page["next_cursor"].as_str().expect("a second page").to_owned());
        }
        for list in &lists {
            for (cursor, its_own) in cursors.iter().zip(&lists) {
                let answer = admin.get(&format!("{list}&cursor={cursor}")).await;
                if list == its_own {
                    answer.ok();
                } else {
                    answer.refused(Code::CursorInvalid);
                }
            }
            for invented in ["", "MQ", "invented", "%ff"] {
                admin.get(&format!("{list}&cursor={invented}")).await.refused(Code::CursorInvalid);
            }
        }
    })
    .await;
}
