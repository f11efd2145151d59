//! What functions are given, and what an account and a stack bear.

use std::{fs, time::Duration};

use croupier_functions::{FUNCTIONS, event::BATCH_PATIENCE};
use croupier_tests::template::{functions, logical_id, resources, template};
use croupier_web::{
    app::PATIENCE,
    bus::kafka,
    config::{Need, PAYMENT_PATIENCE},
    function::Trigger,
};
use serde_norway::Value;

/// Seconds after which API Gateway answers by itself.
const GATEWAY_WAITS: u64 = 30;
/// How many functions an account runs at once, where nobody has asked for more.
const AT_ONCE: u64 = 1000;
/// Whoever derives keys from passwords.
const KEY_DERIVERS: [&str; 4] = ["signup", "login", "admin-login", "profile-update"];

/// A property of each function, by name; where it has none of its own, the one that all have.
fn properties(name: &str) -> Vec<(&'static str, Value)> {
    let template = template();
    let all = &template["Globals"]["Function"][name];
    let deployed = functions(&template);
    let own = FUNCTIONS.iter().map(|function| {
        let own = &deployed[&logical_id(function)]["Properties"][name];
        (function.name, if own.is_null() { all.clone() } else { own.clone() })
    });
    own.collect()
}

fn numbers(name: &str) -> impl Iterator<Item = (&'static str, u64)> {
    properties(name).into_iter().map(move |(function, value)| (function, value.as_u64().expect(name)))
}

/// How many of a function run at once where the brakes are on.
fn brakes() -> impl Iterator<Item = (&'static str, u64)> {
    let braked = properties("ReservedConcurrentExecutions").into_iter().filter(|(_, value)| !value.is_null());
    braked.map(|(function, value)| {
        let [condition, on, off] = value.as_sequence().expect("an !If").as_slice() else { panic!("{value:?}") };
        assert_eq!((condition, off), (&"BrakesOn".into(), &"AWS::NoValue".into()), "{function} cannot be let go");
        (function, on.as_u64().expect("a number"))
    })
}

#[test]
fn a_function_answers_before_the_gateway_gives_up_and_after_its_slowest_calls() {
    for (name, timeout) in numbers("Timeout") {
        let function = FUNCTIONS.iter().find(|function| function.name == name).expect("a function");
        match function.trigger {
            Trigger::Stream(_) | Trigger::Queue | Trigger::Schedule(_) => {
                assert!((60..=900).contains(&timeout), "{name}: {timeout}")
            }
            _ => assert!(timeout < GATEWAY_WAITS, "{name}: {timeout}"),
        }
        // A payment asks the gateway twice and the table four times.
        let (calls, payments) = if function.needs().contains(&Need::Payments) { (4, 2) } else { (5, 0) };
        let slowest = PATIENCE * calls + PAYMENT_PATIENCE * payments;
        assert!(timeout > slowest.as_secs(), "{name} may take {slowest:?}, and has {timeout} s");
    }
}

/// A function that is cut off has told nothing of what was taken, and all of it comes again; one that hangs holds up its part of the stream.
#[test]
fn a_batch_of_events_is_told_of_before_its_function_is_cut_off_and_soon() {
    // The last turn of a batch: Kafka is looked for, and takes a letter or not; the queue is asked.
    for (name, turn) in [("publish", PATIENCE), ("publish-kafka", kafka::PATIENCE * 2)] {
        let (_, timeout) = numbers("Timeout").find(|(function, _)| *function == name).expect("a function");
        // Before it, secrets are read, after it something may be put aside.
        let slowest = PATIENCE + BATCH_PATIENCE + turn + PATIENCE;
        let timeout = Duration::from_secs(timeout);
        assert!((slowest..=slowest * 2).contains(&timeout), "{name} may take {slowest:?}, and has {timeout:?}");
    }
}

#[test]
fn what_a_queue_hands_out_is_not_handed_out_again_while_it_is_worked_on() {
    let template = template();
    let queues = resources(&template, "AWS::SQS::Queue");
    for (function, timeout) in numbers("Timeout") {
        let function = FUNCTIONS.iter().find(|known| known.name == function).expect("a function");
        let events = &template["Resources"][logical_id(function).as_str()]["Properties"]["Events"];
        for (_, event) in events.as_mapping().into_iter().flatten().filter(|(_, event)| event["Type"] == "SQS") {
            let queue = event["Properties"]["Queue"].as_str().expect("a queue").trim_end_matches(".Arn");
            let invisible = queues[queue]["Properties"]["VisibilityTimeout"].as_u64().expect("a visibility timeout");
            assert!(
                invisible >= 6 * timeout,
                "{queue} hides for {invisible} s what {} has {timeout} s for",
                function.name
            );
        }
    }
}

