//! Where operators look for players and invites. The index follows the table within moments; what is shown is read from the
//! table itself.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use croupier_rules::{
    account::Invite,
    id::PlayerId,
    name::{Nickname, SiteId},
    player::Player,
    shop::purchase::Purchase,
    time::Timestamp,
};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    Store, StoreError,
    item::{GameRecord, Item, Profile, decode},
    key::{DIRECTORY, Key, NAME, Place, SHELF},
};

/// No player is older than this software.
pub(crate) const FIRST_YEAR: i16 = 2026;
/// Sorts after every name.
const LAST: char = char::MAX;
/// Sorts before every character with which a longer name can go on.
const FIRST: char = ' ';

/// A part of a name, by which players are looked for.
#[derive(Debug, Clone)]
pub enum Prefix {
    /// What the site id begins with.
    Site(String),
    /// What the nickname begins with.
    Nickname(String),
}

/// What has to be looked at in time.
pub trait Due: DeserializeOwned {
    /// Where it stands until then.
    const SHELF: &'static str;
}

impl Due for GameRecord {
    const SHELF: &'static str = Place::DUE;
}

impl Due for Purchase {
    const SHELF: &'static str = Place::OPEN;
}

/// Some of a list, and the name after which to go on; none at the end.
#[derive(Debug)]
pub struct Shelf<T> {
    /// What was found.
    pub items: Vec<T>,
    /// Where to go on.
    pub next: Option<String>,
}

/// Which names of a shelf.
enum Range {
    /// Those before this one, the last first.
    Before(String),
    /// Those from one to another, the first first.
    Within(String, String),
}

/// What the index tells of a name.
#[derive(Deserialize)]
struct Named {
    name: String,
    player: PlayerId,
}

