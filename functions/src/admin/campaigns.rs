use croupier_rules::{
    campaign::{Audience, Campaign},
    id::CampaignId,
    name::Title,
    reward::Prize,
    time::Timestamp,
};
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    page::Page,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::made::{self, MadeRequest};

/// All campaigns.
pub struct AdminCampaigns;

/// A campaign, as an admin sees it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CampaignRecord {
    id: CampaignId,
    name: Title,
    audience: Audience,
    /// What a claim gives.
    reward: Prize,
    starts_at: Timestamp,
    ends_at: Timestamp,
    /// How many may claim.
    budget: u64,
    /// How many have.
    claimed: u64,
    is_active: bool,
    /// How often an operator has written it.
    revision: u64,
}

impl From<Campaign> for CampaignRecord {
    fn from(Campaign { id, terms, revision, claimed }: Campaign) -> Self {
        Self {
            id,
            name: terms.name,
            audience: terms.audience,
            reward: terms.reward,
            starts_at: terms.starts_at,
            ends_at: terms.ends_at,
            budget: terms.budget,
            claimed,
            is_active: terms.is_active,
            revision,
        }
    }
}

impl Endpoint for AdminCampaigns {
    const ROUTE: Route = Route::get("admin-campaigns", "/api/admin/campaigns", "List campaigns with their claims.")
        .or(&[Code::CursorInvalid]);
    type Caller = Admin;
    type Request = MadeRequest;
    type Reply = Page<CampaignRecord>;

    async fn handle(call: Call<'_, Admin>, request: MadeRequest) -> Result<Page<CampaignRecord>, Failure> {
        made::list::<Campaign, _>(&call, request, "admin-campaigns").await
    }
}
