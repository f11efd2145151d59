//! What operators tried and what they were told, to be compared with what the audit says.

use std::{collections::BTreeMap, sync::Mutex};

use croupier_rules::{
    admin::{AdminAction, AuditEntry, Standing},
    id::{AuditId, PlayerId},
    player::Rank,
};
use croupier_store::admin::AuditFilter;
use croupier_tests::{audit::Books, world::World};
use serde_json::Value;

/// What operators tried, and what they were told.
#[derive(Default)]
pub struct Minutes(Mutex<BTreeMap<String, Tries>>);

#[derive(Default, Clone, Copy)]
struct Tries {
    /// So many changes were asked for,
    tried: usize,
    /// and so many certainly happened.
    done: usize,
}

/// Under what an action is counted. Which invites there will be, nobody knows beforehand.
fn heading(action: AdminAction, target: &str) -> String {
    if action == AdminAction::InviteGenerate { format!("{action:?}") } else { format!("{action:?} {target}") }
}

impl Minutes {
    /// Changes are asked for.
    pub fn tries(&self, action: AdminAction, target: &str, changes: usize) {
        self.0.lock().expect("nobody has failed").entry(heading(action, target)).or_default().tried += changes;
    }

    /// It was answered that they happened.
    pub fn done(&self, action: AdminAction, target: &str, changes: usize) {
        self.0.lock().expect("nobody has failed").entry(heading(action, target)).or_default().done += changes;
    }

    /// Whether the audit tells of everything that was answered, of nothing that was not asked for, and of nothing twice.
    pub async fn are_what_the_audit_says(&self, world: &World, books: &Books) {
        let entries = entries(world).await;
        let mut told: BTreeMap<String, usize> = BTreeMap::new();
        for entry in &entries {
            *told.entry(heading(entry.action, &entry.target)).or_default() += 1;
        }
        let tries = self.0.lock().expect("nobody has failed").clone();
        for (heading, told) in &told {
            assert!(tries.contains_key(heading), "{told} times {heading}, which nobody asked for");
        }
        for (heading, Tries { tried, done }) in tries {
            let told = told.get(&heading).copied().unwrap_or(0);
            assert!((done..=tried).contains(&told), "{heading}: told {told} times, done {done}, tried {tried}");
        }
        for player in books.players.values() {
            let target = player.id.to_string();
            let is_update = |entry: &&AuditEntry| entry.target == target && entry.action == AdminAction::UserUpdate;
            chain(player.id, entries.iter().filter(is_update), player.standing());
        }
    }
}

async fn entries(world: &World) -> Vec<AuditEntry> {
    let mut before = AuditId::new(world.now().millis().unsigned_abs() + 1, 0);
    let mut entries = Vec::new();
    loop {
        let page = world.store().audit(&AuditFilter::default(), before, 100).await.expect("the audit");
        entries.extend(page.entries);
        match page.next {
            Some(next) => before = next,
            None => return entries,
        }
    }
}

/// Whether changes, put in some order, lead from how everyone begins to how a player stands now: each begins where the one
/// before has ended. Two that arrive together may be done in the other order, so that their ids do not tell.
fn chain<'a>(player: PlayerId, updates: impl Iterator<Item = &'a AuditEntry>, now: Standing) {
    let read = |standing: &Value| serde_json::from_value::<Standing>(standing.clone()).expect("a standing");
    let mut left: Vec<_> = updates.map(|entry| (read(&entry.before), read(&entry.after))).collect();
    assert!(left.iter().all(|(before, after)| before != after), "{player}: a change that changes nothing");
    // As long as what is left begins somewhere on the way so far, it is a round trip that can be made from there: so the way
    // is whole if it ends where it must and reaches everything.
    let mut reached = vec![Standing { rank: Rank::Standard, is_active: true }];
    let mut here = reached[0];
    while let Some(place) = left.iter().position(|(before, _)| *before == here) {
        here = left.swap_remove(place).1;
        reached.push(here);
    }
    assert_eq!(here, now, "{player}: a link is missing; left are {left:?}");
    while let Some(place) = left.iter().position(|(before, _)| reached.contains(before)) {
        let (begin, mut here) = left.swap_remove(place);
        while here != begin {
            reached.push(here);
            let next = left.iter().position(|(before, _)| *before == here);
            here = left.swap_remove(next.unwrap_or_else(|| panic!("{player}: {here:?} leads nowhere"))).1;
        }
    }
    assert!(left.is_empty(), "{player}: nothing leads to {left:?}");
}
