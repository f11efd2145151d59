//! What was done although nobody heard of it: the reply is lost, and the SDK's own repeat meets the transaction while it
//! is still under way, which looks like somebody else's. Trying again must find one's own work, not stumble over it.

use std::time::Duration;

use croupier_rules::{Refusal, account::Session, id::SessionId, player::Player};
use croupier_store::{act::Done, item::Ticket, key::Key, session::Opened};
use croupier_tests::{
    wire::Fault,
    world::{World, play},
};

use crate::{
    act::{deed, spin},
    alone, newcomer, seated, session,
};

fn lose_and_collide(world: &World) {
    world.wire.plan("TransactWriteItems", &[Fault::LostReply, Fault::Collision]);
}

#[tokio::test]
async fn an_action_without_a_key_is_not_done_twice() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        lose_and_collide(world);
        let done = world.store().act(&deed(world, None, ""), ann.clone(), |player| spin(world, player, 1)).await;
        let page = world.store().entries(ann.id, u64::MAX, 10, None).await.unwrap();
        assert_eq!(page.entries.len(), 2);
        assert_eq!(page.entries[0].reply, done.unwrap().reply);
    })
    .await;
}

#[tokio::test]
async fn an_action_without_a_key_is_not_refused_after_it_was_done() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        lose_and_collide(world);
        // The stake is gone, so that there is not enough for what looks like another spin.
        let decide = |player: &Player| match player.entries() {
            1 => spin(world, player, 1),
            _ => Err(Refusal::InsufficientFunds),
        };
        let done = world.store().act(&deed(world, None, ""), ann.clone(), decide).await;
        let page = world.store().entries(ann.id, u64::MAX, 10, None).await.unwrap();
        assert_eq!(page.entries.len(), 2);
        assert_eq!(
            done.map(|Done { reply, .. }| reply).map_err(|error| error.to_string()),
            Ok(page.entries[0].reply.clone())
        );
    })
    .await;
}

#[tokio::test]
async fn a_sign_up_is_not_told_that_its_own_names_are_taken() {
    play(async |world| {
        lose_and_collide(world);
        world.store().sign_up(&newcomer(world, "ann"), world.now()).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_session_that_began_is_not_broken() {
    play(async |world| {
        let ann = seated(world, "ann").await;
        let second = Session { id: SessionId::new(1, 2), ..session(world) };
        lose_and_collide(world);
        let login = newcomer(world, "ann").login;
        assert_eq!(login.player, ann.id);
        let opened = Opened { login, rehashed: None };
        world.store().begin_session(&"ann".parse().unwrap(), &second, &opened, 5).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_socket_that_is_open_is_not_refused() {
    alone(async |world| {
        let valid_until = world.now().after(Duration::from_secs(30));
        let (player, session) = (seated(world, "opener").await.id, session(world).id);
        let ticket = Ticket { player, session, valid_until, expires: valid_until.seconds() };
        world.store().issue_ticket("hash", &ticket).await.unwrap();
        lose_and_collide(world);
        world.store().open_socket("hash", "socket", 0, world.now()).await.unwrap().unwrap();
        assert_eq!(world.store().sockets(ticket.player).await.unwrap().len(), 1);
        assert_eq!(world.store().get::<Ticket>(&Key::ticket("hash")).await.unwrap(), None);
    })
    .await;
}
