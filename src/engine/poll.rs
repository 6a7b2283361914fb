//! Polling: what changed on a platform, stored at once.
//!
//! The list of conversations is walked page by page until a whole page holds nothing new. A walk that was cut (a
//! lost connection, a stop) leaves its account marked as not settled, and the next one goes to the end of the list: so
//! a page that was never reached is never forgotten. Each conversation's messages and its cursor are one
//! transaction. The one rule: what was fetched is stored before anything else is asked for.

use super::Engine;
use crate::channel::{Channel, ChannelError, Detail};
use crate::domain::{Account, Cursor, IncomingConversation, RemoteId};
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};

/// What one round of polling an account brought.
#[derive(Debug, Default)]
pub struct Polled {
    pub conversations: usize,
    /// Messages that the platform delivered, whether or not they were new.
    pub messages: usize,
    /// Messages that were not stored before.
    pub stored: usize,
    /// Conversations that could not be read; they are asked for again in the next round.
    pub failed: Vec<(RemoteId, ChannelError)>,
    /// Entries of the list that could not be read at all. They are trouble to be told; walking the whole list again
    /// at every round would not make them readable.
    pub unreadable: usize,
    /// Why the list could not be read to its end. What was stored before that is counted above.
    pub error: Option<ChannelError>,
}

impl Polled {
    /// Whether the walk reached its end with every conversation that could be read. One that is too large to be read is told,
    /// and asked for again where it is met; walking the whole list for it would not make it smaller.
    pub fn complete(&self) -> bool {
        let too_large = |e: &ChannelError| matches!(e, ChannelError::TooLarge(_));
        self.failed.iter().all(|(_, error)| too_large(error)) && self.error.is_none()
    }
}

impl Engine {
    /// One round for one account. A platform's trouble is told in the answer.
    ///
    /// # Errors
    /// A store that fails.
    pub async fn poll(
        &self,
        account: &Account,
        channel: &dyn Channel,
        clock: fn() -> Timestamp,
    ) -> anyhow::Result<Polled> {
        let mut polled = Polled::default();
        self.poll_into(account, channel, clock, &mut polled).await?;
        Ok(polled)
    }

    /// The same, told in `polled` as it happens: it holds also for a round that fails or is dropped half-way.
    ///
    /// # Errors
    /// As [`Engine::poll`].
    pub async fn poll_into(
        &self,
        account: &Account,
        channel: &dyn Channel,
        clock: fn() -> Timestamp,
        polled: &mut Polled,
    ) -> anyhow::Result<()> {
        let settled = self.store.settled(&account.id).await?;
        let mut page: Option<String> = None;
        let mut pages = HashSet::new();
        let mut unsettled = !settled;
        loop {
            let list = match channel.conversations(page.as_deref()).await {
                Ok(list) => list,
                Err(error) => {
                    polled.error = Some(error);
                    break;
                }
            };
            polled.unreadable += list.unreadable.len();
            let known = self.known(account, &list.conversations).await?;
            let changed: Vec<&IncomingConversation> = list
                .conversations
                .iter()
                .filter(|c| known.get(&c.remote_id) != Some(&c.version))
                .collect();
            let last = list.next.is_none() || (changed.is_empty() && settled);
            if !changed.is_empty() && !unsettled {
                self.store.set_settled(&account.id, false).await?;
            }
            unsettled |= !changed.is_empty();
            for conversation in changed {
                let since = known.get(&conversation.remote_id);
                match self
                    .fetch(account, channel, conversation, since, clock)
                    .await
                {
                    Ok((delivered, stored)) => {
                        polled.conversations += 1;
                        polled.messages += delivered;
                        polled.stored += stored;
                    }
                    Err(error) => polled
                        .failed
                        .push((conversation.remote_id.clone(), channel_error(error)?)),
                }
            }
            if last {
                break;
            }
            page = list.next;
            if !page.clone().is_none_or(|token| pages.insert(token)) {
                let what = "the pages of the conversation list go in a circle";
                polled.error = Some(ChannelError::Protocol(Detail::new(what)));
                break;
            }
        }
        if unsettled && polled.complete() {
            self.store.set_settled(&account.id, true).await?;
        }
        Ok(())
    }

    async fn known(
        &self,
        account: &Account,
        listed: &[IncomingConversation],
    ) -> anyhow::Result<HashMap<RemoteId, Cursor>> {
        let ids: Vec<RemoteId> = listed.iter().map(|c| c.remote_id.clone()).collect();
        Ok(self.store.remote_versions(&account.id, &ids).await?)
    }

    async fn fetch(
        &self,
        account: &Account,
        channel: &dyn Channel,
        conversation: &IncomingConversation,
        since: Option<&Cursor>,
        clock: fn() -> Timestamp,
    ) -> anyhow::Result<(usize, usize)> {
        let batch = channel.messages(conversation, since).await?;
        let ingested = self
            .store
            .ingest(&account.id, conversation, &batch.messages, clock())
            .await?;
        Ok((batch.messages.len(), ingested.new_messages.len()))
    }
}

/// A channel's error belongs to its conversation and the round goes on; a store's ends the round.
fn channel_error(error: anyhow::Error) -> anyhow::Result<ChannelError> {
    error.downcast::<ChannelError>()
}
