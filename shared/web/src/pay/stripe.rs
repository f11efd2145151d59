//! Stripe: payment intents that are confirmed at once and captured later, through its HTTP API.

mod answer;

use std::time::Duration;

use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use croupier_rules::{id::PurchaseId, name::ChargeId, shop::payment::ChargeState};
use http::{
    HeaderValue,
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE},
};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;

use self::answer::{Heard, Intent, Problem, Refund};
use super::{Bill, Told, Unheard};
use crate::{
    app::CannotStart,
    http::{Http, causes},
};

/// The version of the API that is spoken here, whatever the account's own is.
const VERSION: &str = "2024-06-20";

const INTENTS: &str = "/v1/payment_intents";
const REFUNDS: &str = "/v1/refunds";

/// Stripe, or what stands in for it.
pub struct Stripe {
    http: Http,
    authorization: HeaderValue,
    patience: Duration,
}

/// One call of the API.
struct Call {
    path: String,
    /// What is to be changed, and under which key; nothing, for a look.
    change: Option<Change>,
}

struct Change {
    key: String,
    form: String,
}

impl Call {
    fn change(purchase: PurchaseId, what: &str, path: String, parameters: &[(&str, &str)]) -> Self {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        Self { path, change: Some(Change { key: format!("{purchase}.{what}"), form }) }
    }
}

impl Stripe {
    /// Stripe at this endpoint, with the API key by which it knows us. A call, with its repeat, ends after `patience`.
    ///
    /// # Errors
    /// An endpoint on the way to which the key could be read, or a key that cannot be sent.
    pub fn new(endpoint: &str, key: &SecretString, patience: Duration) -> Result<Self, CannotStart> {
        let no_endpoint = || CannotStart("PAYMENT_ENDPOINT must be an https URL".to_owned());
        let http = Http::to(endpoint).ok_or_else(no_endpoint)?;
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", key.expose_secret()))
            .map_err(|_| CannotStart("the payment gateway's API key has characters that no key has".to_owned()))?;
        authorization.set_sensitive(true);
        Ok(Self { http, authorization, patience })
    }

    pub(super) async fn authorize(&self, bill: &Bill<'_>) -> Result<Told, Unheard> {
        let (purchase, amount) = (bill.purchase.to_string(), bill.amount.get().to_string());
        let currency = bill.currency.to_ascii_lowercase();
        let parameters = [
            ("amount", amount.as_str()),
            ("currency", &currency),
            ("payment_method", bill.token.reveal()),
            ("confirm", "true"),
            ("capture_method", "manual"),
            ("automatic_payment_methods[enabled]", "true"),
            // A payer who is sent to another page would have to be sent back.
            ("automatic_payment_methods[allow_redirects]", "never"),
            ("metadata[purchase]", &purchase),
        ];
        let call = Call::change(bill.purchase, "authorize", INTENTS.to_owned(), &parameters);
        match self.ask::<Intent>(&call).await? {
            Ok(intent) => intent.told(bill.purchase),
            Err(problem) => {
                if !problem.is_of_card() {
                    // Perhaps it is we who ask for what cannot be: an operator should know.
                    tracing::warn!(purchase, problem = problem.name(), "the payment gateway finds a payment invalid");
                }
                Ok(problem.declined())
            }
        }
    }

    pub(super) async fn capture(&self, purchase: PurchaseId, charge: &ChargeId) -> Result<ChargeState, Unheard> {
        let stands = self.change_intent(purchase, charge, "capture", "capture").await?;
        match stands {
            Stands::Done(state @ (ChargeState::Captured | ChargeState::Cancelled)) => Ok(state),
            Stands::Done(state) => Err(Unheard(format!("Stripe has captured {purchase}, which is {state:?}"))),
            Stands::Refused(state @ (ChargeState::Captured | ChargeState::Cancelled), _) => Ok(state),
            Stands::Refused(ChargeState::Authorized | ChargeState::Declined, _) => Ok(ChargeState::Declined),
            Stands::Refused(ChargeState::Pending, problem) => Err(refused(purchase, &problem)),
        }
    }

