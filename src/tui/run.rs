//! The loop: what happens becomes a message, the message a new state and effects, the state a frame.
//!
//! ```text
//! outcomes ┐
//! input    ├─▶ Msg ─▶ update ─▶ effects ─▶ the runner, or here where they need the terminal
//! time     ┘             └─▶ state.dirty ─▶ view ─▶ frame, at most every 10 ms ─▶ Msg::Drawn
//! ```
//!
//! Everything that waits is handled before a frame is drawn, and nothing is drawn when nothing changed. There is no tick
//! (`timing`). The one rule: the loop knows no action and no text; it moves messages.

use super::host::Host;
use super::key::Key;
use super::msg::{Effect, Msg, Outcome, Target};
use super::state::State;
use super::theme::{Styles, Terminal as Look, ThemeName};
use super::timing::next_change;
use super::update;
use super::view::Areas;
use crate::text::sanitise;
use crossterm::event::{Event, KeyEventKind, MouseButton, MouseEventKind};
use futures_util::StreamExt;
use jiff::Timestamp;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};
use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Between two frames.
const FRAME: Duration = Duration::from_millis(10);
/// A frame waits for what is there to be handled, but no longer than this.
const LATEST_FRAME: Duration = Duration::from_millis(50);
/// Outcomes in a row before input is looked at again.
const BURST: usize = 32;

/// From the state to a frame.
pub type View = fn(&State, &Styles, &mut Frame) -> Areas;

/// What the system tells the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Meant for whoever has the terminal: nothing to us while that is another program.
    Interrupt,
    Terminate,
}

/// How the screen was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// For the demo, not for good.
    pub demo: bool,
}

/// Makes the program that connects an account, and the sentence that waits for Enter after it.
pub type Connect = Box<dyn Fn() -> (tokio::process::Command, String) + Send>;

/// Folders and programs that effects on the terminal need.
pub struct Places {
    /// Where a text lies while it is edited.
    pub data: PathBuf,
    pub themes: Option<PathBuf>,
    pub look: Look,
    pub connect: Option<Connect>,
}

/// The screen with everything that it is joined to.
pub struct Inbox<H: Host> {
    pub state: State,
    pub styles: Styles,
    pub view: View,
    pub clock: Box<dyn Fn() -> Timestamp + Send>,
    pub host: H,
    pub terminal: Terminal<H::Backend>,
    pub places: Places,
    /// Takes every effect that does not need the terminal.
    pub start: Box<dyn FnMut(Effect) + Send>,
    pub outcomes: mpsc::Receiver<Outcome>,
    pub signals: mpsc::Receiver<Signal>,
    /// Why the program cannot go on.
    pub failed: mpsc::Receiver<anyhow::Error>,
    /// Called when the first frame stands: what would delay it begins here.
    pub begun: Option<Box<dyn FnOnce() + Send>>,
}

/// What was waited for.
enum Happened {
    Failed(anyhow::Error),
    Told,
    Outcome(Outcome),
    Input(Option<io::Result<Event>>),
    Time,
    Breath,
}

/// The loop's own memory.
pub(super) struct Running<H: Host> {
    pub(super) inbox: Inbox<H>,
    /// `None` while the terminal is another program's.
    pub(super) input: Option<H::Input>,
    /// A size that was not told yet: of a storm only the last counts.
    pub(super) size: Option<(u16, u16)>,
    areas: Areas,
    drawn: Option<Instant>,
    dirty_since: Option<Instant>,
    left: Option<Left>,
    /// The process was told to end while another program had the terminal.
    pub(super) told_to_end: bool,
}

impl<H: Host> Inbox<H> {
    /// Runs until it is left.
    ///
    /// # Errors
    /// A terminal that is gone, a task that panicked, a database that failed.
    pub async fn run(self) -> anyhow::Result<Left> {
        let mut running = Running {
            inbox: self,
            input: None,
            size: None,
            areas: Areas::default(),
            drawn: None,
            dirty_since: None,
            left: None,
            told_to_end: false,
        };
        let ended = running.run().await;
        if ended.is_err() {
            // The terminal is gone; what was typed need not be.
            for effect in running.update(Msg::Terminate) {
                if matches!(effect, Effect::KeepDraft { .. }) {
                    (running.inbox.start)(effect);
                }
            }
        }
        // A task that panicked has given the terminal back: its reason is the better one.
        match (ended, running.inbox.failed.try_recv()) {
            (Err(_), Ok(reason)) => Err(reason),
            (ended, _) => ended,
        }
    }
}

