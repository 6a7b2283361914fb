//! What a channel delivers, before it has a place in the store.

use super::{Author, MessageKind, RemoteId, Source, Surface};
use crate::text::RawText;
use jiff::Timestamp;

/// A channel's own mark of how far it has read. Opaque to everybody else; kept with the rows it vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Cursor(pub String);

/// The other side of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buyer {
    pub name: RawText,
    /// The id by which the platform's order calls know the buyer.
    pub remote_id: Option<RemoteId>,
}

/// A conversation as the platform lists it, without its messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingConversation {
    pub remote_id: RemoteId,
    pub buyer: Buyer,
    pub surface: Surface,
    pub source: Source,
    pub product: Option<RemoteId>,
    pub can_reply: bool,
    /// Changes whenever there is something new to read; equal to the stored cursor when there is not.
    pub version: Cursor,
}

/// One message as the platform gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingMessage {
    pub remote_id: RemoteId,
    pub author: Author,
    pub kind: MessageKind,
    pub text: RawText,
    pub order_id: Option<RemoteId>,
    pub product_id: Option<RemoteId>,
    pub sent_at: Timestamp,
    /// The platform's JSON where it could not be read in full, so that nothing is lost.
    pub unreadable: Option<RawText>,
}
