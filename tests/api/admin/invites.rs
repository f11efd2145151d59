//! Invites: made, listed, used, switched off.

use std::{collections::BTreeSet, time::Duration};

use croupier_rules::account::Invite;
use croupier_tests::{seat::Seat, world::play};
use croupier_web::error::Code;
use serde_json::{Value, json};

use super::{INVITES, each, entries, invite};

const HOUR: Duration = Duration::from_secs(3600);
/// Of these no two look alike.
const CLEAR: &str = "ACDEFGHJKMNPQRTUVWXY34679";

async fn listed(admin: &Seat) -> Vec<Value> {
    admin.pages(&format!("{INVITES}?limit=100")).await.concat()
}

async fn switch_off(admin: &Seat, code: &str) -> Value {
    admin.delete(&format!("{INVITES}/{code}")).await.ok()
}

#[tokio::test]
async fn an_invite_lets_one_player_in_unless_another_number_is_asked_for() {
    play(async |world| {
        let admin = world.admin().await;
        let end = world.now().after(HOUR).to_string();
        for (asked, max_uses, expires_at) in [
            (json!({}), json!(1), Value::Null),
            (json!({ "max_uses": 1_000_000, "count": 1 }), json!(1_000_000), Value::Null),
            (json!({ "max_uses": null, "expires_at": null }), Value::Null, Value::Null),
            (json!({ "max_uses": 3, "expires_at": end }), json!(3), json!(end)),
        ] {
            let made = admin.post(INVITES, asked.clone()).await.ok();
            let code = made["items"][0]["code"].as_str().expect("a code");
            assert!(code.len() == 8 && code.chars().all(|c| CLEAR.contains(c)), "{code}");
            let expected = json!({
                "code": code, "max_uses": max_uses, "used": 0, "remaining_uses": max_uses, "expires_at": expires_at,
                "is_active": true, "is_valid": true, "created_at": world.now().to_string(), "created_by": admin.id,
            });
            assert_eq!(made, json!({ "items": [expected] }), "{asked}");
            assert!(listed(&admin).await.contains(&expected), "{asked}");
        }
    })
    .await;
}

