//! What the screen says, in English and 中文.
//!
//! One struct of texts, one constant a language: a text that a language lacks does not compile. Sentences with a value in them are
//! functions. The one rule: no text for a person stands anywhere else under `tui`.

mod en;
mod names;
mod zh;

use super::action::Action;
use super::state::Thread;
use crate::domain::{
    ChannelKind, Intent, MessageKind, OrderStatus, OutboxState, Queue, taxonomy::PARENTS,
};
use crate::template::Label;

/// A language of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lang {
    En,
    Zh,
}

impl Lang {
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    pub fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.code() == code)
    }

    /// What the environment (`LC_ALL`, `LANG`) asks for.
    pub fn from_locale(locale: &str) -> Self {
        if locale.to_ascii_lowercase().starts_with("zh") {
            Self::Zh
        } else {
            Self::En
        }
    }

    pub fn texts(self) -> &'static Texts {
        match self {
            Self::En => &en::TEXTS,
            Self::Zh => &zh::TEXTS,
        }
    }

    /// What an action is called, in a few words.
    pub fn action(self, action: Action) -> String {
        match self {
            Self::En => en::action(action),
            Self::Zh => zh::action(action),
        }
    }

    /// What an action is called in the footer: a word.
    pub fn hint(self, action: Action) -> String {
        match self {
            Self::En => en::hint(action),
            Self::Zh => zh::hint(action),
        }
    }

    /// What the engine calls an act that was taken back.
    pub fn act(self, name: &str) -> String {
        names::act(self, name)
    }

    pub fn intent(self, intent: Intent) -> &'static str {
        match self {
            Self::En => intent.leaf().en,
            Self::Zh => intent.leaf().zh,
        }
    }

    pub fn parent(self, parent: &str) -> &'static str {
        let found = PARENTS.iter().find(|(key, _)| *key == parent);
        found.map_or("", |(key, zh)| match self {
            Self::En => key,
            Self::Zh => zh,
        })
    }

    pub fn queue(self, queue: Queue) -> &'static str {
        let texts = self.texts();
        match queue {
            Queue::Open => texts.open,
            Queue::New => texts.new,
            Queue::Unknown => texts.unknown,
            Queue::Snoozed => texts.snoozed,
            Queue::Done => texts.done,
            Queue::Answered => texts.answered,
            Queue::Outbox => texts.outbox,
            Queue::Parent(parent) => self.parent(parent),
            Queue::Intent(intent) => self.intent(intent),
        }
    }

    /// Why no reply is taken.
    pub fn no_reply(self, thread: &Thread) -> &'static str {
        match thread.channel {
            ChannelKind::File => self.texts().from_file,
            _ => self.texts().cannot_reply,
        }
    }

    /// What a slot that the program fills is called; another one has its label in a file.
    pub fn slot(self, name: &str) -> &str {
        names::slot(self, name)
    }

    /// What stands in brackets where a message has no words.
    pub fn message_kind(self, kind: MessageKind) -> &'static str {
        names::message_kind(self, kind)
    }

    pub fn label(self, label: &Label) -> &str {
        match self {
            Self::En => &label.en,
            Self::Zh => &label.zh,
        }
    }

    pub fn order_status(self, status: OrderStatus) -> &'static str {
        names::order_status(self, status)
    }

    pub fn outbox_state(self, state: OutboxState) -> &'static str {
        names::outbox_state(self, state)
    }

    pub fn channel(self, kind: ChannelKind) -> &'static str {
        names::channel(self, kind)
    }
}

/// Every fixed text and every sentence with a value.
pub struct Texts {
    // The queue bar.
    pub queues: &'static str,
    pub open: &'static str,
    pub unknown: &'static str,
    pub new: &'static str,
    pub snoozed: &'static str,
    pub done: &'static str,
    pub outbox: &'static str,
    pub least_time_first: &'static str,

    // The list.
    pub loading: &'static str,
    pub empty_queue: &'static str,
    pub empty_outbox: &'static str,
    pub empty_shelf: &'static str,
    pub empty_inbox: &'static str,
    /// Before a span that is over.
    pub overdue: &'static str,
    /// So many critical rows stand above the first that is shown.
    pub above: fn(usize) -> String,
    pub answered: &'static str,
    pub no_intent: &'static str,
    pub non_text: &'static str,
    pub unsupported: &'static str,

