//! The queues: a filter and an order over conversations, never a table.
//!
//! Order everywhere: critical risk first, then by the time an answer is due, then the oldest. Each queue is one range
//! of an index that has this order, so a page costs the same among a thousand conversations and a million.

use super::rows::{
    ConversationRow, conversation_columns, maybe_raw, maybe_time, ms, raw, time, word,
};
use super::standing::{NEVER, SHELF_NEW, SHELF_UNKNOWN};
use super::{Store, StoreError, reading, writing};
use crate::domain::{
    Conversation, ConversationId, Intent, MessageId, MessageKind, OutboxState, Outcome, OutgoingId,
    Queue, Risk,
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
    /// Of the open ones, only those in which somebody waits for an answer.
    pub waiting: bool,
    pub limit: u32,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            queue: Queue::Open,
            intent: None,
            lang: None,
            waiting: false,
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
    /// What was said when it went wrong.
    pub outbox_error: Option<RawText>,
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
    outbox_error: Option<Vec<u8>>,
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
            outbox_error: maybe_raw(self.outbox_error),
        })
    }
}

/// One list query. $1 names the status, $2 the shelf, parent, or nothing; $3 intent; $4 language; $5 limit.
macro_rules! list_sql {
    ($($where:expr),+) => {
        concat!(
            "SELECT ",
            conversation_columns!(),
            ", c.lead_message_id, m.sent_at AS lead_at, m.kind AS lead_kind, substr(m.text, 1, 400) AS preview, \
             c.outcome, c.intent, c.risk, c.confidence, c.lang, c.due_at, \
             (SELECT o.state FROM outbox o WHERE o.conversation_id = c.id ORDER BY o.created_at DESC, o.id DESC LIMIT 1) AS outbox, \
             (SELECT o.error FROM outbox o WHERE o.conversation_id = c.id ORDER BY o.created_at DESC, o.id DESC LIMIT 1) \
             AS outbox_error \
             FROM conversation c JOIN account a ON a.id = c.account_id LEFT JOIN message m ON m.id = c.lead_message_id \
             WHERE ",
            $($where,)+
            " AND ($3 IS NULL OR c.intent = $3) AND ($4 IS NULL OR c.lang = $4) \
             ORDER BY c.rank, c.due_at, c.oldest_at, c.id LIMIT $5"
        )
    };
}

/// Conversations with a reply that is on its way, that failed and was not followed by another, or whose fate is unknown.
macro_rules! unsettled {
    () => {
        "SELECT o.conversation_id FROM outbox o JOIN conversation k ON k.id = o.conversation_id \
         WHERE o.state IN ('held', 'claimed', 'failed_retryable', 'unknown') \
         OR (o.state = 'failed_final' AND k.status <> 'done' AND NOT EXISTS (SELECT 1 FROM outbox e \
         WHERE e.conversation_id = o.conversation_id AND (e.created_at, e.id) > (o.created_at, o.id)))"
    };
}

pub(super) const LIST: &str = list_sql!("c.status = $1 AND $2 = ''");
pub(super) const LIST_SHELF: &str = list_sql!("c.status = $1 AND c.shelf = $2");
pub(super) const LIST_PARENT: &str = list_sql!("c.status = $1 AND c.parent = $2");
/// Open, and nobody waits: ours was the last word.
pub(super) const ANSWERED: &str =
    list_sql!("c.status = $1 AND $2 = '' AND c.waiting_since IS NULL");
/// One conversation, whatever queue it is in.
const ONE: &str = list_sql!("$1 = $1 AND c.id = $2");
/// The same, of those who wait for us: each a range of a smaller index that has the others not in it. Where an answer is on its
/// way nobody has to look; if it fails, the conversation is back.
macro_rules! waiting_sql {
    ($where:literal) => {
        list_sql!("c.status = $1 AND ", $where, " AND c.waiting_since IS NOT NULL AND c.id NOT IN \
            (SELECT conversation_id FROM outbox WHERE state IN ('held', 'claimed', 'failed_retryable'))")
    };
}
pub(super) const WAITING: &str = waiting_sql!("$2 = ''");
pub(super) const WAITING_SHELF: &str = waiting_sql!("c.shelf = $2");
pub(super) const WAITING_PARENT: &str = waiting_sql!("c.parent = $2");

