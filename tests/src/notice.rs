//! Notices of a payment gateway, as it would send them, and as others would.

use croupier_rules::time::Timestamp;
use croupier_web::event::HttpEvent;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use serde_json::json;
use sha2::Sha256;

use crate::{
    fate,
    seat::{Answer, Site},
    world::World,
};

/// Where notices go.
pub const WEBHOOK: &str = "/api/shop/webhook/payment";

/// A notice on its way.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Its headers.
    pub headers: Vec<(&'static str, String)>,
    /// Its body.
    pub body: String,
}

impl Notice {
    /// The sandbox says, now, that something has become of a purchase.
    pub fn of_sandbox(world: &World, event: &str, purchase: &str, status: &str) -> Self {
        let body = json!({ "event_id": event, "transaction_id": purchase, "status": status });
        Self::signed(world, world.now(), &format!("{event}-{}", world.running().fresh_name()), &body.to_string())
    }

    /// The sandbox says something at some time, in a delivery of its own.
    pub fn signed(world: &World, at: Timestamp, nonce: &str, body: &str) -> Self {
        let at = at.seconds();
        let signature = signature(world.webhook_secret(), &format!("{at}.{nonce}.{body}"));
        let headers = vec![
            ("x-webhook-timestamp", at.to_string()),
            ("x-webhook-nonce", nonce.to_owned()),
            ("x-webhook-signature", signature),
        ];
        Self { headers, body: body.to_owned() }
    }

    /// The same with another header; without it, where nothing is said.
    pub fn with(mut self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.headers.iter_mut().filter(|(header, _)| *header == name).for_each(|(_, header)| {
                value.clone_into(header);
            }),
            None => self.headers.retain(|(header, _)| *header != name),
        }
        self
    }

    /// Delivers it.
    pub async fn deliver(&self, site: &Site) -> Answer {
        let request = site.request(Method::POST, WEBHOOK).body(self.body.clone());
        let request = self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        Answer::to(request).await
    }

    /// Delivers it without the network in between. If nobody waits for the answer any more, the function ends where it is.
    pub async fn invoke(&self, world: &World) -> Answer {
        let headers = self.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        let event = HttpEvent { headers: headers.collect(), body: Some(self.body.clone()), ..HttpEvent::default() };
        fate::post(world, "payment-webhook", event).await
    }
}

impl From<(Vec<(&'static str, String)>, String)> for Notice {
    fn from((headers, body): (Vec<(&'static str, String)>, String)) -> Self {
        Self { headers, body }
    }
}

/// HMAC-SHA256, in hexadecimal digits.
pub fn signature(secret: &str, text: &str) -> String {
    let key = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    hex::encode(key.chain_update(text).finalize().into_bytes())
}
