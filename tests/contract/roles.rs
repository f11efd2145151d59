//! What functions may do: what their needs say, on what they name, and nothing that they do not do.

use std::collections::BTreeSet;

use croupier_functions::FUNCTIONS;
use croupier_localstack::invocation::invoke;
use croupier_store::key::{PK, SK};
use croupier_tests::{
    role::{GRANTS, denied, permissions},
    template::{functions, logical_id, policies, template, texts},
    world::play,
};
use croupier_web::config::Need;
use serde_json::json;
use serde_norway::Value;

use crate::{examples::Examples, template::SEEN_POLICY};

/// Whoever needs a secret may read just that one, whoever needs sockets may post to them, whoever leaves a trace in a session
/// may write that one, and nobody else.
#[test]
fn permissions_follow_from_needs() {
    let deployed = functions(&template());
    for function in FUNCTIONS.iter().filter(|function| deployed.contains_key(&logical_id(function))) {
        let (shared, statements) = policies(&deployed[&logical_id(function)]);
        let allowed: BTreeSet<(String, String)> = statements
            .iter()
            .flat_map(|statement| {
                let resource = statement["Resource"].as_str().expect("a resource").to_owned();
                texts(statement["Action"].as_sequence().expect("actions"))
                    .into_iter()
                    .map(move |action| (action, resource.clone()))
            })
            .collect();
        let may = |action: &str, on: &str| allowed.iter().any(|(a, r)| a.starts_with(action) && r.contains(on));
        let needs = function.needs();
        let secret = "secretsmanager:GetSecretValue";
        for (need, allowed) in [
            (Need::Table, may("dynamodb:", "Table.Arn")),
            (Need::Tokens, may(secret, "TokensSecret")),
            (Need::Seeds, may(secret, "SeedsSecret")),
            (Need::Sockets, may("execute-api:ManageConnections", "@connections")),
            (Need::Queue, may("sqs:SendMessage", "Events.Arn")),
            (Need::Queue, may("sqs:SendMessage", "PublishFailures.Arn")),
            (Need::Kafka, may(secret, "KafkaSecret")),
            (Need::KafkaFailures, may("sqs:SendMessage", "PublishKafkaFailures.Arn")),
            (Need::Warehouse, may(secret, "ClickhouseSecret")),
            (Need::AnalyticsFailures, may("sqs:SendMessage", "AnalyticsFailures.Arn")),
            (Need::Payments, may(secret, "PaymentSecret")),
            (Need::Notices, may(secret, "WebhookSecret")),
            (Need::Seen, shared.contains(SEEN_POLICY)),
        ] {
            assert_eq!(allowed, needs.contains(&need), "{} and {need:?}", function.name);
        }
        assert!(shared.iter().all(|policy| policy == SEEN_POLICY), "{} shares {shared:?}", function.name);
    }
}

#[test]
fn no_function_may_do_more_than_named_actions_on_named_things() {
    for (name, function) in functions(&template()) {
        for statement in policies(&function).1 {
            for action in texts(statement["Action"].as_sequence().expect("actions")) {
                assert!(!action.contains('*'), "{name}: {action}");
            }
            let resource = statement["Resource"].as_str().expect("one resource");
            assert!(!resource.contains('*') || resource.ends_with("/POST/@connections/*"), "{name}: {resource}");
        }
    }
}

#[test]
fn whoever_leaves_a_trace_in_a_session_may_write_that_trace_and_no_more() {
    let policy = &template()["Resources"][SEEN_POLICY];
    assert_eq!(policy["Type"], "AWS::IAM::ManagedPolicy");
    let properties = policy["Properties"].as_mapping().expect("properties");
    // It comes to those who ask for it; it is not given to roles, users or groups besides.
    assert_eq!(texts(properties.keys()), ["Description", "PolicyDocument"].map(str::to_owned).into());
    let statements = policy["Properties"]["PolicyDocument"]["Statement"].as_sequence().expect("statements");
    let [statement] = statements.as_slice() else { panic!("one statement: {statements:?}") };
    assert_eq!((&statement["Effect"], &statement["Resource"]), (&"Allow".into(), &"Table.Arn".into()));
    assert_eq!(texts(statement["Action"].as_sequence().expect("actions")), ["dynamodb:UpdateItem".to_owned()].into());
    let conditions = statement["Condition"].as_mapping().expect("conditions");
    assert_eq!(conditions.len(), 3);
    let values = |operator: &str, key: &str| texts(conditions[operator][key].as_sequence().expect("values"));
    assert_eq!(values("ForAllValues:StringLike", "dynamodb:LeadingKeys"), ["PLAYER#*".to_owned()].into());
    let attributes = [PK, SK, "seen_at"].map(str::to_owned).into();
    assert_eq!(values("ForAllValues:StringEquals", "dynamodb:Attributes"), attributes);
    for key in ["dynamodb:LeadingKeys", "dynamodb:Attributes"] {
        assert_eq!(conditions["Null"][key], "false", "{key} must be told");
    }
}

