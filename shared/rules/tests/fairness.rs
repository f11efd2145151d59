//! The randomness against what anybody can compute, and against what chance looks like.
//!
//! The expected values were computed with nothing but Python's `hmac`:
//! `seed = hmac.digest(key, b"ply_01HF7YAT00000000000000001A:0", "sha256")`, and the words of block *b* are
//! `struct.unpack(">4Q", hmac.digest(seed, b"lucky:0:b", "sha256"))`.
#![expect(clippy::float_arithmetic, reason = "statistics")]
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected fails")]

use std::{collections::HashSet, num::NonZeroU64};

use croupier_rules::{
    economy::Economy,
    fairness::{Draw, MasterKey, Stream, Weights},
    id::PlayerId,
    money::Coins,
    slot,
};
use proptest::prelude::*;
use statrs::distribution::{Binomial, ChiSquared, ContinuousCDF, DiscreteCDF};

const PLAYER: PlayerId = PlayerId::new(1_700_000_000_000, 42);

/// The bytes 0 to 31.
fn master() -> MasterKey {
    MasterKey::from_secret("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f").unwrap()
}

fn draw(epoch: u32, client_seed: &str, nonce: u64) -> Draw {
    Draw { epoch, nonce, client_seed: client_seed.parse().unwrap() }
}

fn stream(draw: &Draw) -> Stream {
    master().server_seed(PLAYER, draw.epoch).stream(draw)
}

#[test]
fn server_seeds_are_what_anybody_computes_from_the_key() {
    assert_eq!(PLAYER.to_string(), "ply_01HF7YAT00000000000000001A");
    let seed = |epoch| master().server_seed(PLAYER, epoch);
    let known = [
        (0, "16be4f32174578cf4cff0d07936fab69a9517e20c8f7525a22a15d5517e87fcf"),
        (1, "bcc206c99c20b86167867ef1dfc5621cb9753e1a4a0079d484829cd5cd72a082"),
        (u32::MAX, "a828a1ca5ce5b601e800251f512ad4f3bc839c66bbfd81b048a197a14960487c"),
    ];
    for (epoch, hex) in known {
        assert_eq!(seed(epoch).reveal(), hex);
    }
    let committed = "23cb81043a2696dd282751bc7697acb01fcddc3cd0204bcb0394a2cd046ef19c";
    assert_eq!(seed(0).commitment(), committed, "SHA-256 of the seed's bytes");

    let phrase = MasterKey::from_secret("correct horse battery staple, forever").unwrap();
    let of_phrase = "59a63c390081a2151e199f68614825e18249cfe7ebecfa97f4c92947ba9a160f";
    assert_eq!(phrase.server_seed(PLAYER, 0).reveal(), of_phrase, "a key of another form stands for its SHA-256");
    assert!(MasterKey::from_secret("thirty-one characters are short").is_none());
}

#[test]
fn streams_are_what_anybody_computes_from_the_seed() {
    let known = [
        (
            draw(0, "lucky", 0),
            "b08adfa7e607b452 1729cbc363e1b1f0 fe04b0430b3d9571 89acdfa631656d13 080aa9fdd6e10aec 0256068481cb128b",
        ),
        (
            draw(0, "lucky", 1),
            "168d860ec9058b54 feebfbc6befe062b e93b96a54963ca91 dc80dfa8530885f7 50824dc39f363948 a8ca90dd38c41a10",
        ),
        (
            draw(1, "~!{}|\"", u64::MAX),
            "e70509f2953e2926 aecdc64d0bec604c a73390e4e5d17569 db53cb54dcfd528d 292df90999f6697a fb9a4bbd5c5895e9",
        ),
    ];
    for (draw, words) in known {
        let mut stream = stream(&draw);
        let drawn: Vec<_> = (0..6).map(|_| format!("{:016x}", stream.bits())).collect();
        assert_eq!(drawn.join(" "), words, "{draw:?}");
    }
}

#[test]
fn rounds_are_what_anybody_computes_from_the_stream() {
    let economy = Economy::shipped().unwrap();
    let known = [
        (0, "🍋 🍒 🍒", 468),
        (1, "🍇 🍋 🍒", 75),
        (7, "7️⃣ 🍋 🍋", 16),
        (10, "🍇 🍇 🍇", 195),
        (123_315, "7️⃣ 7️⃣ 7️⃣", -479),
    ];
    for (nonce, reels, variation) in known {
        let stake = Coins::new(10).unwrap();
        let round = slot::draw(&economy.slot, stake, 1, &mut stream(&draw(0, "lucky", nonce))).unwrap();
        assert_eq!((round.reels.join(" ").as_str(), round.variation), (reels, variation), "nonce {nonce}");
    }
}

