//! The order, tracking and after-sales reads (platforms.md 2.7 to 2.9).
//!
//! May use: its siblings. The one rule: names, addresses and phones are masked, as they are for many apps.

use super::answer::Answer;
use super::messages::cut_page;
use super::paging;
use super::state::World;
use crate::sandbox::faults::{Fault, FaultBoard};
use crate::sandbox::shop_day::Buyer;
use crate::sandbox::shop_day::orders::Order;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

type Query = HashMap<String, String>;

#[derive(Default, Deserialize)]
#[serde(default)]
struct SearchBody {
    order_status: Option<String>,
    create_time_ge: Option<i64>,
    create_time_lt: Option<i64>,
    update_time_ge: Option<i64>,
    update_time_lt: Option<i64>,
    buyer_user_id: Option<String>,
}

impl SearchBody {
    fn wants(&self, buyer: &Buyer, order: &Order) -> bool {
        let (created, updated) = (order.created.as_second(), updated(order));
        self.buyer_user_id
            .as_ref()
            .is_none_or(|id| *id == buyer.user_id)
            && self
                .order_status
                .as_ref()
                .is_none_or(|s| s == order.status.as_str())
            && self.create_time_ge.is_none_or(|t| created >= t)
            && self.create_time_lt.is_none_or(|t| created < t)
            && self.update_time_ge.is_none_or(|t| updated >= t)
            && self.update_time_lt.is_none_or(|t| updated < t)
    }
}

fn updated(order: &Order) -> i64 {
    order
        .tracking
        .last()
        .map_or(order.created, |event| event.at)
        .as_second()
}

/// POST `/order/202309/orders/search`.
pub fn search(
    world: &World,
    query: &Query,
    body: &[u8],
    faults: &FaultBoard,
) -> Result<Value, Answer> {
    let body: SearchBody = if body.is_empty() {
        SearchBody::default()
    } else {
        serde_json::from_slice(body).map_err(|e| Answer::invalid_body(&e.to_string()))?
    };
    let size = paging::page_size(query.get("page_size").map(String::as_str), Some(20), 100)?;
    let by_update = query.get("sort_field").map(String::as_str) == Some("update_time");
    let mut found: Vec<(&Buyer, &Order)> = all(world).filter(|(b, o)| body.wants(b, o)).collect();
    let key = |order: &Order| {
        if by_update {
            updated(order)
        } else {
            order.created.as_second()
        }
    };
    found.sort_by_key(|(_, order)| std::cmp::Reverse((key(order), order.id.clone())));
    if query.get("sort_order").map(String::as_str) == Some("ASC") {
        found.reverse();
    }
    let listing = format!(
        "orders/{}",
        body.buyer_user_id.as_deref().unwrap_or_default()
    );
    let (range, next) = cut_page(&listing, query, size, found.len(), faults)?;
    let mut list: Vec<Value> = found[range].iter().map(|(b, o)| order(b, o)).collect();
    if let Some(first) = list.first_mut().filter(|_| faults.hit(Fault::UnknownEnum)) {
        first["status"] = json!("TELEPORTED");
    }
    Ok(json!({ "next_page_token": next, "total_count": found.len(), "orders": list }))
}

fn all(world: &World) -> impl Iterator<Item = (&Buyer, &Order)> {
    world
        .day
        .buyers
        .iter()
        .flat_map(|buyer| buyer.orders.iter().map(move |order| (buyer, order)))
}

/// GET `/order/{202309|202507}/orders?ids=a,b`.
pub fn detail(world: &World, query: &Query) -> Result<Value, Answer> {
    let ids = query.get("ids").map(String::as_str).unwrap_or_default();
    let ids: Vec<&str> = ids.split(',').filter(|id| !id.is_empty()).collect();
    if !(1..=50).contains(&ids.len()) {
        return Err(Answer::invalid_parameter(
            "ids",
            "expected 1 to 50 order ids",
        ));
    }
    let mut list = Vec::new();
    for id in ids {
        let (buyer, found) = find(world, id)?;
        list.push(order(buyer, found));
    }
    Ok(json!({ "orders": list }))
}

fn find<'a>(world: &'a World, id: &str) -> Result<(&'a Buyer, &'a Order), Answer> {
    all(world)
        .find(|(_, order)| order.id == id)
        .ok_or_else(Answer::not_owned)
}

