//! From the platform's values to the desk's.
//!
//! May use: `domain`, `text`. The one rule: pure functions; what cannot be read is handed on as it came, never dropped.

use super::wire;
use crate::domain::{
    Author, Buyer, Cursor, IncomingConversation, IncomingMessage, MessageKind, Order, OrderStatus,
    Parcel, RemoteId, Source, Surface,
};
use crate::text::RawText;
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// One entry of the conversation list, or its JSON where it cannot be read.
pub fn conversation(entry: Value) -> Result<IncomingConversation, RawText> {
    let json = entry.to_string();
    let wire: wire::Conversation = serde_json::from_value(entry).map_err(|_| RawText::new(json))?;
    let latest: wire::MessageMark = serde_json::from_value(wire.latest_message).unwrap_or_default();
    let can_reply = wire.can_send_message.unwrap_or(true);
    let version = Mark {
        index: latest.index,
        id: latest.id,
    }
    .version(wire.unread_count, can_reply);
    let buyer = wire
        .participants
        .into_iter()
        .find(|participant| participant.role == "BUYER");
    let (name, user_id) = buyer
        .map(|buyer| (buyer.nickname, buyer.user_id))
        .unwrap_or_default();
    Ok(IncomingConversation {
        remote_id: RemoteId::new(wire.id),
        buyer: Buyer {
            name: RawText::new(name),
            remote_id: remote_id(user_id),
        },
        surface: Surface::Direct,
        source: Source::UNKNOWN,
        product: None,
        can_reply,
        version,
    })
}

/// What ends the version of a conversation that takes no reply.
const CLOSED: &str = "/closed";

/// Where a message stands in its conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// Digits; larger is newer, gaps are normal. Empty where the platform gave none.
    pub index: String,
    pub id: String,
}

impl Mark {
    /// The conversation's version: its newest message, and whether it takes a reply. It does not change when somebody marks
    /// the conversation read. Only where the platform names no newest message does the number of unread ones have to do.
    fn version(&self, unread: i64, can_reply: bool) -> Cursor {
        let closed = if can_reply { "" } else { CLOSED };
        if self.index.is_empty() && self.id.is_empty() {
            return Cursor(format!("unread/{unread}{closed}"));
        }
        Cursor(format!("{}/{}{closed}", self.index, self.id))
    }

    /// The message that a version names; `None` where it names none.
    pub fn of(version: &Cursor) -> Option<Self> {
        let version = version.0.strip_suffix(CLOSED).unwrap_or(&version.0);
        let (index, id) = version.split_once('/')?;
        (index != "unread").then(|| Self {
            index: index.to_owned(),
            id: id.to_owned(),
        })
    }

    pub fn of_message(message: &Value) -> Self {
        let text = |name: &str| match message.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        Self {
            index: text("index"),
            id: text("id"),
        }
    }

    /// Whether `message` is this one or an older one.
    pub fn covers(&self, message: &Self) -> bool {
        let (theirs, ours) = (index_order(&message.index), index_order(&self.index));
        (!message.id.is_empty() && message.id == self.id)
            || (theirs.is_some() && ours.is_some() && theirs <= ours)
    }
}

/// Sorts decimals of any length; `None`, which comes first, for what is no number.
pub fn index_order(index: &str) -> Option<(usize, &str)> {
    let is_number = !index.is_empty() && index.bytes().all(|b| b.is_ascii_digit());
    let digits = index.trim_start_matches('0');
    is_number.then_some((digits.len(), digits))
}

/// One message; `None` for those that the platform says not to show. `near` stands in for the time of one that has none.
pub fn message(entry: Value, near: Timestamp) -> Option<IncomingMessage> {
    let json = entry.to_string();
    let Ok(wire) = serde_json::from_value::<wire::Message>(entry.clone()) else {
        return Some(unreadable(&entry, json, near));
    };
    if wire.is_visible == Some(false) {
        return None;
    }
    let kind = kind(&wire.kind);
    let content = wire::parse::<wire::Content>(wire.content.as_bytes());
    let sent_at = Timestamp::from_second(wire.create_time)
        .ok()
        .filter(|_| wire.create_time > 0);
    let complete = kind.is_some()
        && sent_at.is_some()
        && (content.is_ok() || kind == Some(MessageKind::Sticker));
    // A text that is no JSON is taken for the text itself.
    let is_text = kind == Some(MessageKind::Text);
    let content = content.unwrap_or_else(|_| wire::Content {
        content: if is_text {
            wire.content.clone()
        } else {
            String::new()
        },
        ..Default::default()
    });
    let text = if is_text || wire.plaintext.is_empty() {
        content.content
    } else {
        wire.plaintext
    };
    Some(IncomingMessage {
        remote_id: RemoteId::new(wire.id),
        author: author(&wire.sender.role),
        kind: kind.unwrap_or(MessageKind::Other),
        text: RawText::new(text),
        order_id: remote_id(content.order_id),
        product_id: remote_id(content.product_id),
        sent_at: sent_at.unwrap_or(near),
        unreadable: (!complete).then(|| RawText::new(json)),
    })
}

