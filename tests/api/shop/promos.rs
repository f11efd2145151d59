//! Promo codes: what comes off, how often, and that what is charged is what was shown.
