//! Sessions, missions, levels and streaks, in days and weeks that begin where the operator says.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected fails")]

use std::{collections::BTreeMap, time::Duration};

use croupier_rules::{
    Refusal,
    board::{Board, Metric, News, Span, Tally},
    calendar::{Calendar, GameDay},
    economy::Economy,
    fairness::MasterKey,
    gacha::{self, Pulls},
    id::{GameSessionId, PlayerId},
    ledger::{Entry, GameType},
    mission,
    money::Coins,
    player::Player,
    round::{Moment, Round},
    session, slot, streak,
    time::Timestamp,
};
use proptest::prelude::*;

const PLAYER: PlayerId = PlayerId::new(1_700_000_000_000, 42);
const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;

/// A player who plays, and all that was written about it.
struct Table {
    economy: Economy,
    master: MasterKey,
    now: Timestamp,
    player: Player,
    entries: Vec<Entry>,
}

impl Table {
    fn opened(at: &str, offset: i32) -> Self {
        let economy = Economy { calendar: Calendar::beginning_at(offset).unwrap(), ..Economy::shipped().unwrap() };
        let now = at.parse().unwrap();
        let signed_up = Player::sign_up(PLAYER, false, None, now, &economy).unwrap();
        let mut json = serde_json::to_value(signed_up.player()).unwrap();
        json["coins"] = 10_000_000.into();
        let player = serde_json::from_value(json).unwrap();
        let master = MasterKey::from_secret("a key for the tests of progress, and for nothing else").unwrap();
        Self { economy, master, now, player, entries: vec![signed_up.entry().clone()] }
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
    }

    fn moment(&self) -> Moment<'_> {
        Moment { now: self.now, economy: &self.economy }
    }

    fn commit<R>(&mut self, decision: Result<croupier_rules::ledger::Decision<R>, Refusal>) -> Result<R, Refusal> {
        let decision = decision?;
        self.player = decision.change.player().clone();
        self.entries.push(decision.change.entry().clone());
        Ok(decision.reply)
    }

    fn spin(&mut self) -> slot::SpinReply {
        let round = Round { now: self.now, economy: &self.economy, master: &self.master };
        let decision = slot::spin(&self.player, Coins::new(10).unwrap(), &round);
        self.commit(decision).unwrap()
    }

    fn pull(&mut self) {
        let round = Round { now: self.now, economy: &self.economy, master: &self.master };
        let decision = gacha::pull(&self.player, Pulls::new(1).unwrap(), &round);
        self.commit(decision).unwrap();
    }

    fn start(&mut self, number: u128) -> Result<session::SessionView, Refusal> {
        let id = GameSessionId::new(1, number);
        let decision = session::start(&self.player, id, GameType::Slot, None, self.moment());
        self.commit(decision)
    }

    fn end(&mut self, number: Option<u128>) -> Result<session::SessionSummary, Refusal> {
        let id = number.map(|number| GameSessionId::new(1, number));
        let decision = session::end(&self.player, id, self.moment());
        self.commit(decision)
    }

    fn claim(&mut self, id: &str) -> Result<mission::ClaimReply, Refusal> {
        let decision = mission::claim(&self.player, id, self.moment());
        self.commit(decision)
    }

    fn claim_streak(&mut self) -> Result<streak::StreakReply, Refusal> {
        let decision = streak::claim(&self.player, self.moment());
        self.commit(decision)
    }

    fn progress(&self, id: &str) -> (u32, bool, bool) {
        let views = mission::views(&self.player, self.now, &self.economy);
        let view = views.into_iter().find(|view| view.id == id).unwrap();
        (view.progress, view.completed, view.claimed)
    }

    /// Plays until this many rounds have paid.
    fn win(&mut self, wins: u32) {
        let mut won = 0;
        while won < wins {
            won += u32::from(self.spin().win_amount > Coins::ZERO);
        }
    }
}

fn written<T: serde::Serialize>(value: T) -> String {
    serde_json::to_string(&value).unwrap()
}

#[test]
fn a_session_counts_the_rounds_of_its_game_and_no_others() {
    let mut table = Table::opened("2026-11-22T12:00:00Z", 0);
    table.spin();
    table.start(1).unwrap();
    assert_eq!(table.start(2), Err(Refusal::SessionActive));
    let mut won = 0;
    for _ in 0..4 {
        table.pass(90);
        won += table.spin().win_amount.get();
    }
    table.pull();
    table.pass(40);
    assert_eq!(table.end(Some(2)), Err(Refusal::NoSession));
    let summary = table.end(Some(1)).unwrap();
    assert_eq!((summary.total_rounds, summary.total_bet.get(), summary.total_win.get()), (4, 40, won));
    assert_eq!((written(summary.duration), written(summary.average_round_seconds)), ("400.0".into(), "100.0".into()));
    let net = i64::try_from(won).unwrap() - 40;
    assert_eq!((summary.net, summary.roi.of, summary.roi.to), (net, net, 40));
    assert_eq!(table.end(Some(1)), Err(Refusal::NoSession), "it ends once");
    assert!(table.player.session.is_none());
}

