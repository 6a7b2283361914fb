//! The nouns of the desk, and what may become of them.
//!
//! Pure values: no I/O, no clock, no async, no database types. Time and ids come in as arguments.
//! May use: `text`, std, serde, jiff, uuid. Everything else may use it.
//!
//! - [`ids`]: names of rows of our own, and of things on a platform
//! - [`taxonomy`]: the 43 intents in 8 parents, their risk, their clock
//! - [`conversation`]: buyers, conversations, messages, as they are stored
//! - [`incoming`]: the same as a channel delivers them
//! - [`classification`]: what the classifier said of a message
//! - [`outbox`]: drafts, outgoing replies and their legal states
//! - [`queue`]: which conversations are looked at together
//! - [`order`]: an order and its parcel, with the age of the facts

pub mod classification;
pub mod conversation;
pub mod ids;
pub mod incoming;
pub mod order;
pub mod outbox;
pub mod queue;
pub mod taxonomy;
mod until;

pub use classification::{Classification, Neighbour, Outcome, Scored, Verdict};
pub use conversation::{
    Account, Author, ChannelKind, Conversation, Message, MessageKind, Source, SourceKind, Status,
    Surface,
};
pub use ids::{AccountId, ConversationId, MessageId, OutgoingId, RemoteId};
pub use incoming::{Buyer, Cursor, IncomingConversation, IncomingMessage};
pub use order::{Order, OrderStatus, Parcel};
pub use outbox::{Draft, Origin, OutboxState, Outgoing, Receipt};
pub use queue::Queue;
pub use taxonomy::{Automation, Intent, Risk};
pub use until::until;

/// Declares an enum whose variants have one stable text each: in the database, in JSON, on the command line.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::domain::UnknownName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|v| v.as_str() == text).ok_or_else(|| $crate::domain::UnknownName {
                    what: stringify!($name),
                    got: text.to_owned(),
                })
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
pub(crate) use named;

/// A word that is none of an enum's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{got}` is no {what}")]
pub struct UnknownName {
    pub what: &'static str,
    pub got: String,
}
