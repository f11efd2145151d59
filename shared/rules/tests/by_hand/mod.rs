//! The slot machine as its rules read on paper, written a second time and without a look at the first.

/// Pays in percent of the stake for three alike, in the order of the reel.
const THREE_ALIKE: [u128; 6] = [200, 300, 400, 500, 1000, 5000];
const TWO_ADJACENT: u128 = 150;

/// What three stops pay, in percent of the stake.
pub fn pay(left: usize, middle: usize, right: usize) -> u128 {
    match (left == middle, middle == right) {
        (true, true) => THREE_ALIKE[left],
        (false, false) => 0,
        _ => TWO_ADJACENT,
    }
}

/// The win: stake × pay × (1 + 2 % for each spin of the streak, at most 20 %) × (1 + variation), rounded down once.
pub fn win(stake: u128, pay: u128, streak: u32, variation: i32) -> u128 {
    let bonus = if streak >= 10 { 20 } else { 2 * u128::from(streak) };
    let varied = 10_000_i128 + i128::from(variation);
    stake * pay * (100 + bonus) * varied.unsigned_abs() / 100_000_000
}
