//! Payment gateways: they reserve money, take it, and give it back, and they send notices of what became of it.
//!
//! No card data ever gets here: a client shows them to the gateway and gets a token for them. Every call that changes something
//! has a key of its own, made from the purchase's id, so that a call whose answer was lost can be made again and happens once.

mod notice;
mod sandbox;
mod stripe;

use std::str::FromStr;

use croupier_rules::{
    id::PurchaseId,
    money::Cents,
    name::ChargeId,
    shop::payment::{Charge, ChargeState, PaymentToken},
    time::Timestamp,
};
use secrecy::SecretString;

pub use self::{
    notice::{Notice, NoticeFault, Notices},
    sandbox::Sandbox,
    stripe::Stripe,
};

/// Which gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// One that moves no money: what becomes of a payment is said by its token.
    Sandbox,
    /// Stripe.
    Stripe,
}

/// A text that names no gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be sandbox or stripe")]
pub struct NoProvider;

impl FromStr for Provider {
    type Err = NoProvider;

    fn from_str(text: &str) -> Result<Self, NoProvider> {
        match text {
            "sandbox" => Ok(Self::Sandbox),
            "stripe" => Ok(Self::Stripe),
            _ => Err(NoProvider),
        }
    }
}

/// What is to be paid for. The same purchase always has the same bill: a gateway refuses a key that comes with something else.
#[derive(Debug, Clone, Copy)]
pub struct Bill<'a> {
    /// The purchase.
    pub purchase: PurchaseId,
    /// How much.
    pub amount: Cents,
    /// In which currency, by its ISO 4217 code.
    pub currency: &'a str,
    /// What the client got for the means of payment.
    pub token: &'a PaymentToken,
}

/// What a gateway tells.
#[derive(Debug, Clone)]
pub struct Told {
    /// The payment.
    pub charge: Charge,
    /// What the client needs to go on with a payment that waits for the payer.
    pub client_secret: Option<SecretString>,
}

/// There is no answer that can be relied on: it may have happened. Asked again, it happens once.
///
/// The text is for the log, and holds neither a token nor a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the payment gateway was not heard: {0}")]
pub struct Unheard(pub String);

/// A gateway.
pub enum Gateway {
    /// One that moves no money.
    Sandbox(Sandbox),
    /// Stripe.
    Stripe(Stripe),
}

impl Gateway {
    /// Asks for the money to be reserved. Asked again, it tells what it told the first time, which may be outdated.
    ///
    /// # Errors
    /// No answer that can be relied on: the money may be reserved.
    pub async fn authorize(&self, bill: &Bill<'_>, now: Timestamp) -> Result<Told, Unheard> {
        match self {
            Self::Sandbox(sandbox) => sandbox.authorize(bill, now),
            Self::Stripe(stripe) => stripe.authorize(bill).await,
        }
    }

    /// Takes the money that is reserved: `Captured`, or `Declined` or `Cancelled` where it never will be.
    ///
    /// # Errors
    /// No answer that can be relied on: the money may be ours.
    pub async fn capture(&self, purchase: PurchaseId, charge: &ChargeId) -> Result<ChargeState, Unheard> {
        match self {
            Self::Sandbox(sandbox) => sandbox.capture(purchase, charge),
            Self::Stripe(stripe) => stripe.capture(purchase, charge).await,
        }
    }

    /// Lets go of the money that is reserved: `Cancelled`, or `Captured` where it is too late for that and it has to be
    /// refunded.
    ///
    /// # Errors
    /// No answer that can be relied on: the money may be free again.
    pub async fn void(&self, purchase: PurchaseId, charge: &ChargeId) -> Result<ChargeState, Unheard> {
        match self {
            Self::Sandbox(sandbox) => sandbox.void(purchase, charge),
            Self::Stripe(stripe) => stripe.void(purchase, charge).await,
        }
    }

    /// Gives all of the money back; that it was given back before is no error.
    ///
    /// # Errors
    /// No answer that can be relied on: the money may be on its way back.
    pub async fn refund(&self, purchase: PurchaseId, charge: &ChargeId) -> Result<(), Unheard> {
        match self {
            Self::Sandbox(sandbox) => sandbox.refund(purchase, charge),
            Self::Stripe(stripe) => stripe.refund(purchase, charge).await,
        }
    }

    /// How the payment stands now; one that was refunded is `Captured` all the same.
    ///
    /// # Errors
    /// No answer that can be relied on.
    pub async fn look(&self, purchase: PurchaseId, charge: &ChargeId, now: Timestamp) -> Result<Told, Unheard> {
        match self {
            Self::Sandbox(sandbox) => sandbox.look(purchase, charge, now),
            Self::Stripe(stripe) => stripe.look(purchase, charge).await,
        }
    }
}