#[test]
fn memory_comes_in_classes_and_password_keys_get_a_cpu_and_a_brake() {
    for (name, memory) in numbers("MemorySize") {
        assert!([256, 512, 1769].contains(&memory), "{name}: {memory}");
        if KEY_DERIVERS.contains(&name) {
            assert_eq!(memory, 1769, "{name}");
            assert!(brakes().any(|(braked, _)| braked == name), "{name} has no brake");
        }
    }
}

/// How many keys of passwords a CPU derives in a second.
const KEYS_A_SECOND: u64 = 10;

/// Each route has a throttle of its own: what two lead to is asked for as often as both allow.
#[test]
fn no_more_password_keys_are_asked_for_than_the_brakes_let_derive() {
    let settings = &template()["Resources"]["HttpApi"]["Properties"]["RouteSettings"];
    for (name, brake) in brakes().filter(|(name, _)| KEY_DERIVERS.contains(name)) {
        let function = FUNCTIONS.iter().find(|function| function.name == name).expect("a function");
        let Trigger::Http(route) = function.trigger else { panic!("{name} is no endpoint") };
        let places = route.places().map(|(method, path)| format!("{} {path}", method.text()));
        let rates = places.map(|place| settings[place.as_str()]["ThrottlingRateLimit"].as_u64().expect("a throttle"));
        let asked: u64 = rates.sum();
        assert!(asked <= brake * KEYS_A_SECOND, "{name}: {asked} a second for {brake} at once");
    }
}

#[test]
fn whoever_asks_the_payment_gateway_has_a_brake_and_all_brakes_leave_most_of_the_account() {
    for function in FUNCTIONS.iter().filter(|function| function.needs().contains(&Need::Payments)) {
        assert!(brakes().any(|(braked, _)| braked == function.name), "{} has no brake", function.name);
    }
    assert!(brakes().any(|brake| brake == ("sweep", 1)), "two runs look at the same things");
    let reserved: u64 = brakes().map(|(_, reserved)| reserved).sum();
    assert!(reserved <= AT_ONCE / 4, "{reserved} are reserved");
}

/// SAM makes several resources of one: a function has a role, and each of its events what lets it in.
fn expanded(template: &Value) -> usize {
    let all = template["Resources"].as_mapping().expect("resources").iter();
    let count = all.map(|(_, resource)| match resource["Type"].as_str().expect("a type") {
        "AWS::Serverless::Function" => {
            let properties = &resource["Properties"];
            let events = properties["Events"].as_mapping().into_iter().flatten();
            let events = events.map(|(_, event)| if event["Type"] == "Schedule" { 2 } else { 1 });
            2 + events.sum::<usize>() + usize::from(!properties["EventInvokeConfig"].is_null())
        }
        "AWS::Serverless::HttpApi" => 2,
        _ => 1,
    });
    count.sum()
}

#[test]
fn the_stack_stays_well_within_what_cloudformation_and_the_gateway_take() {
    let template = template();
    let resources = expanded(&template);
    assert!(resources > 300, "{resources} cannot be all");
    assert!(resources <= 450, "{resources} resources; a stack has 500 at the most: split it before it is full");
    for (section, most) in [("Parameters", 100), ("Outputs", 100)] {
        let entries = template[section].as_mapping().expect(section).len();
        assert!(entries <= most, "{entries} {section}; a stack has 200 at the most");
    }
    let of_http = |function: &&croupier_web::function::Function| matches!(function.trigger, Trigger::Http(_));
    let routes = FUNCTIONS.iter().filter(of_http).map(|function| match function.trigger {
        Trigger::Http(route) => route.places().count(),
        _ => 0,
    });
    let routes: usize = routes.sum();
    assert!(routes <= 250, "{routes} routes; an API has 300 at the most");
    let bytes = fs::metadata("../template.yaml").expect("the template").len();
    assert!(
        bytes <= 500_000,
        "{bytes} bytes; a template has a million at the most, its roles and permissions written out"
    );
}

/// CloudFormation takes no more than 51 200 bytes of a template in a request.
#[test]
fn the_template_goes_by_a_bucket_wherever_the_runbook_hands_it_over() {
    assert!(fs::metadata("../template.yaml").expect("the template").len() > 51_200);
    let page = fs::read_to_string("../docs/operations.md").expect("the page").replace("\\\n", " ");
    assert!(!page.contains("aws cloudformation deploy") && !page.contains("--template-body"));
    let handed: Vec<_> =
        page.lines().filter(|line| line.contains("sam package") || line.contains("sam deploy -")).collect();
    assert!(handed.len() >= 3, "{handed:?}");
    for line in handed {
        assert!(line.contains("--resolve-s3") || line.contains("--guided"), "{line}");
    }
}
