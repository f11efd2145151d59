//! The audit that ends every test: what it does not let pass.

use std::panic::AssertUnwindSafe;

use aws_sdk_dynamodb::types::AttributeValue;
use croupier_localstack::table::TABLE;
use croupier_store::{
    item::Item,
    key::{NAME, PK, SHELF, SK},
};
use croupier_tests::{
    audit::audit,
    seat::Seat,
    world::{World, play},
};
use futures_util::FutureExt;
use serde_json::json;

use crate::admin::{AUDIT, INVITES, force_logout, update};

/// Does something to an item; without, the item is taken away.
type Spoil = Option<fn(&mut Item)>;

fn text(item: &mut Item, name: &str, text: &str) {
    assert!(item.insert(name.to_owned(), AttributeValue::S(text.to_owned())).is_some(), "there is no {name}");
}

fn number(item: &mut Item, name: &str, number: u64) {
    assert!(item.insert(name.to_owned(), AttributeValue::N(number.to_string())).is_some(), "there is no {name}");
}

/// What was played, as the player has it.
fn slot(item: &mut Item) -> &mut Item {
    let Some(AttributeValue::M(totals)) = item.get_mut("totals") else { panic!("no totals") };
    let Some(AttributeValue::M(slot)) = totals.get_mut("slot") else { panic!("no totals of a game") };
    slot
}

fn key(pk: &str, sk: &str) -> Item {
    [(PK, pk), (SK, sk)].map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned()))).into()
}

/// Puts one item in the place of another, past everything that guards the table.
#[expect(clippy::disallowed_methods, reason = "what no function does is what an audit is for")]
async fn exchange(world: &World, old: Option<&Item>, new: Option<&Item>) {
    let table = &world.running().table;
    let key = |item: &Item| -> Item { [PK, SK].map(|name| (name.to_owned(), item[name].clone())).into() };
    // What is written over another is nothing new, of which somebody would be told.
    if let Some(old) = old
        && new.is_none_or(|new| key(new) != key(old))
    {
        table.delete_item().table_name(TABLE).set_key(Some(key(old))).send().await.unwrap();
    }
    if let Some(new) = new {
        table.put_item().table_name(TABLE).set_item(Some(new.clone())).send().await.unwrap();
    }
}

/// Spoils an item, asserts that the audit notices, and puts it right again.
async fn assert_noticed(world: &World, what: &str, pk: &str, sk: &str, spoil: Spoil) {
    let get = world.running().table.get_item().table_name(TABLE).set_key(Some(key(pk, sk)));
    let item = get.consistent_read(true).send().await.unwrap().item.expect(what);
    let spoilt = spoil.map(|spoil| {
        let mut item = item.clone();
        spoil(&mut item);
        item
    });
    exchange(world, Some(&item), spoilt.as_ref()).await;
    let audited = AssertUnwindSafe(audit(world)).catch_unwind().await;
    exchange(world, spoilt.as_ref(), Some(&item)).await;
    assert!(audited.is_err(), "the audit does not notice {what}");
}

/// A player and an invite to whom operators did everything that they can do; tells their partitions.
async fn governed(world: &World) -> (Seat, [String; 2]) {
    let (admin, seat) = (world.admin().await, world.newcomer("governed").await);
    seat.spin(50).await.ok();
    update(&admin, &seat, json!({ "rank": "VIP" })).await.ok();
    force_logout(&admin, &seat).await.ok();
    let made = admin.post(INVITES, json!({})).await.ok();
    let code = made["items"][0]["code"].as_str().expect("a code");
    admin.delete(&format!("{INVITES}/{code}")).await.ok();
    let partitions = [format!("PLAYER#{}", seat.id), format!("INVITE#{code}")];
    (admin, partitions)
}

