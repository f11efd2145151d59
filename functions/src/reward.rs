//! Functions about rewards: what operators give, and what players claim of campaigns.

mod campaign_claim;
mod campaigns;
mod reward_grant;
mod rewards;

pub use campaign_claim::CampaignClaim;
pub use campaigns::Campaigns;
pub use reward_grant::RewardGrant;
pub use rewards::Rewards;

use croupier_rules::id::CampaignId;
use croupier_web::error::{Code, Failure};

/// The id in a path; what cannot be one is no campaign's.
pub(crate) fn campaign_of(id: &str) -> Result<CampaignId, Failure> {
    id.parse().map_err(|_| Failure::of(Code::NotFound))
}
