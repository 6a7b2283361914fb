//! A shop's ordinary afternoon, for the tests of the views and of `update`.
//!
//! May use: what the tests use. The one rule: it holds what goes wrong on real screens: wide letters, joined emoji, marks, text from
//! right to left, hidden characters, a reply that failed and one whose outcome nobody knows.

mod inbox;

pub use inbox::{queues, rows};

use crate::domain::{
    Author, ChannelKind, Classification, ConversationId, Intent, MessageId, MessageKind,
    OrderStatus, OutboxState, Outcome, OutgoingId, Scored, Status,
};
use crate::template::Label;
use crate::text::{SafeText, sanitise};
use crate::tui::i18n::Lang;
use crate::tui::keymap::Keymap;
use crate::tui::state::{
    ChannelItem, ChannelState, Compose, Held, Input, MessageItem, ModelState, OrderItem, Phase,
    Reason, Reasons, Settings, State, TemplateItem, Thread, Variant,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Monday afternoon.
pub fn now() -> Timestamp {
    "2025-11-24T14:05:00Z".parse().unwrap()
}

pub fn minutes_ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

pub fn intent(key: &str) -> Intent {
    Intent::from_key(key).unwrap()
}

pub fn conversation(n: usize) -> ConversationId {
    ConversationId::from_stored(format!("c{n}"))
}

pub fn classification(key: &str, confidence: f64, lang: &str) -> Classification {
    Classification {
        outcome: Outcome::Intent,
        intent: Some(intent(key)),
        risk: intent(key).risk(),
        confidence,
        margin: 0.2,
        top: vec![Scored {
            intent: intent(key),
            score: confidence,
        }],
        lang: lang.to_owned(),
        model: "e5-small".to_owned(),
        verdict: None,
    }
}

pub fn message(n: usize, author: Author, minutes: i64, text: &str) -> MessageItem {
    MessageItem {
        id: MessageId::from_stored(format!("m{n}")),
        author,
        kind: MessageKind::Text,
        text: sanitise(text),
        original: sanitise(&text.escape_debug().to_string()),
        sent_at: minutes_ago(minutes),
        classification: None,
        state: None,
        error: None,
    }
}

fn messages() -> Vec<MessageItem> {
    let buyer = Author::Customer;
    let mut all = vec![
        message(
            1,
            buyer,
            12 * 1440,
            "hi! I ordered the desk lamp on the 12th 💡 can't wait",
        ),
        message(
            2,
            Author::Agent,
            12 * 1440 - 30,
            "Hi Ana, thank you! It leaves our warehouse tomorrow.",
        ),
        message(3, Author::System, 11 * 1440, "Order shipped"),
        message(
            4,
            buyer,
            95,
            "\u{202E}kcabyap ym\u{202C} free\u{200B}gift http://x.example/a",
        ),
        message(5, buyer, 94, ""),
        message(
            6,
            Author::Agent,
            90,
            "Hi Ana, let me look into that for you.",
        ),
        message(7, buyer, 24, "مرحبا، أين طلبي؟ لم يصل بعد"),
        message(
            8,
            buyer,
            21,
            "where is my order?? tracking hasn't moved since monday",
        ),
        message(9, buyer, 20, "我等了三周了😡 ของถึงไหนแล้วคะ 👩‍👩‍👧‍👦❤️"),
    ];
    all[1].state = Some(OutboxState::Read);
    all[2].kind = MessageKind::LogisticsCard;
    all[4].kind = MessageKind::Image;
    all[5].state = Some(OutboxState::FailedFinal);
    all[5].error = Some(sanitise(
        "36009004: the message contains a word that is not allowed",
    ));
    all[7].classification = Some(classification("logistics.where_is_order", 0.97, "en"));
    all
}

pub fn order(id: &str, chosen: bool) -> OrderItem {
    OrderItem {
        id: sanitise(id),
        item: Some(sanitise("Desk lamp, black ×1")),
        total: Some(sanitise("34.00 USD")),
        status: OrderStatus::InTransit,
        carrier: Some(sanitise("UPS")),
        tracking: Some(sanitise("1Z999AA10123457784")),
        last_event: Some(sanitise("Departed facility, Memphis TN")),
        last_event_at: Some(minutes_ago(7 * 1440)),
        fetched_at: minutes_ago(2),
        chosen,
    }
}

fn template(number: usize, key: &str, en: &str, zh: &str) -> TemplateItem {
    TemplateItem {
        number,
        key: key.to_owned(),
        name: Label {
            en: en.to_owned(),
            zh: zh.to_owned(),
        },
        variants: vec![
            ("en".to_owned(), 2),
            ("zh".to_owned(), 2),
            ("es".to_owned(), 1),
        ],
    }
}

/// Ana's conversation: the third row.
pub fn thread() -> Thread {
    Thread {
        id: conversation(2),
        buyer: sanitise("Ana P."),
        channel: ChannelKind::Instagram,
        shop: sanitise("lumen-store"),
        status: Status::Open,
        can_reply: true,
        max_chars: Some(1000),
        messages: messages(),
        older: true,
        lead: Some(MessageId::from_stored("m8")),
        intent: Some(intent("logistics.where_is_order")),
        lang: Some("en".to_owned()),
        orders: vec![order("88213", true), order("87001", false)],
        templates: vec![
            template(
                1,
                "status_with_tracking",
                "status with tracking",
                "物流状态和单号",
            ),
            template(
                2,
                "status_ask_order_number",
                "ask for the order number",
                "询问订单号",
            ),
            template(3, "status_delay", "late, with an apology", "延误致歉"),
        ],
        draft: None,
    }
}

pub fn channels() -> Vec<ChannelItem> {
    let channel = |name: &str, kind, state| ChannelItem {
        name: sanitise(name),
        kind,
        state,
    };
    vec![
        channel(
            "lumen-store",
            ChannelKind::TiktokShop,
            ChannelState::Ok {
                at: now() - SignedDuration::from_secs(4),
            },
        ),
        channel(
            "灯光小店 PH",
            ChannelKind::Lazada,
            ChannelState::Unauthorized(sanitise("IllegalAccessToken: the token has expired")),
        ),
        channel(
            "lumen.help",
            ChannelKind::Email,
            ChannelState::Trouble(sanitise("connection timed out after 10 s")),
        ),
        channel("march.csv", ChannelKind::File, ChannelState::File),
    ]
}

/// All open conversations with Ana's open beside them; the model is ready.
pub fn state(lang: Lang) -> State {
    let mut state = State::new(
        now(),
        lang,
        Arc::new(Keymap::default()),
        Settings::default(),
    );
    state.queues = queues();
    state.list.rows = rows();
    state.list.loading = false;
    state.list.selected = Some(conversation(2));
    state.list.seen = state.list.selected.clone();
    state.thread = Some(Arc::new(thread()));
    state.channels = channels().into_iter().take(1).collect();
    state.model = ModelState::Ready("multilingual-e5-small".to_owned());
    state
}

pub const STAGED: &str = "Hi Ana P., your Desk lamp, black ×1 is with UPS (1Z999AA10123457784). Latest: Departed facility, Memphis TN (17 Nov). If it stays there, write to me and I'll ask the carrier.";

pub fn compose(text: &str, phase: Phase) -> Compose {
    Compose {
        seen: true,
        changed_at: None,
        conversation: conversation(2),
        input: Input::of(text),
        phase,
        from: (phase == Phase::Staged).then(|| Variant {
            template: "status_with_tracking".to_owned(),
            number: Some(1),
            lang: "en".to_owned(),
            place: 0,
        }),
        slots: BTreeMap::new(),
        order: None,
        lacks_lang: None,
    }
}

pub fn held(seconds: i64) -> Held {
    Held {
        id: OutgoingId::from_stored("o1"),
        conversation: conversation(4),
        buyer: sanitise("พลอย 🌸"),
        send_at: now() + SignedDuration::from_secs(seconds),
    }
}

pub fn reasons() -> Reasons {
    let near =
        |text: &str, lang: &str, alike, by_you| (sanitise(text), lang.to_owned(), alike, by_you);
    let reason = |key, score, near: Vec<(SafeText, String, f64, bool)>| Reason {
        intent: intent(key),
        score,
        near,
    };
    Reasons {
        message: sanitise("where is my order?? tracking hasn't moved since monday"),
        outcome: Outcome::Intent,
        lang: "en".to_owned(),
        reasons: vec![
            reason(
                "logistics.where_is_order",
                0.97,
                vec![
                    near("tracking stuck for days, where is it", "en", 0.93, true),
                    near(
                        "el seguimiento no se mueve desde el lunes",
                        "es",
                        0.91,
                        false,
                    ),
                    near("物流好几天没更新了，包裹在哪", "zh", 0.88, false),
                ],
            ),
            reason(
                "logistics.not_shipped",
                0.02,
                vec![
                    near("when will you ship my order", "en", 0.81, false),
                    near("怎么还不发货", "zh", 0.78, false),
                    near("kapan dikirim kak", "id", 0.76, false),
                ],
            ),
            reason(
                "logistics.delivered_not_received",
                0.01,
                vec![
                    near("it says delivered but I have nothing", "en", 0.77, false),
                    near("显示已签收，我没收到", "zh", 0.75, true),
                    near("consta como entregue, não recebi", "pt", 0.74, false),
                ],
            ),
        ],
    }
}