#[test]
fn no_two_streams_share_a_block() {
    let mut draws = Vec::new();
    for epoch in [0, 1, 10, 11] {
        for client_seed in ["a", "a:0", "a:1", "a:1:0", "0", "1:1"] {
            draws.extend([0, 1, 10, 11].map(|nonce| draw(epoch, client_seed, nonce)));
        }
    }
    let others = [PlayerId::new(1_700_000_000_000, 43), PlayerId::new(1_700_000_000_001, 42)];
    let of_others = others.map(|player| master().server_seed(player, 0).stream(&draw(0, "a", 0)));
    let mut blocks = HashSet::new();
    let streams = draws.len() + others.len();
    for mut stream in draws.iter().map(stream).chain(of_others) {
        for _ in 0..250 {
            assert!(blocks.insert([(); 4].map(|()| stream.bits())), "a block stands in two streams");
        }
    }
    assert_eq!(blocks.len(), streams * 250);
}

/// The least value of chi-square that only one in a hundred fair samples exceeds.
fn chi_square_bound(cells: u32) -> f64 {
    ChiSquared::new(f64::from(cells - 1)).unwrap().inverse_cdf(0.99)
}

fn chi_square(seen: &[u32], shares: impl Iterator<Item = f64>) -> f64 {
    let drawn: f64 = seen.iter().copied().map(f64::from).sum();
    let term = |(seen, share): (&u32, f64)| (f64::from(*seen) - drawn * share).powi(2) / (drawn * share);
    seen.iter().zip(shares).map(term).sum()
}

#[test]
fn a_number_below_a_bound_has_no_bias_where_a_remainder_has() {
    // Of 2^64 numbers, a remainder by 3 × 2^62 takes those below 2^62 twice.
    let bound = NonZeroU64::new(3 << 62).unwrap();
    let third = |number: u64| usize::try_from(number >> 62).unwrap();
    let draw = draw(0, "bias", 0);
    let (mut fair, mut plain) = ([0; 3], [0; 3]);
    let (mut below, mut bits) = (stream(&draw), stream(&draw));
    for _ in 0..30_000 {
        fair[third(below.below(bound))] += 1;
        plain[third(bits.bits() % bound)] += 1;
    }
    let even = || [1.0 / 3.0; 3].into_iter();
    assert!(chi_square(&fair, even()) < chi_square_bound(3), "{fair:?}");
    assert!(chi_square(&plain, even()) > 100.0 * chi_square_bound(3), "this very test would not see a bias: {plain:?}");
}

proptest! {
    #[test]
    fn a_number_is_below_its_bound(bound in 1..=u64::MAX, nonce: u64) {
        let bound = NonZeroU64::new(bound).unwrap();
        let mut stream = stream(&draw(0, "bound", nonce));
        for _ in 0..20 {
            prop_assert!(stream.below(bound) < bound.get());
        }
    }

    #[test]
    fn what_has_no_weight_is_never_picked(mut each in prop::collection::vec(0_u32..5, 1..8), nonce: u64) {
        each.push(1);
        let weights = Weights::new(each.clone()).unwrap();
        let mut stream = stream(&draw(0, "weights", nonce));
        for _ in 0..50 {
            prop_assert!(each[stream.pick(&weights)] > 0);
        }
    }
}

/// Whether as many of a million is what a fair share of this size gives in 99 of 100 samples.
fn is_in_band(seen: u32, share: f64) -> bool {
    let expected = Binomial::new(share, 1_000_000).unwrap();
    (expected.inverse_cdf(0.005)..=expected.inverse_cdf(0.995)).contains(&u64::from(seen))
}

#[test]
fn a_million_rounds_look_like_the_disclosed_odds() {
    let economy = Economy::shipped().unwrap();
    let names: Vec<_> = economy.slot.rules.symbols.iter().map(|symbol| symbol.symbol.as_str()).collect();
    let (mut hits, mut symbols, mut variations) = (0, [[0_u32; 6]; 3], vec![0_u32; 1001]);
    let (stake, seed) = (Coins::new(10).unwrap(), master().server_seed(PLAYER, 2));
    let mut place = draw(2, "million", 0);
    while place.nonce < 1_000_000 {
        let round = slot::draw(&economy.slot, stake, 1, &mut seed.stream(&place)).unwrap();
        for (seen, symbol) in symbols.iter_mut().zip(&round.reels) {
            seen[names.iter().position(|name| name == symbol).unwrap()] += 1;
        }
        hits += u32::from(round.pay_percent > 0);
        variations[usize::try_from(round.variation + 500).unwrap()] += 1;
        place.nonce += 1;
    }
    assert!(is_in_band(hits, 0.389_08), "{hits} hits");
    for (reel, seen) in symbols.iter().enumerate() {
        for (symbol, share) in [0.30, 0.25, 0.20, 0.15, 0.08, 0.02].into_iter().enumerate() {
            assert!(is_in_band(seen[symbol], share), "reel {reel} shows {} {} times", names[symbol], seen[symbol]);
        }
    }
    let spread = chi_square(&variations, std::iter::repeat(1.0 / 1001.0));
    assert!(spread < chi_square_bound(1001), "the variation is not even: {spread}");
}
