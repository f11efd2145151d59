//! Functions about playing, and about checking what was played.

mod fairness;
mod fairness_rotate;
mod fairness_round;
mod gacha_config;
mod gacha_pull;
mod gacha_stats;
mod game_sessions;
mod history;
mod inventory;
mod session_active;
mod session_end;
mod session_start;
mod slot_config;
mod spin;
mod stats_basic;

pub use fairness::Fairness;
pub use fairness_rotate::FairnessRotate;
pub use fairness_round::FairnessRound;
pub use gacha_config::GachaConfig;
pub use gacha_pull::GachaPull;
pub use gacha_stats::GachaStats;
pub use game_sessions::GameSessions;
pub use history::{History, HistoryItem};
pub use inventory::Inventory;
pub use session_active::SessionActive;
pub use session_end::SessionEnd;
pub use session_start::SessionStart;
pub use slot_config::SlotConfig;
pub use spin::Spin;
pub use stats_basic::StatsBasic;
