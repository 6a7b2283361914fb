//! Queues: which conversations are looked at together. A filter and an order, never a table.

use super::Intent;
use super::taxonomy::PARENTS;
use std::fmt;
use std::str::FromStr;

/// Which conversations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Queue {
    #[default]
    Open,
    /// Open, and nothing was predicted yet.
    New,
    /// Open, and without a sure intent.
    Unknown,
    Snoozed,
    Done,
    /// Open, and nobody waits: ours was the last word.
    Answered,
    /// With a reply that is on its way, failed, or whose fate is unknown.
    Outbox,
    /// Open, and led by an intent of this parent.
    Parent(&'static str),
    /// Open, and led by this intent.
    Intent(Intent),
}

/// A name that is no queue's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no queue `{name}`: open, new, unknown, answered, snoozed, done, outbox, a parent or an intent such as {nearest}"
)]
pub struct UnknownQueue {
    /// Sanitised.
    pub name: String,
    pub nearest: &'static str,
}

impl FromStr for Queue {
    type Err = UnknownQueue;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Ok(match name {
            "open" => Self::Open,
            "new" => Self::New,
            "unknown" => Self::Unknown,
            "snoozed" => Self::Snoozed,
            "done" => Self::Done,
            "answered" => Self::Answered,
            "outbox" => Self::Outbox,
            key => match (
                PARENTS.iter().find(|(parent, _)| *parent == key),
                Intent::from_key(key),
            ) {
                (Some((parent, _)), _) => Self::Parent(parent),
                (None, Some(intent)) => Self::Intent(intent),
                (None, None) => {
                    return Err(UnknownQueue {
                        name: crate::text::sanitise(key).to_string(),
                        nearest: Intent::nearest_key(key),
                    });
                }
            },
        })
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Open => "open",
            Self::New => "new",
            Self::Unknown => "unknown",
            Self::Snoozed => "snoozed",
            Self::Done => "done",
            Self::Answered => "answered",
            Self::Outbox => "outbox",
            Self::Parent(parent) => parent,
            Self::Intent(intent) => intent.key(),
        })
    }
}
