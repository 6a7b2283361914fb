//! The outside world of messages: one [`Channel`] a platform, all over one HTTP layer.
//!
//! A channel turns a platform's wire format into [`domain`](crate::domain) values and back. It keeps no
//! state that matters: how far it has read is a [`Cursor`] that the store keeps beside the rows.
//!
//! Reading has two steps, because every chat platform has them: a list of conversations, newest first, in
//! pages; then the messages of those that changed. The engine asks for a page, compares each
//! [`IncomingConversation::version`] with the stored one, and fetches only what differs.
//!
//! May use: `domain`, `text`, `http`. The one rule: a channel never decides whether to send again; it says
//! through [`ChannelError`] whether the reply provably never left.

pub mod tiktok_shop;

use crate::domain::{
    ChannelKind, Cursor, IncomingConversation, IncomingMessage, Order, Outgoing, Receipt, RemoteId,
};
use crate::text::RawText;
use async_trait::async_trait;
use jiff::Timestamp;
use std::time::Duration;

/// One page of the conversation list.
#[derive(Debug, Default)]
pub struct ConversationPage {
    pub conversations: Vec<IncomingConversation>,
    /// Entries of the page that could not be read, in the platform's JSON.
    pub unreadable: Vec<RawText>,
    /// Ask for the next page with this; `None` at the end.
    pub next: Option<String>,
}

/// The messages of one conversation that are newer than a cursor, oldest first.
#[derive(Debug, Default)]
pub struct MessageBatch {
    pub messages: Vec<IncomingMessage>,
}

/// What a channel can do, for the screens and for the linter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Longest text of a reply, in characters.
    pub max_reply_chars: usize,
    pub orders: bool,
    pub mark_read: bool,
    /// Whether a reply can be found again by reading the conversation.
    pub read_back: bool,
}

#[derive(Clone, Debug, thiserror::Error)]
pub enum ChannelError {
    /// The platform asked us to wait. For a send: it did not take it.
    #[error("the platform asks to slow down{}", .retry_after.map(|d| format!("; again in {} s", d.as_secs())).unwrap_or_default())]
    RateLimited { retry_after: Option<Duration> },
    /// The token is not valid any more, or never was: connect the account again.
    #[error("not authorised: {0}")]
    Unauthorized(Detail),
    /// Connected, but the app or the token lacks this permission.
    #[error("connected but not permitted: {0}")]
    NotPermitted(Detail),
    /// Our clock and the platform's differ too much for its signatures.
    #[error("the clock is off: {0}")]
    ClockSkew(Detail),
    /// The platform took the request and refused it, in its own words. Trying again changes nothing.
    #[error("refused: {0}")]
    Rejected(Detail),
    /// The request provably never reached the platform: refused connection, DNS, TLS.
    #[error("not reachable: {0}")]
    NotSent(Detail),
    /// A read that failed for a passing reason, or a send whose outcome nobody knows.
    #[error("no clear answer: {0}")]
    Ambiguous(Detail),
    /// The answer is not what the platform documents.
    #[error("unreadable answer: {0}")]
    Protocol(Detail),
    /// A read's answer is longer than we read, however little is asked for at once.
    #[error("too long an answer: {0}")]
    TooLarge(Detail),
}

/// What happened, in the platform's own words where it said any, already fit for a screen, without secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    pub code: Option<i64>,
    pub message: crate::text::SafeText,
    /// The platform's id of the request, for its support.
    pub request_id: Option<crate::text::SafeText>,
}

impl Detail {
    pub fn new(message: &str) -> Self {
        Self {
            code: None,
            message: crate::text::sanitise(message),
            request_id: None,
        }
    }
}

impl std::fmt::Display for Detail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.message)?;
        if let Some(code) = self.code {
            write!(f, " (code {code}")?;
            if let Some(id) = &self.request_id {
                write!(f, ", request {id}")?;
            }
            write!(f, ")")?;
        }
        Ok(())
    }
}

/// A platform account that can be polled and answered. Built for one account; shared between tasks.
#[async_trait]
pub trait Channel: Send + Sync {
    fn kind(&self) -> ChannelKind;

    fn capabilities(&self) -> Capabilities;

    /// One page of the conversation list, the most recently changed first where the platform sorts at all.
    async fn conversations(&self, page: Option<&str>) -> Result<ConversationPage, ChannelError>;

    /// The messages of `conversation` that are newer than `since` (all that can be read where it is `None`), oldest first.
    async fn messages(
        &self,
        conversation: &IncomingConversation,
        since: Option<&Cursor>,
    ) -> Result<MessageBatch, ChannelError>;

    /// Sends one reply, once.
    async fn send(&self, outgoing: &Outgoing) -> Result<Receipt, ChannelError>;

    /// Looks for a reply whose outcome is unknown by reading the conversation: same text, our side, not before `since`.
    async fn find_sent(
        &self,
        outgoing: &Outgoing,
        since: Timestamp,
    ) -> Result<Option<Receipt>, ChannelError>;

    /// Tells the platform that the conversation has been read.
    async fn mark_read(&self, conversation: &RemoteId) -> Result<(), ChannelError>;

    /// The buyer's orders, newest first, each with its newest parcel event; `now` becomes their `fetched_at`.
    async fn orders(&self, buyer: &RemoteId, now: Timestamp) -> Result<Vec<Order>, ChannelError>;

    /// One cheap authorised call.
    async fn check(&self) -> Result<(), ChannelError>;
}
