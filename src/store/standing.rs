//! A conversation's place in a queue: which message leads it, how urgent that is, when an answer is due.
//!
//! Derived, and kept on the conversation's row. `restand!` derives it anew inside the transaction that changed a
//! message or a prediction; nothing else writes those columns.

use super::StoreError;
use super::rows::{PredictionRow, ms, prediction_columns};
use crate::domain::{Author, Classification, IncomingMessage, MessageId, Outcome, Risk};

/// Minutes until an answer is due where no intent is known: that of a product question.
const UNSURE_SLA_MINUTES: i64 = 30;
/// `due_at` of what owes no answer: after everything that does.
pub const NEVER: i64 = i64::MAX;

/// The shelf of conversations that nothing was predicted for yet, and of those without a sure intent.
pub const SHELF_NEW: &str = "new";
pub const SHELF_UNKNOWN: &str = "unknown";

pub const LAST_REPLY: &str = "SELECT sent_at, id FROM message \
     WHERE conversation_id = $1 AND author IN ('agent', 'automation') ORDER BY sent_at DESC, id DESC LIMIT 1";

/// As many of the newest messages that wait may lead: the limit of `WAITING`.
pub const CANDIDATES: usize = 500;

pub const WAITING: &str = concat!(
    "SELECT m.id, m.sent_at, ",
    prediction_columns!(),
    " FROM message m LEFT JOIN prediction p ON p.message_id = m.id \
     WHERE m.conversation_id = $1 AND m.author = 'customer' AND (m.sent_at, m.id) > ($2, $3) \
     ORDER BY m.sent_at DESC, m.id DESC LIMIT 500"
);

pub const OLDEST_WAITING: &str = "SELECT MIN(sent_at) FROM message \
     WHERE conversation_id = $1 AND author = 'customer' AND (sent_at, id) > ($2, $3)";

pub const NEWEST_OF_BUYER: &str = concat!(
    "SELECT m.id, m.sent_at, ",
    prediction_columns!(),
    " FROM message m LEFT JOIN prediction p ON p.message_id = m.id \
     WHERE m.conversation_id = $1 AND m.author = 'customer' ORDER BY m.sent_at DESC, m.id DESC LIMIT 1"
);

pub const UPDATE: &str = "UPDATE conversation SET waiting_since = $2, lead_message_id = $3, outcome = $4, \
     intent = $5, risk = $6, confidence = $7, lang = $8, shelf = $9, parent = $10, rank = $11, due_at = $12, \
     last_message_at = COALESCE((SELECT MAX(sent_at) FROM message WHERE conversation_id = $1), last_message_at), \
     oldest_at = COALESCE($2, (SELECT MAX(sent_at) FROM message WHERE conversation_id = $1), last_message_at) \
     WHERE id = $1";

/// A buyer's message that may lead, with what was said of it.
#[derive(sqlx::FromRow)]
pub struct CandidateRow {
    id: String,
    sent_at: i64,
    #[sqlx(flatten)]
    prediction: PredictionRow,
}

#[derive(Debug)]
pub struct Candidate {
    pub id: String,
    pub sent_at: i64,
    pub prediction: Option<Classification>,
}

impl CandidateRow {
    pub fn sent_at(&self) -> i64 {
        self.sent_at
    }

    pub fn read(self) -> Result<Candidate, StoreError> {
        Ok(Candidate {
            id: self.id,
            sent_at: self.sent_at,
            prediction: self.prediction.read()?,
        })
    }
}

/// The derived columns.
#[derive(Debug, Default)]
pub struct Standing {
    pub waiting_since: Option<i64>,
    pub lead: Option<Candidate>,
    pub shelf: &'static str,
    pub parent: &'static str,
    pub rank: i64,
    pub due_at: i64,
}

impl Standing {
    /// Of the candidates (what waits, or else the buyer's newest message) the highest risk leads; among equals one that
    /// asks for something, then the newest.
    pub fn of(waiting_since: Option<i64>, candidates: Vec<Candidate>) -> Self {
        let lead = candidates.into_iter().max_by_key(|c| {
            let said = c.prediction.as_ref();
            (
                said.map(|p| p.risk),
                said.is_some_and(asks),
                c.sent_at,
                c.id.clone(),
            )
        });
        let said = lead.as_ref().and_then(|c| c.prediction.as_ref());
        let sure = said.filter(|p| is_sure(p)).and_then(|p| p.intent);
        let sla = match sure {
            Some(intent) => intent.leaf().sla_minutes.map(i64::from),
            None => Some(UNSURE_SLA_MINUTES),
        };
        let critical = said.is_some_and(|p| p.risk == Risk::Critical);
        Self {
            waiting_since,
            shelf: match (sure, said) {
                (Some(intent), _) => intent.key(),
                (None, Some(_)) => SHELF_UNKNOWN,
                (None, None) => SHELF_NEW,
            },
            parent: sure.map_or("", |intent| intent.parent()),
            rank: i64::from(!(critical && waiting_since.is_some())),
            due_at: match (waiting_since, sla) {
                (Some(since), Some(minutes)) => since.saturating_add(minutes * 60_000),
                _ => NEVER,
            },
            lead,
        }
    }

