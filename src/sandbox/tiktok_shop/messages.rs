//! The customer-service calls (platforms.md 2.6).
//!
//! May use: its siblings. The one rule: what the script knows about a message (its label) is never written.

use super::answer::Answer;
use super::paging::{self, Place};
use super::state::{Conversation, Message, Role, World};
use crate::sandbox::faults::{Fault, FaultBoard};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

type Query = HashMap<String, String>;

/// Longest text of a message, in characters.
const LONGEST_TEXT: usize = 2000;

/// What the sandbox takes for sensitive: ways around the platform. The platform does not publish its list.
const SENSITIVE: &[&str] = &[
    "whatsapp",
    "wechat",
    "微信",
    "paypal.me",
    "telegram",
    "http://",
    "https://",
];

/// One page of `count` items: which of them, and the token of the next page.
pub fn cut_page(
    listing: &str,
    query: &Query,
    size: usize,
    count: usize,
    faults: &FaultBoard,
) -> Result<(std::ops::Range<usize>, String), Answer> {
    let place = paging::place(listing, query.get("page_token").map(String::as_str))?;
    let start = place.offset.min(count);
    let end = (start + size).min(count);
    let repeat = || {
        paging::token(
            listing,
            Place {
                again: true,
                ..place
            },
        )
    };
    if !place.again && faults.hit(Fault::EmptyPage) {
        return Ok((start..start, repeat()));
    }
    if !place.again && end > start && faults.hit(Fault::DuplicatePage) {
        return Ok((start..end, repeat()));
    }
    let next = (end < count).then(|| {
        paging::token(
            listing,
            Place {
                offset: end,
                again: false,
            },
        )
    });
    Ok((start..end, next.unwrap_or_default()))
}

/// GET `/customer_service/202309/conversations`: most recently changed first, by the position in a list that may
/// change while it is read; so a page may repeat what the one before it showed.
pub fn conversations(
    world: &mut World,
    query: &Query,
    faults: &FaultBoard,
) -> Result<Value, Answer> {
    let size = paging::page_size(query.get("page_size").map(String::as_str), None, 20)?;
    let paging_on = query.get("page_token").is_some_and(|t| !t.is_empty());
    let mut order = world.newest_first();
    let (range, _) = cut_page(
        "conversations",
        query,
        size,
        order.len(),
        &FaultBoard::default(),
    )?;
    if paging_on && !range.is_empty() && faults.hit(Fault::MovedItem) {
        world.bump(order[range.start]);
        order = world.newest_first();
    }
    let (range, next) = cut_page("conversations", query, size, order.len(), faults)?;
    let mut list: Vec<Value> = order[range]
        .iter()
        .map(|i| conversation(world, &world.conversations[*i]))
        .collect();
    if let Some(last) = list.last_mut().filter(|_| faults.hit(Fault::UnknownEnum)) {
        last["latest_message"]["type"] = json!("HOLOGRAM");
        last["participants"][0]["role"] = json!("CO_PILOT");
    }
    Ok(json!({ "next_page_token": next, "conversations": list }))
}

fn conversation(world: &World, talk: &Conversation) -> Value {
    let mut participants = vec![
        participant(world, talk, Role::Shop),
        participant(world, talk, Role::Buyer),
    ];
    if talk.agent {
        participants.push(participant(world, talk, Role::CustomerService));
    }
    let can_send = world
        .day
        .buyers
        .get(talk.buyer)
        .is_some_and(|b| b.can_receive);
    json!({
        "id": talk.id,
        "create_time": talk.created.as_second(),
        "unread_count": talk.unread,
        "participant_count": participants.len(),
        "can_send_message": can_send,
        "participants": participants,
        "latest_message": talk.messages.last().map(|m| message(world, talk, m)),
    })
}

