//! How a stored shape is changed, as docs/operations.md says: expand, backfill, contract. The example is the list of sessions in a profile.

use croupier_rules::id::PlayerId;
use croupier_store::{Store, item::Profile, key::Key, tx::NotCommitted};
use croupier_tests::world::World;
use serde::Deserialize;
use serde_json::Value;

use crate::{alone, newcomer_as, session};

/// The field that not every stored profile has.
const FIELD: &str = "sessions";
/// Players that are looked at together.
const PAGE: usize = 2;

/// A profile as code reads it after the contraction: the field has no default.
#[derive(Debug, Deserialize)]
struct Contracted {
    sessions: Vec<croupier_rules::id::SessionId>,
}

/// Brings the profiles of the players who joined before `place` to the new shape, `pages` pages of them. Tells where to go on, and how many
/// it has changed.
async fn backfill(
    store: &Store,
    place: Option<PlayerId>,
    this_year: i16,
    pages: usize,
) -> Result<(Option<PlayerId>, usize), NotCommitted> {
    let (mut place, mut changed) = (place, 0);
    for _ in 0..pages {
        let found = store.newest_players(place, this_year, PAGE).await?;
        for (player, _) in found.items {
            changed += usize::from(mend(store, player.id).await?);
        }
        place = found.next.and_then(|id| id.parse().ok());
        if place.is_none() {
            break;
        }
    }
    Ok((place, changed))
}

/// Gives a profile the field, unless it has it.
async fn mend(store: &Store, player: PlayerId) -> Result<bool, NotCommitted> {
    let key = Key::profile(player);
    loop {
        let stored: Option<Value> = store.get(&key).await?;
        if stored.is_none_or(|stored| !stored[FIELD].is_null()) {
            return Ok(false);
        }
        let seen = store.profile(player).await?;
        let mended = Profile { revision: seen.revision + 1, ..seen.clone() };
        match store.tx().replace(&key, &mended, seen.revision).commit().await {
            // Somebody wrote it in between; what is there by now is looked at again.
            Err(NotCommitted::Contended) => {}
            written => return written.map(|()| true),
        }
    }
}

/// Takes the field away from a stored profile: as it was before the change.
#[expect(clippy::disallowed_methods, reason = "no transaction of today writes the shape of yesterday")]
async fn make_old(world: &World, player: PlayerId) {
    use aws_sdk_dynamodb::types::AttributeValue;
    let text = |text: String| AttributeValue::S(text);
    let update = world.running().table.update_item().table_name(croupier_localstack::table::TABLE);
    let update = update.key("pk", text(Key::ledger(player))).key("sk", text("PROFILE".to_owned()));
    let update = update.update_expression("REMOVE #field").expression_attribute_names("#field", FIELD);
    update.send().await.expect("a profile");
}

/// Players who are there already, with profiles of the old shape.
async fn players(world: &World) -> Vec<PlayerId> {
    let mut players = Vec::new();
    for name in ["ann", "bob", "cid", "dan", "eve"] {
        let number = name.bytes().fold(0, |number, byte| number << 8 | u128::from(byte));
        let id = PlayerId::new(world.now().millis().unsigned_abs(), number);
        world.store().sign_up(&newcomer_as(world, name, id), world.now()).await.expect("free names");
        make_old(world, id).await;
        players.push(id);
    }
    players
}

#[tokio::test]
async fn a_shape_is_expanded_backfilled_while_others_write_and_contracted() {
    alone(async |world| {
        let (store, year) = (world.store(), world.now().year());
        let players = players(world).await;
        let contracted = async || {
            let mut read = Vec::new();
            for player in &players {
                read.push(store.get::<Contracted>(&Key::profile(*player)).await);
            }
            read
        };

        // Expanded: what is of the old shape can be read, and code that demands the field may not come yet.
        for player in &players {
            assert_eq!(store.profile(*player).await.expect("a profile").sessions, []);
        }
        assert!(contracted().await.iter().all(Result::is_err));

        // Backfilled: stopped after a page, gone on with, and begun anew.
        let (place, first) = backfill(store, None, year, 1).await.expect("a table");
        let (end, rest) = backfill(store, place, year, 100).await.expect("a table");
        assert!(place.is_some() && first > 0 && rest > 0, "it was not stopped in the middle");
        assert_eq!((end, first + rest), (None, players.len()));
        assert_eq!(backfill(store, None, year, 100).await.expect("a table"), (None, 0));

        // Contracted.
        assert!(
            contracted().await.into_iter().all(|read| read
                .expect("the new shape")
                .expect("a profile")
                .sessions
                .is_empty())
        );
    })
    .await;
}

#[tokio::test]
async fn a_login_during_the_backfill_is_not_lost() {
    alone(async |world| {
        let store = world.store();
        let player = players(world).await[0];
        // What the backfill has read is old by the time at which it writes.
        let seen = store.profile(player).await.expect("a profile");
        let begun = session(world).id;
        let logged_in = Profile { revision: seen.revision + 1, sessions: vec![begun], ..seen.clone() };
        store.tx().replace(&Key::profile(player), &logged_in, seen.revision).commit().await.expect("nobody else");
        let mended = Profile { revision: seen.revision + 1, ..seen.clone() };
        let late = store.tx().replace(&Key::profile(player), &mended, seen.revision).commit().await;
        assert!(matches!(late, Err(NotCommitted::Contended)), "{late:?}");
        assert!(!mend(store, player).await.expect("a table"), "the login has brought the field");
        assert_eq!(store.profile(player).await.expect("a profile").sessions, [begun]);
    })
    .await;
}
