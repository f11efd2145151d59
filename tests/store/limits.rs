//! Things that run out, end or are used up: invites and tickets.

use std::time::Duration;

use croupier_rules::{account::Invite, id::PlayerId, time::Timestamp};
use croupier_store::{
    item::Ticket,
    key::Key,
    tx::{Conflict, NotCommitted},
};
use croupier_tests::world::World;
use futures_util::future::join_all;

use crate::{alone, seated, session, tx::conflict};

fn invite() -> Invite {
    Invite::endless("WELCOME".parse().unwrap())
}

async fn offer(world: &World, invite: &Invite) -> Key {
    let key = Key::invite(&invite.code);
    let tx = world.store().tx().remove(&key);
    tx.commit().await.expect("an empty place");
    world.store().offer_invite(invite).await.expect("an invite");
    key
}

async fn take(world: &World, key: &Key) -> Result<(), NotCommitted> {
    world.store().tx().take_use(key, world.now(), Conflict::InviteRefused).commit().await
}

#[tokio::test]
async fn a_use_is_taken_within_the_limits_only() {
    alone(async |world| {
        let now = world.now();
        let ms = |ms: i64| Some(Timestamp::from_millis(now.millis() + ms));
        let cases = [
            ("without a limit", true, invite()),
            ("one left", true, Invite { max_uses: Some(3), used: 2, ..invite() }),
            ("used up", false, Invite { max_uses: Some(3), used: 3, ..invite() }),
            ("for nobody", false, Invite { max_uses: Some(0), ..invite() }),
            ("off", false, Invite { active: false, ..invite() }),
            ("ends in a millisecond", true, Invite { expires_at: ms(1), ..invite() }),
            ("ends now", false, Invite { expires_at: ms(0), ..invite() }),
            ("ended long ago", false, Invite { expires_at: ms(-100_000_000_000), ..invite() }),
            ("ends in ten years", true, Invite { expires_at: ms(315_000_000_000), max_uses: Some(1), ..invite() }),
            ("over and off", false, Invite { expires_at: ms(0), active: false, ..invite() }),
        ];
        for (what, lets_in, invite) in cases {
            let key = offer(world, &invite).await;
            assert_eq!(invite.check(now).is_ok(), lets_in, "{what}: the rule and the condition say the same");
            let refused = conflict(take(world, &key).await);
            assert_eq!(refused, (!lets_in).then_some(Conflict::InviteRefused), "{what}");
            let kept: Invite = world.store().get(&key).await.unwrap().unwrap();
            assert_eq!(kept, Invite { used: invite.used + u32::from(lets_in), ..invite }, "{what}");
        }
        let unknown = Key::invite(&"UNKNOWN".parse().unwrap());
        assert_eq!(conflict(take(world, &unknown).await), Some(Conflict::InviteRefused));
        assert_eq!(world.store().get::<Invite>(&unknown).await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn an_invite_that_is_offered_again_keeps_its_count() {
    alone(async |world| {
        let key = offer(world, &invite()).await;
        take(world, &key).await.unwrap();
        world.store().offer_invite(&invite()).await.unwrap();
        assert_eq!(world.store().get::<Invite>(&key).await.unwrap().unwrap().used, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_uses_let_ten_of_thirty_in() {
    alone(async |world| {
        let key = offer(world, &Invite { max_uses: Some(10), ..invite() }).await;
        let results = join_all((0..30).map(|_| take(world, &key))).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 10);
        assert_eq!(world.store().get::<Invite>(&key).await.unwrap().unwrap().used, 10);
    })
    .await;
}

async fn issue(world: &World, player: PlayerId, hash: &str, lifetime: Duration) -> Key {
    let valid_until = world.now().after(lifetime);
    let session = session(world).id;
    let ticket = Ticket { player, session, valid_until, expires: valid_until.seconds() };
    world.store().issue_ticket(hash, &ticket).await.expect("a ticket");
    Key::ticket(hash)
}

async fn redeem(world: &World, key: &Key) -> Option<Conflict> {
    conflict(world.store().tx().redeem(key, world.now(), Conflict::TicketRefused).commit().await)
}

#[tokio::test]
async fn a_ticket_works_once_and_before_its_end() {
    alone(async |world| {
        let nobody = PlayerId::new(1, 1);
        let key = issue(world, nobody, "valid", Duration::from_millis(1)).await;
        assert_eq!(redeem(world, &key).await, None);
        assert_eq!(world.store().get::<Ticket>(&key).await.unwrap(), None);
        assert_eq!(redeem(world, &key).await, Some(Conflict::TicketRefused), "twice");

        let key = issue(world, nobody, "late", Duration::from_secs(30)).await;
        world.pass(Duration::from_secs(30));
        assert_eq!(redeem(world, &key).await, Some(Conflict::TicketRefused), "just at its end");
        assert!(world.store().get::<Ticket>(&key).await.unwrap().is_some(), "swept away later, not now");
        assert_eq!(redeem(world, &Key::ticket("invented")).await, Some(Conflict::TicketRefused));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_twenty_who_have_one_ticket_one_gets_in() {
    alone(async |world| {
        let player = seated(world, "holder").await.id;
        issue(world, player, "one", Duration::from_secs(30)).await;
        let names: Vec<_> = (0..20).map(|number| format!("socket-{number}")).collect();
        let open = names.iter().map(|name| world.store().open_socket("one", name, 0, world.now()));
        let results = join_all(open).await;
        let won: Vec<_> = results
            .iter()
            .zip(&names)
            .filter(|(result, _)| matches!(result, Ok(Ok(()))))
            .map(|(_, name)| name)
            .collect();
        let open = world.store().sockets(player).await.unwrap();
        assert_eq!(won, open.iter().map(|socket| &socket.connection).collect::<Vec<_>>());
        assert_eq!(won.len(), 1);
    })
    .await;
}