/// A person in the chat. The platform and its robot look like the shop.
fn participant(world: &World, talk: &Conversation, role: Role) -> Value {
    let buyer = world.day.buyers.get(talk.buyer);
    match (role, buyer) {
        (Role::Buyer, Some(buyer)) => json!({
            "role": role.as_str(),
            "im_user_id": buyer.im_user_id,
            "user_id": buyer.user_id,
            "nickname": buyer.nickname,
            "avatar": "https://img.invalid/avatar/buyer.jpeg",
        }),
        (Role::CustomerService, _) => json!({
            "role": role.as_str(),
            "im_user_id": format!("{}1", &world.shop.im_user_id[..18]),
            "nickname": "Mei",
            "avatar": "https://img.invalid/avatar/mei.jpeg",
        }),
        _ => json!({
            "role": role.as_str(),
            "im_user_id": world.shop.im_user_id,
            "nickname": world.shop.name,
            "avatar": "https://img.invalid/avatar/lumen.jpeg",
        }),
    }
}

fn message(world: &World, talk: &Conversation, message: &Message) -> Value {
    let mut sender = participant(world, talk, message.role);
    if let Some(sender) = sender.as_object_mut() {
        sender.remove("user_id");
    }
    json!({
        "id": message.id,
        "index": message.index,
        "create_time": message.at.as_second(),
        "is_visible": message.visible,
        "type": message.kind,
        "sender": sender,
        // A JSON document inside a string.
        "content": message.content.to_string(),
    })
}

fn find(world: &World, id: &str) -> Result<usize, Answer> {
    world
        .by_id
        .get(id)
        .copied()
        .ok_or_else(Answer::no_conversation)
}

/// GET `/customer_service/202601/conversations/{id}`.
pub fn one(world: &World, id: &str) -> Result<Value, Answer> {
    let talk = &world.conversations[find(world, id)?];
    Ok(json!({ "conversation": conversation(world, talk) }))
}

/// GET `/customer_service/202309/conversations/{id}/messages`.
pub fn messages(
    world: &World,
    id: &str,
    query: &Query,
    faults: &FaultBoard,
) -> Result<Value, Answer> {
    let size = paging::page_size(query.get("page_size").map(String::as_str), None, 10)?;
    let talk = &world.conversations[find(world, id)?];
    let ascending = match query.get("sort_order").map(String::as_str) {
        None | Some("DESC") => false,
        Some("ASC") => true,
        Some(_) => {
            return Err(Answer::invalid_parameter(
                "sort_order",
                "expected ASC or DESC",
            ));
        }
    };
    let count = talk.messages.len();
    let listing = format!("{id}/{ascending}");
    let (range, next) = cut_page(&listing, query, size, count, faults)?;
    let pick = |i: usize| {
        if ascending {
            &talk.messages[i]
        } else {
            &talk.messages[count - 1 - i]
        }
    };
    let mut list: Vec<Value> = range.map(|i| message(world, talk, pick(i))).collect();
    if let Some(first) = list.first_mut().filter(|_| faults.hit(Fault::UnknownEnum)) {
        first["type"] = json!("HOLOGRAM");
        first["sender"]["role"] = json!("CO_PILOT");
    }
    Ok(json!({
        "next_page_token": next,
        "unsupported_msg_tips": "This message cannot be shown here.",
        "messages": list,
    }))
}

#[derive(Deserialize)]
struct SendBody {
    #[serde(rename = "type")]
    kind: String,
    content: String,
    sender_role: Option<String>,
}

