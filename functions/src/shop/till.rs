//! Where purchases go on: whoever comes by takes one as far as it goes, and nobody does anything twice.

use std::time::Duration;

use croupier_rules::round::Moment;
use croupier_rules::{
    Refusal,
    id::{PlayerId, PurchaseId},
    ledger::Decision,
    money::Cents,
    name::ChargeId,
    player::Player,
    shop::{
        Price, checkout,
        offer::PurchaseSeen,
        payment::ChargeState,
        price::CURRENCY,
        purchase::{Next, Purchase, Reason, State, Turn},
        reply::{PurchaseReply, Started},
    },
};
use croupier_store::{
    StoreError,
    act::{Deed, Done, NotDone},
    item::AnswerRecord,
    key::Key,
    tx::NotCommitted,
};
use croupier_web::{
    app::App,
    endpoint::{Answered, Reply},
    error::{Code, Failure},
    pay::{Bill, Told, Unheard},
};
use schemars::{Schema, SchemaGenerator};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

/// More steps than a purchase has, and room for those that others take first.
const STEPS: usize = 24;
/// How often a gateway that was not heard is asked again while a client waits.
const REPEATS: usize = 1;
/// How long to wait before that.
const PAUSE: Duration = Duration::from_millis(300);

/// How far a purchase has come.
pub(crate) struct Moved {
    pub purchase: Purchase,
    /// What the payer's client needs to go on.
    pub client_secret: Option<SecretString>,
    /// Why it does not go on now, although it could.
    pub unheard: Option<Unheard>,
}

/// The answer to a purchase: what was granted, or that the payment is under way.
pub struct Checkout(Answered);

impl Reply for Checkout {
    const KEYED: bool = true;
    const CODES: &'static [Code] = &[
        Code::IdempotencyKeyReused,
        Code::PaymentDeclined,
        Code::PaymentVoided,
        Code::HoldExpired,
        Code::BalanceLimit,
        Code::PromoInvalid,
        Code::PromoExhausted,
        Code::PriceChanged,
        Code::NotFound,
    ];
    const STATUSES: &'static [u16] = &[200, 202];

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<PurchaseReply>()
    }

    fn answer(self) -> Result<Answered, Failure> {
        Ok(self.0)
    }
}

/// The answer to a purchase that was begun, after it was taken as far as it goes.
///
/// # Errors
/// Why it came to nothing, or the table's failure.
pub(crate) async fn check_out(app: &App, buyer: PlayerId, begun: Done) -> Result<Checkout, Failure> {
    let Ok(Started { started }) = serde_json::from_str(&begun.reply) else {
        let Done { reply: body, replayed, retries } = begun;
        return Ok(Checkout(Answered { status: 200, body, replayed, retries }));
    };
    let moved = move_on(app, buyer, started).await?.ok_or_else(|| Failure::internal("a purchase is gone"))?;
    let Moved { purchase, client_secret, .. } = moved;
    if purchase.was_granted() {
        let granted: Option<AnswerRecord> = app.store()?.get(&Key::own_entry(buyer, settled(started))).await?;
        let body = granted.ok_or_else(|| Failure::internal("a grant without an entry"))?.reply;
        return Ok(Checkout(Answered { status: 200, body, replayed: begun.replayed, retries: begun.retries }));
    }
    if let Some(reason) = purchase.reason {
        return Err(came_to_nothing(reason));
    }
    let player = player(app, buyer).await?;
    let mut reply = PurchaseReply::of(&purchase, &player, None)?;
    reply.client_secret = client_secret.map(|secret| secret.expose_secret().to_owned());
    let body = serde_json::to_string(&reply)?;
    Ok(Checkout(Answered { status: 202, body, replayed: false, retries: begun.retries }))
}

/// What a buyer is told whose purchase came to nothing.
fn came_to_nothing(reason: Reason) -> Failure {
    match reason {
        Reason::Declined => Failure::of(Code::PaymentDeclined),
        Reason::CaptureFailed => Failure::saying(Code::PaymentDeclined, "The payment could not be completed."),
        Reason::NotPaid => Failure::saying(Code::PaymentDeclined, "The payment was not completed in time."),
        Reason::HoldExpired => Failure::of(Code::HoldExpired),
        Reason::GivenUp => Failure::of(Code::PaymentVoided),
        Reason::NoRoom => Failure::of(Code::BalanceLimit),
    }
}

