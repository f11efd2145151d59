//! A gateway that moves no money, for development and tests.
//!
//! It keeps nothing, since many processes are it: what becomes of a payment follows from its token and from the time.

use std::time::Duration;

use croupier_rules::{
    id::PurchaseId,
    name::ChargeId,
    shop::payment::{Charge, ChargeState},
    time::Timestamp,
};

use super::{Bill, Told, Unheard};

/// How old a purchase is when its `pending` payment is authorized.
const PAYER_DECIDES: Duration = Duration::from_secs(30);

/// How old a purchase is when its `timeout` payment is answered at last.
const SILENCE: Duration = Duration::from_secs(60);

const PREFIX: &str = "sbx_";

/// A gateway that moves no money.
///
/// Its tokens are `ok`, `declined`, `capture_fails`, `pending` (the payer decides after 30 seconds) and `timeout` (there is no
/// answer for 60 seconds). Any other is declined.
#[derive(Debug, Clone, Copy)]
pub struct Sandbox;

/// What becomes of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Ok,
    Declined,
    CaptureFails,
    Pending,
    Timeout,
}

impl Script {
    const ALL: [Self; 5] = [Self::Ok, Self::Declined, Self::CaptureFails, Self::Pending, Self::Timeout];

    const fn text(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Declined => "declined",
            Self::CaptureFails => "capture_fails",
            Self::Pending => "pending",
            Self::Timeout => "timeout",
        }
    }

    fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|script| script.text() == text)
    }

    /// The script that a charge's id carries, if it is the charge of this purchase.
    fn of(charge: &ChargeId, purchase: PurchaseId) -> Result<Self, Unheard> {
        let rest = charge.as_str().strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(&purchase.to_string()));
        let script = rest.and_then(|rest| rest.strip_suffix('_')).and_then(Self::named);
        script.ok_or_else(|| Unheard(format!("the sandbox has no such charge for {purchase}")))
    }

    fn charge(self, purchase: PurchaseId, state: ChargeState) -> Result<Told, Unheard> {
        let id = format!("{PREFIX}{}_{purchase}", self.text()).parse();
        let id = id.map_err(|_| Unheard("the sandbox has no name for a charge".to_owned()))?;
        Ok(Told { charge: Charge { id: Some(id), state }, client_secret: None })
    }

    /// What the gateway knows of a payment at a time.
    fn stands(self, purchase: PurchaseId, now: Timestamp) -> Result<ChargeState, Unheard> {
        let age = now.since(purchase.at());
        match self {
            Self::Ok | Self::CaptureFails => Ok(ChargeState::Authorized),
            Self::Declined => Ok(ChargeState::Declined),
            Self::Pending if age < PAYER_DECIDES => Ok(ChargeState::Pending),
            Self::Timeout if age < SILENCE => Err(Unheard("the sandbox says nothing yet".to_owned())),
            Self::Pending | Self::Timeout => Ok(ChargeState::Authorized),
        }
    }
}

impl Sandbox {
    pub(super) fn authorize(self, bill: &Bill<'_>, now: Timestamp) -> Result<Told, Unheard> {
        let script = Script::named(bill.token.reveal()).unwrap_or(Script::Declined);
        let state = match script {
            // As a gateway that knows the key again: it says what it said the first time.
            Script::Pending => ChargeState::Pending,
            script => script.stands(bill.purchase, now)?,
        };
        script.charge(bill.purchase, state)
    }

    pub(super) fn capture(self, purchase: PurchaseId, charge: &ChargeId) -> Result<ChargeState, Unheard> {
        Ok(match Script::of(charge, purchase)? {
            Script::Ok | Script::Pending | Script::Timeout => ChargeState::Captured,
            Script::Declined | Script::CaptureFails => ChargeState::Declined,
        })
    }

    pub(super) fn void(self, purchase: PurchaseId, charge: &ChargeId) -> Result<ChargeState, Unheard> {
        Script::of(charge, purchase).map(|_| ChargeState::Cancelled)
    }

    pub(super) fn refund(self, purchase: PurchaseId, charge: &ChargeId) -> Result<(), Unheard> {
        Script::of(charge, purchase).map(|_| ())
    }