#[test]
fn a_session_without_a_round_comes_to_nothing() {
    let mut table = Table::opened("2026-11-22T12:00:00Z", 0);
    table.start(1).unwrap();
    table.pass(7);
    let summary = table.end(Some(1)).unwrap();
    let numbers = [written(summary.roi), written(summary.average_round_seconds), written(summary.duration)];
    assert_eq!(numbers, ["0.0", "0.0", "7.0"]);
}

#[test]
fn thirty_idle_minutes_end_a_session_with_the_same_numbers_whenever_it_is_noticed() {
    let ended = |late: u64| {
        let mut table = Table::opened("2026-11-22T12:00:00Z", 0);
        table.start(1).unwrap();
        table.pass(10 * MINUTE);
        table.spin();
        table.pass(30 * MINUTE - 1);
        assert_eq!(table.end(None), Err(Refusal::NoSession), "not yet");
        table.pass(1 + late);
        assert!(table.player.session_view(table.now, &table.economy).is_none());
        table.end(None).unwrap()
    };
    assert_eq!(ended(0), ended(3 * DAY));
    assert_eq!(written(ended(5).duration), "2400.0");
}

#[test]
fn a_round_after_thirty_idle_minutes_is_not_counted_into_the_session() {
    let mut table = Table::opened("2026-11-22T12:00:00Z", 0);
    table.start(1).unwrap();
    table.pass(30 * MINUTE);
    assert!(table.spin().session.is_none());
    assert_eq!(table.end(None).unwrap().total_rounds, 0);
}

#[test]
fn missions_follow_from_play_and_are_paid_once_in_their_period() {
    let mut table = Table::opened("2026-11-23T23:00:00Z", 0);
    assert_eq!(table.progress("first_play"), (0, false, false));
    assert_eq!(table.claim("first_play").unwrap_err(), Refusal::NotCompleted);
    assert_eq!(table.claim("no_such").unwrap_err(), Refusal::NoMission);
    table.pull();
    assert_eq!(
        (table.progress("first_play").0, table.progress("slot_master").0),
        (1, 0),
        "a pull is a round and no spin"
    );
    table.win(3);
    let before = table.player.clone();
    let paid = table.claim("joy_of_winning").unwrap();
    assert_eq!((paid.balance.get(), paid.experience), (before.coins().get() + 1000, 100));
    assert_eq!(table.claim("joy_of_winning").unwrap_err(), Refusal::AlreadyClaimed);
    assert_eq!(table.progress("joy_of_winning"), (3, true, true));
    table.pass(3600);
    assert_eq!(table.progress("joy_of_winning"), (0, false, false), "a new day");
    let weekly = table.progress("weekly_challenge").0;
    assert!(weekly > 0, "the same week");
    table.pass(6 * DAY);
    assert_eq!(table.progress("weekly_challenge").0, 0, "a new week");
}

#[test]
fn what_is_completed_and_not_claimed_in_time_is_gone() {
    let mut table = Table::opened("2026-11-22T23:59:59Z", 0);
    table.spin();
    table.pass(1);
    assert_eq!(table.claim("first_play").unwrap_err(), Refusal::NotCompleted);
}

#[test]
fn a_clock_that_goes_back_gives_nothing_twice() {
    let mut table = Table::opened("2026-11-22T23:59:59Z", 0);
    table.pass(1);
    table.spin();
    table.claim("first_play").unwrap();
    table.claim_streak().unwrap();
    table.now = "2026-11-22T23:59:59Z".parse().unwrap();
    assert_eq!(table.claim("first_play").unwrap_err(), Refusal::AlreadyClaimed);
    assert_eq!(table.claim_streak().unwrap_err(), Refusal::AlreadyClaimed);
}

