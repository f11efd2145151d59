//! The template deploys what the table of functions lists, no more and no less.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use croupier_functions::FUNCTIONS;
use croupier_store::{
    key::{BY_NUMBER, DIRECTORY, EXPIRES, PK, SK},
    schema::{ATTRIBUTES, BY_NUMBER_KEY, DIRECTORY_KEY, DIRECTORY_TELLS, STREAM_VIEW, TABLE_KEY},
};
use croupier_web::{
    config::Need,
    event::SocketHappening,
    function::{Function, Trigger},
};
use serde_json::json;
use serde_norway::Value;

fn template() -> Value {
    let text = std::fs::read_to_string("../template.yaml").expect("the template");
    plain(serde_norway::from_str(&text).expect("YAML"))
}

/// Replaces `!Ref x` and its kin by their argument: what is compared here is what they name.
fn plain(value: Value) -> Value {
    match value {
        Value::Tagged(tagged) => plain(tagged.value),
        Value::Sequence(items) => items.into_iter().map(plain).collect(),
        Value::Mapping(fields) => {
            Value::Mapping(fields.into_iter().map(|(name, value)| (name, plain(value))).collect())
        }
        other => other,
    }
}

fn logical_id(function: &Function) -> String {
    let capital = |part: &str| part[..1].to_ascii_uppercase() + &part[1..];
    function.name.split('-').map(capital).collect::<String>() + "Function"
}

fn texts<'a>(values: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    values.into_iter().map(|value| value.as_str().expect("a text").to_owned()).collect()
}

/// What a function is triggered by: method and path of each of its requests.
fn requests(function: &Value) -> BTreeSet<String> {
    let events = function["Properties"]["Events"].as_mapping().into_iter().flatten();
    let of_http = events.filter(|(_, event)| event["Type"] == "HttpApi");
    of_http
        .map(|(_, event)| match (&event["Properties"]["Method"], &event["Properties"]["Path"]) {
            (Value::String(method), Value::String(path)) => format!("{method} {path}"),
            _ => "$default".to_owned(),
        })
        .collect()
}

fn wanted_requests(function: &Function) -> BTreeSet<String> {
    match function.trigger {
        Trigger::Http(route) => route.places().map(|(method, path)| format!("{} {path}", method.text())).collect(),
        Trigger::AnyOtherHttp => BTreeSet::from(["$default".to_owned()]),
        Trigger::Socket(_) | Trigger::Stream(_) | Trigger::Schedule(_) => BTreeSet::new(),
    }
}

/// Which variables tell what to those with any of these needs.
const VARIABLES: [(&[Need], &str, &str); 9] = [
    (&[Need::Table], "TABLE_NAME", "!Ref Table"),
    (&[Need::Tokens], "TOKENS_SECRET_ID", "!Ref TokensSecret"),
    (&[Need::Seeds], "SEEDS_SECRET_ID", "!Ref SeedsSecret"),
    (
        &[Need::Sockets],
        "SOCKET_ENDPOINT",
        "!Sub https://${SocketApi}.execute-api.${AWS::Region}.${AWS::URLSuffix}/${Stage}",
    ),
    (&[Need::Queue], "EVENT_QUEUE_URL", "!Ref Events"),
    (&[Need::Queue], "EVENT_FAILURES_URL", "!Ref PublishFailures"),
    (&[Need::Payments, Need::Notices], "PAYMENT_GATEWAY", "!Ref PaymentGateway"),
    (&[Need::Payments], "PAYMENT_SECRET_ID", "!Ref PaymentSecret"),
    (&[Need::Notices], "WEBHOOK_SECRET_ID", "!Ref WebhookSecret"),
];

