//! Whoever buys something once, by some means of payment, and what has to come of it whatever happens in between.

use std::cell::RefCell;

use croupier_rules::shop::purchase::{Purchase, Reason, State};
use croupier_tests::{
    fate::{Asked, Fate},
    seat::{Answer, Seat},
    world::World,
};
use croupier_web::{error::Code, pay::Gateway};
use serde_json::{Value, json};

use super::{super::Keeper, worlds::transactions};

/// What all customers of a limited package buy.
pub const RARE: &str = "RARE";
/// What comes off its price.
const PROMO: &str = "EASIER";

/// What a customer buys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A product.
    Product,
    /// Of a limited package, with a promo code.
    Limited,
    /// Of a limited package, which is held first.
    Held,
}

/// By which means a customer pays, or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Means {
    /// A card that is good.
    Good,
    /// A card that is not.
    Declined,
    /// A card that is good, until the money is to be had.
    CaptureFails,
    /// The payer has to confirm, and does.
    Confirms,
    /// The payer has to confirm, and cannot.
    Fails,
    /// The payer has to confirm, and never comes.
    NeverComes,
    /// The gateway says nothing for a minute.
    Silence,
}

impl Means {
    /// What stands for it at the stand-in of Stripe.
    pub const fn at_stripe(self) -> &'static str {
        match self {
            Self::Good | Self::Silence => "pm_card_visa",
            Self::Declined => "pm_card_chargeDeclined",
            Self::CaptureFails => "pm_captureFails",
            Self::Confirms | Self::Fails | Self::NeverComes => "pm_card_authenticationRequired",
        }
    }

    /// What stands for it in the sandbox.
    const fn in_the_sandbox(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Declined | Self::Fails | Self::NeverComes => "declined",
            Self::CaptureFails => "capture_fails",
            Self::Confirms => "pending",
            Self::Silence => "timeout",
        }
    }

    /// What comes of it.
    fn comes_to(self, what: What) -> ((State, Option<Reason>), Option<Code>) {
        let failed = |reason, code| ((State::Voided, Some(reason)), Some(code));
        match self {
            Self::Good | Self::Confirms | Self::Silence => ((State::Granted, None), None),
            Self::Declined | Self::Fails => failed(Reason::Declined, Code::PaymentDeclined),
            Self::CaptureFails => failed(Reason::CaptureFailed, Code::PaymentDeclined),
            Self::NeverComes if what == What::Product => failed(Reason::NotPaid, Code::PaymentDeclined),
            Self::NeverComes => failed(Reason::HoldExpired, Code::HoldExpired),
        }
    }
}

/// Puts on sale what customers buy.
pub async fn open(world: &World) {
    let keeper = Keeper::of(world).await;
    keeper.package(RARE, json!({ "stock": 10_000, "per_user_limit": 1 })).await.ok();
    keeper.promo(PROMO, json!({ "off_cents": 50, "max_uses": 10_000, "per_user_limit": 1 })).await.ok();
}

/// Whoever buys something once, under one key.
pub struct Customer {
    /// Who it is.
    pub seat: Seat,
    /// What is bought.
    pub what: What,
    /// How it is paid.
    pub means: Means,
    /// What befalls the first try, in words.
    pub story: String,
    /// Whether time may run out before it is paid.
    pub may_be_late: bool,
    told: RefCell<Vec<Answer>>,
}

impl Customer {
    /// Somebody who is about to buy.
    pub fn new(seat: Seat, what: What, means: Means, story: String) -> Self {
        Self { seat, what, means, story, may_be_late: false, told: RefCell::default() }
    }

    /// Asks for it, with the one key, and remembers the answer.
    pub async fn asks(&self, world: &World) -> Answer {
        let token = match world.running().app.payments {
            Some(Gateway::Sandbox(_)) => self.means.in_the_sandbox(),
            _ => self.means.at_stripe(),
        };
        let asked = match self.what {
            What::Product => {
                let body = json!({ "sku": "COIN_PACK_MED", "quantity": 2, "payment_token": token });
                Asked::of("buy", "the-only-one", body)
            }
            What::Limited => {
                let body = json!({ "code": RARE, "quantity": 1, "payment_token": token, "promo_code": PROMO });
                Asked::of("buy-limited", "the-only-one", body)
            }
            What::Held => {
                let hold = Asked::of("hold-create", "the-only-hold", json!({ "code": RARE, "quantity": 1 }));
                let held = hold.by(world, &self.seat).await;
                if held.status != 200 {
                    return self.hears(held);
                }
                let id = held.ok()["hold_id"].as_str().expect("an id").to_owned();
                Asked::of("hold-finalize", "the-only-one", json!({ "payment_token": token })).about("hold_id", &id)
            }
        };
        self.hears(asked.by(world, &self.seat).await)
    }

    /// Asks for it, and something may come in between.
    pub async fn asks_until(&self, world: &World, fate: &Fate) -> Option<Answer> {
        fate.befalls(self.asks(world)).await
    }

    fn hears(&self, answer: Answer) -> Answer {
        self.told.borrow_mut().push(answer.clone());
        answer
    }

    /// Whether it is over, as far as the customer was told.
    pub fn knows(&self) -> bool {
        self.told.borrow().last().is_some_and(is_final)
    }

    /// The purchase, if it came to one.
    pub async fn purchase(&self, world: &World) -> Option<Purchase> {
        let player = self.seat.id.parse().expect("an id");
        let mut found = transactions(world, Some(player)).await;
        assert!(found.len() <= 1, "{}: {found:?}", self.story);
        found.pop()
    }

    /// That the purchase, if there is one, ended as it has to, that nobody was told anything else, and that it is told again.
    pub async fn is_content(&self, world: &World, purchase: Option<&Purchase>) {
        let context = format!("{:?} {:?} {}", self.what, self.means, self.story);
        let Some(purchase) = purchase else {
            assert!(!self.told.borrow().iter().any(|answer| answer.status == 200), "{context}");
            assert_eq!(self.seat.balance().await.0, 1000, "{context}");
            return;
        };
        let is = (purchase.state, purchase.reason);
        let late = self.may_be_late && is != self.means.comes_to(self.what).0;
        let (comes_to, code) = if late { Means::NeverComes } else { self.means }.comes_to(self.what);
        assert_eq!(is, comes_to, "{context}");
        let last = self.asks(world).await;
        let status = code.map_or(200, Code::status);
        assert_eq!((last.status, last.code().as_str()), (status, code.map_or("", Code::text)), "{context}");
        if purchase.state == State::Granted {
            assert!(last.replayed(), "{context}");
            assert_eq!(last.ok()["balance"], 1000 + purchase.grants.coins.get(), "{context}");
        }
        // Whoever was told how it ended was told just that, each time.
        let told = self.told.borrow();
        let mut told = told.iter().skip_while(|answer| !is_final(answer)).peekable();
        let first = told.peek().map(|answer| said(answer)).expect("an end");
        for answer in told {
            assert_eq!(said(answer), first, "{context}");
        }
    }
}

/// What an answer says, but for the name of the request.
fn said(answer: &Answer) -> (u16, Value) {
    let mut body: Value = serde_json::from_str(&answer.body).expect("JSON");
    body.as_object_mut().expect("an object").remove("request_id");
    // To the byte, where it is the answer to a purchase.
    if answer.status == 200 { (200, answer.body.clone().into()) } else { (answer.status, body) }
}

fn is_final(answer: &Answer) -> bool {
    ![202, 503].contains(&answer.status)
}
