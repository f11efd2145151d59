//! The rules of the shop, for whatever is bought and whatever a gateway says.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected fails")]

use std::time::Duration;

use croupier_rules::{
    Refusal,
    admin::{AdminAction, AuditEntry},
    economy::Economy,
    id::{AuditId, PlayerId, PurchaseId},
    ledger::Decision,
    money::{Cents, Coins, Gems, MOST},
    number::Between,
    player::Player,
    reward::{Prize, Reward, RewardType, award},
    round::Moment,
    shop::{
        Grants, Price, checkout,
        offer::{Effect, Order, ProductSeen, PurchaseSeen},
        payment::{Charge, ChargeState},
        product::Product,
        promo::Off,
        purchase::{Next, Purchase, Reason, State, Status, Turn},
        refund,
        reply::Begun,
    },
    time::Timestamp,
};
use proptest::prelude::*;

const ANN: PlayerId = PlayerId::new(1_800_000_000_000, 1);
const ADMIN: PlayerId = PlayerId::new(1_800_000_000_000, 2);

fn economy() -> Economy {
    Economy::shipped().unwrap()
}

fn at(second: u64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000).after(Duration::from_secs(second))
}

fn ann(economy: &Economy) -> Player {
    Player::sign_up(ANN, false, None, at(0), economy).unwrap().player().clone()
}

fn order(token: Option<&str>) -> Order {
    let token = token.map(|token| token.parse().unwrap());
    Order { id: PurchaseId::new(1_800_000_000_000, 7), quantity: 1, expected_total: None, promo: None, token }
}

fn product(economy: &Economy, sku: &str) -> ProductSeen {
    let seed = economy.shop.products.iter().find(|seed| seed.sku.as_str() == sku).unwrap();
    let product = Product { sku: seed.sku.clone(), terms: seed.terms.clone(), revision: 1 };
    ProductSeen { product: Some(product), promo: None }
}

fn audit() -> AuditEntry {
    AuditEntry {
        id: AuditId::new(1_800_000_000_000, 3),
        at: at(0),
        actor: ADMIN,
        action: AdminAction::UserUpdate,
        target: String::new(),
        before: serde_json::Value::Null,
        after: serde_json::Value::Null,
        request_id: String::new(),
    }
}

/// The purchase that a decision writes.
fn written<R>(decision: &Decision<R>) -> Purchase {
    let mut purchases = decision.effects.iter().rev().filter_map(|effect| match effect {
        Effect::Purchase(purchase) => Some(purchase.as_ref().clone()),
        _ => None,
    });
    purchases.next().unwrap()
}

/// A purchase that waits for the gateway, and its player.
fn reserved(economy: &Economy) -> (Player, Purchase) {
    let moment = Moment { now: at(0), economy };
    let seen = product(economy, "COIN_PACK_MED");
    let decision = checkout::buy(&ann(economy), &seen, &order(Some("pm_1")), moment).unwrap();
    assert!(matches!(decision.reply, Begun::Started { .. }));
    (decision.change.player().clone(), written(&decision))
}

fn seen(purchase: Purchase) -> PurchaseSeen {
    PurchaseSeen { purchase, package: None, promo: None }
}

