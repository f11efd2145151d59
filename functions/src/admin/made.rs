//! What operators make: how it is listed, and what its terms have in common.

use croupier_rules::{
    economy::Economy,
    money::Cents,
    name::Sku,
    number::Between,
    shop::{Grants, package::PackageTerms, price::GrantedItem},
    time::Timestamp,
};
use croupier_store::shop::Made;
use croupier_web::{
    call::Call,
    caller::Admin,
    error::{Code, Failure},
    page::{Cursor, Limit, Page},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many of something there may be, or none.
pub type Count = Between<0, 1_000_000_000>;
/// How many of something there may be, at least one.
pub type Several = Between<1, 1_000_000_000>;

/// The most of one item that one thing gives.
const MOST_OF_AN_ITEM: u64 = 1_000_000;

/// Which of what operators made.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct MadeRequest {
    /// How many at once.
    #[serde(default)]
    limit: Limit,
    /// Where the page before ended.
    cursor: Option<Cursor>,
}

/// All that operators made of a kind, in the order of its names.
///
/// # Errors
/// A cursor of another list, or the table's failure.
pub(super) async fn list<T: Made, R: From<T>>(
    call: &Call<'_, Admin>,
    request: MadeRequest,
    scope: &str,
) -> Result<Page<R>, Failure> {
    let after: Option<String> = request.cursor.map(|cursor| cursor.read(scope)).transpose()?;
    let found = call.store()?.made::<T>(after.as_deref(), request.limit.get()).await?;
    Ok(Page {
        items: found.items.into_iter().map(R::from).collect(),
        next_cursor: found.next.map(|next| Cursor::write(scope, next)),
    })
}

/// What stands for `is_active` where nothing is said.
pub(super) const fn yes() -> bool {
    true
}

/// The sku in a path; what cannot be one is nothing's.
pub(super) fn sku_of(text: &str) -> Result<Sku, Failure> {
    text.parse().map_err(|_| Failure::of(Code::NotFound))
}

/// What was written, of which there is something as soon as it is.
pub(super) fn written<T>(edited: Option<T>) -> Result<T, Failure> {
    edited.ok_or_else(|| Failure::internal("what was written is not there"))
}

/// A window that is open at some time.
///
/// # Errors
/// One that ends before it begins, or just then.
pub(super) fn check_window(starts_at: Option<Timestamp>, ends_at: Option<Timestamp>) -> Result<(), Failure> {
    match (starts_at, ends_at) {
        (Some(start), Some(end)) if end <= start => {
            Err(Failure::field("ends_at", "INVALID", "must be later than starts_at"))
        }
        _ => Ok(()),
    }
}

/// A limited package that has an end.
///
/// # Errors
/// One that costs nothing, and of which a player may have as many as there could be.
pub(super) fn check_end(terms: &PackageTerms, stock: Option<u64>) -> Result<(), Failure> {
    if terms.price_cents == Cents::ZERO && terms.per_user_limit.is_none() && stock.is_none() {
        return Err(Failure::field("per_user_limit", "MISSING", "is required for what is free and endless"));
    }
    Ok(())
}

/// What something gives, if it can be given.
///
/// # Errors
/// Nothing at all, or more than there may be, or an item that does not exist or is named twice.
pub(super) fn check_grants(grants: &Grants, economy: &Economy) -> Result<(), Failure> {
    if grants.is_nothing() {
        return Err(Failure::field("grants", "INVALID", "must give something"));
    }
    if grants.items.len() > Grants::MOST_ITEMS {
        let most = format_args!("must have at most {} items", Grants::MOST_ITEMS);
        return Err(Failure::field("grants.items", "INVALID", most));
    }
    for (place, GrantedItem { item_id, count }) in grants.items.iter().enumerate() {
        let wrong =
            |field: &str, what: &str| Err(Failure::field(format!("grants.items[{place}].{field}"), "INVALID", what));
        if economy.item_name(item_id.as_str()).is_none() {
            return wrong("item_id", "must be an item that exists");
        }
        // One write of the table changes each item once.
        if grants.items[..place].iter().any(|item| item.item_id == *item_id) {
            return wrong("item_id", "must not be named twice");
        }
        if !(1..=MOST_OF_AN_ITEM).contains(count) {
            return wrong("count", "must be a whole number from 1 to 1000000");
        }
    }
    Ok(())
}
