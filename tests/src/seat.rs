//! A client, and a client that is somebody.

use croupier_web::error::Code;
use reqwest::{Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

/// The password of everyone who plays in a test.
pub const PASSWORD: &str = "lemon-cherry-7";
/// The password of the admin with whom every world begins.
pub const ADMIN_PASSWORD: &str = "cherry-lemon-7";

/// Where the game is: a base URL, whatever answers there.
#[derive(Debug, Clone)]
pub struct Site {
    /// Where requests go.
    pub base_url: String,
    /// Where sockets are opened.
    pub socket_url: String,
    http: reqwest::Client,
}

impl Site {
    /// A game at these addresses.
    pub fn at(base_url: impl Into<String>, socket_url: impl Into<String>) -> Self {
        let base_url = base_url.into();
        // Without a proxy: whatever is tested is on this machine, or named by whoever runs the test.
        let http = reqwest::Client::builder().no_proxy();
        // To read which certificates this machine trusts takes longer than many a test.
        let http = if base_url.starts_with("https:") { http } else { http.tls_certs_only([]) };
        Self { base_url, socket_url: socket_url.into(), http: http.build().expect("an HTTP client") }
    }

    /// A request to be sent by nobody in particular.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base_url))
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    /// Sends JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::to(self.request(Method::POST, path).json(&body)).await
    }

    /// Signs up under a name.
    pub async fn sign_up(&self, name: &str, invite: &str) -> Answer {
        self.post("/api/auth/signup", Self::sign_up_body(name, invite)).await
    }

    /// What a sign-up sends.
    pub fn sign_up_body(name: &str, invite: &str) -> Value {
        json!({ "site_id": name, "nickname": name, "password": PASSWORD, "invite_code": invite })
    }

    /// Logs in.
    pub async fn log_in(&self, site_id: &str, password: &str) -> Answer {
        self.post("/api/auth/login", json!({ "site_id": site_id, "password": password })).await
    }

    /// The admin with whom every world begins, in a new session.
    pub async fn admin(&self) -> Seat {
        let body = json!({ "site_id": "admin", "password": ADMIN_PASSWORD });
        Seat::of(self, &self.post("/api/auth/admin/login", body).await.ok())
    }

    /// A new player, who is let in by the invite that every test begins with.
    pub async fn newcomer(&self, name: &str) -> Seat {
        Seat::of(self, &self.sign_up(name, "5858").await.ok())
    }
}

/// A client that is somebody.
#[derive(Debug, Clone)]
pub struct Seat {
    /// Where the game is.
    pub site: Site,
    /// The access token.
    pub token: String,
    /// The player's id.
    pub id: String,
}

impl Seat {
    /// Whoever a token reply is for.
    pub fn of(site: &Site, tokens: &Value) -> Self {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self { site: site.clone(), token: text(&tokens["access_token"]), id: text(&tokens["user"]["id"]) }
    }

    /// A request with the token.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.site.request(method, path).bearer_auth(&self.token)
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    /// Sends JSON.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::to(self.request(Method::POST, path).json(&body)).await
    }

    /// Changes a part.
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        Answer::to(self.request(Method::PATCH, path).json(&body)).await
    }

    /// Ends what is named.
    pub async fn delete(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::DELETE, path)).await
    }

    /// The pages of a list, from the first to the last. The path has a query already.
    pub async fn pages(&self, path: &str) -> Vec<Vec<Value>> {
        let (mut pages, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = self.get(&format!("{path}{cursor}")).await.ok();
            pages.push(page["items"].as_array().expect("items").clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return pages,
            }
        }
    }

    /// Sends JSON under a key.
    pub async fn post_keyed(&self, path: &str, key: &str, body: Value) -> Answer {
        Answer::to(self.request(Method::POST, path).header("idempotency-key", key).json(&body)).await
    }

    /// Spins.
    pub async fn spin(&self, bet: u64) -> Answer {
        self.post("/api/games/slot/spin", json!({ "bet_amount": bet })).await
    }

    /// Spins under a key.
    pub async fn spin_keyed(&self, bet: u64, key: &str) -> Answer {
        self.post_keyed("/api/games/slot/spin", key, json!({ "bet_amount": bet })).await
    }

    /// What the player owns: coins, gems, and the number of the last entry.
    pub async fn balance(&self) -> (u64, u64, u64) {
        let balance = self.get("/api/users/balance").await.ok();
        let number = |field: &str| balance[field].as_u64().expect("a number");
        (number("cyber_token_balance"), number("gems"), number("sequence"))
    }

    /// The whole ledger, newest first.
    pub async fn history(&self) -> Vec<Value> {
        self.pages("/api/games/history?limit=100").await.concat()
    }
}

/// An answer, to be asked what it is.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, to the byte.
    pub body: String,
}

impl Answer {
    /// Sends a request.
    pub async fn to(request: RequestBuilder) -> Self {
        Self::heard(request).await.expect("an answer")
    }

    /// Sends a request to somebody who may not answer.
    ///
    /// # Errors
    /// No answer, or not all of it: what was asked for may have happened.
    pub async fn heard(request: RequestBuilder) -> reqwest::Result<Self> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, body: response.text().await? })
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Whether it repeats an earlier answer.
    pub fn replayed(&self) -> bool {
        self.header("idempotency-replayed") == Some("true")
    }

    /// The body, if all went well.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The problem, if this is what was refused.
    #[track_caller]
    pub fn refused(&self, code: Code) -> Value {
        assert_eq!((self.status, self.code().as_str()), (code.status(), code.text()), "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// The code of a problem; empty when there is none.
    pub fn code(&self) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The field that was not accepted.
    #[track_caller]
    pub fn wrong_field(&self) -> String {
        self.refused(Code::ValidationFailed)["errors"][0]["field"].as_str().expect("a field").to_owned()
    }
}
