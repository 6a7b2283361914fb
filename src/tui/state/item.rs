//! Rows, messages, orders, channels: what the runner reads from the store, ready to be shown.

use crate::domain::{
    Author, ChannelKind, Classification, ConversationId, Intent, MessageId, MessageKind,
    OrderStatus, OutboxState, Outcome, Queue, Risk, Status,
};
use crate::template::Label;
use crate::text::SafeText;
use jiff::Timestamp;

/// One queue in the bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueItem {
    pub queue: Queue,
    /// Conversations that wait; for the outbox, replies on their way.
    pub count: u64,
    /// Of those, the ones of critical risk.
    pub critical: u64,
    /// Since when the one that waits longest does.
    pub oldest: Option<Timestamp>,
}

/// One line of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct RowItem {
    pub id: ConversationId,
    pub buyer: SafeText,
    pub channel: ChannelKind,
    /// One line of the leading message, or a placeholder in brackets.
    pub preview: SafeText,
    /// `None` until it is classified.
    pub outcome: Option<Outcome>,
    pub intent: Option<Intent>,
    pub confidence: Option<f64>,
    pub risk: Risk,
    pub lang: Option<String>,
    /// When an answer is due.
    pub due_at: Option<Timestamp>,
    /// Since when the buyer waits, or when the last message came.
    pub since: Timestamp,
    /// Somebody waits for an answer.
    pub waits: bool,
    pub status: Status,
    /// What became of our last reply.
    pub outbox: Option<OutboxState>,
    /// The platform's own words about it.
    pub error: Option<SafeText>,
}

/// One message of the open conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageItem {
    pub id: MessageId,
    pub author: Author,
    pub kind: MessageKind,
    pub text: SafeText,
    /// The bytes as they came, those that act made visible; for the view of the original.
    pub original: SafeText,
    pub sent_at: Timestamp,
    pub classification: Option<Classification>,
    /// Of a reply of ours that went through the outbox.
    pub state: Option<OutboxState>,
    /// The platform's own words about it.
    pub error: Option<SafeText>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderItem {
    pub id: SafeText,
    pub item: Option<SafeText>,
    pub total: Option<SafeText>,
    pub status: OrderStatus,
    pub carrier: Option<SafeText>,
    pub tracking: Option<SafeText>,
    pub last_event: Option<SafeText>,
    pub last_event_at: Option<Timestamp>,
    pub fetched_at: Timestamp,
    /// This is the one that the conversation is about.
    pub chosen: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateItem {
    /// Its key on the desk, from 1.
    pub number: usize,
    pub key: String,
    pub name: Label,
    /// Language and how many variants it has there.
    pub variants: Vec<(String, usize)>,
}

/// An unsent text that the store keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub text: SafeText,
    /// Template and language that it was made from.
    pub from: Option<(String, String)>,
}

/// The open conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Thread {
    pub id: ConversationId,
    pub buyer: SafeText,
    pub channel: ChannelKind,
    pub shop: SafeText,
    pub status: Status,
    pub can_reply: bool,
    /// Longest reply, in characters; `None` where there is no client for the channel (an import).
    pub max_chars: Option<usize>,
    /// Oldest first, the newest few hundred.
    pub messages: Vec<MessageItem>,
    /// There are older ones that are not loaded.
    pub older: bool,
    /// The message that leads the conversation in its queue.
    pub lead: Option<MessageId>,
    /// Its best guess.
    pub intent: Option<Intent>,
    pub lang: Option<String>,
    pub orders: Vec<OrderItem>,
    pub templates: Vec<TemplateItem>,
    pub draft: Option<Draft>,
}

impl Thread {
    /// The message that an act on the intent is about: the leading one, else the buyer's newest.
    pub fn subject(&self) -> Option<&MessageItem> {
        let of_buyer = || {
            self.messages
                .iter()
                .rev()
                .filter(|m| m.author == Author::Customer)
        };
        of_buyer()
            .find(|m| Some(&m.id) == self.lead.as_ref())
            .or_else(|| of_buyer().next())
    }

    pub fn order(&self) -> Option<&OrderItem> {
        self.orders.iter().find(|order| order.chosen)
    }

    /// Our replies whose outcome nobody knows.
    pub fn unknown_replies(&self) -> usize {
        self.messages
            .iter()
            .filter(|m| m.state == Some(OutboxState::Unknown))
            .count()
    }
}

/// A slot that blocks a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    pub slot: String,
    /// What a person calls it.
    pub label: Option<Label>,
    /// What to do about it besides typing a value.
    pub advice: Option<SafeText>,
    /// Only the order could fill it: which order is meant must be chosen.
    pub order: bool,
}

/// One of the best intents of a message, with its nearest labelled examples.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    pub intent: Intent,
    /// Probability, 0..1.
    pub score: f64,
    /// Text, language, cosine, and who labelled it (a person at the desk, or it is built in).
    pub near: Vec<(SafeText, String, f64, bool)>,
}

/// Why a message has its intent.
#[derive(Clone, Debug, PartialEq)]
pub struct Reasons {
    pub message: SafeText,
    pub outcome: Outcome,
    pub lang: String,
    pub reasons: Vec<Reason>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChannelState {
    /// Not asked yet.
    Waiting,
    Ok {
        at: Timestamp,
    },
    NotPermitted(SafeText),
    Unauthorized(SafeText),
    Trouble(SafeText),
    /// Filled by `import`: nothing to poll.
    File,
    /// Connected, but its secrets are not on this machine.
    Elsewhere,
}

/// One account on the screen of channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelItem {
    pub name: SafeText,
    pub kind: ChannelKind,
    pub state: ChannelState,
}

/// How far the model and the classifier are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelState {
    /// Being fetched or loaded; `done` of `total` bytes where it counts them.
    Loading {
        phase: SafeText,
        done: u64,
        total: Option<u64>,
    },
    /// The labelled examples are being embedded: done, of.
    Learning(usize, usize),
    Ready(String),
    Failed(SafeText),
    /// A person stopped it.
    Stopped,
}
