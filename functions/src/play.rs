//! Functions about playing, and about checking what was played.

mod fairness;
mod fairness_rotate;
mod fairness_round;
mod history;
mod slot_config;
mod spin;

pub use fairness::Fairness;
pub use fairness_rotate::FairnessRotate;
pub use fairness_round::FairnessRound;
pub use history::History;
pub use slot_config::SlotConfig;
pub use spin::Spin;
