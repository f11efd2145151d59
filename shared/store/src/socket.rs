//! Tickets and open sockets.

use croupier_rules::{account::Barred, id::PlayerId, time::Timestamp};

use crate::{
    Store, StoreError,
    item::{Connection, Ticket, decode},
    key::Key,
    tx::{Conflict, NotCommitted},
};

impl Store {
    /// Keeps a ticket under the hash of its text.
    ///
    /// # Errors
    /// The table's failure.
    pub async fn issue_ticket(&self, hash: &str, ticket: &Ticket) -> Result<(), NotCommitted> {
        self.tx().create(&Key::ticket(hash), ticket, Conflict::Broken).commit().await
    }

    /// Trades a ticket for an open socket: the ticket is gone as the socket appears.
    ///
    /// # Errors
    /// The ticket is unknown, used or over, as [`Conflict::TicketRefused`]; or whoever asked for it may no longer act.
    pub async fn open_socket(
        &self,
        hash: &str,
        id: &str,
        expires: i64,
        now: Timestamp,
    ) -> Result<Result<(), Barred>, NotCommitted> {
        let refused = NotCommitted::Refused { conflict: Conflict::TicketRefused, found: None };
        let key = Key::ticket(hash);
        let ticket: Ticket = self.get(&key).await?.ok_or(refused)?;
        if let Err(barred) = self.acting(ticket.player, ticket.session, now).await? {
            return Ok(Err(barred));
        }
        let connection = Connection {
            player: ticket.player,
            session: ticket.session,
            connection: id.to_owned(),
            opened_at: now,
            expires,
        };
        let opened = self.persist(|| {
            self.tx()
                .redeem(&key, now, Conflict::TicketRefused)
                .create(&Key::socket(id), &connection, Conflict::Broken)
                .create(&Key::connection(ticket.player, id), &connection, Conflict::Broken)
        });
        opened.await.map(Ok)
    }

    /// Forgets a socket, if it was known.
    ///
    /// # Errors
    /// The table's failure.
    pub async fn close_socket(&self, id: &str) -> Result<(), NotCommitted> {
        let Some(Connection { player, .. }) = self.get(&Key::socket(id)).await? else { return Ok(()) };
        self.persist(|| self.tx().remove(&Key::socket(id)).remove(&Key::connection(player, id))).await
    }

    /// The open sockets of a player, and those whose session has ended.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn listeners(&self, player: PlayerId) -> Result<(Vec<Connection>, Vec<Connection>), StoreError> {
        let sockets = self.sockets(player).await?;
        if sockets.is_empty() {
            return Ok(Default::default());
        }
        let found = self.player_and_profile(player).await?;
        let alive = found.filter(|(player, _)| player.active).map_or_else(Vec::new, |(_, profile)| profile.sessions);
        Ok(sockets.into_iter().partition(|socket| alive.contains(&socket.session)))
    }

    /// The open sockets of a player.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn sockets(&self, player: PlayerId) -> Result<Vec<Connection>, StoreError> {
        self.beginning(Key::connections(player)).await?.into_iter().map(decode).collect()
    }
}
