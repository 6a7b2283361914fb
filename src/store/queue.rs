//! The queues: a filter and an order over conversations, never a table.
//!
//! Order everywhere: critical risk first, then by the time an answer is due, then the oldest. Each queue is one range
//! of an index that has this order, so a page costs the same among a thousand conversations and a million.

use super::rows::{ConversationRow, conversation_columns, maybe_time, ms, raw, time, word};
use super::standing::{NEVER, SHELF_NEW, SHELF_UNKNOWN};
use super::{Store, StoreError, reading, writing};
use crate::domain::{
    Conversation, ConversationId, Intent, MessageId, MessageKind, OutboxState, Outcome, Queue, Risk,
};
use crate::text::RawText;
use jiff::Timestamp;

/// What to list: a [`Queue`], narrowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    pub queue: Queue,
    /// Only those whose leading message has this best guess.
    pub intent: Option<Intent>,
    /// Only those whose leading message is in this language.
    pub lang: Option<String>,
    pub limit: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            queue: Queue::Open,
            intent: None,
            lang: None,
            limit: 200,
        }
    }
}

/// A conversation in a queue, with what leads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub conversation: Conversation,
    pub lead_message: Option<MessageId>,
    pub lead_message_at: Option<Timestamp>,
    pub lead_kind: Option<MessageKind>,
    /// The first 400 bytes of the leading message.
    pub preview: RawText,
    /// `None` while nothing was predicted.
    pub outcome: Option<Outcome>,
    /// The best guess, also where the outcome is unknown.
    pub intent: Option<Intent>,
    pub risk: Option<Risk>,
    pub confidence: Option<f64>,
    pub lang: Option<String>,
    /// When an answer is due; `None` where none is owed.
    pub due_at: Option<Timestamp>,
    /// The state of the newest reply in the outbox.
    pub outbox: Option<OutboxState>,
}

/// How many open conversations lie on a shelf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueCount {
    /// An intent's key, `unknown`, or `new` while nothing was predicted.
    pub shelf: String,
    pub intent: Option<Intent>,
    pub count: u64,
    /// Critical ones that wait.
    pub critical: u64,
    /// The oldest unanswered message, or the last message where all are answered.
    pub oldest: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct QueueRow {
    #[sqlx(flatten)]
    conversation: ConversationRow,
    lead_message_id: Option<String>,
    lead_at: Option<i64>,
    lead_kind: Option<String>,
    preview: Option<Vec<u8>>,
    outcome: Option<String>,
    intent: Option<String>,
    risk: Option<String>,
    confidence: Option<f64>,
    lang: Option<String>,
    due_at: i64,
    outbox: Option<String>,
}

impl QueueRow {
    fn read(self) -> Result<Row, StoreError> {
        Ok(Row {
            conversation: self.conversation.read()?,
            lead_message: self.lead_message_id.map(MessageId::from_stored),
            lead_message_at: maybe_time(self.lead_at)?,
            lead_kind: self.lead_kind.as_deref().map(word).transpose()?,
            preview: raw(self.preview.unwrap_or_default()),
            outcome: self.outcome.as_deref().map(word).transpose()?,
            intent: self.intent.as_deref().and_then(Intent::from_key),
            risk: self.risk.as_deref().map(word).transpose()?,
            confidence: self.confidence,
            lang: self.lang,
            due_at: if self.due_at == NEVER {
                None
            } else {
                Some(time(self.due_at)?)
            },
            outbox: self.outbox.as_deref().map(word).transpose()?,
        })
    }
}

/// One list query. $1 names the status, $2 the shelf, parent, or nothing; $3 intent; $4 language; $5 limit.
macro_rules! list_sql {
    ($where:literal) => {
        concat!(
            "SELECT ",
            conversation_columns!(),
            ", c.lead_message_id, m.sent_at AS lead_at, m.kind AS lead_kind, substr(m.text, 1, 400) AS preview, \
             c.outcome, c.intent, c.risk, c.confidence, c.lang, c.due_at, \
             (SELECT o.state FROM outbox o WHERE o.conversation_id = c.id ORDER BY o.created_at DESC, o.id DESC LIMIT 1) AS outbox \
             FROM conversation c JOIN account a ON a.id = c.account_id LEFT JOIN message m ON m.id = c.lead_message_id \
             WHERE c.status = $1 AND ",
            $where,
            " AND ($3 IS NULL OR c.intent = $3) AND ($4 IS NULL OR c.lang = $4) \
             ORDER BY c.rank, c.due_at, c.oldest_at, c.id LIMIT $5"
        )
    };
}

pub(super) const LIST: &str = list_sql!("$2 = ''");
pub(super) const LIST_SHELF: &str = list_sql!("c.shelf = $2");
pub(super) const LIST_PARENT: &str = list_sql!("c.parent = $2");