impl<H: Host> Running<H> {
    async fn run(&mut self) -> anyhow::Result<Left> {
        let size = self.inbox.terminal.size().map_err(gone)?;
        self.handle(Msg::Resize(size.width, size.height)).await?;
        let effects = update::begin(&mut self.inbox.state);
        self.perform(effects).await?;
        self.input = Some(self.inbox.host.input());
        self.draw().await?;
        if let Some(begun) = self.inbox.begun.take() {
            begun();
        }
        let mut burst = 0;
        loop {
            if let Some(left) = self.left {
                return Ok(left);
            }
            if std::mem::take(&mut self.told_to_end) {
                return self.end().await;
            }
            if self.frame_is_late() {
                self.draw().await?;
                continue;
            }
            let happened = self.wait(burst).await;
            burst = match happened {
                Happened::Outcome(_) => burst + 1,
                _ => 0,
            };
            match happened {
                Happened::Failed(error) => return Err(error),
                Happened::Told | Happened::Input(None) => return self.end().await,
                Happened::Input(Some(Err(error))) => {
                    tracing::error!(%error, "the terminal cannot be read any more");
                    return self.end().await;
                }
                Happened::Outcome(outcome) => self.handle(Msg::Outcome(outcome)).await?,
                Happened::Input(Some(Ok(event))) => self.event(event).await?,
                Happened::Time if self.frame_is_due() => self.draw().await?,
                Happened::Time => self.handle(Msg::Time).await?,
                Happened::Breath => {}
            }
        }
    }

    /// Outcomes first, so that a key acts on what is true; but only so many that keys still get through.
    async fn wait(&mut self, burst: usize) -> Happened {
        let wake = self.wake();
        let Self { inbox, input, .. } = self;
        tokio::select! {
            biased;
            Some(error) = inbox.failed.recv() => Happened::Failed(error),
            Some(_) = inbox.signals.recv() => Happened::Told,
            Some(outcome) = inbox.outcomes.recv(), if burst < BURST => Happened::Outcome(outcome),
            event = next(input) => Happened::Input(event),
            () = tokio::task::yield_now(), if burst >= BURST => Happened::Breath,
            () = sleep_until(wake), if wake.is_some() => Happened::Time,
        }
    }

    fn dirty(&self) -> bool {
        self.inbox.state.dirty || self.size.is_some()
    }

    fn frame_at(&self) -> Option<Instant> {
        self.dirty()
            .then(|| self.drawn.map_or_else(Instant::now, |drawn| drawn + FRAME))
    }

    fn frame_is_due(&self) -> bool {
        self.frame_at().is_some_and(|at| at <= Instant::now())
    }

    fn frame_is_late(&mut self) -> bool {
        let dirty = self.dirty();
        let since = *self.dirty_since.get_or_insert_with(Instant::now);
        if !dirty {
            self.dirty_since = None;
        }
        dirty && since.elapsed() >= LATEST_FRAME
    }

    fn wake(&self) -> Option<Instant> {
        let change = next_change(&self.inbox.state).map(|at| {
            let wait = at.duration_since((self.inbox.clock)());
            // A timer that fires within the same millisecond would only come again.
            let wait = Duration::try_from(wait).unwrap_or_default() + Duration::from_millis(1);
            Instant::now() + wait
        });
        change.into_iter().chain(self.frame_at()).min()
    }

    async fn draw(&mut self) -> anyhow::Result<()> {
        self.tell_size();
        let inbox = &mut self.inbox;
        let mut areas = Areas::default();
        inbox.state.now = (inbox.clock)();
        inbox.host.begin_frame().map_err(gone)?;
        let view = inbox.view;
        inbox
            .terminal
            .draw(|frame| areas = view(&inbox.state, &inbox.styles, frame))
            .map_err(gone)?;
        inbox.host.end_frame().map_err(gone)?;
        let page = areas.page;
        self.areas = areas;
        self.drawn = Some(Instant::now());
        self.dirty_since = None;
        self.inbox.state.dirty = false;
        self.handle(Msg::Drawn(page)).await
    }

    fn tell_size(&mut self) {
        if let Some((width, height)) = self.size.take() {
            let effects = self.update(Msg::Resize(width, height));
            // A size asks for nothing that needs the terminal.
            effects
                .into_iter()
                .for_each(|effect| (self.inbox.start)(effect));
        }
    }

