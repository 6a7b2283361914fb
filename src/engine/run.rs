//! The running desk: poll, recognise and deliver at the same time, until told to stop.
//!
//! One task an account polls, one recognises, one delivers; they meet in the store and wake each other. The one rule: a failure
//! is written down where it happened (an account's [`Health`]) and the other tasks go on; a task that panics ends the run.

use super::Engine;
use super::poll::Polled;
use super::recognise::Recogniser;
use crate::channel::{Channel, ChannelError};
use crate::domain::{Account, AccountId};
use crate::embed::EmbedError;
use crate::store::StoreError;
use jiff::{SignedDuration, Timestamp};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Between two looks at replies of unknown outcome and at claims that a dead sender left.
const LOOK_AFTER: SignedDuration = SignedDuration::from_secs(15);
/// Before an account that needs a person is asked again.
const ASK_AGAIN: Duration = Duration::from_secs(300);
/// Before a busy database is asked again.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// How an account does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    Ok {
        at: Timestamp,
    },
    /// Connected, but the platform does not permit this; asked again every few minutes.
    NotPermitted(String),
    /// The tokens are not valid any more: a person must connect the account again.
    Unauthorized(String),
    /// Throttled, down, cut off: it is tried again.
    Trouble(String),
}

/// What is known while the desk runs.
#[derive(Default)]
pub struct Monitor {
    health: Mutex<HashMap<AccountId, Health>>,
    totals: Mutex<Totals>,
    /// Counts what happened: whoever shows the inbox looks again when it has changed.
    changes: watch::Sender<u64>,
}

/// What this run has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Messages that platforms delivered.
    pub polled: usize,
    /// Of those, the ones that were new.
    pub stored: usize,
    pub classified: usize,
}

impl Monitor {
    pub fn health(&self) -> HashMap<AccountId, Health> {
        self.health
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub fn totals(&self) -> Totals {
        *self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes whenever something was stored, classified or settled, or an account does otherwise than before.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Somebody else changed the store, such as a person at the screen.
    pub fn changed(&self) {
        self.changes.send_modify(|n| *n += 1);
    }

    fn set(&self, account: &AccountId, health: Health) {
        if !matches!(health, Health::Ok { .. }) {
            tracing::warn!(%account, ?health, "account");
        }
        self.health
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(account.clone(), health);
        self.changed();
    }

    fn add(&self, change: impl FnOnce(&mut Totals)) {
        let news = {
            let mut totals = self.totals.lock().unwrap_or_else(PoisonError::into_inner);
            let before = *totals;
            change(&mut totals);
            (before.stored, before.classified) != (totals.stored, totals.classified)
        };
        if news {
            self.changed();
        }
    }
}

/// One round of polling. What it brought is counted however it ends: done, failed, or dropped by a stop.
struct Round<'a> {
    monitor: &'a Monitor,
    polled: Polled,
}

impl Drop for Round<'_> {
    fn drop(&mut self) {
        self.monitor.add(|t| {
            t.polled += self.polled.messages;
            t.stored += self.polled.stored;
        });
    }
}

/// Everything that the tasks share.
#[derive(Clone)]
pub struct Desk {
    pub engine: Engine,
    pub recogniser: Recogniser,
    pub monitor: Arc<Monitor>,
    stored: Arc<Notify>,
    /// Accounts were added: those that nobody polls yet are taken up.
    added: Arc<Notify>,
    /// Counts how often a person asked for a round at once.
    asked: Arc<watch::Sender<u64>>,
    stop: CancellationToken,
}

impl Desk {
    pub fn new(engine: Engine, recogniser: Recogniser, stop: CancellationToken) -> Self {
        Self {
            engine,
            recogniser,
            monitor: Arc::default(),
            stored: Arc::default(),
            added: Arc::default(),
            asked: Arc::default(),
            stop,
        }
    }

    /// Ends everything that runs, in good order.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Starts to poll the accounts that were connected since the desk runs.
    pub fn take_up_accounts(&self) {
        self.added.notify_one();
    }

    /// Polls every account now instead of after its pause, and looks at what waits for the classifier.
    pub fn poll_now(&self) {
        self.asked.send_modify(|n| *n += 1);
        self.stored.notify_one();
    }

