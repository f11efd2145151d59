//! Stripe as a payment gateway: what is asked of it, and what its answers mean.

mod unheard;

use std::time::Duration;

use croupier_rules::{
    id::PurchaseId,
    money::Cents,
    name::ChargeId,
    shop::payment::{Charge, ChargeState, PaymentToken},
    time::Timestamp,
};
use croupier_tests::stripe::{API_KEY, Call, Request, Stripe as StandIn, WEBHOOK_SECRET};
use croupier_web::pay::{Bill, Gateway, Notices, Provider, Stripe, Told, Unheard};
use secrecy::ExposeSecret;

const VISA: &str = "pm_card_visa";
const PURCHASE: PurchaseId = PurchaseId::new(1_800_000_000_000, 7);
/// Long enough for whatever is on this machine.
const PATIENCE: Duration = Duration::from_secs(5);
const NOW: i64 = 1_800_000_001_000;

/// The gateway, and whoever stands in for Stripe behind it.
struct Till {
    stripe: StandIn,
    gateway: Gateway,
}

impl Till {
    async fn open() -> Self {
        Self::with(API_KEY, PATIENCE).await
    }

    async fn with(key: &str, patience: Duration) -> Self {
        let stripe = StandIn::start().await;
        let gateway = Gateway::Stripe(Stripe::new(&stripe.endpoint(), &key.into(), patience).expect("a gateway"));
        Self { stripe, gateway }
    }

    async fn authorize(&self, token: &str) -> Result<Told, Unheard> {
        self.authorize_amount(token, 499).await
    }

    async fn authorize_amount(&self, token: &str, amount: u64) -> Result<Told, Unheard> {
        let (token, amount): (PaymentToken, _) = (token.parse().unwrap(), Cents::new(amount).unwrap());
        let bill = Bill { purchase: PURCHASE, amount, currency: "USD", token: &token };
        self.gateway.authorize(&bill, now()).await
    }

    /// A payment with this token.
    async fn charge(&self, token: &str) -> ChargeId {
        self.authorize(token).await.expect("an answer").charge.id.expect("a name")
    }

    async fn capture(&self, charge: &ChargeId) -> Result<ChargeState, Unheard> {
        self.gateway.capture(PURCHASE, charge).await
    }

    async fn void(&self, charge: &ChargeId) -> Result<ChargeState, Unheard> {
        self.gateway.void(PURCHASE, charge).await
    }

    async fn refund(&self, charge: &ChargeId) -> Result<(), Unheard> {
        self.gateway.refund(PURCHASE, charge).await
    }

    async fn look(&self, charge: &ChargeId) -> Result<Told, Unheard> {
        self.gateway.look(PURCHASE, charge, now()).await
    }

    /// Makes a call, and says what came of it in a form that all calls have in common.
    async fn call(&self, call: Call, charge: &ChargeId) -> Result<ChargeState, Unheard> {
        match call {
            Call::Authorize => Ok(self.authorize(VISA).await?.charge.state),
            Call::Capture => self.capture(charge).await,
            Call::Cancel => self.void(charge).await,
            Call::Refund => self.refund(charge).await.map(|()| ChargeState::Captured),
            Call::Look => Ok(self.look(charge).await?.charge.state),
        }
    }

    /// Brings a payment to where a call is the next thing to do.
    async fn before(&self, call: Call) -> ChargeId {
        if call == Call::Authorize {
            return "pi_1".parse().unwrap();
        }
        let charge = self.charge(VISA).await;
        if call == Call::Refund {
            assert_eq!(self.capture(&charge).await, Ok(ChargeState::Captured));
        }
        charge
    }
}

/// Every call, and what comes of it when all goes well.
const CALLS: [(Call, ChargeState); 5] = [
    (Call::Authorize, ChargeState::Authorized),
    (Call::Capture, ChargeState::Captured),
    (Call::Cancel, ChargeState::Cancelled),
    (Call::Refund, ChargeState::Captured),
    (Call::Look, ChargeState::Authorized),
];

fn now() -> Timestamp {
    Timestamp::from_millis(NOW)
}

/// That everything that was done was done once.
fn once_each(stripe: &StandIn) {
    assert!(stripe.effects().values().all(|times| *times == 1), "{:?}", stripe.effects());
}

