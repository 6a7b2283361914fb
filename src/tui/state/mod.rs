//! What is on the screen, and nothing else. The loop owns it, `update` changes it, the views read it.
//!
//! It holds a window of rows and one open conversation, not the inbox. The selection is a conversation's id, never a place in a
//! list, so that nothing that arrives can move it. Every text in here is sanitised already ([`SafeText`]), so that a view has
//! nothing to decide. The one rule: no clock, no I/O, no store; time and facts come in as values.

mod compose;
mod item;
mod overlay;
mod place;

pub use compose::{Ask, AskFor, Compose, Input, Phase, Quick, Staging, Variant};
pub use item::{
    ChannelItem, ChannelState, Draft, Gap, MessageItem, ModelState, OrderItem, QueueItem, Reason,
    Reasons, RowItem, TemplateItem, Thread,
};
pub use overlay::{Choice, Overlay, Pick, PickFor};
pub use place::{Focus, Screen};

use super::action::{Action, Mode};
use super::i18n::Lang;
use super::key::Key;
use super::keymap::Keymap;
use super::theme::ThemeName;
use crate::domain::{ConversationId, Intent, OutgoingId, Queue};
use crate::text::SafeText;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// What the user set, as far as the screen must know it.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Leaves of normal risk for which the digit alone sends to the held state.
    pub quick: BTreeSet<Intent>,
    /// `$VISUAL` or `$EDITOR` is set.
    pub has_editor: bool,
    /// This is the demo on its throw-away folder.
    pub demo: bool,
}

/// A sentence in the status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: SafeText,
    pub bad: bool,
    /// Gone from then on.
    pub until: Timestamp,
}

/// A reply that can still be taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub id: OutgoingId,
    pub conversation: ConversationId,
    pub buyer: SafeText,
    pub send_at: Timestamp,
}

/// The rows of one queue.
#[derive(Clone, Debug, Default)]
pub struct List {
    pub queue: Queue,
    pub rows: Vec<RowItem>,
    /// There are more than are loaded.
    pub more: bool,
    /// How many are asked for.
    pub limit: u32,
    /// The first one that is shown.
    pub offset: usize,
    pub selected: Option<ConversationId>,
    /// The selection that the person has seen: keys act on it or on nothing.
    pub seen: Option<ConversationId>,
    /// Rows have come that are not on the screen yet: where a step leads has not been seen.
    pub undrawn: bool,
    /// Nothing has been loaded for this queue yet.
    pub loading: bool,
    /// Where each queue was left.
    pub places: HashMap<Queue, ConversationId>,
    /// Put away or answered by the person, and not yet by the store: a list that was read before does not bring them back.
    pub leaving: Vec<ConversationId>,
    /// To be selected if it is among the next rows: where the queue was left, what an act brought back.
    pub want: Option<ConversationId>,
}

/// How much fits on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub list: usize,
    pub thread: usize,
    /// By how many lines what lies on top is scrolled, at most as many as there are.
    pub scrolled: usize,
    /// The window was large enough to show anything.
    pub shown: bool,
    /// The staged reply stands there to its last word.
    pub whole: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            list: 10,
            thread: 6,
            scrolled: 0,
            shown: true,
            whole: true,
        }
    }
}

/// Which answers are still wanted: a load carries its ticket, and an answer with an older one is dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tickets {
    pub rows: u64,
    pub thread: u64,
    pub stage: u64,
    pub why: u64,
}

#[derive(Clone, Debug)]
pub struct State {
    pub now: Timestamp,
    /// Where the person is: for the time of day beside a message.
    pub zone: TimeZone,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub lang: Lang,
    pub theme: ThemeName,
    /// Mouse events are taken from the terminal.
    pub mouse: bool,
    pub keymap: Arc<Keymap>,
    pub settings: Settings,
    pub screen: Screen,
    pub focus: Focus,
    pub queues: Vec<QueueItem>,
    pub list: List,
    pub thread: Option<Arc<Thread>>,
    /// Lines by which the conversation is scrolled up from its end.
    pub scroll: usize,
    /// Rows of the list and lines of the conversation that fit, as last drawn.
    pub page: Page,
    pub compose: Option<Compose>,
    /// A template that is being filled.
    pub staging: Option<Staging>,
    pub ask: Option<Ask>,
    pub overlay: Option<Overlay>,
    /// Keys of a sequence that has begun.
    pub pending: Vec<Key>,
    pub pending_since: Option<Timestamp>,
    pub notice: Option<Notice>,
    /// Replies of the whole desk that can still be taken back.
    pub held: Vec<Held>,
    /// Those of them that were sent here.
    pub own: Vec<OutgoingId>,
    pub channels: Vec<ChannelItem>,
    /// The channel under the cursor on the screen of channels.
    pub channel: usize,
    pub model: ModelState,
    /// Palette entries, the last used first.
    pub recent: Vec<Action>,
    pub tickets: Tickets,
    /// A person has pressed or clicked something: until then the list stays at its top, where what burns comes to stand.
    pub touched: bool,
    /// What a person chose at the screen, to be remembered.
    pub chosen_lang: Option<Lang>,
    pub chosen_theme: Option<ThemeName>,
    /// The person has been asked for the language.
    pub asked_lang: bool,
    pub quitting: bool,
    /// What is on the screen is older than what is here.
    pub dirty: bool,
}