    // The conversation.
    pub you: &'static str,
    pub robot: &'static str,
    pub platform: &'static str,
    pub older_messages: &'static str,
    pub cannot_reply: &'static str,
    /// Of an imported conversation.
    pub from_file: &'static str,
    pub hidden_chars: fn(usize) -> String,
    pub no_orders: &'static str,
    pub choose_order: fn(usize) -> String,
    pub orders: &'static str,
    pub order_age: fn(&str) -> String,

    // The reply.
    pub reply: &'static str,
    pub draft: &'static str,
    /// `n` of `count`.
    pub template_of: fn(usize, usize) -> String,
    pub written: &'static str,
    pub in_other_language: fn(&str, &str) -> String,
    pub no_template_key: fn(usize) -> String,
    pub no_templates: &'static str,
    pub one_language_only: &'static str,
    pub not_seen: &'static str,
    pub nothing_to_send: &'static str,
    pub too_long: fn(usize, usize) -> String,
    pub kept_as_draft: &'static str,

    // Asking.
    pub ask_slot: fn(&str, usize, usize) -> String,
    pub ask_snooze: &'static str,
    pub ask_path: &'static str,
    pub not_a_time: &'static str,
    pub value_needed: &'static str,
    pub order_needed: &'static str,

    // The outbox.
    pub held: fn(usize, i64) -> String,
    pub taken_back: fn(&str) -> String,
    pub quit_with_held: fn(usize) -> String,
    /// In the demo nothing leaves later.
    pub quit_demo: fn(usize) -> String,
    /// To whom, what became of it, in whose words.
    pub reply_failed: fn(&str, &str, &str) -> String,

    // Acts.
    pub marked_done: &'static str,
    pub reopened: &'static str,
    pub snoozed_until: fn(&str) -> String,
    pub labelled: fn(&str) -> String,
    pub confirmed: fn(&str) -> String,
    pub resolved: &'static str,
    pub nothing_selected: &'static str,
    pub list_changed: &'static str,
    pub still_loading: &'static str,
    pub not_classified: &'static str,
    pub no_second: &'static str,
    pub nothing_unknown: &'static str,
    pub no_such_queue: fn(usize) -> String,
    pub copied: &'static str,
    pub paste_ignored: &'static str,
    pub unbound: fn(&str) -> String,
    pub no_editor: &'static str,

    // Overlays.
    pub help_title: &'static str,
    pub why_title: &'static str,
    pub raw_title: &'static str,
    pub intent_title: &'static str,
    pub order_title: &'static str,
    pub palette_title: &'static str,
    pub nothing_fits: &'static str,
    pub no_reason: &'static str,
    pub labelled_by_you: &'static str,
    pub built_in: &'static str,
    pub close: &'static str,

    // Channels and the model.
    pub channels_title: &'static str,
    pub no_channels: &'static str,
    pub channel_waiting: &'static str,
    pub channel_ok: fn(&str) -> String,
    pub channel_not_permitted: &'static str,
    pub channel_unauthorized: &'static str,
    pub channel_trouble: &'static str,
    pub channel_file: &'static str,
    pub channel_elsewhere: &'static str,
    pub model: &'static str,
    pub model_loading: &'static str,
    pub model_learning: fn(usize, usize) -> String,
    pub model_ready: &'static str,
    pub model_failed: &'static str,
    pub model_stopped: &'static str,

    // The first run.
    pub welcome: &'static str,
    pub welcome_what: &'static str,
    pub welcome_next: &'static str,
    pub choose_language: &'static str,
    pub imported: fn(usize, usize, usize) -> String,
    pub polling: &'static str,

    // Measures and short forms.
    /// Seconds, minutes, hours, days, behind a number.
    pub units: [&'static str; 4],
    pub shops: fn(usize) -> String,
    pub short_unauthorized: &'static str,
    pub short_not_permitted: &'static str,
    pub short_trouble: &'static str,
    pub short_loading: &'static str,
    pub short_learning: fn(usize, usize) -> String,
    pub short_failed: &'static str,
    pub short_stopped: &'static str,
    pub asked: fn(&str) -> String,
    /// How many of the reply's characters are too many.
    pub over_limit: fn(usize) -> String,
    pub similarity: &'static str,
    pub shown_of: fn(usize, usize) -> String,

    pub too_small: fn(u16, u16) -> String,
    pub demo: &'static str,
    pub press: fn(&str) -> String,
}
