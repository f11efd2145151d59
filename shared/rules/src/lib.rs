//! The rules of the game.
//!
//! Pure functions: a player, a command, an economy, a time and a random stream go in, a decision or a refusal comes
//! out. Nothing here reads a clock, an environment or a socket, and nothing here is random.

pub mod account;
pub mod adjust;
pub mod admin;
pub mod board;
pub mod calendar;
pub mod campaign;
pub mod economy;
pub mod event;
pub mod fairness;
pub mod gacha;
pub mod id;
pub mod ledger;
pub mod level;
pub mod mission;
pub mod money;
pub mod name;
pub mod number;
pub mod player;
mod refusal;
pub mod reward;
pub mod round;
pub mod session;
pub mod shop;
pub mod slot;
pub mod streak;
pub mod time;
pub mod totals;
pub mod transcript;

pub use refusal::Refusal;
