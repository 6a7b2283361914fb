//! Recognition: embed what waits, classify it, learn at once.
//!
//! The model loads on its own thread while polling and storing go on; what has no words is settled without it. The one rule: in the
//! end every message of a buyer has a prediction or an explicit reason for none.

use crate::classify::vector_cache::VectorCache;
use crate::classify::{Classifier, Example, Origin, Reading};
use crate::domain::{Classification, MessageId, MessageKind};
use crate::embed::worker::{EmbedJob, EmbedWorker};
use crate::embed::{EmbedError, ModelId, Vector};
use crate::store::{Pending, Store};
use crate::text::{RawText, TextKey};
use anyhow::Context;
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{RwLock, watch};
use tokio::task::JoinSet;

/// Messages that are taken at once: small, so that the oldest are not kept waiting by the newest.
const TAKE: u32 = 128;

/// Messages that are looked at for words after each poll; what is beyond it is settled by [`Recogniser::recognise_waiting`].
const SETTLE: u32 = 512;

/// How far the classifier is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The model is being fetched or loaded: see the worker's own state.
    Loading,
    /// The labelled examples are being embedded: done, of.
    Learning(usize, usize),
    Ready(ModelId),
    Failed(String),
}

/// The classifier and the thread that embeds. Cheap to clone.
#[derive(Clone)]
pub struct Recogniser {
    worker: EmbedWorker,
    /// Built-in ones and those of the user's files.
    examples: Arc<Vec<Example>>,
    /// Where their vectors are kept; told once the model is known.
    cache: Arc<dyn Fn(&ModelId) -> PathBuf + Send + Sync>,
    classifier: Arc<RwLock<Option<Classifier>>>,
    readiness: Arc<watch::Sender<Readiness>>,
    /// Ids of labelled texts that the model cannot embed: they are not asked about again.
    unlearnable: Arc<RwLock<HashSet<String>>>,
}

impl Recogniser {
    pub fn new(
        worker: EmbedWorker,
        examples: Vec<Example>,
        cache: impl Fn(&ModelId) -> PathBuf + Send + Sync + 'static,
    ) -> Self {
        Self {
            worker,
            examples: Arc::new(examples),
            cache: Arc::new(cache),
            classifier: Arc::default(),
            readiness: Arc::new(watch::channel(Readiness::Loading).0),
            unlearnable: Arc::default(),
        }
    }

    pub fn worker(&self) -> &EmbedWorker {
        &self.worker
    }

    pub fn readiness(&self) -> watch::Receiver<Readiness> {
        self.readiness.subscribe()
    }

    /// Waits for the model and trains on the labelled examples, those of the desk (in `store`) included.
    ///
    /// # Errors
    /// No model, in the words of whoever looked for it.
    pub async fn prepare(&self, store: Option<&Store>) -> anyhow::Result<ModelId> {
        self.readiness.send_replace(Readiness::Loading);
        let result = self.train(store).await;
        self.readiness.send_replace(match &result {
            Ok(model) => Readiness::Ready(model.clone()),
            Err(error) => Readiness::Failed(format!("{error:#}")),
        });
        result
    }

    async fn train(&self, store: Option<&Store>) -> anyhow::Result<ModelId> {
        let model = self.worker.ready().await?;
        let rows = self.built_in_vectors(&model).await?;
        let of = model.clone();
        let classifier = tokio::task::spawn_blocking(move || Classifier::train(of, rows)).await?;
        *self.classifier.write().await = Some(classifier);
        if let Some(store) = store {
            self.catch_up(store).await?;
        }
        Ok(model)
    }

    async fn built_in_vectors(&self, model: &ModelId) -> anyhow::Result<Vec<(Example, Vector)>> {
        let mut cache = VectorCache::open(&(self.cache)(model), model);
        let readings: Vec<Reading> = self
            .examples
            .iter()
            .map(|e| Reading::to_embed(&e.text))
            .collect();
        let missing: Vec<&Reading> = readings
            .iter()
            .filter(|r| cache.get(&r.key).is_none())
            .collect();
        if !missing.is_empty() {
            let total = missing.len();
            let mut fresh = HashMap::new();
            // In portions, so that the wait can be shown.
            for portion in missing.chunks(128) {
                self.readiness
                    .send_replace(Readiness::Learning(fresh.len(), total));
                fresh.extend(self.embed(portion, Timestamp::UNIX_EPOCH).await?);
            }
            if let Err(error) = cache.add(fresh) {
                tracing::warn!(%error, "the vectors of the examples cannot be kept beside the model");
            }
        }
        let vector = |r: &Reading| {
            cache
                .get(&r.key)
                .cloned()
                .context("an example was not embedded")
        };
        self.examples
            .iter()
            .zip(&readings)
            .map(|(e, r)| Ok((e.clone(), vector(r)?)))
            .collect()
    }

