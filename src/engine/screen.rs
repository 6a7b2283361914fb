//! What the screen shows, read in one call each: the queue bar, the rows of a queue, one conversation, the reasons of an intent.
//!
//! The screen never names the store, the channels or the classifier: the values that it turns into lines are these. The one rule:
//! reading asks no platform, so that moving through the list never waits for one.

use super::orders::choose;
use super::recognise::{Readiness, Recogniser};
use super::{Engine, transfer};
use crate::classify::{Origin, Reading};
use crate::domain::{
    Account, Conversation, ConversationId, Draft, Intent, Message, MessageId, Order, OutboxState,
    Outcome, Outgoing, OutgoingId, Queue, RemoteId,
};
use crate::embed::WorkerState;
use crate::store::{Filter, Lead, OutboxFilter};
use crate::text::{RawText, SafeText};
use anyhow::Context;
use jiff::Timestamp;
use std::collections::HashMap;
use tokio::sync::watch;

pub use crate::store::{HeldReply, Row};

/// Messages of a conversation that are read at once.
const NEWEST: u32 = 300;
/// Held replies that are counted down.
const HELD: u32 = 200;

/// The parents in the order of the bar: what may burn first.
const BAR: [&str; 8] = [
    "risk",
    "refund",
    "aftersale",
    "logistics",
    "order",
    "price",
    "presale",
    "social",
];

/// One queue in the bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    pub queue: Queue,
    pub count: u64,
    pub critical: u64,
    pub oldest: Option<Timestamp>,
}

impl Bar {
    fn new(queue: Queue, count: u64) -> Self {
        Self {
            queue,
            count,
            critical: 0,
            oldest: None,
        }
    }
}

/// One conversation, with what a reply to it needs.
#[derive(Clone, Debug)]
pub struct Talk {
    pub conversation: Conversation,
    pub shop: RawText,
    /// Oldest first.
    pub messages: Vec<Message>,
    /// There are older ones.
    pub older: bool,
    /// What the platform said of replies that went wrong, by the message's id.
    pub errors: HashMap<MessageId, RawText>,
    pub lead: Lead,
    pub orders: Vec<Order>,
    /// The one that the conversation is about.
    pub chosen: Option<RemoteId>,
    pub draft: Option<Draft>,
    /// `None` where there is no client for the account here.
    pub max_chars: Option<usize>,
}

/// A labelled example near a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Near {
    pub text: SafeText,
    pub lang: String,
    /// Cosine, -1..1.
    pub similarity: f64,
    /// A person of this desk labelled it; else it is built in.
    pub by_person: bool,
}

/// Where an account is at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It can be polled from here.
    Here,
    /// It was imported: there is nothing to poll.
    File,
    /// Its secrets are not on this machine.
    Elsewhere,
}

/// Why a message has its intent.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    pub message: SafeText,
    pub outcome: Outcome,
    pub lang: String,
    /// The best intents, each with its probability and its nearest examples.
    pub reasons: Vec<(Intent, f64, Vec<Near>)>,
}

impl Engine {
    /// Every queue of the bar, in a fixed order: each parent with those of its intents that somebody waits in behind it. Open ones
    /// count only conversations in which somebody waits.
    pub async fn bar(&self, now: Timestamp) -> anyhow::Result<Vec<Bar>> {
        let counts = self.store.waiting_counts(now).await?;
        let other = self.store.other_counts().await?;
        let sum = |queue: Queue, on_it: &dyn Fn(&str, Option<Intent>) -> bool| {
            let mine = counts.iter().filter(|c| on_it(&c.shelf, c.intent));
            mine.fold(Bar::new(queue, 0), |bar, c| Bar {
                count: bar.count + c.count,
                critical: bar.critical + c.critical,
                oldest: bar.oldest.into_iter().chain(c.oldest).min(),
                ..bar
            })
        };
        let mut bar = vec![sum(Queue::Open, &|_, _| true)];
        for parent in BAR {
            bar.push(sum(Queue::Parent(parent), &|_, intent| {
                intent.is_some_and(|i| i.parent() == parent)
            }));
            let intents = Intent::all().filter(|i| i.parent() == parent);
            let intents = intents.map(|i| sum(Queue::Intent(i), &|_, on| on == Some(i)));
            bar.extend(intents.filter(|queue| queue.count > 0));
        }
        for queue in [Queue::Unknown, Queue::New] {
            let name = queue.to_string();
            bar.push(sum(queue, &|shelf, _| shelf == name));
        }
        bar.extend([
            Bar::new(Queue::Answered, other.answered),
            Bar::new(Queue::Snoozed, other.snoozed),
            Bar::new(Queue::Done, other.done),
            Bar::new(Queue::Outbox, other.outbox),
        ]);
        Ok(bar)
    }

