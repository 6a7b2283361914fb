//! The proportions of the day, and what the platform and the chatbot say in it.
//!
//! May use: nothing. The one rule: facts only, no code.

/// How often each label is said: in the backlog and through the day, and during the live show.
#[rustfmt::skip]
pub const MIX: &[(&str, u32, u32)] = &[
    ("presale.link_request", 4, 40), ("presale.product_question", 6, 8), ("presale.size_fit", 5, 8),
    ("presale.stock", 4, 14), ("presale.shipping_policy", 5, 6), ("presale.payment_options", 3, 4),
    ("price.discount_request", 4, 6), ("price.compare", 2, 2), ("price.gift_request", 2, 3),
    ("price.coupon_problem", 4, 5), ("price.ask", 4, 40),
    ("order.placed_notice", 3, 6), ("order.change", 3, 1), ("order.address_change", 3, 1),
    ("order.cancel", 4, 1), ("order.payment_issue", 3, 1),
    ("logistics.where_is_order", 12, 2), ("logistics.not_shipped", 7, 1),
    ("logistics.delivered_not_received", 4, 0), ("logistics.customs_tax", 2, 0),
    ("aftersale.package_damaged", 4, 0), ("aftersale.product_defect", 5, 0), ("aftersale.wrong_item", 4, 0),
    ("aftersale.missing_item", 3, 0), ("aftersale.return_request", 4, 0), ("aftersale.exchange_request", 3, 0),
    ("aftersale.return_status", 2, 0), ("aftersale.usage_help", 3, 0),
    ("refund.request", 4, 0), ("refund.status", 3, 0), ("refund.dispute", 2, 0),
    ("risk.dissatisfied", 4, 0), ("risk.review_threat", 2, 0), ("risk.legal_threat", 1, 0),
    ("risk.safety_injury", 1, 0), ("risk.privacy_request", 1, 0), ("risk.fraud_phishing", 1, 0),
    ("risk.human_request", 3, 0),
    ("social.thanks", 4, 3), ("social.greeting", 4, 6), ("social.collab", 3, 1), ("social.no_reply", 2, 0),
    ("social.decline", 2, 1), ("non_text", 5, 8), ("unknown", 2, 3), ("mixed", 3, 2),
];

/// The chatbot's greeting.
pub const ROBOT_HELLO: &str = "Welcome to Lumen Home! Our team is here from 9:00 to 22:00. Ask away and we will be right with you.";

/// What the platform announces in a chat.
pub const SYSTEM_NOTICES: &[&str] = &[
    "The buyer placed an order.",
    "This conversation was transferred to another agent.",
    "The parcel has left the warehouse.",
    "For your safety, do not share payment details in this chat.",
];