proptest! {
    #[test]
    fn a_total_is_the_sum_rounded_down_once(
        price in 0_u64..1_000_000_000, quantity in 1_u32..100, discount in 0_u32..=100, percent in 1_u32..=100, cents in 1_u32..100_000,
    ) {
        let unit = Price::Cents(Cents::new(price).unwrap());
        let plain = unit.total(quantity, discount, None).unwrap().amount();
        prop_assert_eq!(plain, price * u64::from(quantity) * u64::from(100 - discount) / 100);
        let percent_off = unit.total(quantity, discount, Some(Off::Percent(Between::new(percent).unwrap()))).unwrap();
        let exact = u128::from(price) * u128::from(quantity) * u128::from(100 - discount) * u128::from(100 - percent);
        prop_assert_eq!(u128::from(percent_off.amount()), exact / 10_000);
        let cents_off = unit.total(quantity, discount, Some(Off::Cents(Between::new(cents).unwrap()))).unwrap();
        prop_assert!(cents_off.amount() <= plain);
        // One for so many is never dearer than so many times one, and never cheaper by a whole unit each.
        let one = unit.total(1, discount, None).unwrap().amount() * u64::from(quantity);
        prop_assert!(one <= plain && plain < one + u64::from(quantity));
    }

    /// Whatever a gateway answers and however late: nothing is granted that was not captured in its turn, what is authorized
    /// in time is never given up for being late, and every way ends.
    #[test]
    fn whatever_a_gateway_says_a_purchase_ends_as_it_should(answers in prop::collection::vec((0_u8..5, 0_u64..3000), 1..12)) {
        let economy = economy();
        let (player, mut purchase) = reserved(&economy);
        let (mut now, mut captured, mut let_go) = (at(0), false, false);
        for (answer, wait) in answers {
            now = now.after(Duration::from_secs(wait));
            let state = match answer {
                0 => ChargeState::Pending,
                1 => ChargeState::Authorized,
                2 => ChargeState::Captured,
                3 => ChargeState::Declined,
                _ => ChargeState::Cancelled,
            };
            let charge = Charge { id: Some("ch_1".parse().unwrap()), state };
            let revision = purchase.revision;
            let turn = match purchase.next(now) {
                Next::Nothing => break,
                Next::Authorize | Next::Look => purchase.heard(&charge, now),
                Next::Capture => {
                    captured |= state == ChargeState::Captured;
                    purchase.captured(state, now)
                }
                Next::GiveUp(reason) => {
                    prop_assert!(now >= purchase.deadline);
                    Turn::GiveUp(None, reason)
                }
                Next::Grant => {
                    prop_assert!(captured);
                    let granted = checkout::grant(&player, &seen(purchase.clone()), now).unwrap();
                    prop_assert_eq!(granted.change.player().coins().get(), 1550);
                    purchase = written(&granted);
                    break;
                }
                Next::Void => {
                    prop_assert!(!captured);
                    let_go = true;
                    purchase.let_go(now)
                }
                Next::Expire | Next::Refund => unreachable!("nothing is held or refunded"),
            };
            match turn {
                Turn::Stay => {}
                Turn::To(next) => purchase = *next,
                Turn::GiveUp(named, reason) => {
                    prop_assert!(!captured);
                    let given_up = checkout::give_up(&player, &seen(purchase.clone()), named.as_ref(), reason, now).unwrap();
                    prop_assert_eq!(given_up.change.player().coins(), player.coins());
                    purchase = written(&given_up);
                }
            }
            prop_assert!(purchase.revision == revision || purchase.revision == revision + 1);
            prop_assert!(purchase.charge.is_none() || purchase.token.is_none());
            prop_assert_eq!(purchase.due.is_none(), purchase.next(at(1_000_000)) == Next::Nothing);
        }
        let over = purchase.next(now) == Next::Nothing;
        prop_assert!(!over || purchase.state == State::Granted || purchase.state == State::Voided);
        prop_assert!(purchase.state != State::Voided || purchase.charge.is_none() || let_go || !captured);
    }

    /// A refund leaves the player with what was owned before, less what was spent: as balance or as debt.
    #[test]
    fn what_is_spent_of_a_refunded_grant_is_owed_and_paid_first(spent in 0_u64..=1550, rewards in prop::collection::vec(1_u32..1000, 0..6)) {
        let economy = economy();
        let (player, purchase) = reserved(&economy);
        let captured = Purchase { state: State::Captured, charge: Some("ch_1".parse().unwrap()), ..purchase };
        let granted = checkout::grant(&player, &seen(captured), at(1)).unwrap();
        let (owner, purchase) = (granted.change.player().clone(), written(&granted));
        let mut wealth = 1550_i64 - i64::try_from(spent).unwrap();
        let owner = with_coins(&owner, wealth.unsigned_abs());
        let refunded = refund::refund(&owner, &purchase, &"A mistake".parse().unwrap(), audit(), at(2)).unwrap();
        wealth -= 550;
        let mut owner = refunded.change.player().clone();
        let worth = |player: &Player| player.coins().credit() - player.debt().coins.credit();
        prop_assert_eq!(worth(&owner), wealth);
        let again = refund::refund(&owner, &written(&refunded), &"Again".parse().unwrap(), audit(), at(3));
        prop_assert_eq!(again.err(), Some(Refusal::NotRefundable));
        for (number, amount) in rewards.into_iter().enumerate() {
            let prize = Prize { reward_type: RewardType::Coin, amount: Between::new(amount).unwrap(), item_id: None };
            let id = croupier_rules::id::RewardId::new(1, number as u128);
            let reward = Reward { id, player: ANN, prize, source: "Sorry".parse().unwrap(), campaign: None, awarded_at: at(4) };
            let given = award(&owner, &reward, audit(), &economy).unwrap();
            let entry = given.change.entry();
            prop_assert_eq!(entry.moved.coins - entry.owed.coins, i64::from(amount));
            owner = given.change.player().clone();
            wealth += i64::from(amount);
            prop_assert_eq!(worth(&owner), wealth);
            prop_assert!(owner.debt().coins == Coins::ZERO || owner.coins() == Coins::ZERO);
        }
    }
}

