//! The slot machine: three reels, drawn independently.

pub mod disclosed;
pub mod odds;

use std::{num::NonZeroU64, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use crate::{
    Refusal,
    economy::{Slot, SlotRules},
    fairness::{Commitment, Stream},
    id::EntryId,
    ledger::{Action, Decision, GameType},
    money::{Coins, Gems, Postings},
    player::Player,
    round::Round,
    session::SessionTally,
    time::Timestamp,
};

/// Spins in a row without a long pause.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotStreak {
    /// How many, the last one included.
    pub spins: u32,
    /// When the last one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
}

impl SlotStreak {
    fn continued(self, now: Timestamp, rules: &SlotRules) -> Self {
        Self { spins: self.current(now, rules).saturating_add(1), last: Some(now) }
    }

    /// How many, as long as the pause since the last one is not too long.
    pub fn current(self, now: Timestamp, rules: &SlotRules) -> u32 {
        let gap = Duration::from_secs(u64::from(rules.bonus.streak_gap_hours) * 3600);
        let unbroken = self.last.is_some_and(|last| now.since(last) <= gap);
        if unbroken { self.spins } else { 0 }
    }
}

/// The outcome of a spin, with everything from which it follows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SlotRound {
    /// The stake.
    pub bet_amount: Coins,
    /// The streak, this spin included.
    pub streak: u32,
    /// What the reels showed.
    pub reels: [String; 3],
    /// What the reels pay, in percent of the stake.
    pub pay_percent: u32,
    /// How the raised win varied, in hundredths of a percent.
    pub variation: i32,
    /// What the player won.
    pub win_amount: Coins,
}

/// What a spin pays for each coin of the stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Multiplier {
    percent: u32,
}

impl Serialize for Multiplier {
    #[expect(
        clippy::float_arithmetic,
        reason = "the one place where a player reads a fraction; nothing is computed from it"
    )]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.percent.is_multiple_of(100) {
            serializer.serialize_u32(self.percent / 100)
        } else {
            serializer.serialize_f64(f64::from(self.percent) / 100.0)
        }
    }
}

impl JsonSchema for Multiplier {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Multiplier".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "minimum": 0, "examples": [1.5] })
    }
}

/// The answer to a spin.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SpinReply {
    /// The round, as history and the transcript name it.
    pub round_id: EntryId,
    /// What the reels show.
    pub reels: [String; 3],
    /// Coins won.
    pub win_amount: Coins,
    /// What the reels pay for each coin of the stake, before the streak's bonus.
    pub multiplier: Multiplier,
    /// Three of the jackpot symbol.
    pub is_jackpot: bool,
    /// Spins without a long pause, this one included.
    pub streak: u32,
    /// Coins afterwards.
    pub balance: Coins,
    /// Gems afterwards.
    pub gems: Gems,
    /// Coins won less the stake.
    pub net_change: i64,
    /// The number of the round in the player's ledger.
    pub sequence: u64,
    /// The economy file that decided.
    pub odds_version: String,
    /// What was promised before the draw.
    pub fairness: Commitment,
    /// The session in which it was played, as it stands now.
    pub session: Option<SessionTally>,
}

/// Spins once: takes the stake, draws, pays.
///
/// # Errors
/// A stake outside the limits or beyond the balance.
pub fn spin(player: &Player, stake: Coins, round: &Round<'_>) -> Result<Decision<SpinReply>, Refusal> {
    let slot = &round.economy.slot;
    slot.rules.admit(stake)?;
    // What could be won does not help to pay for the chance of winning it.
    if player.coins < stake {
        return Err(Refusal::InsufficientFunds);
    }

    let mut next = player.clone();
    next.slot = player.slot.continued(round.now, &slot.rules);
    let seed = round.master.server_seed(player.id, player.draw.epoch);
    let outcome = draw(slot, stake, next.slot.spins, &mut seed.stream(&player.draw))?;

    let moved = Postings { coins: outcome.win_amount.credit() + stake.debit(), ..Postings::NONE };
    let promised = Commitment::under(&seed, &player.draw);
    let change = next.after_round(round.now, Action::SlotSpin(outcome.clone()), moved, round.economy)?;
    change.decide(|player, entry| SpinReply {
        round_id: entry.id(),
        win_amount: outcome.win_amount,
        multiplier: Multiplier { percent: outcome.pay_percent },
        is_jackpot: slot.is_jackpot(&outcome.reels),
        reels: outcome.reels,
        streak: outcome.streak,
        balance: player.coins,
        gems: player.gems,
        net_change: moved.coins,
        sequence: entry.number,
        odds_version: round.economy.version.clone(),
        fairness: promised,
        session: player.session_tally(GameType::Slot, round.now, round.economy),
    })
}

/// Draws a round: the whole of what is random about a spin, for the machine and for whoever checks it.
///
/// # Errors
/// A win beyond what can be counted.
pub fn draw(slot: &Slot, stake: Coins, streak: u32, stream: &mut Stream) -> Result<SlotRound, Refusal> {
    let stops: [usize; 3] = std::array::from_fn(|_| stream.pick(&slot.weights));
    let pay_percent = slot.pay_percent(stops);
    let variation = draw_variation(slot.rules.bonus.variation_basis_points, stream);
    let win = slot.win(stake, pay_percent, streak, variation);
    let reels = stops.map(|stop| slot.rules.symbols[stop].symbol.clone());
    Ok(SlotRound {
        bet_amount: stake,
        streak,
        reels,
        pay_percent,
        variation,
        win_amount: Coins::new(win).map_err(|_| Refusal::BalanceLimit)?,
    })
}

fn draw_variation(most: u32, stream: &mut Stream) -> i32 {
    let steps = NonZeroU64::MIN.saturating_add(2 * u64::from(most));
    // A variation is below 10,000 in either direction, so both conversions keep it.
    (stream.below(steps) as i64 - i64::from(most)) as i32
}

impl SlotRules {
    /// Whether the machine takes a stake.
    ///
    /// # Errors
    /// A stake outside the limits.
    pub fn admit(&self, stake: Coins) -> Result<(), Refusal> {
        let (least, most) = (self.min_bet, self.max_bet);
        if (least..=most).contains(&stake) { Ok(()) } else { Err(Refusal::StakeOutOfRange { least, most }) }
    }
}

impl Slot {
    fn is_jackpot(&self, reels: &[String; 3]) -> bool {
        reels.iter().all(|symbol| *symbol == self.rules.jackpot)
    }

    /// What three stops pay, in percent of the stake.
    pub(crate) fn pay_percent(&self, [left, middle, right]: [usize; 3]) -> u32 {
        if left == middle && middle == right {
            self.rules.symbols[middle].three_pay_percent
        } else if left == middle || middle == right {
            self.rules.two_adjacent_pays_percent
        } else {
            0
        }
    }

    /// A win in coins: the pay, raised by the streak, varied, and rounded down once.
    pub(crate) fn win(&self, stake: Coins, pay_percent: u32, streak: u32, variation: i32) -> u64 {
        let raised = 100 + u128::from(self.rules.bonus.percent(streak));
        let varied = u128::from((10_000 + variation).unsigned_abs());
        let win = u128::from(stake.get()) * u128::from(pay_percent) * raised * varied / (100 * 100 * 10_000);
        u64::try_from(win).unwrap_or(u64::MAX)
    }
}
