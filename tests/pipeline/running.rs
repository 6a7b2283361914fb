//! The running desk: nothing waits for the model that does not need it, and in the end nothing is left behind.

use crate::rig::{recogniser, rig, with_worker};
use sextant::domain::Outcome;
use sextant::embed::worker::EmbedWorker;
use sextant::engine::recognise::Readiness;
use sextant::engine::run::Desk;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Asks again until there is an answer; a minute is a hang.
pub async fn wait_for<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asking)
        .await
        .expect("a minute has passed")
}

#[tokio::test]
async fn polling_goes_on_while_the_model_does_not_load_and_in_the_end_every_message_has_a_prediction()
 {
    let rig = rig(5).await;
    let store = &rig.engine.store;
    let never = EmbedWorker::start(|_| {
        loop {
            std::thread::park();
        }
    });
    let stop = CancellationToken::new();
    let desk = Desk::new(
        rig.engine.clone(),
        with_worker(never.unwrap(), rig.dir.path()),
        stop.clone(),
    );
    let running = tokio::spawn(async move { desk.run().await });
    let before = wait_for(async || {
        let counts = store.counts().await.unwrap();
        (counts.inbound >= 500 && counts.predicted > 0).then_some(counts)
    })
    .await;
    assert!(before.by_outcome[&Outcome::NonText] > 0);
    assert!(before.predicted < before.inbound);
    assert_eq!(before.by_outcome.len(), 1, "{before:?}");
    // A reply needs no model either.
    let c = rig.open().await;
    rig.queue(&c, "A person answers at once.").await;
    wait_for(async || (rig.taken("A person answers at once.") == 1).then_some(())).await;
    stop.cancel();
    running.await.unwrap().unwrap();

    let stop = CancellationToken::new();
    let desk = Desk::new(rig.engine.clone(), recogniser(rig.dir.path()), stop.clone());
    let running = tokio::spawn(async move { desk.run().await });
    wait_for(async || {
        let counts = store.counts().await.unwrap();
        (counts.predicted == counts.inbound).then_some(())
    })
    .await;
    stop.cancel();
    running.await.unwrap().unwrap();
    let waiting = store.unclassified(10).await.unwrap();
    assert_eq!(waiting, []);
}

/// Runs a desk while another program holds the database's lock for longer than ours waits for it. `true` where something
/// was still to be learnt.
async fn outlasts_a_busy_database(learning: bool) {
    use sqlx::Connection;
    let rig = rig(5).await;
    rig.poll_until_settled().await;
    let (engine, store) = (&rig.engine, &rig.engine.store);
    let first = recogniser(rig.dir.path());
    first.prepare(Some(store)).await.unwrap();
    let now = jiff::Timestamp::now;
    first.recognise_waiting(store, now).await.unwrap();
    assert!(!store.unknown_messages(1).await.unwrap().is_empty());
    if learning {
        let row = sextant::engine::rows::Row {
            line: 1,
            text: "could you hand it to the doorman".to_owned(),
            fields: [("label".to_owned(), "logistics.where_is_order".into())].into(),
        };
        engine.import_history(vec![row], now()).await.unwrap();
    }

    let url = format!("sqlite:{}", rig.dir.path().join("sextant.db").display());
    let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let stop = CancellationToken::new();
    let desk = Desk::new(engine.clone(), recogniser(rig.dir.path()), stop.clone());
    let mut readiness = desk.recogniser.readiness();
    let running = tokio::spawn(async move { desk.run().await });
    // Five seconds are waited for a lock.
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(!running.is_finished(), "the run ended: {:?}", running.await);
    lock.rollback().await.unwrap();

    let c = rig.open().await;
    let message = store.messages(&c.id).await.unwrap().remove(0).remote_id;
    sqlx::query(
        "DELETE FROM prediction WHERE message_id IN (SELECT id FROM message WHERE remote_id = $1)",
    )
    .bind(message.as_str())
    .execute(&mut other)
    .await
    .unwrap();
    sqlx::query("UPDATE message SET pending = TRUE WHERE remote_id = $1 AND author = 'customer'")
        .bind(message.as_str())
        .execute(&mut other)
        .await
        .unwrap();
    wait_for(async || {
        store
            .unclassified(1)
            .await
            .unwrap()
            .is_empty()
            .then_some(())
    })
    .await;
    assert!(matches!(
        *readiness.borrow_and_update(),
        Readiness::Ready(_)
    ));
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_database_that_is_busy_while_the_classifier_learns_does_not_turn_recognition_off() {
    outlasts_a_busy_database(true).await;
}

#[tokio::test]
async fn a_database_that_is_busy_while_the_unknown_is_reconsidered_does_not_end_the_run() {
    outlasts_a_busy_database(false).await;
}