/// Whoever may read or write the table may do so where keys begin as is said, and nowhere else.
#[test]
fn no_function_has_the_whole_table() {
    for (name, grants) in GRANTS.iter() {
        for grant in grants {
            assert!(!grant.partitions.is_empty(), "{name} may do {:?} anywhere", grant.actions);
            for pattern in &grant.partitions {
                let kind = pattern.trim_end_matches('*');
                let is_kind = kind.ends_with('#') && pattern.len() <= kind.len() + 1;
                assert!(is_kind || !pattern.contains('*'), "{name}: {pattern} is no kind of key");
            }
            // What names no key would pass every condition on keys.
            for action in &grant.actions {
                assert!(KEYED.contains(&action.as_str()), "{name}: nobody knows whether {action} names its keys");
            }
        }
    }
}

/// The actions of the table that always name the partitions that they go to.
const KEYED: [&str; 7] = [
    "dynamodb:BatchGetItem",
    "dynamodb:GetItem",
    "dynamodb:Query",
    "dynamodb:PutItem",
    "dynamodb:UpdateItem",
    "dynamodb:DeleteItem",
    "dynamodb:ConditionCheckItem",
];

/// What statements allow: action and resource, all pairs.
fn pairs<'a>(statements: impl IntoIterator<Item = &'a Value>) -> BTreeSet<(String, String)> {
    let list = |value: &Value| match value {
        Value::Sequence(several) => texts(several),
        one => texts([one]),
    };
    let pairs = statements.into_iter().flat_map(|statement| {
        assert_eq!(statement["Effect"], "Allow");
        let resources = list(&statement["Resource"]);
        list(&statement["Action"])
            .into_iter()
            .flat_map(move |action| resources.clone().into_iter().map(move |resource| (action.clone(), resource)))
    });
    pairs.collect()
}

/// Actions for which AWS has no resource to name: a consumer of a stream lists streams, and Lambda writes traces in a function's name.
const NAMELESS: [&str; 3] = ["dynamodb:ListStreams", "xray:PutTraceSegments", "xray:PutTelemetryRecords"];

/// What SAM allows functions by itself, of all that is in the account: their logs and traces, and to consumers the stream and where they put what failed.
fn by_sam(template: &Value) -> BTreeSet<(String, String)> {
    let logs = ["logs:CreateLogStream", "logs:PutLogEvents"].map(|action| (action, "Logs.Arn".to_owned()));
    let stream = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"];
    // Whichever the table has: one that is restored has another.
    let stream = stream.map(|action| (action, "${Table.Arn}/stream/*".to_owned()));
    let nameless = NAMELESS.map(|action| (action, "*".to_owned()));
    let deployed = functions(template);
    let events =
        deployed.values().flat_map(|function| function["Properties"]["Events"].as_mapping().into_iter().flatten());
    let failures = events.filter_map(|(_, event)| {
        event["Properties"]["DestinationConfig"]["OnFailure"]["Destination"]
            .as_str()
            .map(|to| ("sqs:SendMessage", to.to_owned()))
    });
    let all = logs.into_iter().chain(stream).chain(nameless).chain(failures);
    all.map(|(action, resource)| (action.to_owned(), resource)).collect()
}

#[test]
fn no_role_goes_beyond_what_all_functions_together_are_for() {
    let template = template();
    assert_eq!(template["Globals"]["Function"]["PermissionsBoundary"], "Boundary");
    let statements = |policy: &str| {
        template["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"]
            .as_sequence()
            .expect("statements")
            .clone()
    };
    let bounds = pairs(&statements("Boundary"));
    let mut wanted = by_sam(&template);
    wanted.extend(pairs(&statements(SEEN_POLICY)));
    for (name, function) in functions(&template) {
        let own = pairs(&policies(&function).1);
        let beyond: Vec<_> = own.difference(&bounds).collect();
        assert!(beyond.is_empty(), "the role of {name} allows this, and the boundary does not: {beyond:?}");
        assert!(function["Properties"]["PermissionsBoundary"].is_null(), "{name} has bounds of its own");
        wanted.extend(own);
    }
    // The table and its indexes are one thing here: which function asks which of them for what, its role says.
    let table = |resource: &str| resource == "Table.Arn" || resource.starts_with("${Table.Arn}/index/");
    let idle: Vec<_> = bounds.difference(&wanted).filter(|(_, resource)| !table(resource)).collect();
    assert!(idle.is_empty(), "nobody wants this: {idle:?}");
    for (action, resource) in &bounds {
        assert!(!action.contains('*'), "{action}");
        assert!(resource != "*" || NAMELESS.contains(&action.as_str()), "{action} on everything");
    }
}