/// Of those who wait `oldest_at` is `waiting_since`, so the index alone answers.
pub(super) const WAITING_COUNTS: &str = "SELECT shelf, COUNT(*), COUNT(CASE WHEN rank = 0 THEN 1 END), MIN(oldest_at) FROM conversation \
     WHERE status = 'open' AND waiting_since IS NOT NULL GROUP BY shelf ORDER BY shelf";

/// Of these an answer is on its way. Few at a time, so they are counted apart and the index above still answers alone.
const ANSWERED_COUNTS: &str = "SELECT shelf, COUNT(*), COUNT(CASE WHEN rank = 0 THEN 1 END), MIN(oldest_at) FROM conversation \
     WHERE status = 'open' AND waiting_since IS NOT NULL AND id IN \
     (SELECT conversation_id FROM outbox WHERE state IN ('held', 'claimed', 'failed_retryable')) GROUP BY shelf ORDER BY shelf";

/// Put away, done (counted up to $1, for it only grows), and replies that are on their way or went wrong.
pub(super) const OTHER_COUNTS: &str = concat!(
    "SELECT (SELECT COUNT(*) FROM conversation WHERE status = 'snoozed'), \
     (SELECT COUNT(*) FROM (SELECT 1 FROM conversation WHERE status = 'done' LIMIT $1) AS few), \
     (SELECT COUNT(*) FROM (SELECT 1 FROM conversation WHERE status = 'open' AND waiting_since IS NULL LIMIT $1) AS answered), \
     (SELECT COUNT(*) FROM (",
    unsettled!(),
    ") AS unsettled)"
);

/// More finished conversations than this are not counted.
pub const COUNTED_DONE: i64 = 100_000;

/// Few replies are under way at a time, so this starts from them.
const LIST_OUTBOX: &str = list_sql!("$1 = $1 AND $2 = $2 AND c.id IN (", unsettled!(), ")");

pub(super) const SNOOZE_ENDED: &str =
    "SELECT id FROM conversation WHERE snoozed_until <= $1 LIMIT 1";

/// How many there are outside the open queues.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OtherCounts {
    pub snoozed: u64,
    /// Up to a hundred thousand: beyond it they are not counted.
    pub done: u64,
    /// Open, and nobody waits. Counted as far as those that are done.
    pub answered: u64,
    /// Replies that are on their way, failed, or whose fate is unknown.
    pub outbox: u64,
}

/// A reply that can still be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldReply {
    pub id: OutgoingId,
    pub conversation_id: ConversationId,
    pub buyer_name: RawText,
    pub send_at: Timestamp,
}

/// What leads a conversation: the best guess for its leading message, and that message's language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lead {
    pub message: Option<MessageId>,
    pub intent: Option<Intent>,
    pub lang: Option<String>,
}

impl Store {
    /// What leads a conversation; nothing while nothing was predicted.
    pub async fn lead(&self, conversation: &ConversationId) -> Result<Lead, StoreError> {
        type Leads = (Option<String>, Option<String>, Option<String>);
        let row: Option<Leads> = reading!(self, conn => sqlx::query_as(
            "SELECT lead_message_id, intent, lang FROM conversation WHERE id = $1",
        )
        .bind(conversation.as_str())
        .fetch_optional(&mut *conn)
        .await?);
        let (message, intent, lang) = row.unwrap_or_default();
        Ok(Lead {
            message: message.map(MessageId::from_stored),
            intent: intent.as_deref().and_then(Intent::from_key),
            lang,
        })
    }

