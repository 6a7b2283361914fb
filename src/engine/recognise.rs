//! Recognition: embed what waits, classify it, learn at once.
//!
//! The model loads on its own thread while polling and storing go on; what has no words is settled without it. The one rule: in the
//! end every message of a buyer has a prediction or an explicit reason for none.

use crate::classify::vector_cache::VectorCache;
use crate::classify::{Classifier, Example, Origin, Reading};
use crate::domain::{Classification, MessageId, MessageKind};
use crate::embed::worker::{EmbedJob, EmbedWorker};
use crate::embed::{ModelId, Vector};
use crate::store::{Pending, Store};
use crate::text::TextKey;
use anyhow::Context;
use jiff::Timestamp;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{RwLock, watch};
use tokio::task::JoinSet;

/// Messages that are taken at once: small, so that the oldest are not kept waiting by the newest.
const TAKE: u32 = 64;

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
        let result = self.train(store).await;
        self.readiness.send_replace(match &result {
            Ok(model) => Readiness::Ready(model.clone()),
            Err(error) => Readiness::Failed(format!("{error:#}")),
        });
        result
    }

    async fn train(&self, store: Option<&Store>) -> anyhow::Result<ModelId> {
        let model = self.worker.ready().await?;
        let mut rows = self.built_in_vectors(&model).await?;
        if let Some(store) = store {
            rows.extend(self.desk_vectors(store, &model).await?);
        }
        let of = model.clone();
        let classifier = tokio::task::spawn_blocking(move || Classifier::train(of, rows)).await?;
        *self.classifier.write().await = Some(classifier);
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

    async fn desk_vectors(
        &self,
        store: &Store,
        model: &ModelId,
    ) -> anyhow::Result<Vec<(Example, Vector)>> {
        let examples: Vec<Example> = store.examples().await?.into_iter().map(from_desk).collect();
        let readings: Vec<Reading> = examples
            .iter()
            .map(|e| Reading::to_embed(&e.text))
            .collect();
        let vectors = self
            .vectors(
                store,
                model,
                &readings.iter().collect::<Vec<_>>(),
                Timestamp::UNIX_EPOCH,
            )
            .await?;
        let vector = |r: &Reading| vectors.get(&r.key).cloned();
        Ok(examples
            .into_iter()
            .zip(&readings)
            .filter_map(|(e, r)| Some((e, vector(r)?)))
            .collect())
    }

    /// Embeds each different text once.
    pub async fn embed(
        &self,
        readings: &[&Reading],
        waiting_since: Timestamp,
    ) -> anyhow::Result<HashMap<TextKey, Vector>> {
        let mut tasks = JoinSet::new();
        let mut asked = std::collections::HashSet::new();
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
            let (key, vector) = done?;
            vectors.insert(key, vector?);
        }
        Ok(vectors)
    }

    /// The vectors of `readings`: stored ones, and the rest embedded and stored.
    async fn vectors(
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
        let guard = self.classifier.read().await;
        let classifier = guard.as_ref().context("the classifier is not ready")?;
        readings
            .iter()
            .map(|reading| {
                if let Some(c) = Classifier::without_vector(reading) {
                    Ok((c, None))
                } else {
                    let vector = vectors
                        .get(&reading.key)
                        .context("a text was not embedded")?;
                    Ok((classifier.classify(reading, vector), Some(vector.clone())))
                }
            })
            .collect()
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
        let waiting = store.unclassified(4096).await?;
        let settled: Vec<(MessageId, Classification)> = waiting
            .iter()
            .filter(|p| p.kind != MessageKind::Text || Reading::is_wordless(&p.text.safe()))
            .filter_map(|p| {
                Some((
                    p.message.clone(),
                    Classifier::without_vector(&Reading::without_words())?,
                ))
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
                            Reading::of(&p.text.safe()),
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
                waiting
                    .into_iter()
                    .filter_map(|(id, reading, _)| {
                        let said = Classifier::without_vector(&reading).or_else(|| {
                            Some(classifier.classify(&reading, vectors.get(&reading.key)?))
                        })?;
                        Some((id, said))
                    })
                    .collect()
            })
            .await?;
        Ok(store.set_predictions(&predictions, clock()).await?)
    }

    /// Adds a correction to the classifier in memory, so that the next message feels it.
    pub async fn learn(&self, example: Example, store: &Store) -> anyhow::Result<()> {
        let reading = Reading::to_embed(&example.text);
        let model = self.with(|c| c.model().clone()).await?;
        let mut vectors = self
            .vectors(store, &model, &[&reading], Timestamp::UNIX_EPOCH)
            .await?;
        if let (Some(vector), Some(classifier)) = (
            vectors.remove(&reading.key),
            self.classifier.write().await.as_mut(),
        ) {
            classifier.learn(example, vector);
        }
        Ok(())
    }

    /// Takes a correction back.
    pub async fn unlearn(&self, example: &str) {
        if let Some(classifier) = self.classifier.write().await.as_mut() {
            classifier.unlearn(example);
        }
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