/// IAM takes 10 240 characters of policies that a role has for itself; names become longer when they are resolved.
#[test]
fn the_policies_of_a_role_are_short() {
    for (name, function) in functions(&template()) {
        let text = serde_json::to_string(&policies(&function).1).expect("JSON");
        assert!(text.len() < 4000, "{name}: {}", text.len());
    }
}

/// What functions may do and no example makes them do: when they do it, an action, a kind of keys, and who.
const RARE: &[(&str, &str, &str, &[&str])] = &[
    (
        "what was refused, or met another write, may have been done before",
        "GetItem",
        "PLAYER#*",
        &[
            "campaign-claim",
            "fairness-rotate",
            "gacha-pull",
            "hold-create",
            "mission-claim",
            "session-start",
            "session-end",
            "spin",
            "streak-claim",
        ],
    ),
    ("an invite that lets nobody in says why", "GetItem", "INVITE#*", &["signup"]),
    ("the site id is taken, perhaps by this very sign-up", "BatchGetItem", "SITE#*", &["signup"]),
    ("a sign-up whose answer got lost lets in", "GetItem", "PLAYER#*", &["signup"]),
    ("a sign-up whose answer got lost lets in", "UpdateItem", "SITE#*", &["signup"]),
    ("a session too many ends", "DeleteItem", "PLAYER#*", &["signup", "admin-login"]),
    ("the attempts before a login are forgotten", "DeleteItem", "SITE#*", &["signup"]),
    ("a refresh token that was spent ends its session", "DeleteItem", "PLAYER#*", &["refresh"]),
    ("another password", "BatchGetItem", "SITE#*", &["profile-update"]),
    ("another password", "PutItem", "SITE#*", &["profile-update"]),
    ("another password", "UpdateItem", "SITE#*", &["profile-update"]),
    ("another password", "DeleteItem", "SITE#*", &["profile-update"]),
    ("another password ends other sessions", "DeleteItem", "PLAYER#*", &["profile-update"]),
    ("another phone number", "PutItem", "PHONE#*", &["profile-update"]),
    ("another phone number", "DeleteItem", "PHONE#*", &["profile-update"]),
    ("an admin asks for another player's", "GetItem", "PLAYER#*", &["rewards"]),
    ("an admin asks what everyone played", "BatchGetItem", "PLAYED#*", &["stats-basic"]),
    ("a socket is gone, or its session is", "GetItem", "SOCKET#*", &["push"]),
    ("a socket is gone", "DeleteItem", "SOCKET#*", &["push", "socket-disconnect"]),
    ("a socket is gone", "DeleteItem", "PLAYER#*", &["push", "socket-disconnect"]),
    ("a promo code", "BatchGetItem", "PROMO#*", &["buy", "buy-limited", "hold-finalize"]),
    ("a promo code", "UpdateItem", "PROMO#*", &["buy", "buy-limited", "hold-finalize"]),
    ("a product is bought by its number", "GetItem", "NUMBER#*", &["buy"]),
    ("an item, or a promo code", "UpdateItem", "PLAYER#*", &["buy", "hold-finalize"]),
    ("an item", "UpdateItem", "PLAYER#*", &["campaign-claim", "reward-grant", "admin-refund"]),
    ("a reward of a campaign", "GetItem", "CAMPAIGN#*", &["reward-grant"]),
    (
        "the purchase is of a limited package",
        "BatchGetItem",
        "LIMITED#*",
        &["admin-refund", "admin-transaction-settle", "payment-webhook"],
    ),
    (
        "the purchase is of a limited package and ends",
        "UpdateItem",
        "LIMITED#*",
        &["admin-transaction-settle", "payment-webhook", "sweep"],
    ),
    (
        "the purchase brings an item, or gives back what it held",
        "UpdateItem",
        "PLAYER#*",
        &["admin-transaction-settle", "payment-webhook", "sweep"],
    ),
    (
        "the purchase had a promo code and comes to nothing",
        "UpdateItem",
        "PROMO#*",
        &["admin-transaction-settle", "payment-webhook", "sweep"],
    ),
    ("something is overdue", "BatchGetItem", "PLAYER#*", &["sweep"]),
    ("something is overdue", "GetItem", "PLAYER#*", &["sweep"]),
    ("something is overdue", "PutItem", "PLAYER#*", &["sweep"]),
    ("players are asked for without a name", "Query", "JOINED#*", &["admin-users"]),
    ("players are asked for by nickname", "Query", "NICKNAME#*", &["admin-users"]),
    ("the purchases of one player", "Query", "PLAYER#*", &["admin-transactions"]),
    ("there are campaigns", "BatchGetItem", "CAMPAIGN#*", &["campaigns"]),
    ("there are promo codes", "BatchGetItem", "PROMO#*", &["admin-promos"]),
    ("the product is there already", "UpdateItem", "PRODUCT#*", &["admin-product-put"]),
    ("the package is there already", "UpdateItem", "LIMITED#*", &["admin-limited-put"]),
    ("the promo code is there already", "UpdateItem", "PROMO#*", &["admin-promo-put"]),
    ("the shop is empty", "PutItem", "PRODUCT#*", &["admin-shop-seed"]),
    ("the shop is empty", "PutItem", "LIMITED#*", &["admin-shop-seed"]),
    ("the shop is empty", "PutItem", "NUMBER#*", &["admin-shop-seed"]),
    ("the shop is empty", "PutItem", "AUDIT#*", &["admin-shop-seed"]),
    ("there is a Kafka", "PutItem", "AUDIT#*", &["kafka-produce"]),
];

