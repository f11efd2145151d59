use croupier_rules::{account::InviteStatus, name::InviteCode};
use croupier_store::key::Key;
use croupier_web::{
    call::Call,
    caller::Anyone,
    config::Need,
    endpoint::{Endpoint, Route},
    error::Failure,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether an invite code would let someone in.
pub struct InviteValidate;

/// The code asked about.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct InviteRequest {
    code: InviteCode,
}

impl Endpoint for InviteValidate {
    const ROUTE: Route = Route::post("invite-validate", "/api/invite/validate", "Tell whether an invite code lets in.")
        .needs(&[Need::Table]);
    type Caller = Anyone;
    type Request = InviteRequest;
    type Reply = InviteStatus;

    async fn handle(call: Call<'_, Anyone>, request: InviteRequest) -> Result<InviteStatus, Failure> {
        let found = call.store()?.get(&Key::invite(&request.code)).await?;
        Ok(InviteStatus::of(request.code, found, call.now))
    }
}
