use croupier_store::directory::Prefix;
use croupier_web::{
    call::Call,
    caller::Admin,
    endpoint::{Endpoint, Route},
    error::{Code, Failure},
    page::{Cursor, Limit, Page},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::account::User;

/// All players, or those with a name of some beginning.
pub struct AdminUsers;

/// No name is longer.
const LONGEST: usize = 50;

/// Which players.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct UsersRequest {
    /// Only those whose site id begins like this, in order of site id.
    site_id: Option<String>,
    /// Only those whose nickname begins like this, in order of nickname.
    nickname: Option<String>,
    /// How many at once.
    #[serde(default)]
    limit: Limit,
    /// Where the page before ended.
    cursor: Option<Cursor>,
}

impl UsersRequest {
    /// What is searched for; none: everybody.
    fn prefix(&self) -> Result<Option<Prefix>, Failure> {
        let text =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        for (field, text) in [("site_id", &self.site_id), ("nickname", &self.nickname)] {
            if text.as_deref().is_some_and(|text| text.chars().count() > LONGEST) {
                return Err(Failure::field(field, "INVALID", format_args!("must have at most {LONGEST} characters")));
            }
        }
        match (text(&self.site_id), text(&self.nickname)) {
            (None, None) => Ok(None),
            (Some(site), None) => Ok(Some(Prefix::Site(site))),
            (None, Some(nickname)) => Ok(Some(Prefix::Nickname(nickname))),
            (Some(_), Some(_)) => {
                Err(Failure::field("nickname", "INVALID", "only one of site_id and nickname at a time"))
            }
        }
    }
}

impl Endpoint for AdminUsers {
    const ROUTE: Route =
        Route::get("admin-users", "/api/admin/users", "List players, the newest first, or search by name.")
            .or(&[Code::CursorInvalid]);
    type Caller = Admin;
    type Request = UsersRequest;
    type Reply = Page<User>;

    async fn handle(call: Call<'_, Admin>, request: UsersRequest) -> Result<Page<User>, Failure> {
        let prefix = request.prefix()?;
        let (store, limit, scope) = (call.store()?, request.limit.get(), format!("admin-users {prefix:?}"));
        let found = match &prefix {
            None => {
                let before = request.cursor.map(|cursor| cursor.read(&scope)).transpose()?;
                store.newest_players(before, call.now.year(), limit).await?
            }
            Some(prefix) => {
                let after: Option<String> = request.cursor.map(|cursor| cursor.read(&scope)).transpose()?;
                store.players_named(prefix, after.as_deref(), limit).await?
            }
        };
        Ok(Page {
            items: found.items.into_iter().map(|(player, profile)| User::of(&player, profile)).collect(),
            next_cursor: found.next.map(|next| Cursor::write(&scope, next)),
        })
    }
}
