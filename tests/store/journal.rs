//! Reading a ledger: in pages, filtered, and one entry by its id.

use croupier_rules::{
    fairness,
    id::{EntryId, PlayerId},
    ledger::{Action, Entry, GameType, Hash},
    money::{Coins, Debt, Gems, Postings},
    player::Player,
};
use croupier_store::{act::NotDone, item::EntryRecord, journal::Filter, key::Key, tx::Conflict};
use croupier_tests::world::{World, play};

use crate::{
    act::{deed, spin},
    alone, round, seated,
};

/// A ledger of `most` entries in which every third is a rotation.
async fn play_on(world: &World, ann: &Player, most: u64) -> Result<(), NotDone> {
    for number in 2..=most {
        let player: Player = world.store().get(&Key::player(ann.id)).await?.expect("a player");
        let deed = deed(world, None, "");
        if number.is_multiple_of(3) {
            world.store().act(&deed, player, |player| fairness::rotate(player, None, &round(world))).await?;
        } else {
            world.store().act(&deed, player, |player| spin(world, player, 1)).await?;
        }
    }
    Ok(())
}

/// The numbers of the entries of each page, until there is no further one.
async fn pages(world: &World, player: PlayerId, limit: usize, filter: &Filter) -> Vec<Vec<u64>> {
    let (mut before, mut pages) = (u64::MAX, Vec::new());
    loop {
        let page = world.store().entries(player, before, limit, filter).await.expect("a page");
        pages.push(page.entries.iter().map(|record| record.entry.number).collect());
        match page.next {
            Some(next) => before = next,
            None => return pages,
        }
    }
}

#[tokio::test]
async fn a_ledger_is_read_in_pages_newest_first() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        play_on(world, &ann, 12).await.unwrap();
        seated(world, "bob").await;
        let all: Vec<u64> = (1..=12).rev().collect();
        for limit in [1, 4, 5, 11, 12, 13] {
            let pages = pages(world, ann.id, limit, &Filter::default()).await;
            assert_eq!(pages.concat(), all);
            assert_eq!(pages.len(), 12_usize.div_ceil(limit), "no page is empty, and none but the last is short");
        }
    })
    .await;
}

fn of_action(name: &str) -> Filter {
    Filter { action: Some(name.to_owned()), game: None }
}

#[tokio::test]
async fn a_ledger_is_read_by_action() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        play_on(world, &ann, 12).await.unwrap();
        let spins = pages(world, ann.id, 3, &of_action("SLOT_SPIN")).await;
        assert_eq!(spins.concat(), [11, 10, 8, 7, 5, 4, 2]);
        assert_eq!(spins[0].len(), 3);
        let others = pages(world, ann.id, 100, &of_action("FAIRNESS_ROTATE")).await;
        assert_eq!(others, [[12, 9, 6, 3]]);
        assert_eq!(pages(world, ann.id, 5, &of_action("UNKNOWN")).await, [[0; 0]]);
        let of_gacha = Filter { game: Some(GameType::Gacha), action: None };
        assert_eq!(pages(world, ann.id, 5, &of_gacha).await, [[0; 0]]);
        let of_slot = Filter { game: Some(GameType::Slot), action: None };
        assert_eq!(pages(world, ann.id, 3, &of_slot).await, spins);
    })
    .await;
}

#[tokio::test]
async fn a_page_begins_where_it_is_told_to() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        play_on(world, &ann, 4).await.unwrap();
        let first = async |before| {
            let page = world.store().entries(ann.id, before, 1, &Filter::default()).await.unwrap();
            page.entries.first().map(|record| record.entry.number)
        };
        let numbers = [first(0).await, first(1).await, first(2).await, first(5).await, first(u64::MAX).await];
        assert_eq!(numbers, [None, None, Some(1), Some(4), Some(4)]);
        assert_eq!(pages(world, PlayerId::new(9, 9), 5, &Filter::default()).await, [[0; 0]], "nobody's ledger");
    })
    .await;
}

#[tokio::test]
async fn an_entry_is_found_by_its_id_and_by_no_other() {
    play(async |world| {
        let (ann, bob) = (seated(world, "ann").await, seated(world, "bob").await);
        play_on(world, &ann, 4).await.unwrap();
        let at = world.now().millis().unsigned_abs();
        for number in 1..=4 {
            let found = world.store().entry(ann.id, EntryId::of(ann.id, number, at)).await.unwrap();
            assert_eq!(found.map(|record| record.entry.number), Some(number));
        }
        let unknown = [
            EntryId::of(bob.id, 2, at),
            EntryId::of(ann.id, 2, at + 1),
            EntryId::of(ann.id, 5, at),
            EntryId::of(ann.id, 0, at),
            EntryId::new(u64::MAX, u128::MAX),
        ];
        for id in unknown {
            assert_eq!(world.store().entry(ann.id, id).await.unwrap(), None, "{id}");
        }
        assert_eq!(world.store().entry(bob.id, EntryId::of(ann.id, 1, at)).await.unwrap(), None);
    })
    .await;
}

/// As many entries as asked for, in as few writes as possible: the first is a sign-up, all others are rotations.
async fn long_ledger(world: &World, player: PlayerId, entries: u64) {
    let numbers: Vec<u64> = (1..=entries).collect();
    for chunk in numbers.chunks(100) {
        let tx = chunk.iter().fold(world.store().tx(), |tx, number| {
            let action = match number {
                1 => Action::Signup { invite: None },
                _ => Action::FairnessRotate { epoch: 1, client_seed: "seed".parse().unwrap() },
            };
            let entry = Entry {
                player,
                number: *number,
                at: world.now(),
                action,
                moved: Postings::NONE,
                coins: Coins::ZERO,
                gems: Gems::ZERO,
                owed: Postings::NONE,
                debt: Debt::default(),
                odds: None,
                draw: None,
                previous: Hash::genesis(player),
            };
            let record = EntryRecord { entry, fingerprint: None, reply: String::new() };
            tx.create(&Key::own_entry(player, number), &record, Conflict::AlreadyDone)
        });
        tx.commit().await.expect("entries");
    }
}

#[tokio::test]
async fn a_filter_that_nothing_passes_costs_ten_reads_and_is_taken_up_again() {
    alone(async |world| {
        let player = PlayerId::new(1, 1);
        long_ledger(world, player, 1050).await;
        world.wire.take();
        let wanted = &Filter { action: Some("SIGNUP".to_owned()), game: None };
        let page = world.store().entries(player, u64::MAX, 5, wanted).await.unwrap();
        assert_eq!((page.entries.len(), page.next), (0, Some(51)));
        // Rotations are no news, so that nobody else has asked anything.
        assert_eq!(world.wire.take().iter().filter(|call| call.operation == "Query").count(), 10);
        assert_eq!(pages(world, player, 5, wanted).await, [vec![], vec![1]]);
    })
    .await;
}
