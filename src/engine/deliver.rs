//! Delivery: claim → send → settle.
//!
//! *Sent* means that the platform's id is stored. A send whose outcome nobody knows is looked for by reading the
//! conversation; if it is not found there, it waits for a person. The one rule: a machine never sends the same reply again
//! unless it provably never left.

use super::Engine;
use crate::channel::{Channel, ChannelError};
use crate::domain::{OutboxState, Outgoing, OutgoingId, Receipt};
use crate::store::{OutboxFilter, Settlement};
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

impl Engine {
    /// Sends everything that is due, each reply once.
    pub async fn deliver_due(&self, clock: fn() -> Timestamp) -> anyhow::Result<Vec<Settled>> {
        let mut settled = Vec::new();
        for outgoing in self.store.claim_due(clock(), 16).await? {
            let settlement = match self.channels.of(&outgoing.account_id).await {
                Ok(channel) => self.attempt(channel.as_ref(), &outgoing, clock).await,
                Err(why) => Settlement::Refused {
                    error: format!("the account is not connected: {why:#}").into(),
                },
            };
            settled.push(self.settle(&outgoing, &settlement, clock()).await?);
        }
        Ok(settled)
    }

    /// What a sender that died had claimed becomes `unknown`: nobody can say whether it left.
    pub async fn recover(&self, now: Timestamp) -> anyhow::Result<Vec<OutgoingId>> {
        Ok(self.store.recover(now.checked_sub(LEASE)?, now).await?)
    }

    async fn attempt(
        &self,
        channel: &dyn Channel,
        outgoing: &Outgoing,
        clock: fn() -> Timestamp,
    ) -> Settlement {
        if self.settings.mark_read && channel.capabilities().mark_read && outgoing.attempts <= 1 {
            // A courtesy to the platform; the reply does not depend on it.
            if let Err(error) = channel.mark_read(&outgoing.conversation_remote_id).await {
                tracing::warn!(%error, "mark read failed");
            }
        }
        match channel.send(outgoing).await {
            Ok(receipt) => sent(receipt),
            Err(error) => self.after_failure(channel, outgoing, error, clock).await,
        }
    }

    async fn after_failure(
        &self,
        channel: &dyn Channel,
        outgoing: &Outgoing,
        error: ChannelError,
        clock: fn() -> Timestamp,
    ) -> Settlement {
        let words = error.to_string();
        match error {
            ChannelError::RateLimited { retry_after } => later(
                outgoing,
                retry_after.and_then(|d| d.try_into().ok()),
                &words,
                clock(),
            ),
            ChannelError::NotSent(_) => later(outgoing, None, &words, clock()),
            ChannelError::Unauthorized(_)
            | ChannelError::NotPermitted(_)
            | ChannelError::ClockSkew(_)
            | ChannelError::Rejected(_) => Settlement::Refused {
                error: words.into(),
            },
            ChannelError::Ambiguous(_) | ChannelError::Protocol(_) => {
                let found = self
                    .read_back(channel, outgoing)
                    .await
                    .unwrap_or_else(|error| {
                        tracing::warn!("reading back failed: {error:#}");
                        None
                    });
                match found {
                    Some(receipt) => sent(receipt),
                    None => Settlement::Unknown {
                        error: words.into(),
                    },
                }
            }
        }
    }

    /// The message that a reply became, if the conversation shows it. Two replies may have the same words: a message
    /// that another reply became is not taken for this one.
    async fn read_back(
        &self,
        channel: &dyn Channel,
        outgoing: &Outgoing,
    ) -> anyhow::Result<Option<Receipt>> {
        if !channel.capabilities().read_back {
            return Ok(None);
        }
        let since = outgoing.claimed_at.unwrap_or(outgoing.created_at);
        let found = match channel.find_sent(outgoing, since).await {
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(%error, "reading back failed");
                None
            }
        };
        let others = OutboxFilter {
            conversation: Some(outgoing.conversation_id.clone()),
            ..OutboxFilter::default()
        };
        let others = self.store.outbox(&others).await?;
        let is_taken = |receipt: &Receipt| {
            others.iter().any(|o| {
                o.id != outgoing.id && o.platform_id.as_ref() == Some(&receipt.platform_id)
            })
        };
        Ok(found.filter(|receipt| !is_taken(receipt)))
    }

    /// Looks again for replies of unknown outcome. Finding one settles it; not finding one proves nothing.
    pub async fn look_for_unknown(&self, now: Timestamp) -> anyhow::Result<Vec<Settled>> {
        let mut settled = Vec::new();
        let unknown = OutboxFilter {
            state: Some(OutboxState::Unknown),
            ..OutboxFilter::default()
        };
        for outgoing in self.store.outbox(&unknown).await? {
            let since = outgoing.claimed_at.unwrap_or(outgoing.created_at);
            if now.duration_since(since) > LOOK_FOR {
                continue;
            }
            let Ok(channel) = self.channels.of(&outgoing.account_id).await else {
                continue;
            };
            if let Some(receipt) = self.read_back(channel.as_ref(), &outgoing).await? {
                settled.push(self.settle(&outgoing, &sent(receipt), now).await?);
            }
        }
        Ok(settled)
    }

    async fn settle(
        &self,
        outgoing: &Outgoing,
        settlement: &Settlement,
        now: Timestamp,
    ) -> anyhow::Result<Settled> {
        let settled = self
            .store
            .settle(&outgoing.id, outgoing.state, settlement, now)
            .await?;
        Ok(Settled {
            id: settled.id,
            state: settled.state,
        })
    }
}

fn sent(receipt: Receipt) -> Settlement {
    Settlement::Sent {
        platform_id: receipt.platform_id,
    }
}

/// It never left: again after `wait`, else after 2, 4, 8 … s, up to a minute; after the last attempt it has failed.
fn later(
    outgoing: &Outgoing,
    wait: Option<SignedDuration>,
    words: &str,
    now: Timestamp,
) -> Settlement {
    if outgoing.attempts >= MAX_ATTEMPTS {
        return Settlement::Refused {
            error: format!("{words}; given up after {MAX_ATTEMPTS} attempts").into(),
        };
    }
    let wait = wait
        .unwrap_or_else(|| SignedDuration::from_secs((1i64 << outgoing.attempts.min(6)).min(60)));
    let send_at = now
        .checked_add(wait.min(SignedDuration::from_hours(1)))
        .unwrap_or(now);
    Settlement::Retry {
        error: words.into(),
        send_at,
    }
}
