//! From the text of a request to its typed form, with an error that names the field.

use std::{borrow::Cow, collections::BTreeMap};

use base64::{Engine, prelude::BASE64_STANDARD};
use croupier_rules::name::IdempotencyKey;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{
    error::{Code, Failure},
    event::HttpEvent,
};

/// The largest body that is read, in bytes.
pub const BODY_LIMIT: usize = 16 * 1024;

const KEY_HEADERS: [&str; 2] = ["idempotency-key", "x-idempotency-key"];
const KEY_FIELD: &str = "idempotency_key";

/// A request as it came in.
pub struct Incoming<'a> {
    /// The event.
    pub event: &'a HttpEvent,
    headers: BTreeMap<String, &'a str>,
}

impl<'a> Incoming<'a> {
    /// Looks at an event; header names are compared without regard to case.
    pub fn of(event: &'a HttpEvent) -> Self {
        let headers = event.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.as_str())).collect();
        Self { event, headers }
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name).copied()
    }

    /// The token of `Authorization: Bearer …`.
    pub fn bearer(&self) -> Option<&'a str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// The body as it was sent.
    ///
    /// # Errors
    /// A body that is too large.
    pub fn raw_body(&self) -> Result<Cow<'a, [u8]>, Failure> {
        let text = self.event.body.as_deref().unwrap_or_default();
        let bytes = if self.event.is_base64_encoded {
            Cow::Owned(BASE64_STANDARD.decode(text).map_err(|_| Failure::of(Code::NotJson))?)
        } else {
            Cow::Borrowed(text.as_bytes())
        };
        if bytes.len() > BODY_LIMIT { Err(Failure::of(Code::PayloadTooLarge)) } else { Ok(bytes) }
    }

    /// The fields of the body: an object, also when there is no body at all.
    ///
    /// # Errors
    /// A body that is too large, no JSON, or no object.
    pub fn fields(&self) -> Result<Map<String, Value>, Failure> {
        let bytes = self.raw_body()?;
        if bytes.trim_ascii().is_empty() {
            return Ok(Map::new());
        }
        match serde_json::from_slice(&bytes).map_err(|_| Failure::of(Code::NotJson))? {
            Value::Object(fields) => Ok(fields),
            _ => Err(Failure::field("", "INVALID", "the body must be a JSON object")),
        }
    }

    /// The request that the body holds, with what the path says.
    ///
    /// # Errors
    /// As [`Incoming::fields`], or a field that is missing or wrong.
    pub fn body<R: DeserializeOwned>(&self, mut fields: Map<String, Value>) -> Result<R, Failure> {
        let parameters = self.event.path_parameters.iter().flatten();
        fields.extend(parameters.map(|(name, value)| (name.clone(), Value::String(value.clone()))));
        serde_path_to_error::deserialize(Value::Object(fields)).map_err(named)
    }

    /// The request that the path and the query hold.
    ///
    /// # Errors
    /// A parameter that is missing or wrong.
    pub fn query<R: DeserializeOwned>(&self) -> Result<R, Failure> {
        // The last of several of one name counts, and the path counts more than the query.
        let query = form_urlencoded::parse(self.event.raw_query_string.as_bytes()).into_owned();
        let fields: BTreeMap<_, _> = query.chain(self.event.path_parameters.clone().into_iter().flatten()).collect();
        let text = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let parsed = form_urlencoded::parse(text.as_bytes());
        serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(parsed)).map_err(named)
    }

    /// The key by which the client names this attempt: a header, or a field of the body.
    ///
    /// # Errors
    /// A key of another form.
    pub fn idempotency_key(&self, fields: &Map<String, Value>) -> Result<Option<IdempotencyKey>, Failure> {
        for name in KEY_HEADERS {
            if let Some(text) = self.header(name) {
                return text.parse().map(Some).map_err(|error| Failure::field("Idempotency-Key", "INVALID", error));
            }
        }
        match fields.get(KEY_FIELD) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => {
                text.parse().map(Some).map_err(|error| Failure::field(KEY_FIELD, "INVALID", error))
            }
            Some(_) => Err(Failure::field(KEY_FIELD, "INVALID", "must be a string")),
        }
    }
}

