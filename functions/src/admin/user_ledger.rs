use croupier_rules::{ledger::GameType, player::Player};
use croupier_store::{journal::Filter, key::Key};
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    page::{Cursor, Limit, Page},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{account::player_of, play::HistoryItem};

/// A player's ledger.
pub struct AdminUserLedger;

/// Whose, and which entries.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct LedgerRequest {
    user_id: String,
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

impl Endpoint for AdminUserLedger {
    const ROUTE: Route =
        Route::get("admin-user-ledger", "/api/admin/users/{user_id}/history", "List a player's ledger, newest first.")
            .or(&[Code::NotFound, Code::CursorInvalid]);
    type Caller = Admin;
    type Request = LedgerRequest;
    type Reply = Page<HistoryItem>;

    async fn handle(call: Call<'_, Admin>, request: LedgerRequest) -> Result<Page<HistoryItem>, Failure> {
        let LedgerRequest { user_id, game_type, action, limit, cursor } = request;
        let (store, id) = (call.store()?, player_of(&user_id)?);
        let found: Option<Player> = store.get(&Key::player(id)).await?;
        found.ok_or_else(|| Failure::of(Code::NotFound))?;
        let filter = Filter { game: game_type, action };
        let scope = format!("admin-user-ledger {id} {filter:?}");
        let before = cursor.map_or(Ok(u64::MAX), |cursor| cursor.read(&scope))?;
        let found = store.entries(id, before, limit.get(), &filter).await?;
        Ok(Page {
            items: found.entries.iter().map(|record| HistoryItem::of(&record.entry)).collect::<Result<_, _>>()?,
            next_cursor: found.next.map(|next| Cursor::write(&scope, next)),
        })
    }
}
