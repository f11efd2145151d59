//! ClickHouse, over its HTTP interface: it is given rows, and asked nothing.

use std::time::Duration;

use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use croupier_rules::event::row::Table;
use http::{
    HeaderValue,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::{
    app::CannotStart,
    http::{Heard, Http, causes},
};

/// How rows are to be read. A field for which a table has no column is an error, not left out.
const SETTINGS: [(&str, &str); 4] = [
    ("date_time_input_format", "best_effort"),
    ("input_format_skip_unknown_fields", "0"),
    // The server gathers what many functions send at once, and answers when it is written.
    ("async_insert", "1"),
    ("wait_for_async_insert", "1"),
];

/// How much of an answer a log is given.
const MOST_TOLD: usize = 300;

/// ClickHouse.
pub struct Warehouse {
    http: Http,
    database: String,
    login: Option<Login>,
    patience: Duration,
}

/// The headers by which ClickHouse knows us.
struct Login {
    user: HeaderValue,
    key: HeaderValue,
}

/// Why rows were not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// ClickHouse does not read one of them at least, as long as its table is as it is. None of them is there.
    #[error("ClickHouse refuses the rows: {0}")]
    Refused(String),
    /// It does not take any now, or nobody knows. Sent again, they count once.
    #[error("ClickHouse has not taken the rows: {0}")]
    NotNow(String),
}

impl Warehouse {
    /// ClickHouse at this URL. An insert, with its repeat, ends after `patience`. The secret is a JSON object with `username` and
    /// `password`; without, ClickHouse is asked as nobody in particular.
    ///
    /// # Errors
    /// A URL on the way to which the password could be read, or with one in it; or a secret that is none.
    pub fn new(
        url: &str,
        database: &str,
        secret: Option<&SecretString>,
        patience: Duration,
    ) -> Result<Self, CannotStart> {
        let no_url = || CannotStart("CLICKHOUSE_URL must be an https URL, without a login or a query in it".to_owned());
        let login = secret.map(Login::read).transpose()?;
        Ok(Self { http: Http::to(url).ok_or_else(no_url)?, database: database.to_owned(), login, patience })
    }

    /// Adds rows to a table, all with one request; each is a JSON object. They may stand there already.
    ///
    /// # Errors
    /// [`NotTaken::Refused`] when none of them is there because of what they say, [`NotTaken::NotNow`] when some or all may be missing.
    pub async fn insert(&self, table: Table, rows: &[&str]) -> Result<(), NotTaken> {
        let asked = async {
            let sent = match self.send(table, rows).await {
                // Perhaps the connection was too old; perhaps they are written, and then they are written twice and count once.
                Err(error) if !error.is_user() => self.send(table, rows).await,
                sent => sent,
            };
            sent.map_err(|error| NotTaken::NotNow(causes(&error)))
        };
        let heard = tokio::time::timeout(self.patience, asked).await;
        let heard = heard.map_err(|_| NotTaken::NotNow(format!("it says nothing for {:?}", self.patience)))??;
        if heard.status == 200 && heard.headers.get("x-clickhouse-exception-code").is_none() {
            return Ok(());
        }
        // So it answers what it cannot read, or what is too long. A login or a table that is none has a status of its own.
        let is_refused = matches!(heard.status, 400 | 413);
        Err(if is_refused { NotTaken::Refused(told(&heard)) } else { NotTaken::NotNow(told(&heard)) })
    }

    async fn send(&self, table: Table, rows: &[&str]) -> Result<Heard, ConnectorError> {
        let query = format!("INSERT INTO {} FORMAT JSONEachRow", table.stored_as());
        let parameters = form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("database", self.database.as_str()), ("query", &query)])
            .extend_pairs(SETTINGS)
            .finish();
        let body = rows.join("\n");
        let mut request = self.http.request(&format!("/?{parameters}")).method("POST");
        request = request.header(CONTENT_TYPE, "application/x-ndjson").header(CONTENT_LENGTH, body.len());
        if let Some(Login { user, key }) = &self.login {
            request = request.header("x-clickhouse-user", user).header("x-clickhouse-key", key);
        }
        self.http.send(request.body(SdkBody::from(body))).await
    }
}

impl Login {
    fn read(secret: &SecretString) -> Result<Self, CannotStart> {
        #[derive(Deserialize)]
        struct Written {
            username: String,
            password: String,
        }
        // What is wrong with a secret is not said: that would quote it.
        let no_login =
            || CannotStart("the secret of ClickHouse must be a JSON object with username and password".into());
        let Written { username, password } = serde_json::from_str(secret.expose_secret()).map_err(|_| no_login())?;
        let user = HeaderValue::try_from(username).map_err(|_| no_login())?;
        let mut key = HeaderValue::try_from(password).map_err(|_| no_login())?;
        key.set_sensitive(true);
        Ok(Self { user, key })
    }
}

/// What ClickHouse says, in a line for the log. It may quote a row, and rows hold nothing that a log must not.
fn told(heard: &Heard) -> String {
    let text = String::from_utf8_lossy(&heard.body);
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_TOLD).collect();
    format!("it answers {}: {}", heard.status, line.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warehouse(url: &str, secret: Option<&str>) -> Result<(), String> {
        let secret = secret.map(SecretString::from);
        Warehouse::new(url, "croupier", secret.as_ref(), Duration::from_secs(1)).map(drop).map_err(|error| error.0)
    }

    #[test]
    fn a_password_travels_only_where_nobody_reads_it() {
        let login = Some(r#"{"username":"croupier","password":"cherry"}"#);
        for url in ["https://clickhouse.example:8443", "http://127.0.0.1:8123/", "http://localhost:8123"] {
            assert_eq!(warehouse(url, login), Ok(()), "{url}");
        }
        let with_login = "https://croupier:cherry@clickhouse.example:8443";
        let with_query = "https://clickhouse.example:8443/?user=croupier&password=cherry";
        for url in
            ["http://clickhouse.example:8123", "clickhouse.example", "ftp://127.0.0.1", "", with_login, with_query]
        {
            let refusal = warehouse(url, login).unwrap_err();
            assert!(refusal.contains("https") && !refusal.contains("cherry"), "{url}: {refusal}");
        }
    }

    #[test]
    fn a_secret_that_is_none_is_refused_and_never_quoted() {
        for secret in ["cherry", r#"{"username":"croupier"}"#, r#"{"username":"croupier","password":"cherry\n"}"#] {
            let refusal = warehouse("https://clickhouse.example", Some(secret)).unwrap_err();
            assert!(refusal.contains("username and password") && !refusal.contains("cherry"), "{refusal}");
        }
    }
}
