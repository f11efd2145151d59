//! The same of what is sold, bought and given.

use croupier_rules::{
    admin::AdminAction,
    campaign::{Audience, Campaign, CampaignTerms},
    id::{CampaignId, PurchaseId, RewardId},
    ledger::{Action, Hash, Sale},
    money::{Cents, Coins, Gems},
    number::Between,
    player::Rank,
    reward::{Prize, Reward, RewardType},
    shop::{
        Grants, Price,
        package::{Package, PackageTerms},
        price::GrantedItem,
        product::{Discount, Product, ProductTerms},
        promo::{Off, Promo, PromoTerms},
        purchase::{Deal, Purchase, Reason, State, Status},
    },
};
use croupier_store::{
    item::{AnswerRecord, NoticeRecord, NumberRecord},
    key::Key,
};

use serde_json::{Value, json};

use crate::{
    alone,
    golden::{PLAYER, at, attempt, check},
};

const PURCHASE: PurchaseId = PurchaseId::new(1_800_000_000_000, 47);
const REWARD: RewardId = RewardId::new(1_800_000_000_000, 48);
const CAMPAIGN: CampaignId = CampaignId::new(1_800_000_000_000, 49);

fn grants() -> Grants {
    let charm = GrantedItem { item_id: "lucky_charm".parse().unwrap(), count: 2 };
    Grants { coins: Coins::new(1200).unwrap(), gems: Gems::new(10).unwrap(), items: vec![charm] }
}

fn sale() -> Sale {
    Sale {
        transaction_id: PURCHASE,
        sku: "WEEKEND_STARTER".parse().unwrap(),
        quantity: 2,
        total: Price::Cents(Cents::new(898).unwrap()),
        promo: Some("TENOFF".parse().unwrap()),
        grants: grants(),
        charge_id: Some("pi_3MtwBw".parse().unwrap()),
    }
}

fn prize() -> Prize {
    Prize {
        reward_type: RewardType::Item,
        amount: Between::new(3).unwrap(),
        item_id: Some("lucky_charm".parse().unwrap()),
    }
}

fn reward() -> Reward {
    let source = "Winner of the spring race".parse().unwrap();
    Reward { id: REWARD, player: PLAYER, prize: prize(), source, campaign: Some(CAMPAIGN), awarded_at: at() }
}

/// What the shop writes into ledgers.
pub fn actions() -> Vec<Action> {
    let sku = || "WEEKEND_STARTER".parse().unwrap();
    let (status, reason) = (Status::Failed, Reason::Declined);
    vec![
        Action::HoldCreate { hold_id: PURCHASE, code: sku(), quantity: 2, expires_at: at() },
        Action::HoldRelease { hold_id: PURCHASE, code: sku(), quantity: 2, expired: true },
        Action::PurchaseStart(sale()),
        Action::Purchase(sale()),
        Action::PurchaseFail { transaction_id: PURCHASE, sku: sku(), status, reason },
        Action::PurchaseRefund { sale: sale(), reason: "Bought by a child".parse().unwrap() },
        Action::RewardGrant(reward().into()),
        Action::CampaignClaim(reward().into()),
        Action::BalanceAdjust { by: PLAYER, reason: "A round was lost on the way".parse().unwrap() },
    ]
}

/// What operators do to the shop, and to what players own.
pub fn operated() -> Vec<(AdminAction, Value, Value)> {
    let owned = |coins: u64| json!({ "coins": coins, "gems": 5 });
    let (active, off) = (json!({ "is_active": true }), json!({ "is_active": false }));
    let status = |status: &str| json!({ "status": status });
    vec![
        (AdminAction::UserAdjust, owned(1000), owned(900)),
        (AdminAction::RewardGrant, Value::Null, json!(reward())),
        (AdminAction::ProductUpsert, active.clone(), off.clone()),
        (AdminAction::LimitedUpsert, active.clone(), off.clone()),
        (AdminAction::PromoUpsert, active.clone(), off.clone()),
        (AdminAction::CampaignCreate, Value::Null, active.clone()),
        (AdminAction::CampaignUpdate, active, off),
        (AdminAction::TransactionSettle, status("pending"), status("pending")),
        (AdminAction::TransactionVoid, status("pending"), status("voided")),
        (AdminAction::TransactionRefund, status("success"), status("refunded")),
        (AdminAction::KafkaProduce, Value::Null, json!({ "type": "admin.probe" })),
    ]
}

