use croupier_rules::{
    Refusal,
    player::Player,
    round::Moment,
    shop::{
        checkout,
        offer::PurchaseSeen,
        purchase::{Purchase, State},
    },
};
use croupier_store::{
    StoreError,
    act::{Deed, NotDone},
};
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Done, Endpoint, Route},
    error::{Code, Failure},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{purchase_of, till::released};

/// Giving back what is held.
pub struct HoldRelease;

/// Which hold.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReleaseRequest {
    hold_id: String,
}

impl Endpoint for HoldRelease {
    const ROUTE: Route = Route::delete("hold-release", "/api/shop/holds/{hold_id}", "Give back what is held.").or(&[
        Code::NotFound,
        Code::HoldExpired,
        Code::HoldResolved,
    ]);
    type Caller = SignedIn;
    type Request = ReleaseRequest;
    type Reply = Done;

    async fn handle(call: Call<'_, SignedIn>, request: ReleaseRequest) -> Result<Done, Failure> {
        let (store, player, now) = (call.store()?, call.caller.player.clone(), call.now);
        let (buyer, id) = (player.id, purchase_of(&request.hold_id)?);
        let seen = store.purchase_seen(buyer, id, None).await?.map(|seen| seen.purchase);
        let seen: Purchase = seen.filter(|seen| seen.limited).ok_or_else(|| Failure::of(Code::NotFound))?;
        if seen.state == State::Released {
            return Ok(Done {});
        }
        let read = || async move {
            let seen = store.purchase_seen(buyer, id, None).await?;
            seen.ok_or_else(|| StoreError::Corrupt("a hold is gone".to_owned()))
        };
        let moment = Moment { now, economy: &call.app.economy };
        let deed = Deed {
            session: Some(call.caller.session.id),
            ..Deed::of_server(released(id), moment.economy.session, now)
        };
        let decide = |player: &Player, seen: &PurchaseSeen| checkout::release(player, seen, false, moment);
        match store.act_on(&deed, player, read, decide).await {
            Ok(_) => Ok(Done {}),
            // Of two who release at once, both have.
            Err(NotDone::Refused(Refusal::HoldResolved)) => {
                let now = store.purchase_seen(buyer, id, None).await?.map(|seen| seen.purchase.state);
                if now == Some(State::Released) { Ok(Done {}) } else { Err(Failure::of(Code::HoldResolved)) }
            }
            Err(other) => Err(other.into()),
        }
    }
}
