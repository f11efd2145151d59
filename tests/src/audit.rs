//! The audit of a whole table: whatever was played, nothing may be lost, made or unexplained.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use croupier_localstack::table::TABLE;
use croupier_rules::{
    account::{Invite, Session},
    id::PlayerId,
    ledger::{Action, Entry, Hash},
    money::{Coins, Gems},
    player::Player,
    slot,
};
use croupier_store::item::{Claim, Connection, EntryRecord, Item, Login, Profile, decode};
use serde::de::DeserializeOwned;
use serde_json::Value;

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
    connections: BTreeSet<String>,
    sockets: BTreeSet<String>,
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
    let books = books(world).await;
    assert_eq!(books.ledgers.keys().collect::<Vec<_>>(), books.players.keys().collect::<Vec<_>>());
    for (id, player) in &books.players {
        balance(world, player, &books.ledgers[id]);
    }
    books.names_are_claimed_both_ways();
    books.invites_are_counted();
    for (player, session) in &books.sessions {
        assert!(books.profiles[player].sessions.contains(&session.id), "{} is not among its player's", session.id);
    }
    for profile in books.profiles.values() {
        assert!(profile.sessions.len() <= 5, "{} has too many sessions", profile.site_id);
    }
    assert_eq!(books.connections, books.sockets, "a socket is known by its player and by its name");
    assert!(world.running().reader.dead.lock().unwrap().is_empty(), "the stream has left something behind");
}

/// A player's ledger explains the player: without a gap, to the coin, link by link, draw by draw.
fn balance(world: &World, player: &Player, ledger: &[EntryRecord]) {
    let app = &world.running().app;
    let master = app.seeds.as_ref().expect("a master key");
    let (mut coins, mut gems, mut head) = (Coins::ZERO, Gems::ZERO, Hash::genesis(player.id));
    let (mut epoch, mut nonce) = (0, 0);
    for (place, EntryRecord { entry, reply, .. }) in ledger.iter().enumerate() {
        let context = format!("entry {} of {}", entry.number, player.id);
        assert_eq!(entry.number, place as u64 + 1, "a gap before {context}");
        assert_eq!(entry.player, player.id, "{context}");
        assert_eq!(entry.previous, head, "the chain is broken at {context}");
        coins = coins.changed_by(entry.moved.coins).expect("coins");
        gems = gems.changed_by(entry.moved.gems).expect("gems");
        assert_eq!((entry.coins, entry.gems), (coins, gems), "{context}");
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
                assert_eq!(entry.moved.coins, round.win_amount.credit() + round.bet_amount.debit(), "{context}");
            }
        }
        reply_agrees(entry, reply);
        head = entry.hash().expect("a hash");
    }
    assert_eq!((player.coins(), player.gems()), (coins, gems), "{}", player.id);
    assert_eq!((player.entries(), player.head()), (ledger.len() as u64, head), "{}", player.id);
    assert_eq!((player.draw.epoch, player.draw.nonce), (epoch, nonce), "{}", player.id);
}

fn reply_agrees(entry: &Entry, reply: &str) {
    if matches!(entry.action, Action::Signup { .. }) {
        return;
    }
    let reply: Value = serde_json::from_str(reply).expect("a reply");
    assert_eq!(reply["sequence"], entry.number);
    if let Some(balance) = reply.get("balance") {
        assert_eq!(*balance, entry.coins.get());
    }
}

impl Books {
    fn file(&mut self, item: Item) {
        let text = |name: &str| item[name].as_s().expect("a text").clone();
        let (pk, sk) = (text("pk"), text("sk"));
        let (kind, name) = pk.split_once('#').expect("a kind");
        let name = name.to_owned();
        match (kind, sk.split('#').next().expect("a kind")) {
            ("PLAYER", "PLAYER") => {
                let player: Player = read(item);
                self.players.insert(player.id, player);
            }
            ("PLAYER", "PROFILE") => {
                self.profiles.insert(id(&name), read(item));
            }
            ("PLAYER", "TX") => self.ledgers.entry(id(&name)).or_default().push(read(item)),
            ("PLAYER", "SESSION") => self.sessions.push((id(&name), read(item))),
            ("PLAYER", "CONN") => {
                let connection: Connection = read(item);
                assert_eq!(connection.player, id(&name));
                self.connections.insert(format!("{name} {}", connection.connection));
            }
            ("SOCKET", "SOCKET") => {
                let connection: Connection = read(item);
                self.sockets.insert(format!("{} {name}", connection.player));
            }
            ("SITE", "LOGIN") => {
                self.logins.insert(name, read(item));
            }
            ("NICKNAME", "CLAIM") => {
                self.nicknames.insert(name, read(item));
            }
            ("PHONE", "CLAIM") => {
                self.phones.insert(name, read(item));
            }
            ("INVITE", "CODE") => self.invites.push(read(item)),
            ("SITE", "ATTEMPTS") | ("TICKET", "TICKET") => {}
            other => panic!("nobody knows what {other:?} is"),
        }
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
}

fn read<T: DeserializeOwned>(item: Item) -> T {
    decode(item).expect("what this version writes")
}

fn id(name: &str) -> PlayerId {
    name.parse().expect("a player's id")
}
