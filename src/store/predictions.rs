//! Vectors, what was said of messages, and the user's labelled examples.
//!
//! A machine never overrules a person: a prediction with a verdict is replaced only by another verdict or an undo.

use super::rows::{
    PredictionRow, bytes, maybe_time, ms, plain, prediction_columns, raw, time, top_to_json, word,
};
use super::standing::restand;
use super::{Store, StoreError, reading, writing};
use crate::domain::{Classification, ConversationId, Intent, MessageId, MessageKind, Outcome};
use crate::embed::{ModelId, Vector};
use crate::text::{RawText, TextKey};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};

const KEYS_A_QUERY: usize = 500;

/// A buyer's message that nothing was predicted for, or nothing sure.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    pub message: MessageId,
    pub conversation_id: ConversationId,
    pub kind: MessageKind,
    pub text: RawText,
    /// Of the text as it was normalised at ingest; `None` for what is not text.
    pub text_key: Option<TextKey>,
    pub sent_at: Timestamp,
    pub received_at: Timestamp,
    pub waiting_since: Option<Timestamp>,
}

/// A text that the user labelled.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Ours, sortable by time; chosen by the caller so that an undo can bring the same one back.
    pub id: String,
    pub text: RawText,
    pub text_key: TextKey,
    pub lang: String,
    pub intent: Intent,
    /// The message it was made from.
    pub message_id: Option<MessageId>,
    pub at: Timestamp,
}

/// How much is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub conversations: u64,
    pub messages: u64,
    /// Written by buyers.
    pub inbound: u64,
    pub predicted: u64,
    pub by_outcome: BTreeMap<Outcome, u64>,
}

#[derive(sqlx::FromRow)]
struct PendingRow {
    id: String,
    conversation_id: String,
    kind: String,
    text: Vec<u8>,
    text_key: Option<String>,
    sent_at: i64,
    received_at: i64,
    waiting_since: Option<i64>,
}