/// What a function with these needs may do at least; what it writes is added by hand.
const STATEMENTS: [(Need, &str, &str); 8] = [
    (Need::Table, "dynamodb:BatchGetItem", "!GetAtt Table.Arn"),
    (Need::Tokens, "secretsmanager:GetSecretValue", "!Ref TokensSecret"),
    (Need::Seeds, "secretsmanager:GetSecretValue", "!Ref SeedsSecret"),
    (
        Need::Sockets,
        "execute-api:ManageConnections",
        "!Sub \"arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${SocketApi}/${Stage}/POST/@connections/*\"",
    ),
    (Need::Queue, "sqs:SendMessage", "!GetAtt Events.Arn"),
    (Need::Queue, "sqs:SendMessage", "!GetAtt PublishFailures.Arn"),
    (Need::Payments, "secretsmanager:GetSecretValue", "!Ref PaymentSecret"),
    (Need::Notices, "secretsmanager:GetSecretValue", "!Ref WebhookSecret"),
];

/// Whether one of these needs is among those of a function.
fn any(wanted: &[Need], needs: &[Need]) -> bool {
    wanted.iter().any(|need| needs.contains(need))
}

/// The policy of those who may write down that a session is in use.
const SEEN_POLICY: &str = "SeenPolicy";

/// The block to paste for a function that the template lacks.
fn block(function: &Function) -> String {
    let mut block = format!(
        "  {}:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: {}\n",
        logical_id(function),
        function.name
    );
    let needs = function.needs();
    let variables = VARIABLES.iter().filter(|(wanted, ..)| any(wanted, &needs));
    let lines: String = variables.map(|(_, name, value)| format!("          {name}: {value}\n")).collect();
    if !lines.is_empty() {
        block.push_str("      Policies:\n");
        if needs.contains(&Need::Seen) {
            writeln!(block, "        - !Ref {SEEN_POLICY}").unwrap();
        }
        block.push_str("        - Statement:\n");
        let statements = STATEMENTS.iter().filter(|(need, ..)| needs.contains(need));
        for (_, actions, resource) in statements {
            writeln!(block, "            - {{ Effect: Allow, Action: [{actions}], Resource: {resource} }}").unwrap();
        }
        write!(block, "      Environment:\n        Variables:\n{lines}").unwrap();
    }
    let requests = wanted_requests(function);
    if !requests.is_empty() {
        block.push_str("      Events:\n");
    }
    for (place, request) in requests.iter().enumerate() {
        let target = match request.split_once(' ') {
            Some((method, path)) => format!(", Method: {method}, Path: \"{path}\""),
            None => String::new(),
        };
        let name = match (place, function.trigger) {
            (0, Trigger::Http(route)) => route.method.text()[..1].to_owned() + &route.method.text()[1..].to_lowercase(),
            (0, _) => "Default".to_owned(),
            _ => "Also".to_owned(),
        };
        writeln!(block, "        {name}: {{ Type: HttpApi, Properties: {{ ApiId: !Ref HttpApi{target} }} }}").unwrap();
    }
    block
}

/// The policies that a function shares with others, by name, and the statements of its own.
fn policies(function: &Value) -> (BTreeSet<String>, Vec<Value>) {
    let policies = function["Properties"]["Policies"].as_sequence().into_iter().flatten();
    let (shared, own): (Vec<_>, Vec<_>) = policies.partition(|policy| policy.is_string());
    let statements = own.into_iter().flat_map(|policy| policy["Statement"].as_sequence().expect("statements"));
    (texts(shared), statements.cloned().collect())
}

fn functions(template: &Value) -> BTreeMap<String, Value> {
    let resources = template["Resources"].as_mapping().expect("resources");
    let named = resources.iter().map(|(name, resource)| (name.as_str().expect("a name").to_owned(), resource.clone()));
    named.filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function").collect()
}

#[test]
fn every_function_is_deployed_as_the_table_says_and_no_other() {
    let template = template();
    let mut deployed = functions(&template);
    for function in FUNCTIONS {
        let Some(found) = deployed.remove(&logical_id(function)) else {
            panic!("the template lacks {}; paste this, and add what it writes:\n\n{}", function.name, block(function));
        };
        assert_eq!(found["Properties"]["Handler"], function.name);
        assert_eq!(requests(&found), wanted_requests(function), "{}", function.name);
        let variables = found["Properties"]["Environment"]["Variables"].as_mapping();
        let given = texts(variables.into_iter().flatten().map(|(name, _)| name));
        let needs = function.needs();
        for (wanted, name, _) in VARIABLES {
            assert_eq!(given.contains(name), any(wanted, &needs), "{} and {name}", function.name);
        }
    }
    assert!(deployed.is_empty(), "nobody knows what these are: {:?}", deployed.keys());
}

