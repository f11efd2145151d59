//! What the suites share: a world to play in, seats to play from, a wire that loses things, and an audit at the end.

pub mod audit;
pub mod fate;
pub mod live;
pub mod notice;
pub mod reader;
pub mod seat;
pub mod stripe;
pub mod wire;
pub mod world;