impl Store {
    /// All players, the newest first, who joined before the one that is named, or before the end of a year.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn newest_players(
        &self,
        before: Option<PlayerId>,
        this_year: i16,
        limit: usize,
    ) -> Result<Shelf<(Player, Profile)>, StoreError> {
        let mut found = Vec::new();
        let newest = before.map_or(this_year, |id| id.at().year());
        for year in (FIRST_YEAR..=newest).rev() {
            let range = Range::Before(before.map_or(LAST.to_string(), |id| id.to_string()));
            // One more than is shown tells whether there are more.
            for item in self.shelf(Place::joined(year), range, limit + 1 - found.len()).await? {
                let id = text(&item, NAME)?;
                found.push((id.to_owned(), id.parse().map_err(|_| corrupt("not a player"))?));
            }
            if found.len() > limit {
                break;
            }
        }
        self.shown(found, limit).await
    }

    /// The players with a name of this beginning, in the order of their names, after the one that is named.
    ///
    /// # Errors
    /// As [`Store::newest_players`].
    pub async fn players_named(
        &self,
        prefix: &Prefix,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Shelf<(Player, Profile)>, StoreError> {
        let Place { shelf, name } = match prefix {
            Prefix::Site(text) => Place::site(SiteId::fold(text)),
            Prefix::Nickname(text) => Place::nickname(Nickname::fold(text)),
        };
        let from = after.map_or_else(|| name.clone(), |after| format!("{after}{FIRST}"));
        let items = self.shelf(shelf, Range::Within(from, format!("{name}{LAST}")), limit + 1).await?;
        let found = items.into_iter().map(|item| decode(item).map(|Named { name, player }| (name, player)));
        self.shown(found.collect::<Result<_, _>>()?, limit).await
    }

    /// The nicknames of players, each where its player stood.
    ///
    /// # Errors
    /// As [`Store::newest_players`].
    pub async fn nicknames(&self, players: &[PlayerId]) -> Result<Vec<Nickname>, StoreError> {
        let keys: Vec<_> = players.iter().map(|id| Key::profile(*id)).collect();
        let profiles = self.get_all(&keys).await?.into_iter();
        let profiles = profiles.map(|profile| decode(profile.ok_or_else(|| corrupt("a player without a profile"))?));
        profiles.map(|profile| profile.map(|Profile { nickname, .. }| nickname)).collect()
    }

    /// All invites, the newest first, that were made before the one that is named.
    ///
    /// # Errors
    /// As [`Store::newest_players`].
    pub async fn invites(&self, before: Option<&str>, limit: usize) -> Result<Shelf<Invite>, StoreError> {
        let range = Range::Before(before.map_or(LAST.to_string(), str::to_owned));
        let mut items = self.shelf(Place::INVITES.to_owned(), range, limit + 1).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|item| text(item, NAME).map(str::to_owned)).transpose()?;
        let found = self.get_all(&keys(&items)?).await?;
        Ok(Shelf { items: found.into_iter().flatten().map(decode).collect::<Result<_, _>>()?, next })
    }

    /// What has to be looked at by now, the longest overdue first, after the one that is named. One that cannot be read keeps
    /// nobody from the others.
    ///
    /// # Errors
    /// As [`Store::newest_players`].
    pub async fn due<T: Due>(
        &self,
        now: Timestamp,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Shelf<Result<T, StoreError>>, StoreError> {
        let from = after.map_or_else(|| FIRST.to_string(), |after| format!("{after}{FIRST}"));
        let items = self.shelf(T::SHELF.to_owned(), Range::Within(from, format!("{now}{LAST}")), limit).await?;
        let next = items.last().filter(|_| items.len() == limit);
        let next = next.map(|item| text(item, NAME).map(str::to_owned)).transpose()?;
        let found = self.get_all(&keys(&items)?).await?;
        Ok(Shelf { items: found.into_iter().flatten().map(decode).collect(), next })
    }

    /// Since when that has to be looked at which is longest overdue; nothing when nothing is.
    ///
    /// # Errors
    /// As [`Store::newest_players`].
    pub async fn longest_due<T: Due>(&self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let range = Range::Within(FIRST.to_string(), format!("{now}{LAST}"));
        let found = self.shelf(T::SHELF.to_owned(), range, 1).await?;
        let due = found.first().map(|item| text(item, NAME)).transpose()?.map(|name| name.split('#').next());
        due.flatten().map(|due| due.parse().map_err(|_| corrupt("not a time"))).transpose()
    }

    /// What stands on a shelf as it is in the table now, in the order of its names, after the one that is named.
    pub(crate) async fn listed<T: DeserializeOwned>(
        &self,
        shelf: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Shelf<T>, StoreError> {
        let from = after.map_or_else(|| FIRST.to_string(), |after| format!("{after}{FIRST}"));
        let mut items = self.shelf(shelf.to_owned(), Range::Within(from, LAST.to_string()), limit + 1).await?;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|item| text(item, NAME).map(str::to_owned)).transpose()?;
        let found = self.get_all(&keys(&items)?).await?;
        Ok(Shelf { items: found.into_iter().flatten().map(decode).collect::<Result<_, _>>()?, next })
    }

    /// The players that were found, as they are now.
    async fn shown(
        &self,
        mut found: Vec<(String, PlayerId)>,
        limit: usize,
    ) -> Result<Shelf<(Player, Profile)>, StoreError> {
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|(name, _)| name.clone());
        // As long as the index lags behind a change of name, a player may be found by both.
        let mut seen = BTreeSet::new();
        found.retain(|(_, id)| seen.insert(*id));
        let keys: Vec<_> = found.iter().flat_map(|(_, id)| [Key::player(*id), Key::profile(*id)]).collect();
        let mut items = self.get_all(&keys).await?.into_iter();
        let mut players = Vec::with_capacity(found.len());
        while let (Some(player), Some(profile)) = (items.next(), items.next()) {
            if let (Some(player), Some(profile)) = (player, profile) {
                players.push((decode(player)?, decode(profile)?));
            }
        }
        Ok(Shelf { items: players, next })
    }

    /// What stands on a shelf.
    async fn shelf(&self, shelf: String, range: Range, limit: usize) -> Result<Vec<Item>, StoreError> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(DIRECTORY)
            .expression_attribute_names("#shelf", SHELF)
            .expression_attribute_names("#name", NAME)
            .expression_attribute_values(":shelf", AttributeValue::S(shelf))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let query = match range {
            Range::Before(bound) => query
                .key_condition_expression("#shelf = :shelf AND #name < :bound")
                .expression_attribute_values(":bound", AttributeValue::S(bound))
                .scan_index_forward(false),
            Range::Within(from, to) => query
                .key_condition_expression("#shelf = :shelf AND #name BETWEEN :from AND :to")
                .expression_attribute_values(":from", AttributeValue::S(from))
                .expression_attribute_values(":to", AttributeValue::S(to)),
        };
        Ok(query.send().await?.items.unwrap_or_default())
    }
}

/// The keys of what was found, each once: as long as the index lags behind, something may be found at two places.
fn keys(items: &[Item]) -> Result<Vec<Key>, StoreError> {
    let mut keys: Vec<Key> = Vec::with_capacity(items.len());
    for item in items {
        let key = Key::of_item(item).ok_or_else(|| corrupt("an index without keys"))?;
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    Ok(keys)
}

fn text<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    let text = item.get(name).and_then(|value| value.as_s().ok());
    text.map(String::as_str).ok_or_else(|| corrupt("an index without names"))
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(what.to_owned())
}
