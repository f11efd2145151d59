use croupier_rules::{
    admin::AdminAction,
    campaign::{Campaign, CampaignTerms},
    time::Timestamp,
};
use croupier_store::key::Key;
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    campaigns::CampaignRecord,
    made::{Several, check_window, written},
};
use crate::reward::campaign_of;

/// Changing some of a campaign, while players claim.
pub struct AdminCampaignUpdate;

/// What to change; what is left out stays.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct CampaignUpdateRequest {
    campaign_id: String,
    /// False keeps everyone from claiming.
    is_active: Option<bool>,
    ends_at: Option<Timestamp>,
    /// How many may claim, those who have included.
    budget: Option<Several>,
}

impl Endpoint for AdminCampaignUpdate {
    const ROUTE: Route = Route::patch(
        "admin-campaign-update",
        "/api/admin/campaigns/{campaign_id}",
        "Change the end or the budget of a campaign, or switch it off.",
    )
    .or(&[Code::NotFound, Code::BudgetSpent]);
    type Caller = Admin;
    type Request = CampaignUpdateRequest;
    type Reply = CampaignRecord;

    async fn handle(call: Call<'_, Admin>, request: CampaignUpdateRequest) -> Result<CampaignRecord, Failure> {
        let CampaignUpdateRequest { campaign_id, is_active, ends_at, budget } = request;
        let id = campaign_of(&campaign_id)?;
        let begun = call.audit(AdminAction::CampaignUpdate, id);
        let key = Key::campaign(id);
        let edited = call.store()?.edit(&key, |seen: Option<&Campaign>| -> Result<_, Failure> {
            let seen = seen.ok_or_else(|| Failure::of(Code::NotFound))?;
            let before = &seen.terms;
            let terms = CampaignTerms {
                is_active: is_active.unwrap_or(before.is_active),
                ends_at: ends_at.unwrap_or(before.ends_at),
                budget: budget.map_or(before.budget, |budget| budget.get().into()),
                ..before.clone()
            };
            if terms == *before {
                return Ok(None);
            }
            check_window(Some(terms.starts_at), Some(terms.ends_at))?;
            if terms.budget < seen.claimed {
                return Err(Failure::saying(Code::BudgetSpent, "More than these have claimed already."));
            }
            let entry = begun.of_change(before, &terms)?;
            Ok(Some((Campaign { terms, revision: seen.revision + 1, ..seen.clone() }, entry)))
        });
        written(edited.await?).map(CampaignRecord::from)
    }
}
