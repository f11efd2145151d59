//! Journeys over HTTP and WebSocket, wherever the game runs: here in a world of its own, or at `BASE_URL`.

use croupier_tests::{live::Live, seat::Site, world::journey};

/// A name that nobody has, also where many tests ran before.
fn unused(name: &str) -> String {
    format!("{name}-{:012x}", rand::random_range(0..1_u64 << 48))
}

#[tokio::test]
async fn a_new_player_signs_up_spins_and_sees_it_live() {
    journey(async |site: &Site| {
        let seat = site.newcomer(&unused("live")).await;
        let mut live = Live::open(&seat).await;
        assert_eq!(seat.balance().await, (1000, 0, 1));

        let spin = seat.spin(50).await.ok();
        let news = live.next().await;
        assert_eq!(news.len(), 1);
        assert_eq!(news[0]["type"], "token_update");
        assert_eq!(news[0]["source"], "SLOT_SPIN");
        assert_eq!(news[0]["history_id"], spin["round_id"]);
        assert_eq!(news[0]["sequence"], spin["sequence"]);
        assert_eq!(news[0]["balance_coin"], spin["balance"]);
        assert_eq!(news[0]["delta_coin"], spin["net_change"]);

        let history = seat.history().await;
        assert_eq!(history.len(), 2);
        assert_eq!(history[0]["id"], spin["round_id"]);
        assert_eq!(history[0]["detail"]["reels"], spin["reels"]);
        assert_eq!(history[1]["action"], "SIGNUP");
        live.close().await;
    })
    .await;
}
