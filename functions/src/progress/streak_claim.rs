use croupier_rules::streak::{self, StreakReply};
use croupier_web::{
    call::{Call, Once},
    caller::SignedIn,
    endpoint::{Endpoint, Nothing, Route},
    error::{Code, Failure},
};

/// Claiming what this day of the streak pays.
pub struct StreakClaim;

impl Endpoint for StreakClaim {
    const ROUTE: Route =
        Route::post("streak-claim", "/api/streak/claim", "Claim what this day of the streak pays, once.")
            .or(&[Code::AlreadyClaimed, Code::BalanceLimit]);
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = Once<StreakReply>;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<Once<StreakReply>, Failure> {
        call.act(streak::claim).await
    }
}
