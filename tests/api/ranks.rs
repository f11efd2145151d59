//! Ranks and what others may know: read from the table on every request, never from a token.

use croupier_tests::{
    seat::{Answer, PASSWORD, Seat, Site},
    world::play,
};
use croupier_web::error::Code;
use serde_json::json;

use crate::admin;

#[tokio::test]
async fn a_rank_opens_doors_on_the_very_next_request() {
    play(async |world| {
        let (admin, seat) = (world.admin().await, world.newcomer("climber").await);
        let promote = async |rank: &str| admin::update(&admin, &seat, json!({ "rank": rank })).await.ok();
        let doors = async || {
            let (premium, vip) = (seat.get("/api/rbac/premium").await, seat.get("/api/rbac/vip").await);
            for door in [&premium, &vip] {
                if door.status != 200 {
                    door.refused(Code::RankRequired);
                }
            }
            (premium.status, vip.status)
        };
        assert_eq!(doors().await, (403, 403));
        promote("PREMIUM").await;
        assert_eq!(doors().await, (200, 403));
        promote("VIP").await;
        assert_eq!(doors().await, (200, 200));
        assert_eq!(seat.get("/api/rbac/vip").await.ok(), json!({ "rank": "VIP" }));
        promote("STANDARD").await;
        assert_eq!(doors().await, (403, 403));
    })
    .await;
}

#[tokio::test]
async fn others_see_a_name_and_a_rank_and_nothing_more() {
    play(async |world| {
        let mut body = Site::sign_up_body("private", "5858");
        body["phone_number"] = json!("+442079460000");
        body["nickname"] = json!("Public Name");
        let private = Seat::of(world, &world.post("/api/auth/signup", body).await.ok());
        let other = world.newcomer("curious").await;
        let seen = other.get(&format!("/api/users/{}", private.id)).await.ok();
        let mut fields: Vec<_> = seen.as_object().expect("an object").keys().cloned().collect();
        fields.sort();
        assert_eq!(fields, ["created_at", "id", "level", "nickname", "rank"]);
        assert_eq!((&seen["nickname"], &seen["rank"]), (&json!("Public Name"), &json!("STANDARD")));
        other.get("/api/users/ply_01HF7YAT00000000000000001A").await.refused(Code::NotFound);
        other.get("/api/users/nonsense").await.refused(Code::NotFound);
        world.get(&format!("/api/users/{}", private.id)).await.refused(Code::Unauthenticated);
    })
    .await;
}

#[tokio::test]
async fn an_admin_comes_in_by_the_admins_door_and_nobody_else_does() {
    play(async |world| {
        let knock = async |site_id: &str, password: &str| -> Answer {
            world.post("/api/auth/admin/login", json!({ "site_id": site_id, "password": password })).await
        };
        let admin = knock("admin", "cherry-lemon-7").await.ok();
        assert_eq!(admin["user"]["is_admin"], true);
        world.newcomer("commoner").await;
        // The right password of somebody who is no admin, a wrong one, and nobody's: the same answer.
        for (site_id, password) in [("commoner", PASSWORD), ("admin", "wrong-password"), ("nobody", PASSWORD)] {
            knock(site_id, password).await.refused(Code::InvalidCredentials);
        }
        // It is one lock for both doors.
        for _ in 0..4 {
            knock("commoner", PASSWORD).await.refused(Code::InvalidCredentials);
        }
        knock("commoner", PASSWORD).await.refused(Code::TooManyAttempts);
        world.log_in("commoner", PASSWORD).await.refused(Code::TooManyAttempts);
    })
    .await;
}