/// Few replies are under way at a time, so this starts from them. $1 and $2 are not needed.
const LIST_OUTBOX: &str = concat!(
    "SELECT ",
    conversation_columns!(),
    ", c.lead_message_id, m.sent_at AS lead_at, m.kind AS lead_kind, substr(m.text, 1, 400) AS preview, \
     c.outcome, c.intent, c.risk, c.confidence, c.lang, c.due_at, \
     (SELECT o.state FROM outbox o WHERE o.conversation_id = c.id ORDER BY o.created_at DESC, o.id DESC LIMIT 1) AS outbox \
     FROM conversation c JOIN account a ON a.id = c.account_id LEFT JOIN message m ON m.id = c.lead_message_id \
     WHERE c.id IN (SELECT conversation_id FROM outbox \
     WHERE state IN ('held', 'claimed', 'failed_retryable', 'failed_final', 'unknown')) \
     AND $1 = $1 AND $2 = $2 AND ($3 IS NULL OR c.intent = $3) AND ($4 IS NULL OR c.lang = $4) \
     ORDER BY c.rank, c.due_at, c.oldest_at, c.id LIMIT $5"
);

pub(super) const SNOOZE_ENDED: &str =
    "SELECT id FROM conversation WHERE snoozed_until <= $1 LIMIT 1";

/// What leads a conversation: the best guess for its leading message, and that message's language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lead {
    pub intent: Option<Intent>,
    pub lang: Option<String>,
}

impl Store {
    /// What leads a conversation; nothing while nothing was predicted.
    pub async fn lead(&self, conversation: &ConversationId) -> Result<Lead, StoreError> {
        let row: Option<(Option<String>, Option<String>)> = reading!(self, conn => sqlx::query_as(
            "SELECT intent, lang FROM conversation WHERE id = $1",
        )
        .bind(conversation.as_str())
        .fetch_optional(&mut *conn)
        .await?);
        let (intent, lang) = row.unwrap_or_default();
        Ok(Lead {
            intent: intent.as_deref().and_then(Intent::from_key),
            lang,
        })
    }

    /// The first conversations of a queue. Snoozes that have ended by `now` end first.
    pub async fn list(&self, filter: &Filter, now: Timestamp) -> Result<Vec<Row>, StoreError> {
        self.wake(now).await?;
        let (sql, status, value) = match filter.queue {
            Queue::Open => (LIST, "open", ""),
            Queue::Snoozed => (LIST, "snoozed", ""),
            Queue::Done => (LIST, "done", ""),
            Queue::Outbox => (LIST_OUTBOX, "", ""),
            Queue::Unknown => (LIST_SHELF, "open", SHELF_UNKNOWN),
            Queue::New => (LIST_SHELF, "open", SHELF_NEW),
            Queue::Intent(intent) => (LIST_SHELF, "open", intent.key()),
            Queue::Parent(parent) => (LIST_PARENT, "open", parent),
        };
        let rows: Vec<QueueRow> = reading!(self, conn => sqlx::query_as(sql)
            .bind(status)
            .bind(value)
            .bind(filter.intent.map(Intent::key))
            .bind(filter.lang.as_deref())
            .bind(i64::from(filter.limit))
            .fetch_all(&mut *conn)
            .await?);
        rows.into_iter().map(QueueRow::read).collect()
    }

    /// How many open conversations there are on each shelf. Snoozes that have ended by `now` end first.
    pub async fn queue_counts(&self, now: Timestamp) -> Result<Vec<QueueCount>, StoreError> {
        self.wake(now).await?;
        let rows: Vec<(String, i64, i64, Option<i64>)> = reading!(self, conn => sqlx::query_as(
            "SELECT shelf, COUNT(*), COUNT(CASE WHEN rank = 0 THEN 1 END), MIN(oldest_at) FROM conversation \
             WHERE status = 'open' GROUP BY shelf ORDER BY shelf")
            .fetch_all(&mut *conn)
            .await?);
        rows.into_iter()
            .map(|(shelf, count, critical, oldest)| {
                Ok(QueueCount {
                    intent: Intent::from_key(&shelf),
                    shelf,
                    count: count.unsigned_abs(),
                    critical: critical.unsigned_abs(),
                    oldest: maybe_time(oldest)?,
                })
            })
            .collect()
    }

    /// Opens the conversations whose snooze has ended; writes only where there is one.
    async fn wake(&self, now: Timestamp) -> Result<(), StoreError> {
        let due: Option<(String,)> = reading!(self, conn => sqlx::query_as(SNOOZE_ENDED)
            .bind(ms(now))
            .fetch_optional(&mut *conn)
            .await?);
        if due.is_some() {
            writing!(self, conn => { sqlx::query(
                "UPDATE conversation SET status = 'open', snoozed_until = NULL WHERE snoozed_until <= $1")
                .bind(ms(now))
                .execute(&mut *conn)
                .await?; });
        }
        Ok(())
    }
}
