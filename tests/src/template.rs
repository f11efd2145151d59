//! The template, as it is read by who checks it.

use std::collections::{BTreeMap, BTreeSet};

use croupier_web::function::Function;
use serde_norway::Value;

/// The template, each `!Ref x` and its kin replaced by their argument: what is compared is what they name.
pub fn template() -> Value {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml")).expect("the template");
    plain(serde_norway::from_str(&text).expect("YAML"))
}

/// The value without tags.
pub fn plain(value: Value) -> Value {
    match value {
        Value::Tagged(tagged) => plain(tagged.value),
        Value::Sequence(items) => items.into_iter().map(plain).collect(),
        Value::Mapping(fields) => {
            Value::Mapping(fields.into_iter().map(|(name, value)| (name, plain(value))).collect())
        }
        other => other,
    }
}

/// Under which name the template has a function.
pub fn logical_id(function: &Function) -> String {
    let capital = |part: &str| part[..1].to_ascii_uppercase() + &part[1..];
    function.name.split('-').map(capital).collect::<String>() + "Function"
}

/// What the template has of a type, by name.
pub fn resources(template: &Value, of_type: &str) -> BTreeMap<String, Value> {
    let resources = template["Resources"].as_mapping().expect("resources");
    let named = resources.iter().map(|(name, resource)| (name.as_str().expect("a name").to_owned(), resource.clone()));
    named.filter(|(_, resource)| resource["Type"] == of_type).collect()
}

/// Its functions.
pub fn functions(template: &Value) -> BTreeMap<String, Value> {
    resources(template, "AWS::Serverless::Function")
}

/// Texts in no order.
pub fn texts<'a>(values: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    values.into_iter().map(|value| value.as_str().expect("a text").to_owned()).collect()
}

/// The policies that a function shares with others, by name, and the statements of its own.
pub fn policies(function: &Value) -> (BTreeSet<String>, Vec<Value>) {
    let policies = function["Properties"]["Policies"].as_sequence().into_iter().flatten();
    let (shared, own): (Vec<_>, Vec<_>) = policies.partition(|policy| policy.is_string());
    let statements = own.into_iter().flat_map(|policy| policy["Statement"].as_sequence().expect("statements"));
    (texts(shared), statements.cloned().collect())
}
