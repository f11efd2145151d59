//! What the shop leaves behind: purchases, stock, promo codes, rewards. Ledgers and purchases tell one story, and what is counted
//! follows from it.

use std::collections::{BTreeMap, BTreeSet};

use croupier_rules::{
    campaign::Campaign,
    id::{CampaignId, PlayerId, PurchaseId, RewardId},
    ledger::{Action, Entry},
    money::Postings,
    name::Sku,
    reward::{Reward, RewardType},
    shop::{
        package::Package,
        product::Product,
        promo::Promo,
        purchase::{Purchase, State},
    },
};
use croupier_store::item::{AnswerRecord, Claim, EntryRecord, Item, ItemRecord, NoticeRecord, NumberRecord};

use super::{id, read};

/// What is kept of the shop, by what it is.
#[derive(Debug, Default)]
pub struct Shop {
    /// Purchases, and what was held for one.
    pub purchases: BTreeMap<(PlayerId, PurchaseId), Purchase>,
    /// Whose each purchase is.
    pub sales: BTreeMap<PurchaseId, PlayerId>,
    /// Products.
    pub products: BTreeMap<String, Product>,
    /// Which product has a number.
    pub numbers: BTreeMap<String, Sku>,
    /// Limited packages.
    pub packages: BTreeMap<String, Package>,
    /// How many of them a player has.
    pub bought: BTreeMap<(PlayerId, String), u64>,
    /// Promo codes.
    pub promos: BTreeMap<String, Promo>,
    /// How many purchases of a player have them.
    pub promo_uses: BTreeMap<(PlayerId, String), u64>,
    /// Campaigns.
    pub campaigns: BTreeMap<String, Campaign>,
    /// Who has claimed.
    pub claims: BTreeSet<(PlayerId, String)>,
    /// Rewards.
    pub rewards: BTreeMap<(PlayerId, RewardId), Reward>,
}

impl Shop {
    /// Keeps an item; tells on which shelf of the directory it stands, and under which name.
    pub fn keep(&mut self, kind: &str, name: &str, sk: &str, item: Item) -> Option<(String, String)> {
        let name = name.to_owned();
        match (kind, sk.split('#').next().expect("a kind")) {
            ("PLAYER", "PURCHASE") => {
                let purchase: Purchase = read(item);
                let listed = purchase.due.map(|due| ("OPEN".to_owned(), format!("{due}#{}", purchase.id)));
                self.purchases.insert((id(&name), purchase.id), purchase);
                return listed;
            }
            ("PLAYER", "BOUGHT" | "PROMO") => {
                let ItemRecord { count } = read(item);
                let (kind, what) = sk.split_once('#').expect("a kind");
                let counts = if kind == "PROMO" { &mut self.promo_uses } else { &mut self.bought };
                counts.insert((id(&name), what.to_owned()), count);
            }
            ("PLAYER", "REWARD") => {
                let reward: Reward = read(item);
                self.rewards.insert((id(&name), reward.id), reward);
            }
            ("PLAYER", "CLAIM") => {
                assert_eq!(read::<Claim>(item).player, id(&name));
                self.claims.insert((id(&name), sk["CLAIM#".len()..].to_owned()));
            }
            ("PLAYER", "KEY") => drop(read::<AnswerRecord>(item)),
            ("PRODUCT", "TERMS") => {
                self.products.insert(name.clone(), read(item));
                return Some(("PRODUCTS".to_owned(), name));
            }
            ("LIMITED", "TERMS") => {
                self.packages.insert(name.clone(), read(item));
                return Some(("PACKAGES".to_owned(), name));
            }
            ("PROMO", "TERMS") => {
                self.promos.insert(name.clone(), read(item));
                return Some(("PROMOS".to_owned(), name));
            }
            ("CAMPAIGN", "TERMS") => {
                self.campaigns.insert(name.clone(), read(item));
                return Some(("CAMPAIGNS".to_owned(), name));
            }
            ("NUMBER", "CLAIM") => {
                self.numbers.insert(name, read::<NumberRecord>(item).sku);
            }
            ("SALES", _) => {
                let purchase: PurchaseId = sk.parse().expect("a purchase");
                assert_eq!(purchase.at().year().to_string(), name, "{purchase} is in another year's partition");
                self.sales.insert(purchase, read::<Claim>(item).player);
            }
            ("NOTICE", "NOTICE") => drop(read::<NoticeRecord>(item)),
            other => panic!("nobody knows what {other:?} is"),
        }
        None
    }

