//! Whatever can go wrong unseen has an alarm, and each alarm tells somebody what it means.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use croupier_functions::FUNCTIONS;
use croupier_rules::{economy::Economy, money::Coins, slot::odds::Paytable};
use croupier_tests::template::{functions, logical_id, resources, template, texts};
use croupier_web::{function::Trigger, line::NAMESPACE};
use serde_norway::Value;

fn alarms() -> BTreeMap<String, Value> {
    resources(&template(), "AWS::CloudWatch::Alarm")
}

/// The parts of the chapter on alarms, by the alarm's name.
fn chapter() -> BTreeMap<String, String> {
    let text = fs::read_to_string("../docs/operations.md").expect("a document");
    let chapter = text.split("\n## ").find(|part| part.starts_with("What each alarm means\n")).expect("a chapter");
    let parts = chapter.split("\n### ").skip(1).map(|part| part.split_once('\n').expect("a heading"));
    parts.map(|(name, body)| (name.to_owned(), body.to_owned())).collect()
}

#[test]
fn each_alarm_tells_somebody_and_the_runbook_says_what_to_do() {
    let (alarms, mut chapter) = (alarms(), chapter());
    for (name, alarm) in &alarms {
        let properties = &alarm["Properties"];
        assert_eq!(texts(properties["AlarmActions"].as_sequence().expect("actions")), ["AlarmTopic".to_owned()].into());
        let description = properties["AlarmDescription"].as_str().expect("a description");
        assert!(description.ends_with('.') || description.contains(';'), "{name}: {description}");
        assert!(properties["TreatMissingData"].is_string(), "{name} does not say what silence means");
        let part = chapter.remove(name).unwrap_or_else(|| panic!("docs/operations.md says nothing of {name}"));
        for wanted in ["**Means**", "**Look**", "**Do**"] {
            assert!(part.contains(wanted), "{name} lacks {wanted}");
        }
    }
    assert!(chapter.is_empty(), "alarms that are no more: {:?}", chapter.keys());
}

