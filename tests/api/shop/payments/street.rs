//! A street of customers who come one after the other, each to a fate of their own; and what brings their purchases to an end.

use std::{collections::BTreeMap, vec};

use croupier_rules::shop::purchase::State;
use croupier_tests::{
    fate::{Blow, Fate},
    notice::Notice,
    seat::{Answer, Seat},
    stripe::{Call, Fault, Stripe},
    world::World,
};
use futures_util::future::join_all;

use super::{
    super::{crowd, stock},
    customer::{Customer, Means, RARE, What, open},
    worlds::transactions,
};

/// Customers, and where they buy.
pub struct Street<'a> {
    world: &'a World,
    stripe: Option<&'a Stripe>,
    passers_by: vec::IntoIter<Seat>,
    /// Whoever has come by.
    pub customers: Vec<Customer>,
}

impl<'a> Street<'a> {
    /// A street with so many who may come by.
    pub async fn with(world: &'a World, stripe: Option<&'a Stripe>, passers_by: usize) -> Self {
        open(world).await;
        Self { world, stripe, passers_by: crowd(world, passers_by).await.into_iter(), customers: Vec::new() }
    }

    /// The next one who comes by.
    pub fn customer(&mut self, (what, means): (What, Means), story: String) -> Customer {
        Customer::new(self.passers_by.next().expect("enough of them"), what, means, story)
    }

    /// A purchase is struck at each of its calls of the table in turn, until it is over before that.
    pub async fn struck_at_the_table(&mut self, case: (What, Means), blow: Blow) {
        assert!(self.struck(case, blow, "call", Fate::at).await > 5, "{case:?}");
    }

    /// The same at each of its writes.
    pub async fn struck_at_its_writes(&mut self, case: (What, Means), blow: Blow) {
        assert!(self.struck(case, blow, "write", Fate::at_write).await > 1, "{case:?}");
    }

    async fn struck(&mut self, case: (What, Means), blow: Blow, kind: &str, fate: fn(usize, Blow) -> Fate) -> usize {
        let mut call = 0;
        loop {
            call += 1;
            let customer = self.customer(case, format!("{blow:?} at {kind} {call} of the table"));
            let fate = fate(call, blow);
            let answer = customer.asks_until(self.world, &fate).await;
            assert!(fate.struck() || answer.is_some_and(|answer| answer.status != 503), "{}", customer.story);
            self.customers.push(customer);
            if !fate.struck() {
                return call;
            }
        }
    }

    /// A purchase is struck at each of its calls of the gateway in turn. Where the gateway does not answer, the function ends.
    pub async fn struck_at_the_gateway(&mut self, case: (What, Means), stripe: &Stripe, faults: &[Fault]) {
        let begin = stripe.requests().len();
        let customer = self.customer(case, "all is well".to_owned());
        customer.asks(self.world).await;
        self.customers.push(customer);
        let calls: Vec<Call> = stripe.requests()[begin..].iter().map(|request| request.call.expect("a call")).collect();
        assert!(!calls.is_empty());
        for (place, call) in calls.iter().enumerate() {
            let before = calls[..place].iter().filter(|before| *before == call).count();
            for fault in faults {
                let customer = self.customer(case, format!("{fault:?} at call {place} of the gateway"));
                let asked = stripe.requests().len() + place + 1;
                stripe.plan(*call, &vec![Fault::Nothing; before]);
                stripe.plan(*call, &[*fault; 8]);
                if [Fault::Stall, Fault::Held].contains(fault) {
                    tokio::select! {
                        answer = customer.asks(self.world) => panic!("{}: {answer:?}", customer.story),
                        () = stripe.until_asked(asked) => {}
                    }
                } else {
                    customer.asks(self.world).await;
                }
                stripe.behave();
                self.customers.push(customer);
            }
        }
    }

    /// Lets payers do what they do, if they were asked to.
    pub async fn payers_decide(&self) {
        let Some(stripe) = self.stripe else { return };
        for customer in
            self.customers.iter().filter(|customer| [Means::Confirms, Means::Fails].contains(&customer.means))
        {
            let Some(purchase) = customer.purchase(self.world).await else { continue };
            if stripe.charge(purchase.id).as_deref() != Some("requires_action") {
                continue;
            }
            if customer.means == Means::Confirms {
                stripe.payer_confirms(purchase.id);
            } else {
                stripe.payer_fails(purchase.id);
            }
        }
    }

    /// Whoever does not know yet how it ended asks again.
    pub async fn customers_ask(&self) {
        let waiting = self.customers.iter().filter(|customer| !customer.knows());
        join_all(waiting.map(|customer| customer.asks(self.world))).await;
    }

    /// The gateway tells of all that it knows, all at once; tells what it was answered.
    pub async fn the_gateway_tells(&self) -> Vec<Answer> {
        let stripe = self.stripe.expect("one that tells");
        let now = self.world.now();
        let mut notices = Vec::new();
        for customer in &self.customers {
            if let Some(purchase) = customer.purchase(self.world).await
                && stripe.charge(purchase.id).is_some()
            {
                notices.push(Notice::from(stripe.event(purchase.id, now)));
            }
        }
        join_all(notices.iter().map(|notice| notice.invoke(self.world))).await
    }

    /// That all is as it has to be, and that most of them got as far as to begin.
    pub async fn ends_well(&self) {
        let (mut sold, mut begun) = (0, 0);
        let mut purchases = BTreeMap::new();
        for purchase in transactions(self.world, None).await {
            let (buyer, id) = (purchase.player.to_string(), purchase.id);
            assert!(purchases.insert(buyer, purchase).is_none(), "{id} is the second of its buyer");
        }
        for customer in &self.customers {
            let purchase = purchases.get(&customer.seat.id);
            customer.is_content(self.world, purchase).await;
            begun += usize::from(purchase.is_some());
            sold += u64::from(purchase.is_some_and(|purchase| purchase.limited && purchase.state == State::Granted));
        }
        assert!(begun * 3 > self.customers.len() * 2, "{begun} purchases of {} customers", self.customers.len());
        assert_eq!(stock(self.world, RARE).await, (Some(10_000 - sold), 0, sold));
    }
}
