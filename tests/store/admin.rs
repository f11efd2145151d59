//! What operators do is done and told of together: exactly one entry for each change, whatever gets lost and whoever else is
//! at it.

use croupier_rules::{
    account::Invite,
    admin::{AdminAction, AuditEntry, Standing},
    id::{AuditId, PlayerId, SessionId},
    name::{InviteCode, SiteId},
    player::{Player, Rank},
};
use croupier_store::{
    admin::AuditFilter,
    key::Key,
    tx::{Conflict, NotCommitted},
};
use croupier_tests::{
    wire::Fault,
    world::{World, play},
};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{seated, session, tx::conflict, unheard::lose_and_collide};

/// The beginning of an entry, as a request makes it.
async fn begun(world: &World, action: AdminAction, target: impl ToString) -> AuditEntry {
    let site: SiteId = croupier_localstack::seed::ADMIN.parse().expect("a site id");
    let admin = world.store().login_state(&site).await.expect("an answer").login.expect("an admin").player;
    let number = world.running().app.entropy.id();
    AuditEntry {
        id: AuditId::new(world.now().millis().unsigned_abs(), number),
        at: world.now(),
        actor: admin,
        action,
        target: target.to_string(),
        before: Value::Null,
        after: Value::Null,
        request_id: format!("request {number}"),
    }
}

/// What operators did, in any order: time stands still.
async fn entries(world: &World) -> Vec<AuditEntry> {
    let end = AuditId::new(world.now().millis().unsigned_abs() + 1, 0);
    world.store().audit(&AuditFilter::default(), end, 1000).await.expect("the audit").entries
}

async fn edit(world: &World, id: PlayerId, change: fn(Standing) -> Standing) -> Result<Option<Player>, NotCommitted> {
    let begun = begun(world, AdminAction::UserUpdate, id).await;
    let edited = world.store().edit_player(id, |player| -> Result<_, NotCommitted> {
        let (before, after) = (player.standing(), change(player.standing()));
        let entry = begun.of_change(before, after).expect("JSON");
        Ok((before != after).then(|| (player.clone().with_standing(after), entry)))
    });
    edited.await
}

async fn log_out(world: &World, id: PlayerId) -> Result<Option<usize>, NotCommitted> {
    let begun = begun(world, AdminAction::UserLogout, id).await;
    let ended = world.store().log_out_player(id, |player, profile| -> Result<_, NotCommitted> {
        let before = json!({ "epoch": player.session_epoch, "sessions": profile.sessions.len() });
        let after = json!({ "epoch": player.session_epoch + 1, "sessions": 0 });
        Ok(begun.of_change(before, after).expect("JSON"))
    });
    ended.await
}

async fn invites(world: &World, codes: &[&str]) -> Vec<(Invite, AuditEntry)> {
    let mut invites = Vec::new();
    for code in codes {
        let entry = begun(world, AdminAction::InviteGenerate, code).await;
        let made = (Some(entry.at), Some(entry.actor));
        let endless = Invite::endless(code.parse().expect("a code"));
        let invite = Invite { created_at: made.0, created_by: made.1, ..endless };
        let entry = entry.of_change((), json!({ "code": code, "is_active": true })).expect("JSON");
        invites.push((invite, entry));
    }
    invites
}

async fn deactivate(world: &World, code: &str) -> Result<(), NotCommitted> {
    let entry = begun(world, AdminAction::InviteDeactivate, code).await;
    let shown = |active: bool| json!({ "code": code, "is_active": active });
    let entry = entry.of_change(shown(true), shown(false)).expect("JSON");
    world.store().deactivate_invite(&code.parse().expect("a code"), &entry).await
}

async fn standing(world: &World, id: PlayerId) -> Standing {
    let player: Option<Player> = world.store().get(&Key::player(id)).await.expect("an answer");
    player.expect("a player").standing()
}

fn to(rank: Rank) -> fn(Standing) -> Standing {
    match rank {
        Rank::Standard => |standing| Standing { rank: Rank::Standard, ..standing },
        Rank::Premium => |standing| Standing { rank: Rank::Premium, ..standing },
        Rank::Vip => |standing| Standing { rank: Rank::Vip, ..standing },
    }
}