#[tokio::test]
async fn what_nobody_did_is_noticed() {
    play(async |world| {
        let (_, [player, invite]) = governed(world).await;
        let cases: [(&str, &str, &str, Spoil); 15] = [
            ("a rank", &player, "PLAYER", Some(|item| text(item, "rank", "PREMIUM"))),
            ("a lock", &player, "PLAYER", Some(|item| drop(item.insert("active".into(), AttributeValue::Bool(false))))),
            ("a write", &player, "PLAYER", Some(|item| number(item, "revision", 5))),
            ("an epoch of sessions", &player, "PLAYER", Some(|item| number(item, "session_epoch", 2))),
            ("a round too many", &player, "PLAYER", Some(|item| number(slot(item), "rounds", 2))),
            ("a stake too high", &player, "PLAYER", Some(|item| number(slot(item), "bet", 51))),
            // A player who has not won yet has none.
            (
                "a win too high",
                &player,
                "PLAYER",
                Some(|item| {
                    slot(item).insert("biggest".to_owned(), AttributeValue::N("9999".to_owned()));
                }),
            ),
            ("totals that are gone", &player, "PLAYER", Some(|item| drop(item.remove("totals")))),
            ("another year's shelf", &player, "PROFILE", Some(|item| text(item, SHELF, "JOINED#2026"))),
            ("no shelf", &player, "PROFILE", Some(|item| drop(item.remove(SHELF)))),
            ("another letter's shelf", "SITE#governed", "LOGIN", Some(|item| text(item, SHELF, "SITE#x"))),
            ("another name", "NICKNAME#governed", "CLAIM", Some(|item| text(item, NAME, "governor"))),
            ("another time of making", &invite, "CODE", Some(|item| text(item, NAME, "2027-01-16T08:00:00.000Z#X"))),
            (
                "an invite on",
                &invite,
                "CODE",
                Some(|item| drop(item.insert("active".into(), AttributeValue::Bool(true)))),
            ),
            ("an invite of nobody's", &invite, "CODE", Some(|item| drop(item.remove("created_by")))),
        ];
        for (what, pk, sk, spoil) in cases {
            assert_noticed(world, what, pk, sk, spoil).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_entry_of_the_operators_that_is_gone_or_altered_is_noticed() {
    play(async |world| {
        let (admin, _) = governed(world).await;
        let entries = admin.get(AUDIT).await.ok()["items"].clone();
        assert_eq!(entries.as_array().unwrap().len(), 4);
        for entry in entries.as_array().unwrap() {
            let (id, action) = (entry["id"].as_str().unwrap(), entry["action"].as_str().unwrap());
            let cases: [(&str, Spoil); 6] = [
                ("is gone", None),
                ("is another year's", Some(|item| text(item, PK, "AUDIT#2026"))),
                ("is of another time", Some(|item| text(item, "at", "2027-01-15T08:00:00.001Z"))),
                ("is by nobody", Some(|item| text(item, "actor", "ply_01HF7YAT00000000000000001A"))),
                ("is about nothing", Some(|item| text(item, "target", "NOTHING"))),
                (
                    "is of another kind",
                    Some(|item| {
                        let other =
                            if item["action"].as_s().unwrap() == "USER_UPDATE" { "USER_LOGOUT" } else { "USER_UPDATE" };
                        text(item, "action", other);
                    }),
                ),
            ];
            for (what, spoil) in cases {
                assert_noticed(world, &format!("that {action} {what}"), "AUDIT#2027", id, spoil).await;
            }
        }
        let update = entries.as_array().unwrap().iter().find(|entry| entry["action"] == "USER_UPDATE").unwrap();
        let (id, altered): (_, [fn(&mut Item); 2]) = (
            update["id"].as_str().unwrap(),
            [
                |item| drop(item.insert("after".to_owned(), item["before"].clone())),
                |item| drop(item.insert("before".to_owned(), item["after"].clone())),
            ],
        );
        for spoil in altered {
            assert_noticed(world, "an entry that tells something else", "AUDIT#2027", id, Some(spoil)).await;
        }
    })
    .await;
}
