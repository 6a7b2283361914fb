//! An order as a platform reports it, and how old the report is.

use super::{RemoteId, named};
use crate::text::RawText;
use jiff::Timestamp;

named! {
    OrderStatus {
        Unpaid = "unpaid",
        OnHold = "on_hold",
        AwaitingShipment = "awaiting_shipment",
        PartiallyShipped = "partially_shipped",
        AwaitingCollection = "awaiting_collection",
        InTransit = "in_transit",
        Delivered = "delivered",
        Completed = "completed",
        Cancelled = "cancelled",
        Unknown = "unknown",
    }
}

/// What is known of a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Parcel {
    pub carrier: Option<RawText>,
    pub tracking_number: Option<RawText>,
    /// The carrier's own words for the newest event.
    pub last_event: Option<RawText>,
    pub last_event_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub remote_id: RemoteId,
    pub buyer_remote_id: Option<RemoteId>,
    pub status: OrderStatus,
    /// The first line item's name.
    pub item: Option<RawText>,
    /// As the platform writes it, with its currency: `34.00 USD`.
    pub total: Option<RawText>,
    pub ship_by: Option<Timestamp>,
    pub created_at: Timestamp,
    pub parcel: Parcel,
    /// When we asked the platform. Slots that come from here are stale after 15 minutes.
    pub fetched_at: Timestamp,
}
