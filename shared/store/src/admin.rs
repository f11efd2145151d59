//! What operators do: each change and the entry that tells of it are one transaction.

use aws_sdk_dynamodb::types::AttributeValue;
use croupier_rules::{
    account::Invite,
    admin::{AdminAction, AuditEntry},
    id::{AuditId, PlayerId},
    name::InviteCode,
    player::Player,
    time::Timestamp,
};

use crate::{
    Store, StoreError,
    act::{TRIES, pause},
    directory::FIRST_YEAR,
    item::{Profile, decode},
    key::{Key, SK},
    tx::{Conflict, NotCommitted},
};

/// Entries read at once.
const PAGE: i32 = 100;
/// Pages read for one request: a filter that almost nothing passes costs no more than this.
const PAGES: usize = 10;

/// Which entries of the audit are wanted.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// Only of this action.
    pub action: Option<AdminAction>,
    /// Only about this.
    pub target: Option<String>,
    /// Only by this admin.
    pub actor: Option<PlayerId>,
    /// Only from this moment on.
    pub since: Option<Timestamp>,
    /// Only until this moment.
    pub until: Option<Timestamp>,
}

/// Some of the audit, the newest first.
#[derive(Debug)]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// The entry before which to go on; none at the end.
    pub next: Option<AuditId>,
}

impl AuditFilter {
    fn passes(&self, entry: &AuditEntry) -> bool {
        self.action.is_none_or(|action| action == entry.action)
            && self.target.as_ref().is_none_or(|target| target.eq_ignore_ascii_case(&entry.target))
            && self.actor.is_none_or(|actor| actor == entry.actor)
            && self.until.is_none_or(|until| entry.at <= until)
    }
}

impl Store {
    /// Changes a player as an operator decides, if that changes anything. Tells the player as it is then, if there is one.
    ///
    /// # Errors
    /// The table's failure.
    pub async fn edit_player<E: From<NotCommitted>>(
        &self,
        id: PlayerId,
        edit: impl Fn(&Player) -> Result<Option<(Player, AuditEntry)>, E> + Send + Sync,
    ) -> Result<Option<Player>, E> {
        for tried in 1..=TRIES {
            let found = self.get(&Key::player(id)).await.map_err(NotCommitted::from)?;
            let Some(player): Option<Player> = found else { return Ok(None) };
            let Some((next, entry)) = edit(&player)? else { return Ok(Some(player)) };
            let tx = self.tx().create(&Key::audit(entry.id), &entry, Conflict::AlreadyDone);
            match tx.replace(&Key::player(id), &next, player.revision()).commit().await {
                Ok(()) => return Ok(Some(next)),
                Err(NotCommitted::Contended) if tried < TRIES => tokio::time::sleep(pause(tried)).await,
                // An earlier try went through unheard.
                Err(NotCommitted::Refused { conflict: Conflict::AlreadyDone, .. }) => return Ok(Some(player)),
                Err(other) => return Err(other.into()),
            }
        }
        Err(NotCommitted::Contended.into())
    }

    /// Ends all sessions of a player, also such as are about to begin. Tells how many there were, if there is such a player.
    ///
    /// # Errors
    /// The table's failure.
    pub async fn log_out_player<E: From<NotCommitted>>(
        &self,
        id: PlayerId,
        entry: impl Fn(&Player, &Profile) -> Result<AuditEntry, E> + Send + Sync,
    ) -> Result<Option<usize>, E> {
        let mut told = Vec::new();
        for tried in 1..=TRIES {
            let found = self.player_and_profile(id).await.map_err(NotCommitted::from)?;
            let Some((player, mut profile)) = found else { return Ok(None) };
            let entry = entry(&player, &profile)?;
            let (seen, revision) = (profile.revision, player.revision());
            profile.revision += 1;
            let ended = std::mem::take(&mut profile.sessions);
            told.push((entry.clone(), ended.len()));
            let tx = self
                .tx()
                .create(&Key::audit(entry.id), &entry, Conflict::AlreadyDone)
                .replace(&Key::player(id), &player.logged_out(), revision)
                .replace(&Key::profile(id), &profile, seen);
            let tx = ended.iter().fold(tx, |tx, session| tx.remove(&Key::session(id, *session)));
            match tx.commit().await {
                Ok(()) => return Ok(Some(ended.len())),
                Err(NotCommitted::Contended) if tried < TRIES => tokio::time::sleep(pause(tried)).await,
                // An earlier try went through unheard: the one that told the same as the entry that is there.
                Err(NotCommitted::Refused { conflict: Conflict::AlreadyDone, found: Some(kept) }) => {
                    let kept: AuditEntry = decode(kept).map_err(NotCommitted::from)?;
                    return Ok(told.into_iter().find(|(entry, _)| *entry == kept).map(|(_, ended)| ended));
                }
                Err(other) => return Err(other.into()),
            }
        }
        Err(NotCommitted::Contended.into())
    }

