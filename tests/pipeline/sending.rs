//! A reply leaves once, and what is said of it is true.

use crate::rig::{Rig, rig_with};
use jiff::{SignedDuration, Timestamp};
use sextant::domain::{Conversation, OutboxState, Outgoing};
use sextant::engine::compose::Wishes;
use sextant::sandbox::Fault;
use std::time::Duration;

async fn ready(patience: Duration) -> (Rig, Conversation) {
    let rig = rig_with(3, patience).await;
    rig.poll_until_settled().await;
    let c = rig.open().await;
    (rig, c)
}

const PATIENT: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_reply_whose_answer_was_lost_is_found_by_reading_and_was_sent_once() {
    let (rig, c) = ready(PATIENT).await;
    rig.day.fault_on(Fault::SendLost, Some(1));
    let reply = rig.queue(&c, "Your parcel left this morning.").await;
    let settled = rig.deliver(&reply).await;
    assert_eq!(settled.state, OutboxState::Sent);
    let sent = rig.day.stats().sent;
    assert_eq!(sent.len(), 1);
    assert_eq!(settled.platform_id.unwrap().as_str(), sent[0].message_id);
    rig.poll_until_settled().await;
    let messages = rig.engine.store.messages(&c.id).await.unwrap();
    let ours = messages
        .iter()
        .filter(|m| m.text.expose() == "Your parcel left this morning.");
    assert_eq!(
        ours.count(),
        1,
        "polling brings it back as the same message"
    );
}

#[tokio::test]
async fn of_two_equal_replies_the_first_is_not_taken_for_the_second() {
    // The second is lost on its way back: it is a message of its own.
    let (rig, c) = ready(PATIENT).await;
    let first = rig.queue(&c, "Yes, it is.").await;
    let first = rig.deliver(&first).await;
    rig.day.fault_on(Fault::SendLost, Some(1));
    let second = rig.queue(&c, "Yes, it is.").await;
    let second = rig.deliver(&second).await;
    assert_eq!(rig.taken("Yes, it is."), 2);
    assert_eq!(
        (first.state, second.state),
        (OutboxState::Sent, OutboxState::Sent)
    );
    assert_ne!(first.platform_id, second.platform_id);
}

#[tokio::test]
async fn an_equal_reply_that_never_arrived_is_unknown_and_not_the_one_before_it() {
    let (rig, c) = ready(Duration::from_secs(2)).await;
    let first = rig.queue(&c, "Yes, it is.").await;
    assert_eq!(rig.deliver(&first).await.state, OutboxState::Sent);
    rig.day.fault_on(Fault::SendTimeout, Some(1));
    let second = rig.queue(&c, "Yes, it is.").await;
    let settled = rig.deliver(&second).await;
    assert_eq!(settled.state, OutboxState::Unknown, "{:?}", settled.error);
    rig.engine.look_for_unknown(Timestamp::now()).await.unwrap();
    let settled = rig.deliver(&second).await;
    assert_eq!(settled.state, OutboxState::Unknown);
    assert_eq!(rig.taken("Yes, it is."), 1);
}

#[tokio::test]
async fn a_reply_without_an_answer_waits_for_a_person_and_is_never_sent_again() {
    let (rig, c) = ready(Duration::from_secs(2)).await;
    rig.day.fault_on(Fault::SendTimeout, Some(1));
    let reply = rig.queue(&c, "One moment, please.").await;
    assert_eq!(rig.deliver(&reply).await.state, OutboxState::Unknown);
    // The platform is well again, and time passes: nobody but a person may decide.
    let later = Timestamp::now() + SignedDuration::from_hours(3);
    rig.engine.recover(later).await.unwrap();
    for _ in 0..3 {
        rig.engine.look_for_unknown(Timestamp::now()).await.unwrap();
        rig.engine.look_for_unknown(later).await.unwrap();
        assert_eq!(rig.deliver(&reply).await.state, OutboxState::Unknown);
    }
    assert_eq!(rig.taken("One moment, please."), 0);
    assert_eq!(rig.day.stats().requests["send"], 1);

    // The person has looked: it is not there. The text is the draft again, and nothing was sent.
    let settled = rig
        .engine
        .resolve(&c, false, Timestamp::now())
        .await
        .unwrap();
    assert_eq!(settled[0].state, OutboxState::Cancelled);
    let draft = rig.engine.store.draft(&c.id).await.unwrap().unwrap();
    assert_eq!(draft.text.safe().as_str(), "One moment, please.");
    assert!(
        rig.engine
            .resolve(&c, false, Timestamp::now())
            .await
            .is_err()
    );
    assert_eq!(rig.day.stats().requests["send"], 1);
}

