//! Accounts, conversations and messages as the store holds them.

use super::{AccountId, Classification, ConversationId, MessageId, OutboxState, RemoteId, named};
use crate::text::RawText;
use jiff::Timestamp;

named! {
    /// A kind of platform. `File` is what `import` delivers through.
    ChannelKind {
        TiktokShop = "tiktok_shop",
        Instagram = "instagram",
        Messenger = "messenger",
        Youtube = "youtube",
        Email = "email",
        Lazada = "lazada",
        Shopee = "shopee",
        Telegram = "telegram",
        File = "file",
    }
}

named! {
    /// Where a conversation takes place.
    Surface { Direct = "direct", Comment = "comment", Email = "email", Unknown = "unknown" }
}

named! {
    /// What brought the buyer here.
    SourceKind { Video = "video", Live = "live", Ad = "ad", Search = "search", OrderPage = "order_page", ProductPage = "product_page", Unknown = "unknown" }
}

/// What brought the buyer here, and its id on the platform where the platform says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub kind: SourceKind,
    pub reference: Option<RemoteId>,
}

impl Source {
    pub const UNKNOWN: Self = Self {
        kind: SourceKind::Unknown,
        reference: None,
    };
}

named! {
    /// Who wrote a message.
    Author { Customer = "customer", Agent = "agent", Automation = "automation", System = "system" }
}

named! {
    /// What a message consists of. Only `Text` has words of the author; the rest are shown as labelled placeholders.
    MessageKind {
        Text = "text",
        Image = "image",
        Video = "video",
        Sticker = "sticker",
        ProductCard = "product_card",
        OrderCard = "order_card",
        LogisticsCard = "logistics_card",
        ReturnCard = "return_card",
        CouponCard = "coupon_card",
        Notice = "notice",
        /// A kind that this version does not know, or a message that could not be read; its raw form is stored.
        Other = "other",
    }
}

/// Where a conversation stands on the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Open,
    Snoozed { until: Timestamp },
    Done,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Snoozed { .. } => "snoozed",
            Self::Done => "done",
        }
    }
}

/// One connected platform account. Its secrets are kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub kind: ChannelKind,
    /// The shop's name as the platform gave it.
    pub name: RawText,
    /// The platform's own id of the shop or account.
    pub remote_id: RemoteId,
    /// Set where the account talks to something else than the platform's own host (the sandbox, a test).
    pub base_url: Option<String>,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    pub id: ConversationId,
    pub account_id: AccountId,
    pub channel: ChannelKind,
    pub remote_id: RemoteId,
    pub buyer_name: RawText,
    /// The id by which the platform's order calls know the buyer.
    pub buyer_remote_id: Option<RemoteId>,
    pub surface: Surface,
    pub source: Source,
    /// The product the talk is about, where the platform says so.
    pub product: Option<RemoteId>,
    /// False where the platform says that a reply would be refused.
    pub can_reply: bool,
    pub status: Status,
    /// When the oldest message that nobody has answered came in.
    pub waiting_since: Option<Timestamp>,
    pub last_message_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub id: MessageId,
    pub conversation_id: ConversationId,
    pub remote_id: RemoteId,
    pub author: Author,
    pub kind: MessageKind,
    /// As it came. For what is not text, the platform's own description, or empty.
    pub text: RawText,
    /// The order that the message names through a card.
    pub order_id: Option<RemoteId>,
    pub product_id: Option<RemoteId>,
    pub sent_at: Timestamp,
    pub received_at: Timestamp,
    pub classification: Option<Classification>,
    /// For replies of our own that went through the outbox.
    pub state: Option<OutboxState>,
}
