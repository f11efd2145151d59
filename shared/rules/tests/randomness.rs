//! The random stream against the tests of `statistics`, in the few seconds that everybody has. The bench `randomness`
//! takes more draws and prints what each test found.
#![expect(clippy::float_arithmetic, reason = "statistics")]
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected fails")]

mod statistics;

use std::num::NonZeroU64;

use croupier_rules::fairness::Stream;
use statistics::{
    Finding, LEVEL, Sample, TESTS, Verdict,
    samples::{SOURCES, stream},
};

#[test]
fn every_test_rejects_the_stream_as_often_as_chance_does() {
    const SEEDS: u64 = 10;
    const ROUNDS: usize = 1 << 12;
    let mut family = Vec::new();
    for (name, draw) in SOURCES {
        for seed in 0..SEEDS {
            let sample = draw(seed, ROUNDS);
            for test in &TESTS {
                let Some(Finding { statistic, p }) = test.find(&sample) else { continue };
                family.push(p);
                if p < LEVEL {
                    let draws = sample.draws();
                    println!("{}: {statistic:.4}, p = {p:.4}, of {draws} draws of {name}, seed {seed}", test.name);
                }
            }
        }
    }
    let verdict = Verdict::of(&family);
    assert!(verdict.is_sound(), "{verdict}");
}

/// A name that a test has, what is wrong with the source, and the source.
type Bad = (&'static str, &'static str, fn(&mut Stream) -> Sample);

const DRAWS: usize = 1 << 14;

fn die(stream: &mut Stream) -> u16 {
    u16::try_from(stream.below(NonZeroU64::new(6).unwrap())).unwrap()
}

fn dice(throw: impl FnMut(usize) -> u16) -> Sample {
    Sample::of_symbols((0..DRAWS).map(throw).collect(), &[1; 6], 3)
}

fn words(word: impl FnMut(usize) -> u64) -> Sample {
    Sample::of_words(&(0..DRAWS).map(word).collect::<Vec<_>>(), 4)
}

/// Four sources that a careless hand writes: each has the right shares, or nearly.
const CARELESS: [Bad; 4] = [
    ("chi-square", "a plain remainder of five bits", |stream| dice(|_| (stream.bits() % 32 % 6) as u16)),
    ("equidistribution (Kolmogorov)", "a bit that is stuck", |stream| words(|_| stream.bits() | 1 << 60)),
    ("coupon collector", "a counter", |_| dice(|at| (at % 6) as u16)),
    ("spectral (highest line)", "a period of a thousand", |stream| {
        let period: Vec<_> = (0..1000).map(|_| stream.bits()).collect();
        words(|at| period[at % 1000])
    }),
];

/// What looks fair to most other tests.
const SUBTLE: [Bad; 8] = [
    ("equidistribution of triples", "a right reel that follows from the others", |stream| {
        let mut spin = [0; 3];
        dice(|at| {
            spin[at % 3] = if at % 3 == 2 { (spin[0] + spin[1]) % 6 } else { die(stream) };
            spin[at % 3]
        })
    }),
    ("runs of alike", "a shuffle that avoids repeats", |stream| {
        let mut last = 0;
        dice(|_| {
            last = (last + 1 + die(stream) % 5) % 6;
            last
        })
    }),
    ("runs up", "steps of the golden ratio, which are even but not random", |_| {
        words(|at| (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }),
    ("serial correlation, lags 1–16", "a memory of the last spin in one of eight", |stream| {
        let mut spins = [0; 3];
        dice(|at| {
            let fresh = die(stream);
            let kept = stream.bits() >> 61 == 0 && at >= 3;
            spins[at % 3] = if kept { spins[at % 3] } else { fresh };
            spins[at % 3]
        })
    }),
    ("gap", "a jackpot that is due every sixth time", |stream| {
        dice(|at| if at % 6 == 5 { 5 } else { (stream.bits() % 5) as u16 })
    }),
    ("poker", "a deck of six that is dealt to its end", |stream| {
        let mut deck = Vec::new();
        dice(|_| {
            if deck.is_empty() {
                deck.extend(0..6);
            }
            deck.swap_remove(usize::from(die(stream)) % deck.len())
        })
    }),
    ("permutation of three", "pairs of which the lower comes first", |stream| {
        let mut higher = 0;
        words(|at| {
            let (one, other) = (stream.bits(), stream.bits());
            let lower = one.min(other);
            if at % 2 == 0 {
                higher = one.max(other);
                lower
            } else {
                higher
            }
        })
    }),
    ("subsequences by place in the round", "a left reel that shows everything twice", |stream| {
        let mut left = 0;
        dice(|at| match at % 6 {
            0 => {
                left = die(stream);
                left
            }
            3 => left,
            _ => die(stream),
        })
    }),
];

#[test]
fn every_test_rejects_a_source_that_is_bad_in_its_way() {
    for test in &TESTS {
        let (_, fault, bad) = CARELESS.iter().chain(&SUBTLE).find(|(name, ..)| *name == test.name).unwrap();
        let Finding { statistic, p } = test.find(&bad(&mut stream("bad", 0, 0))).unwrap();
        assert!(p < 1e-9, "{} does not see {fault}: {statistic}, p = {p}", test.name);
    }
}

#[test]
fn a_family_with_too_few_rejections_too_many_or_one_beyond_chance_is_not_sound() {
    let sound = |rejected: usize, smallest: f64| {
        let mut family = vec![0.5; 600];
        family[..rejected].fill(0.009);
        family[0] = smallest;
        Verdict::of(&family).is_sound()
    };
    assert!(sound(5, 0.001));
    assert!(!sound(0, 0.5));
    assert!(!sound(15, 0.001));
    assert!(!sound(5, 0.000_01));
}
