//! Where operators look: in order, page by page, by the beginning of a name.

use std::time::Duration;

use croupier_rules::{account::Invite, id::PlayerId, name::SiteId, player::Player, time::Timestamp};
use croupier_store::{
    account::ProfileChange,
    directory::{Prefix, Shelf},
    item::Profile,
    key::Key,
    tx::Conflict,
};
use croupier_tests::world::{World, play};

use crate::{newcomer_as, session};

/// When the world begins, and its admin with it.
const THIS_YEAR: i16 = 2027;

/// A player who joined at some time.
async fn joined(world: &World, at: &str, name: &str, nickname: &str) -> PlayerId {
    let at: Timestamp = at.parse().expect("a time");
    let number = name.bytes().fold(0, |number, byte| number << 8 | u128::from(byte));
    let id = PlayerId::new(at.millis().unsigned_abs(), number);
    let mut newcomer = newcomer_as(world, name, id);
    newcomer.profile.nickname = nickname.parse().expect("a nickname");
    world.store().sign_up(&newcomer, world.now()).await.expect("free names");
    id
}

/// Reads a list to its end.
async fn pages<T>(read: impl AsyncFn(Option<String>) -> Shelf<T>, show: impl Fn(&T) -> String) -> Vec<Vec<String>> {
    let (mut place, mut pages) = (None, Vec::new());
    loop {
        let found = read(place).await;
        pages.push(found.items.iter().map(&show).collect());
        assert!(pages.len() < 20, "a list without an end: {pages:?}");
        match found.next {
            next @ Some(_) => place = next,
            None => return pages,
        }
    }
}

fn site((_, profile): &(Player, Profile)) -> String {
    profile.site_id.to_string()
}

/// Everybody, page by page.
async fn newest(world: &World, this_year: i16, limit: usize) -> Vec<Vec<String>> {
    let read = async |before: Option<String>| {
        let before = before.map(|id| id.parse().expect("a player's id"));
        world.store().newest_players(before, this_year, limit).await.expect("players")
    };
    pages(read, site).await
}

/// Everybody with a name of this beginning, page by page.
async fn named(world: &World, prefix: &Prefix, limit: usize) -> Vec<Vec<String>> {
    let read = async |after: Option<String>| {
        world.store().players_named(prefix, after.as_deref(), limit).await.expect("players")
    };
    pages(read, site).await
}

/// All invites, page by page.
async fn invites(world: &World, limit: usize) -> Vec<Vec<String>> {
    let read = async |before: Option<String>| world.store().invites(before.as_deref(), limit).await.expect("invites");
    pages(read, |invite| invite.code.to_string()).await
}

/// No page is empty but that of an empty list, and none but the last is short.
fn assert_pages(pages: &[Vec<String>], limit: usize, all: &[&str]) {
    assert_eq!(pages.concat(), all, "in pages of {limit}");
    assert_eq!(pages.len(), all.len().div_ceil(limit).max(1), "in pages of {limit}: {pages:?}");
}

#[tokio::test]
async fn players_are_listed_the_newest_first_across_the_years() {
    play(async |world| {
        for (at, name) in [
            ("2026-12-31T23:59:59.999Z", "last-of-2026"),
            ("2028-02-29T00:00:00Z", "leap"),
            ("2026-03-01T12:00:00Z", "first"),
            ("2028-01-01T00:00:00Z", "first-of-2028"),
            ("2026-12-31T23:59:59.998Z", "last-but-one"),
            ("2027-01-01T00:00:00Z", "new-year"),
            ("2027-01-15T07:59:59.999Z", "just-before"),
        ] {
            joined(world, at, name, name).await;
        }
        let in_2028 = ["leap", "first-of-2028"];
        let until_2027 = ["admin", "just-before", "new-year", "last-of-2026", "last-but-one", "first"];
        let all = [&in_2028[..], &until_2027].concat();
        for limit in 1..=9 {
            assert_pages(&newest(world, 2028, limit).await, limit, &all);
            assert_pages(&newest(world, 2031, limit).await, limit, &all);
            assert_pages(&newest(world, THIS_YEAR, limit).await, limit, &until_2027);
            assert_pages(&newest(world, 2026, limit).await, limit, &until_2027[3..]);
        }
    })
    .await;
}

#[tokio::test]
async fn before_the_first_player_there_is_nobody() {
    play(async |world| {
        for year in [2026, 2025, 0] {
            assert_eq!(newest(world, year, 5).await, [[""; 0]], "{year}");
        }
        assert_eq!(newest(world, THIS_YEAR, 5).await, [["admin"]]);
    })
    .await;
}

#[tokio::test]
async fn those_who_joined_in_one_moment_are_all_listed() {
    play(async |world| {
        let moment = "2027-05-01T00:00:00Z";
        for name in ["aaa", "bbb", "ccc", "ddd", "eee"] {
            joined(world, moment, name, name).await;
        }
        for limit in 1..=6 {
            let all = ["eee", "ddd", "ccc", "bbb", "aaa", "admin"];
            assert_pages(&newest(world, THIS_YEAR, limit).await, limit, &all);
        }
    })
    .await;
}

