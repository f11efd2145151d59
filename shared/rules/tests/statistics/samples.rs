//! What is tested: the stream as it is, and what the game draws from it.

use std::num::NonZeroU64;

use croupier_rules::{
    economy::Economy,
    fairness::{Draw, MasterKey, Stream},
    id::PlayerId,
    money::Coins,
    slot::{self, SlotRound},
};

use super::Sample;

/// A name, and how to draw from the seed of this number so much as this many rounds draw.
pub type Source = (&'static str, fn(u64, usize) -> Sample);

/// Everything that is tested. No two sources share a stream.
pub const SOURCES: [Source; 6] = [
    ("64 bits, one long stream", |seed, rounds| {
        let mut stream = stream("long", seed, 0);
        Sample::of_words(&(0..4 * rounds).map(|_| stream.bits()).collect::<Vec<_>>(), 4)
    }),
    ("64 bits, four of each round", |seed, rounds| {
        let words = |nonce| {
            let mut stream = stream("rounds", seed, nonce);
            [(); 4].map(|()| stream.bits())
        };
        Sample::of_words(&(0..rounds as u64).flat_map(words).collect::<Vec<_>>(), 4)
    }),
    ("below 6", |seed, rounds| {
        let mut stream = stream("die", seed, 0);
        let die = || u16::try_from(stream.below(NonZeroU64::new(6).unwrap())).unwrap();
        Sample::of_symbols(std::iter::repeat_with(die).take(4 * rounds).collect(), &[1; 6], 4)
    }),
    // Of 2^64 numbers a quarter is rejected; a plain remainder would make the first third twice as likely.
    ("below 3 × 2⁶², in thirds", |seed, rounds| {
        let mut stream = stream("thirds", seed, 0);
        let third = || (stream.below(NonZeroU64::new(3 << 62).unwrap()) >> 62) as u16;
        Sample::of_symbols(std::iter::repeat_with(third).take(4 * rounds).collect(), &[1; 3], 4)
    }),
    ("reels of spins", |seed, rounds| {
        let slot = Economy::shipped().unwrap().slot;
        let place = |symbol: &String| slot.rules.symbols.iter().position(|one| one.symbol == *symbol).unwrap() as u16;
        let reels = spins("reels", seed, rounds).flat_map(|spin| spin.reels.each_ref().map(place)).collect();
        Sample::of_symbols(reels, slot.weights.each(), 3)
    }),
    ("variation of spins, below 1001", |seed, rounds| {
        let steps = spins("variation", seed, rounds).map(|spin| u16::try_from(spin.variation + 500).unwrap());
        Sample::of_symbols(steps.collect(), &[1; 1001], 1)
    }),
];

/// The stream of a round, with the key of the vectors in `fairness.rs`.
pub fn stream(purpose: &str, seed: u64, nonce: u64) -> Stream {
    let master = MasterKey::from_secret("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f").unwrap();
    let client_seed = format!("{purpose}-{seed}").parse().unwrap();
    master.server_seed(PlayerId::new(1_700_000_000_000, 42), 0).stream(&Draw { epoch: 0, nonce, client_seed })
}

fn spins(purpose: &'static str, seed: u64, rounds: usize) -> impl Iterator<Item = SlotRound> {
    let (slot, stake) = (Economy::shipped().unwrap().slot, Coins::new(10).unwrap());
    (0..rounds as u64).map(move |nonce| slot::draw(&slot, stake, 1, &mut stream(purpose, seed, nonce)).unwrap())
}
