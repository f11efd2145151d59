//! Notices: a gateway says, unasked, that a payment has changed. Whoever can forge one gets goods for nothing, so that the
//! signature is checked before anything else is believed.

use croupier_rules::{
    id::PurchaseId,
    shop::payment::{Charge, ChargeState},
    time::Timestamp,
};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::Sha256;

use super::Provider;
use crate::token::hash_of;

/// How far a notice's clock and ours may be apart, in seconds.
const TOLERANCE: u64 = 300;

/// HMAC-SHA256 is as strong as its key, up to the length of the hash.
const LEAST_KEY: usize = 32;

/// How long the name of an event may be: it becomes part of a key.
const LONGEST_EVENT: usize = 255;

/// A message of the gateway that a payment has changed; we know that it is from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The gateway's name for the event; an event may be told more than once.
    pub event: String,
    /// What marks this very delivery: whatever brings it again is a replay.
    pub nonce: String,
    /// Which payment has changed.
    pub purchase: PurchaseId,
    /// How it stands, where that can be believed without looking.
    pub charge: Option<Charge>,
}

/// Why a message is no notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoticeFault {
    /// It has no signature, or one that is not by a secret of ours.
    #[error("the signature is missing or wrong")]
    Signature,
    /// It was signed more than five minutes ago, or will be.
    #[error("it was signed at another time")]
    Stale,
    /// It is signed, and not what the gateway is known to send.
    #[error("it is signed and cannot be read")]
    Unreadable,
    /// It is signed, and about something else than a purchase of ours.
    #[error("it is about something else")]
    Unrelated,
}

/// Reads the notices of a gateway.
pub struct Notices {
    provider: Provider,
    keys: Vec<Hmac<Sha256>>,
}

impl Notices {
    /// Reads what is signed by a secret of at least 32 bytes; `None` for a shorter one.
    pub fn new(provider: Provider, secret: &SecretString) -> Option<Self> {
        Self { provider, keys: Vec::new() }.also(secret)
    }

    /// Reads what is signed by this secret as well, so that one can be replaced; `None` for a short one.
    pub fn also(mut self, secret: &SecretString) -> Option<Self> {
        let bytes = secret.expose_secret().as_bytes();
        self.keys.push(Hmac::new_from_slice(bytes).ok().filter(|_| bytes.len() >= LEAST_KEY)?);
        Some(self)
    }

    /// Reads a message, by its headers, asked for in lower case, and the body as it came.
    ///
    /// # Errors
    /// A message that is not signed by a secret of ours, is too old, or tells nothing of a purchase.
    pub fn read<'h>(
        &self,
        headers: impl Fn(&str) -> Option<&'h str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Notice, NoticeFault> {
        match self.provider {
            Provider::Sandbox => self.sandbox(headers, body, now),
            Provider::Stripe => self.stripe(headers, body, now),
        }
    }

    fn sandbox<'h>(
        &self,
        headers: impl Fn(&str) -> Option<&'h str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Notice, NoticeFault> {
        let header = |name| headers(name).ok_or(NoticeFault::Signature);
        let (at, nonce) = (header("x-webhook-timestamp")?, header("x-webhook-nonce")?);
        let signature = header("x-webhook-signature")?;
        self.signed(&format!("{at}.{nonce}."), body, &[signature])?;
        fresh(at, now)?;
        let printable = nonce.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if !printable || !(8..=128).contains(&nonce.len()) {
            return Err(NoticeFault::Unreadable);
        }
        let told: SandboxEvent = json(body)?;
        let purchase = told.transaction_id.parse().map_err(|_| NoticeFault::Unrelated)?;
        let charge = Charge { id: None, state: told.status.into() };
        Ok(Notice { event: event(told.event_id)?, nonce: nonce.to_owned(), purchase, charge: Some(charge) })
    }

    fn stripe<'h>(
        &self,
        headers: impl Fn(&str) -> Option<&'h str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Notice, NoticeFault> {
        let header = headers("stripe-signature").ok_or(NoticeFault::Signature)?;
        let parts: Vec<_> = header.split(',').filter_map(|part| part.trim().split_once('=')).collect();
        let named = |wanted| parts.iter().filter(move |(name, _)| *name == wanted).map(|(_, value)| *value);
        let at = named("t").next().ok_or(NoticeFault::Signature)?;
        let signatures: Vec<_> = named("v1").collect();
        self.signed(&format!("{at}."), body, &signatures)?;
        fresh(at, now)?;
        let told: StripeEvent = json(body)?;
        if !told.kind.starts_with("payment_intent.") {
            return Err(NoticeFault::Unrelated);
        }
        let purchase = told.data["object"]["metadata"]["purchase"].as_str().and_then(|text| text.parse().ok());
        Ok(Notice {
            event: event(told.id)?,
            // Of what was signed: the header can be cut to other signatures that are as good, and is still the same delivery.
            nonce: hash_of(&format!("{at}.{}", String::from_utf8_lossy(body))),
            purchase: purchase.ok_or(NoticeFault::Unrelated)?,
            charge: None,
        })
    }

    /// Whether one of these signatures is by one of our secrets; comparing takes as long however wrong they are.
    fn signed(&self, prefix: &str, body: &[u8], signatures: &[&str]) -> Result<(), NoticeFault> {
        let signatures: Vec<_> = signatures.iter().filter_map(|text| hex::decode(text).ok()).collect();
        let good = self.keys.iter().any(|key| {
            let mac = key.clone().chain_update(prefix).chain_update(body);
            signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
        });
        good.then_some(()).ok_or(NoticeFault::Signature)
    }
}

