//! What the suites share: a world to play in, seats to play from, a wire that loses things, and an audit at the end.

pub mod analytics;
pub mod audit;
pub mod broker;
pub mod clickhouse;
pub mod dead;
pub mod deed;
pub mod fate;
pub mod live;
pub mod load;
pub mod notice;
pub mod reader;
pub mod role;
pub mod seat;
pub mod stripe;
pub mod tape;
pub mod template;
pub mod wire;
pub mod world;
