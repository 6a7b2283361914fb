//! What happens, and what is to be done about it: plain values that tests can compare and print.
//!
//! ```text
//! key, mouse, paste, resize, outcome, time ─▶ Msg ─▶ update(&mut State) ─▶ Vec<Effect> ─▶ runner ─▶ Outcome ─▶ Msg
//! ```
//!
//! The one rule: no closure and no handle travels in either.

use super::action::Action;
use super::i18n::Lang;
use super::key::Key;
use super::state::{
    ChannelItem, Gap, ModelState, Page, QueueItem, Reasons, RowItem, Thread, Variant,
};
use super::theme::ThemeName;
use crate::domain::{ConversationId, Intent, MessageId, OutboxState, OutgoingId, Queue};
use crate::text::SafeText;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    Key(Key),
    /// Text from the terminal's clipboard, never a command.
    Paste(String),
    /// What was drawn under the mouse was clicked.
    Click(Target),
    /// The wheel: down is positive.
    Wheel(i16),
    Resize(u16, u16),
    /// The state as it is now is on the screen, and so much of it fits.
    Drawn(Page),
    /// A time that was waited for has come; `State::now` is set already.
    Time,
    /// The process is told to end.
    Terminate,
    Outcome(Outcome),
}

/// What a place on the screen stands for. The view says which cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    Row(ConversationId),
    Queue(Queue),
    Action(Action),
    /// The n-th choice of the open picker.
    Choice(usize),
    Thread,
}

/// Something to do. The runner does it and answers with an [`Outcome`].
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The counts of all queues.
    LoadQueues,
    LoadRows {
        queue: Queue,
        limit: u32,
        /// Told too where it is not among them: the row that the person stays at.
        keep: Option<ConversationId>,
        ticket: u64,
    },
    LoadThread {
        id: ConversationId,
        ticket: u64,
    },
    LoadWhy {
        id: ConversationId,
        message: MessageId,
        ticket: u64,
    },
    Stage(Stage),
    /// Put a reply into the outbox.
    Send {
        id: ConversationId,
        text: String,
        /// Template and language that the text was made from and that it still says.
        from: Option<(String, String)>,
    },
    /// Keep an unsent text; an empty one is thrown away.
    KeepDraft {
        id: ConversationId,
        text: String,
    },
    Act {
        id: ConversationId,
        act: Act,
    },
    /// Take back a held reply, else the last act.
    Undo {
        reply: Option<OutgoingId>,
    },
    /// Edit a text in the user's editor; the screen is theirs meanwhile.
    Edit {
        id: ConversationId,
        text: String,
    },
    Copy(String),
    SetTheme(ThemeName),
    SetMouse(bool),
    /// Remember what a person chose at the screen.
    Remember {
        lang: Option<Lang>,
        theme: Option<ThemeName>,
        recent: Vec<Action>,
    },
    Import {
        path: String,
    },
    /// Leave the screen for the dialogue that connects an account, and come back.
    Connect,
    PollNow,
    StopModel,
    LoadModel,
    Suspend,
    Redraw,
    /// Leave for good, or for the demo.
    Quit {
        demo: bool,
    },
}

/// A template to be filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    pub id: ConversationId,
    /// A number among the templates of the leading intent, or a key.
    pub template: String,
    /// Another language than the buyer's.
    pub lang: Option<String>,
    /// A certain variant, from 0; else they rotate.
    pub variant: Option<usize>,
    pub order: Option<String>,
    pub slots: BTreeMap<String, String>,
    pub ticket: u64,
}

/// An act on one conversation that `u` takes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    Done,
    Reopen,
    Snooze(Timestamp),
    /// Of the message that the person saw.
    Relabel(MessageId, Intent),
    Confirm(MessageId),
    /// A person has looked at the platform: the reply of unknown outcome arrived.
    Arrived,
    /// It did not, and its text is a draft again.
    NotSent,
}

/// What came of an effect, or what changed by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    Queues(Vec<QueueItem>),
    Rows {
        ticket: u64,
        rows: Vec<RowItem>,
        more: bool,
    },
    /// The row that was to be kept, as it is by now, wherever it belongs.
    Row {
        ticket: u64,
        row: Box<RowItem>,
    },
    Thread {
        ticket: u64,
        thread: Box<Thread>,
    },
    /// The conversation could not be read.
    NoThread {
        ticket: u64,
        why: SafeText,
    },
    Why {
        ticket: u64,
        reasons: Result<Reasons, SafeText>,
    },
    Staged {
        ticket: u64,
        id: ConversationId,
        result: Result<Staged, NotStaged>,
    },
    Queued {
        id: ConversationId,
        result: Result<(OutgoingId, Timestamp), SafeText>,
    },
    Acted {
        id: ConversationId,
        act: Act,
        result: Result<(), SafeText>,
    },
    /// What was taken back, and on which conversation.
    Undone(Result<(String, Option<ConversationId>), SafeText>),
    Edited {
        id: ConversationId,
        result: Result<String, SafeText>,
    },
    Imported(Result<(usize, usize, usize), SafeText>),
    Channels(Vec<ChannelItem>),
    Model(ModelState),
    /// Replies on their way changed: those that are still held.
    Held(Vec<super::state::Held>),
    /// Something in the store changed: what is shown may be old.
    Changed,
    /// A reply that was sent here did not arrive, or nobody knows whether it did.
    ReplyFailed {
        buyer: SafeText,
        state: OutboxState,
        why: SafeText,
    },
    /// A sentence for the status line.
    Told {
        text: SafeText,
        bad: bool,
    },
    /// Back from the dialogue that connects an account.
    Connected,
}

/// A filled template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    pub text: String,
    pub variant: Variant,
    /// The language that was wanted, where the template lacks it.
    pub lacks_lang: Option<String>,
}

/// Why a template was not filled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotStaged {
    /// These slots are missing, empty or stale.
    Blocked {
        template: String,
        gaps: Vec<Gap>,
    },
    /// It has no text in the language that was wanted.
    NoLanguage {
        template: String,
        lang: String,
        has: Vec<String>,
    },
    Refused(SafeText),
}
