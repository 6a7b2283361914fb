//! The acts on a conversation: its status, its draft, what happened, and how to take an act back.

use super::desk::missing;
use super::rows::{bytes, ms, plain, raw, status, time, unplain};
use super::{Store, StoreError, reading, writing};
use crate::domain::{ConversationId, Draft, Status};
use jiff::Timestamp;

/// Acts that can be taken back.
const KEPT_UNDOS: i64 = 50;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub id: String,
    pub at: Timestamp,
    /// Who did it: `person`, `automation`, `system`.
    pub actor: String,
    pub action: String,
    pub conversation_id: Option<ConversationId>,
    pub detail: Option<String>,
}

/// An act that can be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoEntry {
    pub id: String,
    pub at: Timestamp,
    pub conversation_id: Option<ConversationId>,
    pub action: String,
    /// The engine's own description of the way back.
    pub inverse: serde_json::Value,
}

#[derive(sqlx::FromRow)]
struct EventRow {
    id: String,
    at: i64,
    actor: String,
    action: String,
    conversation_id: Option<String>,
    detail: Option<String>,
}

#[derive(sqlx::FromRow)]
struct UndoRow {
    id: String,
    at: i64,
    conversation_id: Option<String>,
    action: String,
    inverse: String,
}

impl UndoRow {
    fn read(self) -> Result<UndoEntry, StoreError> {
        Ok(UndoEntry {
            id: self.id,
            at: time(self.at)?,
            conversation_id: self.conversation_id.map(ConversationId::from_stored),
            action: self.action,
            inverse: serde_json::from_str(&self.inverse).map_err(|_| StoreError::Unreadable {
                what: "an undo entry".to_owned(),
            })?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct DraftRow {
    conversation_id: String,
    text: Vec<u8>,
    template: Option<String>,
    lang: Option<String>,
    slots: String,
    updated_at: i64,
}

/// Notes what happened, in the caller's transaction.
macro_rules! note {
    ($conn:expr, $at:expr, $actor:expr, $action:expr, $conversation:expr, $detail:expr) => {{
        let (conversation, detail): (Option<&str>, Option<&str>) = ($conversation, $detail);
        sqlx::query(
            "INSERT INTO event (id, at, actor, action, conversation_id, detail) VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(uuid::Uuid::now_v7().to_string())
        .bind($at)
        .bind($actor)
        .bind($action)
        .bind(conversation)
        .bind(detail.map($crate::store::rows::plain))
        .execute(&mut *$conn)
        .await?;
    }};
}
pub(in crate::store) use note;

impl Store {
    /// Moves a conversation, and says where it was.
    pub async fn set_status(
        &self,
        conversation: &ConversationId,
        to: Status,
    ) -> Result<Status, StoreError> {
        let until = match to {
            Status::Snoozed { until } => Some(ms(until)),
            Status::Open | Status::Done => None,
        };
        let before: Option<(String, Option<i64>)> = writing!(self, conn => {
            let before = sqlx::query_as("SELECT status, snoozed_until FROM conversation WHERE id = $1")
                .bind(conversation.as_str())
                .fetch_optional(&mut *conn)
                .await?;
            sqlx::query("UPDATE conversation SET status = $2, snoozed_until = $3 WHERE id = $1")
                .bind(conversation.as_str())
                .bind(to.as_str())
                .bind(until)
                .execute(&mut *conn)
                .await?;
            before
        });
        let (name, until) = before.ok_or_else(|| missing(conversation.as_str()))?;
        status(&name, until)
    }

    /// Notes what happened. `detail` is our own words, or a platform's after the sanitiser.
    pub async fn add_event(
        &self,
        actor: &str,
        action: &str,
        conversation: Option<&ConversationId>,
        detail: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        writing!(self, conn =>
            note!(conn, ms(now), actor, action, conversation.map(ConversationId::as_str), detail));
        Ok(())
    }

    /// What happened in a conversation, oldest first.
    pub async fn events(&self, conversation: &ConversationId) -> Result<Vec<Event>, StoreError> {
        let rows: Vec<EventRow> = reading!(self, conn => sqlx::query_as(
            "SELECT id, at, actor, action, conversation_id, detail FROM event WHERE conversation_id = $1 ORDER BY at, id")
            .bind(conversation.as_str())
            .fetch_all(&mut *conn)
            .await?);
        rows.into_iter()
            .map(|row| {
                Ok(Event {
                    id: row.id,
                    at: time(row.at)?,
                    actor: row.actor,
                    action: row.action,
                    conversation_id: row.conversation_id.map(ConversationId::from_stored),
                    detail: row.detail.map(unplain),
                })
            })
            .collect()
    }

    /// Remembers how to take an act back; the last 50 are kept.
    pub async fn push_undo(
        &self,
        action: &str,
        conversation: Option<&ConversationId>,
        inverse: &serde_json::Value,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let id = uuid::Uuid::now_v7().to_string();
        writing!(self, conn => {
            sqlx::query("INSERT INTO undo (id, at, conversation_id, action, inverse) VALUES ($1, $2, $3, $4, $5)")
                .bind(&id)
                .bind(ms(now))
                .bind(conversation.map(ConversationId::as_str))
                .bind(action)
                .bind(inverse.to_string())
                .execute(&mut *conn)
                .await?;
            sqlx::query("DELETE FROM undo WHERE id NOT IN (SELECT id FROM undo ORDER BY id DESC LIMIT $1)")
                .bind(KEPT_UNDOS)
                .execute(&mut *conn)
                .await?;
        });
        Ok(id)
    }

    /// The last act that was not taken back, of one conversation or of all.
    pub async fn last_undo(
        &self,
        conversation: Option<&ConversationId>,
    ) -> Result<Option<UndoEntry>, StoreError> {
        let row: Option<UndoRow> = reading!(self, conn => sqlx::query_as(
            "SELECT id, at, conversation_id, action, inverse FROM undo \
             WHERE undone_at IS NULL AND ($1 IS NULL OR conversation_id = $1) ORDER BY id DESC LIMIT 1")
            .bind(conversation.map(ConversationId::as_str))
            .fetch_optional(&mut *conn)
            .await?);
        row.map(UndoRow::read).transpose()
    }

    /// What can still be taken back of a conversation, the newest first.
    pub async fn open_undos(
        &self,
        conversation: &ConversationId,
    ) -> Result<Vec<UndoEntry>, StoreError> {
        let rows: Vec<UndoRow> = reading!(self, conn => sqlx::query_as(
            "SELECT id, at, conversation_id, action, inverse FROM undo \
             WHERE undone_at IS NULL AND conversation_id = $1 ORDER BY id DESC")
            .bind(conversation.as_str())
            .fetch_all(&mut *conn)
            .await?);
        rows.into_iter().map(UndoRow::read).collect()
    }

    /// Whether this call is the one that takes the act back.
    pub async fn mark_undone(&self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let changed = writing!(self, conn => sqlx::query(
            "UPDATE undo SET undone_at = $2 WHERE id = $1 AND undone_at IS NULL")
            .bind(id)
            .bind(ms(now))
            .execute(&mut *conn)
            .await?
            .rows_affected());
        Ok(changed == 1)
    }

    /// Keeps a conversation's draft in place of the one before.
    pub async fn put_draft(&self, draft: &Draft) -> Result<(), StoreError> {
        let slots = serde_json::to_string(&draft.slots).map_err(|_| StoreError::Unreadable {
            what: "the slots of a draft".to_owned(),
        })?;
        writing!(self, conn => { sqlx::query(
            "INSERT INTO draft (conversation_id, text, template, lang, slots, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (conversation_id) DO UPDATE SET text = excluded.text, \
             template = excluded.template, lang = excluded.lang, slots = excluded.slots, \
             updated_at = excluded.updated_at")
            .bind(draft.conversation_id.as_str())
            .bind(bytes(&draft.text))
            .bind(draft.template.as_deref().map(plain))
            .bind(draft.lang.as_deref().map(plain))
            .bind(slots)
            .bind(ms(draft.updated_at))
            .execute(&mut *conn)
            .await?; });
        Ok(())
    }

    pub async fn draft(&self, conversation: &ConversationId) -> Result<Option<Draft>, StoreError> {
        let row: Option<DraftRow> = reading!(self, conn => sqlx::query_as(
            "SELECT conversation_id, text, template, lang, slots, updated_at FROM draft WHERE conversation_id = $1")
            .bind(conversation.as_str())
            .fetch_optional(&mut *conn)
            .await?);
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Draft {
            conversation_id: ConversationId::from_stored(row.conversation_id),
            text: raw(row.text),
            template: row.template.map(unplain),
            lang: row.lang.map(unplain),
            slots: serde_json::from_str(&row.slots).unwrap_or_default(),
            updated_at: time(row.updated_at)?,
        }))
    }

    /// Throws a draft away; whether there was one.
    pub async fn delete_draft(&self, conversation: &ConversationId) -> Result<bool, StoreError> {
        let removed = writing!(self, conn => sqlx::query("DELETE FROM draft WHERE conversation_id = $1")
            .bind(conversation.as_str())
            .execute(&mut *conn)
            .await?
            .rows_affected());
        Ok(removed > 0)
    }
}
