//! What keeps state, and how: nothing is lost by mistake, and nothing lies open.

use croupier_tests::template::{functions, resources, template};
use serde_norway::Value;

#[test]
fn what_explains_past_rounds_outlives_the_stack_and_can_be_restored() {
    let template = template();
    for name in ["Table", "SeedsSecret"] {
        let resource = &template["Resources"][name];
        assert_eq!(
            (&resource["DeletionPolicy"], &resource["UpdateReplacePolicy"]),
            (&"Retain".into(), &"Retain".into())
        );
    }
    let table = &template["Resources"]["Table"]["Properties"];
    assert_eq!(table["DeletionProtectionEnabled"], "DeletionProtection");
    assert_eq!(template["Parameters"]["DeletionProtection"]["Default"], "true");
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
    assert_eq!(table["SSESpecification"]["SSEEnabled"], true);
}

#[test]
fn every_queue_is_encrypted_and_what_failed_is_kept_as_long_as_a_queue_keeps_anything() {
    let template = template();
    let queues = resources(&template, "AWS::SQS::Queue");
    assert!(!queues.is_empty());
    for (name, queue) in queues {
        let queue = &queue["Properties"];
        assert!(queue["SqsManagedSseEnabled"] == true || !queue["KmsMasterKeyId"].is_null(), "{name}");
        assert_eq!(queue["MessageRetentionPeriod"], 14 * 24 * 3600, "{name}");
    }
}

#[test]
fn a_secret_is_made_by_aws_or_put_in_by_an_operator_and_functions_know_just_its_name() {
    let template = template();
    let secrets = resources(&template, "AWS::SecretsManager::Secret");
    for (name, secret) in &secrets {
        assert!(secret["Properties"]["SecretString"].is_null(), "{name} is written down");
    }
    for (name, function) in functions(&template) {
        for (variable, value) in function["Properties"]["Environment"]["Variables"].as_mapping().into_iter().flatten() {
            let variable = variable.as_str().expect("a name");
            if variable.contains("SECRET") {
                let told = value.as_str().expect("a name");
                assert!(variable.ends_with("_ID") && secrets.contains_key(told), "{name}: {variable} is {told}");
            }
        }
    }
    let parameters = template["Parameters"].as_mapping().expect("parameters").iter();
    for (name, parameter) in parameters {
        assert!(parameter["NoEcho"].is_null(), "{name:?}: what is secret has a name in Secrets Manager");
    }
}

#[test]
fn every_log_ends_some_day_and_every_function_writes_to_one_that_does() {
    let template = template();
    let retention = &template["Parameters"]["LogRetentionDays"];
    let days = retention["AllowedValues"].as_sequence().expect("values").iter().map(Value::as_u64);
    assert!(days.into_iter().all(|days| days.is_some_and(|days| (1..=365).contains(&days))));
    let groups = resources(&template, "AWS::Logs::LogGroup");
    for (name, group) in &groups {
        assert_eq!(group["Properties"]["RetentionInDays"], "LogRetentionDays", "{name}");
    }
    let logging = &template["Globals"]["Function"]["LoggingConfig"];
    assert!(groups.contains_key(logging["LogGroup"].as_str().expect("a group")));
    assert_eq!(logging["LogFormat"], "JSON");
    for (name, function) in functions(&template) {
        assert!(function["Properties"]["LoggingConfig"].is_null(), "{name} logs elsewhere");
    }
}

#[test]
fn functions_run_on_arm_unless_somebody_says_otherwise() {
    let template = template();
    assert_eq!(template["Parameters"]["Architecture"]["Default"], "arm64");
    assert_eq!(template["Globals"]["Function"]["Architectures"][0], "Architecture");
}

#[test]
fn every_parameter_is_described_to_whoever_is_asked_for_it_and_explained_to_operators() {
    let template = template();
    let page = std::fs::read_to_string("../docs/operations.md").expect("the page");
    let table: Vec<_> = page.lines().filter(|line| line.starts_with("| `")).collect();
    for (name, parameter) in template["Parameters"].as_mapping().expect("parameters") {
        let name = name.as_str().expect("a name");
        assert!(parameter["Description"].as_str().is_some_and(|text| text.ends_with('.')), "{name}");
        assert!(table.iter().any(|line| line.contains(&format!("`{name}`"))), "{name} is not in docs/operations.md");
    }
}
