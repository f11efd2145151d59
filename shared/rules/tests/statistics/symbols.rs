//! Tests of draws as symbols: how often, how far apart, in which company.

use statrs::function::erf::erfc;

use super::{Finding, Sample, by_chi_square, squares};

/// Whether each symbol comes as often as its share.
pub fn chi_square(sample: &Sample) -> Finding {
    let mut seen = vec![0; sample.shares.len()];
    for symbol in &sample.symbols {
        seen[usize::from(*symbol)] += 1;
    }
    let expected = expect(&sample.shares, sample.symbols.len());
    by_chi_square(squares(&seen, &expected))
}

fn expect(shares: &[f64], draws: usize) -> Vec<f64> {
    shares.iter().map(|share| share * draws as f64).collect()
}

/// Whether each combination of three in a row comes as often as its share: with reels, what a spin shows.
pub fn triples(sample: &Sample) -> Finding {
    let (classes, shares) = sample.classes(16);
    by_chi_square(tuples(classes.as_chunks::<3>().0, &shares))
}

fn tuples<const N: usize>(tuples: &[[usize; N]], shares: &[f64]) -> (f64, f64) {
    let count = shares.len();
    let mut seen = vec![0; count.pow(N as u32)];
    for tuple in tuples {
        seen[tuple.iter().fold(0, |place, class| place * count + class)] += 1;
    }
    let share = |place: usize| (0..N as u32).map(|digit| shares[place / count.pow(digit) % count]).product();
    let shares: Vec<f64> = (0..seen.len()).map(share).collect();
    squares(&seen, &expect(&shares, tuples.len()))
}

/// Whether a draw equals the one before as often as by chance, which makes the number of runs of alike symbols.
pub fn runs_of_alike(sample: &Sample) -> Finding {
    let alike = sample.symbols.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let power = |power| sample.shares.iter().map(|share| share.powi(power)).sum::<f64>();
    let (pairs, two, three) = ((sample.symbols.len() - 1) as f64, power(2), power(3));
    // Two pairs that share a draw are not independent, unless all symbols are equally likely.
    let variance = pairs * (two - two.powi(2)) + 2.0 * (pairs - 1.0) * (three - two.powi(2));
    let statistic = (alike as f64 - pairs * two) / variance.sqrt();
    Finding { statistic, p: erfc(statistic.abs() / 2_f64.sqrt()) }
}

/// Whether the pauses between two draws of the last class, the rarest one of a reel, are as long as by chance.
pub fn gaps(sample: &Sample) -> Finding {
    let (classes, shares) = sample.classes(8);
    let (last, share) = (shares.len() - 1, shares[shares.len() - 1]);
    let mut seen = vec![0; (12.0 / share) as usize];
    let longest = seen.len() - 1;
    let places: Vec<_> = classes.iter().enumerate().filter(|(_, class)| **class == last).map(|(at, _)| at).collect();
    for pair in places.windows(2) {
        seen[(pair[1] - pair[0] - 1).min(longest)] += 1;
    }
    let not_yet = |draws: usize| (1.0 - share).powi(draws as i32);
    let shares: Vec<_> =
        (0..=longest).map(|gap| if gap == longest { not_yet(gap) } else { not_yet(gap) * share }).collect();
    by_chi_square(squares(&seen, &expect(&shares, places.len() - 1)))
}

const HAND: usize = 5;

/// Whether hands of five hold as many different classes as by chance.
pub fn poker(sample: &Sample) -> Finding {
    let (classes, shares) = sample.classes(8);
    let mut seen = [0; HAND + 1];
    let (hands, _) = classes.as_chunks::<HAND>();
    for hand in hands {
        let held: u32 = hand.iter().fold(0, |held, class| held | 1 << class);
        seen[held.count_ones() as usize] += 1;
    }
    by_chi_square(squares(&seen[1..], &expect(&different(&shares)[1..], hands.len())))
}

/// How likely a hand is to hold 0, 1 … 5 different classes. Class by class, a hand of `held` cards in `kinds` kinds
/// becomes one of `held + more`; the factorials count the orders in which they may be dealt.
fn different(shares: &[f64]) -> [f64; HAND + 1] {
    const ORDERS: [f64; HAND + 1] = [1.0, 1.0, 2.0, 6.0, 24.0, 120.0];
    let mut ways = [[0.0; HAND + 1]; HAND + 1];
    ways[0][0] = 1.0;
    for share in shares {
        let before = ways;
        for held in 0..HAND {
            for more in 1..=HAND - held {
                for kinds in 0..HAND {
                    ways[held + more][kinds + 1] += before[held][kinds] * share.powi(more as i32) / ORDERS[more];
                }
            }
        }
    }
    ways[HAND].map(|ways| ways * ORDERS[HAND])
}

/// Whether it takes as many draws as by chance until each class has come.
pub fn coupons(sample: &Sample) -> Finding {
    let (classes, shares) = sample.classes(6);
    let rarest = shares.iter().copied().fold(1.0, f64::min);
    let longest = (12.0 / rarest) as usize;
    let mut seen = vec![0; longest + 1];
    let (mut held, mut draws, mut sets) = (0_u32, 0, 0);
    for class in classes {
        held |= 1 << class;
        draws += 1;
        if held.count_ones() as usize == shares.len() {
            seen[draws.min(longest)] += 1;
            (held, draws, sets) = (0, 0, sets + 1);
        }
    }
    let complete: Vec<_> = (0..longest).map(|draws| complete_within(draws, &shares)).chain([1.0]).collect();
    let shares: Vec<_> =
        (0..=longest).map(|draws| complete[draws] - if draws == 0 { 0.0 } else { complete[draws - 1] }).collect();
    by_chi_square(squares(&seen, &expect(&shares, sets)))
}

/// How likely each class has come within so many draws: by inclusion and exclusion of the classes that have not.
fn complete_within(draws: usize, shares: &[f64]) -> f64 {
    let missing = |set: u32| -> f64 { (0..shares.len()).filter(|at| set >> at & 1 == 1).map(|at| shares[at]).sum() };
    let sign = |set: u32| if set.count_ones().is_multiple_of(2) { 1.0 } else { -1.0 };
    (0..1_u32 << shares.len()).map(|set| sign(set) * (1.0 - missing(set)).max(0.0).powi(draws as i32)).sum()
}

/// Whether what comes at the same place of one round and of the next, as on the left reel, is independent: for each
/// place, the pairs of successive rounds.
pub fn subsequences(sample: &Sample) -> Finding {
    let (classes, shares) = sample.classes(8);
    let mut sum = (0.0, 0.0);
    for place in 0..sample.round {
        let there: Vec<_> = classes.iter().copied().skip(place).step_by(sample.round).collect();
        let (squares, freedom) = tuples(there.as_chunks::<2>().0, &shares);
        sum = (sum.0 + squares, sum.1 + freedom);
    }
    by_chi_square(sum)
}
