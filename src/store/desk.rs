//! One conversation: where it is, its messages, the buyer's orders.

use super::rows::{
    ConversationRow, PredictionRow, bytes, conversation_columns, key, maybe_key, maybe_raw,
    maybe_time, ms, prediction_columns, raw, remote, time, word,
};
use super::{Store, StoreError, reading, writing};
use crate::domain::{
    Author, Conversation, ConversationId, Message, MessageId, MessageKind, Order, Origin, Parcel,
    RemoteId,
};

/// The shortest ending that may stand for an id.
const SHORTEST_SUFFIX: usize = 4;

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

/// With the state of the outbox where a reply of ours is the message.
macro_rules! messages_sql {
    ($order:literal) => {
        concat!(
    "SELECT m.id, m.remote_id, m.author, m.kind, m.text, m.order_id, m.product_id, m.sent_at, m.received_at, o.state, ",
    prediction_columns!(),
    " FROM message m LEFT JOIN prediction p ON p.message_id = m.id \
     LEFT JOIN outbox o ON o.account_id = m.account_id AND o.platform_id = m.remote_id \
     WHERE m.conversation_id = $1 ORDER BY ",
            $order
        )
    };
}

const MESSAGES: &str = messages_sql!("m.sent_at, m.id");
const NEWEST_MESSAGES: &str = messages_sql!("m.sent_at DESC, m.id DESC LIMIT $2");

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

    /// The newest `limit` messages, oldest first, and whether there are older ones; after them the replies of ours that the
    /// platform has not shown yet.
    pub async fn newest_messages(
        &self,
        conversation: &ConversationId,
        limit: u32,
    ) -> Result<(Vec<Message>, bool), StoreError> {
        let (mut rows, unseen): (Vec<MessageRow>, Vec<UnseenRow>) = reading!(self, conn => (
            sqlx::query_as(NEWEST_MESSAGES)
                .bind(conversation.as_str())
                .bind(i64::from(limit) + 1)
                .fetch_all(&mut *conn)
                .await?,
            sqlx::query_as(UNSEEN).bind(conversation.as_str()).fetch_all(&mut *conn).await?,
        ));
        let older = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let seen = rows.into_iter().rev().map(|row| seen(conversation, row));
        let unseen = unseen.into_iter().map(|row| not_seen(conversation, row));
        Ok((seen.chain(unseen).collect::<Result<_, _>>()?, older))
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

pub(super) fn missing(id: &str) -> StoreError {
    StoreError::NotFound {
        what: format!("conversation {id}"),
    }
}
