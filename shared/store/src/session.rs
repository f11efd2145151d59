//! Sessions, and the one read that tells who is calling.

use croupier_rules::{
    account::{Barred, Session},
    id::{PlayerId, SessionId},
    player::Player,
    time::Timestamp,
};

use crate::{Store, StoreError, item::decode, key::Key};

impl Store {
    /// The player who acts through a session, if the session still lets anyone act: one round trip, as things are now.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn acting(
        &self,
        player: PlayerId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<Result<Player, Barred>, StoreError> {
        let [player, session] = self.get_each([Key::player(player), Key::session(player, session)]).await?;
        let (Some(player), Some(session)) = (player, session) else { return Ok(Err(Barred::Revoked)) };
        let (player, session): (Player, Session) = (decode(player)?, decode(session)?);
        Ok(session.admits(&player, now).map(|()| player))
    }
}
