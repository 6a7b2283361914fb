//! A stage for the loop: everything that it touches is the test's.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use futures_util::Stream;
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use sextant::tui::host::Host;
use sextant::tui::i18n::Lang;
use sextant::tui::keymap::Keymap;
use sextant::tui::msg::{Effect, Outcome};
use sextant::tui::run::{Inbox, Left, Places, Signal};
use sextant::tui::state::{Settings, State};
use sextant::tui::theme::{self, Styles};
use sextant::tui::view::view;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

type Events = Arc<tokio::sync::Mutex<mpsc::Receiver<Event>>>;

/// What the loop did with its host.
#[derive(Clone, Default)]
pub struct Seen {
    frames: Arc<AtomicUsize>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Seen {
    pub fn frames(&self) -> usize {
        self.frames.load(Ordering::SeqCst)
    }

    pub fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    fn called(&self, what: &str) {
        self.calls.lock().unwrap().push(what.to_owned());
    }
}

pub struct TestHost {
    events: Events,
    seen: Seen,
}

impl Host for TestHost {
    type Backend = TestBackend;
    type Input = Pin<Box<dyn Stream<Item = io::Result<Event>> + Send>>;

    fn input(&mut self) -> Self::Input {
        let events = self.events.clone();
        Box::pin(futures_util::stream::unfold(events, async |events| {
            let event = events.lock().await.recv().await?;
            Some((Ok(event), events))
        }))
    }

    fn leave(&mut self) {
        self.seen.called("leave");
    }

    fn enter(&mut self) -> io::Result<()> {
        self.seen.called("enter");
        Ok(())
    }

    fn begin_frame(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn end_frame(&mut self) -> io::Result<()> {
        self.seen.frames.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.seen.called(&format!("mouse {on}"));
        Ok(())
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.seen.called(&format!("copy {text}"));
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.seen.called("suspend");
        Ok(())
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        self.seen.called(&format!("say {line}"));
        Ok(())
    }
}

/// A loop that runs, and its strings.
pub struct Stage {
    pub events: mpsc::Sender<Event>,
    pub outcomes: mpsc::Sender<Outcome>,
    pub signals: mpsc::Sender<Signal>,
    pub failed: mpsc::Sender<anyhow::Error>,
    pub seen: Seen,
    pub effects: Arc<Mutex<Vec<Effect>>>,
    pub running: JoinHandle<anyhow::Result<Left>>,
}

impl Stage {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// With a state that the test has changed; the first frame stands when it returns.
    pub async fn start_with(change: impl FnOnce(&mut State)) -> Self {
        let (events, receiver) = mpsc::channel(20_000);
        let (outcomes, answers) = mpsc::channel(256);
        let (signals, told) = mpsc::channel(4);
        let (failed, failures) = mpsc::channel(1);
        let (seen, effects) = (Seen::default(), Arc::new(Mutex::new(Vec::new())));
        let keymap = Arc::new(Keymap::default());
        let mut state = State::new(Timestamp::now(), Lang::En, keymap, Settings::default());
        change(&mut state);
        let started = effects.clone();
        let (begin, begun) = tokio::sync::oneshot::channel();
        let inbox = Inbox {
            state,
            styles: Styles::mono(),
            view,
            clock: Box::new(Timestamp::now),
            host: TestHost {
                events: Arc::new(tokio::sync::Mutex::new(receiver)),
                seen: seen.clone(),
            },
            terminal: Terminal::new(TestBackend::new(100, 30)).unwrap(),
            places: Places {
                data: std::env::temp_dir(),
                themes: None,
                look: theme::Terminal::default(),
                connect: Some(Box::new(|| {
                    (tokio::process::Command::new("true"), "Enter".to_owned())
                })),
            },
            start: Box::new(move |effect| started.lock().unwrap().push(effect)),
            outcomes: answers,
            signals: told,
            failed: failures,
            begun: Some(Box::new(move || begin.send(()).unwrap())),
        };
        let running = tokio::spawn(inbox.run());
        begun.await.unwrap();
        let stage = Self {
            events,
            outcomes,
            signals,
            failed,
            seen,
            effects,
            running,
        };
        stage.settle().await;
        stage
    }

    /// Until nothing more is drawn.
    pub async fn settle(&self) {
        loop {
            let before = self.seen.frames();
            tokio::time::sleep(Duration::from_millis(80)).await;
            if self.seen.frames() == before {
                return;
            }
        }
    }

    pub async fn press(&self, keys: &str) {
        for c in keys.chars() {
            self.key(KeyCode::Char(c), KeyModifiers::NONE).await;
        }
    }

    pub async fn key(&self, code: KeyCode, modifiers: KeyModifiers) {
        let key = KeyEvent::new(code, modifiers);
        self.events.send(Event::Key(key)).await.unwrap();
    }

    pub async fn left(self) -> anyhow::Result<Left> {
        let left = tokio::time::timeout(Duration::from_secs(10), self.running).await;
        left.expect("the loop does not end").unwrap()
    }
}
