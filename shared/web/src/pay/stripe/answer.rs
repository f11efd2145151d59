//! What Stripe answers, and how far it can be relied on.

use croupier_rules::{
    id::PurchaseId,
    name::ChargeId,
    shop::payment::{Charge, ChargeState},
};
use secrecy::SecretString;
use serde::{Deserialize, de::DeserializeOwned};

use crate::pay::{Told, Unheard};

/// An answer that came in whole.
pub(super) struct Heard {
    pub(super) status: u16,
    /// Stripe's name for the request, by which its support finds it.
    pub(super) request: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Heard {
    /// The object that was asked for, or why there will never be one, however often it is asked for.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<Result<T, Problem>, Unheard> {
        if (200..300).contains(&self.status) {
            let object = serde_json::from_slice(&self.body);
            return object.map(Ok).map_err(|_| self.unheard("and cannot be read"));
        }
        let problem = serde_json::from_slice(&self.body).ok().map(|Refused { error }| error);
        match (self.status, problem) {
            (400 | 402 | 404, Some(problem)) if problem.is_final(self.status) => Ok(Err(problem)),
            (401 | 403, _) => Err(self.unheard("to our API key, which is wrong or may not do this")),
            (409, _) => Err(self.unheard("while another call with the same key is under way")),
            (429, _) => Err(self.unheard("and wants to be asked less often")),
            (_, Some(problem)) => Err(self.unheard(&problem.name())),
            (_, None) => Err(self.unheard("and no reason")),
        }
    }

    /// The texts of the answer are left out: they quote what was sent.
    fn unheard(&self, what: &str) -> Unheard {
        let request = self.request.as_deref().unwrap_or("without a name");
        Unheard(format!("Stripe answers {} {what} (request {request})", self.status))
    }
}

#[derive(Deserialize)]
struct Refused {
    error: Problem,
}

/// Why something was refused.
#[derive(Deserialize)]
pub(super) struct Problem {
    #[serde(rename = "type")]
    kind: String,
    code: Option<String>,
    param: Option<String>,
    payment_intent: Option<Named>,
}

/// An intent that came to nothing.
#[derive(Deserialize)]
struct Named {
    id: ChargeId,
}

impl Problem {
    /// Whether no repeat helps. What is not found is so only where the payer's means of payment is meant: another key or endpoint
    /// would find the rest.
    fn is_final(&self, status: u16) -> bool {
        let known = ["card_error", "invalid_request_error"].contains(&self.kind.as_str());
        known && (status != 404 || self.param.as_deref() == Some("payment_method"))
    }

    /// Whether the payer's bank said no, which happens every day.
    pub(super) fn is_of_card(&self) -> bool {
        self.kind == "card_error"
    }

    /// Whether the money is on its way back already.
    pub(super) fn is_refunded(&self) -> bool {
        self.code.as_deref() == Some("charge_already_refunded")
    }

    /// By what Stripe documents it.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.kind, self.code.as_deref().unwrap_or_default()).trim_end().to_owned()
    }

    /// A payment that was declined, with a name if it got so far.
    pub(super) fn declined(self) -> Told {
        let id = self.payment_intent.map(|intent| intent.id);
        Told { charge: Charge { id, state: ChargeState::Declined }, client_secret: None }
    }
}

/// A payment intent.
#[derive(Deserialize)]
pub(super) struct Intent {
    id: ChargeId,
    status: String,
    client_secret: Option<String>,
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
struct Metadata {
    purchase: Option<String>,
}

impl Intent {
    /// How it stands, if it is the intent of this purchase.
    pub(super) fn told(self, purchase: PurchaseId) -> Result<Told, Unheard> {
        if self.metadata.purchase != Some(purchase.to_string()) {
            return Err(Unheard(format!("Stripe's intent is not of {purchase}")));
        }
        let state = match self.status.as_str() {
            "requires_capture" => ChargeState::Authorized,
            "succeeded" => ChargeState::Captured,
            "canceled" => ChargeState::Cancelled,
            // After it was confirmed, both say that it came to nothing.
            "requires_payment_method" | "requires_confirmation" => ChargeState::Declined,
            "requires_action" | "processing" => ChargeState::Pending,
            _ => return Err(Unheard(format!("Stripe has an intent of {purchase} with a status that is unknown here"))),
        };
        let client_secret = self.client_secret.filter(|_| state == ChargeState::Pending).map(SecretString::from);
        Ok(Told { charge: Charge { id: Some(self.id), state }, client_secret })
    }
}

/// A refund.
#[derive(Deserialize)]
pub(super) struct Refund {
    status: Option<String>,
}

impl Refund {
    /// Whether the money is on its way back.
    pub(super) fn goes(&self) -> bool {
        matches!(self.status.as_deref(), Some("succeeded" | "pending"))
    }
}
