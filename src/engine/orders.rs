//! Which order a conversation is about, and how fresh what we know of it is.
//!
//! The one rule: with two candidates nothing is chosen. A person says which.

use super::Engine;
use crate::domain::{Author, Conversation, Message, Order, OrderStatus};
use crate::template::{FRESH_FOR, Slots};
use jiff::Timestamp;
use jiff::tz::TimeZone;

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
}
