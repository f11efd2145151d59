use croupier_rules::{
    admin::AdminAction,
    campaign::{Audience, Campaign, CampaignTerms},
    economy::Economy,
    id::CampaignId,
    name::Title,
    reward::Prize,
    time::Timestamp,
};
use croupier_web::{
    call::{Call, Once},
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::Failure,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    campaigns::CampaignRecord,
    made::{Several, check_window},
};

/// Making a campaign.
pub struct AdminCampaignCreate;

/// What the campaign is.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct CampaignCreateRequest {
    name: Title,
    audience: Audience,
    /// What a claim gives.
    reward: Prize,
    starts_at: Timestamp,
    ends_at: Timestamp,
    /// How many may claim.
    budget: Several,
}

impl CampaignCreateRequest {
    fn terms(self, economy: &Economy) -> Result<CampaignTerms, Failure> {
        let most = Audience::MOST_NAMED;
        if matches!(&self.audience, Audience::UserIds(ids) if !(1..=most).contains(&ids.len())) {
            let message = format_args!("must name 1 to {most} players");
            return Err(Failure::field("audience.user_ids", "INVALID", message));
        }
        check_window(Some(self.starts_at), Some(self.ends_at))?;
        let wrong = |refusal| Failure::field("reward.item_id", "INVALID", refusal);
        Ok(CampaignTerms {
            name: self.name,
            audience: self.audience,
            reward: self.reward.check(economy).map_err(wrong)?,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
            budget: self.budget.get().into(),
            is_active: true,
        })
    }
}

impl Endpoint for AdminCampaignCreate {
    const ROUTE: Route =
        Route::post("admin-campaign-create", "/api/admin/campaigns", "Make a campaign, of which players claim.")
            .key_required();
    type Caller = Admin;
    type Request = CampaignCreateRequest;
    type Reply = Once<CampaignRecord>;

    async fn handle(call: Call<'_, Admin>, request: CampaignCreateRequest) -> Result<Once<CampaignRecord>, Failure> {
        let terms = request.terms(&call.app.economy)?;
        let campaign = Campaign { id: call.fresh(CampaignId::new), terms, revision: 1, claimed: 0 };
        let entry = call.audit(AdminAction::CampaignCreate, campaign.id).of_change((), &campaign.terms)?;
        let reply = CampaignRecord::from(campaign.clone());
        Ok(Once::of(call.store()?.make_once(&call.deed(), &campaign, &entry, &reply).await?))
    }
}
