//! The one table.
//!
//! [`key`] alone knows how things are named, [`item`] alone how they look, [`tx`] alone writes them. [`act`] is the path
//! by which a player's action is committed, and there is no other.

pub mod account;
pub mod act;
pub mod admin;
pub mod board;
pub mod directory;
pub mod game;
pub mod item;
pub mod journal;
pub mod key;
pub mod schema;
pub mod session;
pub mod shop;
pub mod socket;
pub mod tx;

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::query::builders::QueryFluentBuilder,
    types::{AttributeValue, KeysAndAttributes},
};
use serde::de::DeserializeOwned;

use crate::{
    item::{Item, decode},
    key::{Key, PK, SK},
};

/// The table, and the client that reaches it.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// The table of this name.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// Reads one item as it is now.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).consistent_read(true);
        let found = request.set_key(Some(key.item())).send().await?;
        found.item.map(decode).transpose()
    }

    /// A query of one partition: `#pk = :pk` begins its condition.
    pub(crate) fn query(&self, partition: String) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.table).expression_attribute_names("#pk", PK);
        query.expression_attribute_values(":pk", AttributeValue::S(partition))
    }

    /// The items of a partition whose sort keys begin like this, as they are now.
    pub(crate) async fn beginning(&self, (partition, prefix): (String, &str)) -> Result<Vec<Item>, StoreError> {
        let query = self
            .query(partition)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()));
        Ok(query.into_paginator().items().send().try_collect().await?)
    }

    /// Reads a few items as they are now, in one round trip; the answers stand where their keys stood.
    pub(crate) async fn get_each<const N: usize>(&self, keys: [Key; N]) -> Result<[Option<Item>; N], StoreError> {
        let mut found = self.get_all(&keys).await?.into_iter();
        Ok(keys.map(|_| found.next().flatten()))
    }

    /// Reads items as they are now, in one round trip for each hundred; the answers stand where their keys stood.
    pub(crate) async fn get_all(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        let mut items = Vec::with_capacity(keys.len());
        for some in keys.chunks(100) {
            items.extend(self.get_batch(some).await?);
        }
        Ok(items)
    }

    async fn get_batch(&self, keys: &[Key]) -> Result<Vec<Option<Item>>, StoreError> {
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys.iter().map(Key::item).collect()))
            .consistent_read(true)
            .build()
            .map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let found = self.client.batch_get_item().request_items(&self.table, wanted).send().await?;
        if found.unprocessed_keys.is_some_and(|keys| !keys.is_empty()) {
            return Err(StoreError::Throttled);
        }
        let mut items = found.responses.and_then(|mut tables| tables.remove(&self.table)).unwrap_or_default();
        let mut take = |key: &Key| items.iter().position(|item| key.names(item)).map(|place| items.swap_remove(place));
        Ok(keys.iter().map(&mut take).collect())
    }
}

/// Why the table did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// It is asked for more than it gives right now.
    #[error("the table is throttling")]
    Throttled,
    /// Others always wrote first what was relied on.
    #[error("others wrote first, also after {retries} retries")]
    Contended {
        /// How often it was decided anew.
        retries: u32,
    },
    /// It cannot be reached, or answered too late; what was asked may have happened.
    #[error("the table is unavailable: {0}")]
    Unavailable(String),
    /// It does not do such a thing, for us or for anyone: no repeat will help.
    #[error("the table rejects this: {0}")]
    Rejected(String),
    /// It holds, or was given, what cannot be understood.
    #[error("the table holds what cannot be read: {0}")]
    Corrupt(String),
}

impl<E, R> From<SdkError<E, R>> for StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    fn from(error: SdkError<E, R>) -> Self {
        const THROTTLES: [&str; 4] =
            ["ProvisionedThroughputExceededException", "RequestLimitExceeded", "ThrottlingException", "Throttling"];
        const FAILURES: [&str; 3] = ["InternalServerError", "InternalFailure", "ServiceUnavailable"];
        match &error {
            SdkError::ServiceError(service) => {
                let code = service.err().code().unwrap_or("unknown");
                if THROTTLES.contains(&code) {
                    Self::Throttled
                } else if FAILURES.contains(&code) {
                    Self::Unavailable(code.to_owned())
                } else {
                    Self::Rejected(code.to_owned())
                }
            }
            SdkError::TimeoutError(_) => Self::Unavailable("timeout".to_owned()),
            SdkError::DispatchFailure(_) => Self::Unavailable("no connection".to_owned()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}