    /// Takes over what people have labelled and taken back since, in this process or another. Returns whether anything changed.
    pub async fn catch_up(&self, store: &Store) -> anyhow::Result<bool> {
        let labelled = store.examples().await?;
        let known = self.with(Classifier::desk_examples).await?;
        let labels: HashSet<&str> = labelled.iter().map(|e| e.id.as_str()).collect();
        let gone: Vec<String> = known
            .iter()
            .filter(|id| !labels.contains(id.as_str()))
            .cloned()
            .collect();
        let unlearnable = self.unlearnable.read().await.clone();
        let fresh: Vec<Example> = labelled
            .iter()
            .filter(|e| !known.contains(&e.id) && !unlearnable.contains(&e.id))
            .cloned()
            .map(from_desk)
            .collect();
        if fresh.is_empty() && gone.is_empty() {
            return Ok(false);
        }
        let model = self.with(|c| c.model().clone()).await?;
        let readings: Vec<Reading> = fresh.iter().map(|e| Reading::to_embed(&e.text)).collect();
        let vectors = self
            .vectors(
                store,
                &model,
                &readings.iter().collect::<Vec<_>>(),
                Timestamp::UNIX_EPOCH,
            )
            .await?;
        let mut guard = self.classifier.write().await;
        let classifier = guard.as_mut().context("the classifier is not ready")?;
        let mut changed = !gone.is_empty();
        for id in gone {
            classifier.unlearn(&id);
        }
        for (example, reading) in fresh.into_iter().zip(&readings) {
            if let Some(vector) = vectors.get(&reading.key) {
                classifier.learn(example, vector.clone());
                changed = true;
            } else if let Some(id) = example.id {
                self.unlearnable.write().await.insert(id);
            }
        }
        Ok(changed)
    }

    /// Embeds each different text once. A text that cannot be embedded has no vector in the answer.
    ///
    /// # Errors
    /// [`EmbedError::Failed`] where the embedder cannot be used at all.
    pub async fn embed(
        &self,
        readings: &[&Reading],
        waiting_since: Timestamp,
    ) -> anyhow::Result<HashMap<TextKey, Vector>> {
        let mut tasks = JoinSet::new();
        let mut asked = HashSet::new();
        for reading in readings.iter().filter(|r| asked.insert(r.key.clone())) {
            let job = EmbedJob {
                key: reading.key.clone(),
                text: reading.form.clone(),
                waiting_since,
            };
            let worker = self.worker.clone();
            tasks.spawn(async move { (job.key.clone(), worker.embed(job).await) });
        }
        let mut vectors = HashMap::new();
        while let Some(done) = tasks.join_next().await {
            match done? {
                (key, Ok(vector)) => {
                    vectors.insert(key, vector);
                }
                (_, Err(EmbedError::Text(why))) => tracing::warn!("a text was not embedded: {why}"),
                (_, Err(error)) => return Err(error.into()),
            }
        }
        Ok(vectors)
    }

    /// The vectors of `readings`: stored ones, and the rest embedded and stored.
    pub(super) async fn vectors(
        &self,
        store: &Store,
        model: &ModelId,
        readings: &[&Reading],
        waiting_since: Timestamp,
    ) -> anyhow::Result<HashMap<TextKey, Vector>> {
        let keys: Vec<TextKey> = readings.iter().map(|r| r.key.clone()).collect();
        let mut vectors = store.vectors(model, &keys).await?;
        let missing: Vec<&Reading> = readings
            .iter()
            .copied()
            .filter(|r| !vectors.contains_key(&r.key))
            .collect();
        let fresh: Vec<(TextKey, Vector)> = self
            .embed(&missing, waiting_since)
            .await?
            .into_iter()
            .collect();
        store.put_vectors(model, &fresh).await?;
        vectors.extend(fresh);
        Ok(vectors)
    }

    /// Classifies texts that are no part of the inbox, in order.
    pub async fn classify(
        &self,
        readings: &[Reading],
    ) -> anyhow::Result<Vec<(Classification, Option<Vector>)>> {
        let wanted: Vec<&Reading> = readings.iter().filter(|r| !r.wordless).collect();
        let vectors = self.embed(&wanted, Timestamp::now()).await?;
        self.with(|classifier| {
            readings
                .iter()
                .map(|reading| {
                    let vector = vectors.get(&reading.key);
                    (classifier.judge(reading, vector), vector.cloned())
                })
                .collect()
        })
        .await
    }

