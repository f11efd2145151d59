//! What operators made: products, limited packages, promo codes, campaigns. Each change and the entry that tells of it are one
//! transaction.

use croupier_rules::{
    admin::AuditEntry,
    campaign::Campaign,
    economy::Economy,
    id::CampaignId,
    name::{PromoCode, Sku},
    shop::{package::Package, product::Product, promo::Promo},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Store, StoreError,
    act::{Deed, Done, NotDone, TRIES, pause},
    directory::Shelf,
    item::{AnswerRecord, NumberRecord, decode},
    key::Key,
    tx::{Conflict, NotCommitted, Tx},
};

/// Something that operators make, and edit.
pub trait Made: Serialize + DeserializeOwned + Send + Sync {
    /// Where all of its kind are listed.
    const SHELF: &'static str;

    /// Its key.
    fn key(&self) -> Key;

    /// Writes this instead of that; what is counted beside the terms stays as the table has it.
    fn redefine<'a>(&self, tx: Tx<'a>, seen: &Self) -> Tx<'a>;

    /// Writes this for the first time.
    fn make<'a>(&self, tx: Tx<'a>) -> Tx<'a> {
        tx.create(&self.key(), self, Conflict::Stale)
    }
}

impl Made for Product {
    const SHELF: &'static str = "PRODUCTS";

    fn key(&self) -> Key {
        Key::product(&self.sku)
    }

    fn redefine<'a>(&self, tx: Tx<'a>, seen: &Self) -> Tx<'a> {
        tx.redefine(&self.key(), &self.terms, seen.revision, None)
    }

    fn make<'a>(&self, tx: Tx<'a>) -> Tx<'a> {
        let number = NumberRecord { sku: self.sku.clone() };
        let tx = tx.create(&Key::product_number(self.terms.id), &number, Conflict::NumberTaken);
        tx.create(&self.key(), self, Conflict::Stale)
    }
}

impl Made for Package {
    const SHELF: &'static str = "PACKAGES";

    fn key(&self) -> Key {
        Key::package(&self.sku)
    }

    fn redefine<'a>(&self, tx: Tx<'a>, seen: &Self) -> Tx<'a> {
        tx.restock(&self.key(), seen, self)
    }
}

impl Made for Promo {
    const SHELF: &'static str = "PROMOS";

    fn key(&self) -> Key {
        Key::promo(&self.code)
    }

    fn redefine<'a>(&self, tx: Tx<'a>, seen: &Self) -> Tx<'a> {
        tx.redefine(&self.key(), &self.terms, seen.revision, None)
    }
}

impl Made for Campaign {
    const SHELF: &'static str = "CAMPAIGNS";

    fn key(&self) -> Key {
        Key::campaign(self.id)
    }

    fn redefine<'a>(&self, tx: Tx<'a>, seen: &Self) -> Tx<'a> {
        tx.redefine(&self.key(), &self.terms, seen.revision, Some(("claimed", self.terms.budget)))
    }
}