/// Takes a purchase as far as it goes now; tells where that is, if there is such a purchase.
///
/// # Errors
/// The table's failure. That the gateway was not heard is none: whoever comes next goes on.
pub(crate) async fn move_on(app: &App, buyer: PlayerId, id: PurchaseId) -> Result<Option<Moved>, Failure> {
    let store = app.store()?;
    let (mut client_secret, mut repeats) = (None, 0);
    for _ in 0..STEPS {
        let Some(seen) = store.purchase_seen(buyer, id, None).await? else { return Ok(None) };
        match step(app, &seen, &mut client_secret).await {
            Ok(Step::Taken) => {}
            Ok(Step::None) => {
                put_off(app, &seen.purchase).await?;
                return Ok(Some(Moved { purchase: seen.purchase, client_secret, unheard: None }));
            }
            Err(Stuck::Unheard(_)) if repeats < REPEATS => {
                repeats += 1;
                tokio::time::sleep(PAUSE).await;
            }
            Err(Stuck::Unheard(unheard)) => {
                tracing::warn!(purchase = %id, cause = unheard.0, "a payment waits");
                put_off(app, &seen.purchase).await?;
                return Ok(Some(Moved { purchase: seen.purchase, client_secret, unheard: Some(unheard) }));
            }
            Err(Stuck::Failed(failure)) => return Err(*failure),
        }
    }
    Err(StoreError::Throttled.into())
}

/// Has a purchase looked at later of which nothing can be made now, if it is overdue.
async fn put_off(app: &App, purchase: &Purchase) -> Result<(), Failure> {
    let Some(later) = purchase.put_off(app.clock.now()) else { return Ok(()) };
    match app.store()?.step(&later).await {
        // Somebody else has gone on with it.
        Ok(()) | Err(NotCommitted::Contended) => Ok(()),
        Err(other) => Err(other.into()),
    }
}

enum Step {
    Taken,
    None,
}

enum Stuck {
    Unheard(Unheard),
    Failed(Box<Failure>),
}

impl From<Unheard> for Stuck {
    fn from(unheard: Unheard) -> Self {
        Self::Unheard(unheard)
    }
}

