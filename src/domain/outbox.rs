//! A reply on its way out, and the states it may pass through.
//!
//! drafted → staged → held → claimed → sent, or failed, unknown, cancelled. *Sent* means that the
//! platform returned an id and that the id is stored. *Unknown* means that nobody knows whether it
//! arrived, and that a person must look: no machine sends it again.

use super::{AccountId, ConversationId, OutgoingId, RemoteId, named};
use crate::text::RawText;
use jiff::Timestamp;
use std::collections::BTreeMap;

named! {
    OutboxState {
        /// In the hold window: `undo` recalls it.
        Held = "held",
        /// Taken by a sender; after a crash it becomes `Unknown`.
        Claimed = "claimed",
        Sent = "sent",
        Delivered = "delivered",
        Read = "read",
        /// It provably never left; it is tried again.
        FailedRetryable = "failed_retryable",
        /// The platform refused it, in the words that are stored.
        FailedFinal = "failed_final",
        Unknown = "unknown",
        Cancelled = "cancelled",
    }
}

impl OutboxState {
    /// Whether a reply may go from here to `next`.
    pub fn may_become(self, next: Self) -> bool {
        use OutboxState::{
            Cancelled, Claimed, Delivered, FailedFinal, FailedRetryable, Held, Read, Sent, Unknown,
        };
        matches!(
            (self, next),
            (Held | FailedRetryable, Claimed | Cancelled)
                | (Claimed, Sent | FailedRetryable | FailedFinal | Unknown)
                | (Unknown, Sent | FailedFinal | Cancelled)
                | (Sent, Delivered | Read)
                | (Delivered, Read)
        )
    }

    /// Whether nothing more will happen by itself.
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Held | Self::Claimed | Self::FailedRetryable)
    }
}

named! {
    /// Who decided that this text goes out. Platforms ask, and the log must be able to prove it.
    Origin { Person = "person", Automation = "automation" }
}

/// An unsent text. It belongs to its conversation and survives a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub conversation_id: ConversationId,
    pub text: RawText,
    /// The template it was made from.
    pub template: Option<String>,
    pub lang: Option<String>,
    /// Slots that a person filled in.
    pub slots: BTreeMap<String, String>,
    pub updated_at: Timestamp,
}

/// One reply in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    pub id: OutgoingId,
    pub conversation_id: ConversationId,
    pub account_id: AccountId,
    /// The platform's id of the conversation: where it goes is fixed when it is queued.
    pub conversation_remote_id: RemoteId,
    pub text: RawText,
    pub origin: Origin,
    pub template: Option<String>,
    pub lang: Option<String>,
    pub state: OutboxState,
    /// It may leave from then on.
    pub send_at: Timestamp,
    pub attempts: u32,
    /// The platform's id of the sent message.
    pub platform_id: Option<RemoteId>,
    /// The platform's own words, or what happened to the connection.
    pub error: Option<RawText>,
    pub created_at: Timestamp,
    pub claimed_at: Option<Timestamp>,
}

/// A platform's proof that it took a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub platform_id: RemoteId,
}

#[cfg(test)]
mod tests {
    use super::OutboxState::{Cancelled, Claimed, Held, Sent, Unknown};

    #[test]
    fn nothing_leaves_an_end_state_to_be_sent_again() {
        for end in [Sent, Unknown, Cancelled] {
            assert!(!end.may_become(Claimed), "{end}");
        }
        assert!(Held.may_become(Cancelled));
        assert!(!Claimed.may_become(Cancelled));
    }
}
