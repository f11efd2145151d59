//! The only file that writes: conditional writes, all or none, each with the meaning of its failure.

mod shop;

use std::fmt;

use aws_sdk_dynamodb::{
    error::{BuildError, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem, Update,
        builders::{DeleteBuilder, PutBuilder, TransactWriteItemBuilder, UpdateBuilder},
    },
};
use croupier_rules::time::Timestamp;
use serde::Serialize;

use crate::{
    Store, StoreError,
    item::{Item, attribute, encode},
    key::{Key, NAME, SHELF},
};

/// What it means that a condition did not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// The entry exists: this was done before.
    AlreadyDone,
    /// The item changed after it was read.
    Stale,
    /// Another player has the site id.
    SiteTaken,
    /// Another player has the nickname.
    NicknameTaken,
    /// Another player has the phone number.
    PhoneTaken,
    /// The invite is unknown, off, over or used up.
    InviteRefused,
    /// The ticket is unknown, used or over.
    TicketRefused,
    /// The password is another one by now.
    PasswordChanged,
    /// Another product has the number.
    NumberTaken,
    /// The session is over by now.
    SessionOver,
    /// There is no such thing.
    Unknown,
    /// Something that must be there is not; nothing that a caller can cause.
    Broken,
}

/// Why nothing was written.
#[derive(Clone, thiserror::Error)]
pub enum NotCommitted {
    /// A condition did not hold; of several, the one that was asked for first.
    #[error("refused: {conflict:?}")]
    Refused {
        /// What that means.
        conflict: Conflict,
        /// The item that stood in the way, where it was asked for.
        found: Option<Item>,
    },
    /// Somebody else wrote the same items: read again, decide again.
    #[error("another write came first")]
    Contended,
    /// The table did not do it, or did not say so.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Without the item that stood in the way: it may be one that holds a secret.
impl fmt::Debug for NotCommitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { conflict, .. } => f.debug_tuple("Refused").field(conflict).finish(),
            Self::Contended => f.write_str("Contended"),
            Self::Store(error) => f.debug_tuple("Store").field(error).finish(),
        }
    }
}

/// Writes that happen together or not at all. Begun by [`Store::tx`], ended by [`Tx::commit`].
#[must_use = "nothing is written before `commit`"]
#[derive(Debug)]
pub struct Tx<'a> {
    store: &'a Store,
    writes: Result<Vec<Write>, StoreError>,
    token: Option<String>,
}

#[derive(Debug)]
struct Write {
    item: TransactWriteItem,
    otherwise: Conflict,
}

impl Store {
    /// Begins a transaction.
    pub fn tx(&self) -> Tx<'_> {
        Tx { store: self, writes: Ok(Vec::new()), token: None }
    }
}