    /// The first rows of a queue, and whether there are more. Open queues have only what somebody waits in.
    pub async fn rows(
        &self,
        queue: Queue,
        limit: u32,
        now: Timestamp,
    ) -> anyhow::Result<(Vec<Row>, bool)> {
        let filter = Filter {
            queue,
            limit: limit.saturating_add(1),
            waiting: true,
            ..Filter::default()
        };
        let mut rows = self.store.list(&filter, now).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        Ok((rows, more))
    }

    /// One reply, as it is by now.
    pub async fn outgoing(&self, id: &OutgoingId) -> anyhow::Result<Outgoing> {
        Ok(self.store.outgoing(id).await?)
    }

    /// One conversation as a row, in whichever queue it is by now.
    pub async fn row(&self, id: &ConversationId) -> anyhow::Result<Option<Row>> {
        Ok(self.store.row(id).await?)
    }

    /// One conversation, as it is stored.
    pub async fn talk(&self, id: &ConversationId) -> anyhow::Result<Talk> {
        let store = &self.store;
        let conversation = store.conversation(id).await?;
        let account = store.account(&conversation.account_id).await?;
        let (messages, older) = store.newest_messages(id, NEWEST).await?;
        let outbox = OutboxFilter {
            conversation: Some(id.clone()),
            ..OutboxFilter::default()
        };
        let outbox = store.outbox(&outbox).await?.into_iter();
        let errors = outbox
            .filter(|reply| {
                !matches!(
                    reply.state,
                    OutboxState::Sent | OutboxState::Delivered | OutboxState::Read
                )
            })
            .filter_map(|reply| Some((MessageId::from_stored(reply.id.as_str()), reply.error?)))
            .collect();
        let orders = store.orders(id).await?;
        let chosen = choose(&orders, &messages, None).map(|order| order.remote_id.clone());
        let max_chars = if self.channels.is_connected(&account).await {
            let channel = self.channels.of(&account.id).await.ok();
            channel.map(|channel| channel.capabilities().max_reply_chars)
        } else {
            None
        };
        Ok(Talk {
            shop: account.name,
            messages,
            older,
            errors,
            lead: store.lead(id).await?,
            orders,
            chosen,
            draft: store.draft(id).await?,
            max_chars,
            conversation,
        })
    }

    /// Asks the platform for a buyer's orders where the stored ones are stale. Whether there is news.
    ///
    /// # Errors
    /// As [`Engine::refresh_orders`].
    pub async fn refresh_orders_of(
        &self,
        id: &ConversationId,
        now: Timestamp,
    ) -> anyhow::Result<bool> {
        let conversation = self.store.conversation(id).await?;
        self.refresh_orders(&conversation, now).await
    }

    /// The three best intents of a message, each with its three nearest labelled examples.
    ///
    /// # Errors
    /// A message that is gone or has no words; a classifier that is not ready.
    pub async fn why(
        &self,
        recogniser: &Recogniser,
        conversation: &ConversationId,
        message: &MessageId,
    ) -> anyhow::Result<Why> {
        let messages = self.store.messages(conversation).await?;
        let message = messages
            .into_iter()
            .find(|m| m.id == *message)
            .context("the message is gone; open the conversation again")?;
        let text = message.text.safe();
        let reading = Reading::to_embed(&text);
        anyhow::ensure!(
            !Reading::is_wordless(&text),
            "the message has no words, so there is no example to compare it with"
        );
        let model = recogniser.with(|c| c.model().clone()).await?;
        let vectors = recogniser
            .vectors(&self.store, &model, &[&reading], message.sent_at)
            .await?;
        let vector = vectors
            .get(&reading.key)
            .context("the model cannot take this text")?;
        let stored = message.classification;
        recogniser
            .with(|classifier| {
                let said =
                    stored.unwrap_or_else(|| classifier.judge(&Reading::of(&text), Some(vector)));
                let mut best: Vec<(Intent, f64)> =
                    said.top.iter().map(|s| (s.intent, s.score)).collect();
                // What a person said comes first, whatever the classifier thought.
                if let Some(intent) = said.intent
                    && best.first().is_none_or(|(first, _)| *first != intent)
                {
                    best.retain(|(other, _)| *other != intent);
                    best.insert(0, (intent, said.confidence));
                }
                best.truncate(3);
                let near = |intent| {
                    let near = classifier.why_of(vector, intent, 3).into_iter();
                    near.map(|(example, similarity)| Near {
                        text: example.text.clone(),
                        lang: example.lang.clone(),
                        similarity,
                        by_person: example.origin != Origin::BuiltIn,
                    })
                    .collect()
                };
                Why {
                    message: text.clone(),
                    outcome: said.outcome,
                    lang: said.lang,
                    reasons: best.into_iter().map(|(i, s)| (i, s, near(i))).collect(),
                }
            })
            .await
    }

