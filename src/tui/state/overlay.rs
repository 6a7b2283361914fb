//! What is shown over the inbox.

use super::compose::Input;
use super::item::Reasons;
use crate::domain::{ConversationId, Intent, MessageId, Queue};
use crate::text::SafeText;
use crate::tui::action::Action;

/// What a choice is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PickFor {
    /// The intent of a conversation's leading message.
    Intent(ConversationId, MessageId),
    /// The order that a reply is about.
    Order(ConversationId),
    Palette,
}

/// One thing that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    Intent(Intent),
    Order(SafeText),
    Action(Action),
    /// To go to.
    Queue(Queue),
}

/// A list that typing narrows.
#[derive(Clone, Debug)]
pub struct Pick {
    pub what: PickFor,
    pub input: Input,
    /// What fits, best first.
    pub choices: Vec<Choice>,
    pub at: usize,
}

#[derive(Clone, Debug)]
pub enum Overlay {
    Pick(Box<Pick>),
    /// The keys of this screen.
    Help {
        scroll: usize,
    },
    /// `None` while it is looked up.
    Why {
        reasons: Option<Reasons>,
        scroll: usize,
    },
    /// The selected conversation's messages as they came.
    Raw {
        scroll: usize,
    },
    /// The buyer's orders, with the age of what is known of them.
    Orders {
        scroll: usize,
    },
}

impl Overlay {
    /// The lines by which it is scrolled down, where it has lines.
    pub fn scroll(&mut self) -> Option<&mut usize> {
        match self {
            Self::Pick(_) => None,
            Self::Help { scroll }
            | Self::Why { scroll, .. }
            | Self::Raw { scroll }
            | Self::Orders { scroll } => Some(scroll),
        }
    }
}
