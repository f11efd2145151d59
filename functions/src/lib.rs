//! Every function of Croupier: one file each, and one line each in [`FUNCTIONS`].

pub mod account;
pub mod admin;
pub mod play;
pub mod progress;
pub mod realtime;
pub mod service;
pub mod shop;

use croupier_web::function::Function;

/// The whole map. Lambda, the local stack, the OpenAPI document, the template's check and the tests read this table.
pub const FUNCTIONS: &[Function] = &[
    Function::endpoint::<service::Health>(),
    Function::endpoint::<service::OpenApi>(),
    Function::any_other::<service::NotFound>(),
    Function::endpoint::<account::InviteValidate>(),
    Function::endpoint::<account::Signup>(),
    Function::endpoint::<account::Login>(),
    Function::endpoint::<account::AdminLogin>(),
    Function::endpoint::<account::Refresh>(),
    Function::endpoint::<account::Logout>(),
    Function::endpoint::<account::LogoutAll>(),
    Function::endpoint::<account::Sessions>(),
    Function::endpoint::<account::SessionEndOne>(),
    Function::endpoint::<account::Me>(),
    Function::endpoint::<account::ProfileUpdate>(),
    Function::endpoint::<account::Balance>(),
    Function::endpoint::<account::Stats>(),
    Function::endpoint::<account::PublicProfile>(),
    Function::endpoint::<account::RbacPremium>(),
    Function::endpoint::<account::RbacVip>(),
    Function::endpoint::<play::Spin>(),
    Function::endpoint::<play::SlotConfig>(),
    Function::endpoint::<play::GachaPull>(),
    Function::endpoint::<play::GachaConfig>(),
    Function::endpoint::<play::GachaStats>(),
    Function::endpoint::<play::Inventory>(),
    Function::endpoint::<play::SessionStart>(),
    Function::endpoint::<play::SessionEnd>(),
    Function::endpoint::<play::SessionActive>(),
    Function::endpoint::<play::GameSessions>(),
    Function::endpoint::<play::StatsBasic>(),
    Function::endpoint::<play::History>(),
    Function::endpoint::<play::Fairness>(),
    Function::endpoint::<play::FairnessRotate>(),
    Function::endpoint::<play::FairnessRound>(),
    Function::endpoint::<progress::Leaderboard>(),
    Function::endpoint::<progress::Missions>(),
    Function::endpoint::<progress::MissionClaim>(),
    Function::endpoint::<progress::Streak>(),
    Function::endpoint::<progress::StreakClaim>(),
    Function::endpoint::<shop::Catalog>(),
    Function::endpoint::<shop::Buy>(),
    Function::endpoint::<shop::LimitedPackages>(),
    Function::endpoint::<shop::BuyLimited>(),
    Function::endpoint::<shop::HoldCreate>(),
    Function::endpoint::<shop::HoldFinalize>(),
    Function::endpoint::<shop::HoldRelease>(),
    Function::endpoint::<shop::Transactions>(),
    Function::endpoint::<shop::PaymentWebhook>(),
    Function::endpoint::<realtime::RealtimeTicket>(),
    Function::endpoint::<admin::AdminUsers>(),
    Function::endpoint::<admin::AdminUser>(),
    Function::endpoint::<admin::AdminUserUpdate>(),
    Function::endpoint::<admin::AdminForceLogout>(),
    Function::endpoint::<admin::AdminInvites>(),
    Function::endpoint::<admin::AdminInviteGenerate>(),
    Function::endpoint::<admin::AdminInviteDeactivate>(),
    Function::endpoint::<admin::AdminAudit>(),
    Function::socket::<realtime::SocketConnect>(),
    Function::socket::<realtime::SocketDisconnect>(),
    Function::socket::<realtime::SocketMessage>(),
    Function::stream::<realtime::Push>(),
    Function::stream::<progress::Project>(),
    Function::schedule::<progress::Sweep>(),
];
