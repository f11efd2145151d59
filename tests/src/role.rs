//! The role that the template gives to a function, as far as the table goes: in every world a call of the table is refused, as
//! AWS would refuse it, where the role of the function that makes it does not allow it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use croupier_functions::FUNCTIONS;
use serde_json::Value as Json;
use serde_norway::Value;

use crate::template::{functions, logical_id, policies, template, texts};

/// One thing that a call does to the table, as its permissions have it: a transaction does several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deed {
    /// `dynamodb:GetItem` and the like.
    pub action: String,
    /// The index that is asked, if it is not the table itself.
    pub index: Option<String>,
    /// The partition keys that are named.
    pub partitions: BTreeSet<String>,
    /// The attributes that an update or a deletion names.
    pub attributes: BTreeSet<String>,
}

/// What a statement allows.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Which actions.
    pub actions: BTreeSet<String>,
    /// On which index, if not the table itself.
    pub index: Option<String>,
    /// What partition keys must be like; empty if they may be anything.
    pub partitions: BTreeSet<String>,
    /// Which attributes may be named; empty if any.
    pub attributes: BTreeSet<String>,
}

impl Grant {
    /// What a statement allows on the table, if it is about the table.
    fn of(statement: &Value) -> Option<Self> {
        let resource = statement["Resource"].as_str()?;
        let index = match resource.strip_prefix("${Table.Arn}/index/") {
            Some(index) => Some(index.to_owned()),
            None if resource == "Table.Arn" => None,
            None => return None,
        };
        assert_eq!(statement["Effect"], "Allow", "this reads nothing else");
        let conditions = &statement["Condition"];
        let known = ["ForAllValues:StringLike", "ForAllValues:StringEquals", "Null"].map(str::to_owned);
        let told = conditions.as_mapping().into_iter().flatten();
        assert!(texts(told.map(|(operator, _)| operator)).is_subset(&known.into()), "this knows no more conditions");
        let values = |operator: &str, key: &str| texts(conditions[operator][key].as_sequence().into_iter().flatten());
        Some(Self {
            actions: texts(statement["Action"].as_sequence()?),
            index,
            partitions: values("ForAllValues:StringLike", "dynamodb:LeadingKeys"),
            attributes: values("ForAllValues:StringEquals", "dynamodb:Attributes"),
        })
    }

    /// Whether a partition key is like one of those.
    pub fn reaches(&self, partition: &str) -> bool {
        self.partitions.is_empty() || self.partitions.iter().any(|pattern| like(partition, pattern))
    }

    /// Whether it allows this.
    pub fn allows(&self, deed: &Deed) -> bool {
        self.actions.contains(&deed.action)
            && self.index == deed.index
            && deed.partitions.iter().all(|partition| self.reaches(partition))
            && (self.attributes.is_empty() || deed.attributes.is_subset(&self.attributes))
    }
}

/// Whether a text is like a pattern, whose only `*` is its end.
fn like(text: &str, pattern: &str) -> bool {
    pattern.strip_suffix('*').map_or(text == pattern, |prefix| text.starts_with(prefix))
}

/// What the template allows each function to do to the table.
pub static GRANTS: LazyLock<BTreeMap<&'static str, Vec<Grant>>> = LazyLock::new(|| {
    let template = template();
    let deployed = functions(&template);
    let grants = FUNCTIONS.iter().filter_map(|function| {
        let (shared, own) = policies(deployed.get(&logical_id(function))?);
        let shared = shared.into_iter().flat_map(|policy| {
            let document = &template["Resources"][policy.as_str()]["Properties"]["PolicyDocument"];
            document["Statement"].as_sequence().expect("statements").clone()
        });
        Some((function.name, own.into_iter().chain(shared).filter_map(|statement| Grant::of(&statement)).collect()))
    });
    grants.collect()
});

/// What a function may not do of what it asks the table for.
pub fn denied(function: &str, operation: &str, asked: &Json) -> Vec<Deed> {
    let grants = GRANTS.get(function).map_or(&[][..], Vec::as_slice);
    deeds(operation, asked).into_iter().filter(|deed| !grants.iter().any(|grant| grant.allows(deed))).collect()
}

