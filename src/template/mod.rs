//! Reply templates: one key, one filled-in reply in the buyer's language.
//!
//! The files of `templates/` are compiled in; files of the user's folder are laid over them (same `key`: replaced, new key:
//! added). A template belongs to its intents and has a number among each one's templates: that number is its key on the desk.
//!
//! May use: `domain`, `text`, `toml_file`, minijinja. The one rule: what is not known is asked for, never left out or guessed:
//! a slot that is empty, missing or stale blocks the reply.

mod fill;
mod load;
mod slots;

pub use fill::{FillError, Filled, fill, fill_variant};
pub use slots::{FRESH_FOR, Problem, Slot, SlotProblem, Slots};

use crate::domain::{Intent, OrderStatus};
use crate::text::SafeText;
use crate::toml_file::FileError;
use std::collections::BTreeMap;
use std::path::Path;

/// A text per interface language.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    pub en: String,
    pub zh: String,
}

#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Stable name, for scripts.
    pub key: String,
    #[serde(deserialize_with = "load::intents")]
    pub intents: Vec<Intent>,
    pub name: Label,
    /// What the reply says is true only while the order stands so; empty where it does not matter.
    #[serde(default, deserialize_with = "load::statuses")]
    pub while_order: Vec<OrderStatus>,
    /// Variants by language; the first whose slots are all known is used, starting from a different one each time.
    pub text: BTreeMap<String, Vec<String>>,
}

/// All templates, in the order of their numbers.
#[derive(Clone, Debug, Default)]
pub struct Templates {
    list: Vec<Template>,
    /// What a person is asked for, by slot name.
    labels: BTreeMap<String, Label>,
}

impl Templates {
    /// The built-in ones, with the files `*.toml` of `user` laid over them.
    ///
    /// # Errors
    /// A file that cannot be read or parsed, an unknown intent or slot: with file, line and the nearest valid name.
    pub fn load(user: Option<&Path>) -> Result<Self, FileError> {
        load::load(user)
    }

    /// The templates of an intent with their numbers, from 1.
    pub fn of(&self, intent: Intent) -> impl Iterator<Item = (usize, &Template)> {
        self.list
            .iter()
            .filter(move |t| t.intents.contains(&intent))
            .enumerate()
            .map(|(i, t)| (i + 1, t))
    }

    /// By key, or by number among the templates of `intent`.
    pub fn find(&self, name: &str, intent: Option<Intent>) -> Option<&Template> {
        match (name.parse::<usize>(), intent) {
            (Ok(number), Some(intent)) => {
                self.of(intent).find(|(n, _)| *n == number).map(|(_, t)| t)
            }
            _ => self.list.iter().find(|t| t.key == name),
        }
    }

    /// The key that looks most like `name`.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        crate::toml_file::nearest(name, self.list.iter().map(|t| t.key.as_str()))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Template> {
        self.list.iter()
    }

    /// Whether a template may name this slot.
    pub fn has_slot(&self, name: &str) -> bool {
        slots::KNOWN.contains(&name) || self.labels.contains_key(name)
    }

    /// The slot whose name looks most like `name`.
    pub fn nearest_slot(&self, name: &str) -> Option<&str> {
        let known = slots::KNOWN.iter().copied();
        crate::toml_file::nearest(name, known.chain(self.labels.keys().map(String::as_str)))
    }

    /// What a person calls a slot.
    pub fn label(&self, slot: &str) -> Option<&Label> {
        self.labels.get(slot)
    }
}

/// A value for a slot, in one line and fit for a screen.
pub fn slot_text(text: &SafeText) -> String {
    text.as_str()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
