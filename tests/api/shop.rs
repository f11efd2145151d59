//! The shop, as its buyers see it.

mod buying;

use croupier_tests::seat::{Answer, Seat};
use serde_json::{Value, json};

/// Buys under a key.
pub async fn buy(buyer: &Seat, key: &str, what: Value) -> Answer {
    buyer.post_keyed("/api/shop/buy", key, what).await
}

/// Buys of a limited package under a key, and pays with a token.
pub async fn buy_limited(buyer: &Seat, key: &str, code: &str, token: &str) -> Answer {
    let what = json!({ "code": code, "quantity": 1, "payment_token": token });
    buyer.post_keyed("/api/shop/buy-limited", key, what).await
}