impl Store {
    /// A promo code.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn promo(&self, code: &PromoCode) -> Result<Option<Promo>, StoreError> {
        self.get(&Key::promo(code)).await
    }

    /// A campaign.
    ///
    /// # Errors
    /// As [`Store::promo`].
    pub async fn campaign(&self, id: CampaignId) -> Result<Option<Campaign>, StoreError> {
        self.get(&Key::campaign(id)).await
    }

    /// What operators made of a kind, in the order of their names, after the one that is named.
    ///
    /// # Errors
    /// As [`Store::promo`].
    pub async fn made<T: Made>(&self, after: Option<&str>, limit: usize) -> Result<Shelf<T>, StoreError> {
        self.listed(T::SHELF, after, limit).await
    }

    /// Makes or edits something, as an operator decides, if that changes anything. Tells it as it is then.
    ///
    /// # Errors
    /// What `edit` says, or the table's failure.
    pub async fn edit<T: Made + Clone, E: From<NotCommitted>>(
        &self,
        key: &Key,
        edit: impl Fn(Option<&T>) -> Result<Option<(T, AuditEntry)>, E> + Send + Sync,
    ) -> Result<Option<T>, E> {
        for tried in 1..=TRIES {
            let seen: Option<T> = self.get(key).await.map_err(NotCommitted::from)?;
            let Some((next, entry)) = edit(seen.as_ref())? else { return Ok(seen) };
            let tx = self.tx().create(&Key::audit(entry.id), &entry, Conflict::AlreadyDone);
            let tx = match &seen {
                Some(seen) => next.redefine(tx, seen),
                None => next.make(tx),
            };
            match tx.commit().await {
                Ok(()) => return Ok(Some(next)),
                Err(NotCommitted::Contended) if tried < TRIES => tokio::time::sleep(pause(tried)).await,
                // An earlier try went through unheard.
                Err(NotCommitted::Refused { conflict: Conflict::AlreadyDone, .. }) => {
                    return Ok(self.get(key).await.map_err(NotCommitted::from)?);
                }
                Err(other) => return Err(other.into()),
            }
        }
        Err(NotCommitted::Contended.into())
    }

    /// Makes something under an operator's key: a repeat gets the first answer.
    ///
    /// # Errors
    /// A key used for something else, or the table's failure.
    pub async fn make_once<T: Made>(
        &self,
        deed: &Deed,
        made: &T,
        entry: &AuditEntry,
        reply: &impl Serialize,
    ) -> Result<Done, NotDone> {
        let reply = serde_json::to_string(reply).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let answer = AnswerRecord { fingerprint: deed.fingerprint(), reply };
        let written = self.persist(|| {
            let tx =
                deed.operated().into_iter().fold(self.tx(), |tx, key| tx.create(&key, &answer, Conflict::AlreadyDone));
            made.make(tx.create(&Key::audit(entry.id), entry, Conflict::Broken))
        });
        match written.await {
            Ok(()) => Ok(Done { reply: answer.reply, replayed: false, retries: 0 }),
            Err(NotCommitted::Refused { conflict: Conflict::AlreadyDone, found: Some(found) }) => {
                deed.repeated(decode(found)?)
            }
            Err(NotCommitted::Store(error)) => Err(error.into()),
            Err(other) => Err(StoreError::Corrupt(format!("{other:?}")).into()),
        }
    }

    /// Puts on sale what ships with the game and is not there yet; tells what that was, by sku. Each is written with the entry
    /// that `entry` makes of it, if it makes one.
    ///
    /// # Errors
    /// The table's failure.
    pub async fn stock_up<E: From<NotCommitted>>(
        &self,
        economy: &Economy,
        entry: impl Fn(&Sku, Result<&Product, &Package>) -> Result<Option<AuditEntry>, E> + Send + Sync,
    ) -> Result<Vec<Sku>, E> {
        let mut made = Vec::new();
        for seed in &economy.shop.products {
            let product = Product { sku: seed.sku.clone(), terms: seed.terms.clone(), revision: 1 };
            if self.make_if_new(&product, entry(&seed.sku, Ok(&product))?).await? {
                made.push(seed.sku.clone());
            }
        }
        for seed in &economy.shop.packages {
            let package = Package::new(seed.sku.clone(), seed.terms.clone(), seed.stock);
            if self.make_if_new(&package, entry(&seed.sku, Err(&package))?).await? {
                made.push(seed.sku.clone());
            }
        }
        Ok(made)
    }

    async fn make_if_new<T: Made>(&self, made: &T, entry: Option<AuditEntry>) -> Result<bool, NotCommitted> {
        let there: Option<T> = self.get(&made.key()).await?;
        if there.is_some() {
            return Ok(false);
        }
        let written = self.persist(|| {
            let tx =
                entry.iter().fold(self.tx(), |tx, entry| tx.create(&Key::audit(entry.id), entry, Conflict::Broken));
            made.make(tx)
        });
        match written.await {
            Ok(()) => Ok(true),
            // Somebody else was faster, or has given the number to something else.
            Err(NotCommitted::Contended | NotCommitted::Refused { conflict: Conflict::NumberTaken, .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }
}