    /// Runs until the token is cancelled.
    ///
    /// # Errors
    /// A database that fails, a task that panics. A channel's trouble is none.
    pub async fn run(&self) -> anyhow::Result<()> {
        self.engine.recover(Timestamp::now()).await?;
        let mut tasks = JoinSet::new();
        let desk = self.clone();
        tasks.spawn(async move { desk.keep_recognising().await });
        let desk = self.clone();
        tasks.spawn(async move { desk.keep_delivering().await });
        let mut polled = HashSet::new();
        self.poll_new_accounts(&mut polled, &mut tasks).await?;
        let mut result = Ok(());
        loop {
            tokio::select! {
                ended = tasks.join_next() => {
                    let Some(ended) = ended else { break };
                    let ended = ended.map_err(anyhow::Error::from).and_then(|r| r);
                    if ended.is_err() {
                        self.stop.cancel();
                        result = result.and(ended);
                    }
                }
                () = self.added.notified(), if !self.stop.is_cancelled() => {
                    match self.poll_new_accounts(&mut polled, &mut tasks).await {
                        Err(error) if is_busy(&error) => self.added.notify_one(),
                        taken => taken?,
                    }
                }
            }
        }
        result
    }

    async fn poll_new_accounts(
        &self,
        polled: &mut HashSet<AccountId>,
        tasks: &mut JoinSet<anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        for account in self.engine.connected_accounts().await? {
            if polled.insert(account.id.clone()) {
                let desk = self.clone();
                tasks.spawn(async move { desk.keep_polling(account).await });
            }
        }
        Ok(())
    }

    async fn keep_polling(&self, account: Account) -> anyhow::Result<()> {
        let mut asked = self.asked.subscribe();
        while !self.stop.is_cancelled() {
            asked.mark_unchanged();
            let round = tokio::select! {
                round = self.poll_once(&account) => round,
                () = self.stop.cancelled() => break,
            };
            let (health, wait) = match round {
                Err(error) if is_busy(&error) => (
                    Health::Trouble(error.to_string()),
                    self.engine.settings.poll_pause,
                ),
                round => round?,
            };
            // A permission or a consent comes from a person: it may be given while this runs.
            let waits_for_a_person =
                matches!(health, Health::NotPermitted(_) | Health::Unauthorized(_));
            self.monitor.set(&account.id, health);
            let wait = if waits_for_a_person {
                ASK_AGAIN.max(wait)
            } else {
                wait
            };
            tokio::select! {
                () = self.pause(wait) => {}
                _ = asked.changed() => {}
            }
        }
        Ok(())
    }

    /// One round for one account: how it went, and how long to wait before the next.
    pub async fn poll_once(&self, account: &Account) -> anyhow::Result<(Health, Duration)> {
        let pause = self.engine.settings.poll_pause;
        let channel: Arc<dyn Channel> = match self.engine.channels.of(&account.id).await {
            Ok(channel) => channel,
            Err(error) => return Ok((Health::Unauthorized(format!("{error:#}")), pause)),
        };
        let mut round = Round {
            monitor: &self.monitor,
            polled: Polled::default(),
        };
        self.engine
            .poll_into(account, channel.as_ref(), Timestamp::now, &mut round.polled)
            .await?;
        if round.polled.stored > 0 {
            let settled = self
                .recogniser
                .settle_wordless(&self.engine.store, Timestamp::now)
                .await?;
            self.monitor.add(|t| t.classified += settled);
            self.stored.notify_one();
        }
        let wait = match &round.polled.error {
            Some(ChannelError::RateLimited {
                retry_after: Some(wait),
            }) => pause.max(*wait),
            _ => pause,
        };
        Ok((health_after(&round.polled), wait))
    }

    async fn keep_recognising(&self) -> anyhow::Result<()> {
        loop {
            self.recognise_until_stopped().await?;
            self.pause(Duration::from_secs(1)).await;
            // The inbox is of use without intents too: what is stored waits, until the model is asked for again.
            tokio::select! {
                again = self.recogniser.worker().loads_again() => if !again { return Ok(()) },
                () = self.stop.cancelled() => return Ok(()),
            }
        }
    }

