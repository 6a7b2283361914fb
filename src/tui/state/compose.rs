//! The reply that is being made, and the one value that is being asked for.

use super::item::Gap;
use crate::domain::ConversationId;
use crate::tui::msg::Stage;
use jiff::{SignedDuration, Timestamp};
use ratatui_textarea::TextArea;
use std::collections::BTreeMap;

/// A text field. Only this file and the composer's view know which crate it is.
#[derive(Clone, Debug, Default)]
pub struct Input(pub TextArea<'static>);

impl Input {
    /// With the caret at the end.
    pub fn of(text: &str) -> Self {
        let mut area = TextArea::new(text.split('\n').map(str::to_owned).collect());
        area.set_wrap_mode(ratatui_textarea::WrapMode::WordOrGlyph);
        // The terminal's own cursor stands at the caret, where input methods look for it.
        area.set_cursor_style(ratatui::style::Style::new());
        area.set_cursor_line_style(ratatui::style::Style::new());
        area.move_cursor(ratatui_textarea::CursorMove::Bottom);
        area.move_cursor(ratatui_textarea::CursorMove::End);
        Self(area)
    }

    pub fn text(&self) -> String {
        self.0.lines().join("\n")
    }

    pub fn is_empty(&self) -> bool {
        self.0.lines().iter().all(|line| line.trim().is_empty())
    }
}

/// Whether the reply waits for Enter in the stage bar or is being typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Staged,
    Typing,
}

/// Which text of a template stands in the bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    pub template: String,
    pub number: Option<usize>,
    pub lang: String,
    /// Its place among the variants of that language, from 0.
    pub place: usize,
}

/// Whether a digit alone sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quick {
    No,
    /// The leaf is set to it: what is staged next goes to the outbox at once.
    Yes,
}

#[derive(Clone, Debug)]
pub struct Compose {
    pub conversation: ConversationId,
    pub input: Input,
    pub phase: Phase,
    /// The text has stood on the screen to its last word. What a person types they know.
    pub seen: bool,
    /// When it was changed last and is not kept yet.
    pub changed_at: Option<Timestamp>,
    /// What it was made from; gone once a person has changed the text.
    pub from: Option<Variant>,
    /// Slots that a person filled in, kept for the next variant.
    pub slots: BTreeMap<String, String>,
    /// The order that a person chose.
    pub order: Option<String>,
    /// The template has no text in this language, so it stands in another.
    pub lacks_lang: Option<String>,
}

/// A template on its way from the engine to the stage bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staging {
    pub stage: Stage,
    pub quick: Quick,
    /// The language that was wanted first, where the template lacks it.
    pub lacks_lang: Option<String>,
}

impl Compose {
    /// When what was typed is to be kept.
    pub fn keep_at(&self) -> Option<Timestamp> {
        let changed = self.changed_at?;
        changed.checked_add(SignedDuration::from_secs(1)).ok()
    }
}

/// What a typed value is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AskFor {
    /// Slots of a template, one after the other.
    Slots {
        staging: Staging,
        gaps: Vec<Gap>,
        /// The one that is asked for.
        at: usize,
    },
    /// Until when a conversation is put away: `3h`, `2d`, an RFC 3339 time.
    Snooze { conversation: ConversationId },
    /// A file to import.
    Path,
    /// Whether to leave although replies are held.
    Quit,
}

#[derive(Clone, Debug)]
pub struct Ask {
    pub what: AskFor,
    pub input: Input,
    /// What was wrong with the last answer.
    pub wrong: Option<crate::text::SafeText>,
}