/// Whether a moment in Unix seconds is near enough to now.
fn fresh(at: &str, now: Timestamp) -> Result<(), NoticeFault> {
    let at: i64 = at.parse().map_err(|_| NoticeFault::Unreadable)?;
    (now.seconds().abs_diff(at) <= TOLERANCE).then_some(()).ok_or(NoticeFault::Stale)
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, NoticeFault> {
    serde_json::from_slice(body).map_err(|_| NoticeFault::Unreadable)
}

fn event(name: String) -> Result<String, NoticeFault> {
    let good = (1..=LONGEST_EVENT).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    good.then_some(name).ok_or(NoticeFault::Unreadable)
}

#[derive(Deserialize)]
struct SandboxEvent {
    event_id: String,
    transaction_id: String,
    status: SandboxStatus,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum SandboxStatus {
    Authorized,
    Declined,
}

impl From<SandboxStatus> for ChargeState {
    fn from(status: SandboxStatus) -> Self {
        match status {
            SandboxStatus::Authorized => Self::Authorized,
            SandboxStatus::Declined => Self::Declined,
        }
    }
}

#[derive(Deserialize)]
struct StripeEvent {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    /// What it is about, in a shape that depends on its type: only intents have a purchase.
    #[serde(default)]
    data: Value,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The signatures below were computed with another program.
    const SECRET: &str = "a-secret-that-signs-notices-0001";
    const PURCHASE: &str = "pur_01HF7YAT000000000000000016";
    const AT: i64 = 1_800_000_000;

    const SANDBOX_BODY: &str =
        r#"{"event_id":"evt-1","transaction_id":"pur_01HF7YAT000000000000000016","status":"authorized"}"#;
    const SANDBOX_SIGNATURE: &str = "2714550447287653a41135e700cdd3ee178656c3b17dc6489035153c08015193";

    const STRIPE_BODY: &str = concat!(
        r#"{"id":"evt_1","object":"event","type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","#,
        r#""object":"payment_intent","status":"succeeded","metadata":{"purchase":"pur_01HF7YAT000000000000000016"}}}}"#
    );
    const STRIPE_SIGNATURE: &str = "e322525d5d534775cf8964cee2c0e90f276ca53babe4891649ed4fd9379bda8e";
    const STRIPE_NONCE: &str = "cnmUGeIdgYIzJsDFhTI6kwYPDnhmN-WuLO0TGrLovw0";

    type Headers<'a> = [(&'a str, &'a str); 3];

    fn notices(provider: Provider) -> Notices {
        Notices::new(provider, &SECRET.into()).unwrap()
    }

    fn sandbox_headers<'a>(at: &'a str, nonce: &'a str, signature: &'a str) -> Headers<'a> {
        [("x-webhook-timestamp", at), ("x-webhook-nonce", nonce), ("x-webhook-signature", signature)]
    }

    fn good_headers() -> Headers<'static> {
        sandbox_headers("1800000000", "nonce-0001", SANDBOX_SIGNATURE)
    }

    fn read(notices: &Notices, headers: &[(&str, &str)], body: &str, seconds: i64) -> Result<Notice, NoticeFault> {
        let header = |wanted: &str| headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| *value);
        notices.read(header, body.as_bytes(), Timestamp::from_millis(seconds * 1000))
    }

    fn sandbox(headers: &[(&str, &str)], body: &str, seconds: i64) -> Result<Notice, NoticeFault> {
        read(&notices(Provider::Sandbox), headers, body, seconds)
    }

    fn stripe(header: &str, body: &str, seconds: i64) -> Result<Notice, NoticeFault> {
        read(&notices(Provider::Stripe), &[("stripe-signature", header)], body, seconds)
    }

    fn sign(text: &str) -> String {
        let key = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        hex::encode(key.chain_update(text).finalize().into_bytes())
    }

    /// What becomes of another body or nonce that is signed as it should be.
    fn signed(nonce: &str, body: &str) -> Result<Notice, NoticeFault> {
        let signature = sign(&format!("{AT}.{nonce}.{body}"));
        sandbox(&sandbox_headers(&AT.to_string(), nonce, &signature), body, AT)
    }

    fn signed_by_stripe(body: &str) -> Result<Notice, NoticeFault> {
        stripe(&format!("t={AT},v1={}", sign(&format!("{AT}.{body}"))), body, AT)
    }

    #[test]
    fn a_notice_of_the_sandbox_is_read_and_believed() {
        let notice = sandbox(&good_headers(), SANDBOX_BODY, AT).unwrap();
        let charge = Charge { id: None, state: ChargeState::Authorized };
        let (event, nonce) = ("evt-1".to_owned(), "nonce-0001".to_owned());
        assert_eq!(notice, Notice { event, nonce, purchase: PURCHASE.parse().unwrap(), charge: Some(charge) });
        let declined = signed("nonce-0002", &SANDBOX_BODY.replace("authorized", "declined")).unwrap();
        assert_eq!(declined.charge.unwrap().state, ChargeState::Declined);
    }

    #[test]
    fn a_notice_of_stripe_is_read_and_says_only_where_to_look() {
        let notice = stripe(&format!("t={AT},v1={STRIPE_SIGNATURE}"), STRIPE_BODY, AT).unwrap();
        let (event, nonce) = ("evt_1".to_owned(), STRIPE_NONCE.to_owned());
        assert_eq!(notice, Notice { event, nonce, purchase: PURCHASE.parse().unwrap(), charge: None });
    }

    #[test]
    fn a_notice_is_good_for_five_minutes_to_both_sides() {
        let header = format!("t={AT},v1={STRIPE_SIGNATURE}");
        for (seconds, fault) in
            [(300, None), (-300, None), (301, Some(NoticeFault::Stale)), (-301, Some(NoticeFault::Stale))]
        {
            assert_eq!(sandbox(&good_headers(), SANDBOX_BODY, AT + seconds).err(), fault, "{seconds}");
            assert_eq!(stripe(&header, STRIPE_BODY, AT + seconds).err(), fault, "{seconds}");
        }
    }

    #[test]
    fn whatever_is_changed_after_it_was_signed_is_seen() {
        let other = SANDBOX_SIGNATURE.replace('2', "3");
        let cut = &SANDBOX_SIGNATURE[..62];
        for headers in [
            sandbox_headers("1800000001", "nonce-0001", SANDBOX_SIGNATURE),
            sandbox_headers("1800000000", "nonce-0002", SANDBOX_SIGNATURE),
            sandbox_headers("soon", "nonce-0001", SANDBOX_SIGNATURE),
            sandbox_headers("1800000000", "nonce-0001", &other),
            sandbox_headers("1800000000", "nonce-0001", cut),
            sandbox_headers("1800000000", "nonce-0001", "no hex"),
            sandbox_headers("1800000000", "nonce-0001", ""),
        ] {
            assert_eq!(sandbox(&headers, SANDBOX_BODY, AT), Err(NoticeFault::Signature), "{headers:?}");
        }
        let richer = SANDBOX_BODY.replace("evt-1", "evt-2");
        assert_eq!(sandbox(&good_headers(), &richer, AT), Err(NoticeFault::Signature));
        assert_eq!(sandbox(&good_headers(), &format!("{SANDBOX_BODY} "), AT), Err(NoticeFault::Signature));
        // A forgery that is stale as well is told nothing but that.
        assert_eq!(sandbox(&good_headers(), &richer, AT + 400), Err(NoticeFault::Signature));
        let header = format!("t={AT},v1={STRIPE_SIGNATURE}");
        assert_eq!(stripe(&header, &STRIPE_BODY.replace("evt_1", "evt_2"), AT), Err(NoticeFault::Signature));
        let later = format!("t={},v1={STRIPE_SIGNATURE}", AT + 1);
        assert_eq!(stripe(&later, STRIPE_BODY, AT), Err(NoticeFault::Signature));
    }

    #[test]
    fn a_message_that_lacks_a_header_is_not_signed() {
        for left_out in 0..3 {
            let mut headers = good_headers().to_vec();
            headers.remove(left_out);
            assert_eq!(sandbox(&headers, SANDBOX_BODY, AT), Err(NoticeFault::Signature), "{left_out}");
        }
        let by_stripe = notices(Provider::Stripe);
        assert_eq!(read(&by_stripe, &[], STRIPE_BODY, AT), Err(NoticeFault::Signature));
        // Neither gateway is believed in the other's place.
        assert_eq!(read(&by_stripe, &good_headers(), SANDBOX_BODY, AT), Err(NoticeFault::Signature));
        let v0 = format!("t={AT},v0={STRIPE_SIGNATURE}");
        for header in ["", "t=", "v1=", &format!("v1={STRIPE_SIGNATURE}"), &format!("t={AT}"), &v0] {
            assert_eq!(stripe(header, STRIPE_BODY, AT), Err(NoticeFault::Signature), "{header:?}");
        }
    }

    #[test]
    fn one_good_signature_of_several_is_enough_and_the_delivery_stays_the_same() {
        let wrong = "00".repeat(32);
        let alone = stripe(&format!("t={AT},v1={STRIPE_SIGNATURE}"), STRIPE_BODY, AT).unwrap();
        for header in [
            format!("t={AT},v1={wrong},v1={STRIPE_SIGNATURE}"),
            format!("t={AT}, v1={STRIPE_SIGNATURE}, v1={wrong}, v0={wrong}"),
            format!("v1={STRIPE_SIGNATURE},t={AT}"),
        ] {
            assert_eq!(stripe(&header, STRIPE_BODY, AT).as_ref(), Ok(&alone), "{header}");
        }
        assert_eq!(stripe(&format!("t={AT},v1={wrong},v1={wrong}"), STRIPE_BODY, AT), Err(NoticeFault::Signature));
    }

    #[test]
    fn every_secret_that_is_being_replaced_is_accepted_and_none_is_short() {
        let old = "another-secret-that-signed-before".into();
        let both = Notices::new(Provider::Sandbox, &old).and_then(|notices| notices.also(&SECRET.into())).unwrap();
        assert!(read(&both, &good_headers(), SANDBOX_BODY, AT).is_ok());
        let only_old = Notices::new(Provider::Sandbox, &old).unwrap();
        assert_eq!(read(&only_old, &good_headers(), SANDBOX_BODY, AT), Err(NoticeFault::Signature));
        assert!(Notices::new(Provider::Sandbox, &SECRET[1..].into()).is_none());
        assert!(both.also(&"".into()).is_none());
    }

    #[test]
    fn what_is_signed_and_no_notice_is_told_from_what_is_about_something_else() {
        for (nonce, body) in [
            ("nonce-1", SANDBOX_BODY),
            (&*"n".repeat(129), SANDBOX_BODY),
            ("nonce-\u{7f}\u{1}", SANDBOX_BODY),
            ("nonce-0001", ""),
            ("nonce-0001", "[]"),
            ("nonce-0001", &SANDBOX_BODY.replace("authorized", "captured")),
            ("nonce-0001", &SANDBOX_BODY.replace("evt-1", "")),
            ("nonce-0001", &SANDBOX_BODY.replace("evt-1", &"e".repeat(256))),
            ("nonce-0001", &SANDBOX_BODY.replace("event_id", "event")),
        ] {
            assert_eq!(signed(nonce, body), Err(NoticeFault::Unreadable), "{nonce} {body}");
        }
        assert!(signed(&"n".repeat(8), SANDBOX_BODY).is_ok() && signed(&"n".repeat(128), SANDBOX_BODY).is_ok());
        let of_others = SANDBOX_BODY.replace("pur_", "txn_");
        assert_eq!(signed("nonce-0001", &of_others), Err(NoticeFault::Unrelated));

        for body in ["", "{}", r#"{"id":"evt_1"}"#, &STRIPE_BODY.replace("evt_1", "")] {
            assert_eq!(signed_by_stripe(body), Err(NoticeFault::Unreadable), "{body}");
        }
        for (part, other) in [
            ("payment_intent.succeeded", "charge.succeeded"),
            ("payment_intent.succeeded", "customer.created"),
            ("metadata", "more"),
            (PURCHASE, "of another shop"),
            ("data", "nothing"),
        ] {
            assert_eq!(signed_by_stripe(&STRIPE_BODY.replace(part, other)), Err(NoticeFault::Unrelated), "{other}");
        }
    }
}
