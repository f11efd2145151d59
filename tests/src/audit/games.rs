//! What games leave behind besides a balance: items, sessions, rewards, scores. All of it follows from the ledgers.

use std::collections::{BTreeMap, BTreeSet};

use croupier_rules::{
    board::{News, Tally},
    calendar::Calendar,
    id::{GameSessionId, PlayerId},
    ledger::{Action, Entry, GameType},
    name::ItemId,
    player::Player,
    reward::RewardType,
    session::EndedSession,
    shop::price::GrantedItem,
};
use croupier_store::{
    item::{EntryRecord, GameRecord, PlayedRecord, ScoreRecord},
    key::PLAYED_PARTS,
};

use super::shop::gain;
use crate::world::World;

/// What is kept of games, by what it is.
#[derive(Debug, Default)]
pub struct Games {
    /// How many of each item a player has.
    pub items: BTreeMap<(PlayerId, String), u64>,
    /// Sessions, and the moment at which each has to be looked at.
    pub sessions: BTreeMap<(PlayerId, GameSessionId), (GameRecord, Option<String>)>,
    /// How far each ledger is counted.
    pub tallies: BTreeMap<PlayerId, Tally>,
    /// Scores, by board and player.
    pub scores: BTreeMap<(String, PlayerId), ScoreRecord>,
    /// What everyone has played.
    pub played: BTreeMap<(String, u64), PlayedRecord>,
}

/// A ledger explains the games of its player.
pub fn audit(world: &World, player: &Player, ledger: &[EntryRecord], games: &Games) {
    let economy = &world.running().app.economy;
    let entries: Vec<_> = ledger.iter().map(|record| &record.entry).collect();
    items(player, &entries, games);
    sessions(player, &entries, games);
    rewards(player, &entries, economy);
}

fn items(player: &Player, entries: &[&Entry], games: &Games) {
    let mut won = BTreeMap::<_, u64>::new();
    let mut counts = [0; 4];
    for entry in entries {
        if let Action::GachaPull(round) = &entry.action {
            round.won().into_iter().for_each(|(item, count)| *won.entry(item.to_owned()).or_default() += count);
            counts[0] += round.pulls.len() as u64;
        }
        let mut have = |item: &ItemId, count: u64| *won.entry(item.to_string()).or_default() += count;
        match &entry.action {
            Action::Purchase(sale) => sale.grants.items.iter().for_each(|item| have(&item.item_id, item.count)),
            Action::RewardGrant(award) | Action::CampaignClaim(award) => {
                let count = u64::from(award.prize.amount.get());
                award.prize.item_id.iter().for_each(|item| have(item, count));
            }
            Action::PurchaseRefund { sale, .. } => {
                for GrantedItem { item_id, count } in &sale.grants.items {
                    *won.get_mut(item_id.as_str()).expect("an item that was granted") -= count;
                }
            }
            _ => {}
        }
    }
    let kept = games.items.iter().filter(|((owner, _), _)| *owner == player.id);
    let kept: BTreeMap<_, _> = kept.map(|((_, item), count)| (item.clone(), *count)).collect();
    assert_eq!(kept, won, "the items of {}", player.id);
    assert_eq!(player.gacha.counts.iter().sum::<u64>(), counts[0], "the pulls of {}", player.id);
}

