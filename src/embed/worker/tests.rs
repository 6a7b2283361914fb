//! Who is embedded first, and what becomes of a text or a model that fails.

use super::*;
use crate::embed::hash::HashEmbedder;
use std::sync::{Mutex, mpsc as std_mpsc};

fn job(text: &str, second: i64) -> EmbedJob {
    let waiting_since = Timestamp::from_second(second).unwrap();
    EmbedJob {
        key: TextKey::of(text),
        text: text.to_owned(),
        waiting_since,
    }
}

/// Notes which texts it was given, and fails or panics at a word.
struct Noting {
    inner: HashEmbedder,
    seen: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Embedder for Noting {
    fn model(&self) -> &ModelId {
        self.inner.model()
    }

    fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vector>, EmbedError> {
        if texts.contains(&"fail") {
            return Err(EmbedError::Failed("out of memory".to_owned()));
        }
        assert!(!texts.contains(&"panic"), "index out of bounds");
        self.seen
            .lock()
            .unwrap()
            .push(texts.iter().map(|&text| text.to_owned()).collect());
        self.inner.embed(texts)
    }
}

struct Rig {
    worker: EmbedWorker,
    seen: Arc<Mutex<Vec<Vec<String>>>>,
    loading_may_end: std_mpsc::Sender<()>,
}

/// A worker that loads until it is told to stop loading.
fn rig() -> Rig {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (loading_may_end, wait) = std_mpsc::channel();
    let inner = Noting {
        inner: HashEmbedder::new(),
        seen: seen.clone(),
    };
    let worker = EmbedWorker::start(move |progress| {
        progress.advance("fetching", 3, Some(9));
        wait.recv().unwrap();
        Ok(Box::new(inner))
    });
    Rig {
        worker: worker.unwrap(),
        seen,
        loading_may_end,
    }
}

/// Hands the jobs over while the worker loads, in this order, and returns the answers.
async fn answers(rig: &Rig, jobs: Vec<EmbedJob>) -> Vec<Result<Vector, EmbedError>> {
    let mut pending = Vec::new();
    for job in jobs {
        let (reply, answer) = oneshot::channel();
        rig.worker
            .jobs
            .send(Request::Embed(Waiting { job, reply }))
            .await
            .unwrap();
        pending.push(answer);
    }
    rig.loading_may_end.send(()).unwrap();
    let mut answers = Vec::new();
    for answer in pending {
        answers.push(answer.await.unwrap());
    }
    answers
}

#[tokio::test]
async fn who_waits_longest_is_embedded_first() {
    let rig = rig();
    let jobs = (0..100)
        .map(|n| job(&format!("text {n}"), 1000 - n))
        .collect();
    let answers = answers(&rig, jobs).await;
    assert!(answers.iter().all(Result::is_ok));
    let seen = rig.seen.lock().unwrap();
    assert_eq!(seen[0].len(), TAKE);
    assert_eq!(
        (seen[0][0].as_str(), seen[0][63].as_str()),
        ("text 99", "text 36")
    );
    assert_eq!(seen[1].last().unwrap(), "text 0");
}

#[tokio::test]
async fn the_same_text_is_embedded_once_and_everyone_who_asked_gets_its_vector() {
    let rig = rig();
    let answers = answers(
        &rig,
        vec![job("a", 3), job("b", 1), job("a", 2), job("b", 9)],
    )
    .await;
    assert_eq!(*rig.seen.lock().unwrap(), [["b", "a"]]);
    let expected = HashEmbedder::new().embed(&["a", "b", "a", "b"]).unwrap();
    let vectors: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(vectors, expected);
}

#[tokio::test]
async fn the_state_tells_what_is_loaded_and_then_which_model() {
    let rig = rig();
    let mut state = rig.worker.state();
    let fetching = WorkerState::Loading {
        phase: "fetching".to_owned(),
        done: 3,
        total: Some(9),
    };
    state.wait_for(|state| *state == fetching).await.unwrap();
    rig.loading_may_end.send(()).unwrap();
    assert_eq!(
        rig.worker.ready().await.unwrap(),
        ModelId("test/hash".to_owned())
    );
}

#[tokio::test]
async fn a_model_that_does_not_load_answers_every_job_with_the_reason() {
    let worker = EmbedWorker::start(|_| Err(EmbedError::Failed("no model".to_owned()))).unwrap();
    assert_eq!(worker.ready().await.unwrap_err().to_string(), "no model");
    for _ in 0..2 {
        let answer = worker.embed(job("a", 1)).await;
        assert_eq!(answer.unwrap_err().to_string(), "no model");
    }
    assert_eq!(
        *worker.state().borrow(),
        WorkerState::Failed {
            why: "no model".to_owned()
        }
    );
}

#[tokio::test]
async fn a_text_that_fails_or_panics_costs_no_other_its_vector() {
    for (word, why) in [
        ("fail", "out of memory"),
        ("panic", "the embedder panicked: index out of bounds"),
    ] {
        let rig = rig();
        let jobs = (0..80)
            .map(|n| job(&format!("text {n}"), 100 + n))
            .chain([job(word, 1)])
            .collect();
        let (good, bad): (Vec<_>, Vec<_>) = answers(&rig, jobs)
            .await
            .into_iter()
            .partition(Result::is_ok);
        assert_eq!((good.len(), bad.len()), (80, 1));
        let said = bad[0].as_ref().unwrap_err().to_string();
        assert!(said.ends_with(why), "{said}");
        assert!(rig.worker.embed(job("later", 1)).await.is_ok());
    }
}

#[tokio::test]
async fn a_bad_text_alone_in_its_batch_is_the_text_s_fault() {
    let rig = rig();
    let answer = answers(&rig, vec![job("fail", 1)]).await.remove(0);
    assert!(matches!(answer, Err(EmbedError::Text(_))));
    assert!(rig.worker.embed(job("later", 1)).await.is_ok());
}

/// A session that has died.
struct Dead(HashEmbedder);

impl Embedder for Dead {
    fn model(&self) -> &ModelId {
        self.0.model()
    }

