//! The thread on which texts are embedded.
//!
//! Loading the model takes a second, and fetching it minutes; embedding is all processor. So both happen on one thread
//! of their own, and whoever has a text waits for its vector without holding up anything else.
//!
//! May use: std, tokio's channels. The one rule: every job gets an answer, a vector or the reason for none.

use super::model::progress::Progress;
use super::{EmbedError, Embedder, ModelId, Vector};
use crate::text::TextKey;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::{mpsc, oneshot, watch};

/// Jobs that wait in the channel; who has more waits to hand them over.
const QUEUE: usize = 256;

/// Different texts that are embedded before the queue is looked at again.
const TAKE: usize = 64;

/// Jobs that are put in order; beyond it they wait in the channel.
const SORTED: usize = 4096;

/// One text to be embedded.
#[derive(Clone, Debug)]
pub struct EmbedJob {
    /// The key of `text`: jobs with equal keys are embedded once.
    pub key: TextKey,
    /// Normalised.
    pub text: String,
    /// Since when the buyer waits. The oldest goes first.
    pub waiting_since: Timestamp,
}

/// What the worker does at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerState {
    /// `done` of `total` bytes where the phase counts them.
    Loading {
        phase: String,
        done: u64,
        total: Option<u64>,
    },
    Ready {
        model: ModelId,
    },
    /// Every job is answered with this, until the model is asked for again.
    Failed {
        why: String,
    },
    /// A person stopped the loading; like `Failed`.
    Stopped,
}

/// A handle to the thread; it ends when the last handle is dropped.
#[derive(Clone, Debug)]
pub struct EmbedWorker {
    jobs: mpsc::Sender<Request>,
    state: watch::Receiver<WorkerState>,
    /// The loading that goes on is to end.
    cancelled: Arc<AtomicBool>,
}

#[derive(Debug)]
enum Request {
    Embed(Waiting),
    /// Load the model, where none is loaded.
    Load,
}

#[derive(Debug)]
struct Waiting {
    job: EmbedJob,
    reply: oneshot::Sender<Result<Vector, EmbedError>>,
}

impl EmbedWorker {
    /// Starts the thread. `load` runs on it, so that nothing waits for the model; what it reports becomes the state.
    pub fn start<F>(load: F) -> Result<Self, EmbedError>
    where
        F: FnOnce(&dyn Progress) -> Result<Box<dyn Embedder>, EmbedError> + Send + 'static,
    {
        let mut load = Some(load);
        Self::start_with(move |progress| {
            let again = || EmbedError::Failed("the model cannot be loaded again".to_owned());
            load.take().ok_or_else(again)?(progress)
        })
    }

    /// The same with a `load` that can be called again, after it failed or was stopped.
    pub fn start_with<F>(load: F) -> Result<Self, EmbedError>
    where
        F: FnMut(&dyn Progress) -> Result<Box<dyn Embedder>, EmbedError> + Send + 'static,
    {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        let (report, state) = watch::channel(starting());
        let cancelled = Arc::<AtomicBool>::default();
        let report = Report {
            state: report,
            cancelled: cancelled.clone(),
        };
        let thread = std::thread::Builder::new().name("embed".to_owned());
        let started = thread.spawn(move || run(load, waiting, &report));
        started.map_err(|error| EmbedError::Failed(format!("no thread for embedding: {error}")))?;
        Ok(Self {
            jobs,
            state,
            cancelled,
        })
    }

    /// Ends the loading that goes on: the state becomes `Stopped`, or `Ready` where it was too late. Without one, nothing.
    pub fn stop_loading(&self) {
        if matches!(*self.state.borrow(), WorkerState::Loading { .. }) {
            self.cancelled.store(true, Ordering::Relaxed);
        }
    }

    /// Loads the model again after it failed or was stopped; else it does nothing.
    pub fn load_again(&self) {
        let loaded = matches!(
            *self.state.borrow(),
            WorkerState::Ready { .. } | WorkerState::Loading { .. }
        );
        if !loaded {
            // Where the channel is full, whoever waits there wakes the thread, and the person presses again.
            let _ = self.jobs.try_send(Request::Load);
        }
    }

    /// Waits until a model that failed or was stopped is loaded again; false where the thread has ended.
    pub async fn loads_again(&self) -> bool {
        let mut state = self.state.clone();
        let again = state
            .wait_for(|state| !matches!(state, WorkerState::Failed { .. } | WorkerState::Stopped))
            .await;
        again.is_ok()
    }

    /// Hands a text over and waits for its vector.
    pub async fn embed(&self, job: EmbedJob) -> Result<Vector, EmbedError> {
        let (reply, answer) = oneshot::channel();
        let gone = || EmbedError::Failed("the embedding thread has ended".to_owned());
        self.jobs
            .send(Request::Embed(Waiting { job, reply }))
            .await
            .map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }

    /// What the worker does, now and as it changes.
    pub fn state(&self) -> watch::Receiver<WorkerState> {
        self.state.clone()
    }

    /// Waits until the model is loaded.
    pub async fn ready(&self) -> Result<ModelId, EmbedError> {
        let mut state = self.state.clone();
        let loaded = state
            .wait_for(|state| !matches!(state, WorkerState::Loading { .. }))
            .await;
        match loaded.as_deref() {
            Ok(WorkerState::Ready { model }) => Ok(model.clone()),
            Ok(WorkerState::Failed { why }) => Err(EmbedError::Failed(why.clone())),
            Ok(WorkerState::Stopped) => Err(stopped()),
            _ => Err(EmbedError::Failed(
                "the embedding thread has ended".to_owned(),
            )),
        }
    }
}

