//! The audit of a whole table: whatever was played, nothing may be lost, made or unexplained.

mod events;
mod games;
mod shop;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use croupier_localstack::table::TABLE;
use croupier_rules::{
    account::{Invite, Session},
    admin::{AdminAction, AuditEntry, Standing},
    event::Topic,
    gacha::{self, Pulls, Rarity},
    id::PlayerId,
    ledger::{Action, Entry, Hash},
    money::{Coins, Debt, Gems, Postings},
    player::{Player, Rank},
    shop::purchase::Purchase,
    slot,
    totals::Totals,
};
use croupier_store::{
    item::{Claim, Connection, EntryRecord, GameRecord, Item, ItemRecord, Login, Profile, ScoreRecord, decode},
    key::{NAME, SHARDS, SHELF},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::{
    games::Games,
    shop::{Shop, gain},
};
use crate::world::World;

/// Everything in a table, by what it is.
#[derive(Debug, Default)]
pub struct Books {
    /// Players.
    pub players: BTreeMap<PlayerId, Player>,
    /// Their ledgers, in order.
    pub ledgers: BTreeMap<PlayerId, Vec<EntryRecord>>,
    profiles: BTreeMap<PlayerId, Profile>,
    sessions: Vec<(PlayerId, Session)>,
    logins: HashMap<String, Login>,
    nicknames: HashMap<String, Claim>,
    phones: HashMap<String, Claim>,
    invites: Vec<Invite>,
    operators: Vec<AuditEntry>,
    games: Games,
    shop: Shop,
    connections: BTreeSet<String>,
    sockets: BTreeSet<String>,
}

impl Books {
    /// Purchases that are not over.
    pub fn open_purchases(&self) -> Vec<&Purchase> {
        self.shop.purchases.values().filter(|purchase| !purchase.is_over()).collect()
    }
}

/// Reads a whole table.
pub async fn books(world: &World) -> Books {
    let mut books = Books::default();
    #[expect(clippy::disallowed_methods, reason = "an audit reads everything")]
    let scan = world.running().table.scan().table_name(TABLE).consistent_read(true);
    let items = scan.into_paginator().items().send().try_collect().await.expect("the whole table");
    for item in items {
        books.file(item);
    }
    for ledger in books.ledgers.values_mut() {
        ledger.sort_by_key(|record| record.entry.number);
    }
    books
}

/// Audits a world.
pub async fn audit(world: &World) {
    world.catch_up().await;
    let books = books(world).await;
    assert_eq!(books.ledgers.keys().collect::<Vec<_>>(), books.players.keys().collect::<Vec<_>>());
    for (id, player) in &books.players {
        balance(world, player, &books.ledgers[id]);
        games::audit(world, player, &books.ledgers[id], &books.games);
    }
    games::boards(&books.ledgers, &books.games, world.running().app.economy.calendar);
    shop::audit(&books.ledgers, &books.shop);
    books.names_are_claimed_both_ways();
    books.invites_are_counted();
    books.operators_explain_players();
    books.operators_explain_invites();
    for (player, session) in &books.sessions {
        assert!(books.profiles[player].sessions.contains(&session.id), "{} is not among its player's", session.id);
    }
    for profile in books.profiles.values() {
        assert!(profile.sessions.len() <= 5, "{} has too many sessions", profile.site_id);
    }
    assert_eq!(books.connections, books.sockets, "a socket is known by its player and by its name");
    events::audit(world, &books).await;
    let dead = world.running().queues.dead().filter(|(_, queue)| !queue.bodies().is_empty());
    assert_eq!(dead.map(|(name, _)| name).collect::<Vec<_>>(), [""; 0], "somebody has left something behind");
}

/// A player's ledger explains the player: without a gap, to the coin, link by link, draw by draw.
fn balance(world: &World, player: &Player, ledger: &[EntryRecord]) {
    let app = &world.running().app;
    let master = app.seeds.as_ref().expect("a master key");
    let (mut coins, mut gems, mut head) = (Coins::ZERO, Gems::ZERO, Hash::genesis(player.id));
    let mut debt = Debt::default();
    let (mut epoch, mut nonce, mut pity, mut totals) = (0, 0, 0, Totals::default());
    for (place, EntryRecord { entry, reply, .. }) in ledger.iter().enumerate() {
        let context = format!("entry {} of {}", entry.number, player.id);
        assert_eq!(entry.number, place as u64 + 1, "a gap before {context}");
        assert_eq!(entry.player, player.id, "{context}");
        assert_eq!(entry.previous, head, "the chain is broken at {context}");
        coins = coins.changed_by(entry.moved.coins).expect("coins");
        gems = gems.changed_by(entry.moved.gems).expect("gems");
        debt = debt.changed_by(entry.owed).expect("a debt");
        assert_eq!((entry.coins, entry.gems, entry.debt), (coins, gems, debt), "{context}");
        let owes = debt.coins > Coins::ZERO && coins > Coins::ZERO || debt.gems > Gems::ZERO && gems > Gems::ZERO;
        assert!(!owes, "a debt that could have been paid: {context}");
        match &entry.action {
            Action::Signup { .. } => assert_eq!(entry.number, 1, "{context}"),
            Action::FairnessRotate { epoch: next, .. } => {
                assert_eq!(*next, epoch + 1, "{context}");
                (epoch, nonce) = (*next, 0);
            }
            Action::SlotSpin(round) => {
                let draw = entry.draw.as_ref().expect("a round draws");
                assert_eq!((draw.epoch, draw.nonce), (epoch, nonce), "a draw was skipped or used twice: {context}");
                nonce += 1;
                let mut stream = master.server_seed(player.id, epoch).stream(draw);
                let again =
                    slot::draw(&app.economy.slot, round.bet_amount, round.streak, &mut stream).expect("a round");
                assert_eq!(again, *round, "{context}");
                assert_eq!(gain(entry).coins, round.win_amount.credit() + round.bet_amount.debit(), "{context}");
            }
            Action::GachaPull(round) => {
                let draw = entry.draw.as_ref().expect("a round draws");
                assert_eq!((draw.epoch, draw.nonce, round.pity), (epoch, nonce, pity), "{context}");
                nonce += 1;
                let mut stream = master.server_seed(player.id, epoch).stream(draw);
                let pulls = Pulls::new(u32::try_from(round.pulls.len()).expect("few")).expect("at most a hundred");
                let again = gacha::draw(&app.economy.gacha, pulls, pity, &mut stream).expect("a round");
                assert_eq!(again, *round, "{context}");
                assert_eq!(entry.moved.coins, round.cost.debit(), "{context}");
                for pull in &round.pulls {
                    let rarity = app.economy.gacha.item(&pull.item_id).expect("an item").rarity;
                    pity = if rarity >= Rarity::GUARANTEED { 0 } else { pity + 1 };
                }
            }
            Action::SessionStart { .. }
            | Action::SessionEnd(_)
            | Action::HoldCreate { .. }
            | Action::HoldRelease { .. }
            | Action::PurchaseStart(_)
            | Action::PurchaseFail { .. } => {
                assert_eq!(entry.moved, Postings::NONE, "{context}");
            }
            // What they pay is looked at below, all of it together.
            _ => {}
        }
        if let Some(played) = entry.action.played() {
            totals.count(played, app.economy.calendar.day(entry.at)).expect("totals");
        }
        reply_agrees(entry, reply);
        head = entry.hash().expect("a hash");
    }
    assert_eq!((player.coins(), player.gems(), player.debt()), (coins, gems, debt), "{}", player.id);
    assert_eq!((player.entries(), player.head()), (ledger.len() as u64, head), "{}", player.id);
    assert_eq!((player.draw.epoch, player.draw.nonce, player.gacha.pity), (epoch, nonce, pity), "{}", player.id);
    assert_eq!(player.totals, totals, "what {} has played", player.id);
}

fn reply_agrees(entry: &Entry, reply: &str) {
    if matches!(entry.action, Action::Signup { .. }) {
        return;
    }
    let reply: Value = serde_json::from_str(reply).expect("a reply");
    if let Some(sequence) = reply.get("sequence") {
        assert_eq!(*sequence, entry.number);
    }
    if let Some(balance) = reply.get("balance") {
        assert_eq!(*balance, entry.coins.get());
    }
}

impl Books {
    fn file(&mut self, item: Item) {
        let text = |name: &str| item.get(name).map(|value| value.as_s().expect("a text").clone());
        let (pk, sk, place) = (text("pk").expect("a key"), text("sk").expect("a key"), text(SHELF).zip(text(NAME)));
        let listed = self.keep(&pk, &sk, item);
        assert_eq!(place, listed, "where the directory lists {pk} {sk}");
    }

    /// Keeps an item; tells on which shelf of the directory it stands, and under which name.
    fn keep(&mut self, pk: &str, sk: &str, item: Item) -> Option<(String, String)> {
        let (kind, name) = pk.split_once('#').expect("a kind");
        let on_its_shelf = || Some((format!("{kind}#{}", name.chars().next().expect("a letter")), name.to_owned()));
        let name = name.to_owned();
        match (kind, sk.split('#').next().expect("a kind")) {
            ("PLAYER", "PLAYER") => {
                let player: Player = read(item);
                self.players.insert(player.id, player);
            }
            ("PLAYER", "PROFILE") => {
                self.profiles.insert(id(&name), read(item));
                return Some((format!("JOINED#{}", id(&name).at().year()), name));
            }
            ("PLAYER", "TX") => self.ledgers.entry(id(&name)).or_default().push(read(item)),
            ("PLAYER", "SESSION") => self.sessions.push((id(&name), read(item))),
            ("PLAYER", "CONN") => {
                let connection: Connection = read(item);
                assert_eq!(connection.player, id(&name));
                self.connections.insert(format!("{name} {}", connection.connection));
            }
            ("PLAYER", "ITEM") => {
                let ItemRecord { count } = read(item);
                self.games.items.insert((id(&name), sk["ITEM#".len()..].to_owned()), count);
            }
            ("PLAYER", "GAME") => {
                let text = |name: &str| item.get(name).map(|value| value.as_s().expect("a text").clone());
                let due = text(SHELF).zip(text(NAME));
                let record: GameRecord = read(item);
                assert_eq!(format!("GAME#{}", record.session), sk);
                let moment = due.as_ref().map(|(shelf, name)| {
                    assert_eq!(shelf, "DUE");
                    name.strip_suffix(&format!("#{}", record.session)).expect("a moment").to_owned()
                });
                self.games.sessions.insert((id(&name), record.session), (record, moment));
                return due;
            }
            ("PLAYER", "PURCHASE" | "BOUGHT" | "PROMO" | "REWARD" | "CLAIM" | "KEY")
            | ("PRODUCT" | "LIMITED" | "PROMO" | "CAMPAIGN", "TERMS")
            | ("NUMBER", "CLAIM")
            | ("SALES", _)
            | ("NOTICE", "NOTICE") => return self.shop.keep(kind, &name, sk, item),
            ("PLAYER", "PROJECTED") => {
                self.games.tallies.insert(id(&name), read(item));
            }
            ("BOARD", _) => {
                let (board, shard) = name.rsplit_once('#').expect("a shard");
                let record: ScoreRecord = read(item);
                assert_eq!(record.player.shard(SHARDS).to_string(), shard);
                self.games.scores.insert((board.to_owned(), id(sk)), record);
            }
            ("PLAYED", "TOTALS") => {
                let (game, shard) = name.split_once('#').expect("a shard");
                self.games.played.insert((game.to_owned(), shard.parse().expect("a number")), read(item));
            }
            ("SOCKET", "SOCKET") => {
                let connection: Connection = read(item);
                self.sockets.insert(format!("{} {name}", connection.player));
            }
            ("SITE", "LOGIN") => {
                self.logins.insert(name.clone(), read(item));
                return on_its_shelf();
            }
            ("NICKNAME", "CLAIM") => {
                self.nicknames.insert(name.clone(), read(item));
                return on_its_shelf();
            }
            ("PHONE", "CLAIM") => {
                self.phones.insert(name, read(item));
            }
            ("INVITE", "CODE") => {
                let invite: Invite = read(item);
                let made = invite.created_at.map(|at| at.to_string()).unwrap_or_default();
                let listed = ("INVITES".to_owned(), format!("{made}#{}", invite.code));
                self.invites.push(invite);
                return Some(listed);
            }
            ("AUDIT", _) => {
                let entry: AuditEntry = read(item);
                assert_eq!((entry.id.to_string(), entry.id.at()), (sk.to_owned(), entry.at));
                assert_eq!(entry.at.year().to_string(), name, "{} is in another year's partition", entry.id);
                self.operators.push(entry);
            }
            ("SITE", "ATTEMPTS") | ("TICKET", "TICKET") => {}
            other => panic!("nobody knows what {other:?} is"),
        }
        None
    }

    fn names_are_claimed_both_ways(&self) {
        assert_eq!(self.profiles.len(), self.players.len());
        assert_eq!(self.logins.len(), self.players.len(), "a site id is claimed by nobody, or twice");
        assert_eq!(self.nicknames.len(), self.players.len(), "a nickname is claimed by nobody, or twice");
        for (player, profile) in &self.profiles {
            assert_eq!(self.logins[&profile.site_id.folded()].player, *player);
            assert_eq!(self.nicknames[&profile.nickname.folded()].player, *player);
            if let Some(phone) = &profile.phone_number {
                assert_eq!(self.phones[phone.folded()].player, *player);
            }
        }
        let with_phone = self.profiles.values().filter(|profile| profile.phone_number.is_some()).count();
        assert_eq!(self.phones.len(), with_phone);
    }

    fn invites_are_counted(&self) {
        for invite in &self.invites {
            let let_in = self.ledgers.values().filter(|ledger| {
                matches!(&ledger[0].entry.action, Action::Signup { invite: Some(code) } if *code == invite.code)
            });
            assert_eq!(let_in.count(), invite.used as usize, "invite {}", invite.code);
            assert!(invite.max_uses.is_none_or(|most| invite.used <= most), "invite {}", invite.code);
        }
    }

    /// What operators did to something, or do not: without anything else.
    fn done(&self, action: AdminAction, target: &str) -> Vec<&AuditEntry> {
        self.operators.iter().filter(|entry| entry.action == action && entry.target == target).collect()
    }

    /// Ranks, locks and forced logouts are what operators did; each of them and each entry of the ledger is one write.
    fn operators_explain_players(&self) {
        for (id, player) in &self.players {
            let target = id.to_string();
            let updates = self.done(AdminAction::UserUpdate, &target);
            let logouts = self.done(AdminAction::UserLogout, &target);
            assert_eq!(logouts.len(), player.session_epoch as usize, "forced logouts of {id}");
            let writes = self.ledgers[id].len() + updates.len() + logouts.len();
            assert_eq!(player.revision(), writes as u64, "{id} was written by nobody");
            // From how everyone begins to how the player is, each step begins where another ended. Those of one moment
            // are in no order.
            assert!(updates.iter().all(|entry| entry.before != entry.after), "nothing was changed: {updates:?}");
            let [begin, now] =
                [Standing { rank: Rank::Standard, is_active: true }, player.standing()].map(|at| json!(at));
            let mut ends: BTreeMap<String, i32> = BTreeMap::new();
            for (from, to) in updates.iter().map(|entry| (&entry.before, &entry.after)).chain([(&now, &begin)]) {
                *ends.entry(from.to_string()).or_default() -= 1;
                *ends.entry(to.to_string()).or_default() += 1;
            }
            assert!(ends.values().all(|open| *open == 0), "{id} is {now}, and operators say otherwise: {updates:?}");
        }
    }

    /// Invites are made and switched off by operators, but for those that were there at the beginning.
    fn operators_explain_invites(&self) {
        for invite in &self.invites {
            let code = invite.code.to_string();
            let makers: Vec<_> =
                self.done(AdminAction::InviteGenerate, &code).iter().map(|entry| entry.actor).collect();
            assert_eq!(makers, Vec::from_iter(invite.created_by), "who made {code}");
            let switched_off = self.done(AdminAction::InviteDeactivate, &code).len();
            if invite.active || invite.created_by.is_some() {
                assert_eq!(switched_off, usize::from(!invite.active), "how {code} was switched off");
            }
            assert!(switched_off <= 1, "{code} was switched off twice");
        }
        for AuditEntry { id, actor, target, .. } in &self.operators {
            assert!(self.players.get(actor).is_some_and(|actor| actor.admin), "{id} is by no admin");
            let is_player = target.parse().is_ok_and(|target| self.players.contains_key(&target));
            let is_invite = self.invites.iter().any(|invite| invite.code.as_str() == target);
            let is_topic = Topic::ALL.iter().any(|topic| topic.name() == target);
            assert!(is_player || is_invite || is_topic || self.shop.has(target), "{id} is about nothing");
        }
    }
}

fn read<T: DeserializeOwned>(item: Item) -> T {
    decode(item).expect("what this version writes")
}

fn id(name: &str) -> PlayerId {
    name.parse().expect("a player's id")
}
