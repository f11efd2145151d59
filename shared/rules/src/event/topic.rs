//! Which of Kafka's topics tells what.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::News;

macro_rules! topics {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// A topic of Kafka.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum Topic {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Topic {
            /// Every topic.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

topics! {
    /// What players do, and what operators do to them.
    UserActions = "cc_user_actions";
    /// What players are given.
    Rewards = "cc_rewards";
    /// What players hold, buy and give back.
    BuyPackage = "buy_package";
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl News {
    /// The topic that tells it.
    pub const fn topic(&self) -> Topic {
        match self {
            Self::HoldCreated(_)
            | Self::HoldReleased(_)
            | Self::PurchaseStarted(_)
            | Self::PurchaseCompleted(_)
            | Self::PurchaseFailed(_)
            | Self::PurchaseRefunded(_) => Topic::BuyPackage,
            Self::RewardGranted(_) | Self::CampaignClaimed(_) | Self::MissionClaimed(_) | Self::StreakClaimed(_) => {
                Topic::Rewards
            }
            Self::SignedUp(_)
            | Self::LoggedIn(_)
            | Self::RoundPlayed(_)
            | Self::GachaPulled(_)
            | Self::SessionStarted(_)
            | Self::SessionEnded(_)
            | Self::BalanceAdjusted(_)
            | Self::FairnessRotated(_)
            | Self::AdminChanged(_) => Topic::UserActions,
        }
    }
}