impl State {
    pub fn new(now: Timestamp, lang: Lang, keymap: Arc<Keymap>, settings: Settings) -> Self {
        Self {
            now,
            zone: TimeZone::UTC,
            size: (80, 24),
            lang,
            theme: ThemeName::Auto,
            mouse: false,
            keymap,
            settings,
            screen: Screen::Inbox,
            focus: Focus::List,
            queues: Vec::new(),
            list: List {
                limit: List::WINDOW,
                loading: true,
                ..List::default()
            },
            thread: None,
            scroll: 0,
            page: Page::default(),
            compose: None,
            staging: None,
            ask: None,
            overlay: None,
            pending: Vec::new(),
            pending_since: None,
            notice: None,
            held: Vec::new(),
            own: Vec::new(),
            channels: Vec::new(),
            channel: 0,
            model: ModelState::Loading {
                phase: SafeText::default(),
                done: 0,
                total: None,
            },
            recent: Vec::new(),
            tickets: Tickets::default(),
            touched: false,
            chosen_lang: None,
            chosen_theme: None,
            asked_lang: true,
            quitting: false,
            dirty: true,
        }
    }

    /// Where a key goes.
    pub fn mode(&self) -> Mode {
        match (&self.ask, &self.overlay) {
            (Some(_), _) => Mode::Ask,
            (None, Some(Overlay::Pick(_))) => Mode::Pick,
            (None, Some(_)) => Mode::Read,
            (None, None) => self.base_mode(),
        }
    }

    /// Where a key would go if nothing lay over the screen: what a command is about.
    pub fn base_mode(&self) -> Mode {
        match (self.screen, &self.compose) {
            (Screen::Health, _) => Mode::Health,
            (Screen::Welcome, _) => Mode::Welcome,
            (Screen::Inbox, None) => Mode::Inbox,
            (Screen::Inbox, Some(compose)) => match compose.phase {
                Phase::Staged => Mode::Stage,
                Phase::Typing => Mode::Compose,
            },
        }
    }

    /// The selected row, if it is among the loaded ones.
    pub fn row(&self) -> Option<&RowItem> {
        let id = self.list.selected.as_ref()?;
        self.list.rows.iter().find(|row| row.id == *id)
    }

    /// The conversation beside the list, where it is the selected one.
    pub fn open_thread(&self) -> Option<&Arc<Thread>> {
        self.thread
            .as_ref()
            .filter(|thread| Some(&thread.id) == self.list.selected.as_ref())
    }

    /// The queue of a number, from 1: all that is open, then the parents. Those are always there, so a number is always the same.
    pub fn numbered_queue(&self, n: usize) -> Option<Queue> {
        let is_numbered = |queue: &Queue| matches!(queue, Queue::Open | Queue::Parent(_));
        let mut numbered = self
            .queues
            .iter()
            .map(|item| item.queue)
            .filter(is_numbered);
        numbered.nth(n.checked_sub(1)?)
    }

    /// The replies that were sent here and can still be taken back.
    pub fn own_held(&self) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(|held| self.own.contains(&held.id))
    }

    /// The one of them that leaves next.
    pub fn next_held(&self) -> Option<&Held> {
        self.own_held().min_by_key(|held| held.send_at)
    }

    /// Whole seconds until `at`, rounded up; 0 when it is past.
    pub fn seconds_until(&self, at: Timestamp) -> i64 {
        let left = at.duration_since(self.now);
        let whole = left.as_secs() + i64::from(left.subsec_nanos() > 0);
        whole.max(0)
    }

    /// How long a begun sequence waits before its continuations are shown.
    pub const WHICH_KEY_AFTER: SignedDuration = SignedDuration::from_millis(300);

    /// Whether the popup with the continuations of a begun sequence is up.
    pub fn shows_which_key(&self) -> bool {
        self.pending_since
            .is_some_and(|since| self.now.duration_since(since) >= Self::WHICH_KEY_AFTER)
    }
}

impl List {
    /// Rows that are loaded at once.
    pub const WINDOW: u32 = 200;

    pub fn position(&self) -> Option<usize> {
        let id = self.selected.as_ref()?;
        self.rows.iter().position(|row| row.id == *id)
    }
}