#[tokio::test]
async fn a_refused_reply_has_failed_with_the_platforms_own_words() {
    let (rig, c) = ready(PATIENT).await;
    rig.day.fault_on(Fault::SendRefused, Some(1));
    let reply = rig.queue(&c, "Add me on the other app.").await;
    let settled = rig.deliver(&reply).await;
    assert_eq!(settled.state, OutboxState::FailedFinal);
    let words = settled.error.unwrap().safe().to_string();
    assert!(words.to_lowercase().contains("sensitive"), "{words}");
    assert!(
        words.contains("45101006") || words.contains("code"),
        "{words}"
    );
    rig.deliver(&reply).await;
    assert_eq!(rig.day.stats().requests["send"], 1);
    let draft = rig.engine.store.draft(&c.id).await.unwrap().unwrap();
    assert_eq!(draft.text.expose(), "Add me on the other app.");
}

#[tokio::test]
async fn told_to_slow_down_a_reply_leaves_later_and_once() {
    let (rig, c) = ready(PATIENT).await;
    rig.day.fault_on(Fault::RateLimit, Some(1));
    let reply = rig.queue(&c, "It ships tomorrow.").await;
    let mut settled = rig.deliver(&reply).await;
    while settled.state == OutboxState::FailedRetryable {
        tokio::time::sleep(Duration::from_millis(200)).await;
        settled = rig.deliver(&reply).await;
    }
    assert_eq!(settled.state, OutboxState::Sent, "{:?}", settled.error);
    assert_eq!(rig.taken("It ships tomorrow."), 1);
}

#[tokio::test]
async fn a_recalled_reply_is_the_draft_again_and_a_newer_draft_is_not_overwritten() {
    let (rig, c) = ready(PATIENT).await;
    let hold = SignedDuration::from_secs(60);
    let origin = sextant::domain::Origin::Person;
    let engine = &rig.engine;
    let now = Timestamp::now();
    let queue = async |text: &str| {
        engine
            .queue_reply(&c, text, None, origin, hold, now)
            .await
            .unwrap()
    };
    queue("first").await;
    engine.undo(Some(&c.id), now).await.unwrap();
    let draft = engine.store.draft(&c.id).await.unwrap().unwrap();
    assert_eq!(draft.text.expose(), "first");
    queue("first").await;
    assert!(engine.store.draft(&c.id).await.unwrap().is_none());
    engine.keep_draft(&c, "written since", now).await.unwrap();
    engine.undo(Some(&c.id), now).await.unwrap();
    let draft = engine.store.draft(&c.id).await.unwrap().unwrap();
    assert_eq!(draft.text.expose(), "written since");
    engine.deliver_due(Timestamp::now).await.unwrap();
    assert!(rig.day.stats().sent.is_empty());
}

#[tokio::test]
async fn a_held_reply_is_recalled_first_and_one_that_has_left_is_passed_over() {
    let (rig, c) = ready(PATIENT).await;
    let engine = &rig.engine;
    let now = Timestamp::now();
    let hold = SignedDuration::from_secs(60);
    let origin = sextant::domain::Origin::Person;
    let held = engine
        .queue_reply(&c, "held", None, origin, hold, now)
        .await
        .unwrap();
    engine.done(&c, now).await.unwrap();
    // Named, the reply is recalled although `done` came after it; then `done` is the last act that is left.
    let undone = engine.undo_or_recall(Some(&held.id), now).await.unwrap();
    assert_eq!(undone.action, "reply");
    let recalled = engine.store.outgoing(&held.id).await.unwrap();
    assert_eq!(recalled.state, OutboxState::Cancelled);
    let undone = engine.undo_or_recall(None, now).await.unwrap();
    assert_eq!(undone.action, "done");

    engine.done(&c, now).await.unwrap();
    let left = rig.queue(&c, "on its way").await;
    assert_eq!(rig.deliver(&left).await.state, OutboxState::Sent);
    let undone = engine.undo_or_recall(None, now).await.unwrap();
    assert_eq!(
        undone.action, "done",
        "what has left is no act to take back"
    );
    let nothing = engine.undo_or_recall(None, now).await.unwrap_err();
    assert!(nothing.to_string().contains("nothing to undo"), "{nothing}");
}