/// A stack that is new has no data for some minutes. An alarm that counts silence as a fault would begin with a false one.
#[test]
fn silence_is_told_where_it_means_something_and_never_because_a_stack_is_new() {
    for (name, alarm) in alarms() {
        let properties = &alarm["Properties"];
        let tells = properties["InsufficientDataActions"].as_sequence().map(texts);
        match properties["TreatMissingData"].as_str() {
            Some("notBreaching") => assert_eq!(tells, None, "{name}"),
            // It begins without data, and tells when it has none any more.
            Some("missing") => assert_eq!(tells, Some(["AlarmTopic".to_owned()].into()), "{name}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    assert_eq!(alarms()["OverdueAlarm"]["Properties"]["TreatMissingData"], "missing", "nobody else looks for sweep");
}

/// Of few requests a percentile is a single one of them.
#[test]
fn an_alarm_on_a_percentile_waits_until_there_are_enough_to_tell() {
    let all = alarms();
    let of_percentiles = all.values().filter(|alarm| !alarm["Properties"]["ExtendedStatistic"].is_null());
    let settings: Vec<_> = of_percentiles.map(|it| &it["Properties"]["EvaluateLowSampleCountPercentile"]).collect();
    assert!(!settings.is_empty() && settings.iter().all(|setting| **setting == "ignore"), "{settings:?}");
}

/// The throttles of a global index are not among those of its table.
#[test]
fn throttles_are_looked_for_at_the_table_and_at_each_global_index() {
    let template = template();
    let indexes =
        template["Resources"]["Table"]["Properties"]["GlobalSecondaryIndexes"].as_sequence().expect("indexes");
    let indexes = indexes.iter().map(|index| index["IndexName"].as_str().expect("a name"));
    let places: Vec<_> = indexes.map(|index| format!("TableName Table GlobalSecondaryIndexName {index}")).collect();
    let wanted = places.iter().map(String::as_str).chain(["TableName Table"]).flat_map(|place| {
        ["ReadThrottleEvents", "WriteThrottleEvents"].map(|metric| format!("AWS/DynamoDB {metric} {place}"))
    });
    let wanted: BTreeSet<_> = wanted.collect();

    let metrics = template["Resources"]["TableThrottlesAlarm"]["Properties"]["Metrics"].as_sequence().expect("metrics");
    let metrics = metrics.iter().map(|it| &it["MetricStat"]["Metric"]).filter(|metric| !metric.is_null());
    let alarm: BTreeSet<_> = metrics
        .map(|metric| {
            let dimensions = metric["Dimensions"].as_sequence().expect("dimensions").iter();
            let dimensions = dimensions.flat_map(|it| [&it["Name"], &it["Value"]]);
            let parts = [&metric["Namespace"], &metric["MetricName"]].into_iter().chain(dimensions);
            parts.map(|part| part.as_str().expect("a text")).collect::<Vec<_>>().join(" ")
        })
        .collect();
    assert_eq!(alarm, wanted);

    let widgets = dashboard();
    let metrics = widgets.iter().flat_map(|widget| widget["properties"]["metrics"].as_array().expect("metrics"));
    let shown = metrics.filter_map(|metric| {
        let parts = metric.as_array()?.iter().filter_map(|part| part.as_str());
        Some(parts.collect::<Vec<_>>().join(" ").replace("${Table}", "Table"))
    });
    let shown: BTreeSet<_> = shown.filter(|metric| metric.contains("ThrottleEvents")).collect();
    assert_eq!(shown, wanted);
}

/// What nobody may use any more is what runs without a reservation, and all that is reserved.
#[test]
fn the_alarm_on_concurrency_knows_what_is_claimed_and_how_much_the_account_has() {
    let metrics = &alarms()["ConcurrencyAlarm"]["Properties"]["Metrics"];
    assert_eq!(metrics[0]["MetricStat"]["Metric"]["MetricName"], "ClaimedAccountConcurrency");
    assert_eq!(metrics[1]["Expression"], "100 * claimed / ${ConcurrencyQuota}");
    assert_eq!(template()["Parameters"]["ConcurrencyQuota"]["Default"], 1000, "what accounts begin with");
}

/// The alarms on a metric of AWS, by the value of their dimension.
fn on(metric: &str) -> BTreeSet<String> {
    let all = alarms();
    let found = all.values().map(|alarm| &alarm["Properties"]).filter(|alarm| alarm["MetricName"] == metric);
    found.map(|alarm| alarm["Dimensions"][0]["Value"].as_str().expect("a dimension").to_owned()).collect()
}

#[test]
fn whatever_lags_or_is_given_up_has_its_alarm() {
    let template = template();
    let streams = FUNCTIONS.iter().filter(|function| matches!(function.trigger, Trigger::Stream(_)));
    assert_eq!(on("IteratorAge"), streams.map(logical_id).collect());

    let (mut read, mut dead) = (BTreeSet::new(), BTreeSet::new());
    for function in functions(&template).values() {
        for (_, event) in function["Properties"]["Events"].as_mapping().into_iter().flatten() {
            let queue = event["Properties"]["Queue"].as_str().filter(|_| event["Type"] == "SQS");
            read.extend(queue.map(|queue| queue.replace(".Arn", ".QueueName")));
        }
    }
    for name in resources(&template, "AWS::SQS::Queue").into_keys() {
        let name = format!("{name}.QueueName");
        if !read.contains(&name) {
            dead.insert(name);
        }
    }
    assert_eq!(on("ApproximateAgeOfOldestMessage"), read);
    assert_eq!(on("ApproximateNumberOfMessagesVisible"), dead);
}

#[test]
fn alarms_go_out_encrypted_by_a_key_that_cloudwatch_may_use() {
    let template = template();
    let resources = &template["Resources"];
    assert_eq!(resources["AlarmTopic"]["Properties"]["KmsMasterKeyId"], "AlarmKey");
    let statements = resources["AlarmKey"]["Properties"]["KeyPolicy"]["Statement"].as_sequence().expect("statements");
    let of_cloudwatch = statements.iter().find(|it| it["Principal"]["Service"] == "cloudwatch.amazonaws.com");
    let actions = texts(of_cloudwatch.expect("a statement")["Action"].as_sequence().expect("actions"));
    assert_eq!(actions, ["kms:Decrypt", "kms:GenerateDataKey*"].map(str::to_owned).into());
    let email = &resources["AlarmByEmail"];
    assert_eq!(
        (&email["Condition"], &email["Properties"]["Endpoint"]),
        (&"AlarmsByEmail".into(), &"AlarmEmail".into())
    );
}

/// Which metrics there are, and by which dimension, as docs/observability.md says: `""` for all functions together.
fn documented() -> BTreeSet<(String, String)> {
    let text = fs::read_to_string("../docs/observability.md").expect("a document");
    let table = text.split("\n\n").find(|part| part.starts_with("| Field | In |")).expect("a table of fields");
    let mut metrics = BTreeSet::new();
    for row in table.lines().skip(2) {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let (name, how) = (cells[0].trim_matches('`').to_owned(), cells[2]);
        let by = how.split('`').skip(1).step_by(2).map(str::to_owned);
        let all = how.starts_with("all").then(String::new);
        metrics.extend(by.chain(all).map(|dimension| (name.clone(), dimension)));
    }
    metrics
}

#[test]
fn alarms_and_the_dashboard_ask_for_metrics_that_are_written() {
    let documented = documented();
    let mut asked = BTreeSet::new();
    for alarm in alarms().values() {
        let properties = &alarm["Properties"];
        let parts = properties["Metrics"].as_sequence().into_iter().flatten();
        for metric in parts.map(|part| &part["MetricStat"]["Metric"]).chain([properties]) {
            if metric["Namespace"] == NAMESPACE {
                let dimension = metric["Dimensions"][0]["Name"].as_str().unwrap_or_default();
                asked.insert((metric["MetricName"].as_str().expect("a name").to_owned(), dimension.to_owned()));
            }
        }
    }
    let widgets = dashboard();
    for metric in widgets.iter().flat_map(|widget| widget["properties"]["metrics"].as_array().expect("metrics")) {
        if metric[0] == NAMESPACE {
            let dimension = metric[2].as_str().unwrap_or_default();
            asked.insert((metric[1].as_str().expect("a name").to_owned(), dimension.to_owned()));
        } else if let Some(search) =
            metric[0]["expression"].as_str().and_then(|it| it.strip_prefix("SEARCH('{Croupier,"))
        {
            let (dimension, rest) = search.split_once('}').expect("a dimension");
            let names = rest.split('"').skip(1).step_by(2);
            asked.extend(names.map(|name| (name.to_owned(), dimension.to_owned())));
        }
    }
    assert!(asked.len() > 15, "{asked:?}");
    let unknown: Vec<_> = asked.difference(&documented).collect();
    assert!(unknown.is_empty(), "nobody writes {unknown:?}");
}

/// The widgets of the dashboard.
fn dashboard() -> Vec<serde_json::Value> {
    let body = template()["Resources"]["Dashboard"]["Properties"]["DashboardBody"].as_str().expect("a body").to_owned();
    let board: serde_json::Value = serde_json::from_str(&body).expect("JSON");
    board["widgets"].as_array().expect("widgets").clone()
}

/// A fraction of six decimals, rounded away from what an alarm is to find.
fn decimals(value: f64) -> String {
    format!("{value:.6}")
}

/// The band follows from the economy that ships; docs/observability.md says how.
#[test]
fn the_alarm_on_the_return_has_the_band_that_the_economy_gives() {
    let economy = Economy::shipped().expect("the economy");
    let (table, bonus) = (Paytable::of(&economy.slot), &economy.slot.rules.bonus);
    let share = |share: croupier_rules::slot::odds::Share| {
        let (numerator, denominator) = share.parts();
        numerator as f64 / denominator as f64
    };
    let (low, high) = (share(table.return_to_player()), share(table.return_raised_by(bonus.percent_at_most)));
    let hit_rate = share(table.hit_rate());
    let (least, most) = (economy.slot.rules.min_bet.get(), economy.slot.rules.max_bet.get());
    let stakes = (least..=least + 100).chain(economy.slot.rules.shown_bets.iter().map(|bet| bet.get())).chain([most]);
    let mut widest: f64 = 0.0;
    for stake in stakes {
        for streak in bonus.steps() {
            let (coins, of) = (Coins::new(stake).expect("coins"), stake as f64);
            let mean = share(table.mean_win(coins, streak)) / of;
            let deviation = (share(table.mean_squared_win(coins, streak)) / (of * of) - mean * mean).sqrt();
            widest = widest.max(deviation);
            assert!(mean <= high && mean >= low - hit_rate / of, "{stake} at {streak}: {mean}");
        }
    }
    let widest = format!("{:.3}", (widest * 1000.0).ceil() / 1000.0);
    let (low, high, hit_rate) = (decimals(low), decimals(high), decimals(hit_rate));
    let wanted = [
        ("over", format!("(payouts - {high} * stakes) / ({widest} * SQRT(squares))")),
        ("under", format!("({low} * stakes - {hit_rate} * rounds - payouts) / ({widest} * SQRT(squares))")),
        ("drift", "IF(stakes * stakes >= 10000 * squares, IF(over > under, over, under), 0)".to_owned()),
    ];
    let alarm = &alarms()["ReturnAlarm"]["Properties"];
    let metrics = alarm["Metrics"].as_sequence().expect("metrics").iter();
    let expressions: Vec<_> = metrics.filter_map(|it| Some((it["Id"].as_str()?, it["Expression"].as_str()?))).collect();
    assert_eq!(expressions, wanted.iter().map(|(id, text)| (*id, text.as_str())).collect::<Vec<_>>());
    assert_eq!(alarm["Threshold"], 5);
    let body = template()["Resources"]["Dashboard"]["Properties"]["DashboardBody"].as_str().expect("a body").to_owned();
    for line in [table.return_to_player(), table.return_raised_by(bonus.percent_at_most)] {
        assert!(body.contains(&format!("\"value\":{}}}", line.percent())), "the dashboard lacks {}", line.percent());
    }
    let derived = fs::read_to_string("../docs/observability.md").expect("a document");
    for figure in [low, high, hit_rate, widest] {
        assert!(derived.contains(&figure), "docs/observability.md does not derive {figure}");
    }
}

#[test]
fn functions_are_traced_and_lambda_drops_no_line_with_metrics() {
    let globals = &template()["Globals"]["Function"];
    assert_eq!(globals["Tracing"], "Active");
    assert_eq!(globals["LoggingConfig"]["LogFormat"], "JSON");
    assert_eq!(globals["LoggingConfig"]["ApplicationLogLevel"], "TRACE");
}
