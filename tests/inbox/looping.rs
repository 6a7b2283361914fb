//! The loop: when it draws, when it does not, and how it ends.

use crate::stage::Stage;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use sextant::tui::msg::{Effect, Outcome};
use sextant::tui::run::Signal;
use sextant::tui::state::{ModelState, Screen};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_drawn_when_nothing_changed() {
    let stage = Stage::start().await;
    let ready = Outcome::Model(ModelState::Ready("test".to_owned()));
    stage.outcomes.send(ready.clone()).await.unwrap();
    stage.settle().await;
    let before = stage.seen.frames();

    stage.outcomes.send(ready).await.unwrap();
    stage
        .outcomes
        .send(Outcome::Held(Vec::new()))
        .await
        .unwrap();
    stage.events.send(Event::FocusLost).await.unwrap();
    stage.events.send(Event::FocusGained).await.unwrap();
    let mut released = KeyEvent::new(KeyCode::Char('j'), KeyModifiers::NONE);
    released.kind = KeyEventKind::Release;
    stage.events.send(Event::Key(released)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(stage.seen.frames(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_keys_and_sizes_is_a_few_frames() {
    let stage = Stage::start().await;
    let (before, began) = (stage.seen.frames(), Instant::now());
    for n in 0..2_000u16 {
        stage.press("j").await;
        stage
            .events
            .send(Event::Resize(60 + n % 60, 20))
            .await
            .unwrap();
    }
    stage.settle().await;
    let frames = stage.seen.frames() - before;
    let most = began.elapsed().as_millis() as usize / 10 + 2;
    assert!((1..=most.min(200)).contains(&frames), "{frames} of {most}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_outcomes_does_not_starve_the_keys() {
    let stage = Stage::start().await;
    let outcomes = stage.outcomes.clone();
    let flood = tokio::spawn(async move { while outcomes.send(Outcome::Changed).await.is_ok() {} });
    tokio::time::sleep(Duration::from_millis(50)).await;
    stage.key(KeyCode::Char('c'), KeyModifiers::CONTROL).await;
    assert!(!stage.left().await.unwrap().demo);
    flood.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wanted_is_asked_for_before_the_first_frame() {
    let stage = Stage::start().await;
    let effects = stage.effects.lock().unwrap().clone();
    assert!(effects.contains(&Effect::LoadQueues), "{effects:?}");
    assert!(
        effects.iter().any(|e| matches!(e, Effect::LoadRows { .. })),
        "{effects:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn told_to_end_it_ends_and_so_it_does_when_its_terminal_is_gone() {
    for signal in [true, false] {
        let stage = Stage::start().await;
        if signal {
            stage.signals.send(Signal::Terminate).await.unwrap();
            assert!(!stage.left().await.unwrap().demo);
        } else {
            let Stage {
                events, running, ..
            } = stage;
            drop(events);
            assert!(running.await.unwrap().is_ok());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_broke_off_ends_it_with_a_reason() {
    let stage = Stage::start().await;
    let why = anyhow::anyhow!("a part broke off");
    stage.failed.send(why).await.unwrap();
    let error = stage.left().await.unwrap_err();
    assert_eq!(error.to_string(), "a part broke off");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_terminal_is_given_away_and_taken_back_and_drawn_anew() {
    let stage = Stage::start().await;
    let before = stage.seen.frames();
    stage.key(KeyCode::Char('z'), KeyModifiers::CONTROL).await;
    stage.settle().await;
    assert_eq!(stage.seen.calls(), ["leave", "suspend", "enter"]);
    assert!(stage.seen.frames() > before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_was_connected_is_told_to_the_runner() {
    let stage = Stage::start_with(|state| state.screen = Screen::Welcome).await;
    stage.press("b").await;
    stage.settle().await;
    assert_eq!(stage.seen.calls(), ["leave", "say Enter"]);
    stage.key(KeyCode::Enter, KeyModifiers::NONE).await;
    stage.settle().await;
    assert_eq!(stage.seen.calls(), ["leave", "say Enter", "enter"]);
    let effects = stage.effects.lock().unwrap().clone();
    assert!(effects.contains(&Effect::Connect), "{effects:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_for_the_demo_is_said() {
    let stage = Stage::start_with(|state| state.screen = Screen::Welcome).await;
    stage.press("d").await;
    assert!(stage.left().await.unwrap().demo);
}
