use croupier_rules::{campaign, id::RewardId, reward::RewardReply};
use croupier_web::{
    call::{Call, Once},
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::campaign_of;

/// Claiming the reward of a campaign.
pub struct CampaignClaim;

/// Of which campaign.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct CampaignClaimRequest {
    campaign_id: String,
}

impl Endpoint for CampaignClaim {
    const ROUTE: Route =
        Route::post("campaign-claim", "/api/campaigns/{campaign_id}/claim", "Claim the reward of a campaign, once.")
            .or(&[
                Code::NotFound,
                Code::RankRequired,
                Code::Disabled,
                Code::WindowClosed,
                Code::BudgetSpent,
                Code::AlreadyClaimed,
                Code::BalanceLimit,
            ]);
    type Caller = SignedIn;
    type Request = CampaignClaimRequest;
    type Reply = Once<RewardReply>;

    async fn handle(call: Call<'_, SignedIn>, request: CampaignClaimRequest) -> Result<Once<RewardReply>, Failure> {
        let (store, player, id) = (call.store()?, call.caller.player.id, campaign_of(&request.campaign_id)?);
        let reward = call.fresh(RewardId::new);
        let read = || store.campaign_seen(player, id);
        call.act_on(read, |player, seen, moment| campaign::claim(player, seen, reward, moment)).await
    }
}