fn starting() -> WorkerState {
    WorkerState::Loading {
        phase: "starting".to_owned(),
        done: 0,
        total: None,
    }
}

fn stopped() -> EmbedError {
    EmbedError::Failed("the loading of the model was stopped".to_owned())
}

/// Phases of loading, as the worker's state.
struct Report {
    state: watch::Sender<WorkerState>,
    cancelled: Arc<AtomicBool>,
}

impl Progress for Report {
    fn advance(&self, phase: &str, done: u64, total: Option<u64>) {
        self.state.send_replace(WorkerState::Loading {
            phase: phase.to_owned(),
            done,
            total,
        });
    }

    fn note(&self, sentence: &str) {
        self.advance(sentence, 0, None);
    }

    fn cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

fn run<F>(mut load: F, mut waiting: mpsc::Receiver<Request>, report: &Report)
where
    F: FnMut(&dyn Progress) -> Result<Box<dyn Embedder>, EmbedError>,
{
    let mut queue = Vec::new();
    loop {
        let served = caught(|| load(report)).and_then(|mut embedder| {
            report.cancelled.store(false, Ordering::Relaxed);
            report.state.send_replace(WorkerState::Ready {
                model: embedder.model().clone(),
            });
            while fill(&mut queue, &mut waiting).is_some() {
                embed_oldest(&mut queue, embedder.as_mut())?;
            }
            Ok(())
        });
        let Err(error) = served else { return };
        let (why, state) = if report.cancelled.swap(false, Ordering::Relaxed) {
            (stopped().to_string(), WorkerState::Stopped)
        } else {
            let why = error.to_string();
            (why.clone(), WorkerState::Failed { why })
        };
        report.state.send_replace(state);
        loop {
            for waiting in queue.drain(..) {
                // Who no longer listens needs no answer; the same below.
                let _ = waiting.reply.send(Err(EmbedError::Failed(why.clone())));
            }
            match fill(&mut queue, &mut waiting) {
                Some(false) => {}
                Some(true) => break,
                None => return,
            }
        }
        report.state.send_replace(starting());
    }
}

/// Moves what waits in the channel into `queue`; blocks while both are empty. Whether somebody asked for the model to be
/// loaded; `None` when no handle is left.
fn fill(queue: &mut Vec<Waiting>, waiting: &mut mpsc::Receiver<Request>) -> Option<bool> {
    let mut load = false;
    let mut take = |request, queue: &mut Vec<Waiting>| match request {
        Request::Embed(job) => queue.push(job),
        Request::Load => load = true,
    };
    if queue.is_empty() {
        take(waiting.blocking_recv()?, queue);
    }
    while queue.len() < SORTED
        && let Ok(next) = waiting.try_recv()
    {
        take(next, queue);
    }
    Some(load)
}

/// Embeds the texts of those who wait longest and answers everyone who waits for one of these texts.
///
/// # Errors
/// An embedder that takes no text any more; who waits still stands in `queue`.
fn embed_oldest(queue: &mut Vec<Waiting>, embedder: &mut dyn Embedder) -> Result<(), EmbedError> {
    queue.retain(|waiting| !waiting.reply.is_closed());
    queue.sort_by_key(|waiting| waiting.job.waiting_since);
    let mut texts = Vec::new();
    let mut place = BTreeMap::new();
    for Waiting { job, .. } in queue.iter() {
        if texts.len() < TAKE && !place.contains_key(&job.key) {
            place.insert(job.key.clone(), texts.len());
            texts.push(job.text.as_str());
        }
    }
    let answers = if texts.is_empty() {
        Vec::new()
    } else {
        embed_each(&texts, embedder)?
    };
    let embedded = queue.extract_if(.., |waiting| place.contains_key(&waiting.job.key));
    for waiting in embedded {
        let answer = match &answers[place[&waiting.job.key]] {
            Ok(vector) => Ok(vector.clone()),
            Err(why) => Err(EmbedError::Text(why.clone())),
        };
        let _ = waiting.reply.send(answer);
    }
    Ok(())
}

/// A vector or a reason for each text. One text that the model cannot take must not cost the others theirs, so a
/// batch that fails is embedded text by text. Where none succeeds, a text that every model takes tells whether the
/// fault is theirs or the embedder's.
fn embed_each(
    texts: &[&str],
    embedder: &mut dyn Embedder,
) -> Result<Vec<Result<Vector, String>>, EmbedError> {
    if let Ok(vectors) = batch(texts, embedder) {
        return Ok(vectors.into_iter().map(Ok).collect());
    }
    let alone = |text: &&str| {
        batch(&[*text], embedder)
            .map(|mut vectors| vectors.swap_remove(0))
            .map_err(|error| error.to_string())
    };
    let answers: Vec<_> = texts.iter().map(alone).collect();
    if answers.iter().all(Result::is_err) {
        batch(&["probe"], embedder)?;
    }
    Ok(answers)
}

fn batch(texts: &[&str], embedder: &mut dyn Embedder) -> Result<Vec<Vector>, EmbedError> {
    let vectors = caught(|| embedder.embed(texts))?;
    if vectors.len() == texts.len() {
        return Ok(vectors);
    }
    Err(EmbedError::Failed(format!(
        "{} texts gave {} vectors",
        texts.len(),
        vectors.len()
    )))
}

/// A panic inside the model's libraries is an error like any other.
fn caught<T>(work: impl FnOnce() -> Result<T, EmbedError>) -> Result<T, EmbedError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no reason given");
        Err(EmbedError::Failed(format!("the embedder panicked: {said}")))
    })
}

#[cfg(test)]
mod tests;