    /// The first conversations of a queue. Snoozes that have ended by `now` end first.
    pub async fn list(&self, filter: &Filter, now: Timestamp) -> Result<Vec<Row>, StoreError> {
        self.wake(now).await?;
        let of = |all, waiting| if filter.waiting { waiting } else { all };
        let shelf = of(LIST_SHELF, WAITING_SHELF);
        let (sql, status, value) = match filter.queue {
            Queue::Open => (of(LIST, WAITING), "open", ""),
            Queue::Snoozed => (LIST, "snoozed", ""),
            Queue::Done => (LIST, "done", ""),
            Queue::Answered => (ANSWERED, "open", ""),
            Queue::Outbox => (LIST_OUTBOX, "", ""),
            Queue::Unknown => (shelf, "open", SHELF_UNKNOWN),
            Queue::New => (shelf, "open", SHELF_NEW),
            Queue::Intent(intent) => (shelf, "open", intent.key()),
            Queue::Parent(parent) => (of(LIST_PARENT, WAITING_PARENT), "open", parent),
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

    /// One conversation as a row, in whichever queue it is.
    pub async fn row(&self, id: &ConversationId) -> Result<Option<Row>, StoreError> {
        let row: Option<QueueRow> = reading!(self, conn => sqlx::query_as(ONE)
            .bind("")
            .bind(id.as_str())
            .bind(None::<&str>)
            .bind(None::<&str>)
            .bind(1_i64)
            .fetch_optional(&mut *conn)
            .await?);
        row.map(QueueRow::read).transpose()
    }

    /// How many open conversations there are on each shelf. Snoozes that have ended by `now` end first.
    pub async fn queue_counts(&self, now: Timestamp) -> Result<Vec<QueueCount>, StoreError> {
        self.count_by(
            "SELECT shelf, COUNT(*), COUNT(CASE WHEN rank = 0 THEN 1 END), MIN(oldest_at) FROM conversation \
             WHERE status = 'open' GROUP BY shelf ORDER BY shelf",
            now,
        )
        .await
    }

    /// The same of those in which somebody waits and no answer is on its way.
    pub async fn waiting_counts(&self, now: Timestamp) -> Result<Vec<QueueCount>, StoreError> {
        let mut counts = self.count_by(WAITING_COUNTS, now).await?;
        for answered in self.count_by(ANSWERED_COUNTS, now).await? {
            if let Some(count) = counts.iter_mut().find(|c| c.shelf == answered.shelf) {
                count.count = count.count.saturating_sub(answered.count);
                count.critical = count.critical.saturating_sub(answered.critical);
            }
        }
        Ok(counts)
    }

    async fn count_by(
        &self,
        sql: &'static str,
        now: Timestamp,
    ) -> Result<Vec<QueueCount>, StoreError> {
        self.wake(now).await?;
        let rows: Vec<(String, i64, i64, Option<i64>)> =
            reading!(self, conn => sqlx::query_as(sql).fetch_all(&mut *conn).await?);
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

    /// How many are put away, done, on their way out.
    pub async fn other_counts(&self) -> Result<OtherCounts, StoreError> {
        let (snoozed, done, answered, outbox): (i64, i64, i64, i64) = reading!(self, conn => sqlx::query_as(OTHER_COUNTS)
            .bind(COUNTED_DONE)
            .fetch_one(&mut *conn)
            .await?);
        Ok(OtherCounts {
            snoozed: snoozed.unsigned_abs(),
            done: done.unsigned_abs(),
            answered: answered.unsigned_abs(),
            outbox: outbox.unsigned_abs(),
        })
    }

    /// The replies that can still be taken back, the one that leaves first before the others.
    pub async fn held_replies(&self, limit: u32) -> Result<Vec<HeldReply>, StoreError> {
        let rows: Vec<(String, String, Vec<u8>, i64)> = reading!(self, conn => sqlx::query_as(
            "SELECT o.id, o.conversation_id, c.buyer_name, o.send_at FROM outbox o \
             JOIN conversation c ON c.id = o.conversation_id WHERE o.state = 'held' ORDER BY o.send_at, o.id LIMIT $1")
            .bind(i64::from(limit))
            .fetch_all(&mut *conn)
            .await?);
        rows.into_iter()
            .map(|(id, conversation, buyer_name, send_at)| {
                Ok(HeldReply {
                    id: OutgoingId::from_stored(id),
                    conversation_id: ConversationId::from_stored(conversation),
                    buyer_name: raw(buyer_name),
                    send_at: time(send_at)?,
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
