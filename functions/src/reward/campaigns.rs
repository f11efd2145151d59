use croupier_rules::{Refusal, campaign::Campaign, id::CampaignId, name::Title, reward::Prize, time::Timestamp};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    page::{Cursor, Limit, Page},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the caller may claim of.
pub struct Campaigns;

/// Which campaigns.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct CampaignsRequest {
    /// How many at once; fewer come where some are not open, or not for the caller.
    #[serde(default)]
    limit: Limit,
    /// Where the page before ended.
    cursor: Option<Cursor>,
}

/// A campaign, as players see it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CampaignItem {
    id: CampaignId,
    name: Title,
    /// What a claim gives.
    reward: Prize,
    starts_at: Timestamp,
    ends_at: Timestamp,
    /// Whether the caller has claimed.
    claimed: bool,
    /// How many more may claim.
    remaining: u64,
}

impl CampaignItem {
    fn of(campaign: Campaign, claimed: bool) -> Self {
        let remaining = campaign.remaining();
        let terms = campaign.terms;
        Self {
            id: campaign.id,
            name: terms.name,
            reward: terms.reward,
            starts_at: terms.starts_at,
            ends_at: terms.ends_at,
            claimed,
            remaining,
        }
    }
}

const SCOPE: &str = "campaigns";

impl Endpoint for Campaigns {
    const ROUTE: Route =
        Route::get("campaigns", "/api/campaigns", "List the campaigns that are open to the caller now.")
            .or(&[Code::CursorInvalid]);
    type Caller = SignedIn;
    type Request = CampaignsRequest;
    type Reply = Page<CampaignItem>;

    async fn handle(call: Call<'_, SignedIn>, request: CampaignsRequest) -> Result<Page<CampaignItem>, Failure> {
        let (store, player) = (call.store()?, &call.caller.player);
        let after: Option<String> = request.cursor.map(|cursor| cursor.read(SCOPE)).transpose()?;
        let found = store.made::<Campaign>(after.as_deref(), request.limit.get()).await?;
        // Whoever has claimed the last one still sees it.
        let is_open =
            |campaign: &Campaign| matches!(campaign.check(player, call.now), Ok(()) | Err(Refusal::BudgetSpent));
        let open: Vec<_> = found.items.into_iter().filter(is_open).collect();
        let ids: Vec<_> = open.iter().map(|campaign| campaign.id).collect();
        let claimed = store.claimed(player.id, &ids).await?;
        let shown = open.into_iter().zip(claimed).map(|(campaign, claimed)| CampaignItem::of(campaign, claimed));
        Ok(Page { items: shown.collect(), next_cursor: found.next.map(|next| Cursor::write(SCOPE, next)) })
    }
}
