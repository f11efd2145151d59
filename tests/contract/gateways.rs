//! What the gateways let through, and what they write down of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use croupier_functions::FUNCTIONS;
use croupier_tests::template::{resources, template, texts};
use croupier_web::function::Trigger;
use serde_json::Value as Json;
use serde_norway::Value;

/// How many requests a second an account's gateway takes, where nobody has asked for more, and how many at once.
const ACCOUNT: (u64, u64) = (10_000, 5_000);

/// Functions with a throttle of their own, and the requests a second that it lies within.
const THROTTLED: [(&str, RangeInclusive<u64>); 13] = [
    ("spin", 5000..=5000),
    ("gacha-pull", 100..=1000),
    ("signup", 1..=50),
    ("login", 1..=200),
    ("admin-login", 1..=5),
    ("profile-update", 1..=50),
    ("invite-validate", 1..=20),
    ("refresh", 100..=500),
    ("buy", 50..=100),
    ("buy-limited", 50..=100),
    ("hold-create", 50..=100),
    ("hold-finalize", 50..=100),
    ("payment-webhook", 50..=200),
];

fn settings(stage: &Value) -> BTreeMap<String, (u64, u64)> {
    let numbers = |settings: &Value| {
        let number = |name: &str| settings[name].as_u64().unwrap_or_else(|| panic!("{name} of {settings:?}"));
        (number("ThrottlingRateLimit"), number("ThrottlingBurstLimit"))
    };
    let routes = stage["RouteSettings"].as_mapping().expect("settings of routes").iter();
    let routes = routes.map(|(route, settings)| (route.as_str().expect("a route").to_owned(), numbers(settings)));
    routes.chain([("otherwise".to_owned(), numbers(&stage["DefaultRouteSettings"]))]).collect()
}

#[test]
fn routes_that_cost_much_or_are_worth_attacking_have_a_throttle_of_their_own() {
    let mut settings = settings(&template()["Resources"]["HttpApi"]["Properties"]);
    let otherwise = settings.remove("otherwise").expect("settings");
    assert!(otherwise.0 <= ACCOUNT.0 / 2, "one route takes half of what the account has");
    for (name, bounds) in THROTTLED {
        let function = FUNCTIONS.iter().find(|function| function.name == name).expect("a function");
        let Trigger::Http(route) = function.trigger else { panic!("{name} is no endpoint") };
        let places = route.places().map(|(method, path)| format!("{} {path}", method.text()));
        let each: BTreeSet<_> =
            places.map(|place| settings.remove(&place).unwrap_or_else(|| panic!("{place} has none"))).collect();
        assert_eq!(each.len(), 1, "{name} has a second way in that is wider: {each:?}");
        for (rate, burst) in each {
            assert!(bounds.contains(&rate), "{name}: {rate} is not within {bounds:?}");
            assert!(burst <= ACCOUNT.1, "{name}: {burst}");
        }
    }
    assert!(settings.is_empty(), "no function has these routes, or nobody says why: {settings:?}");
}

#[test]
fn whatever_anyone_may_write_to_has_a_throttle_of_its_own() {
    let document = std::fs::read_to_string("../docs/openapi.json").expect("the document");
    let document: Json = serde_json::from_str(&document).expect("JSON");
    let settings = settings(&template()["Resources"]["HttpApi"]["Properties"]);
    let paths = document["paths"].as_object().expect("paths").iter();
    let operations =
        paths.flat_map(|(path, operations)| operations.as_object().into_iter().flatten().map(move |it| (path, it)));
    let open = operations.filter(|(_, (method, operation))| *method != "get" && operation["security"].is_null());
    let open: Vec<_> = open.map(|(path, (method, _))| format!("{} {path}", method.to_uppercase())).collect();
    assert!(open.iter().any(|route| route == "POST /api/auth/login"), "{open:?}");
    for route in open {
        assert!(settings.contains_key(&route), "{route}");
    }
}

#[test]
fn sockets_are_opened_at_a_bounded_rate_and_no_message_is_written_down() {
    let stage = &template()["Resources"]["SocketStage"]["Properties"];
    let settings = settings(stage);
    assert_eq!(settings.keys().map(String::as_str).collect::<Vec<_>>(), ["$connect", "otherwise"]);
    assert!(settings["$connect"].0 <= 500, "an account opens no more a second");
    for settings in [&stage["DefaultRouteSettings"], &stage["RouteSettings"]["$connect"]] {
        assert_eq!(settings["DataTraceEnabled"], false);
    }
}

/// API Gateway refuses a stage with settings for a route that is not there yet. Those of the HTTP API stand in its definition.
#[test]
fn the_stage_of_sockets_is_made_when_its_routes_are_there() {
    let template = template();
    let waits = template["Resources"]["SocketStage"]["DependsOn"].as_sequence().expect("what it waits for");
    assert_eq!(texts(waits), resources(&template, "AWS::ApiGatewayV2::Route").into_keys().collect());
}

