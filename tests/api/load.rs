//! The load test: what is lost on the way does not mislead it, and a broken promise does not escape it.

mod impostor;

use std::{num::NonZeroU32, time::Duration};

use croupier_functions::FUNCTIONS;
use croupier_rules::ledger::GameType;
use croupier_tests::{
    deed::Deed,
    load::{
        Load, Plan,
        promise::{Asked, Balance, Breach, LedgerEntry, Outcome, Request, check, settle},
    },
    seat::{Answer, Seat},
    wire::Fault,
    world::{World, play},
};

use self::impostor::{Mischief, behind};

const RATE: u32 = 30;

/// Few players and many repeats, for two seconds.
fn plan() -> Plan {
    Plan {
        players: 4,
        invite: "5858".to_owned(),
        rate: NonZeroU32::new(RATE),
        lasts: Duration::from_secs(2),
        patience: Duration::from_secs(20),
        repeats: 50,
        connections: 64,
        run: 7,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_gets_lost_under_load_each_request_stands_in_the_ledger_once() {
    play(async |world| {
        let mut load = Load::prepare(&world.site, plan()).await.expect("players");
        // Everybody's access token is over, and has to be renewed while things go wrong.
        world.pass(Duration::from_secs(31 * 60));
        world.wire.misbehave(7, 0.05);
        // More than the SDK's own tries absorb: some clients are told 503, for what was done.
        world.wire.plan("TransactWriteItems", &[Fault::LostReply; 40]);
        load.play().await;
        world.wire.behave();
        let report = load.account().await;
        println!("{report}");
        assert_eq!(report.breaches, [""; 0]);
        assert!(report.is_good(100.0));
        assert!(report.failures > 0 && report.retries > 0, "nothing went wrong");
        assert!(report.repeats > 0 && report.hung_up > 0, "nothing was repeated");
        assert_eq!(report.same_bytes, report.repeats);
        assert_eq!(report.begun, u64::from(2 * RATE), "whatever is late, requests begin at their times");
        assert!(report.latency.contains_key("refresh"), "no token was renewed");
        for function in report.latency.keys() {
            assert!(FUNCTIONS.iter().any(|known| known.name == *function), "{function} is no function");
        }
    })
    .await;
}

#[tokio::test]
async fn players_who_wait_for_their_answers_are_a_load_too() {
    play(async |world| {
        let plan = Plan { rate: None, lasts: Duration::from_secs(1), ..plan() };
        let mut load = Load::prepare(&world.site, plan).await.expect("players");
        load.play().await;
        let report = load.account().await;
        assert_eq!(report.breaches, [""; 0]);
        assert!(report.is_good(0.0), "{report}");
        assert!(report.compared > 0 && report.entries > report.compared / 2, "{report}");
    })
    .await;
}

#[tokio::test]
async fn nobody_plays_without_an_invite() {
    play(async |world| {
        let plan = Plan { invite: "UNKNOWN".to_owned(), ..plan() };
        let refused = Load::prepare(&world.site, plan).await.err().expect("a refusal").to_string();
        assert!(refused.contains("INVITE_INVALID"), "{refused}");
    })
    .await;
}

#[tokio::test]
async fn a_spin_that_nobody_asked_for_is_reported() {
    play(async |world| {
        let mut load = Load::prepare(&world.site, plan()).await.expect("players");
        let victim = load.players()[1].seat();
        load.play().await;
        let spin = victim.spin(1).await.ok();
        let report = load.account().await;
        let expected =
            format!("{}: entry {}, SLOT_SPIN, was asked for by nobody, or was done twice", victim.id, spin["sequence"]);
        assert_eq!(report.breaches, [expected]);
        assert!(!report.is_good(100.0));
    })
    .await;
}

#[tokio::test]
async fn a_game_that_breaks_the_promise_is_found_out() {
    for (mischief, said) in [
        (
            Mischief::ForgetsKeys,
            vec!["was done more than once", "answered again, and otherwise", "asked for by nobody"],
        ),
        (Mischief::InventsBalances, vec!["is not what was told to"]),
        (Mischief::HidesAnEntry, vec!["stands where entry 2 should", "which is not in the ledger"]),
        (Mischief::DoublesAnEntry, vec!["stands in the ledger more than once"]),
    ] {
        let world = World::start().await;
        let mut load = Load::prepare(&behind(&world, mischief).await, plan()).await.expect("players");
        load.play().await;
        let report = load.account().await;
        assert!(!report.is_good(100.0), "{mischief:?}: {report}");
        for said in said {
            assert!(report.breaches.iter().any(|breach| breach.contains(said)), "{mischief:?}, {said}: {report}");
        }
        world.stop().await;
    }
}

#[tokio::test]
async fn a_gateway_that_loses_answers_fails_the_load_and_breaks_no_promise() {
    play(async |world| {
        let mut load = Load::prepare(&behind(world, Mischief::LosesAnswers).await, plan()).await.expect("players");
        load.play().await;
        let report = load.account().await;
        assert_eq!(report.breaches, [""; 0]);
        assert!(report.failed_percent > 1.0 && report.answers["502"] > 0, "{report}");
        assert!(!report.is_good(1.0) && report.is_good(100.0));
    })
    .await;
}

/// What somebody asked for and was told, the ledger, and the balance.
struct Books {
    asked: Vec<Asked>,
    ledger: Vec<LedgerEntry>,
    balance: Balance,
}

impl Books {
    /// A player who has spun, pulled and been in a session.
    async fn of(world: &World) -> Self {
        let seat = world.newcomer("bookish").await;
        let mut asked = vec![ask(&seat, "start", Deed::Start(GameType::Slot)).await];
        let Outcome::Done(told) = &asked[0].outcome else { panic!("{asked:?}") };
        let session = told.entry.rsplit(' ').next().expect("a session").to_owned();
        for (key, deed) in [("spin-one", Deed::Spin(2)), ("pull-one", Deed::Pull(1)), ("end", Deed::End(session))] {
            asked.push(ask(&seat, key, deed).await);
        }
        asked.push(ask(&seat, "too-much", Deed::Spin(10_000)).await);
        assert_eq!(asked[4].outcome, Outcome::Refused);
        let mut ledger = seat.history().await;
        ledger.reverse();
        let read = |entry| serde_json::from_value(entry).expect("an entry");
        let balance = serde_json::from_value(seat.get("/api/users/balance").await.ok()).expect("a balance");
        Self { asked, ledger: ledger.into_iter().map(read).collect(), balance }
    }
}

async fn ask(seat: &Seat, key: &str, deed: Deed) -> Asked {
    let key = format!("load-{key}");
    let answer = seat.post_keyed(&deed.path(), &key, deed.body()).await;
    let (asked, breaches) = settle(Request { deed, key }, &[Some(answer)]);
    assert_eq!(breaches, []);
    asked
}

#[tokio::test]
async fn a_ledger_that_is_not_what_was_told_is_told_apart_from_one_that_is() {
    play(async |world| {
        let books = Books::of(world).await;
        let spoilt = |spoil: &dyn Fn(&mut Books)| {
            let Books { asked, ledger, balance } = &books;
            let mut books = Books { asked: asked.clone(), ledger: ledger.clone(), balance: balance.clone() };
            spoil(&mut books);
            check(&books.asked, &books.ledger, &books.balance)
        };
        let [spin, pull] = [1, 2].map(|place| books.asked[place].request.clone());
        let entry = || "entry 3".to_owned();
        assert_eq!(spoilt(&|_| ()), []);

        let lost = spoilt(&|books| drop(books.ledger.remove(2)));
        let missing = Breach::Missing { request: spin.clone(), entry: entry() };
        assert!(lost.contains(&missing) && lost.contains(&Breach::Gap { expected: 3, found: 4 }), "{lost:?}");

        let doubled = spoilt(&|books| books.ledger.insert(2, books.ledger[2].clone()));
        assert!(doubled.contains(&Breach::Doubled(entry())), "{doubled:?}");

        let unasked = spoilt(&|books| drop(books.asked.remove(2)));
        assert_eq!(unasked, [Breach::Unasked { number: 4, action: "GACHA_PULL" }]);

        let unheard = spoilt(&|books| books.asked[4].outcome = Outcome::Unknown);
        assert_eq!(unheard, [Breach::Unresolved(books.asked[4].request.clone())]);

        let shared = spoilt(&|books| books.asked.push(books.asked[1].clone()));
        assert_eq!(shared, [Breach::Shared(entry())]);

        let dearer = spoilt(&|books| books.asked[1].request.deed = Deed::Spin(3));
        let request = Request { deed: Deed::Spin(3), ..spin };
        assert_eq!(dearer, [Breach::Differs { request, entry: entry() }]);

        let better = spoilt(&|books| {
            if let Outcome::Done(told) = &mut books.asked[2].outcome {
                told.net_change = Some(0);
            }
        });
        assert_eq!(better, [Breach::Differs { request: pull, entry: "entry 4".to_owned() }]);

        let richer = spoilt(&|books| books.balance.coins += 1);
        assert!(matches!(richer.as_slice(), [Breach::Balance { .. }]), "{richer:?}");

        let moved = spoilt(&|books| books.ledger[2].delta_coin += 1);
        assert!(moved.contains(&Breach::Sum(3)), "{moved:?}");
    })
    .await;
}

#[tokio::test]
async fn answers_under_one_key_are_one_answer() {
    play(async |world| {
        let seat = world.newcomer("keyed").await;
        let request = Request { deed: Deed::Spin(1), key: "one-and-the-same".to_owned() };
        let first = seat.spin_keyed(1, &request.key).await;
        let again = seat.spin_keyed(1, &request.key).await;
        let broke = seat.spin(10_000).await;
        let other = seat.spin(1).await;
        let settled = |heard: &[&Answer]| {
            let heard: Vec<_> = heard.iter().map(|answer| Some((*answer).clone())).chain([None]).collect();
            settle(request.clone(), &heard).1
        };
        let otherwise = || Breach::Otherwise(request.clone());
        let twice = || Breach::DoneTwice(request.clone());
        assert_eq!(settled(&[&first, &again, &again]), []);
        assert_eq!(settled(&[&broke, &first]), [], "what was refused may be done later");
        assert_eq!(settled(&[&first, &broke]), [otherwise()], "what was done stays done");
        assert_eq!(settled(&[&first, &first]), [twice()]);
        assert_eq!(settled(&[&first, &other]), [otherwise(), twice()]);
        let strange = Answer { status: 404, ..broke };
        assert_eq!(settled(&[&strange]), [], "the code is what counts");
        let strange = Answer { body: "{}".to_owned(), ..strange };
        assert!(matches!(settled(&[&strange]).as_slice(), [Breach::Unexpected { .. }]));
        let empty = Answer { status: 200, ..strange };
        assert!(matches!(settled(&[&empty]).as_slice(), [Breach::Unexpected { .. }]));
    })
    .await;
}
