use std::future::ready;

use croupier_rules::{
    Refusal,
    admin::AdminAction,
    id::{CampaignId, PlayerId, RewardId},
    name::{Description, ItemId},
    reward::{self, Prize, Reward, RewardAmount, RewardReply, RewardType},
};
use croupier_web::{
    call::{Call, Once},
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Giving a player a reward.
pub struct RewardGrant;

/// What to give to whom.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct GrantRequest {
    user_id: PlayerId,
    reward_type: RewardType,
    /// How much, or how many.
    amount: RewardAmount,
    /// For what, in a sentence; the player reads it.
    source_description: Description,
    /// Which item; asked for with an item only.
    item_id: Option<ItemId>,
    /// In the name of which campaign. That is no claim: the player may still claim, and the budget stays.
    campaign_id: Option<CampaignId>,
}

impl Endpoint for RewardGrant {
    const ROUTE: Route = Route::post("reward-grant", "/api/rewards", "Give a player a reward.")
        .also("/api/rewards/distribute")
        .or(&[Code::NotFound, Code::BalanceLimit])
        .key_required();
    type Caller = Admin;
    type Request = GrantRequest;
    type Reply = Once<RewardReply>;

    async fn handle(call: Call<'_, Admin>, request: GrantRequest) -> Result<Once<RewardReply>, Failure> {
        let GrantRequest { user_id, reward_type, amount, source_description: source, item_id, campaign_id } = request;
        if let Some(campaign) = campaign_id
            && call.store()?.campaign(campaign).await?.is_none()
        {
            return Err(Failure::field("campaign_id", "INVALID", "there is no such campaign"));
        }
        let reward = Reward {
            id: call.fresh(RewardId::new),
            player: user_id,
            prize: Prize { reward_type, amount, item_id },
            source,
            campaign: campaign_id,
            awarded_at: call.now,
        };
        let entry = call.audit(AdminAction::RewardGrant, user_id).of_change((), &reward)?;
        let nothing = || ready(Ok(()));
        let given = call.act_on(user_id, nothing, |player, (), moment| -> Result<_, Refusal> {
            // Decided with the rest: a repeat is answered even if the item has been abolished since.
            reward.prize.clone().check(moment.economy)?;
            reward::award(player, &reward, entry.clone(), moment.economy)
        });
        given.await
    }
}
