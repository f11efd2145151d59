use croupier_rules::{
    id::{CampaignId, RewardId},
    name::{Description, ItemId},
    player::Player,
    reward::{Reward, RewardAmount, RewardType},
    time::Timestamp,
};
use croupier_store::key::Key;
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    page::{Cursor, Limit, Page},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::player_of;

/// What a player was given.
pub struct Rewards;

/// Whose rewards, and which.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct RewardsRequest {
    user_id: String,
    /// How many at once.
    #[serde(default)]
    limit: Limit,
    /// Where the page before ended.
    cursor: Option<Cursor>,
}

/// A reward that was given.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RewardItem {
    reward_id: RewardId,
    reward_type: RewardType,
    /// How much, or how many.
    reward_value: RewardAmount,
    /// Which item; null for what is none.
    item_id: Option<ItemId>,
    /// For what, in a sentence.
    source_description: Description,
    /// Of which campaign; null without one.
    campaign_id: Option<CampaignId>,
    awarded_at: Timestamp,
}

impl From<Reward> for RewardItem {
    fn from(Reward { id, prize, source, campaign, awarded_at, .. }: Reward) -> Self {
        Self {
            reward_id: id,
            reward_type: prize.reward_type,
            reward_value: prize.amount,
            item_id: prize.item_id,
            source_description: source,
            campaign_id: campaign,
            awarded_at,
        }
    }
}

impl Endpoint for Rewards {
    const ROUTE: Route =
        Route::get("rewards", "/api/rewards/users/{user_id}/rewards", "List a player's rewards, the newest first.")
            .or(&[Code::NotFound, Code::CursorInvalid]);
    type Caller = SignedIn;
    type Request = RewardsRequest;
    type Reply = Page<RewardItem>;

    async fn handle(call: Call<'_, SignedIn>, request: RewardsRequest) -> Result<Page<RewardItem>, Failure> {
        let (store, caller, id) = (call.store()?, &call.caller.player, player_of(&request.user_id)?);
        let unknown = || Failure::of(Code::NotFound);
        if id != caller.id {
            let other: Option<Player> = if caller.admin { store.get(&Key::player(id)).await? } else { None };
            other.ok_or_else(unknown)?;
        }
        let (limit, scope) = (request.limit.get(), format!("rewards {id}"));
        let before: Option<RewardId> = request.cursor.map(|cursor| cursor.read(&scope)).transpose()?;
        // One more than is shown tells whether there are more.
        let mut found = store.rewards(id, before, limit + 1).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| last.id);
        Ok(Page {
            items: found.into_iter().map(RewardItem::from).collect(),
            next_cursor: next.map(|next| Cursor::write(&scope, next)),
        })
    }
}