#[tokio::test]
async fn players_are_found_by_the_beginning_of_their_site_id() {
    play(async |world| {
        for name in ["Ann", "ann.lee", "ANN-1", "anna", "an_", "bob", "Annabel", "ann1"] {
            joined(world, "2027-05-01T00:00:00Z", name, name).await;
        }
        let with_ann = ["Ann", "ANN-1", "ann.lee", "ann1", "anna", "Annabel"];
        for limit in 1..=7 {
            for prefix in ["ann", "ANN", "Ann"] {
                let prefix = Prefix::Site(prefix.to_owned());
                assert_pages(&named(world, &prefix, limit).await, limit, &with_ann);
            }
            for (prefix, found) in [
                ("anna", &["anna", "Annabel"][..]),
                ("annabel", &["Annabel"]),
                ("ann.", &["ann.lee"]),
                ("b", &["bob"]),
                ("annabelle", &[]),
                ("c", &[]),
                ("", &[]),
                ("nn", &[]),
                ("a", &["admin", "an_", "Ann", "ANN-1", "ann.lee", "ann1", "anna", "Annabel"]),
            ] {
                let pages = named(world, &Prefix::Site(prefix.to_owned()), limit).await;
                assert_pages(&pages, limit, found);
            }
        }
    })
    .await;
}

#[tokio::test]
async fn players_are_found_by_the_beginning_of_their_nickname_however_it_is_typed() {
    play(async |world| {
        for (name, nickname) in [
            ("one", "Zoë"),
            ("two", "zoë quick"),
            ("three", "ZOË-2"),
            ("four", "Zoe"),
            ("five", "Ｚｏｅ B"),
            ("six", "🍒🍋"),
        ] {
            joined(world, "2027-05-01T00:00:00Z", name, nickname).await;
        }
        for limit in 1..=5 {
            for (prefix, found) in [
                ("zoë", &["one", "two", "three"][..]),
                ("ZOE\u{308}", &["one", "two", "three"]),
                ("zoe", &["four", "five"]),
                ("ｚ", &["four", "five", "one", "two", "three"]),
                ("zoë q", &["two"]),
                ("🍒", &["six"]),
                ("🍋", &[]),
            ] {
                let pages = named(world, &Prefix::Nickname(prefix.to_owned()), limit).await;
                assert_pages(&pages, limit, found);
            }
        }
        assert_pages(&named(world, &Prefix::Site("zo".to_owned()), 5).await, 5, &[]);
    })
    .await;
}

#[tokio::test]
async fn whoever_changes_a_name_is_found_by_the_new_one_alone() {
    play(async |world| {
        let ann = joined(world, "2027-05-01T00:00:00Z", "ann", "Before").await;
        let nickname = Some("After".parse().unwrap());
        let wanted = ProfileChange { nickname, ..ProfileChange::default() };
        world.store().change_profile(ann, session(world).id, &wanted).await.unwrap();
        let by_nickname = async |text: &str| named(world, &Prefix::Nickname(text.to_owned()), 5).await;
        assert_eq!(by_nickname("before").await, [[""; 0]]);
        assert_eq!(by_nickname("after").await, [["ann"]]);
        // The list of all, and the one of site ids, still know the player.
        assert_eq!(newest(world, THIS_YEAR, 5).await, [["ann", "admin"]]);
        assert_eq!(named(world, &Prefix::Site("ann".to_owned()), 5).await, [["ann"]]);
        let site: SiteId = "ann".parse().unwrap();
        world.store().reset_password(&site, "another").await.unwrap();
        assert_eq!(named(world, &Prefix::Site("ann".to_owned()), 5).await, [["ann"]], "also with another password");
    })
    .await;
}

#[tokio::test]
async fn invites_are_listed_the_newest_first_as_they_are_now() {
    play(async |world| {
        let made = |minutes: Option<u64>| minutes.map(|minutes| world.now().after(Duration::from_secs(60 * minutes)));
        for (code, minutes) in [("SECOND", Some(2)), ("A", Some(3)), ("B", Some(3)), ("FIRST", Some(1)), ("OLD", None)]
        {
            let endless = Invite::endless(code.parse().unwrap());
            world.store().offer_invite(&Invite { created_at: made(minutes), ..endless }).await.unwrap();
        }
        let all = ["B", "A", "SECOND", "FIRST", "5858", "OLD"];
        for limit in 1..=7 {
            assert_pages(&invites(world, limit).await, limit, &all);
        }
        // A use and an end leave it where it is, and are told.
        let key = Key::invite(&"A".parse().unwrap());
        let off = world.store().tx().swap(&key, "active", true, false, Conflict::Unknown);
        off.commit().await.unwrap();
        let found = world.store().invites(None, 100).await.unwrap();
        let active: Vec<_> = found.items.iter().map(|invite| invite.active).collect();
        assert_eq!(active, [true, false, true, true, true, true]);
        assert_pages(&invites(world, 100).await, 100, &all);
    })
    .await;
}