    fn embed(&mut self, _texts: &[&str]) -> Result<Vec<Vector>, EmbedError> {
        Err(EmbedError::Failed("the session is gone".to_owned()))
    }
}

#[tokio::test]
async fn an_embedder_that_takes_nothing_any_more_has_failed_for_good() {
    let load = |_: &dyn Progress| Ok(Box::new(Dead(HashEmbedder::new())) as Box<dyn Embedder>);
    let worker = EmbedWorker::start(load).unwrap();
    for text in ["a", "b"] {
        let answer = worker.embed(job(text, 1)).await;
        assert!(matches!(answer, Err(EmbedError::Failed(why)) if why == "the session is gone"));
    }
    assert!(matches!(
        *worker.state().borrow(),
        WorkerState::Failed { .. }
    ));
}

#[tokio::test]
async fn a_job_whose_asker_gave_up_is_not_embedded() {
    let rig = rig();
    let (reply, answer) = oneshot::channel();
    drop(answer);
    rig.worker
        .jobs
        .send(Request::Embed(Waiting {
            job: job("given up", 1),
            reply,
        }))
        .await
        .unwrap();
    answers(&rig, vec![job("wanted", 2)]).await;
    assert_eq!(*rig.seen.lock().unwrap(), [["wanted"]]);
}

#[tokio::test]
async fn a_loading_that_was_stopped_can_be_started_again() {
    let mut times = 0;
    let worker = EmbedWorker::start_with(move |progress| {
        times += 1;
        while times == 1 && !progress.cancelled() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        if times == 1 {
            return Err(EmbedError::Failed("given up half way".to_owned()));
        }
        Ok(Box::new(HashEmbedder::new()))
    })
    .unwrap();
    worker.stop_loading();
    assert!(worker.ready().await.is_err());
    assert_eq!(*worker.state().borrow(), WorkerState::Stopped);
    assert!(worker.embed(job("a", 1)).await.is_err());
    worker.load_again();
    assert!(worker.loads_again().await);
    assert!(worker.ready().await.is_ok());
    assert!(worker.embed(job("a", 1)).await.is_ok());
}
