//! Functions about open sockets: a ticket lets in, the stream of the table is pushed out.

mod message;
mod push;
mod socket_connect;
mod socket_disconnect;
mod socket_message;
mod ticket;

pub use push::Push;
pub use socket_connect::SocketConnect;
pub use socket_disconnect::SocketDisconnect;
pub use socket_message::SocketMessage;
pub use ticket::RealtimeTicket;
