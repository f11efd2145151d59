//! Buying: what is held, paid for and granted, and what comes to nothing.

use crate::{
    Refusal,
    ledger::{Action, Decision, Sale},
    money::Postings,
    name::ChargeId,
    player::Player,
    round::Moment,
    shop::{
        Price,
        offer::{Effect, Order, PackageSeen, ProductSeen, PurchaseSeen, Shift, Ware, agree, promo_for},
        package::Package,
        promo::Promo,
        purchase::{Deal, Purchase, Reason, State},
        reply::{Begun, HoldReply, PurchaseReply},
    },
    time::Timestamp,
};

/// Buys a product: at once in play currency, or for nothing; else the payment is next.
///
/// # Errors
/// The first thing that stands against it.
pub fn buy(player: &Player, seen: &ProductSeen, order: &Order, moment: Moment<'_>) -> Result<Decision<Begun>, Refusal> {
    let (now, product) = (moment.now, seen.product.as_ref().ok_or(Refusal::NoProduct)?);
    let terms = &product.terms;
    if !terms.is_active {
        return Err(Refusal::Disabled);
    }
    if player.rank < terms.min_rank {
        return Err(Refusal::RankRequired);
    }
    let promo = promo_for(seen.promo.as_ref(), &product.sku, terms.price, now)?;
    let deal = agree(terms.price, terms.discount_percent(now), promo, order, order.quantity)?;
    let ware = Ware { sku: &product.sku, name: &terms.name, unit: terms.price, grants: &terms.grants, limited: false };
    let purchase = ware.purchase(order, player, now, now.after(moment.economy.shop.patience()))?;
    begin(player, purchase, deal, promo, order, vec![Effect::ProductIs(product.sku.clone(), product.revision)], now)
}

/// Buys of a limited package: holds it and begins to pay.
///
/// # Errors
/// The first thing that stands against it, in the order of the contract.
pub fn buy_limited(
    player: &Player,
    seen: &PackageSeen,
    order: &Order,
    moment: Moment<'_>,
) -> Result<Decision<Begun>, Refusal> {
    let now = moment.now;
    let package = wanted(player, seen, order, now)?;
    let (unit, quantity) = (Price::Cents(package.terms.price_cents), order.quantity);
    let promo = promo_for(seen.promo.as_ref(), &package.sku, unit, now)?;
    let deal = agree(unit, 0, promo, order, quantity)?;
    package.has(quantity)?;
    let purchase = of_package(player, package, order, moment)?;
    let shift = if deal.total.amount() == 0 { Shift::SellAtOnce } else { Shift::Hold };
    let effects = vec![stock(package, shift, quantity), Effect::Bought(package.sku.clone(), i64::from(quantity))];
    begin(player, purchase, deal, promo, order, effects, now)
}

/// Holds some of a limited package for a while.
///
/// # Errors
/// As [`buy_limited`].
pub fn hold(
    player: &Player,
    seen: &PackageSeen,
    order: &Order,
    moment: Moment<'_>,
) -> Result<Decision<HoldReply>, Refusal> {
    let now = moment.now;
    let package = wanted(player, seen, order, now)?;
    let total = Price::Cents(package.terms.price_cents).total(order.quantity, 0, None)?.amount();
    package.has(order.quantity)?;
    let held = of_package(player, package, order, moment)?.changed(State::Held, now);
    let (hold_id, code, quantity, expires_at) = (held.id, held.sku.clone(), held.quantity, held.deadline);
    let effects = vec![
        stock(package, Shift::Hold, quantity),
        Effect::Bought(code.clone(), i64::from(quantity)),
        Effect::Purchase(Box::new(held)),
    ];
    let action = Action::HoldCreate { hold_id, code: code.clone(), quantity, expires_at };
    let change = player.clone().after(now, action, Postings::NONE)?;
    change.decide_with(effects, |_, entry| HoldReply {
        hold_id,
        code,
        quantity,
        total,
        expires_at,
        sequence: entry.number,
    })
}