impl PendingRow {
    fn read(self) -> Result<Pending, StoreError> {
        Ok(Pending {
            message: MessageId::from_stored(self.id),
            conversation_id: ConversationId::from_stored(self.conversation_id),
            kind: word(&self.kind)?,
            text: raw(self.text),
            text_key: self.text_key.map(TextKey::from_stored),
            sent_at: time(self.sent_at)?,
            received_at: time(self.received_at)?,
            waiting_since: maybe_time(self.waiting_since)?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct ExampleRow {
    id: String,
    text: Vec<u8>,
    text_key: String,
    lang: String,
    intent: String,
    message_id: Option<String>,
    at: i64,
}

/// Which ones is decided on an index and the conversations alone; only the chosen are read with their texts.
pub(super) const UNCLASSIFIED: &str = "SELECT m.id, m.conversation_id, m.kind, m.text, m.text_key, m.sent_at, \
     m.received_at, c.waiting_since FROM message m JOIN conversation c ON c.id = m.conversation_id \
     WHERE m.id IN (SELECT n.id FROM message n JOIN conversation d ON d.id = n.conversation_id WHERE n.pending \
     ORDER BY CASE WHEN d.waiting_since IS NULL THEN 1 ELSE 0 END, d.waiting_since, n.sent_at, n.id LIMIT $1) \
     ORDER BY CASE WHEN c.waiting_since IS NULL THEN 1 ELSE 0 END, c.waiting_since, m.sent_at, m.id";

pub(super) const UNSURE: &str = "SELECT m.id, m.conversation_id, m.kind, m.text, m.text_key, m.sent_at, m.received_at, c.waiting_since \
     FROM prediction p JOIN message m ON m.id = p.message_id JOIN conversation c ON c.id = m.conversation_id \
     WHERE p.outcome = 'unknown' AND p.verdict IS NULL ORDER BY p.at DESC, p.message_id DESC LIMIT $1";

/// Written over, except where a person has spoken and a machine would answer ($11 null).
const PREDICT: &str = "INSERT INTO prediction (message_id, outcome, intent, risk, confidence, margin, top, lang, model, \
     verdict, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
     ON CONFLICT (message_id) DO UPDATE SET outcome = excluded.outcome, intent = excluded.intent, \
     risk = excluded.risk, confidence = excluded.confidence, margin = excluded.margin, top = excluded.top, \
     lang = excluded.lang, model = excluded.model, verdict = excluded.verdict, at = excluded.at \
     WHERE prediction.verdict IS NULL OR excluded.verdict IS NOT NULL";

/// One prediction, in the caller's transaction.
macro_rules! predict {
    ($conn:expr, $message:expr, $said:expr, $now:expr) => {{
        let (message, said): (&MessageId, &Classification) = ($message, $said);
        sqlx::query(PREDICT)
            .bind(message.as_str())
            .bind(said.outcome.as_str())
            .bind(said.intent.map(Intent::key))
            .bind(said.risk.as_str())
            .bind(said.confidence)
            .bind(said.margin)
            .bind(top_to_json(&said.top))
            .bind(plain(&said.lang))
            .bind(plain(&said.model))
            .bind(said.verdict.map(|verdict| verdict.as_str()))
            .bind($now)
            .execute(&mut *$conn)
            .await?;
    }};
}

/// Names a message's conversation and locks that row first, as an ingest does, so that writers take turns.
macro_rules! lock_conversation {
    ($conn:expr, $message:expr) => {{
        let message: &MessageId = $message;
        let row: Option<(String,)> = sqlx::query_as(LOCK_CONVERSATION)
            .bind(message.as_str())
            .fetch_optional(&mut *$conn)
            .await?;
        row.ok_or_else(|| StoreError::NotFound {
            what: format!("message {message}"),
        })?
        .0
    }};
}

const LOCK_CONVERSATION: &str = "UPDATE conversation SET rank = rank \
     WHERE id = (SELECT conversation_id FROM message WHERE id = $1) RETURNING id";

const SET_PENDING: &str = "UPDATE message SET pending = $2 WHERE id = $1";

const ADD_EXAMPLE: &str = "INSERT INTO example (id, text, text_key, lang, intent, message_id, at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET text = excluded.text, \
     text_key = excluded.text_key, lang = excluded.lang, intent = excluded.intent, \
     message_id = excluded.message_id, at = excluded.at";

impl Store {
    /// The stored vectors of a model, by text.
    pub async fn vectors(
        &self,
        model: &ModelId,
        keys: &[TextKey],
    ) -> Result<HashMap<TextKey, Vector>, StoreError> {
        let mut found = HashMap::with_capacity(keys.len());
        for chunk in keys.chunks(KEYS_A_QUERY) {
            let rows: Vec<(String, Vec<u8>)> = reading!(self, conn => {
                let mut query = sqlx::QueryBuilder::new("SELECT text_key, value FROM vector WHERE model = ");
                query.push_bind(model.0.as_str()).push(" AND text_key IN (");
                let mut list = query.separated(", ");
                for key in chunk {
                    list.push_bind(key.as_str());
                }
                list.push_unseparated(")");
                query.build_query_as().fetch_all(&mut *conn).await?
            });
            for (key, value) in rows {
                let vector = Vector::from_bytes(&value).ok_or_else(|| StoreError::Unreadable {
                    what: "a vector".to_owned(),
                })?;
                found.insert(TextKey::from_stored(key), vector);
            }
        }
        Ok(found)
    }

    /// Keeps vectors; one that is here already stays.
    pub async fn put_vectors(
        &self,
        model: &ModelId,
        vectors: &[(TextKey, Vector)],
    ) -> Result<(), StoreError> {
        writing!(self, conn => for (key, vector) in vectors {
            sqlx::query("INSERT INTO vector (model, text_key, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(model.0.as_str())
                .bind(key.as_str())
                .bind(vector.to_bytes())
                .execute(&mut *conn)
                .await?;
        });
        Ok(())
    }

    /// Buyers' messages without a prediction, the longest waiting buyer's first.
    pub async fn unclassified(&self, limit: u32) -> Result<Vec<Pending>, StoreError> {
        let rows: Vec<PendingRow> = reading!(self, conn => sqlx::query_as(UNCLASSIFIED)
            .bind(i64::from(limit))
            .fetch_all(&mut *conn)
            .await?);
        rows.into_iter().map(PendingRow::read).collect()
    }

    /// Messages whose outcome is unknown and that no person judged, the latest predicted first: what a new example may
    /// change.
    pub async fn unknown_messages(&self, limit: u32) -> Result<Vec<Pending>, StoreError> {
        let rows: Vec<PendingRow> = reading!(self, conn => sqlx::query_as(UNSURE)
            .bind(i64::from(limit))
            .fetch_all(&mut *conn)
            .await?);
        rows.into_iter().map(PendingRow::read).collect()
    }

    /// Stores what was said of messages and moves their conversations to where that puts them.
    pub async fn set_predictions(
        &self,
        predictions: &[(MessageId, Classification)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let now = ms(now);
        writing!(self, conn => {
            let mut conversations = BTreeSet::new();
            for (message, _) in predictions {
                conversations.insert(lock_conversation!(conn, message));
            }
            for (message, said) in predictions {
                sqlx::query(SET_PENDING).bind(message.as_str()).bind(false).execute(&mut *conn).await?;
                predict!(conn, message, said, now);
            }
            for conversation in &conversations {
                restand!(conn, conversation);
            }
        });
        Ok(())
    }

    /// Puts back what was said of a message before a person spoke: also over a verdict. `None`: nothing was.
    pub async fn restore_prediction(
        &self,
        message: &MessageId,
        said: Option<&Classification>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let now = ms(now);
        writing!(self, conn => {
            let conversation = lock_conversation!(conn, message);
            sqlx::query(SET_PENDING).bind(message.as_str()).bind(said.is_none()).execute(&mut *conn).await?;
            sqlx::query("DELETE FROM prediction WHERE message_id = $1")
                .bind(message.as_str())
                .execute(&mut *conn)
                .await?;
            if let Some(said) = said {
                predict!(conn, message, said, now);
            }
            restand!(conn, &conversation);
        });
        Ok(())
    }

    /// What was last said of a message.
    pub async fn prediction(
        &self,
        message: &MessageId,
    ) -> Result<Option<Classification>, StoreError> {
        let row: Option<PredictionRow> = reading!(self, conn => sqlx::query_as(
            concat!("SELECT ", prediction_columns!(), " FROM prediction p WHERE p.message_id = $1"))
            .bind(message.as_str())
            .fetch_optional(&mut *conn)
            .await?);
        row.map_or(Ok(None), PredictionRow::read)
    }

    /// Counts rows; on a million messages that takes a good part of a second.
    pub async fn counts(&self) -> Result<Counts, StoreError> {
        let ((conversations, messages, inbound), outcomes): ((i64, i64, i64), Vec<(String, i64)>) = reading!(self, conn => (
            sqlx::query_as(
                "SELECT (SELECT COUNT(*) FROM conversation), (SELECT COUNT(*) FROM message), \
                 (SELECT COUNT(*) FROM message WHERE author = 'customer')")
                .fetch_one(&mut *conn)
                .await?,
            sqlx::query_as("SELECT outcome, COUNT(*) FROM prediction GROUP BY outcome")
                .fetch_all(&mut *conn)
                .await?,
        ));
        let by_outcome = outcomes
            .into_iter()
            .map(|(outcome, n)| Ok((word(&outcome)?, n.unsigned_abs())))
            .collect::<Result<BTreeMap<Outcome, u64>, StoreError>>()?;
        Ok(Counts {
            conversations: conversations.unsigned_abs(),
            messages: messages.unsigned_abs(),
            inbound: inbound.unsigned_abs(),
            predicted: by_outcome.values().sum(),
            by_outcome,
        })
    }

    /// Keeps an example; one of the same id is replaced.
    pub async fn add_example(&self, example: &Example) -> Result<(), StoreError> {
        self.add_examples(std::slice::from_ref(example)).await
    }

    /// Keeps all of them or none; one of the same id is replaced.
    pub async fn add_examples(&self, examples: &[Example]) -> Result<(), StoreError> {
        writing!(self, conn => for example in examples {
            sqlx::query(ADD_EXAMPLE)
                .bind(example.id.as_str())
                .bind(bytes(&example.text))
                .bind(example.text_key.as_str())
                .bind(plain(&example.lang))
                .bind(example.intent.key())
                .bind(example.message_id.as_ref().map(MessageId::as_str))
                .bind(ms(example.at))
                .execute(&mut *conn)
                .await?;
        });
        Ok(())
    }

    /// Whether there was one.
    pub async fn remove_example(&self, id: &str) -> Result<bool, StoreError> {
        let removed = writing!(self, conn => sqlx::query("DELETE FROM example WHERE id = $1")
            .bind(id)
            .execute(&mut *conn)
            .await?
            .rows_affected());
        Ok(removed > 0)
    }

    /// All examples in the order they were made; those of intents that this version does not know are left out.
    pub async fn examples(&self) -> Result<Vec<Example>, StoreError> {
        let rows: Vec<ExampleRow> = reading!(self, conn => sqlx::query_as(
            "SELECT id, text, text_key, lang, intent, message_id, at FROM example ORDER BY at, id")
            .fetch_all(&mut *conn)
            .await?);
        let known = rows
            .into_iter()
            .filter_map(|row| Intent::from_key(&row.intent).map(|intent| (intent, row)));
        known
            .map(|(intent, row)| {
                Ok(Example {
                    id: row.id,
                    text: raw(row.text),
                    text_key: TextKey::from_stored(row.text_key),
                    lang: row.lang,
                    intent,
                    message_id: row.message_id.map(MessageId::from_stored),
                    at: time(row.at)?,
                })
            })
            .collect()
    }
}
