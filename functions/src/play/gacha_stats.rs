use croupier_rules::{
    gacha::{GachaRound, Pity, Rarity},
    id::EntryId,
    ledger::{Action, GameType},
    money::Coins,
    time::Timestamp,
};
use croupier_store::journal::Filter;
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
};
use schemars::JsonSchema;
use serde::Serialize;

/// What the gacha gave the caller.
pub struct GachaStats;

/// How many of the last results are shown.
const SHOWN: u64 = 10;

/// What the gacha gave a player.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatsReply {
    /// How far the guarantee is.
    pity: Pity,
    /// All pulls.
    pulls: u64,
    /// All that was paid for them.
    total_bet: Coins,
    /// Pulls that gave each rarity, the most common first.
    counts: Vec<RarityCount>,
    /// The last results among the last thousand entries of the ledger, the newest first.
    last: Vec<LastPulls>,
}

/// Pulls that gave a rarity.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RarityCount {
    rarity: Rarity,
    count: u64,
}

/// Some pulls.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LastPulls {
    round_id: EntryId,
    created_at: Timestamp,
    #[serde(flatten)]
    round: GachaRound,
}

impl Endpoint for GachaStats {
    const ROUTE: Route = Route::get("gacha-stats", "/api/games/gacha/stats", "Show what the gacha gave the caller.");
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = StatsReply;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<StatsReply, Failure> {
        let player = &call.caller.player;
        let filter = Filter { game: None, action: Some(GameType::Gacha.round().to_owned()) };
        // Nothing is looked for that cannot be there.
        let shown = player.totals.gacha.rounds.min(SHOWN);
        let entries = match usize::try_from(shown) {
            Ok(0) | Err(_) => Vec::new(),
            Ok(shown) => call.store()?.entries(player.id, u64::MAX, shown, &filter).await?.entries,
        };
        let last = entries.into_iter().filter_map(|record| {
            let (round_id, created_at) = (record.entry.id(), record.entry.at);
            match record.entry.action {
                Action::GachaPull(round) => Some(LastPulls { round_id, created_at, round }),
                _ => None,
            }
        });
        let counts = Rarity::ALL.into_iter().zip(player.gacha.counts);
        Ok(StatsReply {
            pity: player.gacha.pity(&call.app.economy.gacha),
            pulls: player.gacha.counts.iter().sum(),
            total_bet: player.totals.gacha.bet,
            counts: counts.map(|(rarity, count)| RarityCount { rarity, count }).collect(),
            last: last.collect(),
        })
    }
}
