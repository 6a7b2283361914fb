//! The one table of actions.
//!
//! Everything that can be done at the screen is one [`Action`] with a stable name, default keys and the modes in which it exists.
//! From this table come the keymap, the footer, the which-key popup, the help, the palette, `sextant keys` and the README's table;
//! what an action is called in words is in `i18n`. The one rule: an act that is not in this table cannot be done by any key.

use std::fmt;

/// Where keys go at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// Queues, list and conversation.
    Inbox,
    /// A reply stands in the stage bar and waits for Enter.
    Stage,
    /// A reply is being typed.
    Compose,
    /// One value is being typed: a slot, a time, a path.
    Ask,
    /// One of a list is being chosen by typing.
    Pick,
    /// Something is shown over the inbox: help, reasons, a raw message.
    Read,
    /// The channels and the model.
    Health,
    /// Nothing is connected yet.
    Welcome,
}

impl Mode {
    pub const ALL: [Self; 8] = [
        Self::Inbox,
        Self::Stage,
        Self::Compose,
        Self::Ask,
        Self::Pick,
        Self::Read,
        Self::Health,
        Self::Welcome,
    ];

    /// Whether plain characters are text here.
    pub fn takes_text(self) -> bool {
        matches!(self, Self::Compose | Self::Ask | Self::Pick)
    }
}

/// How many templates and queues have a key of their own.
pub const DIGITS: u8 = 9;