#[tokio::test]
async fn fifty_invites_at_once_are_fifty_codes_and_fifty_entries() {
    play(async |world| {
        let admin = world.admin().await;
        let made = admin.post(INVITES, json!({ "count": 50, "max_uses": 2 })).await.ok();
        let codes: BTreeSet<_> = each(made["items"].as_array().unwrap(), "code").into_iter().collect();
        assert_eq!(codes.len(), 50);
        let told = each(&entries(&admin, "action=INVITE_GENERATE").await, "target");
        assert_eq!((told.len(), told.into_iter().collect()), (50, codes));
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_an_invite_is_named_and_not_made() {
    play(async |world| {
        let admin = world.admin().await;
        let (now, past) = (world.now().to_string(), "2026-01-01T00:00:00.000Z");
        for (field, wrong) in [
            ("count", json!([0, 51, -1, 1.5, "5", null, 4_294_967_297_i64])),
            ("max_uses", json!([0, -1, 1.5, "5", 1_000_001, 4_294_967_297_i64])),
            ("expires_at", json!([past, now, "tomorrow", "", 1_900_000_000, "2027-02-30T00:00:00Z"])),
        ] {
            for value in wrong.as_array().unwrap() {
                assert_eq!(admin.post(INVITES, json!({ field: value })).await.wrong_field(), field, "{value}");
            }
        }
        assert_eq!(each(&listed(&admin).await, "code"), ["5858"]);
        assert_eq!(entries(&admin, "").await, [Value::Null; 0]);
        let soon = world.now().after(Duration::from_millis(1)).to_string();
        admin.post(INVITES, json!({ "expires_at": soon })).await.ok();
    })
    .await;
}

#[tokio::test]
async fn the_list_tells_what_has_become_of_an_invite() {
    play(async |world| {
        let admin = world.admin().await;
        let end = world.now().after(HOUR).to_string();
        let code = invite(&admin, json!({ "max_uses": 2, "expires_at": end })).await;
        let becomes = async |used: u64, is_active: bool, is_valid: bool| {
            let found = listed(&admin).await.into_iter().find(|invite| invite["code"] == code).expect("the invite");
            let seen = ["used", "remaining_uses", "is_active", "is_valid"].map(|field| found[field].clone());
            assert_eq!(seen, [json!(used), json!(2 - used), json!(is_active), json!(is_valid)]);
        };
        becomes(0, true, true).await;
        world.sign_up("first", &code.to_lowercase()).await.ok();
        becomes(1, true, true).await;
        world.pass(Duration::from_secs(20 * 60));
        world.sign_up("second", &code).await.ok();
        becomes(2, true, false).await;
        world.sign_up("third", &code).await.refused(Code::InviteInvalid);
        switch_off(&admin, &code).await;
        becomes(2, false, false).await;

        let code = invite(&admin, json!({ "expires_at": end })).await;
        world.pass(HOUR - Duration::from_secs(20 * 60));
        let admin = world.admin().await;
        let over = listed(&admin).await.into_iter().find(|invite| invite["code"] == code).expect("the invite");
        assert_eq!((&over["is_active"], &over["is_valid"]), (&json!(true), &json!(false)));
        world.sign_up("third", &code).await.refused(Code::InviteInvalid);
    })
    .await;
}

#[tokio::test]
async fn invites_are_listed_newest_first_no_one_twice_and_no_one_missing() {
    play(async |world| {
        let (mut admin, mut batches) = (world.admin().await, vec![BTreeSet::from(["5858".to_owned()])]);
        for count in [1, 3, 2, 4] {
            world.pass(100 * 24 * HOUR);
            admin = world.admin().await;
            let made = admin.post(INVITES, json!({ "count": count })).await.ok();
            batches.push(each(made["items"].as_array().unwrap(), "code").into_iter().collect());
        }
        let all = each(&listed(&admin).await, "code");
        // Those of one moment stand in any order.
        let mut rest = all.as_slice();
        for batch in batches.iter().rev() {
            let (these, others) = rest.split_at(batch.len());
            assert_eq!(these.iter().cloned().collect::<BTreeSet<_>>(), *batch);
            rest = others;
        }
        assert_eq!(rest, [""; 0]);
        for limit in [1, 2, 3, 10, 11, 12] {
            let pages = admin.pages(&format!("{INVITES}?limit={limit}")).await;
            assert_eq!(each(&pages.concat(), "code"), all, "{limit} at once");
            assert_eq!(pages.len(), 11_usize.div_ceil(limit), "{limit} at once");
        }
        for wrong in ["limit=0", "limit=101", "limit=x"] {
            assert_eq!(admin.get(&format!("{INVITES}?{wrong}")).await.wrong_field(), "limit", "{wrong}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_invite_that_is_switched_off_lets_in_nobody_else() {
    play(async |world| {
        let admin = world.admin().await;
        let code = invite(&admin, json!({ "max_uses": null })).await;
        let inside = Seat::of(world, &world.sign_up("inside", &code).await.ok());
        let off = switch_off(&admin, &code.to_lowercase()).await;
        assert_eq!((&off["code"], &off["used"]), (&json!(code), &json!(1)));
        assert_eq!((&off["is_active"], &off["is_valid"]), (&json!(false), &json!(false)));
        assert!(listed(&admin).await.contains(&off));
        let problem = world.sign_up("outside", &code).await.refused(Code::InviteInvalid);
        assert_eq!(problem["detail"], "This invite code has been deactivated.");
        inside.spin(1).await.ok();
        // To ask again is fine, and is no second change.
        assert_eq!(switch_off(&admin, &code).await, off);
        assert_eq!(entries(&admin, "action=INVITE_DEACTIVATE").await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_invite_that_nobody_made_here_is_switched_off_as_well_and_an_unknown_one_is_not_found() {
    play(async |world| {
        let admin = world.admin().await;
        world.store().offer_invite(&Invite::endless("By Hand".parse().unwrap())).await.unwrap();
        for code in ["5858", "by%20hand"] {
            assert_eq!(switch_off(&admin, code).await["created_by"], Value::Null, "{code}");
        }
        world.sign_up("outside", "by hand").await.refused(Code::InviteInvalid);
        world.sign_up("outside", "5858").await.refused(Code::InviteInvalid);
        for unknown in ["nowhere", "%20nowhere", "ply_01HF7YAT00000000000000001A"] {
            admin.delete(&format!("{INVITES}/{unknown}")).await.refused(Code::NotFound);
        }
        assert_eq!(entries(&admin, "").await.len(), 2);
    })
    .await;
}
