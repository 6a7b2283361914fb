//! The running desk: nothing waits for the model that does not need it, and in the end nothing is left behind.

use crate::rig::{recogniser, rig, with_worker};
use sextant::domain::Outcome;
use sextant::embed::worker::EmbedWorker;
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
