//! `sextant`: the inbox on the screen, from the first frame to the last reply that is settled.
//!
//! Everything that a person can have written wrongly is read before the screen opens; the model and the first poll begin when the first
//! frame stands. The one rule: however it ends, the terminal is given back first and the desk stops in good order after it.

use super::context::Context;
use super::signals::{Asked, Signals};
use super::{Ended, demo, look, out};
use crate::engine::Engine;
use crate::engine::run::Desk;
use crate::tui::host::Tty;
use crate::tui::i18n::Lang;
use crate::tui::run::{Connect, Inbox, Left, Places, Signal};
use crate::tui::runner::{Memory, Runner};
use crate::tui::state::{Screen, Settings, State};
use crate::tui::{self, terminal, view};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A stop that takes longer than this is explained.
const PATIENCE: Duration = Duration::from_secs(1);

pub async fn run(context: &Context) -> anyhow::Result<Ended> {
    terminal::check()?;
    let engine = context.engine().await?;
    let opening = Opening {
        chosen: context.paths.data.clone(),
        demo: false,
        span: None,
    };
    let left = open(context, engine, opening).await?;
    if left.demo {
        return demo::on_screen(context, 1, None).await;
    }
    Ok(Ended::Done)
}

/// How the inbox is opened.
pub struct Opening {
    /// The folder in which a person's choices are looked for; they are kept in the context's own.
    pub chosen: PathBuf,
    pub demo: bool,
    /// Left by itself after this.
    pub span: Option<Duration>,
}

/// Opens the inbox and runs it until it is left.
///
/// # Errors
/// A wrong file, before anything is shown; a terminal or a database that fails.
pub async fn open(context: &Context, engine: Engine, opening: Opening) -> anyhow::Result<Left> {
    let memory = Memory::read(&opening.chosen);
    let keymap = look::keymap(context)?;
    let quick = look::quick(context)?;
    let theme = look::theme(context, &memory)?;
    let chosen_lang = look::chosen_lang(context, &memory);
    let lang = chosen_lang.unwrap_or_else(look::locale);
    let recogniser = context.recogniser()?;

    let settings = Settings {
        quick,
        has_editor: tui::editor().is_some(),
        demo: opening.demo,
    };
    let mut state = State::new(Timestamp::now(), lang, Arc::new(keymap), settings);
    state.zone = TimeZone::system();
    state.theme = theme.name;
    state.mouse = context.config.screen.mouse;
    state.recent = memory.recent();
    state.chosen_lang = memory.lang();
    state.chosen_theme = memory.theme();
    if engine.is_new().await? {
        state.screen = Screen::Welcome;
        state.asked_lang = chosen_lang.is_some();
    }

    let store = engine.store.clone();
    let desk = Desk::new(engine, recogniser, CancellationToken::new());
    let (runner, said) = Runner::new(desk.clone(), context.paths.data.clone(), Timestamp::now);
    let (begin, begun) = oneshot::channel();
    let running = run_desk(desk.clone(), begun, runner.failures());
    let (signals, told) = mpsc::channel(4);
    let listening = listen(signals, opening.span)?;
    let runner = Arc::new(Mutex::new(Some(runner)));
    let effects = runner.clone();

    let host = Tty::enter(state.mouse)?;
    let inbox = Inbox {
        state,
        styles: theme.styles,
        view: view::view,
        clock: Box::new(Timestamp::now),
        host,
        terminal: Tty::terminal()?,
        places: Places {
            data: context.paths.data.clone(),
            themes: Some(theme.folder),
            look: theme.terminal,
            connect: connect(context, lang),
        },
        start: Box::new(move |effect| {
            let mut runner = effects.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(runner) = runner.as_mut() {
                runner.start(effect);
            }
        }),
        outcomes: said.outcomes,
        signals: told,
        failed: said.failed,
        begun: Some(Box::new(move || {
            // Who does not listen any more has been told to end.
            let _ = begin.send(());
        })),
    };
    let left = inbox.run().await;
    // The terminal is given back; what comes now is for the shell's screen.
    listening.abort();
    let runner = runner.lock().unwrap_or_else(PoisonError::into_inner).take();
    stop(desk, running, runner).await;
    store.close().await;
    left
}

/// The desk waits for the first frame. What ends it by itself ends the program.
fn run_desk(
    desk: Desk,
    begun: oneshot::Receiver<()>,
    failures: mpsc::Sender<anyhow::Error>,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        if begun.await.is_err() {
            return;
        }
        let ended = tokio::spawn(async move { desk.run().await }).await;
        let ended = ended.map_err(anyhow::Error::from).and_then(|ended| ended);
        if let Err(error) = ended {
            tracing::error!("the desk ended: {error:#}");
            // Nobody listens once the screen was left.
            let _ = failures.try_send(error);
        }
    })
}

/// Signals become messages; so does the end of a span.
fn listen(
    signals: mpsc::Sender<Signal>,
    span: Option<Duration>,
) -> std::io::Result<JoinHandle<()>> {
    let mut system = Signals::listen(true)?;
    Ok(tokio::spawn(async move {
        let end = async {
            match span {
                Some(span) => tokio::time::sleep(span).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(end);
        loop {
            let signal = tokio::select! {
                asked = system.next() => match asked {
                    Asked::Interrupt => Signal::Interrupt,
                    Asked::Terminate => Signal::Terminate,
                },
                () = &mut end => Signal::Terminate,
            };
            if signals.send(signal).await.is_err() {
                return;
            }
        }
    }))
}

/// The program that connects an account is this one, with another command.
fn connect(context: &Context, lang: Lang) -> Option<Connect> {
    let again = context.again().ok()?;
    let back = match lang {
        Lang::En => "\nEnter goes back to the inbox.",
        Lang::Zh => "\n按 Enter 回到收件箱。",
    };
    Some(Box::new(move || {
        let mut command = again();
        command.args(["account", "add", "tiktok_shop"]);
        (command, back.to_owned())
    }))
}

/// What was pressed last is done, a reply that was claimed is settled. A second signal does not wait for it.
async fn stop(desk: Desk, running: JoinHandle<()>, runner: Option<Runner>) {
    let stopping = async {
        if let Some(runner) = runner {
            runner.finish().await;
        }
        desk.stop();
        if let Err(error) = running.await {
            tracing::error!(%error, "the desk did not stop in good order");
        }
    };
    tokio::pin!(stopping);
    let Ok(mut signals) = Signals::listen(true) else {
        return stopping.await;
    };
    tokio::select! {
        () = &mut stopping => return,
        () = tokio::time::sleep(PATIENCE) => {
            out::note("a reply is on its way: a moment, until it is known what became of it (Ctrl-C does not wait)");
        }
    }
    tokio::select! {
        () = stopping => {}
        _ = signals.next() => {
            out::note("stopped at once; a reply that was on its way is shown as unknown next time");
            std::process::exit(130);
        }
    }
}