    /// Whether there is something of this name that an operator may have changed.
    pub fn has(&self, name: &str) -> bool {
        self.products.contains_key(name)
            || self.packages.contains_key(name)
            || self.promos.contains_key(name)
            || self.campaigns.contains_key(name)
            || name.parse().is_ok_and(|id| self.sales.contains_key(&id))
    }
}

/// What an action was worth, whether it went to the balance or paid a debt.
pub fn gain(entry: &Entry) -> Postings {
    Postings { coins: entry.moved.coins - entry.owed.coins, gems: entry.moved.gems - entry.owed.gems }
}

/// What a ledger tells of one purchase.
#[derive(Debug, Default, PartialEq, Eq)]
struct Story {
    held: u32,
    released: u32,
    started: u32,
    granted: u32,
    failed: u32,
    refunded: u32,
}

/// Audits the shop.
pub fn audit(ledgers: &BTreeMap<PlayerId, Vec<EntryRecord>>, shop: &Shop) {
    let mut stories = BTreeMap::<(PlayerId, PurchaseId), Story>::new();
    let mut rewards = BTreeMap::new();
    for (player, ledger) in ledgers {
        for EntryRecord { entry, .. } in ledger {
            let mut story = |id: PurchaseId, tell: fn(&mut Story)| tell(stories.entry((*player, id)).or_default());
            match &entry.action {
                Action::HoldCreate { hold_id, .. } => story(*hold_id, |story| story.held += 1),
                Action::HoldRelease { hold_id, .. } => story(*hold_id, |story| story.released += 1),
                Action::PurchaseStart(sale) => story(sale.transaction_id, |story| story.started += 1),
                Action::PurchaseFail { transaction_id, .. } => story(*transaction_id, |story| story.failed += 1),
                Action::Purchase(sale) => {
                    story(sale.transaction_id, |story| story.granted += 1);
                    let (grants, price) = (sale.grants.credit(), sale.total.credit());
                    let paid = Postings { coins: grants.coins - price.coins, gems: grants.gems - price.gems };
                    assert_eq!(gain(entry), paid, "{} of {player}", sale.transaction_id);
                }
                Action::PurchaseRefund { sale, .. } => {
                    story(sale.transaction_id, |story| story.refunded += 1);
                    let (grants, price) = (sale.grants.credit(), sale.total.credit());
                    let back = Postings { coins: price.coins - grants.coins, gems: price.gems - grants.gems };
                    assert_eq!(gain(entry), back, "the refund of {} of {player}", sale.transaction_id);
                }
                Action::RewardGrant(award) | Action::CampaignClaim(award) => {
                    let amount = i64::from(award.prize.amount.get());
                    let worth = match award.prize.reward_type {
                        RewardType::Token | RewardType::Coin => Postings { coins: amount, gems: 0 },
                        RewardType::Gem => Postings { coins: 0, gems: amount },
                        RewardType::Item | RewardType::Xp => Postings::NONE,
                    };
                    assert_eq!(gain(entry), worth, "{} of {player}", award.reward_id);
                    let twice = rewards.insert((*player, award.reward_id), (award.clone(), entry.at));
                    assert!(twice.is_none(), "{} was given twice", award.reward_id);
                }
                _ => {}
            }
        }
    }
    let kept = shop.rewards.iter().map(|(place, reward)| {
        assert_eq!(place, &(reward.player, reward.id));
        (*place, (reward.clone().into(), reward.awarded_at))
    });
    assert_eq!(kept.collect::<BTreeMap<_, _>>(), rewards, "the rewards that are kept, and those that ledgers tell of");
    for (place, purchase) in &shop.purchases {
        assert_eq!(place, &(purchase.player, purchase.id));
        tells(purchase, &stories.remove(place).unwrap_or_default(), shop.sales.get(&purchase.id));
    }
    assert!(stories.is_empty(), "ledgers tell of purchases that are not there: {stories:?}");
    assert!(shop.sales.iter().all(|(id, player)| shop.purchases.contains_key(&(*player, *id))));
    stock(shop);
    promos(shop);
    campaigns(shop);
    let numbers = shop.products.values().map(|product| (product.terms.id.get().to_string(), product.sku.clone()));
    assert_eq!(numbers.collect::<BTreeMap<_, _>>(), shop.numbers, "the numbers of products");
}