#[tokio::test]
async fn no_function_may_do_what_it_never_does() {
    play(async |world| {
        let examples = Examples::of(world).await;
        for function in FUNCTIONS {
            let event = examples.ready(function.name).await.event;
            invoke(function, &world.running().app, event).await.expect("an answer");
        }
        let used = world.wire.used_permissions();
        let allowed: BTreeSet<_> =
            permissions().into_iter().map(|(function, action, _, kind)| (function, action, kind)).collect();
        let used = used.into_iter().map(|(function, action, _, kind)| (function, action, kind)).collect();
        let rare: BTreeSet<_> = RARE
            .iter()
            .flat_map(|(_, action, kind, functions)| {
                functions.iter().map(move |function| (*function, format!("dynamodb:{action}"), (*kind).to_owned()))
            })
            .collect();
        let idle = allowed.difference(&used).filter(|permission| !rare.contains(permission));
        let idle: Vec<_> = idle.collect();
        assert!(idle.is_empty(), "who does this, and when? {idle:#?}");
        let denied: Vec<_> = rare.difference(&allowed).collect();
        assert!(denied.is_empty(), "nobody may do this: {denied:#?}");
    })
    .await;
}

#[test]
fn what_goes_beyond_a_role_is_refused() {
    let key = |partition: &str| json!({ "pk": { "S": partition }, "sk": { "S": "PLAYER" } });
    let part = |kind: &str, part: serde_json::Value| json!({ "TransactItems": [{ kind: part }] });
    let is_refused =
        |function: &str, operation: &str, asked: &serde_json::Value| !denied(function, operation, asked).is_empty();
    let player = json!({ "Key": key("PLAYER#1") });
    assert!(!is_refused("spin", "GetItem", &player));
    assert!(is_refused("spin", "GetItem", &json!({ "Key": key("SITE#someone") })), "another kind of key");
    assert!(is_refused("spin", "TransactWriteItems", &part("Delete", player.clone())), "another action");
    assert!(is_refused("spin", "Scan", &json!({})), "everything");
    let keys = json!({ "RequestItems": { "table": { "Keys": [key("PLAYER#1"), key("PRODUCT#1")] } } });
    assert!(is_refused("spin", "BatchGetItem", &keys) && !is_refused("catalog", "BatchGetItem", &keys));
    let shelf = |shelf: &str| {
        json!({ "IndexName": "directory", "KeyConditionExpression": "#shelf = :shelf",
                "ExpressionAttributeValues": { ":shelf": { "S": shelf } } })
    };
    assert!(!is_refused("catalog", "Query", &shelf("PRODUCTS")) && is_refused("catalog", "Query", &shelf("INVITES")));
    let update = |names: &str| {
        let update = json!({ "Key": key("PLAYER#1"), "UpdateExpression": names, "ExpressionAttributeNames": { "#name": "seen_at" } });
        part("Update", update)
    };
    assert!(!is_refused("me", "TransactWriteItems", &update("SET #name = :now")));
    assert!(is_refused("me", "TransactWriteItems", &update("SET #name = :now, admin = :yes")), "another attribute");
}