macro_rules! actions {
    ($($(#[$meta:meta])* $variant:ident = $name:literal, [$($key:literal),*], $modes:expr;)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $($(#[$meta])* $variant,)+
            /// Stage template n of the conversation's intent, 1 to [`DIGITS`].
            Template(u8),
            /// Go to the n-th queue of the bar, 1 to [`DIGITS`].
            Queue(u8),
        }

        /// All but the numbered ones, in the order in which they are explained.
        const PLAIN: &[(Action, &str, &[&str], &[Mode])] = &[$((Action::$variant, $name, &[$($key),*], $modes)),+];
    };
}

const TEMPLATE_NAMES: [&str; 9] = [
    "template-1",
    "template-2",
    "template-3",
    "template-4",
    "template-5",
    "template-6",
    "template-7",
    "template-8",
    "template-9",
];
const TEMPLATE_KEYS: [&[&str]; 9] = [
    &["1"],
    &["2"],
    &["3"],
    &["4"],
    &["5"],
    &["6"],
    &["7"],
    &["8"],
    &["9"],
];
const QUEUE_NAMES: [&str; 9] = [
    "queue-1", "queue-2", "queue-3", "queue-4", "queue-5", "queue-6", "queue-7", "queue-8",
    "queue-9",
];
const QUEUE_KEYS: [&[&str]; 9] = [
    &["g 1"],
    &["g 2"],
    &["g 3"],
    &["g 4"],
    &["g 5"],
    &["g 6"],
    &["g 7"],
    &["g 8"],
    &["g 9"],
];

const DESK: &[Mode] = &[Mode::Inbox, Mode::Stage];
const SCREENS: &[Mode] = &[Mode::Inbox, Mode::Stage, Mode::Health, Mode::Welcome];
const SCROLLS: &[Mode] = &[
    Mode::Inbox,
    Mode::Stage,
    Mode::Read,
    Mode::Health,
    Mode::Welcome,
];
const TYPES: &[Mode] = &[Mode::Compose, Mode::Ask, Mode::Pick];
const EVERYWHERE: &[Mode] = &Mode::ALL;

actions! {
    Down = "down", ["j", "down"], SCROLLS;
    Up = "up", ["k", "up"], SCROLLS;
    Top = "top", ["g g", "home"], SCROLLS;
    Bottom = "bottom", ["G", "end"], SCROLLS;
    HalfDown = "half-page-down", ["ctrl-d", "pagedown"], SCROLLS;
    HalfUp = "half-page-up", ["ctrl-u", "pageup"], SCROLLS;
    NextQueue = "next-queue", ["tab"], DESK;
    PreviousQueue = "previous-queue", ["shift-tab"], DESK;
    Inbox = "inbox", ["g i"], SCREENS;
    Outbox = "outbox", ["g x"], SCREENS;
    Unknown = "unknown", ["g u"], SCREENS;
    Snoozed = "snoozed", ["g z"], SCREENS;
    Finished = "finished", ["g e"], SCREENS;
    Health = "channels", ["g c"], SCREENS;
    Open = "open", ["enter"], &[Mode::Inbox];
    Back = "back", ["esc"], SCROLLS;
    /// Back, and at the top out.
    Leave = "leave", ["q"], SCROLLS;

    Variant = "variant", ["t"], DESK;
    Write = "write", ["r"], DESK;
    Send = "send", ["enter"], &[Mode::Stage, Mode::Compose];
    NewLine = "new-line", ["alt-enter", "ctrl-j"], &[Mode::Compose];
    Editor = "editor", ["ctrl-e", "ctrl-g"], &[Mode::Stage, Mode::Compose];
    Orders = "orders", ["o"], DESK;
    /// Which of the buyer's orders is meant.
    Order = "order", ["O"], DESK;

    Intent = "intent", ["i"], DESK;
    Confirm = "confirm", ["="], DESK;
    Second = "second-intent", ["I"], DESK;
    Why = "why", ["w"], DESK;
    Raw = "raw", ["v"], DESK;

    Done = "done", ["e"], DESK;
    Reopen = "reopen", ["E"], DESK;
    Snooze = "snooze", ["z"], DESK;
    Undo = "undo", ["u"], DESK;
    Arrived = "arrived", ["h"], DESK;
    NotSent = "not-sent", ["x"], DESK;
    Copy = "copy", ["y"], DESK;

    Palette = "palette", [":", "ctrl-k"], SCREENS;
    Help = "help", ["?"], SCREENS;

    Accept = "accept", ["enter"], &[Mode::Ask, Mode::Pick];
    PickDown = "pick-down", ["down", "ctrl-n", "tab"], &[Mode::Pick];
    PickUp = "pick-up", ["up", "ctrl-p", "shift-tab"], &[Mode::Pick];
    Cancel = "cancel", ["esc"], TYPES;

    Demo = "demo", ["d"], &[Mode::Welcome];
    Connect = "connect", ["b"], &[Mode::Welcome, Mode::Health];
    Import = "import", ["h"], &[Mode::Welcome, Mode::Health];
    PollNow = "poll-now", ["s"], &[Mode::Health];
    /// Stops fetching the model.
    StopModel = "stop-model", ["x"], &[Mode::Welcome, Mode::Health];
    /// Fetches or loads the model again.
    LoadModel = "load-model", ["d"], &[Mode::Health];
    ChooseEnglish = "choose-english", ["1"], &[Mode::Welcome];
    ChooseChinese = "choose-chinese", ["2"], &[Mode::Welcome];

    LangEn = "lang en", [], SCREENS;
    LangZh = "lang zh", [], SCREENS;
    ThemeAuto = "theme auto", [], SCREENS;
    ThemeDark = "theme dark", [], SCREENS;
    ThemeLight = "theme light", [], SCREENS;
    ThemeMono = "theme mono", [], SCREENS;
    Mouse = "mouse", [], SCREENS;

    Redraw = "redraw", ["ctrl-l"], EVERYWHERE;
    Suspend = "suspend", ["ctrl-z"], EVERYWHERE;
    Quit = "quit", ["ctrl-c"], EVERYWHERE;
}

impl Action {
    /// Every action once, in the order in which they are explained.
    pub fn all() -> impl Iterator<Item = Self> {
        let templates = (1..=DIGITS).map(Self::Template);
        let queues = (1..=DIGITS).map(Self::Queue);
        PLAIN.iter().map(|row| row.0).chain(templates).chain(queues)
    }

    fn row(self) -> (&'static str, &'static [&'static str], &'static [Mode]) {
        match self {
            Self::Template(n) => (TEMPLATE_NAMES[index(n)], TEMPLATE_KEYS[index(n)], DESK),
            Self::Queue(n) => (QUEUE_NAMES[index(n)], QUEUE_KEYS[index(n)], DESK),
            plain => PLAIN
                .iter()
                .find(|row| row.0 == plain)
                .map_or(("", &[], &[]), |row| (row.1, row.2, row.3)),
        }
    }

    /// The stable name: in the keymap file, in the palette, in `sextant keys`.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// Each is a key or a sequence of keys (`g g`).
    pub fn default_keys(self) -> &'static [&'static str] {
        self.row().1
    }

    pub fn modes(self) -> &'static [Mode] {
        self.row().2
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|action| action.name() == name)
    }

    /// The command that does the same without a screen; `None` for what only moves about on it.
    pub fn headless(self) -> Option<&'static str> {
        Some(match self {
            Self::Template(_) => "reply ID --template N",
            Self::Variant => "reply ID --template N --lang L",
            Self::Write => "reply ID --text T",
            Self::Send => "reply ID --draft",
            Self::Order => "reply ID --template N --order ORDER",
            Self::Intent | Self::Second => "relabel ID INTENT",
            Self::Confirm => "confirm ID",
            Self::Why => "show ID --why",
            Self::Raw => "show ID --json",
            Self::Done => "done ID",
            Self::Reopen => "reopen ID",
            Self::Snooze => "snooze ID 3h",
            Self::Undo => "undo [ID]",
            Self::Arrived => "resolve ID --arrived",
            Self::NotSent => "resolve ID --not-sent",
            Self::Open | Self::Orders => "show ID",
            Self::Inbox => "list",
            Self::Queue(_) | Self::NextQueue | Self::PreviousQueue => "list --queue Q",
            Self::Outbox => "list --queue outbox",
            Self::Unknown => "list --queue unknown",
            Self::Snoozed => "list --queue snoozed",
            Self::Finished => "list --queue done",
            Self::Health => "doctor",
            Self::Help | Self::Palette => "keys",
            Self::Demo => "demo",
            Self::Connect => "account add CHANNEL",
            Self::Import => "import FILE --channel NAME",
            Self::PollNow => "sync --once",
            Self::LoadModel => "model install",
            _ => return None,
        })
    }
}

fn index(n: u8) -> usize {
    usize::from(n.clamp(1, DIGITS) - 1)
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_action_has_a_name_of_its_own_and_a_place() {
        let mut names = HashSet::new();
        for action in Action::all() {
            assert!(names.insert(action.name()), "{action:?}");
            assert!(!action.modes().is_empty(), "{action:?}");
            assert_eq!(Action::from_name(action.name()), Some(action));
        }
    }
}