/// Tells a field that is null from one that is missing, which is `None` by `#[serde(default)]`.
///
/// # Errors
/// As the value itself.
pub fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn named<E: std::error::Error>(error: serde_path_to_error::Error<E>) -> Failure {
    let path = error.path().to_string();
    let message = error.into_inner().to_string();
    // A missing field is the fault of the object around it, so that only the message names it.
    match message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        Some(field) if path == "." => Failure::field(field, "MISSING", "is required"),
        Some(field) => Failure::field(format!("{path}.{field}"), "MISSING", "is required"),
        None => Failure::field(path, "INVALID", message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Bet {
        bet_amount: croupier_rules::money::Coins,
    }

    fn parse(body: &str) -> Result<u64, (Code, String)> {
        let event = HttpEvent { body: Some(body.to_owned()), ..HttpEvent::default() };
        let incoming = Incoming::of(&event);
        let bet = incoming.fields().and_then(|fields| incoming.body::<Bet>(fields));
        bet.map(|bet| bet.bet_amount.get()).map_err(|failure| {
            (
                failure.code,
                failure.errors.first().map(|error| format!("{} {}", error.field, error.code)).unwrap_or_default(),
            )
        })
    }

    #[test]
    fn a_body_is_an_object_with_fields_of_the_right_type() {
        assert_eq!(parse(r#"{"bet_amount": 5, "more": []}"#), Ok(5));
        assert_eq!(parse("{"), Err((Code::NotJson, String::new())));
        assert_eq!(parse(&format!("\"{}\"", "x".repeat(BODY_LIMIT))), Err((Code::PayloadTooLarge, String::new())));
        for (body, field) in [
            ("[5]", " INVALID"),
            ("5", " INVALID"),
            ("", "bet_amount MISSING"),
            (r#"{"bet_amount": null}"#, "bet_amount INVALID"),
            (r#"{"bet_amount": "5"}"#, "bet_amount INVALID"),
            (r#"{"bet_amount": -5}"#, "bet_amount INVALID"),
            (r#"{"bet_amount": 1.5}"#, "bet_amount INVALID"),
            (r#"{"bet_amount": 99999999999999999999}"#, "bet_amount INVALID"),
        ] {
            assert_eq!(parse(body), Err((Code::ValidationFailed, field.to_owned())), "{body}");
        }
    }

    #[test]
    fn a_query_reads_numbers_and_is_outweighed_by_the_path() {
        #[derive(Deserialize)]
        struct Page {
            limit: Option<u8>,
            id: String,
        }
        let event = HttpEvent {
            raw_query_string: "limit=6&limit=7&cursor=&id=x".to_owned(),
            path_parameters: Some([("id".to_owned(), "a b".to_owned())].into()),
            ..HttpEvent::default()
        };
        let page: Page = Incoming::of(&event).query().unwrap();
        assert_eq!((page.limit, page.id.as_str()), (Some(7), "a b"));
        let event = HttpEvent { raw_query_string: "limit=x".to_owned(), ..event };
        assert_eq!(Incoming::of(&event).query::<Page>().err().unwrap().errors[0].field, "limit");
    }

    #[test]
    fn a_key_comes_in_a_header_or_in_the_body() {
        let key = |headers: &[(&str, &str)], body: &str| {
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let event = HttpEvent { headers, body: Some(body.to_owned()), ..HttpEvent::default() };
            let incoming = Incoming::of(&event);
            let key = incoming.idempotency_key(&incoming.fields().unwrap());
            key.map(|key| key.map(|key| key.to_string())).map_err(|failure| failure.errors[0].field.clone())
        };
        assert_eq!(key(&[("Idempotency-Key", "\"abcdefgh\"")], ""), Ok(Some("abcdefgh".into())));
        assert_eq!(key(&[("x-idempotency-key", "abcdefgh")], ""), Ok(Some("abcdefgh".into())));
        assert_eq!(key(&[], r#"{"idempotency_key":"abcdefgh"}"#), Ok(Some("abcdefgh".into())));
        assert_eq!(key(&[], "{}"), Ok(None));
        assert_eq!(key(&[("idempotency-key", "short")], ""), Err("Idempotency-Key".into()));
        assert_eq!(key(&[], r#"{"idempotency_key":5}"#), Err("idempotency_key".into()));
    }
}
