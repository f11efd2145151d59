//! Reading a player's ledger.

use croupier_rules::{
    id::{EntryId, PlayerId},
    ledger::{Action, GameType},
};

use crate::{
    Store, StoreError,
    item::{EntryRecord, Item, attribute, decode},
    key::{BY_NUMBER, Key, NUMBER},
};

/// Entries read at once when only some of them are wanted.
const PAGE: usize = 100;
/// Pages read for one request: a filter that almost nothing passes costs no more than this.
const PAGES: usize = 10;

/// Which entries are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of this game.
    pub game: Option<GameType>,
    /// Only those of this action.
    pub action: Option<String>,
}

impl Filter {
    const fn passes_all(&self) -> bool {
        self.game.is_none() && self.action.is_none()
    }

    fn passes(&self, action: &Action) -> bool {
        self.game.is_none_or(|game| action.game_type() == Some(game))
            && self.action.as_ref().is_none_or(|name| name == action.name())
    }
}

/// Some of a player's entries, newest first.
#[derive(Debug)]
pub struct Page {
    /// The entries.
    pub entries: Vec<EntryRecord>,
    /// The number below which to go on; none at the end.
    pub next: Option<u64>,
}

impl Store {
    /// The entries numbered below `before`, newest first, that pass the filter.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn entries(
        &self,
        player: PlayerId,
        before: u64,
        limit: usize,
        filter: &Filter,
    ) -> Result<Page, StoreError> {
        let mut before = before;
        let mut entries: Vec<EntryRecord> = Vec::new();
        for _ in 0..PAGES {
            let read = if filter.passes_all() { limit - entries.len() } else { PAGE };
            let (items, ended) = self.newest(player, before, read).await?;
            for item in items {
                let record: EntryRecord = decode(item)?;
                before = record.entry.number;
                if filter.passes(&record.entry.action) {
                    entries.push(record);
                }
                if entries.len() == limit {
                    // The first entry of a ledger is number 1: below it there is nothing to go on with.
                    return Ok(Page { entries, next: (before > 1).then_some(before) });
                }
            }
            if ended {
                return Ok(Page { entries, next: None });
            }
        }
        Ok(Page { entries, next: Some(before) })
    }

    /// The entry of this id, if the player has it.
    ///
    /// # Errors
    /// As [`Store::entries`].
    pub async fn entry(&self, player: PlayerId, id: EntryId) -> Result<Option<EntryRecord>, StoreError> {
        let Some(item) = self.newest(player, id.number().saturating_add(1), 1).await?.0.pop() else { return Ok(None) };
        let record: EntryRecord = decode(item)?;
        Ok((record.entry.id() == id).then_some(record))
    }

    /// Entries below a number, newest first, and whether there are no more.
    async fn newest(&self, player: PlayerId, before: u64, limit: usize) -> Result<(Vec<Item>, bool), StoreError> {
        // Beyond what the table's numbers hold exactly there is no entry either.
        let before = before.min(i64::MAX.unsigned_abs());
        let found = self
            .query(Key::ledger(player))
            .index_name(BY_NUMBER)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND #number < :before")
            .expression_attribute_names("#number", NUMBER)
            .expression_attribute_values(":before", attribute(before)?)
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await?;
        Ok((found.items.unwrap_or_default(), found.last_evaluated_key.is_none()))
    }
}
