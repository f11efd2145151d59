//! A purchase, from what is held for a buyer to what is granted, or given up, or given back.
//!
//! ```text
//! held ──► reserved ──► authorized ──► captured ──► granted ──► refunding ──► refunded
//!  │  │     │   │  ▲        │             └──────────────────────►┘
//!  │  │     │   ▼  │        │
//!  │  │     │  pending      │
//!  │  │     ▼   ▼           ▼
//!  │  │     voiding ──────────────► voided
//!  ▼  ▼
//! released, expired
//! ```
//!
//! Each step is a conditional write of its own, made before the next call of the gateway. Two steps only go forward: what is
//! authorized in time is captured unless the gateway refuses, and what is captured is granted or refunded.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    id::{PlayerId, PurchaseId},
    name::{ChargeId, PromoCode, Sku, Title},
    shop::{
        Grants, Price,
        payment::{Charge, ChargeState, PaymentToken},
    },
    time::Timestamp,
};

/// How a purchase stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Stock is held for a buyer who has not begun to pay.
    Held,
    /// The buyer took it back.
    Released,
    /// The buyer did not come in time.
    Expired,
    /// The gateway is asked to authorize the payment.
    Reserved,
    /// The gateway waits for the payer.
    Pending,
    /// The gateway has set the money aside.
    Authorized,
    /// The money is ours.
    Captured,
    /// The buyer has what was bought.
    Granted,
    /// It was given up; what the gateway may have set aside is to be let go.
    Voiding,
    /// It was given up.
    Voided,
    /// The money is to be given back.
    Refunding,
    /// The money was given back.
    Refunded,
}

/// How a purchase stands, as a player is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// The payment is under way, or waits for the payer.
    Pending,
    /// The payment is certain, the goods are on their way.
    Authorized,
    /// Paid and granted.
    Success,
    /// The payment was refused.
    Failed,
    /// Taken back, and the money with it.
    Refunded,
    /// Given up before any money moved.
    Voided,
}

/// Why a purchase came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The gateway said no.
    Declined,
    /// The gateway authorized the payment and would not capture it.
    CaptureFailed,
    /// What was held was not paid for in time.
    HoldExpired,
    /// The payer did not come in time.
    NotPaid,
    /// An operator gave it up.
    GivenUp,
    /// The buyer's balance had no room for what was bought.
    NoRoom,
}

/// What was agreed on when the payment began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deal {
    /// What all of it costs.
    pub total: Price,
    /// What came off the price, in percent.
    #[serde(default)]
    pub discount_percent: u32,
    /// The promo code that came off as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promo: Option<PromoCode>,
}

/// A purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purchase {
    /// Which one.
    pub id: PurchaseId,
    /// Whose it is.
    pub player: PlayerId,
    /// How often this record was written.
    pub revision: u64,
    /// How it stands.
    pub state: State,
    /// What it is of.
    pub sku: Sku,
    /// The same in words.
    pub title: Title,
    /// Whether it is of a limited package, whose stock it holds.
    pub limited: bool,
    /// How many.
    pub quantity: u32,
    /// What one costs before anything comes off.
    pub unit: Price,
    /// What all of them give.
    pub grants: Grants,
    /// What was agreed on; nothing yet for what is only held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<Deal>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Until when the payment must be authorized.
    pub deadline: Timestamp,
    /// When somebody has to look at it; nobody, once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// The means of payment; forgotten as soon as the gateway has named the charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<PaymentToken>,
    /// The gateway's name for the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<ChargeId>,
    /// Why it came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// What has to be done about a purchase next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing: it is over, or its buyer has time left.
    Nothing,
    /// The buyer's time is over: give the stock back.
    Expire,
    /// The time is over: give the purchase up.
    GiveUp(Reason),
    /// Ask the gateway to authorize the payment, again if need be: its key makes it one.
    Authorize,
    /// Ask the gateway how the payment stands.
    Look,
    /// Ask the gateway for the money.
    Capture,
    /// Grant what was bought.
    Grant,
    /// Tell the gateway to let the money go.
    Void,
    /// Tell the gateway to give the money back.
    Refund,
}

/// Where an answer of the gateway leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// To another state; the player's record is not touched.
    To(Box<Purchase>),
    /// To an end without a grant, which the player's ledger tells; with the name of the charge, if it has got one by now.
    GiveUp(Option<ChargeId>, Reason),
    /// Nowhere: it stands as it stood.
    Stay,
}

/// How long a purchase is left to whoever works on it before somebody looks after it.
const LEASE: Duration = Duration::from_secs(30);
/// The longest pause between two looks at what waits for its payer.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

impl Purchase {
    /// How it stands, as a player is told; nothing, as long as or since it is no more than held.
    pub const fn status(&self) -> Option<Status> {
        match self.state {
            State::Held | State::Released | State::Expired => None,
            State::Reserved | State::Pending => Some(Status::Pending),
            State::Authorized | State::Captured => Some(Status::Authorized),
            State::Granted => Some(Status::Success),
            State::Voiding | State::Voided => Some(match self.reason {
                Some(Reason::Declined | Reason::CaptureFailed) => Status::Failed,
                _ => Status::Voided,
            }),
            State::Refunding | State::Refunded => Some(Status::Refunded),
        }
    }

    /// Whether it holds stock that is neither free nor sold.
    pub const fn holds_stock(&self) -> bool {
        let open =
            matches!(self.state, State::Held | State::Reserved | State::Pending | State::Authorized | State::Captured);
        self.limited && open
    }

    /// Whether what was bought was granted once, even if it was taken back later.
    pub const fn was_granted(&self) -> bool {
        matches!(self.state, State::Granted | State::Refunding | State::Refunded) && self.reason.is_none()
    }

