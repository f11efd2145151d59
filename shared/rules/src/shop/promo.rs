//! Promo codes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Refusal,
    name::{PromoCode, Sku},
    number::Between,
    time::Timestamp,
};

/// What comes off each one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Off {
    /// So many cents.
    Cents(Between<1, 10_000_000>),
    /// So many percent.
    Percent(Between<1, 100>),
}

/// What a promo code is good for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PromoTerms {
    /// What comes off each one.
    pub off: Off,
    /// For what alone it is good; for whatever costs real money, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// From when on; always, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// Until when; for ever, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// How many purchases it is good for; endless, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_uses: Option<u64>,
    /// How many purchases of one player it is good for; endless, where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_user_limit: Option<u64>,
    /// Whether it is good for anything at all.
    pub is_active: bool,
}

/// A promo code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promo {
    /// The code itself.
    pub code: PromoCode,
    /// What it is good for.
    pub terms: PromoTerms,
    /// How often the terms were written.
    pub revision: u64,
    /// Purchases that have it: paid, or about to be.
    pub used: u64,
}

/// What is known of the code that a buyer gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenPromo {
    /// The promo, if there is one of this code.
    pub promo: Option<Promo>,
    /// How many purchases of this buyer have it.
    pub used_by_buyer: u64,
}

impl GivenPromo {
    /// The promo, if it is good for this now.
    ///
    /// # Errors
    /// [`Refusal::PromoInvalid`] or [`Refusal::PromoExhausted`].
    pub fn good_for(&self, sku: &Sku, now: Timestamp) -> Result<&Promo, Refusal> {
        let promo = self.promo.as_ref().ok_or(Refusal::PromoInvalid("There is no such promo code."))?;
        let terms = &promo.terms;
        if !terms.is_active {
            return Err(Refusal::PromoInvalid("This promo code has been switched off."));
        }
        if terms.sku.as_ref().is_some_and(|bound| bound != sku) {
            return Err(Refusal::PromoInvalid("This promo code is for something else."));
        }
        if !is_open(terms.starts_at, terms.ends_at, now) {
            return Err(Refusal::PromoInvalid("This promo code is not good at this time."));
        }
        let exhausted = |limit: Option<u64>, used: u64| limit.is_some_and(|limit| used >= limit);
        if exhausted(terms.max_uses, promo.used) || exhausted(terms.per_user_limit, self.used_by_buyer) {
            return Err(Refusal::PromoExhausted);
        }
        Ok(promo)
    }
}

/// Whether a moment lies in a window: from its start on, until just before its end.
pub(crate) fn is_open(starts_at: Option<Timestamp>, ends_at: Option<Timestamp>, now: Timestamp) -> bool {
    starts_at.is_none_or(|start| start <= now) && ends_at.is_none_or(|end| now < end)
}
