use std::time::Duration;

use croupier_rules::{
    player::Player,
    round::Moment,
    shop::{
        package::Package,
        purchase::{Next, Purchase},
    },
    time::Timestamp,
};
use croupier_store::{
    directory::Due,
    item::GameRecord,
    key::Key,
    tx::{Conflict, NotCommitted},
};
use croupier_web::{
    app::App, call::end_idle_session, config::Need, consumer::ScheduledTask, error::Failure, line::Ran,
};
use futures_util::stream::{self, StreamExt};

use crate::shop::till::move_on;

/// Ends what nobody ended in time.
pub struct Sweep;

/// How much is read at once.
const PAGE: usize = 100;
/// How much is looked at at the same time.
const AT_ONCE: usize = 16;
/// A run ends before the next one begins; what it leaves is looked at then.
const LONGEST: Duration = Duration::from_secs(45);

impl ScheduledTask for Sweep {
    const NAME: &'static str = "sweep";
    const EVERY_MINUTES: u32 = 1;
    const NEEDS: &'static [Need] = &[Need::Table, Need::Payments];

    async fn run(app: &App) -> Ran {
        let begun = app.clock.now();
        // What fails of one kind, or takes its time, keeps nobody from looking at the other.
        let (purchases, sessions) = tokio::join!(sweep::<Purchase>(app, begun), sweep::<GameRecord>(app, begun));
        let seen = tokio::join!(overdue::<Purchase>(app), overdue::<GameRecord>(app), packages(app));
        let done = purchases.and_then(|purchases| Ok(purchases + sessions?));
        Ran { overdue_purchase: seen.0, overdue_session: seen.1, packages: seen.2, done }
    }
}

/// How long ago that should have been looked at which waits longest.
async fn overdue<T: Overdue>(app: &App) -> Result<Duration, Failure> {
    let now = app.clock.now();
    let longest = app.store()?.longest_due::<T>(now).await?;
    Ok(longest.map_or(Duration::ZERO, |due| now.since(due)))
}

/// The limited packages.
async fn packages(app: &App) -> Result<Vec<Package>, Failure> {
    let (mut packages, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = app.store()?.made::<Package>(after.as_deref(), PAGE).await?;
        packages.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(packages);
        }
    }
}

/// What is looked at in time.
trait Overdue: Due + Send {
    /// Whether it takes the table alone, and nobody else who may be slow.
    fn is_quick(&self, now: Timestamp) -> bool;

    /// Ends it, or takes it further.
    fn look_at(self, app: &App) -> impl Future<Output = Result<(), Failure>> + Send;
}

/// Looks at all that is due of a kind.
async fn sweep<T: Overdue>(app: &App, begun: Timestamp) -> Result<usize, Failure> {
    let (mut done, mut failed, mut after) = (0, None, None::<String>);
    while app.clock.now().since(begun) < LONGEST {
        let page = app.store()?.due::<T>(begun, after.as_deref(), PAGE).await?;
        let (quick, slow): (Vec<_>, Vec<_>) =
            page.items.into_iter().partition(|found| found.as_ref().is_ok_and(|found| found.is_quick(begun)));
        let looks = quick.into_iter().chain(slow).map(async |found| {
            // What is left when the time is over comes next time.
            if app.clock.now().since(begun) < LONGEST { found?.look_at(app).await } else { Ok(()) }
        });
        let mut looks = stream::iter(looks).buffer_unordered(AT_ONCE);
        while let Some(looked) = looks.next().await {
            // One that fails keeps nobody else from being looked at.
            match looked {
                Ok(()) => done += 1,
                Err(failure) => failed = Some(failure),
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    failed.map_or(Ok(done), Err)
}

impl Overdue for Purchase {
    fn is_quick(&self, now: Timestamp) -> bool {
        matches!(self.next(now), Next::Expire | Next::GiveUp(_) | Next::Grant)
    }

    /// Takes a purchase further that somebody has left, or whose buyer did not come in time.
    async fn look_at(self, app: &App) -> Result<(), Failure> {
        move_on(app, self.player, self.id).await.map(|_| ())
    }
}

impl Overdue for GameRecord {
    fn is_quick(&self, _: Timestamp) -> bool {
        true
    }

    /// Ends a session in which nothing happens any more, or looks at it again when it may be over.
    async fn look_at(self, app: &App) -> Result<(), Failure> {
        let (store, now) = (app.store()?, app.clock.now());
        let moment = Moment { now, economy: &app.economy };
        let player: Option<Player> = store.get(&Key::player(self.player)).await?;
        let Some(player) = player else { return Ok(()) };
        let Some(session) = player.session.filter(|session| session.id == self.session) else { return Ok(()) };
        if session.is_idle(now, app.economy.session) {
            return end_idle_session(store, player, moment).await;
        }
        let due = session.idle_from(app.economy.session);
        match store.put_off(self.player, self.session, due).await {
            // It has been ended in the meantime.
            Ok(()) | Err(NotCommitted::Refused { conflict: Conflict::Unknown, .. }) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}
