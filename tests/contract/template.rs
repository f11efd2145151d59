//! The template deploys what the table of functions lists, no more and no less.

use std::{collections::BTreeSet, fmt::Write};

use croupier_functions::FUNCTIONS;
use croupier_localstack::poller;
use croupier_store::{
    key::{BY_NUMBER, DIRECTORY, EXPIRES},
    schema::{ATTRIBUTES, BY_NUMBER_KEY, DIRECTORY_KEY, DIRECTORY_TELLS, STREAM_VIEW, TABLE_KEY},
};
use croupier_tests::template::{functions, logical_id, plain, policies, template, texts};
use croupier_web::{
    config::Need,
    event::SocketHappening,
    function::{Function, Trigger},
};
use serde_json::json;
use serde_norway::Value;

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
        Trigger::Socket(_) | Trigger::Stream(_) | Trigger::Queue | Trigger::Schedule(_) => BTreeSet::new(),
    }
}

/// Which variables tell what to those with any of these needs.
const VARIABLES: [(&[Need], &str, &str); 18] = [
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
    (&[Need::Kafka], "EVENT_SINKS", "!Ref EventSinks"),
    (&[Need::Kafka], "KAFKA_BROKERS", "!Ref KafkaBrokers"),
    (&[Need::Kafka], "KAFKA_SASL_MECHANISM", "!Ref KafkaSaslMechanism"),
    (&[Need::Kafka], "KAFKA_SECRET_ID", "!Ref KafkaSecret"),
    (&[Need::KafkaFailures], "KAFKA_FAILURES_URL", "!Ref PublishKafkaFailures"),
    (&[Need::Warehouse], "CLICKHOUSE_URL", "!Ref ClickhouseUrl"),
    (&[Need::Warehouse], "CLICKHOUSE_DATABASE", "!Ref ClickhouseDatabase"),
    (&[Need::Warehouse], "CLICKHOUSE_SECRET_ID", "!Ref ClickhouseSecret"),
    (&[Need::AnalyticsFailures], "ANALYTICS_FAILURES_URL", "!Ref AnalyticsFailures"),
    (&[Need::Payments, Need::Notices], "PAYMENT_GATEWAY", "!Ref PaymentGateway"),
    (&[Need::Payments], "PAYMENT_SECRET_ID", "!Ref PaymentSecret"),
    (&[Need::Notices], "WEBHOOK_SECRET_ID", "!Ref WebhookSecret"),
];

/// What a function with these needs may do at least; what it writes is added by hand.
const STATEMENTS: [(Need, &str, &str); 12] = [
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
    (Need::Kafka, "secretsmanager:GetSecretValue", "!Ref KafkaSecret"),
    (Need::KafkaFailures, "sqs:SendMessage", "!GetAtt PublishKafkaFailures.Arn"),
    (Need::Warehouse, "secretsmanager:GetSecretValue", "!Ref ClickhouseSecret"),
    (Need::AnalyticsFailures, "sqs:SendMessage", "!GetAtt AnalyticsFailures.Arn"),
    (Need::Payments, "secretsmanager:GetSecretValue", "!Ref PaymentSecret"),
    (Need::Notices, "secretsmanager:GetSecretValue", "!Ref WebhookSecret"),
];

/// Who calls is a player: whoever needs the table reads players at least, and of the rest what is added by hand.
const PLAYERS_ALONE: &str = r#", Condition: { ForAllValues:StringLike: { dynamodb:LeadingKeys: ["PLAYER#*"] } }"#;

/// Whether one of these needs is among those of a function.
fn any(wanted: &[Need], needs: &[Need]) -> bool {
    wanted.iter().any(|need| needs.contains(need))
}

/// The policy of those who may write down that a session is in use.
pub const SEEN_POLICY: &str = "SeenPolicy";

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
        for (need, actions, resource) in statements {
            let condition = if *need == Need::Table { PLAYERS_ALONE } else { "" };
            writeln!(block, "            - {{ Effect: Allow, Action: [{actions}], Resource: {resource}{condition} }}")
                .unwrap();
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
        assert_eq!(stream["Type"], "DynamoDB");
        // CloudFormation remembers the stream that it has made; of the one that a restored table has, it has to be told.
        assert_eq!(properties["Stream"], Value::from(vec!["TableRestored", "RestoredStreamArn", "Table.StreamArn"]));
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
fn the_queue_of_events_reaches_its_consumer_where_there_is_one() {
    let template = template();
    for function in FUNCTIONS.iter().filter(|function| matches!(function.trigger, Trigger::Queue)) {
        let deployed = &template["Resources"][logical_id(function).as_str()];
        assert_eq!(deployed["Condition"], "AnalyticsOn", "{}: others may read the queue", function.name);
        let mapping = &deployed["Properties"]["Events"]["Queue"];
        let properties = &mapping["Properties"];
        assert_eq!((&mapping["Type"], &properties["Queue"]), (&"SQS".into(), &"Events.Arn".into()));
        assert_eq!(properties["FunctionResponseTypes"][0], "ReportBatchItemFailures");
        assert_eq!(properties["BatchSize"], poller::MOST);
        // Of a FIFO queue, Lambda waits for nothing.
        assert!(properties["MaximumBatchingWindowInSeconds"].is_null());
        assert!(properties["ScalingConfig"]["MaximumConcurrency"].as_u64().is_some_and(|most| most >= 2));
    }
    assert_eq!(template["Resources"]["Events"]["Properties"]["VisibilityTimeout"], poller::VISIBILITY.as_secs());
    assert_eq!(template["Parameters"]["ClickhouseUrl"]["Default"], "");
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