/// Each session begins once, ends at most once, and has counted what was played in it.
fn sessions(player: &Player, entries: &[&Entry], games: &Games) {
    let mut active: Option<(GameSessionId, GameType, u64, u64, u64)> = None;
    let mut ended = BTreeMap::<GameSessionId, EndedSession>::new();
    for entry in entries {
        match &entry.action {
            Action::SessionStart { session_id, game_type, .. } => {
                assert!(active.is_none(), "two sessions at once of {}", player.id);
                active = Some((*session_id, *game_type, 0, 0, 0));
            }
            Action::SessionEnd(end) => {
                let (id, game, rounds, bet, won) = active.take().expect("a session that goes on");
                assert_eq!((end.session_id, end.game_type, end.total_rounds), (id, game, rounds), "{}", player.id);
                assert_eq!((end.total_bet.get(), end.total_win.get()), (bet, won), "{}", player.id);
                ended.insert(id, *end);
            }
            action => {
                let played = action.played().zip(active.as_mut()).filter(|(played, session)| played.game == session.1);
                if let Some((played, session)) = played {
                    session.2 += 1;
                    session.3 += played.bet.get();
                    session.4 += played.won.get();
                }
            }
        }
    }
    assert_eq!(player.session.map(|session| session.id), active.map(|session| session.0), "{}", player.id);
    let kept = games.sessions.iter().filter(|((owner, _), _)| *owner == player.id);
    let mut known = BTreeSet::new();
    for ((_, id), (record, due)) in kept {
        assert_eq!((record.player, record.session), (player.id, *id));
        assert_eq!(record.ended, ended.get(id).copied(), "{id}");
        assert_eq!(due.is_some(), record.ended.is_none(), "{id} is looked at while it goes on, and no longer");
        known.insert(*id);
    }
    let begun: BTreeSet<_> = ended.keys().copied().chain(active.map(|session| session.0)).collect();
    assert_eq!(known, begun, "the sessions of {}", player.id);
}

/// Nothing is paid twice in its period, and experience is the sum of what was gained.
fn rewards(player: &Player, entries: &[&Entry], economy: &croupier_rules::economy::Economy) {
    let (mut claims, mut days, mut gained) = (BTreeSet::new(), BTreeSet::new(), 0);
    for entry in entries {
        match &entry.action {
            Action::MissionClaim { mission_id, period, rewards } => {
                assert!(claims.insert((mission_id, period)), "{mission_id} of {period} was paid twice");
                assert_eq!(gain(entry), rewards.postings());
                gained += rewards.experience;
            }
            Action::RewardGrant(award) | Action::CampaignClaim(award) if award.prize.reward_type == RewardType::Xp => {
                gained += u64::from(award.prize.amount.get());
            }
            Action::StreakClaim { day, rewards, .. } => {
                assert!(days.insert(day), "{day} was paid twice");
                assert_eq!(gain(entry), rewards.postings());
                gained += rewards.experience;
            }
            _ => {}
        }
    }
    let filled: u64 = (1..player.level).map(|level| economy.level.needed(level)).sum();
    assert_eq!(filled + player.experience, gained, "the experience of {}", player.id);
}

/// The boards and the totals of everyone are the ledgers, counted from their beginning.
pub fn boards(ledgers: &BTreeMap<PlayerId, Vec<EntryRecord>>, games: &Games, calendar: Calendar) {
    let (mut scores, mut played) = (BTreeMap::new(), BTreeMap::<(String, u64), PlayedRecord>::new());
    for (player, ledger) in ledgers {
        let Some(kept) = games.tallies.get(player) else { panic!("the ledger of {player} was never counted") };
        let (mut tally, mut news) = (Tally::default(), News::default());
        for record in ledger {
            tally.count(&record.entry, calendar, &mut news).expect("a ledger");
        }
        tally.revision = kept.revision;
        assert_eq!(*kept, tally, "how far the ledger of {player} is counted");
        scores.extend(news.scores.into_iter().map(|(board, score)| ((board.name(), *player), score)));
        for (game, totals) in news.rounds {
            let sum = played.entry((game.name().to_owned(), player.shard(PLAYED_PARTS))).or_default();
            sum.rounds += totals.rounds;
            sum.wins += totals.wins;
            sum.bet += totals.bet.get();
            sum.won += totals.won.get();
        }
    }
    let kept: BTreeMap<_, _> = games.scores.iter().map(|(place, record)| (place.clone(), record.score)).collect();
    assert_eq!(kept, scores, "what the boards say, and what the ledgers say");
    assert!(games.scores.iter().all(|((_, player), record)| record.player == *player));
    assert_eq!(games.played, played, "what everyone has played");
}
