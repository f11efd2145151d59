//! A world to play in: the embedded stack, with a clock that stands still and a wire that can be told to fail.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use croupier_functions::FUNCTIONS;
use croupier_localstack::{
    invocation::invoke,
    queue::EVENTS,
    stack::{Options, Running, Stack},
    stream::UNASKED,
};
use croupier_rules::{
    economy::Economy,
    event::{Event, EventId},
    id::PlayerId,
    time::Timestamp,
};
use croupier_store::Store;
use croupier_web::{
    app::{App, Clock, Entropy},
    config::Config,
};

use serde_json::Value;
use tokio::time::timeout;

use crate::{audit, seat::Site, wire::Wire};

/// How long an event may take in a test; on the embedded stack it takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// When every world begins.
const BEGIN: i64 = 1_800_000_000_000;

/// A world to play in.
pub struct World {
    /// Where the game is.
    pub site: Site,
    /// What lies between the game and its table.
    pub wire: Wire,
    clock: Arc<AtomicI64>,
    stack: Stack,
}

/// Makes a world, plays in it, and audits all that is left in its table.
pub async fn play(test: impl AsyncFnOnce(&World)) {
    let world = World::start().await;
    test(&world).await;
    assert_eq!(world.wire.beyond_their_roles(), [""; 0], "template.yaml does not allow what functions do");
    world.wire.behave();
    audit::audit(&world).await;
    world.stack.stop().await;
}

/// Plays a journey: at `BASE_URL` and `SOCKET_URL` where they are set, else in a world of its own.
pub async fn journey(test: impl AsyncFnOnce(&Site)) {
    match elsewhere() {
        Some(site) => test(&site).await,
        None => play(async |world| test(&world.site).await).await,
    }
}

/// The game at `BASE_URL` and `SOCKET_URL`, if they are set: both, or what is tested is not what somebody meant.
pub fn elsewhere() -> Option<Site> {
    match (variable("BASE_URL"), variable("SOCKET_URL")) {
        (Some(base_url), Some(socket_url)) => Some(Site::at(base_url, socket_url)),
        (None, None) => None,
        _ => panic!("BASE_URL and SOCKET_URL go together"),
    }
}

/// What the environment says.
#[expect(clippy::disallowed_methods, reason = "who runs the tests says where")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|text| !text.is_empty())
}

impl World {
    /// A world of its own, in memory.
    pub async fn start() -> Self {
        Self::with(|_| ()).await
    }

    /// A world that begins differently.
    pub async fn with(change: impl FnOnce(&mut Options)) -> Self {
        let clock = Arc::new(AtomicI64::new(BEGIN));
        let wire = Wire::default();
        let mut options = Options {
            port: 0,
            data: None,
            clock: Clock::Still(Arc::clone(&clock)),
            entropy: Entropy::seeded(7),
            http: Some(aws_smithy_runtime_api::client::http::SharedHttpClient::new(wire.clone())),
            config: Config::read(&[], |_| None).expect("an empty environment"),
            invite: "5858".to_owned(),
            admin_password: Some("cherry-lemon-7".to_owned()),
        };
        change(&mut options);
        let stack = Stack::start(options).await.expect("a stack");
        let address = stack.address;
        let site = Site::at(format!("http://{address}"), format!("ws://{address}/ws"));
        wire.take();
        Self { site, wire, clock, stack }
    }

    /// What runs in it.
    pub fn running(&self) -> &Running {
        &self.stack.running
    }

    /// Its table.
    pub fn store(&self) -> &Store {
        self.running().app.store().expect("a table")
    }

    /// What signs the payment gateway's notices in it.
    pub fn webhook_secret(&self) -> &str {
        &self.stack.webhook_secret
    }

    /// What time it is in it.
    pub fn now(&self) -> Timestamp {
        self.running().app.clock.now()
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.clock.fetch_add(i64::try_from(time.as_millis()).expect("a short time"), Ordering::SeqCst);
    }

    /// Does what a schedule does, now.
    pub async fn sweep(&self) {
        let sweep = FUNCTIONS.iter().find(|function| function.name == "sweep").expect("a sweep");
        UNASKED.scope((), invoke(sweep, &self.running().app, Value::Null)).await.expect("a clean sweep");
    }

    /// Counts all that was played into the boards, whatever the stream has told by now.
    pub async fn catch_up(&self) {
        let players: Vec<PlayerId> = audit::books(self).await.players.into_keys().collect();
        for player in players {
            let counted = self.store().project(player, self.running().app.economy.calendar);
            UNASKED.scope((), counted).await.expect("a ledger that can be counted");
        }
    }

    /// What was published, as a reader has it who drops repeats: of each player the events in the order in which they came. Waits
    /// until these are among them.
    pub async fn published(&self, awaited: &BTreeSet<(PlayerId, EventId)>) -> BTreeMap<PlayerId, Vec<Event>> {
        let queue = self.running().queues.named(EVENTS).expect("a queue");
        let mut wanted = awaited.len() as u64;
        loop {
            timeout(PATIENCE, queue.has_taken(wanted)).await.expect("events in time");
            // Asked before the look into the queue: whatever comes after the look is one more.
            wanted = queue.taken() + 1;
            let (mut known, mut told) = (BTreeSet::new(), BTreeMap::<_, Vec<_>>::new());
            for body in queue.bodies() {
                let event: Event = serde_json::from_str(&body).expect("an event");
                // As the queue does, which drops repeats within a group.
                if known.insert((event.envelope.player_id, event.envelope.event_id)) {
                    told.entry(event.envelope.player_id).or_default().push(event);
                }
            }
            if known.is_superset(awaited) {
                return told;
            }
        }
    }

    /// A function beside those of the stack, which has nothing yet but the time.
    pub fn instance(&self) -> App {
        App {
            clock: self.running().app.clock.clone(),
            entropy: Entropy::seeded(1),
            economy: Economy::shipped().expect("the economy"),
            max_sessions: 1,
            odds: OnceLock::new(),
            gacha_odds: OnceLock::new(),
            store: None,
            tokens: None,
            seeds: None,
            sockets: None,
            bus: None,
            kafka: None,
            kafka_failures: None,
            warehouse: None,
            analytics_failures: None,
            payments: None,
            notices: None,
        }
    }

    /// Ends it.
    pub async fn stop(self) {
        self.stack.stop().await;
    }
}

impl Deref for World {
    type Target = Site;

    fn deref(&self) -> &Site {
        &self.site
    }
}
