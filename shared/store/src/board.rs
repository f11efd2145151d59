//! Leaderboards and the totals of everyone: the ledger, counted. How far it is counted is kept with each player and written in
//! the same transaction as the scores, so that an event that comes twice, late or out of order changes nothing: events are
//! hints, the ledger is what is read.

use aws_sdk_dynamodb::types::Select;
use croupier_rules::{
    board::{Board, News, Tally},
    calendar::Calendar,
    id::PlayerId,
    ledger::GameType,
    totals::GameTotals,
};
use futures_util::future::try_join_all;

use crate::{
    Store, StoreError,
    act::{TRIES, pause},
    item::{EntryRecord, PlayedRecord, ScoreRecord, attribute, decode},
    key::{BY_NUMBER, Key, NUMBER, PLAYED_PARTS, SHARDS},
    tx::NotCommitted,
};

/// Entries counted at once.
const ENTRIES: i32 = 100;
/// A transaction takes a hundred writes; one entry brings ten at the most. What is left is counted in the next.
const NEWS_AT_ONCE: usize = 80;
/// How many better scores are counted in each part of a board.
const BETTER_AT_ONCE: i32 = 320;
/// How long the score of a day or a week is kept after it, in days.
const KEPT_DAYS: i32 = 35;

impl Store {
    /// Counts what is new in a player's ledger. Tells how many entries that were.
    ///
    /// # Errors
    /// The table's failure.
    pub async fn project(&self, player: PlayerId, calendar: Calendar) -> Result<u64, NotCommitted> {
        let mut counted = 0;
        let mut tried = 0;
        loop {
            let seen: Tally = self.get(&Key::projected(player)).await?.unwrap_or_default();
            let entries = self.entries_after(player, seen.counted).await?;
            let mut tally = Tally { revision: seen.revision + 1, ..seen.clone() };
            let mut news = News::default();
            for record in &entries {
                if news.scores.len() + news.rounds.len() > NEWS_AT_ONCE {
                    break;
                }
                let told = tally.count(&record.entry, calendar, &mut news);
                told.map_err(|_| StoreError::Corrupt("a gap in a ledger".to_owned()))?;
            }
            if tally.counted == seen.counted {
                return Ok(counted);
            }
            match self.write_news(player, &tally, seen.revision, &news, calendar).await {
                Ok(()) => (counted, tried) = (counted + tally.counted - seen.counted, 0),
                Err(NotCommitted::Contended) if tried < TRIES => {
                    tried += 1;
                    tokio::time::sleep(pause(tried)).await;
                }
                Err(other) => return Err(other),
            }
        }
    }

    async fn write_news(
        &self,
        player: PlayerId,
        tally: &Tally,
        revision: u64,
        news: &News,
        calendar: Calendar,
    ) -> Result<(), NotCommitted> {
        let tx = self.tx().replace(&Key::projected(player), tally, revision);
        let tx = news.scores.iter().fold(tx, |tx, (board, score)| {
            let expires = board.last_day().map(|day| calendar.begin(day.plus(KEPT_DAYS)).seconds());
            tx.write(&Key::score(&board.name(), player), &ScoreRecord { player, score: *score, expires })
        });
        let tx = news.rounds.iter().fold(tx, |tx, (game, rounds)| {
            let GameTotals { rounds, wins, bet, won, .. } = *rounds;
            let more = [("rounds", rounds), ("wins", wins), ("bet", bet.get()), ("won", won.get())];
            tx.add(&Key::played(*game, player.shard(PLAYED_PARTS)), &more)
        });
        tx.commit().await
    }

    /// The best of a board, the best first; of those of one score, some.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn best(&self, board: &Board, limit: usize) -> Result<Vec<ScoreRecord>, StoreError> {
        let name = board.name();
        let parts = try_join_all((0..SHARDS).map(|shard| self.best_of_part(Key::board(&name, shard), limit))).await?;
        let mut best: Vec<_> = parts.into_iter().flatten().collect();
        best.sort_by_key(|record| (std::cmp::Reverse(record.score), record.player));
        best.truncate(limit);
        Ok(best)
    }

    /// A player's score on a board, and how many have a better one, unless they are some ten thousand.
    ///
    /// # Errors
    /// As [`Store::best`].
    pub async fn place(&self, board: &Board, player: PlayerId) -> Result<Option<(i64, Option<u64>)>, StoreError> {
        let name = board.name();
        let Some(own): Option<ScoreRecord> = self.get(&Key::score(&name, player)).await? else { return Ok(None) };
        let better = (0..SHARDS).map(|shard| self.better(Key::board(&name, shard), own.score));
        Ok(Some((own.score, try_join_all(better).await?.into_iter().sum())))
    }

    /// What everyone has played of a game.
    ///
    /// # Errors
    /// As [`Store::best`].
    pub async fn played_by_all(&self, game: GameType) -> Result<PlayedRecord, StoreError> {
        let keys: Vec<_> = (0..PLAYED_PARTS).map(|part| Key::played(game, part)).collect();
        let parts = self.get_all(&keys).await?.into_iter().flatten().map(decode::<PlayedRecord>);
        parts.into_iter().try_fold(PlayedRecord::default(), |sum, part| {
            let part = part?;
            Ok(PlayedRecord {
                rounds: sum.rounds + part.rounds,
                wins: sum.wins + part.wins,
                bet: sum.bet + part.bet,
                won: sum.won + part.won,
            })
        })
    }

    async fn best_of_part(&self, part: String, limit: usize) -> Result<Vec<ScoreRecord>, StoreError> {
        let found = self
            .query(part)
            .index_name(BY_NUMBER)
            .key_condition_expression("#pk = :pk")
            .scan_index_forward(false)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await?;
        found.items.unwrap_or_default().into_iter().map(decode).collect()
    }

    async fn better(&self, part: String, score: i64) -> Result<Option<u64>, StoreError> {
        let page = self
            .query(part)
            .index_name(BY_NUMBER)
            .select(Select::Count)
            .key_condition_expression("#pk = :pk AND #number > :score")
            .expression_attribute_names("#number", NUMBER)
            .expression_attribute_values(":score", attribute(score)?)
            .limit(BETTER_AT_ONCE)
            .send()
            .await?;
        Ok(u64::try_from(page.count).ok().filter(|_| page.last_evaluated_key.is_none()))
    }

    /// The entries after a number, in order.
    async fn entries_after(&self, player: PlayerId, number: u64) -> Result<Vec<EntryRecord>, StoreError> {
        let found = self
            .query(Key::ledger(player))
            .index_name(BY_NUMBER)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND #number > :after")
            .expression_attribute_names("#number", NUMBER)
            .expression_attribute_values(":after", attribute(number)?)
            .limit(ENTRIES)
            .send()
            .await?;
        found.items.unwrap_or_default().into_iter().map(decode).collect()
    }
}
