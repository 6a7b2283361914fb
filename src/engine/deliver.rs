//! Delivery: claim → send → settle.
//!
//! *Sent* means that the platform's id is stored. A send whose outcome nobody knows is looked for by reading the
//! conversation; if it is not found there, it waits for a person. The one rule: a machine never sends the same reply again
//! unless it provably never left.

use super::Engine;
use crate::channel::{Channel, ChannelError};
use crate::domain::{OutboxState, Outgoing, OutgoingId, Receipt};
use crate::text::RawText;
use jiff::{SignedDuration, Timestamp};

/// A reply that never leaves for so many attempts has failed.
const MAX_ATTEMPTS: u32 = 6;
/// How long a reply of unknown outcome is looked for before it is left to a person.
const LOOK_FOR: SignedDuration = SignedDuration::from_mins(10);
/// A claim older than this belongs to a sender that died.
pub const LEASE: SignedDuration = SignedDuration::from_secs(120);

/// How a claimed reply ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    pub id: OutgoingId,
    pub state: OutboxState,
}

/// What the store is told about an attempt.
struct Verdict {
    state: OutboxState,
    receipt: Option<Receipt>,
    error: Option<RawText>,
    retry_at: Option<Timestamp>,
}

impl Engine {
    /// Sends everything that is due, each reply once.
    pub async fn deliver_due(&self, clock: fn() -> Timestamp) -> anyhow::Result<Vec<Settled>> {
        let mut settled = Vec::new();
        for outgoing in self.store.claim_due(clock(), 16).await? {
            let verdict = match self.channels.of(&outgoing.account_id).await {
                Ok(channel) => self.attempt(channel.as_ref(), &outgoing, clock).await,
                Err(why) => Verdict::failed(&format!("the account is not connected: {why:#}")),
            };
            self.settle(&outgoing, &verdict, clock()).await?;
            settled.push(Settled { id: outgoing.id, state: verdict.state });
        }
        Ok(settled)
    }

    async fn attempt(&self, channel: &dyn Channel, outgoing: &Outgoing, clock: fn() -> Timestamp) -> Verdict {
        if self.settings.mark_read && channel.capabilities().mark_read && outgoing.attempts <= 1 {
            // A courtesy to the platform; the reply does not depend on it.
            if let Err(error) = channel.mark_read(&outgoing.conversation_remote_id).await {
                tracing::warn!(%error, "mark read failed");
            }
        }
        match channel.send(outgoing).await {
            Ok(receipt) => Verdict::sent(receipt),
            Err(error) => self.after_failure(channel, outgoing, error, clock).await,
        }
    }

    async fn after_failure(
        &self,
        channel: &dyn Channel,
        outgoing: &Outgoing,
        error: ChannelError,
        clock: fn() -> Timestamp,
    ) -> Verdict {
        let words = error.to_string();
        match error {
            ChannelError::RateLimited { retry_after } => {
                Verdict::later(outgoing, retry_after.and_then(|d| d.try_into().ok()), &words, clock())
            }
            ChannelError::NotSent(_) => Verdict::later(outgoing, None, &words, clock()),
            ChannelError::Unauthorized(_)
            | ChannelError::NotPermitted(_)
            | ChannelError::ClockSkew(_)
            | ChannelError::Rejected(_) => Verdict::failed(&words),
            ChannelError::Ambiguous(_) | ChannelError::Protocol(_) => {
                match self.read_back(channel, outgoing).await {
                    Some(receipt) => Verdict::sent(receipt),
                    None => Verdict { state: OutboxState::Unknown, receipt: None, error: Some(words.into()), retry_at: None },
                }
            }
        }
    }

    async fn read_back(&self, channel: &dyn Channel, outgoing: &Outgoing) -> Option<Receipt> {
        if !channel.capabilities().read_back {
            return None;
        }
        let since = outgoing.claimed_at.unwrap_or(outgoing.created_at);
        channel.find_sent(outgoing, since).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "reading back failed");
            None
        })
    }

    /// Looks again for replies of unknown outcome. Finding one settles it; not finding one proves nothing.
    pub async fn look_for_unknown(&self, now: Timestamp) -> anyhow::Result<Vec<Settled>> {
        let mut settled = Vec::new();
        for outgoing in self.store.outbox(Some(OutboxState::Unknown)).await? {
            let since = outgoing.claimed_at.unwrap_or(outgoing.created_at);
            if now.duration_since(since) > LOOK_FOR {
                continue;
            }
            let Ok(channel) = self.channels.of(&outgoing.account_id).await else { continue };
            if let Some(receipt) = self.read_back(channel.as_ref(), &outgoing).await {
                self.settle(&outgoing, &Verdict::sent(receipt), now).await?;
                settled.push(Settled { id: outgoing.id, state: OutboxState::Sent });
            }
        }
        Ok(settled)
    }

    async fn settle(&self, outgoing: &Outgoing, verdict: &Verdict, now: Timestamp) -> anyhow::Result<()> {
        let id = verdict.receipt.as_ref().map(|r| &r.platform_id);
        Ok(self.store.settle(&outgoing.id, verdict.state, id, verdict.error.as_ref(), verdict.retry_at, now).await?)
    }
}

impl Verdict {
    fn sent(receipt: Receipt) -> Self {
        Self { state: OutboxState::Sent, receipt: Some(receipt), error: None, retry_at: None }
    }

    fn failed(words: &str) -> Self {
        Self { state: OutboxState::FailedFinal, receipt: None, error: Some(words.into()), retry_at: None }
    }

    /// It never left: again after `wait`, else after 2, 4, 8 … s, up to a minute; after the last attempt it has failed.
    fn later(outgoing: &Outgoing, wait: Option<SignedDuration>, words: &str, now: Timestamp) -> Self {
        if outgoing.attempts >= MAX_ATTEMPTS {
            return Self::failed(&format!("{words}; {MAX_ATTEMPTS} attempts"));
        }
        let wait = wait.unwrap_or_else(|| SignedDuration::from_secs((1i64 << outgoing.attempts.min(6)).min(60)));
        let retry_at = now.checked_add(wait.min(SignedDuration::from_hours(1))).ok();
        Self { state: OutboxState::FailedRetryable, receipt: None, error: Some(words.into()), retry_at }
    }
}
