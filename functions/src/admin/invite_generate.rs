use croupier_rules::{
    account::Invite,
    admin::{AdminAction, AuditEntry},
    name::InviteCode,
    number::Between,
    time::Timestamp,
};
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::Failure,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::InviteItem;

/// Making invites.
pub struct AdminInviteGenerate;

/// How many, and what they are good for.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct GenerateRequest {
    /// How many codes; 1 where nothing is said.
    #[serde(default = "one")]
    count: Between<1, 50>,
    /// How many players each lets in; 1 where nothing is said, null: endless.
    #[serde(default = "once")]
    max_uses: Option<Between<1, 1_000_000>>,
    /// When they end; never, where nothing is said.
    expires_at: Option<Timestamp>,
}

/// The codes that were made.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GenerateReply {
    items: Vec<InviteItem>,
}

const fn one() -> Between<1, 50> {
    Between::LEAST
}

#[expect(clippy::unnecessary_wraps, reason = "what stands for a missing field has the type of the field")]
const fn once() -> Option<Between<1, 1_000_000>> {
    Some(Between::LEAST)
}

impl Endpoint for AdminInviteGenerate {
    const ROUTE: Route = Route::post("admin-invite-generate", "/api/admin/invites", "Make invites.");
    type Caller = Admin;
    type Request = GenerateRequest;
    type Reply = GenerateReply;

    async fn handle(call: Call<'_, Admin>, request: GenerateRequest) -> Result<GenerateReply, Failure> {
        if request.expires_at.is_some_and(|end| end <= call.now) {
            return Err(Failure::field("expires_at", "INVALID", "must be a moment to come"));
        }
        let invites: Vec<_> =
            (0..request.count.get()).map(|_| invite(&call, &request)).collect::<Result<_, Failure>>()?;
        call.store()?.make_invites(&invites).await?;
        Ok(GenerateReply { items: invites.iter().map(|(invite, _)| InviteItem::of(invite, call.now)).collect() })
    }
}

fn invite(call: &Call<'_, Admin>, request: &GenerateRequest) -> Result<(Invite, AuditEntry), Failure> {
    let code = InviteCode::of(call.app.entropy.bytes()).ok_or_else(|| Failure::internal("no luck with a code"))?;
    let invite = Invite {
        code,
        max_uses: request.max_uses.map(Between::get),
        used: 0,
        expires_at: request.expires_at,
        active: true,
        created_at: Some(call.now),
        created_by: Some(call.caller.signed_in.player.id),
    };
    let entry =
        call.audit(AdminAction::InviteGenerate, &invite.code).of_change((), InviteItem::of(&invite, call.now))?;
    Ok((invite, entry))
}