    pub(super) async fn void(&self, purchase: PurchaseId, charge: &ChargeId) -> Result<ChargeState, Unheard> {
        match self.change_intent(purchase, charge, "void", "cancel").await? {
            Stands::Done(state @ ChargeState::Cancelled) => Ok(state),
            Stands::Done(state) => Err(Unheard(format!("Stripe has cancelled {purchase}, which is {state:?}"))),
            Stands::Refused(state @ (ChargeState::Captured | ChargeState::Cancelled), _) => Ok(state),
            Stands::Refused(_, problem) => Err(refused(purchase, &problem)),
        }
    }

    pub(super) async fn refund(&self, purchase: PurchaseId, charge: &ChargeId) -> Result<(), Unheard> {
        let parameters = [("payment_intent", own(charge)?), ("metadata[purchase]", &purchase.to_string())];
        let call = Call::change(purchase, "refund", REFUNDS.to_owned(), &parameters);
        match self.ask::<Refund>(&call).await? {
            Ok(refund) if refund.goes() => Ok(()),
            Ok(_) => Err(Unheard(format!("Stripe's refund of {purchase} does not arrive"))),
            Err(problem) if problem.is_refunded() => Ok(()),
            Err(problem) => Err(refused(purchase, &problem)),
        }
    }

    pub(super) async fn look(&self, purchase: PurchaseId, charge: &ChargeId) -> Result<Told, Unheard> {
        let call = Call { path: format!("{INTENTS}/{}", own(charge)?), change: None };
        match self.ask::<Intent>(&call).await? {
            Ok(intent) => intent.told(purchase),
            Err(problem) => Err(refused(purchase, &problem)),
        }
    }

    /// Changes an intent. A refusal may be a repetition of one from before, so that it is looked how things stand now.
    async fn change_intent(
        &self,
        purchase: PurchaseId,
        charge: &ChargeId,
        what: &str,
        action: &str,
    ) -> Result<Stands, Unheard> {
        let path = format!("{INTENTS}/{}/{action}", own(charge)?);
        match self.ask::<Intent>(&Call::change(purchase, what, path, &[])).await? {
            Ok(intent) => Ok(Stands::Done(intent.told(purchase)?.charge.state)),
            Err(problem) => Ok(Stands::Refused(self.look(purchase, charge).await?.charge.state, problem)),
        }
    }

    /// Asks, and asks once more where the connection broke: under the same key that is the same call.
    async fn ask<T: DeserializeOwned>(&self, call: &Call) -> Result<Result<T, Problem>, Unheard> {
        let asked = async {
            match self.send(call).await {
                Err(error) if !error.is_user() => self.send(call).await,
                sent => sent,
            }
        };
        let heard = tokio::time::timeout(self.patience, asked).await;
        let heard = heard.map_err(|_| Unheard(format!("Stripe says nothing for {:?}", self.patience)))?;
        heard.map_err(|error| Unheard(causes(&error)))?.read()
    }

    async fn send(&self, call: &Call) -> Result<Heard, ConnectorError> {
        let request =
            self.http.request(&call.path).header(AUTHORIZATION, &self.authorization).header("stripe-version", VERSION);
        let request = match &call.change {
            None => request.body(SdkBody::empty()),
            Some(Change { key, form }) => request
                .method("POST")
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(CONTENT_LENGTH, form.len())
                .header("idempotency-key", key)
                .body(SdkBody::from(form.as_str())),
        };
        let heard = self.http.send(request).await?;
        let request = heard.headers.get("request-id").map(str::to_owned);
        Ok(Heard { status: heard.status, request, body: heard.body })
    }
}

/// How an intent stands after it was to be changed.
enum Stands {
    Done(ChargeState),
    Refused(ChargeState, Problem),
}

/// The charge's name, if it is one that Stripe gives: it becomes part of a path.
fn own(charge: &ChargeId) -> Result<&str, Unheard> {
    let name = charge.as_str();
    let good = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    good.then_some(name).ok_or_else(|| Unheard("the charge is none of Stripe's".to_owned()))
}

fn refused(purchase: PurchaseId, problem: &Problem) -> Unheard {
    Unheard(format!("Stripe refuses what is asked of {purchase}: {}", problem.name()))
}
