//! The OpenAPI document, made from the table of functions.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    caller::Caller,
    endpoint::{Endpoint, Reply, Route, codes},
    error::{Code, Problem},
    function::{Function, Trigger},
};

/// How the API describes one endpoint.
pub struct Operation {
    request: Value,
    reply: Schema,
    token: bool,
    replayed: bool,
    keyed: bool,
    key_required: bool,
    statuses: &'static [u16],
    codes: Vec<Code>,
}

impl Operation {
    /// Describes an endpoint.
    pub fn of<E: Endpoint>(generator: &mut SchemaGenerator) -> Self {
        Self {
            // Not by reference: a request's fields are spread over path, query and body.
            request: <E::Request as JsonSchema>::json_schema(generator).to_value(),
            reply: E::Reply::schema(generator),
            token: E::Caller::TOKEN,
            replayed: E::Reply::KEYED,
            keyed: E::Reply::KEYED || E::ROUTE.keyed,
            key_required: E::ROUTE.key_required,
            statuses: E::Reply::STATUSES,
            codes: codes::<E>(),
        }
    }
}

/// The document that describes these functions.
pub fn document(functions: &[Function]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for function in functions {
        let (Trigger::Http(route), Some(operation)) = (function.trigger, function.operation(&mut generator)) else {
            continue;
        };
        for (place, (method, path)) in route.places().enumerate() {
            let described = describe(&route, path, place, &operation);
            paths.entry(path).or_default().insert(method.text().to_ascii_lowercase(), described);
        }
    }
    generator.subschema_for::<Problem<'_>>();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Croupier",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The backend of a free-to-play social-casino game. Nothing in it can be cashed out.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
        },
    })
}

fn describe(route: &Route, path: &str, place: usize, operation: &Operation) -> Value {
    let mut fields = operation.request["properties"].as_object().cloned().unwrap_or_default();
    let required: Vec<&str> =
        operation.request["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut parameters = Vec::new();
    for name in placeholders(path) {
        parameters.extend(fields.remove(name).map(|schema| parameter(name, "path", true, schema)));
    }
    let mut described = json!({
        "operationId": if place == 0 { route.name.to_owned() } else { format!("{}-{}", route.name, place + 1) },
        "summary": route.summary,
        "responses": responses(operation),
    });
    if !route.method.has_body() {
        let query = fields.into_iter().map(|(name, schema)| {
            let required = required.contains(&name.as_str());
            parameter(&name, "query", required, schema)
        });
        parameters.extend(query);
    } else if !fields.is_empty() {
        let required: Vec<_> = required.into_iter().filter(|name| fields.contains_key(*name)).collect();
        described["requestBody"] = json!({
            "required": !required.is_empty(),
            "content": { "application/json": {
                "schema": { "type": "object", "properties": fields, "required": required },
            } },
        });
    }
    if operation.keyed {
        let pattern = "^\"?[!-~]{8,128}\"?$";
        let schema = json!({ "type": "string", "pattern": pattern });
        parameters.push(parameter("Idempotency-Key", "header", operation.key_required, schema));
    }
    if !parameters.is_empty() {
        described["parameters"] = parameters.into();
    }
    if operation.token {
        described["security"] = json!([{ "token": [] }]);
    }
    described
}

fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn parameter(name: &str, place: &str, required: bool, schema: Value) -> Value {
    json!({ "name": name, "in": place, "required": required, "schema": schema })
}

fn responses(operation: &Operation) -> Value {
    let mut responses = Map::new();
    let described = |status: u16| if status == 202 { "Under way." } else { "Done." };
    let mut done = json!({
        "content": { "application/json": { "schema": operation.reply } },
    });
    if operation.replayed {
        done["headers"] = json!({ "Idempotency-Replayed": {
            "description": "`true` when this answer was first given to an earlier request with the same key.",
            "schema": { "type": "string", "const": "true" },
        } });
    }
    for status in operation.statuses {
        let mut done = done.clone();
        done["description"] = described(*status).into();
        responses.insert(status.to_string(), done);
    }
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in &operation.codes {
        by_status.entry(code.status()).or_default().push(code.text());
    }
    for (status, codes) in by_status {
        let refused = json!({
            "description": format!("Refused: {}.", codes.join(", ")),
            "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
        responses.insert(status.to_string(), refused);
    }
    Value::Object(responses)
}