const LOCKED: fn(Standing) -> Standing = |standing| Standing { is_active: false, ..standing };
const UNLOCKED: fn(Standing) -> Standing = |standing| Standing { is_active: true, ..standing };

/// What an entry says of a standing.
fn said(standing: &Value) -> Standing {
    serde_json::from_value(standing.clone()).expect("a standing")
}

#[tokio::test]
async fn a_change_that_nobody_heard_of_is_told_of_once() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        for (number, change) in (1..).zip([to(Rank::Vip), LOCKED, UNLOCKED, to(Rank::Standard)]) {
            let before = standing(world, ann.id).await;
            lose_and_collide(world);
            let edited = edit(world, ann.id, change).await.unwrap().unwrap();
            assert_eq!(edited.standing(), change(before));
            assert_eq!(standing(world, ann.id).await, change(before));
            let entries = entries(world).await;
            assert_eq!(entries.len(), number);
            let told = |entry: &AuditEntry| (said(&entry.before), said(&entry.after)) == (before, change(before));
            assert_eq!(entries.iter().filter(|entry| told(entry)).count(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn a_change_that_somebody_undid_before_its_answer_was_heard_is_not_made_again() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        let (id, begun) = (ann.id, begun(world, AdminAction::UserUpdate, ann.id).await);
        let promote = |player: &Player| -> Result<_, NotCommitted> {
            let after = Standing { rank: Rank::Vip, ..player.standing() };
            let entry = begun.of_change(player.standing(), after).expect("JSON");
            Ok(Some((player.clone().with_standing(after), entry)))
        };
        // Nobody heard that it was done; when it is asked for again, under the same name, it has been undone.
        world.store().edit_player(id, promote).await.unwrap();
        edit(world, id, to(Rank::Standard)).await.unwrap();
        let told = world.store().edit_player(id, promote).await.unwrap().unwrap();
        assert_eq!(told.rank, Rank::Standard, "as the player is now");
        assert_eq!(standing(world, id).await.rank, Rank::Standard);
        assert_eq!(entries(world).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn what_changes_nothing_is_not_written() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        assert_eq!(edit(world, ann.id, UNLOCKED).await.unwrap(), Some(ann));
        let nobody = PlayerId::new(9, 9);
        assert_eq!(edit(world, nobody, LOCKED).await.unwrap(), None);
        assert_eq!(log_out(world, nobody).await.unwrap(), None);
        assert_eq!(entries(world).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_forced_logout_that_nobody_heard_of_is_told_of_once() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        lose_and_collide(world);
        assert_eq!(log_out(world, ann.id).await.unwrap(), Some(1), "as the entry says");
        let entries = entries(world).await;
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].before, json!({ "epoch": 0, "sessions": 1 }));
        assert_eq!(entries[0].after, json!({ "epoch": 1, "sessions": 0 }));
        let (player, profile) = world.store().player_and_profile(ann.id).await.unwrap().unwrap();
        assert_eq!((player.session_epoch, profile.sessions.len()), (1, 0));
        assert!(world.store().session(ann.id, session(world).id).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn invites_that_nobody_heard_of_are_made_once() {
    play(async |world| {
        let wanted = invites(world, &["ONE", "TWO", "THREE"]).await;
        lose_and_collide(world);
        world.store().make_invites(&wanted).await.unwrap();
        for (invite, entry) in &wanted {
            assert_eq!(world.store().get::<Invite>(&Key::invite(&invite.code)).await.unwrap().as_ref(), Some(invite));
            assert_eq!(entries(world).await.iter().filter(|kept| *kept == entry).count(), 1);
        }
        assert_eq!(entries(world).await.len(), 3);
        // One that is there already: none is made, and nothing is told of.
        let again = invites(world, &["FOUR", "TWO"]).await;
        assert_eq!(conflict(world.store().make_invites(&again).await), Some(Conflict::AlreadyDone));
        let four: InviteCode = "FOUR".parse().unwrap();
        assert_eq!(world.store().get::<Invite>(&Key::invite(&four)).await.unwrap(), None);
        assert_eq!(entries(world).await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn fifty_invites_are_one_transaction() {
    play(async |world| {
        let codes: Vec<_> = (0..50).map(|number| format!("CODE-{number}")).collect();
        let wanted = invites(world, &codes.iter().map(String::as_str).collect::<Vec<_>>()).await;
        world.wire.take();
        world.store().make_invites(&wanted).await.unwrap();
        assert_eq!(crate::passed(world), ["TransactWriteItems"]);
        assert_eq!(entries(world).await.len(), 50);
    })
    .await;
}

#[tokio::test]
async fn an_invite_is_switched_off_once() {
    play(async |world| {
        world.store().make_invites(&invites(world, &["ONE"]).await).await.unwrap();
        lose_and_collide(world);
        deactivate(world, "ONE").await.unwrap();
        let invite: Invite = world.store().get(&Key::invite(&"ONE".parse().unwrap())).await.unwrap().unwrap();
        assert!(!invite.active);
        for code in ["ONE", "UNKNOWN"] {
            assert_eq!(conflict(deactivate(world, code).await), Some(Conflict::Unknown), "{code}");
        }
        let off = |entry: &&AuditEntry| entry.action == AdminAction::InviteDeactivate;
        assert_eq!(entries(world).await.iter().filter(off).count(), 1);
    })
    .await;
}

#[tokio::test]
async fn of_ten_who_switch_an_invite_off_at_once_one_did() {
    play(async |world| {
        world.store().make_invites(&invites(world, &["ONE"]).await).await.unwrap();
        let all = join_all((0..10).map(|_| deactivate(world, "ONE"))).await;
        let done = all.iter().filter(|result| result.is_ok()).count();
        assert_eq!(done, 1, "{all:?}");
        assert_eq!(entries(world).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn two_admins_who_change_one_player_at_once_both_do_and_each_says_what_it_found() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        let mut known = 0;
        for (one, other) in [(to(Rank::Vip), LOCKED), (to(Rank::Premium), UNLOCKED), (to(Rank::Standard), LOCKED)] {
            let (seen, earlier) = (standing(world, ann.id).await, entries(world).await);
            // The first of the two is refused once, so that it is the other one who decides on what it did not see.
            world.wire.plan("TransactWriteItems", &[Fault::Collision]);
            let (one_done, other_done) = tokio::join!(edit(world, ann.id, one), edit(world, ann.id, other));
            one_done.unwrap();
            other_done.unwrap();
            let now = standing(world, ann.id).await;
            assert_eq!(now, one(other(seen)));

            let mut new = entries(world).await;
            new.retain(|entry| !earlier.contains(entry));
            new.sort_by_key(|entry| said(&entry.before) != seen);
            let [first, second] = &new[..] else { panic!("{new:?}") };
            assert_eq!(said(&first.before), seen);
            assert_eq!(first.after, second.before, "a link is missing");
            assert_eq!(said(&second.after), now);
            known += new.len();
        }
        assert_eq!(entries(world).await.len(), known);
    })
    .await;
}

#[tokio::test]
async fn many_admins_at_once_are_either_told_that_they_did_it_or_did_nothing() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        let ranks = [Rank::Vip, Rank::Premium, Rank::Standard];
        let all = ranks.into_iter().cycle().take(12).map(|rank| edit(world, ann.id, to(rank)));
        let logouts = (0..4).map(|_| log_out(world, ann.id));
        let (edits, logouts) = tokio::join!(join_all(all), join_all(logouts));
        let done = |action| {
            let entries = entries(world);
            async move { entries.await.into_iter().filter(|entry| entry.action == action).count() }
        };
        let edited = done(AdminAction::UserUpdate).await;
        assert!(edited <= edits.iter().filter(|result| result.is_ok()).count(), "{edits:?}");
        let refused = edits.iter().filter_map(|result| result.as_ref().err());
        assert!(
            refused
                .chain(logouts.iter().filter_map(|result| result.as_ref().err()))
                .all(|error| { matches!(error, NotCommitted::Contended) })
        );
        let out = logouts.iter().filter(|result| result.is_ok()).count();
        assert_eq!(done(AdminAction::UserLogout).await, out);
        let player: Player = world.store().get(&Key::player(ann.id)).await.unwrap().unwrap();
        assert_eq!(player.revision(), 1 + (edited + out) as u64);
        assert_eq!(player.session_epoch as usize, out);
        assert!(world.store().session(ann.id, SessionId::new(1, 1)).await.unwrap().is_none());
    })
    .await;
}
