//! What Lumen Home sells, and the orders behind what buyers say.
//!
//! May use: jiff. The one rule: an order's status fits the words of the buyer who asks about it.

use super::dice::Dice;
use jiff::{SignedDuration, Timestamp};

/// One thing on sale. The price is in US cents.
#[derive(Debug)]
pub struct Product {
    pub id: &'static str,
    pub name: &'static str,
    pub skus: &'static [&'static str],
    pub cents: i64,
}

const fn product(
    id: &'static str,
    name: &'static str,
    skus: &'static [&'static str],
    cents: i64,
) -> Product {
    Product {
        id,
        name,
        skus,
        cents,
    }
}

/// The catalogue.
pub static PRODUCTS: &[Product] = &[
    product(
        "1729480000000000101",
        "Halo Ring Light 26 cm",
        &["White", "Black"],
        1990,
    ),
    product(
        "1729480000000000102",
        "Moon Lamp 3D, rechargeable",
        &["12 cm", "15 cm", "18 cm"],
        2450,
    ),
    product(
        "1729480000000000103",
        "Sunset Projector Lamp",
        &["Amber", "Rainbow"],
        1590,
    ),
    product(
        "1729480000000000104",
        "Bamboo Bedside Lamp",
        &["Natural", "Walnut"],
        3400,
    ),
    product(
        "1729480000000000105",
        "LED Strip, 5 m, with remote",
        &["RGB", "Warm white"],
        1290,
    ),
    product(
        "1729480000000000106",
        "Velvet Matte Lipstick",
        &["01 Rose", "02 Brick", "03 Nude"],
        890,
    ),
    product(
        "1729480000000000107",
        "Glow Cushion Foundation",
        &["N10", "N21", "N23", "W25"],
        1690,
    ),
    product(
        "1729480000000000108",
        "Vitamin C Serum 30 ml",
        &["30 ml"],
        1490,
    ),
    product(
        "1729480000000000109",
        "Jade Roller Set",
        &["Green", "Pink"],
        1190,
    ),
    product(
        "1729480000000000110",
        "Magnetic Phone Case",
        &["Clear", "Lilac", "Black"],
        1350,
    ),
    product(
        "1729480000000000111",
        "Fold Phone Stand",
        &["Silver", "Rose gold"],
        990,
    ),
    product(
        "1729480000000000112",
        "20 W Fast Charger with cable",
        &["EU plug", "UK plug", "US plug"],
        1450,
    ),
    product(
        "1729480000000000113",
        "Wireless Earbuds Mini",
        &["White", "Mint"],
        2290,
    ),
    product(
        "1729480000000000114",
        "Linen Lounge Set",
        &["S", "M", "L", "XL"],
        3890,
    ),
    product(
        "1729480000000000115",
        "Fluffy House Slippers",
        &["36-37", "38-39", "40-41"],
        1650,
    ),
    product(
        "1729480000000000116",
        "Portable Blender Cup",
        &["Pink", "White"],
        2790,
    ),
];

/// The platform's order states that the shop day uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Unpaid,
    OnHold,
    AwaitingShipment,
    AwaitingCollection,
    InTransit,
    Delivered,
    Completed,
    Cancelled,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unpaid => "UNPAID",
            Self::OnHold => "ON_HOLD",
            Self::AwaitingShipment => "AWAITING_SHIPMENT",
            Self::AwaitingCollection => "AWAITING_COLLECTION",
            Self::InTransit => "IN_TRANSIT",
            Self::Delivered => "DELIVERED",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The states that fit somebody who talks about `label`; none where it needs no order.
    pub fn fitting(label: &str) -> &'static [Self] {
        use Status::{
            AwaitingCollection, AwaitingShipment, Cancelled, Completed, Delivered, InTransit,
            OnHold, Unpaid,
        };
        match label {
            "order.placed_notice" | "order.address_change" => &[AwaitingShipment],
            "order.change" | "order.cancel" => &[AwaitingShipment, AwaitingCollection],
            "order.payment_issue" => &[Unpaid, OnHold],
            "logistics.where_is_order" | "logistics.customs_tax" => &[InTransit],
            "logistics.not_shipped" => &[AwaitingShipment, AwaitingCollection],
            "logistics.delivered_not_received" => &[Delivered],
            "refund.status" => &[Cancelled, Completed],
            "risk.dissatisfied" | "risk.review_threat" => &[Delivered, InTransit],
            "risk.safety_injury" | "risk.legal_threat" => &[Delivered],
            _ if label.starts_with("aftersale.") || label.starts_with("refund.") => {
                &[Delivered, Completed]
            }
            _ => &[],
        }
    }

    const fn has_parcel(self) -> bool {
        matches!(self, Self::InTransit | Self::Delivered | Self::Completed)
    }
}

/// One step of a parcel.
#[derive(Clone, Debug)]
pub struct TrackingEvent {
    pub at: Timestamp,
    pub code: i64,
    pub code_name: &'static str,
    pub description: String,
}

