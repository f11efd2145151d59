use std::time::Duration;

use croupier_web::{
    app::App,
    config::Need,
    consumer::SocketRoute,
    error::{Code, Failure},
    event::{SocketEvent, SocketHappening},
    token::hash_of,
};

/// A client opens a socket with a ticket.
pub struct SocketConnect;

/// A gateway ends every socket after two hours; what it fails to tell us is swept away after three.
const LONGEST: Duration = Duration::from_secs(3 * 3600);

impl SocketRoute for SocketConnect {
    const NAME: &'static str = "socket-connect";
    const HAPPENING: SocketHappening = SocketHappening::Connect;
    const NEEDS: &'static [Need] = &[Need::Table];
    const CODES: &'static [Code] = &[Code::TicketInvalid, Code::TokenRevoked, Code::AccountLocked];

    async fn handle(app: &App, event: SocketEvent) -> Result<Option<String>, Failure> {
        let mut query = event.query_string_parameters.unwrap_or_default();
        let ticket = query.remove("ticket").ok_or_else(|| Failure::of(Code::TicketInvalid))?;
        let now = app.clock.now();
        let expires = now.after(LONGEST).seconds();
        app.store()?.open_socket(&hash_of(&ticket), &event.request_context.connection_id, expires, now).await??;
        Ok(None)
    }
}
