//! A change and the entry that tells of it are one: whatever gets lost on the way, both are there or neither is, and
//! nothing is told twice.

use croupier_rules::{account::Invite, player::Player};
use croupier_store::key::Key;
use croupier_tests::{
    seat::{Answer, Seat},
    wire::Fault,
    world::{World, play},
};
use croupier_web::error::Code;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{INVITES, entries, force_logout, update};
use crate::accounts::claims;

const WRITE: &str = "TransactWriteItems";

/// What an operator can do.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Promote,
    LogOut,
    MakeInvite,
    SwitchOff,
}

/// To whom, and to which invite.
struct Target<'a> {
    world: &'a World,
    admin: &'a Seat,
    seat: Seat,
    code: String,
}

impl<'a> Target<'a> {
    async fn new(world: &'a World, admin: &'a Seat, name: &str) -> Self {
        let code = format!("CODE OF {name}").to_uppercase();
        world.store().offer_invite(&Invite::endless(code.parse().unwrap())).await.unwrap();
        Self { world, admin, seat: world.newcomer(name).await, code }
    }

    async fn invites(&self) -> Vec<Value> {
        self.admin.pages(&format!("{INVITES}?limit=100")).await.concat()
    }
}

impl Deed {
    const ALL: [Self; 4] = [Self::Promote, Self::LogOut, Self::MakeInvite, Self::SwitchOff];

    async fn ask(self, on: &Target<'_>) -> Answer {
        match self {
            Self::Promote => update(on.admin, &on.seat, json!({ "rank": "VIP" })).await,
            Self::LogOut => force_logout(on.admin, &on.seat).await,
            Self::MakeInvite => on.admin.post(INVITES, json!({})).await,
            Self::SwitchOff => on.admin.delete(&format!("{INVITES}/{}", on.code)).await,
        }
    }

    /// How often it was done, and how often the audit says so.
    async fn done_and_told(self, on: &Target<'_>) -> (usize, usize) {
        let of_player = format!("&target={}", on.seat.id);
        let (action, target) = match self {
            Self::Promote => ("USER_UPDATE", of_player),
            Self::LogOut => ("USER_LOGOUT", of_player),
            Self::MakeInvite => ("INVITE_GENERATE", String::new()),
            Self::SwitchOff => ("INVITE_DEACTIVATE", format!("&target={}", on.code)),
        };
        let told = entries(on.admin, &format!("action={action}{target}")).await.len();
        let id = claims(on.world, &on.seat).sub;
        let player: Player = on.world.store().get(&Key::player(id)).await.unwrap().expect("a player");
        let is_off = |invite: &&Value| invite["code"] == on.code && invite["is_active"] == false;
        let is_made_here = |invite: &&Value| invite["created_by"] == on.admin.id;
        let done = match self {
            Self::Promote => usize::from(player.rank == croupier_rules::player::Rank::Vip),
            Self::LogOut => player.session_epoch as usize,
            Self::MakeInvite => on.invites().await.iter().filter(is_made_here).count(),
            Self::SwitchOff => on.invites().await.iter().filter(is_off).count(),
        };
        (done, told)
    }

    /// Whether the answer tells of what was done.
    async fn agrees(self, on: &Target<'_>, answer: &Answer) {
        let told = answer.ok();
        match self {
            Self::Promote => assert_eq!(told["rank"], "VIP"),
            Self::LogOut => assert_eq!(told["ended_sessions"], 1, "the session that there was"),
            Self::MakeInvite => assert!(on.invites().await.contains(&told["items"][0])),
            Self::SwitchOff => assert_eq!(told["is_active"], false),
        }
    }

    /// Whether to ask for it again is to do it again.
    fn repeats(self) -> bool {
        matches!(self, Self::LogOut | Self::MakeInvite)
    }
}

