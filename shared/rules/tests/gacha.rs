//! The gacha against its rules on paper, against its own chain, and against what chance looks like.
#![expect(clippy::unwrap_used, reason = "a test that meets the unexpected fails")]

use std::collections::BTreeMap;

use croupier_rules::{
    Refusal,
    economy::Economy,
    fairness::{Draw, MasterKey, Stream},
    gacha::{
        self, GachaRound, Pulls, Rarity,
        odds::{Chain, GachaConfig, decimal},
    },
    id::PlayerId,
    ledger::Action,
    money::Coins,
    player::Player,
    round::Round,
    time::Timestamp,
};
use proptest::prelude::*;
use statrs::distribution::{Binomial, DiscreteCDF};

const PLAYER: PlayerId = PlayerId::new(1_700_000_000_000, 42);
const FILE: &str = include_str!("../economy.toml");

fn economy() -> Economy {
    Economy::shipped().unwrap()
}

fn master() -> MasterKey {
    MasterKey::from_secret("a key for the tests of the gacha, and for nothing else").unwrap()
}

fn stream(nonce: u64) -> Stream {
    let draw = Draw { epoch: 0, nonce, client_seed: "lucky".parse().unwrap() };
    master().server_seed(PLAYER, 0).stream(&draw)
}

fn pulls(count: u32) -> Pulls {
    Pulls::new(count).unwrap()
}

/// A table without any luck: only the guarantee gives an epic.
fn hopeless() -> Economy {
    let lucky =
        [("weight = 2,", "weight = 0,"), ("weight = 25, gives", "weight = 0, gives"), ("weight = 93,", "weight = 0,")];
    let file = lucky.iter().fold(FILE.to_owned(), |file, (from, to)| {
        // The slot machine has a weight of 2 and of 25 as well, further up.
        let (slot, gacha) = file.split_once("[gacha]").unwrap();
        assert!(gacha.contains(from), "{from}");
        format!("{slot}[gacha]{}", gacha.replace(from, to))
    });
    Economy::parse(&file.replace("weight = 650", "weight = 770")).unwrap()
}

/// A player with so many coins.
fn player_with(coins: u64, economy: &Economy) -> Player {
    let signed_up = Player::sign_up(PLAYER, false, None, now(), economy).unwrap();
    let mut json = serde_json::to_value(signed_up.player()).unwrap();
    json["coins"] = coins.into();
    serde_json::from_value(json).unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
}

#[test]
fn ten_cost_less_than_ten_singles() {
    let gacha = economy().gacha;
    let costs = [(1, 50), (9, 450), (10, 450), (12, 550), (19, 900), (20, 900), (100, 4500)];
    for (count, cost) in costs {
        assert_eq!(gacha.cost(pulls(count)).get(), cost, "{count}");
    }
}

#[test]
fn twelve_pulls_with_549_coins_do_nothing() {
    let (economy, master) = (economy(), master());
    let round = Round { now: now(), economy: &economy, master: &master };
    let poor = player_with(549, &economy);
    assert_eq!(gacha::pull(&poor, pulls(12), &round).unwrap_err(), Refusal::InsufficientFunds);
    let enough = player_with(550, &economy);
    let decision = gacha::pull(&enough, pulls(12), &round).unwrap();
    let (next, entry) = (decision.change.player(), decision.change.entry());
    assert_eq!((next.coins(), entry.moved.coins), (Coins::ZERO, -550));
    assert_eq!(next.draw.nonce, enough.draw.nonce + 1, "one round, however many pulls");
    assert_eq!(next.gacha.counts.iter().sum::<u64>(), 12);
    let Action::GachaPull(drawn) = &entry.action else { panic!("{entry:?}") };
    assert_eq!(drawn.won().values().sum::<u64>(), 12);
}

