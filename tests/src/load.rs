//! A load: many players at once, as fast as it is asked for, and then an audit of what they were told, made with nothing but what
//! players can read.

pub mod figures;
pub mod player;
pub mod promise;
pub mod report;
pub mod way;

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use futures_util::{StreamExt, TryStreamExt, stream};
use rand::{SeedableRng, rngs::StdRng};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::Instant,
};

use self::{
    figures::{Counts, Figures},
    player::{Player, Turn},
    report::Report,
    way::Way,
};
use crate::seat::Site;

/// So many sign up, or have their ledgers read, at once: deriving the keys of passwords has a brake.
const AT_ONCE: usize = 4;

/// What to load with.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many players there are.
    pub players: usize,
    /// The invite that lets them in.
    pub invite: String,
    /// Requests that begin each second, whatever becomes of those before. Without, each player asks as soon as there is an answer.
    pub rate: Option<NonZeroU32>,
    /// How long requests begin.
    pub lasts: Duration,
    /// How long a request may take.
    pub patience: Duration,
    /// Which share of what is asked under a key is asked again, in percent.
    pub repeats: u32,
    /// How many requests are under way at the most. Those beyond wait, and their waiting counts.
    pub connections: usize,
    /// A number that no other load of this game has: players' names and all chance follow from it.
    pub run: u64,
}

/// Why there is no load, in a sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CannotLoad(pub String);

/// A load that is ready to begin: its players have signed up.
pub struct Load {
    plan: Plan,
    base_url: String,
    players: Vec<Arc<Player>>,
    figures: Arc<Figures>,
    played: Played,
}

/// What came of playing.
#[derive(Debug, Default)]
pub struct Played {
    /// How many requests began by the plan, not counting repeats.
    pub begun: u64,
    /// How many of them were over before the time was.
    pub in_time: u64,
    /// How long it took until all of them were over.
    pub took: Duration,
    /// What was counted from the first sign-up on.
    pub counts: Counts,
}

impl Load {
    /// Signs the players up, and logs them in.
    ///
    /// # Errors
    /// Somebody is not let in.
    pub async fn prepare(site: &Site, plan: Plan) -> Result<Self, CannotLoad> {
        let figures = Arc::new(Figures::default());
        let way = Way { site: site.clone(), figures: Arc::clone(&figures), patience: plan.patience };
        let names = (0..plan.players).map(|number| format!("load-{:012x}-{number}", plan.run));
        let coming = names.map(|name| Player::come(way.clone(), name, &plan.invite));
        let come: Result<_, _> = stream::iter(coming).buffered(AT_ONCE).map_ok(Arc::new).try_collect().await;
        let players = come.map_err(|CannotLoad(sentence)| {
            let heard: Vec<_> = figures.counts().answers.keys().cloned().collect();
            CannotLoad(format!("{sentence} (heard: {})", heard.join(", ")))
        })?;
        let base_url = site.base_url.clone();
        Ok(Self { plan, base_url, players, figures, played: Played::default() })
    }

    /// Who plays.
    pub fn players(&self) -> &[Arc<Player>] {
        &self.players
    }

    /// Plays, as long as the plan says, and until everything that began is over.
    pub async fn play(&mut self) {
        let begin = Instant::now();
        let ended = match self.plan.rate {
            Some(rate) => self.by_the_clock(rate).await,
            None => self.one_after_the_other(begin).await,
        };
        // What is read afterwards is no load.
        let counts = std::mem::take(&mut *self.figures.counts());
        let in_time = ended.iter().filter(|ended| **ended <= begin + self.plan.lasts).count() as u64;
        self.played = Played { begun: ended.len() as u64, in_time, took: begin.elapsed(), counts };
    }

    /// Requests begin at their times; one that has to wait for its turn is late, and its latency says so. Tells when each was over.
    async fn by_the_clock(&self, rate: NonZeroU32) -> Vec<Instant> {
        let mut chance = StdRng::seed_from_u64(self.plan.run);
        let doors = Arc::new(Semaphore::new(self.plan.connections));
        let mut due = times(rate, self.plan.lasts);
        let mut under_way = JoinSet::new();
        for player in self.players.iter().cycle() {
            let Some(due) = due.recv().await else { break };
            let (player, doors) = (Arc::clone(player), Arc::clone(&doors));
            let mut turn = Turn::by(&mut chance, self.plan.repeats);
            under_way.spawn(async move {
                let _door = doors.acquire().await;
                player.figures().begin_late(due.elapsed());
                player.take(&mut turn, due).await;
                Instant::now()
            });
        }
        under_way.join_all().await
    }

    /// Each player asks when the answer before is there. Tells when each request was over.
    async fn one_after_the_other(&self, begin: Instant) -> Vec<Instant> {
        let (lasts, repeats) = (self.plan.lasts, self.plan.repeats);
        let mut playing = JoinSet::new();
        for (place, player) in self.players.iter().enumerate() {
            let player = Arc::clone(player);
            let mut chance = StdRng::seed_from_u64(self.plan.run.wrapping_add(place as u64));
            playing.spawn(async move {
                let mut ended = vec![];
                while begin.elapsed() < lasts {
                    player.take(&mut Turn::by(&mut chance, repeats), Instant::now()).await;
                    ended.push(Instant::now());
                }
                ended
            });
        }
        playing.join_all().await.concat()
    }

    /// Finds out what became of everything, reads every ledger from its first entry to its last, and compares.
    pub async fn account(self) -> Report {
        let accounts = self.players.iter().map(|player| player.account());
        let accounts: Vec<_> = stream::iter(accounts).buffered(AT_ONCE).collect().await;
        Report::of(&self.plan, self.base_url, self.played, accounts)
    }
}

/// The times at which requests are due, each told when it has come.
fn times(rate: NonZeroU32, lasts: Duration) -> mpsc::UnboundedReceiver<Instant> {
    let (tell, told) = mpsc::unbounded_channel();
    // The runtime's own timers are good to a millisecond; a thread sleeps more exactly.
    tokio::task::spawn_blocking(move || {
        let begin = Instant::now();
        let due = (0_u32..).map(|place| begin + Duration::from_secs(1) * place / rate.get());
        for due in due.take_while(|due| *due < begin + lasts) {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            if tell.send(due).is_err() {
                break;
            }
        }
    });
    told
}
