//! Which order a conversation is about, and how fresh what we know of it is.
//!
//! What a template says of an order must be true when the reply leaves, and not only when it was staged.
//!
//! The one rule: with two candidates nothing is chosen. A person says which.

use super::Engine;
use crate::domain::{Author, Conversation, Message, Order, OrderStatus, Outgoing};
use crate::store::StoreError;
use crate::template::{FRESH_FOR, Slots, Template};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::time::Duration;

/// A reply whose facts cannot be asked for again in this time does not leave.
const LONGEST_REFRESH: Duration = Duration::from_mins(1);

/// The buyer's orders, newest first, and the one that is meant.
#[derive(Debug, Default)]
pub struct OrderContext {
    pub orders: Vec<Order>,
    pub chosen: Option<Order>,
    /// Why the platform could not be asked; the orders are then as old as they say.
    pub failed: Option<String>,
}

impl Engine {
    /// The orders of the buyer, asked for again where the stored ones are stale. `wanted` is an order id that a person named.
    pub async fn order_context(
        &self,
        conversation: &Conversation,
        messages: &[Message],
        wanted: Option<&str>,
        now: Timestamp,
    ) -> anyhow::Result<OrderContext> {
        let mut context = OrderContext {
            orders: self.store.orders(&conversation.id).await?,
            ..OrderContext::default()
        };
        let fresh = |o: &Order| now.duration_since(o.fetched_at) <= FRESH_FOR;
        if context.orders.is_empty() || !context.orders.iter().all(fresh) {
            match self.fetch_orders(conversation, now).await {
                Ok(Some(orders)) => context.orders = orders,
                Ok(None) => {}
                Err(why) => context.failed = Some(format!("{why:#}")),
            }
        }
        context.chosen = choose(&context.orders, messages, wanted).cloned();
        Ok(context)
    }

    /// Asks the platform where what is stored of the buyer's orders is stale. Whether there is news.
    ///
    /// # Errors
    /// A platform that cannot be asked; what is stored stays.
    pub async fn refresh_orders(
        &self,
        conversation: &Conversation,
        now: Timestamp,
    ) -> anyhow::Result<bool> {
        let stored = self.store.orders(&conversation.id).await?;
        let fresh = |o: &Order| now.duration_since(o.fetched_at) <= FRESH_FOR;
        if !stored.is_empty() && stored.iter().all(fresh) {
            return Ok(false);
        }
        let fetched = self.fetch_orders(conversation, now).await?;
        Ok(fetched.is_some_and(|orders| !orders.is_empty()))
    }

    /// Why a reply must not leave now: what its template says of an order is too old and cannot be made sure of, or is not true
    /// any more. `None` where it may leave.
    ///
    /// # Errors
    /// A store that fails.
    pub(super) async fn outdated(
        &self,
        reply: &Outgoing,
        now: Timestamp,
    ) -> anyhow::Result<Option<String>> {
        let key = reply.template.as_deref().unwrap_or_default();
        let template = self.templates.find(key, None).filter(|t| names_order(t));
        let Some(template) = template else {
            return Ok(None);
        };
        let told = self.store.orders(&reply.conversation_id).await?;
        let is_fresh = |o: &Order| now.duration_since(o.fetched_at) <= FRESH_FOR;
        let is_told = |o: &Order| o.fetched_at <= reply.created_at;
        if told.iter().all(|o| is_fresh(o) && is_told(o)) {
            return Ok(None);
        }
        let refused = |why: &str| {
            let what = "not sent: what it says of the order";
            Ok(Some(format!("{what} {why}; stage `{key}` again")))
        };
        let current = if told.iter().all(is_fresh) {
            told.clone()
        } else {
            let conversation = self.store.conversation(&reply.conversation_id).await?;
            let asking = self.fetch_orders(&conversation, now);
            match tokio::time::timeout(LONGEST_REFRESH, asking).await {
                Ok(Ok(Some(orders))) => orders,
                Ok(Ok(None)) => {
                    return refused("is old, and the platform cannot be asked for it");
                }
                Ok(Err(error)) if error.is::<StoreError>() => return Err(error),
                Ok(Err(error)) => {
                    return refused(&format!(
                        "is old, and the platform could not be asked again ({error:#})"
                    ));
                }
                Err(_) => return refused("is old, and the platform did not answer in time"),
            }
        };
        let unchanged = told.iter().all(is_told) && is_unchanged(&told, &current);
        if unchanged || is_still_said(template, reply, &current) {
            return Ok(None);
        }
        refused("has changed since it was written")
    }

    /// `None` where the channel has no orders or the buyer is not known to it.
    async fn fetch_orders(
        &self,
        conversation: &Conversation,
        now: Timestamp,
    ) -> anyhow::Result<Option<Vec<Order>>> {
        let Some(buyer) = &conversation.buyer_remote_id else {
            return Ok(None);
        };
        let channel = self.channels.of(&conversation.account_id).await?;
        if !channel.capabilities().orders {
            return Ok(None);
        }
        let orders = channel.orders(buyer, now).await?;
        self.store.put_orders(&conversation.id, &orders).await?;
        Ok(Some(orders))
    }
}