/// POST `/customer_service/{202309|202606}/conversations/{id}/messages`.
pub fn send(
    world: &mut World,
    version: &str,
    id: &str,
    body: &[u8],
    faults: &FaultBoard,
    now: Timestamp,
) -> Result<Value, Answer> {
    let body: SendBody =
        serde_json::from_slice(body).map_err(|e| Answer::invalid_body(&e.to_string()))?;
    let conversation = find(world, id)?;
    let role = sender_role(version, body.sender_role.as_deref())?;
    let (kind, content) = checked_content(&body)?;
    let buyer = world.conversations[conversation].buyer;
    if !world.day.buyers.get(buyer).is_some_and(|b| b.can_receive) {
        world.stats.refused_sends += 1;
        return Err(Answer::cannot_send());
    }
    let text = content
        .get("content")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_lowercase();
    if faults.hit(Fault::SendRefused) || SENSITIVE.iter().any(|word| text.contains(word)) {
        world.stats.refused_sends += 1;
        return Err(Answer::sensitive_words());
    }
    let message_id = world.reply(conversation, now, role, kind, content);
    Ok(json!({ "message_id": message_id }))
}

/// Version 202309 knows no role: what it sends is the shop's.
fn sender_role(version: &str, asked: Option<&str>) -> Result<Role, Answer> {
    match asked {
        None => Ok(Role::CustomerService),
        Some(_) if version == "202309" => Err(Answer::invalid_parameter(
            "sender_role",
            "this version does not take it",
        )),
        Some("CUSTOMER_SERVICE") => Ok(Role::CustomerService),
        Some("SYSTEM") => Ok(Role::System),
        Some("ROBOT") => Ok(Role::Robot),
        Some(_) => Err(Answer::invalid_parameter(
            "sender_role",
            "expected CUSTOMER_SERVICE, SYSTEM or ROBOT",
        )),
    }
}

/// The type and the content of a message to be sent, if they fit each other.
fn checked_content(body: &SendBody) -> Result<(&'static str, Value), Answer> {
    const KINDS: &[(&str, &str)] = &[
        ("TEXT", "content"),
        ("IMAGE", "url"),
        ("VIDEO", "vid"),
        ("PRODUCT_CARD", "product_id"),
        ("ORDER_CARD", "order_id"),
        ("LOGISTICS_CARD", "order_id"),
        ("RETURN_REFUND_CARD", "order_id"),
        ("COUPON_CARD", "coupon_id"),
    ];
    let kind = KINDS.iter().find(|(kind, _)| *kind == body.kind);
    let (kind, key) = kind.ok_or_else(|| Answer::invalid_parameter("type", "it cannot be sent"))?;
    let not_json = || Answer::invalid_parameter("content", "expected a JSON object as a string");
    let content: Value = serde_json::from_str(&body.content).map_err(|_| not_json())?;
    let value = content.get(key).and_then(Value::as_str).unwrap_or_default();
    if value.trim().is_empty() {
        return Err(Answer::invalid_parameter(
            "content",
            &format!("expected {key}, not empty"),
        ));
    }
    if *kind == "TEXT" && value.chars().count() > LONGEST_TEXT {
        return Err(Answer::invalid_parameter(
            "content",
            "expected at most 2000 characters",
        ));
    }
    Ok((kind, content))
}

/// POST `/customer_service/202309/conversations/{id}/messages/read`.
pub fn mark_read(world: &mut World, id: &str) -> Result<Value, Answer> {
    let conversation = find(world, id)?;
    world.conversations[conversation].unread = 0;
    world.stats.marked_read += 1;
    Ok(json!({}))
}

/// POST `/customer_service/202309/conversations`: the conversation with a buyer, old or new.
pub fn create(world: &mut World, body: &[u8], now: Timestamp) -> Result<Value, Answer> {
    #[derive(Deserialize)]
    struct Body {
        buyer_user_id: String,
    }
    let body: Body =
        serde_json::from_slice(body).map_err(|e| Answer::invalid_body(&e.to_string()))?;
    let buyer = world
        .day
        .buyers
        .iter()
        .position(|b| b.user_id == body.buyer_user_id);
    let buyer = buyer.ok_or_else(|| Answer::invalid_parameter("buyer_user_id", "no such buyer"))?;
    let conversation = world.conversation_with(buyer, now);
    Ok(json!({ "conversation_id": world.conversations[conversation].id }))
}