    /// Until told to stop, or until there is no model: `readiness` says why.
    async fn recognise_until_stopped(&self) -> anyhow::Result<()> {
        let prepared = loop {
            let prepared = tokio::select! {
                prepared = self.recogniser.prepare(Some(&self.engine.store)) => prepared,
                () = self.stop.cancelled() => return Ok(()),
            };
            match prepared {
                Err(error) if is_busy(&error) => {
                    tracing::warn!("{error:#}");
                    self.pause(BUSY_PAUSE).await;
                }
                prepared => break prepared,
            }
        };
        if let Err(error) = prepared {
            tracing::error!("no classifier: {error:#}");
            return Ok(());
        }
        let mut reconsidered = false;
        while !self.stop.is_cancelled() {
            match self.recognise(&mut reconsidered).await {
                Ok(count) => self.monitor.add(|t| t.classified += count),
                Err(error) if is_busy(&error) => tracing::warn!("{error:#}"),
                Err(error) if error.is::<EmbedError>() => {
                    tracing::error!("recognition stopped: {error:#}");
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
            tokio::select! {
                () = self.stored.notified() => {}
                // Another process may have stored or labelled something.
                () = tokio::time::sleep(Duration::from_secs(2)) => {}
                () = self.stop.cancelled() => {}
            }
        }
        Ok(())
    }

    /// Classifies what waits; before that, once a run, asks again about what was unknown.
    async fn recognise(&self, reconsidered: &mut bool) -> anyhow::Result<usize> {
        let (recogniser, store) = (&self.recogniser, &self.engine.store);
        if !*reconsidered {
            if recogniser.reconsider_unknown(store, Timestamp::now).await? > 0 {
                self.monitor.changed();
            }
            *reconsidered = true;
        }
        recogniser.keep_up(store, Timestamp::now).await
    }

    async fn keep_delivering(&self) -> anyhow::Result<()> {
        let mut looked = Timestamp::now();
        while !self.stop.is_cancelled() {
            // Not raced against the stop: a reply that was claimed is also settled.
            match self.deliver(&mut looked).await {
                Err(error) if is_busy(&error) => tracing::warn!("{error:#}"),
                delivered => delivered?,
            }
            self.pause(Duration::from_millis(250)).await;
        }
        Ok(())
    }

    /// Sends what is due; now and then looks after what another sender left behind.
    async fn deliver(&self, looked: &mut Timestamp) -> anyhow::Result<()> {
        if !self.engine.deliver_due(Timestamp::now).await?.is_empty() {
            self.monitor.changed();
        }
        let now = Timestamp::now();
        if now.duration_since(*looked) >= LOOK_AFTER {
            *looked = now;
            let given_up = self.engine.recover(now).await?;
            let found = self.engine.look_for_unknown(now).await?;
            if !given_up.is_empty() || !found.is_empty() {
                self.monitor.changed();
            }
        }
        Ok(())
    }

    async fn pause(&self, span: Duration) {
        tokio::select! {
            () = tokio::time::sleep(span) => {}
            () = self.stop.cancelled() => {}
        }
    }
}

/// The database asked to try again later.
fn is_busy(error: &anyhow::Error) -> bool {
    matches!(
        error.downcast_ref::<StoreError>(),
        Some(StoreError::Busy(_))
    )
}

fn health_after(polled: &Polled) -> Health {
    if let Some(error) = &polled.error {
        return health_of(error);
    }
    if let Some((id, error)) = polled.failed.first() {
        return Health::Trouble(format!(
            "{} conversations could not be read, {id}: {error}",
            polled.failed.len()
        ));
    }
    if polled.unreadable > 0 {
        return Health::Trouble(format!(
            "{} entries of the conversation list could not be read",
            polled.unreadable
        ));
    }
    Health::Ok {
        at: Timestamp::now(),
    }
}

fn health_of(error: &ChannelError) -> Health {
    match error {
        ChannelError::NotPermitted(_) => Health::NotPermitted(error.to_string()),
        ChannelError::Unauthorized(_) => Health::Unauthorized(error.to_string()),
        _ => Health::Trouble(error.to_string()),
    }
}
