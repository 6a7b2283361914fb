//! The values that a template may name, and how long each may be trusted.

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// What comes from an order may be this old when a reply is staged, queued or sent (requirements K3).
pub const FRESH_FOR: SignedDuration = SignedDuration::from_mins(15);

/// Slots that the program fills in.
pub(super) const KNOWN: [&str; 11] = [
    "buyer",
    "shop",
    "product",
    "order.id",
    "order.item",
    "order.carrier",
    "order.tracking_number",
    "order.last_event",
    "order.last_event_on",
    "order.ship_by",
    "order.total",
];

/// Slots that only a person can fill begin with this.
pub(super) const ASK: &str = "ask.";

/// One value, and since when it is known where it can go stale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    pub value: String,
    pub as_of: Option<Timestamp>,
}

/// Values by slot name (`buyer`, `order.id`, `ask.link`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slots(BTreeMap<String, Slot>);

impl Slots {
    /// Sets a value that does not age. An empty one counts as missing.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(
            name.to_owned(),
            Slot {
                value: value.into(),
                as_of: None,
            },
        );
    }

    /// Sets a value that was true at `as_of`.
    pub fn set_as_of(&mut self, name: &str, value: impl Into<String>, as_of: Timestamp) {
        self.0.insert(
            name.to_owned(),
            Slot {
                value: value.into(),
                as_of: Some(as_of),
            },
        );
    }

    /// Drops what the program knows of slot `name`, unless a person gave it.
    pub fn forget(&mut self, name: &str, given: &BTreeMap<String, String>) {
        if !given.contains_key(name) {
            self.0.remove(name);
        }
    }

    pub fn get(&self, name: &str) -> Option<&Slot> {
        self.0.get(name)
    }

    /// What is wrong with slot `name` at `now`, if anything.
    pub fn problem(&self, name: &str, now: Timestamp) -> Option<SlotProblem> {
        let problem = match self.0.get(name) {
            None => Problem::Missing,
            Some(slot) if slot.value.trim().is_empty() => Problem::Empty,
            Some(Slot {
                as_of: Some(at), ..
            }) if now.duration_since(*at) > FRESH_FOR => Problem::Stale {
                minutes: now.duration_since(*at).as_mins(),
            },
            Some(_) => return None,
        };
        Some(SlotProblem {
            slot: name.to_owned(),
            problem,
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, slot)| (name.as_str(), slot.value.as_str()))
    }
}

/// Why a slot blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    Missing,
    Empty,
    Stale { minutes: i64 },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotProblem {
    pub slot: String,
    pub problem: Problem,
}

impl std::fmt::Display for SlotProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.slot, self.problem)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("is not known"),
            Self::Empty => f.write_str("is empty"),
            Self::Stale { minutes } => write!(f, "is {minutes} min old"),
        }
    }
}