    /// The standing of a conversation that is not stored yet, from its messages.
    pub fn of_new(ids: &[MessageId], messages: &[IncomingMessage]) -> Self {
        let mut all: Vec<_> = ids
            .iter()
            .zip(messages)
            .map(|(id, m)| (ms(m.sent_at), id, m.author))
            .collect();
        all.sort();
        let reply = all
            .iter()
            .rposition(|(_, _, author)| matches!(author, Author::Agent | Author::Automation));
        let of_buyer = |all: &[(i64, &MessageId, Author)]| -> Vec<Candidate> {
            all.iter()
                .filter(|(_, _, author)| *author == Author::Customer)
                .map(|(sent_at, id, _)| Candidate {
                    id: id.to_string(),
                    sent_at: *sent_at,
                    prediction: None,
                })
                .collect()
        };
        let waiting = of_buyer(&all[reply.map_or(0, |at| at + 1)..]);
        let oldest = waiting.first().map(|c| c.sent_at);
        Self::of(
            oldest,
            if waiting.is_empty() {
                of_buyer(&all)
            } else {
                waiting
            },
        )
    }

    pub fn said(&self) -> Option<&Classification> {
        self.lead.as_ref().and_then(|c| c.prediction.as_ref())
    }
}

fn is_sure(prediction: &Classification) -> bool {
    matches!(prediction.outcome, Outcome::Intent | Outcome::Mixed)
}

fn asks(prediction: &Classification) -> bool {
    is_sure(prediction)
        && prediction
            .intent
            .is_some_and(|intent| intent.leaf().sla_minutes.is_some())
}

/// Derives a conversation's standing anew, in the caller's transaction.
macro_rules! restand {
    ($conn:expr, $conversation:expr) => {{
        use $crate::store::standing;
        let conversation: &str = $conversation;
        let reply: Option<(i64, String)> = sqlx::query_as(standing::LAST_REPLY)
            .bind(conversation)
            .fetch_optional(&mut *$conn)
            .await?;
        let (at, id) = reply.unwrap_or((i64::MIN, String::new()));
        let mut rows: Vec<standing::CandidateRow> = sqlx::query_as(standing::WAITING)
            .bind(conversation)
            .bind(at)
            .bind(&id)
            .fetch_all(&mut *$conn)
            .await?;
        let mut oldest = rows.last().map(standing::CandidateRow::sent_at);
        if rows.len() == standing::CANDIDATES {
            (oldest,) = sqlx::query_as(standing::OLDEST_WAITING)
                .bind(conversation)
                .bind(at)
                .bind(&id)
                .fetch_one(&mut *$conn)
                .await?;
        }
        if rows.is_empty() {
            rows = sqlx::query_as(standing::NEWEST_OF_BUYER)
                .bind(conversation)
                .fetch_all(&mut *$conn)
                .await?;
        }
        let candidates = rows
            .into_iter()
            .map(standing::CandidateRow::read)
            .collect::<Result<Vec<_>, _>>()?;
        let derived = standing::Standing::of(oldest, candidates);
        $crate::store::standing::update_standing!($conn, conversation, derived);
    }};
}
pub(in crate::store) use restand;

/// Writes the derived columns.
macro_rules! update_standing {
    ($conn:expr, $conversation:expr, $standing:expr) => {{
        let derived = &$standing;
        let said = derived.said();
        sqlx::query($crate::store::standing::UPDATE)
            .bind($conversation)
            .bind(derived.waiting_since)
            .bind(derived.lead.as_ref().map(|lead| lead.id.as_str()))
            .bind(said.map(|p| p.outcome.as_str()))
            .bind(said.and_then(|p| p.intent).map(|intent| intent.key()))
            .bind(said.map(|p| p.risk.as_str()))
            .bind(said.map(|p| p.confidence))
            .bind(said.map(|p| p.lang.as_str()))
            .bind(derived.shelf)
            .bind(derived.parent)
            .bind(derived.rank)
            .bind(derived.due_at)
            .execute(&mut *$conn)
            .await?;
    }};
}
pub(in crate::store) use update_standing;