impl Tx<'_> {
    /// Puts an item where there is none. The item in the way comes with the refusal.
    pub fn create(self, key: &Key, value: &impl Serialize, otherwise: Conflict) -> Self {
        self.put(key, value, otherwise, |put| {
            let put = put.condition_expression("attribute_not_exists(pk)");
            Ok(put.return_values_on_condition_check_failure(OnFailure::AllOld))
        })
    }

    /// Replaces an item of this revision. An item that does not exist has revision 0.
    pub fn replace(self, key: &Key, value: &impl Serialize, revision: u64) -> Self {
        self.put(key, value, Conflict::Stale, |put| {
            Ok(match revision {
                0 => put.condition_expression("attribute_not_exists(pk)"),
                seen => {
                    put.condition_expression("revision = :seen").expression_attribute_values(":seen", attribute(seen)?)
                }
            })
        })
    }

    /// Sets one attribute of an item that exists.
    pub fn set(self, key: &Key, name: &str, value: impl Serialize, otherwise: Conflict) -> Self {
        self.update(key, otherwise, |update| {
            Ok(update
                .update_expression("SET #name = :value")
                .condition_expression("attribute_exists(pk)")
                .expression_attribute_names("#name", name)
                .expression_attribute_values(":value", attribute(value)?))
        })
    }

    /// Sets a time of an item that exists, unless the time that is there is a later one than this.
    pub fn advance(self, key: &Key, name: &str, unless_after: Timestamp, now: Timestamp, otherwise: Conflict) -> Self {
        self.update(key, otherwise, |update| {
            Ok(update
                .update_expression("SET #name = :now")
                .condition_expression("attribute_exists(pk) AND (attribute_not_exists(#name) OR #name <= :seen)")
                .expression_attribute_names("#name", name)
                .expression_attribute_values(":seen", attribute(unless_after)?)
                .expression_attribute_values(":now", attribute(now)?))
        })
    }

    /// Sets one attribute of an item that has another value there. The item as it is comes with the refusal.
    pub fn swap(self, key: &Key, name: &str, seen: impl Serialize, value: impl Serialize, otherwise: Conflict) -> Self {
        self.update(key, otherwise, |update| {
            Ok(update
                .update_expression("SET #name = :value")
                .condition_expression("#name = :seen")
                .return_values_on_condition_check_failure(OnFailure::AllOld)
                .expression_attribute_names("#name", name)
                .expression_attribute_values(":seen", attribute(seen)?)
                .expression_attribute_values(":value", attribute(value)?))
        })
    }

    /// Takes one use of something that may be switched off (`active`), end (`expires_at`) or run out (`max_uses`).
    pub fn take_use(self, key: &Key, now: Timestamp, otherwise: Conflict) -> Self {
        self.update(key, otherwise, |update| {
            Ok(update
                .update_expression("SET used = used + :one")
                .condition_expression(
                    "active = :yes AND (attribute_not_exists(expires_at) OR expires_at > :now) \
                     AND (attribute_not_exists(max_uses) OR used < max_uses)",
                )
                .expression_attribute_values(":one", attribute(1)?)
                .expression_attribute_values(":yes", attribute(true)?)
                .expression_attribute_values(":now", attribute(now)?))
        })
    }

    /// Moves an item to another place in the directory, if it still has one.
    pub fn set_due(self, key: &Key, otherwise: Conflict) -> Self {
        self.update(key, otherwise, |update| {
            let mut place = key.attributes();
            let mut value = |name: &str| place.remove(name).ok_or_else(|| StoreError::Corrupt("no place".to_owned()));
            Ok(update
                .update_expression("SET #shelf = :shelf, #name = :name")
                .condition_expression("attribute_exists(#shelf)")
                .expression_attribute_names("#shelf", SHELF)
                .expression_attribute_names("#name", NAME)
                .expression_attribute_values(":shelf", value(SHELF)?)
                .expression_attribute_values(":name", value(NAME)?))
        })
    }

    /// Puts an item, whether or not there is one.
    pub fn write(self, key: &Key, value: &impl Serialize) -> Self {
        self.put(key, value, Conflict::Broken, Ok)
    }

    /// Adds to numbers of an item, which need not be there, and keeps what stands beside them.
    pub fn add(self, key: &Key, numbers: &[(&str, u64)]) -> Self {
        self.update(key, Conflict::Broken, |update| {
            let (mut update, mut sums) = (update, Vec::new());
            for (place, (name, more)) in numbers.iter().enumerate() {
                update = update
                    .expression_attribute_names(format!("#n{place}"), *name)
                    .expression_attribute_values(format!(":n{place}"), attribute(more)?);
                sums.push(format!("#n{place} :n{place}"));
            }
            Ok(update.update_expression(format!("ADD {}", sums.join(", "))))
        })
    }

    /// Removes an item, whether or not it is there.
    pub fn remove(self, key: &Key) -> Self {
        self.delete(key, Conflict::Broken, Ok)
    }

    /// Removes an item that is there and still valid: of several who try, one succeeds.
    pub fn redeem(self, key: &Key, now: Timestamp, otherwise: Conflict) -> Self {
        self.delete(key, otherwise, |delete| {
            let delete = delete.condition_expression("valid_until > :now");
            Ok(delete.expression_attribute_values(":now", attribute(now)?))
        })
    }

    /// Names the transaction: the table carries out one of this name once, and says yes to every repeat.
    pub(crate) fn named(self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self }
    }

    /// Writes everything, or nothing.
    ///
    /// # Errors
    /// What stood in the way.
    #[expect(clippy::disallowed_methods, reason = "the one place that writes")]
    pub async fn commit(self) -> Result<(), NotCommitted> {
        let (items, meanings): (Vec<_>, Vec<_>) =
            self.writes?.into_iter().map(|write| (write.item, write.otherwise)).unzip();
        // Without a name the SDK makes one for all its tries of this call: a lost reply is no second write.
        let write = self.store.client.transact_write_items().set_client_request_token(self.token);
        let sent = write.set_transact_items(Some(items)).send().await;
        sent.map(|_| ()).map_err(|error| classify(error, &meanings))
    }

    fn put(
        self,
        key: &Key,
        value: &impl Serialize,
        otherwise: Conflict,
        condition: impl FnOnce(PutBuilder) -> Result<PutBuilder, StoreError>,
    ) -> Self {
        self.push(otherwise, |table| {
            let put = condition(Put::builder().table_name(table).set_item(Some(encode(key, value)?)))?;
            Ok(TransactWriteItem::builder().put(put.build().map_err(unbuildable)?))
        })
    }

    fn update(
        self,
        key: &Key,
        otherwise: Conflict,
        expression: impl FnOnce(UpdateBuilder) -> Result<UpdateBuilder, StoreError>,
    ) -> Self {
        self.push(otherwise, |table| {
            let update = expression(Update::builder().table_name(table).set_key(Some(key.item())))?;
            Ok(TransactWriteItem::builder().update(update.build().map_err(unbuildable)?))
        })
    }

    fn delete(
        self,
        key: &Key,
        otherwise: Conflict,
        condition: impl FnOnce(DeleteBuilder) -> Result<DeleteBuilder, StoreError>,
    ) -> Self {
        self.push(otherwise, |table| {
            let delete = condition(Delete::builder().table_name(table).set_key(Some(key.item())))?;
            Ok(TransactWriteItem::builder().delete(delete.build().map_err(unbuildable)?))
        })
    }

    fn push(
        self,
        otherwise: Conflict,
        write: impl FnOnce(&str) -> Result<TransactWriteItemBuilder, StoreError>,
    ) -> Self {
        let Self { store, writes, token } = self;
        let writes = writes.and_then(|mut writes| {
            writes.push(Write { item: write(&store.table)?.build(), otherwise });
            Ok(writes)
        });
        Self { store, writes, token }
    }
}

