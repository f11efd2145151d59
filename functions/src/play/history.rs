use croupier_rules::{
    id::EntryId,
    ledger::{Entry, GameType},
    money::{Coins, Gems},
    time::Timestamp,
};
use croupier_store::journal::Filter;
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    page::{Cursor, Limit, Page},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The caller's ledger.
pub struct History;

/// Which entries.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct HistoryRequest {
    /// Only those of this game.
    game_type: Option<GameType>,
    /// Only those of this action.
    action: Option<String>,
    /// How many at once.
    #[serde(default)]
    limit: Limit,
    /// Where the page before ended.
    cursor: Option<Cursor>,
}

/// An entry, as the player reads it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HistoryItem {
    id: EntryId,
    /// The place in the ledger: 1, 2, 3 … without a gap.
    sequence: u64,
    action: &'static str,
    game_type: Option<GameType>,
    delta_coin: i64,
    delta_gem: i64,
    balance_coin: Coins,
    balance_gem: Gems,
    /// What is owed afterwards, by whoever had spent what was refunded.
    debt_coin: Coins,
    debt_gem: Gems,
    created_at: Timestamp,
    /// What explains the outcome; depends on the action.
    #[schemars(with = "serde_json::Map<String, Value>")]
    detail: Value,
}

impl HistoryItem {
    pub(crate) fn of(entry: &Entry) -> Result<Self, Failure> {
        let mut action = serde_json::to_value(&entry.action).map_err(Failure::internal)?;
        Ok(Self {
            id: entry.id(),
            sequence: entry.number,
            action: entry.action.name(),
            game_type: entry.action.game_type(),
            delta_coin: entry.moved.coins,
            delta_gem: entry.moved.gems,
            balance_coin: entry.coins,
            balance_gem: entry.gems,
            debt_coin: entry.debt.coins,
            debt_gem: entry.debt.gems,
            created_at: entry.at,
            detail: action["detail"].take(),
        })
    }
}

impl Endpoint for History {
    const ROUTE: Route = Route::get("history", "/api/games/history", "List the caller's ledger, newest first.")
        .or(&[Code::CursorInvalid]);
    type Caller = SignedIn;
    type Request = HistoryRequest;
    type Reply = Page<HistoryItem>;

    async fn handle(call: Call<'_, SignedIn>, request: HistoryRequest) -> Result<Page<HistoryItem>, Failure> {
        let HistoryRequest { game_type, action, limit, cursor } = request;
        let filter = Filter { game: game_type, action };
        let scope = format!("history {filter:?}");
        let before = cursor.map_or(Ok(u64::MAX), |cursor| cursor.read(&scope))?;
        let found = call.store()?.entries(call.caller.player.id, before, limit.get(), &filter).await?;
        Ok(Page {
            items: found.entries.iter().map(|record| HistoryItem::of(&record.entry)).collect::<Result<_, _>>()?,
            next_cursor: found.next.map(|next| Cursor::write(&scope, next)),
        })
    }
}