/// The lines of an access log: what each field is told from.
fn fields(settings: &Value) -> BTreeMap<String, String> {
    assert_eq!(settings["DestinationArn"], "AccessLogs.Arn");
    let format = settings["Format"].as_str().expect("a format");
    assert!(!format.contains('\n'), "one call, one line");
    let format: BTreeMap<String, Json> = serde_json::from_str(format).expect("JSON");
    format.into_iter().map(|(name, value)| (name, value.as_str().expect("a text").to_owned())).collect()
}

#[test]
fn access_logs_tell_routes_and_times_and_neither_paths_nor_queries_nor_who_it_was() {
    let template = template();
    let http = fields(&template["Resources"]["HttpApi"]["Properties"]["AccessLogSettings"]);
    let socket = &template["Resources"]["SocketStage"]["Properties"]["AccessLogSettings"];
    assert_eq!((&socket[0], &socket[2]), (&"SocketLogsOn".into(), &"AWS::NoValue".into()));
    let socket = fields(&socket[1]);
    let names = |fields: &BTreeMap<String, String>| fields.keys().cloned().collect::<BTreeSet<_>>();
    let both = ["time", "request_id", "route", "status", "function_status", "error"].map(str::to_owned);
    let (of_http, of_socket) = (["method", "latency_ms", "function_ms"], ["event", "connection"]);
    assert_eq!(names(&http), both.iter().cloned().chain(of_http.map(str::to_owned)).collect());
    assert_eq!(names(&socket), both.iter().cloned().chain(of_socket.map(str::to_owned)).collect());
    let told = [
        "requestTime",
        "requestId",
        "routeKey",
        "httpMethod",
        "status",
        "responseLatency",
        "integrationLatency",
        "eventType",
        "integration.status",
        "connectionId",
        "error.responseType",
    ];
    for source in http.values().chain(socket.values()) {
        let variable = source.strip_prefix("$context.").expect("a variable of the gateway's");
        assert!(told.contains(&variable), "nobody knows whether {variable} tells too much");
    }
}

#[test]
fn no_page_may_call_the_api_but_those_of_one_origin_that_is_named() {
    let template = template();
    assert_eq!(template["Parameters"]["CorsOrigin"]["Default"], "");
    let cors = &template["Resources"]["HttpApi"]["Properties"]["CorsConfiguration"];
    assert_eq!((&cors[0], &cors[2]), (&"CorsOn".into(), &"AWS::NoValue".into()));
    let allowed = |name: &str| texts(cors[1][name].as_sequence().expect(name));
    assert_eq!(allowed("AllowOrigins"), ["CorsOrigin".to_owned()].into());
    let methods = FUNCTIONS.iter().filter_map(|function| match function.trigger {
        Trigger::Http(route) => Some(route.places().map(|(method, _)| method.text().to_owned())),
        _ => None,
    });
    assert_eq!(allowed("AllowMethods"), methods.flatten().collect());
    assert!(allowed("AllowHeaders").iter().all(|header| header != "*"));
    // Tokens come in a header that a page sets itself; cookies have no business here.
    assert!(cors[1]["AllowCredentials"].is_null());
}

#[test]
fn a_domain_of_ones_own_leads_to_its_api_over_tls_and_only_where_there_is_one() {
    let template = template();
    for (name, parameter, api, stage) in
        [("", "DomainName", "HttpApi", "HttpApi.Stage"), ("Socket", "SocketDomainName", "SocketApi", "SocketStage")]
    {
        let resource = |kind: &str| &template["Resources"][format!("{name}Domain{kind}").as_str()];
        let is_on = format!("{name}DomainOn");
        assert_eq!(template["Parameters"][parameter]["Default"], "");
        let domain = resource("");
        assert_eq!(
            (&domain["Condition"], &domain["Properties"]["DomainName"]),
            (&is_on.as_str().into(), &parameter.into())
        );
        let configuration = &domain["Properties"]["DomainNameConfigurations"][0];
        assert_eq!(configuration["SecurityPolicy"], "TLS_1_2");
        assert_eq!(configuration["CertificateArn"], "CertificateArn");
        let mapping = resource("Mapping");
        assert_eq!((&mapping["Condition"], &mapping["Properties"]["ApiId"]), (&is_on.as_str().into(), &api.into()));
        assert_eq!(mapping["Properties"]["Stage"], stage);
        let record = resource("Record");
        assert_eq!(record["Condition"], format!("{name}RecordOn").as_str());
        assert_eq!(record["Properties"]["AliasTarget"]["DNSName"], format!("{name}Domain.RegionalDomainName").as_str());
        let output = &template["Outputs"][if name.is_empty() { "ApiUrl" } else { "SocketUrl" }]["Value"];
        assert_eq!(output[0], is_on.as_str());
        assert!(output[1].as_str().expect("an address").ends_with(&format!("://${{{parameter}}}")));
    }
}
