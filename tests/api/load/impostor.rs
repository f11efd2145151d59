//! Somebody who stands between players and the game, and does not do as a game should.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::to_bytes,
    extract::{Request, State},
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use croupier_tests::{
    seat::{Answer, Site},
    world::World,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What is done wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mischief {
    /// A key means nothing: what is repeated is done again.
    ForgetsKeys,
    /// Of a spin's answers, every third is lost.
    LosesAnswers,
    /// A spin is said to have left a coin more than it did.
    InventsBalances,
    /// The second entry of each ledger is not shown.
    HidesAnEntry,
    /// The second entry of each ledger is shown twice.
    DoublesAnEntry,
}

#[derive(Clone)]
struct Impostor {
    game: Site,
    mischief: Mischief,
    spins: Arc<AtomicUsize>,
}

/// The game of a world, behind somebody who does this.
pub async fn behind(world: &World, mischief: Mischief) -> Site {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let impostor = Impostor { game: world.site.clone(), mischief, spins: Arc::default() };
    let doors = Router::new().fallback(pass).with_state(impostor);
    tokio::spawn(async move { axum::serve(listener, doors).await });
    Site::at(format!("http://{address}"), "")
}

async fn pass(State(impostor): State<Impostor>, request: Request) -> Response {
    let Impostor { game, mischief, spins } = impostor;
    let (mut head, body) = request.into_parts();
    let is_spin = head.uri.path().ends_with("/spin");
    let is_ledger = head.method == Method::GET && head.uri.path().ends_with("/history");
    head.headers.remove("host");
    if mischief == Mischief::ForgetsKeys {
        head.headers.remove("idempotency-key");
    }
    let asked = game.request(head.method, &head.uri.to_string()).headers(head.headers);
    let mut answer = Answer::to(asked.body(to_bytes(body, usize::MAX).await.expect("a body"))).await;
    let mut told: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    match mischief {
        Mischief::LosesAnswers if is_spin && spins.fetch_add(1, Ordering::SeqCst).is_multiple_of(3) => {
            return StatusCode::BAD_GATEWAY.into_response();
        }
        Mischief::InventsBalances if is_spin && answer.status == 200 => {
            told["balance"] = json!(told["balance"].as_u64().expect("a balance") + 1);
        }
        Mischief::HidesAnEntry | Mischief::DoublesAnEntry if is_ledger => {
            let items = told["items"].as_array_mut().expect("items");
            if let Some(place) = items.iter().position(|item| item["sequence"] == 2) {
                match mischief {
                    Mischief::HidesAnEntry => drop(items.remove(place)),
                    _ => items.insert(place, items[place].clone()),
                }
            }
        }
        _ => {}
    }
    if !told.is_null() {
        answer.body = told.to_string();
        answer.headers.remove("content-length");
    }
    (StatusCode::from_u16(answer.status).expect("a status"), answer.headers, answer.body).into_response()
}