    pub(super) fn look(self, purchase: PurchaseId, charge: &ChargeId, now: Timestamp) -> Result<Told, Unheard> {
        let script = Script::of(charge, purchase)?;
        script.charge(purchase, script.stands(purchase, now)?)
    }
}

#[cfg(test)]
mod tests {
    use croupier_rules::money::Cents;

    use super::*;

    const PURCHASE: PurchaseId = PurchaseId::new(1_800_000_000_000, 7);

    fn after(seconds: u64) -> Timestamp {
        PURCHASE.at().after(Duration::from_secs(seconds))
    }

    fn authorize(token: &str, seconds: u64) -> Result<Told, Unheard> {
        let (token, amount) = (token.parse().unwrap(), Cents::new(499).unwrap());
        let bill = Bill { purchase: PURCHASE, amount, currency: "USD", token: &token };
        Sandbox.authorize(&bill, after(seconds))
    }

    fn charge(token: &str) -> ChargeId {
        authorize(token, 60).unwrap().charge.id.unwrap()
    }

    #[test]
    fn a_token_says_what_becomes_of_its_payment() {
        for (token, authorized, captured) in [
            ("ok", ChargeState::Authorized, ChargeState::Captured),
            ("declined", ChargeState::Declined, ChargeState::Declined),
            ("capture_fails", ChargeState::Authorized, ChargeState::Declined),
            ("pending", ChargeState::Pending, ChargeState::Captured),
            ("timeout", ChargeState::Authorized, ChargeState::Captured),
            ("OK", ChargeState::Declined, ChargeState::Declined),
            ("4242424242424242", ChargeState::Declined, ChargeState::Declined),
        ] {
            let told = authorize(token, 60).unwrap();
            assert_eq!(told.charge.state, authorized, "{token}");
            let charge = told.charge.id.unwrap();
            assert_eq!(Sandbox.capture(PURCHASE, &charge), Ok(captured), "{token}");
            assert_eq!(Sandbox.void(PURCHASE, &charge), Ok(ChargeState::Cancelled), "{token}");
            assert_eq!(Sandbox.refund(PURCHASE, &charge), Ok(()), "{token}");
        }
    }

    #[test]
    fn asked_again_it_tells_the_same() {
        let told = |token, seconds| authorize(token, seconds).unwrap().charge;
        for token in ["ok", "declined", "capture_fails", "pending"] {
            assert_eq!(told(token, 0), told(token, 86_400), "{token}");
        }
    }

    #[test]
    fn the_payer_decides_when_the_purchase_is_thirty_seconds_old() {
        let charge = charge("pending");
        let state = |seconds| Sandbox.look(PURCHASE, &charge, after(seconds)).unwrap().charge.state;
        assert_eq!(
            [state(0), state(29), state(30)],
            [ChargeState::Pending, ChargeState::Pending, ChargeState::Authorized]
        );
    }

    #[test]
    fn silence_ends_when_the_purchase_is_sixty_seconds_old() {
        assert!(authorize("timeout", 0).is_err() && authorize("timeout", 59).is_err());
        let charge = authorize("timeout", 60).unwrap().charge;
        assert_eq!(charge.state, ChargeState::Authorized);
        let looked = |seconds| Sandbox.look(PURCHASE, charge.id.as_ref().unwrap(), after(seconds));
        assert!(looked(59).is_err());
        assert_eq!(looked(60).unwrap().charge, charge);
    }

    #[test]
    fn a_charge_is_good_for_its_own_purchase_and_an_invented_one_for_none() {
        let other = PurchaseId::new(1_800_000_000_000, 8);
        assert!(Sandbox.capture(other, &charge("ok")).is_err());
        for name in ["pi_3abc", "sbx_", "sbx_ok", "sbx__", &format!("sbx_{PURCHASE}"), &format!("sbx_more_{PURCHASE}")]
        {
            let charge = name.parse().unwrap();
            assert!(Sandbox.capture(PURCHASE, &charge).is_err(), "{name}");
            assert!(Sandbox.void(PURCHASE, &charge).is_err(), "{name}");
            assert!(Sandbox.refund(PURCHASE, &charge).is_err(), "{name}");
            assert!(Sandbox.look(PURCHASE, &charge, after(60)).is_err(), "{name}");
        }
    }
}
