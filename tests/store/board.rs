//! Counting ledgers into boards, however much there is to count.

use std::time::Duration;

use croupier_rules::{
    board::{Board, Metric, Span, Tally},
    id::PlayerId,
    ledger::{Action, Entry, GameType, Hash},
    money::{Coins, Debt, Gems, Postings},
    slot::SlotRound,
};
use croupier_store::{item::EntryRecord, key::Key, tx::Conflict};
use croupier_tests::world::World;

use crate::alone;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn coins(amount: u64) -> Coins {
    Coins::new(amount).expect("an amount")
}

/// A ledger that was never counted: a round on each of so many days, all written at once.
async fn uncounted(world: &World, player: PlayerId, days: u32) {
    let tx = (1..=days).fold(world.store().tx(), |tx, day| {
        let round = SlotRound {
            bet_amount: coins(10),
            streak: 1,
            reels: ["🍒", "🍒", "🍋"].map(str::to_owned),
            pay_percent: 150,
            variation: 0,
            win_amount: coins(15),
        };
        let entry = Entry {
            player,
            number: day.into(),
            at: world.now().after(DAY * day),
            action: Action::SlotSpin(round),
            moved: Postings { coins: 5, gems: 0 },
            coins: coins(1000),
            gems: Gems::ZERO,
            owed: Postings::NONE,
            debt: Debt::default(),
            odds: None,
            draw: None,
            previous: Hash::genesis(player),
        };
        let record = EntryRecord { entry, fingerprint: None, reply: String::new() };
        tx.create(&Key::own_entry(player, day), &record, Conflict::AlreadyDone)
    });
    tx.commit().await.expect("a ledger");
}

#[tokio::test]
async fn months_that_were_never_counted_are_counted_in_portions() {
    alone(async |world| {
        let (player, calendar) = (PlayerId::new(1, 7), world.running().app.economy.calendar);
        uncounted(world, player, 100).await;
        world.store().project(player, calendar).await.unwrap();
        let tally: Tally = world.store().get(&Key::projected(player)).await.unwrap().unwrap();
        assert_eq!((tally.counted, tally.games[&GameType::Slot].all.rounds), (100, 100));
        assert!(tally.revision > 1, "more than one transaction takes");
        let last = calendar.day(world.now().after(DAY * 100));
        for (span, net) in [(Span::Daily, 5), (Span::All, 500)] {
            let board = Board::on(GameType::Slot, Metric::Net, span, last);
            assert_eq!(world.store().place(&board, player).await.unwrap(), Some((net, Some(0))), "{span:?}");
        }
        assert_eq!(world.store().played_by_all(GameType::Slot).await.unwrap().rounds, 100);
    })
    .await;
}