    async fn event(&mut self, event: Event) -> anyhow::Result<()> {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                self.handle(Msg::Key(Key::from(key))).await
            }
            Event::Paste(text) => self.handle(Msg::Paste(text)).await,
            Event::Resize(width, height) => {
                self.size = Some((width, height));
                Ok(())
            }
            Event::Mouse(mouse) => match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => {
                    match self.target(mouse.column, mouse.row) {
                        Some(target) => self.handle(Msg::Click(target)).await,
                        None => Ok(()),
                    }
                }
                MouseEventKind::ScrollDown => self.handle(Msg::Wheel(1)).await,
                MouseEventKind::ScrollUp => self.handle(Msg::Wheel(-1)).await,
                _ => Ok(()),
            },
            Event::Key(_) | Event::FocusGained | Event::FocusLost => Ok(()),
        }
    }

    fn target(&self, column: u16, row: u16) -> Option<Target> {
        self.areas.at(column, row).cloned()
    }

    /// Tells the state that the process ends, does what it still wants done, and leaves whatever it says.
    async fn end(&mut self) -> anyhow::Result<Left> {
        self.handle(Msg::Terminate).await?;
        Ok(self.left.unwrap_or(Left { demo: false }))
    }

    fn update(&mut self, msg: Msg) -> Vec<Effect> {
        self.inbox.state.now = (self.inbox.clock)();
        update::update(&mut self.inbox.state, msg)
    }

    async fn handle(&mut self, msg: Msg) -> anyhow::Result<()> {
        if !matches!(msg, Msg::Resize(..) | Msg::Drawn(_)) {
            self.tell_size();
        }
        let effects = self.update(msg);
        self.perform(effects).await
    }

    /// In order; those that need the terminal here, the others by the runner.
    async fn perform(&mut self, effects: Vec<Effect>) -> anyhow::Result<()> {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            let outcome = match effect {
                Effect::Quit { demo } => {
                    self.left = Some(Left { demo });
                    None
                }
                Effect::Edit { id, text } => {
                    let result = self.edit(&text).await?;
                    let result = result.map_err(|why| sanitise(&format!("{why:#}")));
                    Some(Outcome::Edited { id, result })
                }
                Effect::Connect => {
                    if self.connect().await? {
                        (self.inbox.start)(Effect::Connect);
                    }
                    None
                }
                Effect::Suspend => self.suspend().await?,
                Effect::Redraw => {
                    self.redraw()?;
                    None
                }
                Effect::Copy(text) => said(self.inbox.host.copy(&text)),
                Effect::SetMouse(on) => said(self.inbox.host.set_mouse(on)),
                Effect::SetTheme(name) => self.wear(&name),
                other => {
                    (self.inbox.start)(other);
                    None
                }
            };
            if let Some(outcome) = outcome {
                effects.extend(self.update(Msg::Outcome(outcome)));
            }
        }
        Ok(())
    }

    fn wear(&mut self, name: &ThemeName) -> Option<Outcome> {
        let places = &self.inbox.places;
        match Styles::load(name, places.look, places.themes.as_deref()) {
            Ok(styles) => {
                self.inbox.styles = styles;
                self.inbox.state.dirty = true;
                None
            }
            Err(error) => Some(bad(&error.to_string())),
        }
    }

    /// The next frame is drawn from nothing: who knows what stands on the terminal.
    pub(super) fn redraw(&mut self) -> anyhow::Result<()> {
        let size = self.inbox.terminal.size().map_err(gone)?;
        // `Terminal::clear` would ask for the cursor, and the answer would arrive among the keys.
        self.inbox
            .terminal
            .resize(Rect::new(0, 0, size.width, size.height))
            .map_err(gone)?;
        self.size = Some((size.width, size.height));
        Ok(())
    }
}

fn gone(error: impl std::error::Error) -> anyhow::Error {
    anyhow::anyhow!("the terminal: {error}")
}

fn said(result: io::Result<()>) -> Option<Outcome> {
    result
        .err()
        .map(|error| bad(&format!("the terminal: {error}")))
}

fn bad(why: &str) -> Outcome {
    Outcome::Told {
        text: sanitise(why),
        bad: true,
    }
}

async fn next<I>(input: &mut Option<I>) -> Option<io::Result<Event>>
where
    I: futures_util::Stream<Item = io::Result<Event>> + Unpin,
{
    match input {
        Some(input) => input.next().await,
        None => std::future::pending().await,
    }
}

async fn sleep_until(at: Option<Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at).await;
    }
}
