//! Delivery: claim → send → settle.
//!
//! *Sent* means that the platform's id is stored. A send whose outcome nobody knows is looked for by reading the
//! conversation; if it is not found there, it waits for a person. The one rule: a machine never sends the same reply again
//! unless it provably never left, and takes only what it can send from here.

use super::Engine;
use crate::channel::{Channel, ChannelError, Detail};
use crate::domain::{Conversation, OutboxState, Outgoing, OutgoingId, Receipt};
use crate::store::{OutboxFilter, Settlement, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// A reply that never leaves for so many attempts has failed.
const MAX_ATTEMPTS: u32 = 6;
/// How long a reply of unknown outcome is looked for before it is left to a person.
/// Longer than [`LEASE`], or what a dead sender left behind would never be looked for.
const LOOK_FOR: SignedDuration = SignedDuration::from_mins(30);
/// A claim older than this belongs to a sender that died, even if nothing is known of its process. Longer than a send, its reading back and its settling may take.
pub const LEASE: SignedDuration = SignedDuration::from_mins(10);
/// A send that takes longer is given up, and nobody knows what became of it.
const LONGEST_SEND: Duration = Duration::from_mins(5);
const LONGEST_READ_BACK: Duration = Duration::from_mins(2);
const LONGEST_MARK_READ: Duration = Duration::from_secs(10);
/// How often a busy database is asked to keep what became of a reply.
const SETTLE_ATTEMPTS: u32 = 5;

/// Replies that are on their way at the same time.
const AT_ONCE: usize = 8;

/// How a claimed reply ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    pub id: OutgoingId,
    pub state: OutboxState,
}

impl Engine {
    /// Sends everything that is due, each reply once; several at a time, so that a slow account holds up no other.
    pub async fn deliver_due(&self, clock: fn() -> Timestamp) -> anyhow::Result<Vec<Settled>> {
        let mut settled = Vec::new();
        let mut sending = JoinSet::new();
        let mut failed = None;
        loop {
            // Claimed one by one: a claim must not age while other replies are being sent.
            while failed.is_none() && sending.len() < AT_ONCE {
                match self.claim_next(clock).await {
                    Ok(Some((outgoing, channel))) => {
                        let engine = self.clone();
                        sending.spawn(async move {
                            engine.deliver(channel.as_ref(), &outgoing, clock).await
                        });
                    }
                    Ok(None) => break,
                    // What is being sent is still settled.
                    Err(error) => failed = Some(error),
                }
            }
            match sending.join_next().await {
                Some(done) => settled.extend(done?),
                None => break,
            }
        }
        failed.map_or(Ok(settled), |error| Err(error.into()))
    }

    /// The next due reply, claimed, with the channel that carries it. The channel comes first: what cannot be sent from here
    /// is not claimed, and stays held for who can, or until it can.
    async fn claim_next(
        &self,
        clock: fn() -> Timestamp,
    ) -> Result<Option<(Outgoing, Arc<dyn Channel>)>, StoreError> {
        for id in self.store.due_accounts(clock()).await? {
            let account = self.store.account(&id).await?;
            if !self.channels.is_connected(&account).await {
                continue;
            }
            let channel = match self.channels.of(&id).await {
                Ok(channel) => channel,
                Err(error) => {
                    tracing::warn!(account = %id, "its replies stay held: {error:#}");
                    continue;
                }
            };
            if let Some(outgoing) = self.store.claim_due(&id, clock(), 1).await?.pop() {
                return Ok(Some((outgoing, channel)));
            }
        }
        Ok(None)
    }

    /// Sends a claimed reply and writes down what became of it; `None` where that could not be written.
    async fn deliver(
        &self,
        channel: &dyn Channel,
        outgoing: &Outgoing,
        clock: fn() -> Timestamp,
    ) -> Option<Settled> {
        let settlement = match self.outdated(outgoing, clock()).await {
            Ok(None) => self.attempt(channel, outgoing, clock).await,
            Ok(Some(why)) => Settlement::Refused { error: why.into() },
            Err(error) => later(outgoing, None, &format!("{error:#}"), clock()),
        };
        let settled = self.settle(outgoing, &settlement, clock()).await;
        if settlement.state() == OutboxState::Sent {
            self.mark_read(channel, outgoing).await;
        }
        settled
    }

