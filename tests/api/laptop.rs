//! A game on a laptop: its data survive, and it says what is in the way.

use std::{os::unix::fs::PermissionsExt, path::Path};

use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use croupier_localstack::{
    seed,
    stack::{Options, Stack},
    table::TABLE,
};
use croupier_store::key::{PK, SK};
use croupier_tests::{
    seat::{PASSWORD, Seat},
    world::World,
};
use croupier_web::{
    app::{Clock, Entropy},
    config::{Config, SecretSource},
    pay::Provider,
};
use serde_json::{Value, json};

fn options(data: Option<&Path>, port: u16) -> Options {
    Options {
        port,
        data: data.map(Path::to_owned),
        clock: Clock::System,
        entropy: Entropy::System,
        http: None,
        config: Config::read(&[], |_| None).expect("an empty environment"),
        invite: seed::INVITE.to_owned(),
        admin_password: None,
    }
}

async fn refusal(options: Options) -> String {
    Stack::start(options).await.err().expect("a refusal").to_string()
}

#[tokio::test]
async fn players_money_and_secrets_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let on_disk = |options: &mut Options| options.data = Some(folder.path().to_owned());
    let world = World::with(on_disk).await;
    let seat = world.newcomer("survivor").await;
    let spin = seat.spin_keyed(50, "before-the-end").await;
    seat.post("/api/games/gacha/pull", json!({ "pull_count": 7 })).await.ok();
    let pity = seat.get("/api/games/gacha/stats").await.ok()["pity"].clone();
    let promised = seat.get("/api/fairness").await.ok();
    world.stop().await;

    let world = World::with(on_disk).await;
    // The old token still works: the secret that signed it was kept.
    let seat = Seat { site: world.site.clone(), ..seat };
    assert_eq!(seat.balance().await.2, 3);
    assert_eq!(seat.get("/api/games/gacha/stats").await.ok()["pity"], pity, "the counter of the guarantee");
    assert_eq!(seat.get("/api/fairness").await.ok(), promised);
    let again = seat.spin_keyed(50, "before-the-end").await;
    assert!(again.replayed());
    assert_eq!(again.body, spin.body);
    world.log_in("survivor", PASSWORD).await.ok();
    croupier_tests::audit::audit(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn the_admin_logs_in_with_the_password_that_was_printed_or_set_last() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = Some(folder.path());
    let printed = async |options: Options| {
        let stack = Stack::start(options).await.expect("a stack");
        let site = croupier_tests::seat::Site::at(format!("http://{}", stack.address), "");
        let admin = site.log_in(seed::ADMIN, &stack.admin_password).await.ok();
        assert_eq!(admin["user"]["is_admin"], true);
        let password = stack.admin_password.clone();
        stack.stop().await;
        password
    };
    let first = printed(options(data, 0)).await;
    assert_eq!(printed(options(data, 0)).await, first);
    let set = Options { admin_password: Some("cherry-lemon-8".to_owned()), ..options(data, 0) };
    assert_eq!(printed(set).await, "cherry-lemon-8");
}

#[tokio::test]
async fn what_is_in_the_way_is_said_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let stack = Stack::start(options(Some(folder.path()), 0)).await.expect("a stack");
    let same_data = refusal(options(Some(folder.path()), 0)).await;
    assert!(same_data.contains("another Croupier is using") && same_data.contains("--memory"), "{same_data}");
    let same_port = refusal(options(None, stack.address.port())).await;
    assert!(same_port.contains("is taken") && same_port.contains("--port"), "{same_port}");
    stack.stop().await;
    let weak = Options { admin_password: Some("short".to_owned()), ..options(None, 0) };
    let weak = refusal(weak).await;
    assert!(weak.contains("CROUPIER_ADMIN_PASSWORD"), "{weak}");
}

#[tokio::test]
async fn data_of_an_earlier_version_are_told_from_a_fault() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::with(|options| options.data = Some(folder.path().to_owned())).await;
    // The table as it was before operators could look for anybody.
    let table = &world.running().table;
    table.delete_table().table_name(TABLE).send().await.expect("no table");
    let attribute =
        |name: &str| AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
    let key =
        |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("a key");
    table
        .create_table()
        .table_name(TABLE)
        .attribute_definitions(attribute(PK).build().expect("an attribute"))
        .attribute_definitions(attribute(SK).build().expect("an attribute"))
        .key_schema(key(PK, KeyType::Hash))
        .key_schema(key(SK, KeyType::Range))
        .billing_mode(BillingMode::PayPerRequest)
        .send()
        .await
        .expect("a table");
    world.stop().await;
    let refused = refusal(options(Some(folder.path()), 0)).await;
    assert!(refused.contains("earlier version") && refused.contains("delete"), "{refused}");
}

#[tokio::test]
async fn data_that_know_nothing_of_payments_get_a_secret_for_notices_and_keep_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let started = async || {
        let stack = Stack::start(options(Some(folder.path()), 0)).await.expect("a stack");
        let secrets = (stack.webhook_secret.clone(), stack.admin_password.clone());
        stack.stop().await;
        secrets
    };
    let (first, admin_password) = started().await;
    let file = folder.path().join("secrets.json");
    let text = std::fs::read(&file).expect("the secrets");
    let mut kept: Value = serde_json::from_slice(&text).expect("JSON");
    kept.as_object_mut().expect("an object").remove("webhook").expect("a secret");
    std::fs::write(&file, kept.to_string()).expect("the secrets of an earlier version");

    let fresh = started().await;
    assert!(fresh.0.len() >= 32 && fresh.0 != first);
    assert_eq!(fresh.1, admin_password, "the other secrets stay");
    assert_eq!(started().await, fresh);
    let readable_by = std::fs::metadata(&file).expect("a file").permissions().mode();
    assert_eq!(readable_by & 0o077, 0, "nobody else reads it");
}

#[tokio::test]
async fn a_gateway_that_takes_money_is_not_reached_without_a_key() {
    let mut stripe = options(None, 0);
    stripe.config.payment_gateway = Some(Provider::Stripe);
    let refused = refusal(stripe).await;
    assert!(refused.contains("PAYMENT_SECRET"), "{refused}");
    let mut short = options(None, 0);
    short.config.notices = Some(SecretSource::Given("too short to sign".into()));
    let refused = refusal(short).await;
    assert!(refused.contains("32 bytes"), "{refused}");
}
