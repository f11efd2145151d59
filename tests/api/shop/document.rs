//! The page for developers of clients, played: each request that it shows is sent, and each answer that it shows is compared.
//!
//! What a reader does not see stands in comments: `admin`, `later` and `newcomer` prepare the next example.

use std::{collections::HashMap, fs, path::PathBuf, time::Duration};

use croupier_tests::{
    seat::{Answer, Seat},
    world::{World, play, variable},
};
use reqwest::Method;
use serde_json::{Map, Value};

/// Fields whose values nobody can foresee.
const UNFORESEEN: [&str; 8] =
    ["transaction_id", "hold_id", "charge_id", "request_id", "user_id", "reward_id", "campaign_id", "next_cursor"];
const ANYTHING: &str = "…";

/// A part of the page that is played.
enum Part {
    /// Something that a reader does not see.
    Aside(String),
    /// A request.
    Request(String),
    /// What is answered, and between which bytes of the page that stands.
    Answer { status: u16, shown: String, place: std::ops::Range<usize> },
}

fn parts(page: &str) -> Vec<Part> {
    let (mut parts, mut open, mut at) = (Vec::new(), None::<(String, usize)>, 0);
    for line in page.split_inclusive('\n') {
        let (begin, text) = (at, line.trim_end());
        at += line.len();
        match (&open, text.strip_prefix("```")) {
            (None, Some(kind)) => open = Some((kind.to_owned(), at)),
            (Some((kind, from)), Some("")) => {
                let shown = page[*from..begin].to_owned();
                match kind.split_once(' ') {
                    None if kind == "http" => parts.push(Part::Request(shown)),
                    Some(("json", status)) => {
                        let status = status.parse().expect("a status");
                        parts.push(Part::Answer { status, shown, place: *from..begin });
                    }
                    _ => {}
                }
                open = None;
            }
            (None, None) => {
                let aside = text.strip_prefix("<!-- ").and_then(|text| text.strip_suffix(" -->"));
                parts.extend(aside.map(|aside| Part::Aside(aside.to_owned())));
            }
            _ => {}
        }
    }
    parts
}

/// Whoever plays the page, and what the answers so far have named.
struct Reader<'a> {
    world: &'a World,
    seat: Seat,
    named: HashMap<String, String>,
    asides: u32,
}

impl Reader<'_> {
    async fn aside(&mut self, text: &str) {
        let (what, rest) = text.split_once(' ').unwrap_or((text, ""));
        match what {
            "newcomer" => self.seat = self.world.newcomer(rest).await,
            "later" => {
                self.world.pass(Duration::from_secs(rest.parse().expect("seconds")));
                self.world.sweep().await;
            }
            "admin" => {
                let (line, body) =
                    rest.split_once(" {").map_or((rest, "{}".to_owned()), |(l, b)| (l, format!("{{{b}")));
                self.asides += 1;
                let request = format!("{line}\nIdempotency-Key: an-aside-{}\n\n{body}", self.asides);
                let admin = self.world.site.admin().await;
                self.send(&admin, &request).await.ok();
            }
            other => panic!("nobody knows what {other} is"),
        }
    }

    async fn send(&self, seat: &Seat, request: &str) -> Answer {
        let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
        let mut lines = head.lines();
        let (method, path) = lines.next().expect("a line").split_once(' ').expect("a method and a path");
        let filled = |text: &str| {
            self.named.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
        };
        let method: Method = method.parse().expect("a method");
        let mut request = seat.request(method, &filled(path));
        for header in lines.filter(|line| !line.is_empty()) {
            let (name, value) = header.split_once(": ").expect("a header");
            request = request.header(name, value);
        }
        if !body.trim().is_empty() {
            request = request.json(&serde_json::from_str::<Value>(&filled(body)).expect("JSON"));
        }
        Answer::to(request).await
    }

    fn remember(&mut self, answer: &Value) {
        for (name, value) in answer.as_object().into_iter().flatten() {
            if let Some(text) = value.as_str() {
                self.named.insert(name.clone(), text.to_owned());
            }
        }
    }
}

/// The answer as the page shows it: without what nobody can foresee.
fn shown(answer: &Value) -> Value {
    match answer {
        Value::Object(fields) => {
            let shown = fields.iter().map(|(name, value)| {
                let unforeseen = UNFORESEEN.contains(&name.as_str()) && !value.is_null();
                (name.clone(), if unforeseen { ANYTHING.into() } else { shown(value) })
            });
            Value::Object(shown.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(shown).collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn every_example_on_the_page_for_clients_is_what_happens() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/shop.md");
    let page = fs::read_to_string(&path).expect("a page");
    play(async |world| {
        let mut reader = Reader { world, seat: world.newcomer("ann").await, named: HashMap::new(), asides: 0 };
        let (mut answered, mut renewed, mut examples) = (None, page.clone(), 0);
        let mut places = Vec::new();
        for part in parts(&page) {
            match part {
                Part::Aside(text) => reader.aside(&text).await,
                Part::Request(text) => answered = Some((text.clone(), reader.send(&reader.seat, &text).await)),
                Part::Answer { status, shown: expected, place } => {
                    let (request, answer) = answered.take().expect("an answer follows a request");
                    let told: Value = serde_json::from_str(&answer.body).expect("JSON");
                    assert_eq!(answer.status, status, "{request}: {}", answer.body);
                    reader.remember(&told);
                    if variable("UPDATE").is_some() {
                        places.push((place, serde_json::to_string_pretty(&shown(&told)).expect("a text") + "\n"));
                    } else {
                        let expected: Value = serde_json::from_str(&expected).expect("JSON on the page");
                        assert_eq!(expected, shown(&told), "after {request}");
                    }
                    examples += 1;
                }
            }
        }
        assert!(answered.is_none() && examples > 15, "{examples} examples");
        for (place, text) in places.into_iter().rev() {
            renewed.replace_range(place, &text);
        }
        if renewed != page {
            fs::write(&path, renewed).expect("a page that can be written");
        }
    })
    .await;
}