    /// A courtesy to the platform, once the reply is safe: it does not depend on this.
    async fn mark_read(&self, channel: &dyn Channel, outgoing: &Outgoing) {
        if !self.settings.mark_read || !channel.capabilities().mark_read {
            return;
        }
        let marking = channel.mark_read(&outgoing.conversation_remote_id);
        match tokio::time::timeout(LONGEST_MARK_READ, marking).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "mark read failed"),
            Err(_) => tracing::warn!("mark read took too long"),
        }
    }

    /// A person has looked at the platform and says what became of the conversation's replies of unknown outcome.
    ///
    /// One that `arrived` becomes sent where it can be found there, with the platform's id; without an id it is
    /// only put to rest, since *sent* is never said on somebody's word. One that did not arrive is put to rest too, and its text
    /// becomes the draft again. Returns the states.
    ///
    /// # Errors
    /// A conversation that has none.
    pub async fn resolve(
        &self,
        c: &Conversation,
        arrived: bool,
        now: Timestamp,
    ) -> anyhow::Result<Vec<Settled>> {
        self.recover(now).await?;
        let unknown = OutboxFilter {
            state: Some(OutboxState::Unknown),
            conversation: Some(c.id.clone()),
        };
        let unknown = self.store.outbox(&unknown).await?;
        if unknown.is_empty() {
            let what = "this conversation has no reply of unknown outcome";
            return Err(super::Usage(what.to_owned()).into());
        }
        let mut settled = Vec::new();
        for outgoing in unknown {
            let found = match self.channels.of(&outgoing.account_id).await {
                Ok(channel) if arrived => self.read_back(channel.as_ref(), &outgoing).await?,
                _ => None,
            };
            let settlement = found.map_or(Settlement::Cancelled, sent);
            settled.extend(self.settle(&outgoing, &settlement, now).await);
            if !arrived && self.store.draft(&c.id).await?.is_none() {
                self.keep_draft(c, outgoing.text.safe().as_str(), now)
                    .await?;
            }
            let said = if arrived { "arrived" } else { "not sent" };
            self.note("resolve", &c.id, Some(said), now).await?;
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
        let outcome = tokio::time::timeout(LONGEST_SEND, channel.send(outgoing))
            .await
            .unwrap_or_else(|_| {
                let words = format!("no answer within {} s", LONGEST_SEND.as_secs());
                Err(ChannelError::Ambiguous(Detail::new(&words)))
            });
        match outcome {
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
            ChannelError::Ambiguous(_) | ChannelError::Protocol(_) | ChannelError::TooLarge(_) => {
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
        let finding = channel.find_sent(outgoing, since);
        let found = match tokio::time::timeout(LONGEST_READ_BACK, finding).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::warn!(%error, "reading back failed");
                None
            }
            Err(_) => {
                tracing::warn!("reading back took too long");
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
                settled.extend(self.settle(&outgoing, &sent(receipt), now).await);
            }
        }
        Ok(settled)
    }

    /// Writes down what became of a reply. One that cannot be written is logged, so that the replies after it still leave.
    async fn settle(
        &self,
        outgoing: &Outgoing,
        settlement: &Settlement,
        now: Timestamp,
    ) -> Option<Settled> {
        let mut from = outgoing.state;
        let mut attempt = 1;
        let error = loop {
            match self.store.settle(&outgoing.id, from, settlement, now).await {
                Ok(Outgoing { id, state, .. }) => return Some(Settled { id, state }),
                Err(StoreError::Busy(_)) if attempt < SETTLE_ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(200) * attempt).await;
                    attempt += 1;
                }
                // Somebody took us for dead meanwhile. What the platform said to us is still the truth.
                Err(StoreError::IllegalState {
                    from: OutboxState::Unknown,
                    to,
                }) if from != OutboxState::Unknown && OutboxState::Unknown.may_become(to) => {
                    from = OutboxState::Unknown;
                }
                Err(error) => break error,
            }
        };
        let platform_id = match settlement {
            Settlement::Sent { platform_id } => Some(platform_id.as_str()),
            _ => None,
        };
        let became = settlement.state();
        tracing::error!(reply = %outgoing.id, %became, platform_id, %error, "what became of a reply could not be stored");
        None
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
