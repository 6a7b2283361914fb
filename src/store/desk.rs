//! One conversation, and the acts on it: its messages, orders, status, draft, events, and how to take acts back.

use super::rows::{
    ConversationRow, PredictionRow, bytes, conversation_columns, key, maybe_key, maybe_raw,
    maybe_time, ms, plain, prediction_columns, raw, remote, status, time, unplain, word,
};
use super::{Store, StoreError, reading, writing};
use crate::domain::{
    Author, Conversation, ConversationId, Draft, Message, MessageId, MessageKind, Order, Origin,
    Parcel, RemoteId, Status,
};
use jiff::Timestamp;

/// Acts that can be taken back.
const KEPT_UNDOS: i64 = 50;
/// The shortest ending that may stand for an id.
const SHORTEST_SUFFIX: usize = 4;

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
struct MessageRow {
    id: String,
    remote_id: String,
    author: String,
    kind: String,
    text: Vec<u8>,
    order_id: Option<String>,
    product_id: Option<String>,
    sent_at: i64,
    received_at: i64,
    state: Option<String>,
    #[sqlx(flatten)]
    prediction: PredictionRow,
}

#[derive(sqlx::FromRow)]
struct UnseenRow {
    id: String,
    origin: String,
    text: Vec<u8>,
    state: String,
    platform_id: Option<String>,
    created_at: i64,
}

#[derive(sqlx::FromRow)]
struct OrderRow {
    remote_id: String,
    buyer_remote_id: Option<String>,
    status: String,
    item: Option<Vec<u8>>,
    total: Option<Vec<u8>>,
    ship_by: Option<i64>,
    created_at: i64,
    carrier: Option<Vec<u8>>,
    tracking_number: Option<Vec<u8>>,
    last_event: Option<Vec<u8>>,
    last_event_at: Option<i64>,
    fetched_at: i64,
}

impl OrderRow {
    fn read(self) -> Result<Order, StoreError> {
        Ok(Order {
            remote_id: remote(self.remote_id),
            buyer_remote_id: self.buyer_remote_id.map(remote),
            status: word(&self.status)?,
            item: maybe_raw(self.item),
            total: maybe_raw(self.total),
            ship_by: maybe_time(self.ship_by)?,
            created_at: time(self.created_at)?,
            parcel: Parcel {
                carrier: maybe_raw(self.carrier),
                tracking_number: maybe_raw(self.tracking_number),
                last_event: maybe_raw(self.last_event),
                last_event_at: maybe_time(self.last_event_at)?,
            },
            fetched_at: time(self.fetched_at)?,
        })
    }
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

/// With the state of the outbox where a reply of ours is the message.
const MESSAGES: &str = concat!(
    "SELECT m.id, m.remote_id, m.author, m.kind, m.text, m.order_id, m.product_id, m.sent_at, m.received_at, o.state, ",
    prediction_columns!(),
    " FROM message m LEFT JOIN prediction p ON p.message_id = m.id \
     LEFT JOIN outbox o ON o.account_id = m.account_id AND o.platform_id = m.remote_id \
     WHERE m.conversation_id = $1 ORDER BY m.sent_at, m.id"
);

const UNSEEN: &str = "SELECT id, origin, text, state, platform_id, created_at FROM outbox \
     WHERE conversation_id = $1 AND state NOT IN ('sent', 'delivered', 'read', 'cancelled') ORDER BY created_at, id";

impl Store {
    pub async fn conversation(&self, id: &ConversationId) -> Result<Conversation, StoreError> {
        let row: Option<ConversationRow> = reading!(self, conn => sqlx::query_as(concat!(
            "SELECT ", conversation_columns!(),
            " FROM conversation c JOIN account a ON a.id = c.account_id WHERE c.id = $1"))
            .bind(id.as_str())
            .fetch_optional(&mut *conn)
            .await?);
        row.ok_or_else(|| missing(id.as_str()))?.read()
    }

    /// The conversation whose id ends like this, where only one does. At least four characters.
    pub async fn find_conversation(&self, ending: &str) -> Result<ConversationId, StoreError> {
        let ending = ending.to_ascii_lowercase();
        if ending.len() < SHORTEST_SUFFIX
            || !ending.chars().all(|c| c.is_ascii_hexdigit() || c == '-')
        {
            return Err(missing(crate::text::sanitise(&ending).as_str()));
        }
        let mut found: Vec<(String,)> = reading!(self, conn => sqlx::query_as(
            "SELECT id FROM conversation WHERE id LIKE '%' || $1 LIMIT 2")
            .bind(&ending)
            .fetch_all(&mut *conn)
            .await?);
        match (found.pop(), found.len()) {
            (Some((id,)), 0) => Ok(ConversationId::from_stored(id)),
            (Some(_), more) => Err(StoreError::NotUnique {
                what: format!("conversations or more have an id that ends in {ending}"),
                count: more + 1,
            }),
            (None, _) => Err(missing(&ending)),
        }
    }