#[tokio::test]
async fn a_change_and_its_entry_are_one_write() {
    play(async |world| {
        let admin = world.admin().await;
        let target = Target::new(world, &admin, "subject").await;
        for (deed, reads) in [(Deed::Promote, 2), (Deed::LogOut, 1), (Deed::MakeInvite, 0), (Deed::SwitchOff, 1)] {
            world.wire.take();
            deed.ask(&target).await.ok();
            // Queries are left out: `push` looks for sockets at the same time.
            let operations = world.wire.take().into_iter().map(|passed| passed.operation);
            let operations: Vec<_> = operations.filter(|operation| operation != "Query").collect();
            let writes = operations.iter().filter(|operation| *operation == WRITE).count();
            assert_eq!((writes, operations.len()), (1, 1 + 1 + reads), "{deed:?}: {operations:?}");
            assert_eq!(deed.done_and_told(&target).await, (1, 1), "{deed:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn whatever_gets_lost_a_change_is_told_if_it_was_made_and_never_twice() {
    use Fault::{Collision, LostReply, LostRequest, Throttle};
    // What goes wrong, whether the admin is told that all is well, and whether it is.
    let cases: [(&str, &[Fault], bool, bool); 9] = [
        ("a lost request", &[LostRequest], true, true),
        ("a lost reply", &[LostReply], true, true),
        ("a collision", &[Collision], true, true),
        ("three collisions", &[Collision; 3], true, true),
        ("a throttle", &[Throttle], true, true),
        ("a lost reply that looks like somebody else's write", &[LostReply, Collision], true, true),
        ("lost requests, as often as the SDK tries", &[LostRequest; 3], false, false),
        ("lost replies, as often as the SDK tries", &[LostReply; 3], false, true),
        ("throttles, as often as the SDK tries", &[Throttle; 3], false, false),
    ];
    play(async |world| {
        let admin = world.admin().await;
        for (place, (what, faults, is_told, is_done)) in cases.iter().enumerate() {
            let target = Target::new(world, &admin, &format!("subject-{place}")).await;
            for deed in Deed::ALL {
                let (before, _) = deed.done_and_told(&target).await;
                world.wire.plan(WRITE, faults);
                let answer = deed.ask(&target).await;
                world.wire.behave();
                let after = before + usize::from(*is_done);
                assert_eq!(deed.done_and_told(&target).await, (after, after), "{what}: {deed:?}");
                if *is_told {
                    deed.agrees(&target, &answer).await;
                } else {
                    answer.refused(Code::Unavailable);
                }
                deed.ask(&target).await.ok();
                let after = if deed.repeats() { after + 1 } else { 1 };
                assert_eq!(deed.done_and_told(&target).await, (after, after), "{what}: {deed:?} again");
            }
        }
    })
    .await;
}

/// Asks until there is an answer that is not "try again".
async fn insist(ask: impl AsyncFn() -> Answer) -> Value {
    for _ in 0..20 {
        let answer = ask().await;
        if answer.status != 503 {
            return answer.ok();
        }
    }
    panic!("never answered");
}

#[tokio::test]
async fn a_rank_that_changes_while_the_player_spins_loses_no_spin_and_no_rank() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("climber").await);
        let spins = join_all((0..50).map(async |place| {
            let key = format!("spin-number-{place}");
            insist(async || seat.spin_keyed(1, &key).await).await
        }));
        let ranks = async {
            for rank in ["PREMIUM", "VIP"] {
                insist(async || update(&admin, &seat, json!({ "rank": rank })).await).await;
            }
        };
        tokio::join!(spins, ranks);
        assert_eq!(seat.balance().await.2, 51);
        assert_eq!(seat.get("/api/auth/me").await.ok()["rank"], "VIP");
        assert_eq!(entries(&admin, "").await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn twenty_admins_at_once_change_a_rank_once_and_switch_an_invite_off_once() {
    play(async |world| {
        let admin = world.admin().await;
        let target = Target::new(world, &admin, "subject").await;
        for deed in [Deed::Promote, Deed::SwitchOff] {
            join_all((0..20).map(|_| insist(async || deed.ask(&target).await))).await;
            assert_eq!(deed.done_and_told(&target).await, (1, 1), "{deed:?}");
        }
    })
    .await;
}
