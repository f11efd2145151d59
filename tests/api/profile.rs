//! Names: changed, given up, taken by others.

mod password;

use croupier_tests::{
    seat::{Answer, Seat, Site},
    wire::Fault,
    world::play,
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

/// Where a player changes names and password.
const PROFILE: &str = "/api/users/profile";
const PHONE: &str = "+491701234567";
const OTHER_PHONE: &str = "+491701234568";

async fn change(seat: &Seat, changes: Value) -> Answer {
    seat.patch(PROFILE, changes).await
}

/// Whether somebody who signs up like this gets in.
async fn joins(site: &Site, name: &str, nickname: &str, phone: Option<&str>) -> Answer {
    let mut body = Site::sign_up_body(name, "5858");
    (body["nickname"], body["phone_number"]) = (json!(nickname), json!(phone));
    site.post("/api/auth/signup", body).await
}

#[track_caller]
fn taken(answer: &Answer) -> String {
    let problem = answer.refused(Code::Taken);
    assert_eq!(problem["errors"][0]["code"], "TAKEN");
    problem["errors"][0]["field"].as_str().expect("a field").to_owned()
}

#[tokio::test]
async fn a_player_changes_what_is_named_and_nothing_else() {
    play(async |world| {
        let seat = world.newcomer("chameleon").await;
        let mut user = seat.get("/api/auth/me").await.ok();
        for (method, changes, nickname, phone) in [
            (Method::PATCH, json!({ "nickname": "  Iguana " }), "Iguana", None),
            (Method::PUT, json!({ "nickname": "Gecko" }), "Gecko", None),
            (Method::PATCH, json!({ "phone_number": "+49 (170) 123-4567" }), "Gecko", Some(PHONE)),
            (Method::PUT, json!({ "phone_number": OTHER_PHONE, "nickname": null }), "Gecko", Some(OTHER_PHONE)),
            (Method::PATCH, json!({}), "Gecko", Some(OTHER_PHONE)),
            (Method::PUT, json!({ "phone_number": null }), "Gecko", None),
            (Method::PATCH, json!({ "phone_number": null }), "Gecko", None),
            (Method::PATCH, json!({ "nickname": "Newt", "phone_number": PHONE }), "Newt", Some(PHONE)),
            // Who one is and what one owns is not for the player to say.
            (Method::PATCH, json!({ "site_id": "x", "rank": "VIP", "is_admin": true, "gems": 7 }), "Newt", Some(PHONE)),
        ] {
            (user["nickname"], user["phone_number"]) = (json!(nickname), json!(phone));
            let answer = Answer::to(seat.request(method.clone(), PROFILE).json(&changes)).await;
            assert_eq!(answer.ok(), user, "{method} {changes}");
            assert_eq!(seat.get(PROFILE).await.ok(), user, "{method} {changes}");
        }
        seat.spin(1).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_no_name_is_named_and_nothing_changes() {
    play(async |world| {
        let seat = world.newcomer("constant").await;
        let user = change(&seat, json!({ "phone_number": PHONE })).await.ok();
        world.wire.take();
        for (field, wrong) in [
            ("nickname", json!(["x", " x ", "x".repeat(51), "a\tb", "a\u{200b}b", 7, []])),
            ("phone_number", json!(["", "12345", "1234567890123456", "call me now", 1_234_567_890, []])),
        ] {
            for value in wrong.as_array().unwrap() {
                let mut changes = json!({ "nickname": "Iguana", "phone_number": OTHER_PHONE });
                changes[field] = value.clone();
                assert_eq!(change(&seat, changes).await.wrong_field(), field, "{value}");
            }
        }
        assert!(world.wire.take().iter().all(|passed| passed.operation != "TransactWriteItems"));
        assert_eq!(seat.get(PROFILE).await.ok(), user);
    })
    .await;
}

#[tokio::test]
async fn a_name_that_was_given_up_can_be_taken_by_another() {
    play(async |world| {
        let seat = Seat::of(world, &joins(world, "giver", "Old Name", Some(PHONE)).await.ok());
        assert_eq!(taken(&joins(world, "other", "old name", None).await), "nickname");
        assert_eq!(taken(&joins(world, "other", "Other", Some(PHONE)).await), "phone_number");
        change(&seat, json!({ "nickname": "New Name", "phone_number": OTHER_PHONE })).await.ok();
        let other = Seat::of(world, &joins(world, "other", "OLD NAME", Some(PHONE)).await.ok());
        // There is no way back, and what is new is claimed as well.
        assert_eq!(taken(&change(&seat, json!({ "nickname": "Old Name" })).await), "nickname");
        assert_eq!(taken(&change(&seat, json!({ "phone_number": PHONE })).await), "phone_number");
        assert_eq!(taken(&change(&other, json!({ "nickname": "new name" })).await), "nickname");
        change(&seat, json!({ "phone_number": null })).await.ok();
        change(&other, json!({ "phone_number": OTHER_PHONE })).await.ok();
        change(&seat, json!({ "phone_number": PHONE })).await.ok();
    })
    .await;
}

#[tokio::test]
async fn a_name_that_somebody_has_is_taken_however_it_is_written() {
    play(async |world| {
        joins(world, "owner", "Zoë Q", Some(PHONE)).await.ok();
        joins(world, "greek", "ΟΔΥΣΣΕΥΣ", None).await.ok();
        // This letter is one character in small alone.
        joins(world, "rare", "ǰo", None).await.ok();
        let seat = world.newcomer("envious").await;
        let spellings =
            ["Zoë Q", "ZOË q", "  zoe\u{308} q ", "Ｚｏë Ｑ", "οδυσσευς", "οδυσσευσ", "J\u{30c}o", "J\u{30c}O"];
        for nickname in spellings {
            assert_eq!(taken(&change(&seat, json!({ "nickname": nickname })).await), "nickname", "{nickname}");
        }
        for phone in [PHONE, "491701234567", "+49 (170) 123-4567"] {
            assert_eq!(taken(&change(&seat, json!({ "phone_number": phone })).await), "phone_number", "{phone}");
        }
        assert_eq!(seat.get(PROFILE).await.ok()["nickname"], "envious");
    })
    .await;
}

#[tokio::test]
async fn ones_own_name_can_be_written_in_another_way() {
    play(async |world| {
        let seat = Seat::of(world, &joins(world, "stylist", "zoë", Some("491701234567")).await.ok());
        for nickname in ["ZOË", "Zoe\u{308}", "Ｚｏë", "zoë"] {
            let shown = change(&seat, json!({ "nickname": nickname })).await.ok()["nickname"].clone();
            assert_eq!(shown, nickname.replace("e\u{308}", "ë"));
        }
        assert_eq!(change(&seat, json!({ "phone_number": PHONE })).await.ok()["phone_number"], PHONE);
        // It is still claimed, and once.
        assert_eq!(taken(&joins(world, "other", "Zoë", None).await), "nickname");
        assert_eq!(taken(&joins(world, "other", "Other", Some(PHONE)).await), "phone_number");
    })
    .await;
}

#[tokio::test]
async fn of_two_names_both_are_changed_or_neither_is() {
    play(async |world| {
        joins(world, "owner", "Owned", Some(PHONE)).await.ok();
        let seat = Seat::of(world, &joins(world, "envious", "Envious", Some(OTHER_PHONE)).await.ok());
        let user = seat.get(PROFILE).await.ok();
        for (nickname, phone, field) in
            [("Owned", "+491701234569", "nickname"), ("Free", PHONE, "phone_number"), ("owned", PHONE, "nickname")]
        {
            let changes = json!({ "nickname": nickname, "phone_number": phone });
            assert_eq!(taken(&change(&seat, changes).await), field);
            assert_eq!(seat.get(PROFILE).await.ok(), user);
        }
        // What was refused has claimed nothing, and what was kept is still claimed.
        joins(world, "free", "Free", Some("+491701234569")).await.ok();
        assert_eq!(taken(&joins(world, "other", "envious", None).await), "nickname");
        assert_eq!(taken(&joins(world, "other", "Other", Some(OTHER_PHONE)).await), "phone_number");
    })
    .await;
}

#[tokio::test]
async fn of_ten_players_who_want_one_nickname_at_once_one_gets_it() {
    play(async |world| {
        let names: Vec<_> = (0..10).map(|number| format!("rush-{number}")).collect();
        let seats = join_all(names.iter().map(|name| world.newcomer(name))).await;
        let answers = join_all(seats.iter().map(|seat| change(seat, json!({ "nickname": "The One" })))).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!((won.len(), won[0].ok()["nickname"].clone()), (1, json!("The One")));
        for answer in lost {
            assert_eq!(taken(answer), "nickname");
        }
        let called: Vec<_> = join_all(seats.iter().map(|seat| seat.get(PROFILE))).await;
        assert_eq!(called.iter().filter(|answer| answer.ok()["nickname"] == "The One").count(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_player_who_wants_ten_nicknames_at_once_has_one_in_the_end() {
    play(async |world| {
        let seat = world.newcomer("undecided").await;
        let names: Vec<_> = (0..10).map(|number| format!("Name {number}")).collect();
        let answers = join_all(names.iter().map(|name| change(&seat, json!({ "nickname": name })))).await;
        assert!(answers.iter().any(|answer| answer.status == 200));
        let kept = seat.get(PROFILE).await.ok()["nickname"].clone();
        // The audit finds it claimed; whatever else was claimed on the way is free again.
        for (number, name) in names.iter().enumerate().filter(|(_, name)| kept != **name) {
            joins(world, &format!("heir-{number}"), name, None).await.ok();
        }
    })
    .await;
}

#[tokio::test]
async fn a_change_that_went_through_unheard_is_not_refused_by_its_own_work() {
    play(async |world| {
        let seat = world.newcomer("unlucky").await;
        let faults = [
            &[Fault::LostReply][..],
            &[Fault::LostRequest, Fault::Throttle],
            &[Fault::LostReply, Fault::Collision],
            &[Fault::Collision; 3],
        ];
        for (number, faults) in faults.iter().enumerate() {
            let (nickname, phone) = (format!("Name {number}"), format!("+44207946000{number}"));
            world.wire.plan("TransactWriteItems", faults);
            let user = change(&seat, json!({ "nickname": nickname, "phone_number": phone })).await.ok();
            world.wire.behave();
            assert_eq!((&user["nickname"], &user["phone_number"]), (&json!(nickname), &json!(phone)), "{faults:?}");
            assert_eq!(seat.get(PROFILE).await.ok(), user, "{faults:?}");
        }
        joins(world, "heir", "Name 2", Some("+442079460002")).await.ok();
    })
    .await;
}