    /// All messages, oldest first, and after them the replies of ours that the platform has not shown yet.
    pub async fn messages(
        &self,
        conversation: &ConversationId,
    ) -> Result<Vec<Message>, StoreError> {
        let (rows, unseen): (Vec<MessageRow>, Vec<UnseenRow>) = reading!(self, conn => (
            sqlx::query_as(MESSAGES).bind(conversation.as_str()).fetch_all(&mut *conn).await?,
            sqlx::query_as(UNSEEN).bind(conversation.as_str()).fetch_all(&mut *conn).await?,
        ));
        let seen = rows.into_iter().map(|row| seen(conversation, row));
        let unseen = unseen.into_iter().map(|row| not_seen(conversation, row));
        seen.chain(unseen).collect()
    }

    /// The buyer's orders as last reported, newest first.
    pub async fn orders(&self, conversation: &ConversationId) -> Result<Vec<Order>, StoreError> {
        let rows: Vec<OrderRow> = reading!(self, conn => sqlx::query_as(
            "SELECT remote_id, buyer_remote_id, status, item, total, ship_by, created_at, carrier, tracking_number, \
             last_event, last_event_at, fetched_at FROM order_snapshot WHERE conversation_id = $1 \
             ORDER BY created_at DESC, remote_id")
            .bind(conversation.as_str())
            .fetch_all(&mut *conn)
            .await?);
        rows.into_iter().map(OrderRow::read).collect()
    }

    /// Keeps reports of orders; a newer report of the same order replaces an older one.
    pub async fn put_orders(
        &self,
        conversation: &ConversationId,
        orders: &[Order],
    ) -> Result<(), StoreError> {
        writing!(self, conn => for order in orders {
            let parcel = &order.parcel;
            sqlx::query(
                "INSERT INTO order_snapshot (conversation_id, remote_id, buyer_remote_id, status, item, total, ship_by, \
                 created_at, carrier, tracking_number, last_event, last_event_at, fetched_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
                 ON CONFLICT (conversation_id, remote_id) DO UPDATE SET buyer_remote_id = excluded.buyer_remote_id, \
                 status = excluded.status, item = excluded.item, total = excluded.total, ship_by = excluded.ship_by, \
                 created_at = excluded.created_at, carrier = excluded.carrier, \
                 tracking_number = excluded.tracking_number, last_event = excluded.last_event, \
                 last_event_at = excluded.last_event_at, fetched_at = excluded.fetched_at \
                 WHERE excluded.fetched_at >= order_snapshot.fetched_at")
                .bind(conversation.as_str())
                .bind(key(&order.remote_id))
                .bind(maybe_key(order.buyer_remote_id.as_ref()))
                .bind(order.status.as_str())
                .bind(order.item.as_ref().map(bytes))
                .bind(order.total.as_ref().map(bytes))
                .bind(order.ship_by.map(ms))
                .bind(ms(order.created_at))
                .bind(parcel.carrier.as_ref().map(bytes))
                .bind(parcel.tracking_number.as_ref().map(bytes))
                .bind(parcel.last_event.as_ref().map(bytes))
                .bind(parcel.last_event_at.map(ms))
                .bind(ms(order.fetched_at))
                .execute(&mut *conn)
                .await?;
        });
        Ok(())
    }

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
        let Some(row) = row else { return Ok(None) };
        Ok(Some(UndoEntry {
            id: row.id,
            at: time(row.at)?,
            conversation_id: row.conversation_id.map(ConversationId::from_stored),
            action: row.action,
            inverse: serde_json::from_str(&row.inverse).map_err(|_| StoreError::Unreadable {
                what: "an undo entry".to_owned(),
            })?,
        }))
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

fn seen(conversation: &ConversationId, row: MessageRow) -> Result<Message, StoreError> {
    Ok(Message {
        id: MessageId::from_stored(row.id),
        conversation_id: conversation.clone(),
        remote_id: remote(row.remote_id),
        author: word(&row.author)?,
        kind: word(&row.kind)?,
        text: raw(row.text),
        order_id: row.order_id.map(remote),
        product_id: row.product_id.map(remote),
        sent_at: time(row.sent_at)?,
        received_at: time(row.received_at)?,
        classification: row.prediction.read()?,
        state: row.state.as_deref().map(word).transpose()?,
    })
}

/// A reply that is not a message of the platform yet goes by its id in the outbox.
fn not_seen(conversation: &ConversationId, row: UnseenRow) -> Result<Message, StoreError> {
    let at = time(row.created_at)?;
    Ok(Message {
        remote_id: row.platform_id.map_or_else(|| RemoteId::new(""), remote),
        id: MessageId::from_stored(row.id),
        conversation_id: conversation.clone(),
        author: author_of(word(&row.origin)?),
        kind: MessageKind::Text,
        text: raw(row.text),
        order_id: None,
        product_id: None,
        sent_at: at,
        received_at: at,
        classification: None,
        state: Some(word(&row.state)?),
    })
}

/// Who wrote a reply of ours.
pub fn author_of(origin: Origin) -> Author {
    match origin {
        Origin::Person => Author::Agent,
        Origin::Automation => Author::Automation,
    }
}

fn missing(id: &str) -> StoreError {
    StoreError::NotFound {
        what: format!("conversation {id}"),
    }
}
