use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    page::{Cursor, Limit, Page},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::InviteItem;

/// All invites, and what has become of them.
pub struct AdminInvites;

/// Which of them.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct InvitesRequest {
    /// How many at once.
    #[serde(default)]
    limit: Limit,
    /// Where the page before ended.
    cursor: Option<Cursor>,
}

const SCOPE: &str = "admin-invites";

impl Endpoint for AdminInvites {
    const ROUTE: Route =
        Route::get("admin-invites", "/api/admin/invites", "List invites with their uses, the newest first.")
            .or(&[Code::CursorInvalid]);
    type Caller = Admin;
    type Request = InvitesRequest;
    type Reply = Page<InviteItem>;

    async fn handle(call: Call<'_, Admin>, request: InvitesRequest) -> Result<Page<InviteItem>, Failure> {
        let before: Option<String> = request.cursor.map(|cursor| cursor.read(SCOPE)).transpose()?;
        let found = call.store()?.invites(before.as_deref(), request.limit.get()).await?;
        Ok(Page {
            items: found.items.iter().map(|invite| InviteItem::of(invite, call.now)).collect(),
            next_cursor: found.next.map(|next| Cursor::write(SCOPE, next)),
        })
    }
}