/// Begins to pay for what is held.
///
/// # Errors
/// [`Refusal::HoldExpired`], [`Refusal::HoldResolved`], or what stands against the promo code or the payment.
pub fn pay_for_hold(
    player: &Player,
    seen: &PurchaseSeen,
    order: &Order,
    moment: Moment<'_>,
) -> Result<Decision<Begun>, Refusal> {
    let (now, held) = (moment.now, &seen.purchase);
    open_hold(held, now)?;
    let promo = promo_for(seen.promo.as_ref(), &held.sku, held.unit, now)?;
    let deal = agree(held.unit, 0, promo, order, held.quantity)?;
    let effects = match (&seen.package, deal.total.amount()) {
        (Some(package), 0) => vec![stock(package, Shift::Sell, held.quantity)],
        (Some(_), _) => Vec::new(),
        (None, _) => return Err(Refusal::Impossible),
    };
    begin(player, held.clone(), deal, promo, order, effects, now)
}

/// Gives back what is held: because the buyer says so, or because the time is over.
///
/// # Errors
/// [`Refusal::HoldExpired`] or [`Refusal::HoldResolved`] for a buyer who comes too late.
pub fn release(
    player: &Player,
    seen: &PurchaseSeen,
    expired: bool,
    moment: Moment<'_>,
) -> Result<Decision<()>, Refusal> {
    let (now, held) = (moment.now, &seen.purchase);
    if expired {
        if held.state != State::Held || now < held.deadline {
            return Err(Refusal::HoldResolved);
        }
    } else {
        open_hold(held, now)?;
    }
    let state = if expired { State::Expired } else { State::Released };
    let effects = vec![
        stock(seen.package.as_ref().ok_or(Refusal::Impossible)?, Shift::GiveBack, held.quantity),
        Effect::Bought(held.sku.clone(), -i64::from(held.quantity)),
        Effect::Purchase(Box::new(held.clone().changed(state, now))),
    ];
    let action = Action::HoldRelease { hold_id: held.id, code: held.sku.clone(), quantity: held.quantity, expired };
    player.clone().after(now, action, Postings::NONE)?.decide_with(effects, |_, _| ())
}

/// Grants what was paid for.
///
/// # Errors
/// [`Refusal::NoPurchase`] when it is not captured (any more), [`Refusal::BalanceLimit`] when there is no room for it.
pub fn grant(player: &Player, seen: &PurchaseSeen, now: Timestamp) -> Result<Decision<PurchaseReply>, Refusal> {
    let paid = &seen.purchase;
    if paid.state != State::Captured {
        return Err(Refusal::NoPurchase);
    }
    let shift = seen.package.as_ref().map(|package| stock(package, Shift::Sell, paid.quantity));
    granted(player, paid.clone(), paid.grants.credit(), shift.into_iter().collect(), now)
}

/// Gives up a purchase before it is granted: what it held is free again. `charge` is the gateway's name for the payment, if it
/// has come to light meanwhile.
///
/// # Errors
/// [`Refusal::NoPurchase`] when it is over, or too far on, by now.
pub fn give_up(
    player: &Player,
    seen: &PurchaseSeen,
    charge: Option<&ChargeId>,
    reason: Reason,
    now: Timestamp,
) -> Result<Decision<()>, Refusal> {
    let open = &seen.purchase;
    let may = match open.state {
        State::Reserved | State::Pending => true,
        State::Authorized => reason == Reason::CaptureFailed,
        State::Captured => reason == Reason::NoRoom,
        _ => false,
    };
    let Some(deal) = open.deal.as_ref().filter(|_| may) else { return Err(Refusal::NoPurchase) };
    let mut effects = Vec::new();
    if let Some(package) = &seen.package {
        effects.push(stock(package, Shift::GiveBack, open.quantity));
        effects.push(Effect::Bought(open.sku.clone(), -i64::from(open.quantity)));
    }
    effects.extend(deal.promo.clone().map(Effect::PromoGivenBack));
    let next = open.given_up(charge.cloned(), reason, now);
    let status = next.status().ok_or(Refusal::Impossible)?;
    effects.push(Effect::Purchase(Box::new(next)));
    let action = Action::PurchaseFail { transaction_id: open.id, sku: open.sku.clone(), status, reason };
    player.clone().after(now, action, Postings::NONE)?.decide_with(effects, |_, _| ())
}

fn stock(package: &Package, shift: Shift, quantity: u32) -> Effect {
    Effect::Stock(Box::new(package.clone()), shift, u64::from(quantity))
}