/// Kept under its own id, or under a name made from its content, so that it is stored once.
fn unreadable(entry: &Value, json: String, near: Timestamp) -> IncomingMessage {
    let id = Mark::of_message(entry).id;
    let id = if id.is_empty() {
        format!("unreadable-{}", hex::encode(&Sha256::digest(&json)[..16]))
    } else {
        id
    };
    let seconds = entry
        .get("create_time")
        .and_then(Value::as_i64)
        .filter(|seconds| *seconds > 0);
    IncomingMessage {
        remote_id: RemoteId::new(id),
        author: author(
            entry
                .pointer("/sender/role")
                .and_then(Value::as_str)
                .unwrap_or_default(),
        ),
        kind: MessageKind::Other,
        text: RawText::default(),
        order_id: None,
        product_id: None,
        sent_at: seconds
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .unwrap_or(near),
        unreadable: Some(RawText::new(json)),
    }
}

/// By role, never by name: the platform's robot writes under the shop's name and picture.
fn author(role: &str) -> Author {
    match role {
        "BUYER" => Author::Customer,
        "SHOP" | "CUSTOMER_SERVICE" => Author::Agent,
        "ROBOT" => Author::Automation,
        // A role that is new to us is nobody whom a seller would answer.
        _ => Author::System,
    }
}

fn kind(name: &str) -> Option<MessageKind> {
    Some(match name {
        "TEXT" => MessageKind::Text,
        "IMAGE" => MessageKind::Image,
        "VIDEO" => MessageKind::Video,
        "EMOTICONS" => MessageKind::Sticker,
        "PRODUCT_CARD" => MessageKind::ProductCard,
        "ORDER_CARD" => MessageKind::OrderCard,
        "LOGISTICS_CARD" => MessageKind::LogisticsCard,
        "RETURN_REFUND_CARD" => MessageKind::ReturnCard,
        "COUPON_CARD" => MessageKind::CouponCard,
        "ALLOCATED_SERVICE"
        | "NOTIFICATION"
        | "BUYER_ENTER_FROM_TRANSFER"
        | "BUYER_ENTER_FROM_PRODUCT"
        | "BUYER_ENTER_FROM_ORDER" => MessageKind::Notice,
        "OTHER" => MessageKind::Other,
        _ => return None,
    })
}

/// Whether `entry` is a text that our side wrote, with these words.
pub fn is_own_text(entry: &IncomingMessage, words: &str) -> bool {
    // The platform may trim a text and change its line ends.
    let plain = |text: &str| text.replace("\r\n", "\n").trim().to_owned();
    matches!(entry.author, Author::Agent | Author::Automation)
        && entry.kind == MessageKind::Text
        && plain(entry.text.expose()) == plain(words)
}

/// One order of the search, without the events of its parcel. `None` where it cannot be read.
pub fn order(entry: Value, fetched_at: Timestamp) -> Option<Order> {
    let wire: wire::Order = serde_json::from_value(entry).ok()?;
    let first = wire.line_items.into_iter().next();
    let (item, item_number, item_carrier) = first
        .map(|l| (l.product_name, l.tracking_number, l.shipping_provider_name))
        .unwrap_or_default();
    let payment = wire.payment.unwrap_or_default();
    let total = format!("{} {}", payment.total_amount, payment.currency);
    let due = [wire.shipping_due_time, wire.rts_sla_time, wire.tts_sla_time];
    Some(Order {
        remote_id: RemoteId::new(wire.id),
        buyer_remote_id: remote_id(wire.user_id),
        status: order_status(&wire.status),
        item: raw(item),
        total: raw(if payment.total_amount.is_empty() {
            String::new()
        } else {
            total.trim().to_owned()
        }),
        ship_by: due
            .into_iter()
            .find(|seconds| *seconds > 0)
            .and_then(|s| Timestamp::from_second(s).ok()),
        created_at: Timestamp::from_second(wire.create_time).ok()?,
        parcel: Parcel {
            carrier: raw(wire.shipping_provider).or_else(|| raw(item_carrier)),
            tracking_number: raw(wire.tracking_number).or_else(|| raw(item_number)),
            last_event: None,
            last_event_at: None,
        },
        fetched_at,
    })
}

fn order_status(name: &str) -> OrderStatus {
    match name {
        "UNPAID" => OrderStatus::Unpaid,
        "ON_HOLD" => OrderStatus::OnHold,
        "AWAITING_SHIPMENT" => OrderStatus::AwaitingShipment,
        "PARTIALLY_SHIPPING" => OrderStatus::PartiallyShipped,
        "AWAITING_COLLECTION" => OrderStatus::AwaitingCollection,
        "IN_TRANSIT" => OrderStatus::InTransit,
        "DELIVERED" => OrderStatus::Delivered,
        "COMPLETED" => OrderStatus::Completed,
        "CANCELLED" => OrderStatus::Cancelled,
        _ => OrderStatus::Unknown,
    }
}

/// The newest of a parcel's events: the carrier's words and their time.
pub fn newest_event(events: Vec<Value>) -> Option<(RawText, Timestamp)> {
    events
        .into_iter()
        .filter_map(|event| serde_json::from_value::<wire::TrackingEvent>(event).ok())
        .filter(|event| event.update_time_millis > 0 && !event.description.is_empty())
        .max_by_key(|event| event.update_time_millis)
        .and_then(|event| {
            Some((
                RawText::new(event.description),
                Timestamp::from_millisecond(event.update_time_millis).ok()?,
            ))
        })
}

fn raw(text: String) -> Option<RawText> {
    (!text.is_empty()).then(|| RawText::new(text))
}

/// "0" is how the platform writes "none" in some id fields.
fn remote_id(text: String) -> Option<RemoteId> {
    (!text.is_empty() && text != "0").then(|| RemoteId::new(text))
}
