//! The shop: what is known about what somebody wants, and what a decision writes besides the player and the entry.

mod made;

use aws_sdk_dynamodb::types::AttributeValue;
use croupier_rules::{
    Refusal,
    admin::AuditEntry,
    campaign::CampaignSeen,
    id::{CampaignId, PlayerId, PurchaseId, RewardId},
    ledger::Hash,
    name::{PromoCode, Sku},
    reward::Reward,
    shop::{
        offer::{Effect, PackageSeen, ProductSeen, PurchaseSeen},
        product::ProductNumber,
        promo::GivenPromo,
        purchase::{Purchase, Status},
    },
    time::Timestamp,
};
use serde::de::DeserializeOwned;

use crate::{
    Store, StoreError,
    act::{Deed, NotDone, TRIES, pause},
    directory::FIRST_YEAR,
    item::{AnswerRecord, Claim, Item, ItemRecord, NoticeRecord, NumberRecord, decode},
    key::{Key, SK},
    tx::{Conflict, NotCommitted, Tx},
};

pub use self::made::Made;

/// Purchases read at once.
const PAGE: usize = 100;
/// Pages read for one request: a filter that almost nothing passes costs no more than this.
const PAGES: usize = 10;

/// What a decision writes, and relies on, besides the player and the entry.
pub(crate) fn carry_out<'a>(tx: Tx<'a>, player: PlayerId, effects: &[Effect]) -> Tx<'a> {
    effects.iter().fold(tx, |tx, effect| match effect {
        Effect::ProductIs(sku, revision) => tx.check(&Key::product(sku), *revision),
        Effect::Stock(package, shift, quantity) => tx.shift(&Key::package(&package.sku), package, *shift, *quantity),
        Effect::Bought(sku, more) => tx.change_count(&Key::bought(player, sku), "count", *more),
        Effect::PromoTaken(promo) => tx
            .count_use(&Key::promo(&promo.code), "used", promo.revision, promo.terms.max_uses)
            .change_count(&Key::promo_used(player, &promo.code), "count", 1),
        Effect::PromoGivenBack(code) => {
            tx.change_count(&Key::promo(code), "used", -1).change_count(&Key::promo_used(player, code), "count", -1)
        }
        Effect::Item(item, more) => tx.change_count(&Key::possession(player, item), "count", *more),
        Effect::Sale(id) => tx.create(&Key::sale(*id), &Claim { player }, Conflict::Broken),
        Effect::Purchase(purchase) => {
            tx.replace(&Key::purchase_to_write(purchase), purchase.as_ref(), purchase.revision - 1)
        }
        Effect::Reward(reward) => tx.create(&Key::reward(player, reward.id), reward.as_ref(), Conflict::Broken),
        Effect::Claim(campaign) => tx
            .count_use(&Key::campaign(campaign.id), "claimed", campaign.revision, Some(campaign.terms.budget))
            .create(&Key::claim(player, campaign.id), &Claim { player }, Conflict::Stale),
        Effect::Audit(entry) => tx.create(&Key::audit(entry.id), entry.as_ref(), Conflict::Broken),
    })
}