/// A purchase is where its player's ledger says that it is.
fn tells(purchase: &Purchase, story: &Story, sale: Option<&PlayerId>) {
    let (state, context) = (purchase.state, format!("{purchase:?}: {story:?}"));
    let once = u32::from;
    let only_held = matches!(state, State::Held | State::Released | State::Expired);
    assert_eq!(story.released, once(matches!(state, State::Released | State::Expired)), "{context}");
    assert!(story.held == 1 || !only_held, "{context}");
    assert_eq!(story.granted, once(purchase.was_granted()), "{context}");
    assert_eq!(story.failed, once(purchase.reason.is_some()), "{context}");
    let back = matches!(state, State::Refunding | State::Refunded) && purchase.reason.is_none();
    assert_eq!(story.refunded, once(back), "{context}");
    // What is paid in play currency begins and ends in one entry.
    let paid = purchase.deal.as_ref().is_some_and(|deal| deal.total.currency() == "USD" && deal.total.amount() > 0);
    assert_eq!(story.started, once(paid), "{context}");
    assert_eq!(purchase.deal.is_some(), !only_held, "{context}");
    assert_eq!(sale, (!only_held).then_some(&purchase.player), "{context}");
    let captured = matches!(state, State::Captured | State::Granted | State::Refunding | State::Refunded);
    assert!(purchase.charge.is_some() || !captured || !paid, "captured without a charge: {context}");
    assert!(purchase.token.is_none() || purchase.charge.is_none(), "a token that is of no use any more: {context}");
    let over = matches!(state, State::Released | State::Expired | State::Granted | State::Voided | State::Refunded);
    assert_eq!(purchase.due.is_none(), over, "{context}");
}

/// Of what is limited, all is free, held or sold, and held and sold is what purchases hold and have.
fn stock(shop: &Shop) {
    let mut taken = BTreeMap::<&str, (u64, u64)>::new();
    let mut bought = BTreeMap::<(PlayerId, String), u64>::new();
    for purchase in shop.purchases.values().filter(|purchase| purchase.limited) {
        let (held, sold) = taken.entry(purchase.sku.as_str()).or_default();
        let quantity = u64::from(purchase.quantity);
        if purchase.holds_stock() {
            *held += quantity;
        } else if purchase.was_granted() {
            *sold += quantity;
        } else {
            continue;
        }
        *bought.entry((purchase.player, purchase.sku.to_string())).or_default() += quantity;
    }
    for (sku, package) in &shop.packages {
        let (held, sold) = taken.remove(sku.as_str()).unwrap_or_default();
        assert_eq!((package.held, package.sold), (held, sold), "{package:?}");
        if let Some(stock) = package.stock {
            assert_eq!(stock.stock, stock.free + held + sold, "{package:?}");
        }
    }
    assert!(taken.is_empty(), "something was sold that does not exist: {taken:?}");
    let kept = shop.bought.iter().filter(|(_, count)| **count > 0).map(|(place, count)| (place.clone(), *count));
    assert_eq!(kept.collect::<BTreeMap<_, _>>(), bought, "what players have of what is limited");
}

/// A promo is used by just those purchases that have it and did not come to nothing.
fn promos(shop: &Shop) {
    let (mut used, mut by_player) = (BTreeMap::<String, u64>::new(), BTreeMap::new());
    for purchase in shop.purchases.values().filter(|purchase| purchase.reason.is_none()) {
        if let Some(code) = purchase.deal.as_ref().and_then(|deal| deal.promo.as_ref()) {
            *used.entry(code.to_string()).or_default() += 1;
            *by_player.entry((purchase.player, code.to_string())).or_default() += 1;
        }
    }
    let kept = shop.promos.iter().filter(|(_, promo)| promo.used > 0);
    assert_eq!(kept.map(|(code, promo)| (code.clone(), promo.used)).collect::<BTreeMap<_, _>>(), used);
    let kept = shop.promo_uses.iter().filter(|(_, count)| **count > 0).map(|(place, count)| (place.clone(), *count));
    assert_eq!(kept.collect::<BTreeMap<_, _>>(), by_player);
}

/// Whoever has claimed has claimed once, and is counted.
fn campaigns(shop: &Shop) {
    let mut claimed = BTreeSet::new();
    let of_campaigns = |reward: &Reward| reward.campaign.map(|id: CampaignId| (reward.player, id.to_string()));
    for claim in shop.rewards.values().filter_map(of_campaigns) {
        // An operator may give a reward in the name of a campaign: that is no claim.
        if shop.claims.contains(&claim) {
            claimed.insert(claim);
        }
    }
    assert_eq!(claimed, shop.claims, "whoever has claimed has a reward");
    for (id, campaign) in &shop.campaigns {
        let count = shop.claims.iter().filter(|(_, claimed)| claimed == id).count();
        assert_eq!(campaign.claimed, count as u64, "{campaign:?}");
    }
}
