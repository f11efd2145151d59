//! Tests of draws as numbers: how they spread, rise, and repeat.

use std::f64::consts::TAU;

use super::{Finding, Sample, by_chi_square, squares};

/// Whether the numbers fill their range evenly: the greatest distance of their distribution from a straight line.
pub fn kolmogorov(sample: &Sample) -> Finding {
    let mut even: Vec<_> = sample.values.iter().map(|value| value / 12_f64.sqrt() + 0.5).collect();
    even.sort_unstable_by(f64::total_cmp);
    let count = even.len() as f64;
    let distance = |(at, value): (usize, &f64)| (value - at as f64 / count).max((at + 1) as f64 / count - value);
    let greatest = even.iter().enumerate().map(distance).fold(0.0, f64::max);
    // The limit distribution, with the correction that makes it good for any number of draws.
    let statistic = (count.sqrt() + 0.12 + 0.11 / count.sqrt()) * greatest;
    let term = |k: i32| (-2.0 * (f64::from(k) * statistic).powi(2)).exp() * if k % 2 == 0 { -2.0 } else { 2.0 };
    Finding { statistic, p: (1..=100).map(term).sum::<f64>().clamp(0.0, 1.0) }
}

/// Whether the numbers rise as long as by chance. The number after a run is left out: only so are runs independent.
pub fn runs_up(sample: &Sample) -> Finding {
    const LONGEST: usize = 6;
    let mut seen = [0; LONGEST];
    let (mut length, mut runs, mut numbers) = (1, 0, sample.values.iter());
    let mut last = numbers.next();
    while let Some(number) = numbers.next() {
        if Some(number) > last {
            (length, last) = (length + 1, Some(number));
        } else {
            seen[length.min(LONGEST) - 1] += 1;
            (length, runs, last) = (1, runs + 1, numbers.next());
        }
    }
    // So many numbers rise all the way in one of length! orders.
    let rises = [1.0, 1.0 / 2.0, 1.0 / 6.0, 1.0 / 24.0, 1.0 / 120.0, 1.0 / 720.0, 0.0];
    let expected: Vec<_> = rises.windows(2).map(|pair| (pair[0] - pair[1]) * f64::from(runs)).collect();
    by_chi_square(squares(&seen, &expected))
}

/// Whether numbers are independent of those up to 16 draws before: beyond the round before, whichever game it was.
pub fn serial_correlation(sample: &Sample) -> Finding {
    const LAGS: usize = 16;
    let values = &sample.values;
    let correlation = |lag: usize| values.iter().zip(&values[lag..]).map(|(one, other)| one * other).sum::<f64>();
    // With mean 0 and variance 1, the sum has as much variance as it has terms, and two lags do not go together.
    let square = |lag| correlation(lag).powi(2) / (values.len() - lag) as f64;
    by_chi_square(((1..=LAGS).map(square).sum(), LAGS as f64))
}

/// Whether three numbers in a row come in each order alike. Where two of them are equal, there is no order to count.
pub fn permutations(sample: &Sample) -> Finding {
    let mut seen = [0; 6];
    for [first, second, third] in sample.values.as_chunks().0 {
        if first != second && second != third && first != third {
            let below_first = usize::from(second < first) + usize::from(third < first);
            seen[2 * below_first + usize::from(third < second)] += 1;
        }
    }
    let expected = f64::from(seen.iter().sum::<u32>()) / 6.0;
    by_chi_square(squares(&seen, &[expected; 6]))
}

/// Whether one period stands out: the power of the highest line over the mean of all, which are alike by chance.
pub fn spectral(sample: &Sample) -> Finding {
    let length = 1 << sample.values.len().ilog2();
    let mut wave: Vec<_> = sample.values[..length].iter().map(|value| (*value, 0.0)).collect();
    transform(&mut wave);
    let powers = wave[1..length / 2].iter().map(|(real, imaginary)| real.powi(2) + imaginary.powi(2));
    let (highest, sum) = powers.fold((0.0, 0.0), |(most, sum), power| (f64::max(most, power), sum + power));
    let (share, lines) = (highest / sum, (length / 2 - 1) as f64);
    let one = (1.0 - share).powf(lines - 1.0);
    // 1 - (1 - one)^lines, without losing what is small.
    Finding { statistic: share * lines, p: -(lines * (-one).ln_1p()).exp_m1() }
}

/// The discrete Fourier transform, in place, of a power of two of complex numbers: halves transformed and joined.
fn transform(wave: &mut [(f64, f64)]) {
    let length = wave.len();
    for at in 0..length {
        let mirrored = at.reverse_bits() >> (usize::BITS - length.ilog2());
        if at < mirrored {
            wave.swap(at, mirrored);
        }
    }
    let turns: Vec<_> = (0..length / 2).map(|at| (-TAU * at as f64 / length as f64).sin_cos()).collect();
    let mut half = 1;
    while half < length {
        for block in wave.chunks_exact_mut(2 * half) {
            let (evens, odds) = block.split_at_mut(half);
            for (at, (even, odd)) in evens.iter_mut().zip(odds).enumerate() {
                let (sine, cosine) = turns[at * (length / 2 / half)];
                let turned = (odd.0 * cosine - odd.1 * sine, odd.0 * sine + odd.1 * cosine);
                *odd = (even.0 - turned.0, even.1 - turned.1);
                *even = (even.0 + turned.0, even.1 + turned.1);
            }
        }
        half *= 2;
    }
}