#[test]
fn the_ninetieth_pull_without_luck_gives_an_epic() {
    let gacha = hopeless().gacha;
    let at_once = gacha::draw(&gacha, pulls(100), 0, &mut stream(0)).unwrap();
    let forced: Vec<_> =
        at_once.pulls.iter().enumerate().filter(|(_, pull)| pull.pity).map(|(place, _)| place + 1).collect();
    assert_eq!(forced, [90]);
    let mut pity = 0;
    let mut forced = Vec::new();
    for call in 0..40_u64 {
        let drawn = gacha::draw(&gacha, pulls(7), pity, &mut stream(call)).unwrap();
        for (place, pull) in (1..).zip(&drawn.pulls) {
            let rarity = gacha.item(&pull.item_id).unwrap().rarity;
            assert_eq!(pull.pity, rarity == Rarity::Epic);
            pity = if pull.pity { 0 } else { pity + 1 };
            if pull.pity {
                forced.push(call * 7 + place);
            }
        }
    }
    assert_eq!(forced, [90, 180, 270], "over batches as within one");
}

#[test]
fn a_line_gives_what_the_table_says() {
    let economy = economy();
    let gives: BTreeMap<&str, Rarity> =
        economy.gacha.rules.table.iter().map(|line| (line.entry.as_str(), line.gives)).collect();
    assert_eq!(gives["Near_Miss_Epic"], Rarity::Rare);
    assert_eq!(gives["Near_Miss_Legendary"], Rarity::Epic);
    let mut seen = BTreeMap::<_, u32>::new();
    for nonce in 0..200 {
        for pull in gacha::draw(&economy.gacha, pulls(100), 0, &mut stream(nonce)).unwrap().pulls {
            let rarity = economy.gacha.item(&pull.item_id).unwrap().rarity;
            assert_eq!(rarity, if pull.pity { Rarity::Epic } else { gives[pull.entry.as_str()] });
            *seen.entry(pull.entry).or_default() += 1;
        }
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
}

#[test]
fn the_chain_is_what_fractions_say() {
    // Computed with nothing but Python's `fractions`: q = 0.88, L = sum(q**k for k in range(90)), forced = q**90 / L.
    let config = GachaConfig::of(&economy());
    assert_eq!(config.expected_pulls_to_guaranteed, "8.333249337209");
    assert_eq!(config.guarantee_percent, "0.000120955638");
    let rates: Vec<_> = config.rates.iter().map(|rate| rate.effective_percent.as_str()).collect();
    assert_eq!(rates, ["64.999910657767", "22.999968386595", "11.800120955638", "0.2"]);
    let table: Vec<_> = config.rates.iter().map(|rate| rate.table_percent.as_str()).collect();
    assert_eq!(table, ["65", "23", "11.8", "0.2"]);
}

#[test]
fn the_shares_of_a_chain_add_up_to_one() {
    for economy in [economy(), hopeless()] {
        let chain = Chain::of(&economy.gacha);
        assert_eq!(decimal(&chain.rarities.iter().sum()), "1");
        let lines: num_rational::BigRational = chain.lines.iter().sum();
        let unlucky: num_rational::BigRational = num_rational::BigRational::from_integer(1.into()) - &lines;
        assert_eq!(unlucky, chain.forced, "what no line of the table decides, the guarantee does");
    }
    let hopeless = Chain::of(&hopeless().gacha);
    assert_eq!(
        (decimal(&hopeless.expected_pulls), decimal(&(hopeless.forced * num_bigint::BigInt::from(90)))),
        ("90".into(), "1".into())
    );
}

#[test]
fn another_weight_changes_the_page_the_chain_and_the_draws() {
    let (slot, gacha) = FILE.split_once("[gacha]").unwrap();
    let richer = gacha.replace("entry = \"Legendary\", weight = 2,", "entry = \"Legendary\", weight = 202,");
    let richer = richer.replace("weight = 650", "weight = 450");
    let (before, after) = (economy(), Economy::parse(&format!("{slot}[gacha]{richer}")).unwrap());
    let legendary = |economy: &Economy| GachaConfig::of(economy).rates[3].effective_percent.clone();
    assert_eq!((legendary(&before), legendary(&after)), ("0.2".to_owned(), "20.2".to_owned()));
    let drawn = |economy: &Economy| {
        let rounds = (0..50).map(|nonce| gacha::draw(&economy.gacha, pulls(100), 0, &mut stream(nonce)).unwrap());
        rounds.flat_map(|round: GachaRound| round.pulls).filter(|pull| pull.entry == "Legendary").count()
    };
    assert!(drawn(&before) < 40 && drawn(&after) > 800, "{} and {}", drawn(&before), drawn(&after));
    assert_ne!(
        GachaConfig::of(&before).expected_pulls_to_guaranteed,
        GachaConfig::of(&after).expected_pulls_to_guaranteed
    );
}

#[test]
fn a_million_pulls_lie_in_the_band_of_the_chain() {
    const PULLS: u64 = 1_000_000;
    let economy = economy();
    let (mut lines, mut rarities) = (BTreeMap::<String, u64>::new(), [0_u64; 4]);
    let mut pity = 0;
    for nonce in 0..PULLS / 100 {
        let drawn = gacha::draw(&economy.gacha, pulls(100), pity, &mut stream(nonce)).unwrap();
        for pull in drawn.pulls {
            let rarity = economy.gacha.item(&pull.item_id).unwrap().rarity;
            pity = if rarity >= Rarity::Epic { 0 } else { pity + 1 };
            rarities[rarity as usize] += 1;
            *lines.entry(pull.entry).or_default() += 1;
        }
    }
    let config = GachaConfig::of(&economy);
    let of_rarities = config
        .rates
        .iter()
        .map(|rate| (format!("{:?}", rate.rarity), rate.effective_percent.clone(), rarities[rate.rarity as usize]));
    let of_lines =
        config.table.iter().map(|line| (line.entry.clone(), line.effective_percent.clone(), lines[&line.entry]));
    for (name, percent, seen) in of_rarities.chain(of_lines) {
        let share = percent.parse::<f64>().unwrap() / 100.0;
        // Ten bands at once, each so wide that all of them together hold 99 of 100 times.
        let band = Binomial::new(share, PULLS).unwrap();
        let (least, most) = (band.inverse_cdf(0.0005), band.inverse_cdf(0.9995));
        assert!((least..=most).contains(&seen), "{name}: {seen} is not from {least} to {most}");
    }
}

proptest! {
    #[test]
    fn the_counter_follows_from_the_pulls_whatever_the_batches(batches in prop::collection::vec(1_u32..=100, 1..20)) {
        let (economy, master) = (economy(), master());
        let round = Round { now: now(), economy: &economy, master: &master };
        let mut player = player_with(1_000_000, &economy);
        let (mut missed, mut counts, mut paid) = (0, [0_u64; 4], 0);
        for batch in batches {
            let decision = gacha::pull(&player, pulls(batch), &round).unwrap();
            let Action::GachaPull(drawn) = &decision.change.entry().action else { panic!("no pulls") };
            prop_assert_eq!(drawn.pity, missed);
            for pull in &drawn.pulls {
                let rarity = economy.gacha.item(&pull.item_id).unwrap().rarity;
                prop_assert!(missed < 90);
                missed = if rarity >= Rarity::Epic { 0 } else { missed + 1 };
                counts[rarity as usize] += 1;
            }
            paid += decision.reply.cost.get();
            prop_assert_eq!(decision.reply.pity.count, missed);
            prop_assert_eq!(decision.reply.pity.until_guarantee, 90 - missed);
            player = decision.change.player().clone();
        }
        prop_assert_eq!(player.gacha.counts, counts);
        prop_assert_eq!((player.gacha.pity, player.coins().get()), (missed, 1_000_000 - paid));
    }
}
