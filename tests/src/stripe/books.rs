//! The intents of whoever stands in for Stripe, and what can be done to them.

use std::collections::BTreeMap;

use croupier_rules::id::PurchaseId;
use serde_json::{Value, json};

use super::{Call, Request};

/// Status and body.
pub(super) type Answer = (u16, Value);

/// What became of a request.
pub(super) struct Outcome {
    pub(super) answer: Answer,
    /// Whether it had begun: the answer is kept under its key.
    pub(super) begun: bool,
    /// Whether something is different now.
    pub(super) changed: bool,
}

impl Outcome {
    fn changed(status: u16, body: Value) -> Self {
        Self { answer: (status, body), begun: true, changed: true }
    }

    /// It began, and nothing came of it.
    pub(super) fn begun(status: u16, body: Value) -> Self {
        Self { answer: (status, body), begun: true, changed: false }
    }

    fn refused(status: u16, body: Value) -> Self {
        Self { answer: (status, body), begun: false, changed: false }
    }
}

/// Why something is refused.
pub(super) fn problem(kind: &str, code: Option<&str>, message: &str) -> Value {
    json!({ "error": { "type": kind, "code": code, "message": message } })
}

fn invalid(param: &str, code: &str, message: &str) -> Outcome {
    let mut body = problem("invalid_request_error", Some(code), message);
    body["error"]["param"] = param.into();
    Outcome::refused(400, body)
}

/// A payment intent.
pub(super) struct Intent {
    pub(super) id: String,
    purchase: String,
    pub(super) amount: u64,
    currency: String,
    method: String,
    pub(super) status: String,
    pub(super) captured: u64,
    pub(super) refunded: u64,
}

impl Intent {
    /// As Stripe tells it.
    pub(super) fn told(&self) -> Value {
        let capturable = if self.status == "requires_capture" { self.amount } else { 0 };
        json!({
            "id": self.id, "object": "payment_intent", "amount": self.amount, "amount_capturable": capturable,
            "amount_received": self.captured, "capture_method": "manual", "client_secret": format!("{}_secret_1", self.id),
            "currency": self.currency, "livemode": false, "metadata": { "purchase": self.purchase },
            "payment_method": self.method, "status": self.status,
        })
    }

    /// The type of the event that tells of its status.
    pub(super) fn event(&self) -> &'static str {
        match self.status.as_str() {
            "requires_capture" => "payment_intent.amount_capturable_updated",
            "succeeded" => "payment_intent.succeeded",
            "canceled" => "payment_intent.canceled",
            "requires_payment_method" => "payment_intent.payment_failed",
            "requires_action" => "payment_intent.requires_action",
            "processing" => "payment_intent.processing",
            _ => "payment_intent.created",
        }
    }

    /// A refusal that tells how it stands.
    fn refuses(&self, status: u16, kind: &str, code: &str) -> Outcome {
        let message = format!("{} is {} and paid with {}", self.id, self.status, self.method);
        let mut body = problem(kind, Some(code), &message);
        body["error"]["payment_intent"] = self.told();
        Outcome::begun(status, body)
    }

    fn is_in_the_wrong_status(&self) -> Outcome {
        self.refuses(400, "invalid_request_error", "payment_intent_unexpected_state")
    }

    fn capture(&mut self) -> Outcome {
        if self.status != "requires_capture" {
            return self.is_in_the_wrong_status();
        }
        if self.method == "pm_captureFails" {
            return self.refuses(402, "card_error", "card_declined");
        }
        self.status = "succeeded".to_owned();
        self.captured = self.amount;
        Outcome::changed(200, self.told())
    }

    fn cancel(&mut self) -> Outcome {
        if ["succeeded", "canceled", "processing"].contains(&self.status.as_str()) {
            return self.is_in_the_wrong_status();
        }
        self.status = "canceled".to_owned();
        Outcome::changed(200, self.told())
    }

    fn refund(&mut self) -> Outcome {
        if self.captured == 0 {
            return self.is_in_the_wrong_status();
        }
        if self.refunded == self.captured {
            return self.refuses(400, "invalid_request_error", "charge_already_refunded");
        }
        self.refunded = self.captured;
        let id = self.id.replace("pi_", "re_");
        let refund = json!({
            "id": id, "object": "refund", "amount": self.amount, "currency": self.currency, "payment_intent": self.id,
            "metadata": { "purchase": self.purchase }, "status": "succeeded",
        });
        Outcome::changed(200, refund)
    }
}