impl From<Failure> for Stuck {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

/// Takes one step, by the gateway or by the table.
async fn step(app: &App, seen: &PurchaseSeen, client_secret: &mut Option<SecretString>) -> Result<Step, Stuck> {
    let (purchase, now) = (&seen.purchase, app.clock.now());
    let charge = || purchase.charge.as_ref().ok_or_else(|| Failure::internal("a payment without a name"));
    let turn = match purchase.next(now) {
        Next::Nothing => return Ok(Step::None),
        Next::Expire => return Ok(settle(app, purchase, Settlement::Expire).await?),
        Next::GiveUp(reason) => return Ok(settle(app, purchase, Settlement::GiveUp(None, reason)).await?),
        Next::Grant => return Ok(settle(app, purchase, Settlement::Grant).await?),
        Next::Authorize => {
            let told = app.payments()?.authorize(&bill(purchase)?, now).await?;
            heard(purchase, told, app, client_secret)
        }
        Next::Look => {
            let told = app.payments()?.look(purchase.id, charge()?, now).await?;
            heard(purchase, told, app, client_secret)
        }
        Next::Capture => purchase.captured(app.payments()?.capture(purchase.id, charge()?).await?, app.clock.now()),
        Next::Void => {
            // What was captured all the same has to go back another way.
            if app.payments()?.void(purchase.id, charge()?).await? == ChargeState::Captured {
                app.payments()?.refund(purchase.id, charge()?).await?;
            }
            purchase.let_go(app.clock.now())
        }
        Next::Refund => {
            app.payments()?.refund(purchase.id, charge()?).await?;
            purchase.let_go(app.clock.now())
        }
    };
    Ok(take(app, purchase, turn).await?)
}

fn heard(purchase: &Purchase, told: Told, app: &App, client_secret: &mut Option<SecretString>) -> Turn {
    *client_secret = told.client_secret;
    purchase.heard(&told.charge, app.clock.now())
}

/// Goes where the gateway's answer leads.
///
/// # Errors
/// The table's failure; that somebody else went first is none.
async fn take(app: &App, purchase: &Purchase, turn: Turn) -> Result<Step, Failure> {
    match turn {
        Turn::Stay => Ok(Step::None),
        Turn::GiveUp(charge, reason) => settle(app, purchase, Settlement::GiveUp(charge, reason)).await,
        Turn::To(next) => match app.store()?.step(&next).await {
            Ok(()) | Err(NotCommitted::Contended) => Ok(Step::Taken),
            Err(other) => Err(other.into()),
        },
    }
}

/// Goes where a message of the gateway leads that is to be believed as it is.
///
/// # Errors
/// The table's failure.
pub(crate) async fn believe(
    app: &App,
    buyer: PlayerId,
    id: PurchaseId,
    charge: &croupier_rules::shop::payment::Charge,
) -> Result<(), Failure> {
    let Some(seen) = app.store()?.purchase_seen(buyer, id, None).await? else { return Ok(()) };
    // What has been given up is let go by a call, whatever is said of it.
    if seen.purchase.state != State::Pending {
        return Ok(());
    }
    let turn = seen.purchase.heard(charge, app.clock.now());
    take(app, &seen.purchase, turn).await.map(|_| ())
}

/// A step that the player's ledger tells.
enum Settlement {
    Expire,
    Grant,
    GiveUp(Option<ChargeId>, Reason),
}

async fn settle(app: &App, purchase: &Purchase, settlement: Settlement) -> Result<Step, Failure> {
    let now = app.clock.now();
    let moment = Moment { now, economy: &app.economy };
    let id = purchase.id;
    let done = match &settlement {
        Settlement::Expire => {
            commit(app, purchase, expired(id), |player, seen| checkout::release(player, seen, true, moment)).await
        }
        Settlement::Grant => {
            commit(app, purchase, settled(id), |player, seen| checkout::grant(player, seen, now)).await
        }
        Settlement::GiveUp(charge, reason) => {
            let give_up =
                |player: &Player, seen: &PurchaseSeen| checkout::give_up(player, seen, charge.as_ref(), *reason, now);
            commit(app, purchase, settled(id), give_up).await
        }
    };
    match (done, settlement) {
        (Ok(()) | Err(NotDone::Refused(Refusal::NoPurchase | Refusal::HoldResolved)), _) => Ok(Step::Taken),
        // What cannot be granted is paid back.
        (Err(NotDone::Refused(Refusal::BalanceLimit)), Settlement::Grant) => {
            let give_up =
                |player: &Player, seen: &PurchaseSeen| checkout::give_up(player, seen, None, Reason::NoRoom, now);
            match commit(app, purchase, settled(id), give_up).await {
                Ok(()) | Err(NotDone::Refused(Refusal::NoPurchase)) => Ok(Step::Taken),
                Err(other) => Err(other.into()),
            }
        }
        (Err(other), _) => Err(other.into()),
    }
}

/// Commits a decision about a purchase, under a name of which there is one, whoever comes first.
async fn commit<R: Serialize>(
    app: &App,
    purchase: &Purchase,
    own_name: String,
    decide: impl Fn(&Player, &PurchaseSeen) -> Result<Decision<R>, Refusal> + Send + Sync,
) -> Result<(), NotDone> {
    let (store, now) = (app.store.as_ref().ok_or(Refusal::Impossible)?, app.clock.now());
    let (buyer, id) = (purchase.player, purchase.id);
    let player: Player = store.get(&Key::player(buyer)).await?.ok_or(Refusal::NoPurchase)?;
    let read = || async move {
        let seen = store.purchase_seen(buyer, id, None).await?;
        seen.ok_or_else(|| StoreError::Corrupt("a purchase is gone".to_owned()))
    };
    let deed = Deed::of_server(own_name, app.economy.session, now);
    store.act_on(&deed, player, read, decide).await.map(|_| ())
}

/// The name of the entry that tells how a purchase ended: granted or not, there is one.
fn settled(id: PurchaseId) -> String {
    format!("{id}.settled")
}

/// The name of the entry that tells that a hold was given back by its buyer.
pub(crate) fn released(id: PurchaseId) -> String {
    format!("{id}.released")
}

/// The name of the entry that tells that a hold ran out: another one, so that no buyer takes it for the buyer's own.
fn expired(id: PurchaseId) -> String {
    format!("{id}.expired")
}

/// What the gateway is asked to authorize, the same however often it is asked.
fn bill(purchase: &Purchase) -> Result<Bill<'_>, Failure> {
    let (Some(deal), Some(token)) = (&purchase.deal, &purchase.token) else {
        return Err(Failure::internal("nothing was agreed on"));
    };
    let amount = match deal.total {
        Price::Cents(cents) => cents,
        Price::Coins(_) | Price::Gems(_) => Cents::ZERO,
    };
    Ok(Bill { purchase: purchase.id, amount, currency: CURRENCY, token })
}

/// A player as the player is now.
///
/// # Errors
/// There is none, or the table's failure.
async fn player(app: &App, id: PlayerId) -> Result<Player, Failure> {
    app.store()?.get(&Key::player(id)).await?.ok_or_else(|| Failure::of(Code::NotFound))
}