/// The same player with another balance, as the table might have it.
fn with_coins(player: &Player, coins: u64) -> Player {
    let mut record = serde_json::to_value(player).unwrap();
    record["coins"] = coins.into();
    serde_json::from_value(record).unwrap()
}

#[test]
fn the_shop_sells_what_the_contract_says() {
    let economy = economy();
    let total = |sku: &str, quantity, now| {
        product(&economy, sku).product.unwrap().terms.total(quantity, None, now).unwrap().amount()
    };
    let before: Timestamp = "2027-06-30T23:59:59.999Z".parse().unwrap();
    let after: Timestamp = "2027-07-01T00:00:00.000Z".parse().unwrap();
    let prices =
        ["COIN_PACK_SMALL", "COIN_PACK_MED", "COIN_PACK_BIG", "COIN_PACK_VIP", "GEM_PACK_SMALL", "LUCKY_CHARM"];
    assert_eq!(prices.map(|sku| total(sku, 1, before)), [299, 1195, 2199, 5099, 499, 40]);
    assert_eq!((total("COIN_PACK_VIP", 1, after), total("COIN_PACK_MED", 3, after)), (5999, 3585));
}

#[test]
fn nobody_pays_for_what_there_would_be_no_room_for() {
    let economy = economy();
    let rich = with_coins(&ann(&economy), MOST - 10);
    let moment = Moment { now: at(0), economy: &economy };
    let bought = checkout::buy(&rich, &product(&economy, "COIN_PACK_SMALL"), &order(Some("pm_1")), moment);
    assert_eq!(bought.err(), Some(Refusal::BalanceLimit));
    let (_, purchase) = reserved(&economy);
    let captured = seen(Purchase { state: State::Captured, charge: Some("ch_1".parse().unwrap()), ..purchase });
    assert_eq!(checkout::grant(&rich, &captured, at(1)).err(), Some(Refusal::BalanceLimit));
    let back = written(&checkout::give_up(&rich, &captured, None, Reason::NoRoom, at(1)).unwrap());
    assert_eq!((back.state, back.status(), back.was_granted()), (State::Refunding, Some(Status::Refunded), false));
}

#[test]
fn a_price_in_play_currency_is_not_paid_out_of_what_it_buys() {
    let economy = economy();
    let mut pack = product(&economy, "COIN_PACK_SMALL");
    if let Some(product) = &mut pack.product {
        product.terms.price = Price::Gems(Gems::new(10).unwrap());
        product.terms.grants = Grants { gems: Gems::new(50).unwrap(), ..Grants::default() };
    }
    let moment = Moment { now: at(0), economy: &economy };
    let bought = checkout::buy(&ann(&economy), &pack, &order(None), moment);
    assert_eq!(bought.err(), Some(Refusal::InsufficientFunds));
}

#[test]
fn a_means_of_payment_is_never_printed() {
    let (_, purchase) = reserved(&economy());
    assert!(purchase.token.is_some() && !format!("{purchase:?}").contains("pm_1"));
}
