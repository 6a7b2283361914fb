//! Names of things that the domain enumerates, in both languages. A new one does not compile until it has both.

use super::Lang;
use crate::domain::{ChannelKind, MessageKind, OrderStatus, OutboxState};

fn pick(lang: Lang, en: &'static str, zh: &'static str) -> &'static str {
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

pub fn order_status(lang: Lang, status: OrderStatus) -> &'static str {
    let (en, zh) = match status {
        OrderStatus::Unpaid => ("not paid", "未付款"),
        OrderStatus::OnHold => ("on hold", "暂停"),
        OrderStatus::AwaitingShipment => ("to be shipped", "待发货"),
        OrderStatus::PartiallyShipped => ("partly shipped", "部分发货"),
        OrderStatus::AwaitingCollection => ("to be collected", "待揽收"),
        OrderStatus::InTransit => ("in transit", "运输中"),
        OrderStatus::Delivered => ("delivered", "已签收"),
        OrderStatus::Completed => ("completed", "已完成"),
        OrderStatus::Cancelled => ("cancelled", "已取消"),
        OrderStatus::Unknown => ("unknown", "未知"),
    };
    pick(lang, en, zh)
}

pub fn outbox_state(lang: Lang, state: OutboxState) -> &'static str {
    let (en, zh) = match state {
        OutboxState::Held => ("held", "待发"),
        OutboxState::Claimed => ("leaving", "发送中"),
        OutboxState::Sent => ("sent", "已发"),
        OutboxState::Delivered => ("delivered", "已送达"),
        OutboxState::Read => ("read", "已读"),
        OutboxState::FailedRetryable => ("tried again", "将重试"),
        OutboxState::FailedFinal => ("failed", "失败"),
        OutboxState::Unknown => ("unknown: look", "不明：请查看"),
        OutboxState::Cancelled => ("taken back", "已撤回"),
    };
    pick(lang, en, zh)
}

/// Where a name is a brand it stays one.
pub fn channel(lang: Lang, kind: ChannelKind) -> &'static str {
    let (en, zh) = match kind {
        ChannelKind::TiktokShop => ("TikTok Shop", "TikTok Shop"),
        ChannelKind::Instagram => ("Instagram", "Instagram"),
        ChannelKind::Messenger => ("Messenger", "Messenger"),
        ChannelKind::Youtube => ("YouTube", "YouTube"),
        ChannelKind::Email => ("e-mail", "邮件"),
        ChannelKind::Lazada => ("Lazada", "Lazada"),
        ChannelKind::Shopee => ("Shopee", "Shopee"),
        ChannelKind::Telegram => ("Telegram", "Telegram"),
        ChannelKind::File => ("file", "文件"),
    };
    pick(lang, en, zh)
}

pub fn message_kind(lang: Lang, kind: MessageKind) -> &'static str {
    let (en, zh) = match kind {
        MessageKind::Text => ("text", "文字"),
        MessageKind::Image => ("picture", "图片"),
        MessageKind::Video => ("video", "视频"),
        MessageKind::Sticker => ("sticker", "表情"),
        MessageKind::ProductCard => ("product", "商品"),
        MessageKind::OrderCard => ("order", "订单"),
        MessageKind::LogisticsCard => ("parcel", "物流"),
        MessageKind::ReturnCard => ("return", "退货"),
        MessageKind::CouponCard => ("coupon", "优惠券"),
        MessageKind::Notice => ("notice", "通知"),
        MessageKind::Other => ("something else", "其他"),
    };
    pick(lang, en, zh)
}

/// The acts of the undo log by the engine's names; one that is not known here keeps its own.
pub fn act(lang: Lang, name: &str) -> String {
    let (en, zh) = match name {
        "reply" => ("the reply; it is the draft again", "回复，已变回草稿"),
        "done" => ("done", "完成"),
        "reopen" => ("open again", "重新打开"),
        "snooze" => ("snooze", "稍后"),
        "relabel" => ("the intent", "意图"),
        "confirm" => ("the confirmation", "确认"),
        "stage" => ("the template; your draft is back", "模板，草稿已恢复"),
        other => return crate::text::sanitise(other).to_string(),
    };
    pick(lang, en, zh).to_owned()
}

/// The slots that the program fills by the templates' names; one that is not known here keeps its own.
pub fn slot(lang: Lang, name: &str) -> &str {
    let (en, zh) = match name {
        "buyer" => ("the buyer's name", "买家名字"),
        "shop" => ("the shop's name", "店铺名称"),
        "product" => ("product", "商品"),
        "order.id" => ("order number", "订单号"),
        "order.item" => ("item of the order", "订单商品"),
        "order.carrier" => ("carrier", "物流公司"),
        "order.tracking_number" => ("tracking number", "运单号"),
        "order.last_event" => ("last event of the parcel", "最新物流"),
        "order.last_event_on" => ("day of the last event", "最新物流日期"),
        "order.ship_by" => ("day of dispatch", "发货日期"),
        "order.total" => ("total of the order", "订单金额"),
        other => return other,
    };
    pick(lang, en, zh)
}
