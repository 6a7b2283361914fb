//! What a person says counts from the next message on, and is taken back to the bit.

use crate::rig::{everything, recogniser, rig};
use jiff::Timestamp;
use sextant::classify::Reading;
use sextant::domain::{Intent, Outcome, Verdict};

#[tokio::test]
async fn a_correction_changes_the_next_classification_and_undo_gives_the_same_head_to_the_bit() {
    let rig = rig(5).await;
    rig.poll_until_settled().await;
    let store = &rig.engine.store;
    let recogniser = recogniser(rig.dir.path());
    recogniser.prepare(Some(store)).await.unwrap();
    recogniser
        .recognise_waiting(store, Timestamp::now)
        .await
        .unwrap();
    let before = recogniser.with(|c| c.head().clone()).await.unwrap();

    let rows = store.list(&everything(), Timestamp::now()).await.unwrap();
    let row = rows
        .into_iter()
        .find(|r| r.outcome == Some(Outcome::Intent) || r.outcome == Some(Outcome::Unknown))
        .expect("a message with words");
    let c = row.conversation;
    let messages = store.messages(&c.id).await.unwrap();
    let said = messages
        .iter()
        .rfind(|m| {
            m.classification
                .as_ref()
                .is_some_and(|k| k.outcome != Outcome::NonText)
        })
        .unwrap();
    let was = said.classification.clone().unwrap();
    let name = Some(said.id.as_str());
    // Whatever it was taken for, it is to be something else.
    let wanted = Intent::all().last().filter(|i| Some(*i) != was.intent);
    let wanted = wanted.or(Intent::all().nth(1)).unwrap();
    let other = Intent::all().find(|i| *i != wanted && Some(*i) != was.intent);
    let other = other.unwrap();
    let reading = [Reading::of(&said.text.safe())];
    let read = async || recogniser.classify(&reading).await.unwrap().remove(0).0;
    let unlearnt = read().await;

    let now = Timestamp::now();
    rig.engine.relabel(&c, name, wanted, now).await.unwrap();
    assert!(recogniser.catch_up(store).await.unwrap());
    let learnt = read().await;
    assert_ne!(learnt, unlearnt);
    let taught = recogniser.with(|c| c.head().clone()).await.unwrap();
    assert_ne!(taught, before);
    let shown = store.prediction(&said.id).await.unwrap().unwrap();
    assert_eq!(
        (shown.intent, shown.verdict),
        (Some(wanted), Some(Verdict::Corrected))
    );

    // A second thought replaces the first, and is taken back to it.
    rig.engine.relabel(&c, name, other, now).await.unwrap();
    recogniser.catch_up(store).await.unwrap();
    rig.engine.undo(Some(&c.id), now).await.unwrap();
    recogniser.catch_up(store).await.unwrap();
    assert_eq!(recogniser.with(|c| c.head().clone()).await.unwrap(), taught);

    rig.engine.undo(Some(&c.id), now).await.unwrap();
    assert!(recogniser.catch_up(store).await.unwrap());
    assert_eq!(recogniser.with(|c| c.head().clone()).await.unwrap(), before);
    assert_eq!(read().await, unlearnt);
    assert_eq!(store.prediction(&said.id).await.unwrap(), Some(was));
    // A classifier that was never told is the same as one that has forgotten.
    let fresh = crate::rig::recogniser(rig.dir.path());
    fresh.prepare(Some(store)).await.unwrap();
    assert_eq!(fresh.with(|c| c.head().clone()).await.unwrap(), before);
}

#[tokio::test]
async fn history_keeps_the_languages_that_it_states_in_our_codes() {
    let dir = crate::rig::folder();
    let engine = crate::rig::engine(dir.path()).await;
    let row = |(line, (text, lang)): (usize, (&str, &str))| sextant::engine::rows::Row {
        line,
        text: text.to_owned(),
        fields: [
            ("label".to_owned(), "logistics.where_is_order".into()),
            ("lang".to_owned(), lang.into()),
        ]
        .into(),
    };
    let stated = [("cadê", "pt-BR"), ("在哪", "zh_TW"), ("wo", "ger")];
    let rows = stated.into_iter().enumerate().map(row).collect();
    let now = jiff::Timestamp::now();
    engine.import_history(rows, now).await.unwrap();
    let examples = engine.store.examples().await.unwrap();
    let mut langs: Vec<_> = examples.iter().map(|e| e.lang.as_str()).collect();
    langs.sort_unstable();
    assert_eq!(langs, ["de", "pt", "zh-Hant"]);
}
