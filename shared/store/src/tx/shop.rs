//! Writes of the shop: stock that moves, uses that are counted, terms that are as they were read.

use aws_sdk_dynamodb::types::{ConditionCheck, TransactWriteItem, builders::UpdateBuilder};
use croupier_rules::shop::{offer::Shift, package::Package};
use serde::Serialize;

use super::{Conflict, Tx, unbuildable};
use crate::{item::attribute, key::Key};

impl Tx<'_> {
    /// Writes nothing, and nothing at all if the item is not of this revision.
    pub fn check(self, key: &Key, revision: u64) -> Self {
        self.push(Conflict::Stale, |table| {
            let check = ConditionCheck::builder()
                .table_name(table)
                .set_key(Some(key.item()))
                .condition_expression("revision = :seen")
                .expression_attribute_values(":seen", attribute(revision)?);
            Ok(TransactWriteItem::builder().condition_check(check.build().map_err(unbuildable)?))
        })
    }

    /// Moves some of the stock of a package that an operator has not changed since it was read. Stock never goes below zero:
    /// whoever comes too late reads again.
    pub fn shift(self, key: &Key, package: &Package, shift: Shift, quantity: u64) -> Self {
        self.update(key, Conflict::Stale, |update| {
            let (from, to) = match shift {
                Shift::Hold => ("free", "held"),
                Shift::GiveBack => ("held", "free"),
                Shift::Sell => ("held", "sold"),
                Shift::SellAtOnce => ("free", "sold"),
            };
            // Of what is endless, nobody counts what is free.
            let counted = |name: &str| name != "free" || package.stock.is_some();
            let mut steps = Vec::new();
            let mut condition = "revision = :seen".to_owned();
            if counted(from) {
                steps.push("#from = #from - :quantity");
                condition.push_str(" AND #from >= :quantity");
            }
            if counted(to) {
                steps.push("#to = #to + :quantity");
            }
            let mut update = update
                .update_expression(format!("SET {}", steps.join(", ")))
                .condition_expression(condition)
                .expression_attribute_values(":seen", attribute(package.revision)?)
                .expression_attribute_values(":quantity", attribute(quantity)?);
            for (place, name) in [("#from", from), ("#to", to)] {
                if counted(name) {
                    update = update.expression_attribute_names(place, name);
                }
            }
            Ok(update)
        })
    }

    /// Counts one more use of something of this revision, if it has one left.
    pub fn count_use(self, key: &Key, counter: &str, revision: u64, most: Option<u64>) -> Self {
        self.update(key, Conflict::Stale, |update| {
            let update = update
                .update_expression("SET #used = #used + :one")
                .expression_attribute_names("#used", counter)
                .expression_attribute_values(":one", attribute(1)?)
                .expression_attribute_values(":seen", attribute(revision)?);
            Ok(match most {
                None => update.condition_expression("revision = :seen"),
                Some(most) => update
                    .condition_expression("revision = :seen AND #used < :most")
                    .expression_attribute_values(":most", attribute(most)?),
            })
        })
    }

    /// Changes a count that need not be there, and never goes below zero.
    pub fn change_count(self, key: &Key, counter: &str, more: i64) -> Self {
        self.update(key, Conflict::Broken, |update| {
            let update = update
                .update_expression("ADD #count :more")
                .expression_attribute_names("#count", counter)
                .expression_attribute_values(":more", attribute(more)?);
            Ok(match more {
                ..0 => update
                    .condition_expression("#count >= :fewer")
                    .expression_attribute_values(":fewer", attribute(more.unsigned_abs())?),
                _ => update,
            })
        })
    }

    /// Gives something other terms, in the next revision; what is counted beside them stays, and is no more than `most` says, if it
    /// says anything.
    pub fn redefine(self, key: &Key, terms: &impl Serialize, seen: u64, most: Option<(&str, u64)>) -> Self {
        self.update(key, Conflict::Stale, |update| {
            let update = update
                .update_expression("SET terms = :terms, revision = :next")
                .expression_attribute_values(":terms", attribute(terms)?)
                .expression_attribute_values(":seen", attribute(seen)?)
                .expression_attribute_values(":next", attribute(seen + 1)?);
            Ok(match most {
                None => update.condition_expression("revision = :seen"),
                Some((counter, most)) => update
                    .condition_expression("revision = :seen AND #count <= :most")
                    .expression_attribute_names("#count", counter)
                    .expression_attribute_values(":most", attribute(most)?),
            })
        })
    }

    /// Gives a package other terms and another stock, while it is sold: what is free changes by as much as the stock does.
    pub fn restock(self, key: &Key, seen: &Package, next: &Package) -> Self {
        self.update(key, Conflict::Stale, |update| {
            let update = update
                .expression_attribute_values(":terms", attribute(&next.terms)?)
                .expression_attribute_values(":seen", attribute(seen.revision)?)
                .expression_attribute_values(":next", attribute(next.revision)?);
            const TERMS: &str = "SET terms = :terms, revision = :next";
            // `free` is a word of DynamoDB's own.
            let counting = |update: UpdateBuilder| {
                update.expression_attribute_names("#free", "free").expression_attribute_names("#stock", "stock")
            };
            Ok(match (seen.stock, next.stock) {
                (None, None) => update.update_expression(TERMS).condition_expression("revision = :seen"),
                (Some(_), None) => counting(update)
                    .update_expression(format!("{TERMS} REMOVE #stock, #free"))
                    .condition_expression("revision = :seen"),
                (Some(before), Some(after)) if after.stock >= before.stock => counting(update)
                    .update_expression(format!("{TERMS}, #stock = :stock, #free = #free + :more"))
                    .condition_expression("revision = :seen")
                    .expression_attribute_values(":stock", attribute(after.stock)?)
                    .expression_attribute_values(":more", attribute(after.stock - before.stock)?),
                (Some(before), Some(after)) => counting(update)
                    .update_expression(format!("{TERMS}, #stock = :stock, #free = #free - :fewer"))
                    .condition_expression("revision = :seen AND #free >= :fewer")
                    .expression_attribute_values(":stock", attribute(after.stock)?)
                    .expression_attribute_values(":fewer", attribute(before.stock - after.stock)?),
                // What is free follows from what is taken, which must not move meanwhile.
                (None, Some(after)) => counting(update)
                    .update_expression(format!("{TERMS}, #stock = :stock, #free = :free"))
                    .condition_expression("revision = :seen AND held = :held AND sold = :sold")
                    .expression_attribute_values(":stock", attribute(after.stock)?)
                    .expression_attribute_values(":free", attribute(after.free)?)
                    .expression_attribute_values(":held", attribute(seen.held)?)
                    .expression_attribute_values(":sold", attribute(seen.sold)?),
            })
        })
    }
}