fn unbuildable(error: BuildError) -> StoreError {
    StoreError::Corrupt(error.to_string())
}

/// What a failed transaction means: the first condition that did not hold, else a throttle, else another writer.
fn classify<R>(error: SdkError<TransactWriteItemsError, R>, meanings: &[Conflict]) -> NotCommitted
where
    R: fmt::Debug,
{
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            judge(cancelled.cancellation_reasons(), meanings)
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => NotCommitted::Contended,
        _ => StoreError::from(error).into(),
    }
}

fn judge(reasons: &[CancellationReason], meanings: &[Conflict]) -> NotCommitted {
    let judged =
        || reasons.iter().zip(meanings).map(|(reason, meaning)| (reason.code().unwrap_or("None"), *meaning, reason));
    let failed = || judged().filter(|(code, ..)| *code == "ConditionalCheckFailed");
    let stale = failed().any(|(_, meaning, _)| meaning == Conflict::Stale)
        || judged().any(|(code, ..)| code == "TransactionConflict");
    // What seems broken is as it should be to whoever read too early.
    let told = |meaning| meaning != Conflict::Stale && !(stale && meaning == Conflict::Broken);
    if let Some((_, conflict, reason)) = failed().find(|(_, meaning, _)| told(*meaning)) {
        return NotCommitted::Refused { conflict, found: reason.item().cloned() };
    }
    for (code, _, _) in judged() {
        match code {
            "None" | "ConditionalCheckFailed" | "TransactionConflict" => {}
            "ThrottlingError" | "ProvisionedThroughputExceeded" => return StoreError::Throttled.into(),
            other => return StoreError::Corrupt(other.to_owned()).into(),
        }
    }
    NotCommitted::Contended
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(codes: &[&str]) -> NotCommitted {
        let reasons: Vec<_> = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        judge(&reasons, &[Conflict::AlreadyDone, Conflict::Stale, Conflict::InviteRefused])
    }

    #[test]
    fn what_is_broken_is_told_unless_it_was_read_too_early() {
        let reason = |code: &str| CancellationReason::builder().code(code).build();
        let judged = |codes: [&str; 2]| judge(&codes.map(reason), &[Conflict::Stale, Conflict::Broken]);
        let broken = judged(["None", "ConditionalCheckFailed"]);
        assert!(matches!(broken, NotCommitted::Refused { conflict: Conflict::Broken, .. }));
        assert!(matches!(judged(["ConditionalCheckFailed"; 2]), NotCommitted::Contended));
    }

    #[test]
    fn a_refusal_outweighs_what_could_be_tried_again() {
        let refused = |codes: &[&str]| match reasons(codes) {
            NotCommitted::Refused { conflict, .. } => Some(conflict),
            _ => None,
        };
        const FAILED: &str = "ConditionalCheckFailed";
        assert_eq!(refused(&[FAILED, FAILED, "None"]), Some(Conflict::AlreadyDone));
        assert_eq!(refused(&["None", FAILED, FAILED]), Some(Conflict::InviteRefused));
        assert_eq!(refused(&["ThrottlingError", FAILED, FAILED]), Some(Conflict::InviteRefused));
        assert_eq!(refused(&["None", FAILED, "None"]), None);
    }

    #[test]
    fn only_other_writers_are_worth_another_try() {
        assert!(matches!(reasons(&["None", "TransactionConflict", "None"]), NotCommitted::Contended));
        assert!(matches!(reasons(&["None", "ConditionalCheckFailed", "TransactionConflict"]), NotCommitted::Contended));
        let throttled = reasons(&["TransactionConflict", "ConditionalCheckFailed", "ThrottlingError"]);
        assert!(matches!(throttled, NotCommitted::Store(StoreError::Throttled)));
        let invalid = reasons(&["None", "ValidationError", "None"]);
        assert!(matches!(invalid, NotCommitted::Store(StoreError::Corrupt(_))));
    }
}