#[test]
fn the_block_to_paste_is_what_the_template_has() {
    let deployed = functions(&template());
    for function in FUNCTIONS.iter().filter(|function| deployed.contains_key(&logical_id(function))) {
        let pasted: Value = plain(serde_norway::from_str(&block(function)).expect("YAML"));
        let (pasted, found) = (&pasted[logical_id(function).as_str()], &deployed[&logical_id(function)]);
        assert_eq!(pasted["Properties"]["Handler"], found["Properties"]["Handler"]);
        assert_eq!(requests(pasted), requests(found));
        assert_eq!(policies(pasted).0, policies(found).0, "{}", function.name);
        for (name, value) in pasted["Properties"]["Environment"]["Variables"].as_mapping().into_iter().flatten() {
            assert_eq!(*value, found["Properties"]["Environment"]["Variables"][name], "{}", function.name);
        }
    }
}

#[test]
fn every_happening_on_a_socket_reaches_its_function() {
    let template = template();
    for function in FUNCTIONS {
        let Trigger::Socket(happening) = function.trigger else { continue };
        let key = match happening {
            SocketHappening::Connect => "$connect",
            SocketHappening::Disconnect => "$disconnect",
            SocketHappening::Message => "$default",
        };
        let name = logical_id(function).replace("Function", "");
        let resource = |kind: &str| &template["Resources"][format!("{name}{kind}").as_str()]["Properties"];
        assert_eq!(resource("Route")["RouteKey"], key);
        assert_eq!(resource("Route")["Target"], format!("integrations/${{{name}Integration}}").as_str());
        let uri = resource("Integration")["IntegrationUri"].as_str().expect("an address");
        assert!(uri.contains(&format!("functions/${{{name}Function.Arn}}/")), "{uri}");
        assert_eq!(resource("Permission")["FunctionName"], format!("{name}Function").as_str());
    }
}

#[test]
fn the_stream_reaches_its_consumers_with_limits() {
    let template = template();
    for function in FUNCTIONS {
        let Trigger::Stream(taken) = function.trigger else { continue };
        let stream = &template["Resources"][logical_id(function).as_str()]["Properties"]["Events"]["Stream"];
        let properties = &stream["Properties"];
        assert_eq!((&stream["Type"], &properties["Stream"]), (&"DynamoDB".into(), &"Table.StreamArn".into()));
        let filters = properties["FilterCriteria"]["Filters"].as_sequence().expect("filters");
        let patterns: Vec<serde_json::Value> = filters
            .iter()
            .map(|filter| serde_json::from_str(filter["Pattern"].as_str().expect("a pattern")).expect("JSON"))
            .collect();
        let wanted = taken.iter().map(|kind| {
            json!({ "eventName": ["INSERT"], "dynamodb": { "Keys": { kind.attribute: { "S": [{ "prefix": kind.prefix }] } } } })
        });
        assert_eq!(patterns, wanted.collect::<Vec<_>>());
        assert_eq!(properties["FunctionResponseTypes"][0], "ReportBatchItemFailures");
        assert_eq!(properties["BisectBatchOnFunctionError"], true);
        for limit in ["MaximumRetryAttempts", "MaximumRecordAgeInSeconds"] {
            assert!(properties[limit].as_u64().is_some(), "{limit}");
        }
        assert_eq!(properties["DestinationConfig"]["OnFailure"]["Type"], "SQS");
    }
}

