//! What real money is paid for: whatever fails in between, nobody pays for nothing, nobody gets anything for nothing, and nobody
//! pays twice.

mod crowd;
mod customer;
mod death;
mod pending;
mod room;
mod street;
pub mod worlds;
