//! Functions about progress: boards, missions, streaks, and what is counted or ended without being asked.

mod leaderboard;
mod mission_claim;
mod missions;
mod project;
mod streak;
mod streak_claim;
mod sweep;

pub use leaderboard::Leaderboard;
pub use mission_claim::MissionClaim;
pub use missions::Missions;
pub use project::Project;
pub use streak::Streak;
pub use streak_claim::StreakClaim;
pub use sweep::Sweep;