#[tokio::test]
async fn a_reply_of_an_account_that_is_connected_elsewhere_stays_held_until_it_can_be_sent() {
    let (rig, c) = ready(PATIENT).await;
    let reply = rig.queue(&c, "From the other machine.").await;
    // The same database on a machine that has no secrets of this shop.
    let elsewhere = crate::rig::engine(rig.dir.path()).await;
    for _ in 0..3 {
        let settled = elsewhere.deliver_due(Timestamp::now).await.unwrap();
        assert_eq!(settled, []);
    }
    let held = elsewhere.store.outgoing(&reply.id).await.unwrap();
    assert_eq!(
        (held.state, held.attempts, held.error),
        (OutboxState::Held, 0, None)
    );
    assert_eq!(rig.deliver(&reply).await.state, OutboxState::Sent);
    assert_eq!(rig.taken("From the other machine."), 1);
}

/// A reply about an order, filled from a template and queued.
async fn about_an_order(rig: &Rig) -> (Conversation, Outgoing) {
    let engine = &rig.engine;
    let now = Timestamp::now();
    let wishes = Wishes {
        lang: Some("en".to_owned()),
        ..Wishes::default()
    };
    for c in crate::rig::open(&engine.store).await {
        let Ok(staged) = engine.stage(&c, "status_with_tracking", &wishes, now).await else {
            continue;
        };
        let from = (staged.template.as_str(), staged.filled.lang.as_str());
        let text = &staged.filled.text;
        let (origin, hold) = (sextant::domain::Origin::Person, SignedDuration::ZERO);
        let queued = engine.queue_reply(&c, text, Some(from), origin, hold, now);
        return (c.clone(), queued.await.unwrap());
    }
    panic!("no buyer of this day has an order on its way");
}

fn in_twenty_minutes() -> Timestamp {
    Timestamp::now() + SignedDuration::from_mins(20)
}

#[tokio::test]
async fn old_facts_are_asked_for_again_and_leave_if_they_still_hold() {
    let (rig, _) = ready(PATIENT).await;
    let (_, reply) = about_an_order(&rig).await;
    let asked = rig.day.stats().requests["orders_search"];
    rig.engine.deliver_due(in_twenty_minutes).await.unwrap();
    let settled = rig.engine.store.outgoing(&reply.id).await.unwrap();
    assert_eq!(settled.state, OutboxState::Sent, "{:?}", settled.error);
    assert_eq!(rig.day.stats().requests["orders_search"], asked + 1);
}

#[tokio::test]
async fn old_facts_that_cannot_be_asked_for_again_do_not_leave() {
    let (rig, _) = ready(PATIENT).await;
    let (c, reply) = about_an_order(&rig).await;
    rig.day.fault_on(Fault::ServerError, Some(4));
    rig.engine.deliver_due(in_twenty_minutes).await.unwrap();
    let settled = rig.engine.store.outgoing(&reply.id).await.unwrap();
    assert_eq!(settled.state, OutboxState::FailedFinal);
    let why = settled.error.unwrap().safe().to_string();
    assert!(
        why.contains("could not be asked") && why.contains("stage `status_with_tracking` again"),
        "{why}"
    );
    assert!(rig.day.stats().sent.is_empty());
    let draft = rig.engine.store.draft(&c.id).await.unwrap().unwrap();
    assert_eq!(draft.text, reply.text);
}

#[tokio::test]
async fn facts_that_have_changed_since_they_were_written_do_not_leave() {
    let (rig, _) = ready(PATIENT).await;
    let (c, reply) = about_an_order(&rig).await;
    let store = &rig.engine.store;
    let mut orders = store.orders(&c.id).await.unwrap();
    for order in &mut orders {
        order.parcel.last_event = Some("Handed over to a neighbour".into());
        order.fetched_at = Timestamp::now();
    }
    store.put_orders(&c.id, &orders).await.unwrap();
    let settled = rig.deliver(&reply).await;
    assert_eq!(settled.state, OutboxState::FailedFinal);
    let why = settled.error.unwrap().safe().to_string();
    assert!(why.contains("has changed"), "{why}");
    assert!(rig.day.stats().sent.is_empty());
}
