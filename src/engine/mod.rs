//! The use cases. The command line and the screen call nothing else.
//!
//! The way of a message, stage by stage:
//!
//! - [`poll`]: ask a channel what changed, store rows and cursor together
//! - [`recognise`]: embed what waits, classify it, learn from corrections
//! - [`desk`]: done, reopen, snooze, relabel, confirm, undo (`inverse`: how each is taken back)
//! - [`compose`]: fill a template, check a reply (`gate`), put it in the outbox
//! - [`deliver`]: claim, send, settle; judge what is unknown by reading back
//! - [`run`]: all of these at once until told to stop
//!
//! and around it: [`accounts`] and [`secrets`], [`orders`], [`transfer`] (import), [`doctor`], [`screen`] (what the inbox shows).
//!
//! May use: everything below (`channel`, `store`, `classify`, `embed`, `template`, `domain`, `text`), no terminal, no argument
//! parser, no printing. The one rule: it returns values; what went wrong is said in them, per conversation and per
//! account, so that one channel's trouble never stops another.

pub mod accounts;
pub mod compose;
pub mod deliver;
pub mod desk;
pub mod doctor;
mod gate;
mod inverse;
pub mod orders;
pub mod poll;
pub mod recognise;
pub mod rows;
pub mod run;
pub mod screen;
pub mod secrets;
pub mod transfer;

use crate::domain::{Account, Conversation, ConversationId};
use crate::store::Store;
use crate::template::Templates;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// What the user did wrong, as opposed to what failed: exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// Plain values of the configuration that the use cases need.
#[derive(Clone, Debug)]
pub struct Settings {
    pub hold: SignedDuration,
    pub poll_pause: std::time::Duration,
    pub mark_read: bool,
    /// The name that the person at the desk signs with: fills `ask.agent`.
    pub agent: Option<String>,
}

/// The desk: a store, the templates, the settings, the connected channels.
#[derive(Clone)]
pub struct Engine {
    pub store: Store,
    pub templates: Arc<Templates>,
    pub settings: Settings,
    pub channels: accounts::Channels,
}

impl Engine {
    pub fn new(
        store: Store,
        templates: Templates,
        settings: Settings,
        channels: accounts::Channels,
    ) -> Self {
        Self {
            store,
            templates: Arc::new(templates),
            settings,
            channels,
        }
    }

    /// A conversation by its id or by any unique ending of it.
    pub async fn conversation(&self, id: &str) -> anyhow::Result<Conversation> {
        if id.chars().count() < 4 {
            let id = crate::text::sanitise(id);
            return Err(Usage(format!(
                "`{id}` is too short: give the last four characters of the id, or more"
            ))
            .into());
        }
        let id = self.store.find_conversation(id).await?;
        Ok(self.store.conversation(&id).await?)
    }

    /// The accounts that can be polled from this machine: not imports, not those whose secrets are elsewhere.
    pub async fn connected_accounts(&self) -> anyhow::Result<Vec<Account>> {
        let mut connected = Vec::new();
        for account in self.store.accounts().await? {
            if self.channels.is_connected(&account).await {
                connected.push(account);
            }
        }
        Ok(connected)
    }

    /// Writes down who did what.
    async fn note(
        &self,
        action: &str,
        conversation: &ConversationId,
        detail: Option<&str>,
        now: Timestamp,
    ) -> anyhow::Result<()> {
        Ok(self
            .store
            .add_event("person", action, Some(conversation), detail, now)
            .await?)
    }
}