fn order(buyer: &Buyer, order: &Order) -> Value {
    let mut value = json!({
        "id": order.id,
        "status": order.status.as_str(),
        "create_time": order.created.as_second(),
        "update_time": updated(order),
        "user_id": buyer.user_id,
        "buyer_nickname": buyer.nickname,
        "buyer_email": format!("{}@scs.tiktokw.invalid", &order.id[..10]),
        "buyer_message": "",
        "is_cod": false,
        "shipping_type": "TIKTOK",
        "fulfillment_type": "FULFILLMENT_BY_SELLER",
        "rts_sla_time": order.ship_by.as_second(),
        "tts_sla_time": order.ship_by.as_second(),
        "shipping_due_time": order.ship_by.as_second(),
        "payment": {
            "currency": order.currency,
            "total_amount": order.total,
            "sub_total": order.total,
            "shipping_fee": "0",
        },
        "recipient_address": {
            "name": "L*** H***",
            "phone_number": "(+44)7*******12",
            "full_address": "*** ***",
            "region_code": order.region,
            "postal_code": "***",
            "district_info": [],
        },
        "line_items": order.line_ids.iter().map(|id| line(order, id)).collect::<Vec<_>>(),
        "packages": [],
    });
    if !matches!(order.status.as_str(), "UNPAID" | "ON_HOLD") {
        value["paid_time"] = json!(order.created.as_second() + 60);
    }
    if let (Some(shipped), Some(number)) = (order.shipped, &order.tracking_number) {
        value["rts_time"] = json!(shipped.as_second());
        value["tracking_number"] = json!(number);
        value["shipping_provider"] = json!(order.carrier);
        value["shipping_provider_id"] = json!("7117858858072016641");
        value["packages"] = json!([{ "id": order.package_id }]);
    }
    if let Some(delivered) = order.delivered {
        value["delivery_time"] = json!(delivered.as_second());
    }
    if order.status.as_str() == "CANCELLED" {
        value["cancel_time"] = json!(order.created.as_second() + 7200);
        value["cancel_reason"] = json!("Need to change details");
        value["cancellation_initiator"] = json!("BUYER");
    }
    value
}

/// One piece of an order.
fn line(order: &Order, id: &str) -> Value {
    json!({
        "id": id,
        "product_id": order.product.id,
        "product_name": order.product.name,
        "sku_id": order.sku_id,
        "sku_name": order.sku,
        "seller_sku": format!("LH-{}", &order.product.id[16..]),
        "sku_image": "https://img.invalid/sku.jpeg",
        "sale_price": order.price,
        "currency": order.currency,
        "display_status": order.status.as_str(),
        "package_id": order.shipped.map(|_| order.package_id.clone()).unwrap_or_default(),
        "tracking_number": order.tracking_number.clone().unwrap_or_default(),
        "shipping_provider_name": order.shipped.map(|_| order.carrier).unwrap_or_default(),
    })
}

/// GET `/fulfillment/202309/orders/{id}/tracking`: newest first.
pub fn tracking(world: &World, id: &str) -> Result<Value, Answer> {
    let (_, order) = find(world, id)?;
    let events: Vec<Value> = order
        .tracking
        .iter()
        .rev()
        .map(|e| {
            json!({
                "description": e.description,
                "update_time_millis": e.at.as_millisecond(),
                "action_code": e.code,
            })
        })
        .collect();
    Ok(json!({ "tracking": events }))
}

/// GET `/logistics/202604/orders/{id}/tracking`.
pub fn logistics(world: &World, id: &str) -> Result<Value, Answer> {
    let (_, order) = find(world, id)?;
    let events: Vec<Value> = order
        .tracking
        .iter()
        .rev()
        .map(|e| {
            json!({
                "description": e.description,
                "tracking_no": order.tracking_number,
                "update_time_millis": e.at.as_millisecond(),
                "action_code": e.code,
                "action_code_name": e.code_name,
            })
        })
        .collect();
    let parcel = json!({
        "newest_tracking_no": order.tracking_number,
        "carrier_name": order.carrier,
        "track_list": events,
    });
    let parcels = if order.shipped.is_some() {
        vec![parcel]
    } else {
        Vec::new()
    };
    Ok(json!({ "order_id": order.id, "logistics_details": parcels }))
}

/// POST `/return_refund/202309/returns/search`: the shop has no open returns.
pub fn returns(query: &Query) -> Result<Value, Answer> {
    paging::page_size(query.get("page_size").map(String::as_str), Some(10), 50)?;
    Ok(json!({ "next_page_token": "", "total_count": 0, "return_orders": [] }))
}