/// The named one; else the newest that a message names by a card or its number; else the only one, open ones first.
pub(super) fn choose<'a>(
    orders: &'a [Order],
    messages: &[Message],
    wanted: Option<&str>,
) -> Option<&'a Order> {
    if let Some(wanted) = wanted {
        return orders.iter().find(|o| o.remote_id.as_str() == wanted);
    }
    let names = |m: &Message, o: &Order| {
        m.order_id.as_ref() == Some(&o.remote_id)
            || (m.author == Author::Customer && m.text.expose().contains(o.remote_id.as_str()))
    };
    if let Some(named) = messages
        .iter()
        .rev()
        .find_map(|m| orders.iter().find(|o| names(m, o)))
    {
        return Some(named);
    }
    let open: Vec<&Order> = orders
        .iter()
        .filter(|o| !matches!(o.status, OrderStatus::Completed | OrderStatus::Cancelled))
        .collect();
    match (open.as_slice(), orders) {
        ([only], _) => Some(*only),
        ([], [only]) => Some(only),
        _ => None,
    }
}

/// Whether what a template says depends on an order.
fn names_order(template: &Template) -> bool {
    let mut variants = template.text.values().flatten();
    !template.while_order.is_empty() || variants.any(|v| v.contains("order."))
}

/// Whether the platform still says of every order what it said before.
fn is_unchanged(before: &[Order], now: &[Order]) -> bool {
    before.iter().all(|old| {
        now.iter().any(|new| {
            let fetched_at = old.fetched_at;
            Order {
                fetched_at,
                ..new.clone()
            } == *old
        })
    })
}

/// Whether a reply says what is known of one of `orders` now. One that a person rewrote is not understood.
fn is_still_said(template: &Template, reply: &Outgoing, orders: &[Order]) -> bool {
    let text = reply.text.expose();
    let lang = reply.lang.as_deref().unwrap_or_default();
    let mut variants = template.text.get(lang).into_iter().flatten();
    let Some(named) = variants.find_map(|variant| slots_in(variant, text)) else {
        return false;
    };
    orders.iter().any(|order| {
        let mut slots = Slots::default();
        fill_slots(&mut slots, order);
        let is_said = |name: &&str| slots.get(name).is_some_and(|s| text.contains(&s.value));
        let fits = template.while_order.is_empty() || template.while_order.contains(&order.status);
        fits && named.iter().all(is_said)
    })
}

/// The order slots that `variant` names, if `text` was made from it.
fn slots_in<'a>(variant: &'a str, text: &str) -> Option<Vec<&'a str>> {
    let (mut named, mut rest) = (Vec::new(), text);
    for piece in variant.trim().split("{{") {
        let (slot, literal) = piece.split_once("}}").unwrap_or(("", piece));
        rest = &rest[rest.find(literal)? + literal.len()..];
        named.extend(Some(slot.trim()).filter(|s| s.starts_with("order.")));
    }
    Some(named)
}

/// Writes what is known of `order` into the slots, each with its age.
pub(super) fn fill_slots(slots: &mut Slots, order: &Order) {
    let at = order.fetched_at;
    let date = |t: Timestamp| t.to_zoned(TimeZone::UTC).date().to_string();
    let text = |t: &crate::text::RawText| crate::template::slot_text(&t.safe());
    slots.set_as_of("order.id", order.remote_id.to_string(), at);
    let parcel = &order.parcel;
    let known = [
        ("order.item", order.item.as_ref().map(text)),
        ("order.total", order.total.as_ref().map(text)),
        ("order.ship_by", order.ship_by.map(date)),
        ("order.carrier", parcel.carrier.as_ref().map(text)),
        (
            "order.tracking_number",
            parcel.tracking_number.as_ref().map(text),
        ),
        ("order.last_event", parcel.last_event.as_ref().map(text)),
        ("order.last_event_on", parcel.last_event_at.map(date)),
    ];
    for (name, value) in known {
        if let Some(value) = value {
            slots.set_as_of(name, value, at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Parcel, RemoteId};

    fn order(id: &str, status: OrderStatus) -> Order {
        Order {
            remote_id: RemoteId::new(id),
            buyer_remote_id: None,
            status,
            item: None,
            total: None,
            ship_by: None,
            created_at: Timestamp::UNIX_EPOCH,
            parcel: Parcel::default(),
            fetched_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn two_open_orders_are_no_answer_unless_one_is_named() {
        let orders = [
            order("11", OrderStatus::InTransit),
            order("22", OrderStatus::AwaitingShipment),
        ];
        assert_eq!(choose(&orders, &[], None), None);
        assert_eq!(choose(&orders, &[], Some("22")), Some(&orders[1]));
        assert_eq!(choose(&orders, &[], Some("33")), None);
    }

    #[test]
    fn the_only_open_order_is_meant() {
        let orders = [
            order("11", OrderStatus::Completed),
            order("22", OrderStatus::InTransit),
        ];
        assert_eq!(choose(&orders, &[], None), Some(&orders[1]));
        assert_eq!(choose(&orders[..1], &[], None), Some(&orders[0]));
    }

    #[test]
    fn a_text_is_traced_to_its_variant_and_the_facts_in_it() {
        let variant = "Hi {{ buyer }}, {{ order.id }} is with {{order.carrier}}.\n";
        let text = "Hi Ana {{, 88 is with Post.";
        assert_eq!(
            slots_in(variant, text),
            Some(vec!["order.id", "order.carrier"])
        );
        assert_eq!(slots_in(variant, "Hi Ana, 88 is at the post office."), None);
        assert_eq!(slots_in("On its way!", "On its way!"), Some(vec![]));
    }
}