/// One order with one line.
#[derive(Clone, Debug)]
pub struct Order {
    pub id: String,
    /// One a piece.
    pub line_ids: Vec<String>,
    pub package_id: String,
    pub sku_id: String,
    pub status: Status,
    pub product: &'static Product,
    pub sku: &'static str,
    /// ISO 3166 code of where it goes.
    pub region: String,
    pub currency: String,
    /// Price of one piece.
    pub price: String,
    /// Total in the currency's own notation, as the platform writes it.
    pub total: String,
    pub created: Timestamp,
    pub ship_by: Timestamp,
    pub shipped: Option<Timestamp>,
    pub delivered: Option<Timestamp>,
    pub carrier: &'static str,
    pub tracking_number: Option<String>,
    /// Oldest first.
    pub tracking: Vec<TrackingEvent>,
}

/// An order in `status`, as of `now`, by somebody of the `market` (region, currency); `customs` makes its parcel stand at customs.
pub fn make(
    dice: &mut Dice,
    now: Timestamp,
    status: Status,
    market: (&str, &str),
    customs: bool,
) -> Order {
    let product = &PRODUCTS[dice.below(PRODUCTS.len())];
    let age = match status {
        Status::Unpaid | Status::OnHold => dice.between(1, 20),
        Status::AwaitingShipment | Status::AwaitingCollection => dice.between(2, 70),
        Status::InTransit => dice.between(80, 260),
        Status::Delivered | Status::Cancelled => dice.between(120, 300),
        Status::Completed => dice.between(500, 1200),
    };
    let created = now
        .saturating_sub(SignedDuration::from_mins(age * 60 + dice.between(0, 59)))
        .unwrap_or(now);
    let shipped = after(created, dice.between(20, 40)).filter(|_| status.has_parcel());
    let (region, currency) = market;
    let pieces = if dice.percent(20) { 2 } else { 1 };
    let mut order = Order {
        id: dice.id(576),
        line_ids: (0..pieces).map(|_| dice.id(577)).collect(),
        package_id: dice.id(115),
        sku_id: dice.id(172),
        status,
        product,
        sku: dice.pick(product.skus).copied().unwrap_or(""),
        region: region.to_owned(),
        currency: currency.to_owned(),
        price: money(product.cents, currency),
        total: money(product.cents * pieces, currency),
        created,
        ship_by: after(created, 72).unwrap_or(created),
        shipped,
        delivered: None,
        carrier: dice
            .pick(&["Yun Express", "J&T Express", "Royal Mail", "DHL eCommerce"])
            .copied()
            .unwrap_or(""),
        tracking_number: shipped.map(|_| format!("LH{}{}", dice.digits(10), "YQ")),
        tracking: Vec::new(),
    };
    order.track(dice, now, customs);
    order
}

fn after(t: Timestamp, hours: i64) -> Option<Timestamp> {
    t.checked_add(SignedDuration::from_hours(hours)).ok()
}

impl Order {
    /// Writes the parcel's way, up to `now`.
    fn track(&mut self, dice: &mut Dice, now: Timestamp, customs: bool) {
        let Some(shipped) = self.shipped else { return };
        let mut steps = vec![
            (0, 10001, "PICKED_UP", "Parcel picked up by the carrier"),
            (
                9,
                10002,
                "IN_TRANSIT",
                "Arrived at the sorting centre, Shenzhen",
            ),
            (20, 10003, "EXPORTED", "Departed from the country of origin"),
        ];
        if customs {
            steps.push((
                44,
                10011,
                "CUSTOMS_HELD",
                "Held at customs: import charges are to be paid",
            ));
        } else {
            steps.push((
                44,
                10012,
                "CUSTOMS_CLEARED",
                "Import customs clearance completed",
            ));
        }
        if matches!(self.status, Status::Delivered | Status::Completed) {
            steps.push((60, 10004, "OUT_FOR_DELIVERY", "Out for delivery"));
            steps.push((66, 10005, "DELIVERED", "Delivered: left in a safe place"));
        }
        for (hours, code, code_name, description) in steps {
            let late = SignedDuration::from_secs(dice.between(0, 1500));
            let at = after(shipped, hours).and_then(|at| at.checked_add(late).ok());
            let Some(at) = at.filter(|at| *at <= now) else {
                continue;
            };
            if code == 10005 {
                self.delivered = Some(at);
            }
            self.tracking.push(TrackingEvent {
                at,
                code,
                code_name,
                description: description.to_owned(),
            });
        }
    }
}

/// US cents in another currency's notation, at the sandbox's own round rates.
fn money(cents: i64, currency: &str) -> String {
    let (per_dollar, decimals) = match currency {
        "GBP" => (80, 2),
        "EUR" => (90, 2),
        "MXN" => (1800, 2),
        "BRL" => (500, 2),
        "MYR" => (450, 2),
        "PHP" => (5600, 2),
        "THB" => (3500, 2),
        "SAR" => (375, 2),
        "CNY" => (700, 2),
        "TWD" => (3200, 0),
        "JPY" => (15_000, 0),
        "IDR" => (1_600_000, 0),
        "VND" => (2_500_000, 0),
        _ => (100, 2),
    };
    let amount = cents * per_dollar / 100;
    if decimals == 0 {
        (amount / 100).to_string()
    } else {
        format!("{}.{:02}", amount / 100, amount % 100)
    }
}
