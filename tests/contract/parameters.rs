//! What an operator may say: parameters that make no sense together are refused before anything is made.

use std::{collections::BTreeMap, fs};

use croupier_tests::template::template;
use serde_norway::Value;

/// The rules of the template, with their functions.
fn rules() -> BTreeMap<String, Value> {
    let text = fs::read_to_string("../template.yaml").expect("the template");
    let template: Value = serde_norway::from_str(&text).expect("YAML");
    let rules = template["Rules"].as_mapping().expect("rules").iter();
    rules.map(|(name, rule)| (name.as_str().expect("a name").to_owned(), rule.clone())).collect()
}

/// What a text of a rule says, where parameters are these.
fn said<'a>(value: &'a Value, parameters: &'a BTreeMap<String, String>) -> &'a str {
    match value {
        Value::Tagged(tagged) if tagged.tag == "!Ref" => &parameters[tagged.value.as_str().expect("a name")],
        text => text.as_str().expect("a text"),
    }
}

/// Whether a condition of a rule holds, where parameters are these.
fn holds(condition: &Value, parameters: &BTreeMap<String, String>) -> bool {
    let Value::Tagged(function) = condition else { panic!("no function: {condition:?}") };
    let of = function.value.as_sequence().expect("arguments");
    if function.tag == "!Equals" {
        said(&of[0], parameters) == said(&of[1], parameters)
    } else if function.tag == "!Not" {
        !holds(&of[0], parameters)
    } else if function.tag == "!And" {
        of.iter().all(|part| holds(part, parameters))
    } else {
        panic!("{} is not known", function.tag)
    }
}

/// The rules that refuse what differs from the defaults in this.
fn refused(differs: &[(&str, &str)]) -> Vec<String> {
    let all = template();
    let defaults =
        all["Parameters"].as_mapping().expect("parameters").iter().filter_map(|(name, parameter)| {
            Some((name.as_str()?.to_owned(), parameter["Default"].as_str()?.to_owned()))
        });
    let mut parameters: BTreeMap<_, _> = defaults.collect();
    parameters.extend(differs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let rules = rules().into_iter().filter(|(_, rule)| {
        let assertions = rule["Assertions"].as_sequence().expect("assertions");
        holds(&rule["RuleCondition"], &parameters) && !assertions.iter().all(|it| holds(&it["Assert"], &parameters))
    });
    rules.map(|(name, _)| name).collect()
}

/// What differs from the defaults, and the rules that refuse it.
type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

#[test]
fn parameters_that_contradict_each_other_are_refused() {
    let (api, socket) = (("DomainName", "api.example.com"), ("SocketDomainName", "socket.example.com"));
    let (certificate, zone) = (("CertificateArn", "arn:aws:acm:eu-west-1:1:certificate/1"), ("HostedZoneId", "Z1"));
    let brokers = ("KafkaBrokers", "b-1.example.com:9096");
    let cases: [Case<'_>; 11] = [
        (&[], &[]),
        (&[api, socket, certificate, zone], &[]),
        (&[socket, certificate], &[]),
        (&[api], &["DomainsHaveACertificate"]),
        (&[socket], &["DomainsHaveACertificate"]),
        (&[api, ("SocketDomainName", "api.example.com"), certificate], &["DomainsDiffer"]),
        (&[zone], &["RecordsHaveADomain"]),
        (&[("EventSinks", "kafka")], &["KafkaHasBrokers"]),
        (&[("EventSinks", "sqs,kafka")], &["KafkaHasBrokers"]),
        (&[("EventSinks", "sqs,kafka"), brokers], &[]),
        (&[brokers], &[]),
    ];
    for (differs, rules) in cases {
        assert_eq!(refused(differs), rules, "{differs:?}");
    }
}

#[test]
fn every_rule_says_in_a_sentence_what_it_wants() {
    for (name, rule) in rules() {
        for assertion in rule["Assertions"].as_sequence().expect("assertions") {
            let sentence = assertion["AssertDescription"].as_str().expect("a description");
            assert!(sentence.ends_with('.'), "{name}: {sentence}");
        }
    }
}