/// The package, if the player may have so many; whether there are so many is asked last.
fn wanted<'a>(player: &Player, seen: &'a PackageSeen, order: &Order, now: Timestamp) -> Result<&'a Package, Refusal> {
    let package = seen.package.as_ref().ok_or(Refusal::NoProduct)?;
    package.check(player, seen.bought, order.quantity, now)?;
    Ok(package)
}

fn of_package(player: &Player, package: &Package, order: &Order, moment: Moment<'_>) -> Result<Purchase, Refusal> {
    let (terms, now) = (&package.terms, moment.now);
    let unit = Price::Cents(terms.price_cents);
    let ware = Ware { sku: &package.sku, name: &terms.name, unit, grants: &terms.grants, limited: true };
    ware.purchase(order, player, now, now.after(moment.economy.shop.hold()))
}

fn open_hold(held: &Purchase, now: Timestamp) -> Result<(), Refusal> {
    match held.state {
        State::Held if now < held.deadline => Ok(()),
        State::Held | State::Expired => Err(Refusal::HoldExpired),
        _ => Err(Refusal::HoldResolved),
    }
}

/// Begins to pay; what is paid in play currency, and what costs nothing, is granted at once.
fn begin(
    player: &Player,
    purchase: Purchase,
    deal: Deal,
    promo: Option<&Promo>,
    order: &Order,
    mut effects: Vec<Effect>,
    now: Timestamp,
) -> Result<Decision<Begun>, Refusal> {
    effects.extend(promo.map(|promo| Effect::PromoTaken(Box::new(promo.clone()))));
    let (total, id) = (deal.total, purchase.id);
    effects.push(Effect::Sale(id));
    let purchase = Purchase { deal: Some(deal), ..purchase };
    match total {
        Price::Coins(coins) if coins > player.coins => return Err(Refusal::InsufficientFunds),
        Price::Gems(gems) if gems > player.gems => return Err(Refusal::InsufficientFunds),
        Price::Cents(cents) if cents.get() > 0 => {
            let token = order.token.clone().ok_or(Refusal::NoPaymentToken)?;
            // Whoever could not be given it in the end is not made to pay first.
            player.clone().after(now, Action::PurchaseStart(sale(&purchase)?), purchase.grants.credit())?;
            let started = Purchase { token: Some(token), ..purchase }.changed(State::Reserved, now);
            let action = Action::PurchaseStart(sale(&started)?);
            effects.push(Effect::Purchase(Box::new(started)));
            let change = player.clone().after(now, action, Postings::NONE)?;
            return change.decide_with(effects, |_, _| Begun::Started { started: id });
        }
        _ => {}
    }
    let (price, gain) = (total.credit(), purchase.grants.credit());
    let moved = Postings { coins: gain.coins - price.coins, gems: gain.gems - price.gems };
    let Decision { change, reply, effects } = granted(player, purchase, moved, effects, now)?;
    Ok(Decision { change, reply: Begun::Done(Box::new(reply)), effects })
}

fn granted(
    player: &Player,
    purchase: Purchase,
    moved: Postings,
    mut effects: Vec<Effect>,
    now: Timestamp,
) -> Result<Decision<PurchaseReply>, Refusal> {
    let done = purchase.changed(State::Granted, now);
    let items = done.grants.items.iter().map(|item| {
        let count = i64::try_from(item.count).map_err(|_| Refusal::BalanceLimit)?;
        Ok(Effect::Item(item.item_id.to_string(), count))
    });
    effects.extend(items.collect::<Result<Vec<_>, Refusal>>()?);
    effects.push(Effect::Purchase(Box::new(done.clone())));
    let change = player.clone().after(now, Action::Purchase(sale(&done)?), moved)?;
    let reply = PurchaseReply::of(&done, change.player(), Some(change.entry().number))?;
    change.decide_with(effects, |_, _| reply)
}

/// What the ledger tells of a purchase.
pub(crate) fn sale(purchase: &Purchase) -> Result<Sale, Refusal> {
    let deal = purchase.deal.as_ref().ok_or(Refusal::Impossible)?;
    Ok(Sale {
        transaction_id: purchase.id,
        sku: purchase.sku.clone(),
        quantity: purchase.quantity,
        total: deal.total,
        promo: deal.promo.clone(),
        grants: purchase.grants.clone(),
        charge_id: purchase.charge.clone(),
    })
}