    /// Makes invites, each with its entry.
    ///
    /// # Errors
    /// A code that is there already, as [`Conflict::AlreadyDone`], or the table's failure.
    pub async fn make_invites(&self, invites: &[(Invite, AuditEntry)]) -> Result<(), NotCommitted> {
        self.persist(|| {
            invites.iter().fold(self.tx(), |tx, (invite, entry)| {
                tx.create(&Key::new_invite(invite), invite, Conflict::AlreadyDone).create(
                    &Key::audit(entry.id),
                    entry,
                    Conflict::Broken,
                )
            })
        })
        .await
    }

    /// Switches an invite off.
    ///
    /// # Errors
    /// [`Conflict::Unknown`] when there is none that is on, or the table's failure.
    pub async fn deactivate_invite(&self, code: &InviteCode, entry: &AuditEntry) -> Result<(), NotCommitted> {
        self.persist(|| {
            self.tx().swap(&Key::invite(code), "active", true, false, Conflict::Unknown).create(
                &Key::audit(entry.id),
                entry,
                Conflict::Broken,
            )
        })
        .await
    }

    /// Keeps what an operator does elsewhere than in the table.
    ///
    /// # Errors
    /// The table's failure.
    pub async fn keep_deed(&self, entry: &AuditEntry) -> Result<(), NotCommitted> {
        self.persist(|| self.tx().create(&Key::audit(entry.id), entry, Conflict::Broken)).await
    }

    /// What operators did, the newest first.
    ///
    /// # Errors
    /// The table cannot be reached, or holds what this version cannot read.
    pub async fn audit(&self, filter: &AuditFilter, before: AuditId, limit: usize) -> Result<AuditPage, StoreError> {
        let since = filter.since.map(|since| AuditId::new(since.millis().max(0).unsigned_abs(), 0));
        let oldest = since.map_or(FIRST_YEAR, |since| since.at().year().max(FIRST_YEAR));
        let (mut before, mut entries) = (before, Vec::new());
        let mut year = before.at().year();
        for _ in 0..PAGES {
            let (page, ended) = self.audit_of(year, before).await?;
            for entry in page {
                before = entry.id;
                if since.is_some_and(|since| entry.id < since) {
                    return Ok(AuditPage { entries, next: None });
                }
                if filter.passes(&entry) {
                    entries.push(entry);
                }
                if entries.len() == limit {
                    return Ok(AuditPage { entries, next: Some(before) });
                }
            }
            if ended && year <= oldest {
                return Ok(AuditPage { entries, next: None });
            }
            year -= i16::from(ended);
        }
        Ok(AuditPage { entries, next: Some(before) })
    }

    /// Entries of a year before one of them, and whether there are no more.
    async fn audit_of(&self, year: i16, before: AuditId) -> Result<(Vec<AuditEntry>, bool), StoreError> {
        let found = self
            .query(Key::audit_of(year))
            .consistent_read(true)
            .key_condition_expression("#pk = :pk AND #sk < :before")
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":before", AttributeValue::S(before.to_string()))
            .scan_index_forward(false)
            .limit(PAGE)
            .send()
            .await?;
        let entries = found.items.unwrap_or_default().into_iter().map(decode).collect::<Result<_, _>>()?;
        Ok((entries, found.last_evaluated_key.is_none()))
    }
}
