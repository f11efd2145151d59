use croupier_rules::{player::Player, round::Moment};
use croupier_store::{
    item::GameRecord,
    key::Key,
    tx::{Conflict, NotCommitted},
};
use croupier_web::{app::App, call::end_idle_session, config::Need, consumer::ScheduledTask, error::Failure};

/// Ends what nobody ended in time.
pub struct Sweep;

/// How much is looked at in one round; what is left is looked at in the next.
const AT_ONCE: usize = 100;

impl ScheduledTask for Sweep {
    const NAME: &'static str = "sweep";
    const EVERY_MINUTES: u32 = 1;
    const NEEDS: &'static [Need] = &[Need::Table];

    async fn run(app: &App) -> Result<usize, Failure> {
        let (store, now) = (app.store()?, app.clock.now());
        let due: Vec<GameRecord> = store.due(now, AT_ONCE).await?;
        let mut failed = None;
        for record in &due {
            // One that fails keeps nobody else from being looked at.
            if let Err(failure) = look_at(app, record).await {
                failed = Some(failure);
            }
        }
        failed.map_or(Ok(due.len()), Err)
    }
}

/// Ends a session in which nothing happens any more, or looks at it again when it may be over.
async fn look_at(app: &App, record: &GameRecord) -> Result<(), Failure> {
    let (store, now) = (app.store()?, app.clock.now());
    let moment = Moment { now, economy: &app.economy };
    let player: Option<Player> = store.get(&Key::player(record.player)).await?;
    let Some(player) = player else { return Ok(()) };
    let Some(session) = player.session.filter(|session| session.id == record.session) else { return Ok(()) };
    if session.is_idle(now, app.economy.session) {
        return end_idle_session(store, player, moment).await;
    }
    let due = session.idle_from(app.economy.session);
    match store.put_off(record.player, record.session, due).await {
        // It has been ended in the meantime.
        Ok(()) | Err(NotCommitted::Refused { conflict: Conflict::Unknown, .. }) => Ok(()),
        Err(other) => Err(other.into()),
    }
}