/// Everything that Stripe knows.
#[derive(Default)]
pub(super) struct Books {
    intents: BTreeMap<String, Intent>,
}

impl Books {
    /// Every intent.
    pub(super) fn all(&self) -> impl Iterator<Item = &Intent> {
        self.intents.values()
    }

    /// The intent of a purchase, of which there must not be two.
    pub(super) fn of(&mut self, purchase: PurchaseId) -> Option<&mut Intent> {
        let purchase = purchase.to_string();
        let mut found = self.intents.values_mut().filter(|intent| intent.purchase == purchase);
        let intent = found.next();
        assert!(found.next().is_none(), "{purchase} is charged twice");
        intent
    }

    /// Does what a request asks for.
    pub(super) fn does(&mut self, request: &Request) -> Outcome {
        let form = &request.form;
        let call = match request.call {
            Some(Call::Authorize) => return self.authorize(form),
            Some(call) => call,
            None => {
                let problem = problem("invalid_request_error", None, "Unrecognized request URL");
                return Outcome::refused(404, problem);
            }
        };
        let id = match call {
            Call::Refund => form.get("payment_intent").map(String::as_str),
            _ => request.path.split('/').nth(3),
        };
        let Some(intent) = id.and_then(|id| self.intents.get_mut(id)) else {
            let mut problem = problem("invalid_request_error", Some("resource_missing"), "No such payment_intent");
            problem["error"]["param"] = "intent".into();
            return Outcome::refused(404, problem);
        };
        match call {
            Call::Capture => intent.capture(),
            Call::Cancel => intent.cancel(),
            Call::Refund => intent.refund(),
            Call::Look | Call::Authorize => Outcome::begun(200, intent.told()),
        }
    }

    fn authorize(&mut self, form: &BTreeMap<String, String>) -> Outcome {
        const FIXED: [(&str, &str); 4] = [
            ("confirm", "true"),
            ("capture_method", "manual"),
            ("automatic_payment_methods[enabled]", "true"),
            ("automatic_payment_methods[allow_redirects]", "never"),
        ];
        const FREE: [&str; 4] = ["amount", "currency", "payment_method", "metadata[purchase]"];
        let known = |name: &str| FREE.contains(&name) || FIXED.iter().any(|(fixed, _)| *fixed == name);
        if let Some(name) = form.keys().find(|name| !known(name)) {
            return invalid(name, "parameter_unknown", "Received unknown parameter");
        }
        if let Some((name, _)) = FIXED.iter().find(|(name, value)| form.get(*name).is_none_or(|given| given != value)) {
            return invalid(name, "parameter_missing", "It stands in for Stripe with these only");
        }
        let field = |name: &str| form.get(name).cloned().unwrap_or_default();
        let (amount, currency, method) = (field("amount").parse(), field("currency"), field("payment_method"));
        let amount: u64 = match amount {
            Ok(amount) if amount >= 50 => amount,
            Ok(_) => return invalid("amount", "amount_too_small", "Amount must be at least 50 cents"),
            Err(_) => return invalid("amount", "parameter_invalid_integer", "Invalid integer"),
        };
        if currency != "usd" {
            return invalid("currency", "invalid_currency", "Invalid currency");
        }
        let status = match method.as_str() {
            "pm_card_visa" | "pm_captureFails" => "requires_capture",
            "pm_card_chargeDeclined" => "requires_payment_method",
            "pm_card_authenticationRequired" => "requires_action",
            _ => return invalid("payment_method", "resource_missing", &format!("No such PaymentMethod: '{method}'")),
        };
        let id = format!("pi_{}", self.intents.len() + 1);
        let purchase = field("metadata[purchase]");
        let status = status.to_owned();
        let intent = Intent { id, purchase, amount, currency, method, status, captured: 0, refunded: 0 };
        let outcome = if intent.status == "requires_payment_method" {
            Outcome { changed: true, ..intent.refuses(402, "card_error", "card_declined") }
        } else {
            Outcome::changed(200, intent.told())
        };
        self.intents.insert(intent.id.clone(), intent);
        outcome
    }
}