/// One permission of a function: an action, on an index or on the table itself, on partitions of one kind.
pub type Permission = (&'static str, String, Option<String>, String);

/// Every permission that a function has for itself.
pub fn permissions() -> BTreeSet<Permission> {
    let own = GRANTS.iter().flat_map(|(function, grants)| {
        grants.iter().filter(|grant| grant.attributes.is_empty()).map(move |grant| (*function, grant))
    });
    let each = own.flat_map(|(function, grant)| {
        let pairs = grant.actions.iter().flat_map(|action| grant.partitions.iter().map(move |kind| (action, kind)));
        pairs.map(move |(action, kind)| (function, action.clone(), grant.index.clone(), kind.clone()))
    });
    each.collect()
}

/// The permissions of a function that a request makes use of.
pub fn used(function: &str, operation: &str, asked: &Json) -> BTreeSet<Permission> {
    let deeds = deeds(operation, asked);
    let makes_use = |(of, action, index, kind): &Permission| {
        let is_it = |deed: &Deed| deed.action == *action && deed.index == *index;
        *of == function && deeds.iter().any(|deed| is_it(deed) && deed.partitions.iter().any(|key| like(key, kind)))
    };
    PERMISSIONS.iter().filter(|permission| makes_use(permission)).cloned().collect()
}

static PERMISSIONS: LazyLock<BTreeSet<Permission>> = LazyLock::new(permissions);

/// What a request does.
pub fn deeds(operation: &str, asked: &Json) -> Vec<Deed> {
    let deed = |action: &str, partitions: BTreeSet<String>, named: &Json| Deed {
        action: format!("dynamodb:{action}"),
        index: named["IndexName"].as_str().map(str::to_owned),
        partitions,
        attributes: attributes(named),
    };
    match operation {
        "BatchGetItem" => {
            let tables = asked["RequestItems"].as_object().into_iter().flatten();
            let keys = tables.flat_map(|(_, table)| table["Keys"].as_array().into_iter().flatten());
            vec![deed(operation, keys.filter_map(partition).collect(), &Json::Null)]
        }
        "TransactWriteItems" => {
            let parts = asked["TransactItems"].as_array().into_iter().flatten();
            let parts = parts.flat_map(|part| part.as_object().into_iter().flatten());
            let part = |(kind, part): (&String, &Json)| {
                let action =
                    if kind == "ConditionCheck" { "ConditionCheckItem".to_owned() } else { format!("{kind}Item") };
                let key = partition(&part["Key"]).or_else(|| partition(&part["Item"]));
                deed(&action, key.into_iter().collect(), part)
            };
            parts.map(part).collect()
        }
        "Query" => {
            // A key condition begins with the partition: `#pk = :pk`.
            let condition = asked["KeyConditionExpression"].as_str().unwrap_or_default();
            let value = condition.split_whitespace().nth(2).unwrap_or_default();
            let partition = asked["ExpressionAttributeValues"][value]["S"].as_str().map(str::to_owned);
            vec![deed(operation, partition.into_iter().collect(), asked)]
        }
        _ => vec![deed(operation, partition(&asked["Key"]).into_iter().collect(), asked)],
    }
}

fn partition(key: &Json) -> Option<String> {
    key["pk"]["S"].as_str().map(str::to_owned)
}

/// The attributes that a request names: in its key, and in its expressions by name or by placeholder.
fn attributes(asked: &Json) -> BTreeSet<String> {
    const WORDS: [&str; 10] = [
        "SET",
        "ADD",
        "REMOVE",
        "AND",
        "OR",
        "NOT",
        "BETWEEN",
        "attribute_exists",
        "attribute_not_exists",
        "begins_with",
    ];
    let expressions = ["UpdateExpression", "ConditionExpression"].map(|name| asked[name].as_str().unwrap_or_default());
    let words = expressions.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && !"_#:".contains(c)));
    let named = words.filter(|word| !word.is_empty() && !word.starts_with(':') && !WORDS.contains(word));
    let named = named.map(|word| asked["ExpressionAttributeNames"][word].as_str().unwrap_or(word).to_owned());
    let key = asked["Key"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    named.chain(key).collect()
}