    /// Whether nothing more will happen to it by itself.
    pub const fn is_over(&self) -> bool {
        self.due.is_none()
    }

    /// What has to be done next.
    pub fn next(&self, now: Timestamp) -> Next {
        let late = now >= self.deadline;
        match self.state {
            State::Held if late => Next::Expire,
            State::Reserved | State::Pending if late => Next::GiveUp(self.too_late()),
            State::Reserved => Next::Authorize,
            State::Pending => Next::Look,
            State::Authorized => Next::Capture,
            State::Captured => Next::Grant,
            State::Voiding if self.charge.is_none() => Next::Authorize,
            State::Voiding => Next::Void,
            State::Refunding => Next::Refund,
            State::Held | State::Released | State::Expired | State::Granted | State::Voided | State::Refunded => {
                Next::Nothing
            }
        }
    }

    /// Why it is given up when its time is over.
    const fn too_late(&self) -> Reason {
        if self.limited { Reason::HoldExpired } else { Reason::NotPaid }
    }

    /// Where it leads that the gateway answers [`Next::Authorize`] or [`Next::Look`] like this.
    pub fn heard(&self, charge: &Charge, now: Timestamp) -> Turn {
        let named = Self { charge: charge.id.clone().or_else(|| self.charge.clone()), ..self.clone() };
        match (self.state, charge.state) {
            (State::Voiding, ChargeState::Declined | ChargeState::Cancelled) => named.to(State::Voided, now),
            // A charge without a name cannot be let go, and holds nothing.
            (State::Voiding, _) if named.charge.is_none() => named.to(State::Voided, now),
            (State::Voiding, _) => named.to(State::Voiding, now),
            (State::Reserved | State::Pending, ChargeState::Declined | ChargeState::Cancelled) => {
                Turn::GiveUp(named.charge, Reason::Declined)
            }
            (State::Reserved | State::Pending, _) if now >= self.deadline => {
                Turn::GiveUp(named.charge, self.too_late())
            }
            // What has no name can be neither captured nor let go.
            (State::Reserved, _) if named.charge.is_none() => Turn::Stay,
            (State::Pending, ChargeState::Pending) => Turn::Stay,
            (State::Reserved, ChargeState::Pending) => named.to(State::Pending, now),
            (State::Reserved | State::Pending, ChargeState::Authorized | ChargeState::Captured) => {
                named.to(State::Authorized, now)
            }
            _ => Turn::Stay,
        }
    }

    /// Where it leads that the gateway answers [`Next::Capture`] like this.
    pub fn captured(&self, answer: ChargeState, now: Timestamp) -> Turn {
        match answer {
            ChargeState::Captured => self.clone().to(State::Captured, now),
            ChargeState::Declined | ChargeState::Cancelled => Turn::GiveUp(None, Reason::CaptureFailed),
            ChargeState::Pending | ChargeState::Authorized => Turn::Stay,
        }
    }

    /// The purchase when the gateway has let the money go, or given it back.
    pub fn let_go(&self, now: Timestamp) -> Turn {
        match self.state {
            State::Voiding => self.clone().to(State::Voided, now),
            State::Refunding => self.clone().to(State::Refunded, now),
            _ => Turn::Stay,
        }
    }

    /// The purchase, to be looked at again later when nothing can be done about it now, so that it keeps nobody from what has
    /// just become due: for a payer who takes long, later and later. What is not due yet stays as it is.
    pub fn put_off(&self, now: Timestamp) -> Option<Self> {
        let due = self.due.filter(|due| *due <= now)?;
        let pause = match self.state {
            State::Pending => (now.since(self.created_at) / 4).clamp(LEASE, LONGEST_PAUSE),
            _ => LEASE,
        };
        let later = now.after(pause);
        // Whoever may be too late is told so in time.
        let later = if now < self.deadline { later.min(self.deadline) } else { later };
        (later > due).then(|| Self { due: Some(later), revision: self.revision + 1, ..self.clone() })
    }

    /// The purchase, to be looked at at once.
    #[must_use]
    pub fn hurried(&self, now: Timestamp) -> Self {
        Self { due: Some(now), updated_at: now, revision: self.revision + 1, ..self.clone() }
    }

    /// The purchase, given up. What is captured goes back. Anything else that the gateway has a name for is let go, even what it
    /// declined: the payer could still try another card there.
    pub(crate) fn given_up(&self, charge: Option<ChargeId>, reason: Reason, now: Timestamp) -> Self {
        let charge = charge.or_else(|| self.charge.clone());
        let state = match (self.state, reason, &charge) {
            (State::Captured, ..) => State::Refunding,
            (_, Reason::Declined, None) => State::Voided,
            _ => State::Voiding,
        };
        Self { reason: Some(reason), ..Self { charge, ..self.clone() }.changed(state, now) }
    }

    fn to(self, state: State, now: Timestamp) -> Turn {
        Turn::To(Box::new(self.changed(state, now)))
    }

    /// The purchase in another state.
    pub(crate) fn changed(self, state: State, now: Timestamp) -> Self {
        let due = match state {
            State::Held => Some(self.deadline),
            State::Reserved | State::Pending => Some(now.after(LEASE).min(self.deadline)),
            State::Authorized | State::Captured | State::Voiding | State::Refunding => Some(now.after(LEASE)),
            State::Released | State::Expired | State::Granted | State::Voided | State::Refunded => None,
        };
        // Whoever is to let a charge go that was never heard of must ask for it by the same token.
        let token = self.token.filter(|_| self.charge.is_none() && due.is_some());
        Self { state, due, token, updated_at: now, revision: self.revision + 1, ..self }
    }
}
