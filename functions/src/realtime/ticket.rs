use std::time::Duration;

use croupier_rules::time::Timestamp;
use croupier_store::item::Ticket;
use croupier_web::{
    call::Call,
    caller::SignedIn,
    endpoint::{Endpoint, Nothing, Route},
    error::Failure,
    token::{OPAQUE_BYTES, Opaque},
};
use schemars::JsonSchema;
use serde::Serialize;

/// A one-time way to open a socket: the access token never stands in a URL.
pub struct RealtimeTicket;

const LIFETIME: Duration = Duration::from_secs(30);

/// A ticket.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TicketReply {
    /// Goes into the socket's URL as `?ticket=…`.
    ticket: String,
    /// Until when it works.
    expires_at: Timestamp,
}

impl Endpoint for RealtimeTicket {
    const ROUTE: Route =
        Route::post("realtime-ticket", "/api/realtime/ticket", "Get a one-time ticket for opening a socket.");
    type Caller = SignedIn;
    type Request = Nothing;
    type Reply = TicketReply;

    async fn handle(call: Call<'_, SignedIn>, _: Nothing) -> Result<TicketReply, Failure> {
        let opaque = Opaque::of(call.app.entropy.bytes::<OPAQUE_BYTES>());
        let valid_until = call.now.after(LIFETIME);
        let (player, session) = (call.caller.player.id, call.caller.session.id);
        let ticket = Ticket { player, session, valid_until, expires: valid_until.seconds() };
        call.store()?.issue_ticket(&opaque.hash(), &ticket).await?;
        Ok(TicketReply { ticket: opaque.into_text(), expires_at: valid_until })
    }
}