#[test]
fn experience_fills_one_level_after_the_other() {
    let mut table = Table::opened("2026-11-02T12:00:00Z", 0);
    let mut gained = 0;
    for _ in 0..30 {
        table.win(3);
        for id in ["first_play", "joy_of_winning"] {
            table.claim(id).unwrap();
        }
        gained += 110 + table.claim_streak().unwrap().rewards.experience;
        table.pass(DAY);
    }
    let filled: u64 = (1..table.player.level).map(|level| table.economy.level.needed(level)).sum();
    assert_eq!(filled + table.player.experience, gained);
    assert!(table.player.level > 3 && table.player.experience < table.economy.level.needed(table.player.level));
}

proptest! {
    #[test]
    fn a_day_of_the_game_pays_once_wherever_it_begins(
        offset in -1439_i32..=1439,
        pauses in prop::collection::vec(0_u64..3 * DAY, 1..40),
    ) {
        let mut table = Table::opened("2026-02-26T03:14:15Z", offset);
        let (mut first_plays, mut streaks) = (BTreeMap::new(), BTreeMap::new());
        for pause in pauses {
            table.pass(pause);
            table.spin();
            let day = table.economy.calendar.day(table.now);
            *first_plays.entry(day).or_insert(0) += u32::from(table.claim("first_play").is_ok());
            *streaks.entry(day).or_insert(0) += u32::from(table.claim_streak().is_ok());
        }
        prop_assert!(first_plays.values().all(|paid| *paid == 1), "{first_plays:?}");
        prop_assert!(streaks.values().all(|paid| *paid == 1), "{streaks:?}");
        prop_assert_eq!(table.player.totals.days as usize, first_plays.len());
    }

    #[test]
    fn a_streak_is_what_its_days_say(offset in -1439_i32..=1439, gaps in prop::collection::vec(1_i32..5, 1..60)) {
        let mut table = Table::opened("2026-02-26T03:14:15Z", offset);
        let (mut day, mut last, mut days, mut forgiven) = (0_i32, None::<i32>, 0_u32, None::<i32>);
        for gap in gaps {
            day += gap;
            table.pass(u64::from(gap.unsigned_abs()) * DAY);
            let forgives = forgiven.is_none_or(|before| day - 1 - before >= 7);
            days = match last.map(|last| day - last) {
                Some(1) => days + 1,
                Some(2) if forgives => {
                    forgiven = Some(day - 1);
                    days + 1
                }
                _ => 1,
            };
            last = Some(day);
            let shown = streak::view(&table.player, table.now, &table.economy);
            prop_assert_eq!((shown.next_day, shown.claimed_today), (days, false));
            let paid = table.claim_streak().unwrap();
            prop_assert_eq!((paid.days, paid.rewards), (days, shown.next_rewards));
        }
    }

    #[test]
    fn a_board_counted_in_any_portions_is_what_a_sum_over_the_ledger_says(
        pauses in prop::collection::vec(0_u64..2 * DAY, 1..40),
        portions in prop::collection::vec(1_usize..7, 40),
    ) {
        let mut table = Table::opened("2026-12-30T03:14:15Z", 0);
        for pause in pauses {
            table.pass(pause);
            table.spin();
        }
        let (mut scores, mut tally) = (BTreeMap::new(), Tally::default());
        let mut rest = table.entries.as_slice();
        for portion in portions {
            let (some, others) = rest.split_at(portion.min(rest.len()));
            rest = others;
            let mut news = News::default();
            for entry in some {
                tally.count(entry, table.economy.calendar, &mut news).unwrap();
            }
            scores.extend(news.scores);
        }
        prop_assert!(rest.is_empty());
        let by_hand = |span: Span, day: GameDay, metric: Metric| {
            let of_span = table.entries.iter().filter(|entry| {
                let board = |day| Board::on(GameType::Slot, metric, span, day);
                board(table.economy.calendar.day(entry.at)) == board(day)
            });
            let played: Vec<_> = of_span.filter_map(|entry| entry.action.played()).collect();
            let (bet, won) = played.iter().fold((0, 0), |(bet, won), p| (bet + p.bet.credit(), won + p.won.credit()));
            match metric {
                Metric::Net => won - bet,
                Metric::Win => won,
                Metric::Biggest => played.iter().map(|p| p.won.credit()).max().unwrap_or(0),
            }
        };
        let days: std::collections::BTreeSet<_> = table.entries.iter().map(|e| table.economy.calendar.day(e.at)).collect();
        for span in [Span::Daily, Span::Weekly, Span::All] {
            for (day, metric) in days.iter().flat_map(|day| Metric::ALL.map(|metric| (*day, metric))) {
                let counted = scores.get(&Board::on(GameType::Slot, metric, span, day)).copied().unwrap_or(0);
                prop_assert_eq!(counted, by_hand(span, day, metric), "{:?} {:?} {}", span, metric, day);
            }
        }
    }
}