    /// Reads the classifier.
    pub async fn with<T>(&self, f: impl FnOnce(&Classifier) -> T) -> anyhow::Result<T> {
        Ok(f(self
            .classifier
            .read()
            .await
            .as_ref()
            .context("the classifier is not ready")?))
    }

    /// Settles the messages that need no model: pictures, cards, emoji, numbers, links. Returns how many.
    pub async fn settle_wordless(
        &self,
        store: &Store,
        clock: fn() -> Timestamp,
    ) -> anyhow::Result<usize> {
        let waiting = store.unclassified(SETTLE).await?;
        let settled: Vec<(MessageId, Classification)> = waiting
            .iter()
            .filter(|p| p.kind != MessageKind::Text || Reading::is_wordless(&p.text.safe()))
            .map(|p| {
                (
                    p.message.clone(),
                    Classifier::wordless(&Reading::without_words()),
                )
            })
            .collect();
        store.set_predictions(&settled, clock()).await?;
        Ok(settled.len())
    }

    /// Classifies what waits, oldest waiting buyer first, until nothing does. Returns how many.
    pub async fn recognise_waiting(
        &self,
        store: &Store,
        clock: fn() -> Timestamp,
    ) -> anyhow::Result<usize> {
        let mut count = self.settle_wordless(store, clock).await?;
        loop {
            let waiting = store.unclassified(TAKE).await?;
            if waiting.is_empty() {
                return Ok(count);
            }
            count += waiting.len();
            self.classify_stored(store, waiting, clock).await?;
        }
    }

    /// Takes over new labels, asks again about the unknown queue where there were any, and classifies what waits.
    pub async fn keep_up(&self, store: &Store, clock: fn() -> Timestamp) -> anyhow::Result<usize> {
        if self.catch_up(store).await? {
            self.reconsider_unknown(store, clock).await?;
        }
        self.recognise_waiting(store, clock).await
    }

    /// Asks again about the unknown queue, after corrections. Returns how many have an intent now.
    pub async fn reconsider_unknown(
        &self,
        store: &Store,
        clock: fn() -> Timestamp,
    ) -> anyhow::Result<usize> {
        let before = store.unknown_messages(1000).await?;
        let count = before.len();
        if count > 0 {
            self.classify_stored(store, before, clock).await?;
        }
        Ok(count.saturating_sub(store.unknown_messages(1000).await?.len()))
    }

    async fn classify_stored(
        &self,
        store: &Store,
        waiting: Vec<Pending>,
        clock: fn() -> Timestamp,
    ) -> anyhow::Result<()> {
        let model = self.with(|c| c.model().clone()).await?;
        let waiting: Vec<(MessageId, Reading, Timestamp)> =
            tokio::task::spawn_blocking(move || {
                waiting
                    .into_iter()
                    .map(|p| {
                        (
                            p.message,
                            reading_of(p.kind, &p.text),
                            p.waiting_since.unwrap_or(p.sent_at),
                        )
                    })
                    .collect()
            })
            .await?;
        let oldest = waiting
            .iter()
            .map(|w| w.2)
            .min()
            .unwrap_or(Timestamp::UNIX_EPOCH);
        let worded: Vec<&Reading> = waiting
            .iter()
            .map(|w| &w.1)
            .filter(|r| !r.wordless)
            .collect();
        let vectors = self.vectors(store, &model, &worded, oldest).await?;
        let predictions: Vec<(MessageId, Classification)> = self
            .with(|classifier| {
                let judge = |r: &Reading| classifier.judge(r, vectors.get(&r.key));
                waiting
                    .into_iter()
                    .map(|(id, reading, _)| (id, judge(&reading)))
                    .collect()
            })
            .await?;
        Ok(store.set_predictions(&predictions, clock()).await?)
    }
}

/// What is no text has no words, whatever the platform wrote beside it.
fn reading_of(kind: MessageKind, text: &RawText) -> Reading {
    if kind == MessageKind::Text {
        Reading::of(&text.safe())
    } else {
        Reading::without_words()
    }
}

/// A stored label as the classifier reads it.
fn from_desk(example: crate::store::Example) -> Example {
    Example {
        id: Some(example.id),
        text: example.text.safe(),
        lang: example.lang,
        intent: example.intent,
        origin: Origin::Desk,
    }
}