#[test]
fn events_wait_in_a_queue_that_keeps_their_order_and_drops_repeats() {
    let template = template();
    for name in ["Events", "EventsDead"] {
        let queue = &template["Resources"][name]["Properties"];
        assert_eq!((&queue["FifoQueue"], &queue["SqsManagedSseEnabled"]), (&true.into(), &true.into()), "{name}");
        // An event is itself among those of its player; what is the same for all players at once is far slower.
        assert_eq!(queue["DeduplicationScope"], "messageGroup", "{name}");
        assert_eq!(queue["FifoThroughputLimit"], "perMessageGroupId", "{name}");
        assert_eq!(queue["MessageRetentionPeriod"], 14 * 24 * 3600, "{name}");
    }
    let redrive = &template["Resources"]["Events"]["Properties"]["RedrivePolicy"];
    assert_eq!(redrive["deadLetterTargetArn"], "EventsDead.Arn");
    assert!(redrive["maxReceiveCount"].as_u64().is_some());
    assert_eq!(template["Outputs"]["EventQueueUrl"]["Value"], "Events");
}

#[test]
fn what_is_done_from_time_to_time_has_its_schedule() {
    let template = template();
    for function in FUNCTIONS {
        let Trigger::Schedule(minutes) = function.trigger else { continue };
        let schedule = &template["Resources"][logical_id(function).as_str()]["Properties"]["Events"]["Schedule"];
        assert_eq!(schedule["Type"], "Schedule");
        let unit = if minutes == 1 { "minute" } else { "minutes" };
        assert_eq!(schedule["Properties"]["Schedule"], format!("rate({minutes} {unit})").as_str());
    }
}

#[test]
fn the_table_is_the_one_that_the_store_makes() {
    let template = template();
    let table = &template["Resources"]["Table"]["Properties"];
    let pairs = |list: &Value, name: &str, kind: &str| -> Vec<(String, String)> {
        let text = |item: &Value, field: &str| item[field].as_str().expect("a text").to_owned();
        list.as_sequence().expect("a list").iter().map(|item| (text(item, name), text(item, kind))).collect()
    };
    let of = |key: &[(&str, aws_sdk_dynamodb::types::KeyType)]| -> Vec<_> {
        key.iter().map(|(name, kind)| ((*name).to_owned(), kind.as_str().to_owned())).collect()
    };
    let attributes: Vec<_> =
        ATTRIBUTES.iter().map(|(name, kind)| ((*name).to_owned(), kind.as_str().to_owned())).collect();
    assert_eq!(pairs(&table["AttributeDefinitions"], "AttributeName", "AttributeType"), attributes);
    assert_eq!(pairs(&table["KeySchema"], "AttributeName", "KeyType"), of(&TABLE_KEY));
    let indexes = table["LocalSecondaryIndexes"].as_sequence().expect("indexes");
    assert_eq!(indexes.len(), 1);
    assert_eq!(indexes[0]["IndexName"], BY_NUMBER);
    assert_eq!(pairs(&indexes[0]["KeySchema"], "AttributeName", "KeyType"), of(&BY_NUMBER_KEY));
    assert_eq!(indexes[0]["Projection"]["ProjectionType"], "ALL");
    let indexes = table["GlobalSecondaryIndexes"].as_sequence().expect("indexes");
    assert_eq!(indexes.len(), 1);
    assert_eq!(indexes[0]["IndexName"], DIRECTORY);
    assert_eq!(pairs(&indexes[0]["KeySchema"], "AttributeName", "KeyType"), of(&DIRECTORY_KEY));
    assert_eq!(indexes[0]["Projection"]["ProjectionType"], "INCLUDE");
    let told = indexes[0]["Projection"]["NonKeyAttributes"].as_sequence().expect("attributes");
    assert_eq!(texts(told), BTreeSet::from([DIRECTORY_TELLS.to_owned()]));
    assert_eq!(table["StreamSpecification"]["StreamViewType"], STREAM_VIEW.as_str());
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], EXPIRES);
    assert_eq!(table["TimeToLiveSpecification"]["Enabled"], true);
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
}

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
            assert_ne!(statement["Resource"], "*", "{name}");
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