    /// The number of a template among those of the conversation's intent.
    pub async fn number_of(&self, id: &ConversationId, template: &str) -> Option<usize> {
        let intent = self.store.lead(id).await.ok()?.intent?;
        let mut of_intent = self.templates.of(intent);
        of_intent
            .find(|(_, t)| t.key == template)
            .map(|(number, _)| number)
    }

    /// Throws the conversation's draft away.
    pub async fn drop_draft(&self, c: &Conversation) -> anyhow::Result<()> {
        self.store.delete_draft(&c.id).await?;
        Ok(())
    }

    /// All accounts, each with where it is at home.
    pub async fn known_accounts(&self) -> anyhow::Result<Vec<(Account, Place)>> {
        let mut known = Vec::new();
        for account in self.store.accounts().await? {
            let place = if transfer::is_import(&account) {
                Place::File
            } else if self.channels.is_connected(&account).await {
                Place::Here
            } else {
                Place::Elsewhere
            };
            known.push((account, place));
        }
        Ok(known)
    }

    /// The replies that can still be taken back, the next one to leave first.
    pub async fn held(&self) -> anyhow::Result<Vec<HeldReply>> {
        Ok(self.store.held_replies(HELD).await?)
    }

    /// Changes when anything in the store did that a screen shows, whichever process changed it.
    pub async fn pulse(&self, now: Timestamp) -> anyhow::Result<String> {
        Ok(self.store.pulse(now).await?)
    }

    /// Whether no account was ever connected and nothing imported.
    pub async fn is_new(&self) -> anyhow::Result<bool> {
        Ok(self.store.accounts().await?.is_empty())
    }
}

/// How far model and classifier are, as one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    Loading {
        phase: String,
        done: u64,
        total: Option<u64>,
    },
    /// Labelled examples embedded: done, of.
    Learning(usize, usize),
    Ready(String),
    Failed(String),
    Stopped,
}

/// Watches it.
pub struct ProgressWatch {
    worker: watch::Receiver<WorkerState>,
    readiness: watch::Receiver<Readiness>,
}

impl ProgressWatch {
    pub fn of(recogniser: &Recogniser) -> Self {
        Self {
            worker: recogniser.worker().state(),
            readiness: recogniser.readiness(),
        }
    }

    pub fn now(&mut self) -> Progress {
        let readiness = self.readiness.borrow_and_update().clone();
        match (self.worker.borrow_and_update().clone(), readiness) {
            (WorkerState::Loading { phase, done, total }, _) => {
                Progress::Loading { phase, done, total }
            }
            (WorkerState::Stopped, _) => Progress::Stopped,
            (WorkerState::Failed { why }, _) => Progress::Failed(why),
            (_, Readiness::Failed(why)) => Progress::Failed(why),
            (_, Readiness::Ready(model)) => Progress::Ready(model.0),
            (_, Readiness::Learning(done, total)) => Progress::Learning(done, total),
            (_, Readiness::Loading) => Progress::Loading {
                phase: "training".to_owned(),
                done: 0,
                total: None,
            },
        }
    }

    /// False where there is nothing more to come.
    pub async fn changed(&mut self) -> bool {
        tokio::select! {
            changed = self.worker.changed() => changed.is_ok(),
            changed = self.readiness.changed() => changed.is_ok(),
        }
    }
}
