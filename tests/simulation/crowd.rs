//! Many at once, and one player on many devices.

use std::{collections::BTreeMap, iter::repeat_n};

use croupier_tests::{audit::books, wire::Fault, world::play};
use futures_util::future::join_all;

const PLAYERS: usize = 20;
const DEVICES: usize = 16;
const SPINS: usize = 5;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_spin_is_lost_or_doubled_when_many_spin_at_once_and_collide() {
    play(async |world| {
        let mut seats = Vec::new();
        for number in 0..=PLAYERS {
            seats.push(world.newcomer(&format!("player-{number}")).await);
        }
        let (everywhere, others) = seats.split_first().expect("players");
        world.wire.plan("TransactWriteItems", &[Fault::Collision; 60]);

        let devices = others.iter().chain(repeat_n(everywhere, DEVICES));
        let spins = join_all(devices.map(async |seat| {
            let mut statuses = Vec::new();
            for _ in 0..SPINS {
                statuses.push(seat.spin(1).await.status);
            }
            (seat.id.clone(), statuses)
        }));
        let mut answers: BTreeMap<String, Vec<u16>> = BTreeMap::new();
        for (player, statuses) in spins.await {
            answers.entry(player).or_default().extend(statuses);
        }

        let books = books(world).await;
        for (player, statuses) in answers {
            let times = |wanted| statuses.iter().filter(|status| **status == wanted).count();
            // Where nothing but others stood in the way, what was not done was not done.
            assert_eq!(times(200) + times(503), statuses.len(), "{statuses:?}");
            let ledger = &books.ledgers[&player.parse().expect("a player's id")];
            assert_eq!(ledger.len(), 1 + times(200), "{player}: {statuses:?}");
            assert!(times(200) > times(503), "{player} hardly ever gets through: {statuses:?}");
        }
    })
    .await;
}