impl Store {
    /// Which product has a number.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn numbered(&self, number: ProductNumber) -> Result<Option<Sku>, StoreError> {
        let found: Option<NumberRecord> = self.get(&Key::product_number(number)).await?;
        Ok(found.map(|record| record.sku))
    }

    /// What is known about a product that a player wants.
    ///
    /// # Errors
    /// As [`Store::numbered`].
    pub async fn product_seen(
        &self,
        player: PlayerId,
        sku: &Sku,
        code: Option<&PromoCode>,
    ) -> Result<ProductSeen, StoreError> {
        let keys = std::iter::once(Key::product(sku)).chain(promo_keys(player, code)).collect::<Vec<_>>();
        let mut found = self.get_all(&keys).await?.into_iter();
        Ok(ProductSeen { product: next(&mut found)?, promo: given(code, &mut found)? })
    }

    /// What is known about a limited package that a player wants.
    ///
    /// # Errors
    /// As [`Store::numbered`].
    pub async fn package_seen(
        &self,
        player: PlayerId,
        sku: &Sku,
        code: Option<&PromoCode>,
    ) -> Result<PackageSeen, StoreError> {
        let keys = [Key::package(sku), Key::bought(player, sku)].into_iter().chain(promo_keys(player, code));
        let mut found = self.get_all(&keys.collect::<Vec<_>>()).await?.into_iter();
        let (package, bought) = (next(&mut found)?, next::<ItemRecord>(&mut found)?);
        Ok(PackageSeen { package, bought: bought.map_or(0, |record| record.count), promo: given(code, &mut found)? })
    }

    /// What is known about a purchase that goes on.
    ///
    /// # Errors
    /// As [`Store::numbered`].
    pub async fn purchase_seen(
        &self,
        player: PlayerId,
        id: PurchaseId,
        code: Option<&PromoCode>,
    ) -> Result<Option<PurchaseSeen>, StoreError> {
        let Some(purchase): Option<Purchase> = self.get(&Key::purchase(player, id)).await? else { return Ok(None) };
        let keys = purchase.limited.then(|| Key::package(&purchase.sku)).into_iter().chain(promo_keys(player, code));
        let keys: Vec<_> = keys.collect();
        let mut found = if keys.is_empty() { Vec::new() } else { self.get_all(&keys).await? }.into_iter();
        let package = if purchase.limited { next(&mut found)? } else { None };
        Ok(Some(PurchaseSeen { purchase, package, promo: given(code, &mut found)? }))
    }

    /// How many of each of these limited packages a player has, each where its package stood.
    ///
    /// # Errors
    /// As [`Store::numbered`].
    pub async fn bought(&self, player: PlayerId, skus: &[Sku]) -> Result<Vec<u64>, StoreError> {
        let keys: Vec<_> = skus.iter().map(|sku| Key::bought(player, sku)).collect();
        let mut found = self.get_all(&keys).await?.into_iter();
        skus.iter().map(|_| Ok(next::<ItemRecord>(&mut found)?.map_or(0, |record| record.count))).collect()
    }

    /// What is known about a campaign of which a player claims.
    ///
    /// # Errors
    /// As [`Store::numbered`].
    pub async fn campaign_seen(&self, player: PlayerId, id: CampaignId) -> Result<CampaignSeen, StoreError> {
        let [campaign, claim] = self.get_each([Key::campaign(id), Key::claim(player, id)]).await?;
        Ok(CampaignSeen { campaign: campaign.map(decode).transpose()?, claimed: claim.is_some() })
    }

    /// Which of these campaigns a player has claimed of, each where its campaign stood.
    ///
    /// # Errors
    /// As [`Store::numbered`].
    pub async fn claimed(&self, player: PlayerId, campaigns: &[CampaignId]) -> Result<Vec<bool>, StoreError> {
        let keys: Vec<_> = campaigns.iter().map(|id| Key::claim(player, *id)).collect();
        Ok(self.get_all(&keys).await?.into_iter().map(|claim| claim.is_some()).collect())
    }

    /// Whose purchase it is.
    ///
    /// # Errors
    /// As [`Store::numbered`].
    pub async fn buyer(&self, id: PurchaseId) -> Result<Option<PlayerId>, StoreError> {
        Ok(self.get::<Claim>(&Key::sale(id)).await?.map(|claim| claim.player))
    }

    /// Writes a purchase that has gone a step further, which its player's ledger does not tell.
    ///
    /// # Errors
    /// [`NotCommitted::Contended`] when somebody else was faster, or the table's failure.
    pub async fn step(&self, purchase: &Purchase) -> Result<(), NotCommitted> {
        self.tx().replace(&Key::purchase_to_write(purchase), purchase, purchase.revision - 1).commit().await
    }

    /// Has a purchase looked at at once, as an operator decides, once under the operator's key. `entry` tells of the purchase as
    /// it was and as it is then.
    ///
    /// # Errors
    /// [`Refusal::NoPurchase`] for one that is over, a key used for something else, or the table's failure.
    pub async fn hurry(
        &self,
        deed: &Deed,
        (player, id): (PlayerId, PurchaseId),
        entry: impl Fn(&Purchase, &Purchase) -> Result<AuditEntry, Refusal> + Send + Sync,
    ) -> Result<(), NotDone> {
        let (key, answer) =
            (deed.operated(), AnswerRecord { fingerprint: deed.fingerprint(), reply: "null".to_owned() });
        for tried in 1..=TRIES {
            let found: Option<Purchase> = self.get(&Key::purchase(player, id)).await?;
            // Asked for after the purchase: whatever has ended it by then has left its answer.
            if let Some(key) = &key
                && let Some(done) = self.get(key).await?
            {
                return deed.repeated(done).map(|_| ());
            }
            let purchase = found.filter(|purchase| !purchase.is_over()).ok_or(Refusal::NoPurchase)?;
            let next = purchase.hurried(deed.now);
            let entry = entry(&purchase, &next)?;
            let tx = key.iter().fold(self.tx(), |tx, key| tx.create(key, &answer, Conflict::AlreadyDone));
            let tx = tx.create(&Key::audit(entry.id), &entry, Conflict::AlreadyDone);
            match tx.replace(&Key::purchase_to_write(&next), &next, purchase.revision).commit().await {
                Ok(()) => return Ok(()),
                // An earlier try went through unheard.
                Err(NotCommitted::Refused { .. }) if key.is_none() => return Ok(()),
                Err(NotCommitted::Refused { .. } | NotCommitted::Contended) => tokio::time::sleep(pause(tried)).await,
                Err(NotCommitted::Store(error)) => return Err(error.into()),
            }
        }
        Err(StoreError::Throttled.into())
    }

    /// Transactions of a player or of everyone, the newest first, that began before one of them. What is no more than held is
    /// none.
    ///
    /// # Errors
    /// As [`Store::numbered`].
    pub async fn transactions(
        &self,
        player: Option<PlayerId>,
        status: Option<Status>,
        mut before: PurchaseId,
        limit: usize,
    ) -> Result<(Vec<Purchase>, Option<PurchaseId>), StoreError> {
        let wanted = |found: Option<Status>| found.is_some() && (status.is_none() || status == found);
        let mut transactions = Vec::new();
        for _ in 0..PAGES {
            let page = match player {
                Some(player) => {
                    self.newest_of::<Purchase>(Key::purchases(player), Some(before.to_string()), PAGE).await?
                }
                None => self.sales(before, PAGE).await?,
            };
            let ended = page.len() < PAGE;
            for purchase in page {
                if transactions.len() == limit {
                    return Ok((transactions, Some(before)));
                }
                before = purchase.id;
                if wanted(purchase.status()) {
                    transactions.push(purchase);
                }
            }
            if ended {
                return Ok((transactions, None));
            }
        }
        Ok((transactions, Some(before)))
    }

    /// A player's rewards, the newest first, before one of them.
    ///
    /// # Errors
    /// As [`Store::numbered`].
    pub async fn rewards(
        &self,
        player: PlayerId,
        before: Option<RewardId>,
        limit: usize,
    ) -> Result<Vec<Reward>, StoreError> {
        self.newest_of(Key::rewards(player), before.map(|id| id.to_string()), limit).await
    }

    /// Everyone's purchases, the newest first, that began before one of them.
    async fn sales(&self, before: PurchaseId, limit: usize) -> Result<Vec<Purchase>, StoreError> {
        let mut keys = Vec::new();
        for year in (FIRST_YEAR..=before.at().year()).rev() {
            let found = self
                .query(Key::sales_of(year))
                .consistent_read(true)
                .key_condition_expression("#pk = :pk AND #sk < :before")
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":before", AttributeValue::S(before.to_string()))
                .scan_index_forward(false)
                .limit(i32::try_from(limit - keys.len()).unwrap_or(i32::MAX))
                .send()
                .await?;
            for item in found.items.unwrap_or_default() {
                let id = item.get(SK).and_then(|sk| sk.as_s().ok()?.parse().ok());
                let id = id.ok_or_else(|| StoreError::Corrupt("a sale without an id".to_owned()))?;
                keys.push(Key::purchase(decode::<Claim>(item)?.player, id));
            }
            if keys.len() >= limit {
                break;
            }
        }
        self.get_all(&keys).await?.into_iter().flatten().map(decode).collect()
    }

    /// Notes a delivery of a payment gateway, or an event that was dealt with; tells whether it is new.
    ///
    /// # Errors
    /// The table's failure.
    pub async fn note_notice(&self, what: &[&str], until: Timestamp) -> Result<bool, NotCommitted> {
        let key = notice(what);
        match self.tx().create(&key, &NoticeRecord { expires: until.seconds() }, Conflict::AlreadyDone).commit().await {
            Ok(()) => Ok(true),
            Err(NotCommitted::Refused { conflict: Conflict::AlreadyDone, .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }

    /// Whether an event of a payment gateway was dealt with.
    ///
    /// # Errors
    /// As [`Store::numbered`].
    pub async fn was_noted(&self, what: &[&str]) -> Result<bool, StoreError> {
        Ok(self.get::<NoticeRecord>(&notice(what)).await?.is_some())
    }

    /// What a player has of a kind, the newest first, before one of them.
    pub(crate) async fn newest_of<T: DeserializeOwned>(
        &self,
        (partition, prefix): (String, &str),
        before: Option<String>,
        limit: usize,
    ) -> Result<Vec<T>, StoreError> {
        let bound = before.as_ref().map_or_else(|| format!("{prefix}~"), |id| format!("{prefix}{id}"));
        let found = self
            .query(partition)
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :bound")
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":first", AttributeValue::S(prefix.to_owned()))
            .expression_attribute_values(":bound", AttributeValue::S(bound.clone()))
            .scan_index_forward(false)
            // The one before which to go on may be among them.
            .limit(i32::try_from(limit + 1).unwrap_or(i32::MAX))
            .send()
            .await?;
        let others = |item: &Item| item.get(SK).and_then(|sk| sk.as_s().ok()) != Some(&bound);
        found.items.unwrap_or_default().into_iter().filter(others).take(limit).map(decode).collect()
    }
}

fn notice(what: &[&str]) -> Key {
    let parts: Vec<_> = what.iter().map(|part| part.as_bytes()).collect();
    Key::notice(Hash::over(&parts))
}

fn promo_keys(player: PlayerId, code: Option<&PromoCode>) -> impl Iterator<Item = Key> {
    code.into_iter().flat_map(move |code| [Key::promo(code), Key::promo_used(player, code)])
}

fn given(
    code: Option<&PromoCode>,
    found: &mut impl Iterator<Item = Option<Item>>,
) -> Result<Option<GivenPromo>, StoreError> {
    if code.is_none() {
        return Ok(None);
    }
    let (promo, used) = (next(found)?, next::<ItemRecord>(found)?);
    Ok(Some(GivenPromo { promo, used_by_buyer: used.map_or(0, |record| record.count) }))
}

fn next<T: DeserializeOwned>(found: &mut impl Iterator<Item = Option<Item>>) -> Result<Option<T>, StoreError> {
    found.next().flatten().map(decode).transpose()
}
