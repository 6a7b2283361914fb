//! What nobody asked for: messages that came, replies that left, channels that broke, a model that is ready.
//!
//! The desk of this process says when it did something; what another process did to the store is looked for every few seconds. The one
//! rule: a flood of news is a few looks a second, and no news is nothing.

use super::{Shared, Tasks, items};
use crate::domain::{Account, OutboxState};
use crate::engine::screen::{Place, ProgressWatch};
use crate::text::SafeText;
use crate::tui::msg::Outcome;
use crate::tui::state::{ChannelItem, ChannelState, Held};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Between two looks while much happens.
const BREATH: Duration = Duration::from_millis(200);
/// Between two looks at what another process may have done.
const LOOK: Duration = Duration::from_secs(3);
/// Between two words about how long ago a channel answered.
const CHANNELS: Duration = Duration::from_secs(1);
/// Between two words about a download.
const MODEL: Duration = Duration::from_millis(150);

pub fn start(shared: &Shared, tasks: &Tasks, asked: watch::Receiver<u64>) {
    tasks.spawn("watch", store(shared.clone(), asked));
    tasks.spawn("model", model(shared.clone()));
}

async fn store(shared: Shared, mut asked: watch::Receiver<u64>) {
    let mut news = shared.desk.monitor.watch();
    let mut seen = Seen::default();
    seen.look(&shared, false).await;
    loop {
        let told = tokio::select! {
            changed = news.changed() => { if changed.is_err() { return } true }
            changed = asked.changed() => { if changed.is_err() { return } true }
            () = tokio::time::sleep(LOOK) => false,
        };
        news.mark_unchanged();
        seen.look(&shared, told).await;
        tokio::time::sleep(BREATH).await;
    }
}

/// What was told last.
#[derive(Default)]
struct Seen {
    pulse: Option<String>,
    held: Vec<Held>,
    /// Claimed, and not settled when it was looked last.
    leaving: Vec<Held>,
    channels: Vec<ChannelItem>,
    channels_at: Option<Instant>,
}

impl Seen {
    /// Tells what is new. `told`: this process did something, so the store is another one for certain.
    async fn look(&mut self, shared: &Shared, told: bool) {
        let looked = async {
            self.look_at_held(shared).await?;
            self.look_at_channels(shared).await?;
            let pulse = shared.desk.engine.pulse(shared.now()).await?;
            let known = self.pulse.replace(pulse.clone());
            let other = known.is_some_and(|known| known != pulse);
            if other || told {
                shared.tell(Outcome::Changed).await;
            }
            anyhow::Ok(())
        };
        if let Err(error) = looked.await {
            // It is looked at again in a moment; a database that stays away is told by the desk.
            tracing::warn!("the store was not looked at: {error:#}");
        }
    }

    async fn look_at_held(&mut self, shared: &Shared) -> anyhow::Result<()> {
        let held = shared.desk.engine.held().await?;
        let held: Vec<_> = held.into_iter().map(items::held).collect();
        if held != self.held || !self.leaving.is_empty() {
            self.tell_of_failures(shared, &held).await?;
        }
        if held != self.held {
            self.held.clone_from(&held);
            shared.tell(Outcome::Held(held)).await;
        }
        Ok(())
    }

    /// What is held no more either left or did not: the person has gone on to other rows, and must hear of the latter.
    async fn tell_of_failures(&mut self, shared: &Shared, held: &[Held]) -> anyhow::Result<()> {
        let gone = self
            .held
            .iter()
            .filter(|old| held.iter().all(|h| h.id != old.id));
        self.leaving.extend(gone.cloned());
        let mut leaving = Vec::new();
        for reply in std::mem::take(&mut self.leaving) {
            let now = shared.desk.engine.outgoing(&reply.id).await?;
            match now.state {
                OutboxState::Claimed | OutboxState::FailedRetryable => leaving.push(reply),
                OutboxState::FailedFinal | OutboxState::Unknown => {
                    let why = now
                        .error
                        .map_or_else(SafeText::default, |e| e.safe().one_line(200));
                    let failed = Outcome::ReplyFailed {
                        buyer: reply.buyer.one_line(24),
                        state: now.state,
                        why,
                    };
                    shared.tell(failed).await;
                }
                _ => {}
            }
        }
        self.leaving = leaving;
        Ok(())
    }

    async fn look_at_channels(&mut self, shared: &Shared) -> anyhow::Result<()> {
        if self.channels_at.is_some_and(|at| at.elapsed() < CHANNELS) {
            return Ok(());
        }
        let channels = channels(shared).await?;
        if channels != self.channels {
            self.channels_at = Some(Instant::now());
            self.channels.clone_from(&channels);
            shared.tell(Outcome::Channels(channels)).await;
        }
        Ok(())
    }
}

async fn channels(shared: &Shared) -> anyhow::Result<Vec<ChannelItem>> {
    let mut health = shared.desk.monitor.health();
    let accounts = shared.desk.engine.known_accounts().await?;
    let item = |(account, place): (Account, Place)| ChannelItem {
        name: account.name.safe().one_line(80),
        kind: account.kind,
        state: match place {
            Place::File => ChannelState::File,
            Place::Elsewhere => ChannelState::Elsewhere,
            Place::Here => items::channel(health.remove(&account.id)),
        },
    };
    Ok(accounts.into_iter().map(item).collect())
}

async fn model(shared: Shared) {
    let mut progress = ProgressWatch::of(&shared.desk.recogniser);
    let mut told = None;
    loop {
        let now = items::model(progress.now());
        if told.as_ref() != Some(&now) {
            shared.tell(Outcome::Model(now.clone())).await;
            told = Some(now);
        }
        if !progress.changed().await {
            return;
        }
        tokio::time::sleep(MODEL).await;
    }
}