/// The text of an error, which tells nothing that is secret.
fn discreet(error: &Unheard) -> String {
    let text = format!("{error} {error:?}");
    for secret in [API_KEY, WEBHOOK_SECRET, "pm_", "_secret_", "Bearer"] {
        assert!(!text.contains(secret), "{text}");
    }
    text
}

#[tokio::test]
async fn a_payment_is_asked_for_as_stripe_documents_it() {
    let till = Till::open().await;
    let told = till.authorize(VISA).await.unwrap();
    assert_eq!(told.charge.state, ChargeState::Authorized);
    assert!(told.client_secret.is_none(), "nobody waits for the payer");
    let charge = told.charge.id.unwrap();
    assert_eq!(Some(charge.as_str()), till.stripe.intent(PURCHASE).as_deref());
    assert_eq!((till.stripe.reserved(), till.stripe.captured()), (499, 0));
    assert_eq!(till.capture(&charge).await, Ok(ChargeState::Captured));
    assert_eq!(till.look(&charge).await.unwrap().charge.state, ChargeState::Captured);
    assert_eq!(till.refund(&charge).await, Ok(()));
    assert_eq!((till.stripe.reserved(), till.stripe.captured(), till.stripe.refunded()), (0, 499, 499));

    let requests = till.stripe.requests();
    assert!(requests.iter().all(|request| request.version.as_deref() == Some("2024-06-20")), "{requests:?}");
    let asked: Vec<_> = requests.iter().map(|Request { path, key, .. }| (path.as_str(), key.as_deref())).collect();
    let key = |what: &str| format!("{PURCHASE}.{what}");
    let expected = [
        ("/v1/payment_intents".to_owned(), Some(key("authorize"))),
        (format!("/v1/payment_intents/{charge}/capture"), Some(key("capture"))),
        (format!("/v1/payment_intents/{charge}"), None),
        ("/v1/refunds".to_owned(), Some(key("refund"))),
    ];
    let expected: Vec<_> = expected.iter().map(|(path, key)| (path.as_str(), key.as_deref())).collect();
    assert_eq!(asked, expected);
    let form = &requests[0].form;
    for (name, value) in [
        ("amount", "499"),
        ("currency", "usd"),
        ("payment_method", VISA),
        ("confirm", "true"),
        ("capture_method", "manual"),
        ("automatic_payment_methods[enabled]", "true"),
        ("automatic_payment_methods[allow_redirects]", "never"),
        ("metadata[purchase]", &PURCHASE.to_string()),
    ] {
        assert_eq!(form.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(form.len(), 8);
    once_each(&till.stripe);
}

#[tokio::test]
async fn a_payment_that_waits_for_the_payer_hands_on_what_the_client_needs() {
    for (confirms, state) in [(true, ChargeState::Authorized), (false, ChargeState::Declined)] {
        let till = Till::open().await;
        let told = till.authorize("pm_card_authenticationRequired").await.unwrap();
        assert_eq!(told.charge.state, ChargeState::Pending);
        let charge = told.charge.id.clone().unwrap();
        let secret = told.client_secret.as_ref().expect("a secret").expose_secret().to_owned();
        assert!(secret.starts_with(charge.as_str()) && !format!("{told:?}").contains(&secret));
        let waiting = till.look(&charge).await.unwrap();
        assert_eq!(waiting.charge, told.charge);
        assert_eq!(waiting.client_secret.unwrap().expose_secret(), secret);
        if confirms {
            till.stripe.payer_confirms(PURCHASE);
        } else {
            till.stripe.payer_fails(PURCHASE);
        }
        let told = till.look(&charge).await.unwrap();
        assert_eq!(told.charge.state, state);
        assert!(told.client_secret.is_none());
    }
}

#[tokio::test]
async fn every_status_of_an_intent_says_how_the_payment_stands() {
    let till = Till::open().await;
    let charge = till.charge(VISA).await;
    for (status, state) in [
        ("requires_capture", ChargeState::Authorized),
        ("succeeded", ChargeState::Captured),
        ("canceled", ChargeState::Cancelled),
        ("requires_payment_method", ChargeState::Declined),
        ("requires_confirmation", ChargeState::Declined),
        ("requires_action", ChargeState::Pending),
        ("processing", ChargeState::Pending),
    ] {
        till.stripe.settle(PURCHASE, status);
        let told = till.look(&charge).await.unwrap();
        assert_eq!(told.charge, Charge { id: Some(charge.clone()), state }, "{status}");
        assert_eq!(told.client_secret.is_some(), state == ChargeState::Pending, "{status}");
    }
    till.stripe.settle(PURCHASE, "requires_patience");
    discreet(&till.look(&charge).await.unwrap_err());
}

#[tokio::test]
async fn a_declined_card_is_an_answer_and_the_payment_has_a_name() {
    let till = Till::open().await;
    let declined = till.authorize("pm_card_chargeDeclined").await.unwrap();
    let id = till.stripe.intent(PURCHASE).unwrap().parse().unwrap();
    assert_eq!(declined.charge, Charge { id: Some(id), state: ChargeState::Declined });
    assert!(declined.client_secret.is_none(), "nobody goes on with it");
    let again = till.authorize("pm_card_chargeDeclined").await.unwrap();
    assert_eq!(again.charge, declined.charge);
    once_each(&till.stripe);
    // It can still be closed, so that nobody else goes on with it either.
    assert_eq!(till.void(&again.charge.id.unwrap()).await, Ok(ChargeState::Cancelled));
}

#[tokio::test]
async fn what_no_repeat_helps_is_declined() {
    for (token, amount) in [(VISA, 49), ("pm_of_somebody_else", 499)] {
        let till = Till::open().await;
        let declined = till.authorize_amount(token, amount).await.unwrap();
        assert_eq!(declined.charge, Charge { id: None, state: ChargeState::Declined }, "{token}");
        assert_eq!(till.stripe.charge(PURCHASE), None);
    }
}

#[tokio::test]
async fn a_wrong_api_key_is_our_fault_and_declines_nobody() {
    let till = Till::with("sk_test_of_another_shop", PATIENCE).await;
    for (call, _) in CALLS {
        let error = till.call(call, &"pi_1".parse().unwrap()).await.unwrap_err();
        assert!(discreet(&error).contains("API key"), "{error}");
        assert!(!error.to_string().contains("another_shop"), "{error}");
    }
}

#[tokio::test]
async fn a_capture_tells_how_it_ended_whatever_went_before() {
    for (status, captured) in [
        ("succeeded", Some(ChargeState::Captured)),
        ("canceled", Some(ChargeState::Cancelled)),
        ("requires_payment_method", Some(ChargeState::Declined)),
        ("requires_confirmation", Some(ChargeState::Declined)),
        // The payer, or a bank, may still say yes.
        ("requires_action", None),
        ("processing", None),
    ] {
        let till = Till::open().await;
        let charge = till.charge(VISA).await;
        till.stripe.settle(PURCHASE, status);
        let told = till.capture(&charge).await;
        if let Err(error) = &told {
            discreet(error);
        }
        assert_eq!(told.ok(), captured, "{status}");
    }
    let till = Till::open().await;
    let charge = till.charge("pm_captureFails").await;
    assert_eq!(till.capture(&charge).await, Ok(ChargeState::Declined));
    assert_eq!(till.void(&charge).await, Ok(ChargeState::Cancelled));
    assert_eq!(till.stripe.captured(), 0);
}

#[tokio::test]
async fn a_void_that_comes_too_late_says_that_there_is_something_to_refund() {
    for (status, voided) in [
        ("requires_capture", Some(ChargeState::Cancelled)),
        ("requires_action", Some(ChargeState::Cancelled)),
        ("requires_payment_method", Some(ChargeState::Cancelled)),
        ("canceled", Some(ChargeState::Cancelled)),
        ("succeeded", Some(ChargeState::Captured)),
        ("processing", None),
    ] {
        let till = Till::open().await;
        let charge = till.charge(VISA).await;
        till.stripe.settle(PURCHASE, status);
        let told = till.void(&charge).await;
        if let Err(error) = &told {
            discreet(error);
        }
        assert_eq!(told.ok(), voided, "{status}");
    }
}

#[tokio::test]
async fn money_goes_back_once_and_only_money_that_was_taken() {
    let till = Till::open().await;
    let charge = till.charge(VISA).await;
    let error = till.refund(&charge).await.unwrap_err();
    assert!(discreet(&error).contains("payment_intent_unexpected_state"), "{error}");
    till.stripe.forget_keys();
    assert_eq!(till.capture(&charge).await, Ok(ChargeState::Captured));
    assert_eq!(till.refund(&charge).await, Ok(()));
    assert_eq!(till.refund(&charge).await, Ok(()));
    // The day after, it is another call, and still nothing to give back.
    till.stripe.forget_keys();
    assert_eq!(till.refund(&charge).await, Ok(()));
    assert_eq!(till.capture(&charge).await, Ok(ChargeState::Captured));
    assert_eq!((till.stripe.captured(), till.stripe.refunded()), (499, 499));
    once_each(&till.stripe);
}

#[tokio::test]
async fn a_key_that_comes_with_another_bill_is_no_answer() {
    let till = Till::open().await;
    till.authorize(VISA).await.unwrap();
    let error = till.authorize_amount(VISA, 999).await.unwrap_err();
    assert!(discreet(&error).contains("idempotency_error"), "{error}");
    assert_eq!(till.stripe.reserved(), 499);
}

#[tokio::test]
async fn a_charge_of_another_purchase_or_another_gateway_is_not_taken_for_ours() {
    let till = Till::open().await;
    let charge = till.charge(VISA).await;
    let other = PurchaseId::new(1_800_000_000_000, 8);
    discreet(&till.gateway.look(other, &charge, now()).await.unwrap_err());
    let asked = till.stripe.requests().len();
    for name in ["pi_1/../../v1/refunds", "pi_1?expand=all", "sbx_ok%2e", "."] {
        let invented = name.parse().unwrap();
        for (call, _) in CALLS.into_iter().filter(|(call, _)| *call != Call::Authorize) {
            till.call(call, &invented).await.expect_err(name);
        }
    }
    assert_eq!(till.stripe.requests().len(), asked);
    // What nobody knows there is no decision of a bank.
    for (call, _) in CALLS.into_iter().filter(|(call, _)| *call != Call::Authorize) {
        discreet(&till.call(call, &"pi_77".parse().unwrap()).await.unwrap_err());
    }
}

#[test]
fn our_key_travels_encrypted_or_not_at_all() {
    let gateway = |endpoint: &str, key: &str| Stripe::new(endpoint, &key.into(), PATIENCE).map(|_| ());
    for endpoint in ["http://api.stripe.com", "http://10.0.0.1:80", "ftp://127.0.0.1", "api.stripe.com", "", "https://"]
    {
        let refusal = gateway(endpoint, API_KEY).expect_err(endpoint).to_string();
        assert!(refusal.contains("PAYMENT_ENDPOINT"), "{refusal}");
    }
    let refusal = gateway("http://127.0.0.1:1", "sk_with_a\nline").expect_err("no header").to_string();
    assert!(!refusal.contains("sk_with_a"), "{refusal}");
}

#[tokio::test]
async fn what_stripe_tells_of_a_payment_is_read_as_a_notice_of_it() {
    let till = Till::open().await;
    till.charge(VISA).await;
    let notices = Notices::new(Provider::Stripe, &WEBHOOK_SECRET.into()).unwrap();
    let read = |headers: &[(&str, String)], body: &str| {
        let header = |wanted: &str| headers.iter().find(|(name, _)| *name == wanted).map(|(_, value)| value.as_str());
        notices.read(header, body.as_bytes(), now())
    };
    let (headers, body) = till.stripe.event(PURCHASE, now());
    let notice = read(&headers, &body).unwrap();
    assert_eq!((notice.purchase, notice.charge.clone()), (PURCHASE, None));
    // Told once more, it is the same event in another delivery.
    let later = read(&StandIn::sign(&body, now().after(Duration::from_secs(60))), &body).unwrap();
    assert_eq!(later.event, notice.event);
    assert_ne!(later.nonce, notice.nonce);
    let (headers, body) = till.stripe.event(PURCHASE, now());
    assert_ne!(read(&headers, &body).unwrap().event, notice.event);
}