#[tokio::test]
async fn what_is_bought_and_given_is_kept_as_before() {
    alone(async |world| {
        let deal = Deal {
            total: Price::Cents(Cents::new(898).unwrap()),
            discount_percent: 10,
            promo: Some("TENOFF".parse().unwrap()),
        };
        let purchase = Purchase {
            id: PURCHASE,
            player: PLAYER,
            revision: 3,
            state: State::Authorized,
            sku: "WEEKEND_STARTER".parse().unwrap(),
            title: "Weekend Starter".parse().unwrap(),
            limited: true,
            quantity: 2,
            unit: Price::Cents(Cents::new(499).unwrap()),
            grants: grants(),
            deal: Some(deal),
            created_at: at(),
            updated_at: at(),
            deadline: at(),
            due: Some(at()),
            token: Some("pm_1MqLiJ".parse().unwrap()),
            charge: Some("pi_3MtwBw".parse().unwrap()),
            reason: Some(Reason::HoldExpired),
        };
        check(world, "purchase", Key::purchase(PLAYER, PURCHASE), purchase).await;
        check(world, "reward", Key::reward(PLAYER, REWARD), reward()).await;
        let answer = AnswerRecord { fingerprint: Some(attempt().fingerprint), reply: r#"{"sequence":19}"#.to_owned() };
        check(world, "operated", Key::operated(PLAYER, &attempt().key), answer).await;
        check(world, "notice", Key::notice(Hash::over(&[b"event"])), NoticeRecord { expires: 1_800_000_600 }).await;
    })
    .await;
}

#[tokio::test]
async fn what_operators_made_is_kept_as_before() {
    alone(async |world| {
        let terms = ProductTerms {
            id: Between::new(1004).unwrap(),
            name: "Vault of Coins".parse().unwrap(),
            price: Price::Gems(Gems::new(40).unwrap()),
            grants: grants(),
            discount: Some(Discount { percent: Between::new(15).unwrap(), ends_at: Some(at()) }),
            min_rank: Rank::Vip,
            is_active: true,
        };
        let product = Product { sku: "VAULT".parse().unwrap(), terms, revision: 2 };
        let number = NumberRecord { sku: product.sku.clone() };
        check(world, "product_number", Key::product_number(Between::new(999).unwrap()), number).await;
        check(world, "product", Key::product(&product.sku), product).await;
        let terms = PackageTerms {
            name: "Weekend".parse().unwrap(),
            price_cents: Cents::new(499).unwrap(),
            grants: grants(),
            starts_at: Some(at()),
            ends_at: Some(at()),
            per_user_limit: Some(1),
            min_rank: Rank::Premium,
            is_active: true,
        };
        let package =
            Package { held: 0, sold: 0, ..Package::new("WEEKEND".parse().unwrap(), terms.clone(), Some(1000)) };
        check(world, "package", Key::package(&package.sku), package).await;
        let endless = Package::new("ENDLESS".parse().unwrap(), terms, None);
        check(world, "package_endless", Key::package(&endless.sku), endless).await;
        let terms = PromoTerms {
            off: Off::Percent(Between::new(10).unwrap()),
            sku: Some("WEEKEND".parse().unwrap()),
            starts_at: Some(at()),
            ends_at: Some(at()),
            max_uses: Some(50),
            per_user_limit: Some(1),
            is_active: true,
        };
        let promo = Promo { code: "TENOFF".parse().unwrap(), terms, revision: 2, used: 7 };
        check(world, "promo", Key::promo(&promo.code), promo).await;
        let terms = CampaignTerms {
            name: "Spring race".parse().unwrap(),
            audience: Audience::UserIds(vec![PLAYER]),
            reward: prize(),
            starts_at: at(),
            ends_at: at(),
            budget: 100,
            is_active: true,
        };
        let campaign = Campaign { id: CAMPAIGN, terms, revision: 1, claimed: 9 };
        check(world, "campaign", Key::campaign(CAMPAIGN), campaign).await;
    })
    .await;
}
