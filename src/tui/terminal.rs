//! How the terminal is entered and left.
//!
//! Raw mode, the alternate screen, bracketed paste, focus events, the mouse where it is asked for; left in the reverse order when the
//! guard is dropped, when the program panics (first the terminal, then the message) and before anything else gets the terminal. The
//! one rule: whatever ends the program, the shell finds its terminal as it was.

use super::theme::ThemeName;
use crate::engine::Usage;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste,
    EnableFocusChange, EnableMouseCapture,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{clipboard::CopyToClipboard, cursor, execute, queue, style};
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, OnceLock};
use std::time::Duration;

/// How long a terminal may take to say its background; one that never does costs this much, once.
const ANSWER_WITHIN: Duration = Duration::from_millis(200);

/// The terminal is ours. The panic hook has nothing but this to go by.
static ENTERED: AtomicBool = AtomicBool::new(false);
static MOUSE: AtomicBool = AtomicBool::new(false);

/// Whether there is a terminal to draw on.
///
/// # Errors
/// None, or one that can do nothing: what to use instead.
pub fn check() -> Result<(), Usage> {
    let why = if !io::stdin().is_terminal() {
        "standard input is no terminal"
    } else if !io::stdout().is_terminal() {
        "standard output is no terminal"
    } else if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        "this terminal (TERM=dumb) cannot place a cursor"
    } else {
        return Ok(());
    };
    Err(Usage(format!(
        "the inbox needs a terminal, and {why}; without one there are `sextant list`, `show`, `reply`, `done`, `sync`, \
         `demo --headless` and the other commands of `sextant --help`"
    )))
}

/// What the terminal is like, as far as a theme must know it. Asked once, before raw mode, and only where it matters.
pub fn look(theme: &ThemeName) -> super::theme::Terminal {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let light = !no_color && *theme == ThemeName::Auto && is_light();
    super::theme::Terminal { no_color, light }
}

fn is_light() -> bool {
    // The type has no public fields to construct it by.
    let mut options = terminal_colorsaurus::QueryOptions::default();
    options.timeout = ANSWER_WITHIN;
    matches!(
        terminal_colorsaurus::theme_mode(options),
        Ok(terminal_colorsaurus::ThemeMode::Light)
    )
}

/// The terminal while it is ours.
pub struct Guard(());

impl Guard {
    /// # Errors
    /// A terminal that refuses; it is left as it was.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        leave_when_panicking();
        MOUSE.store(mouse, Ordering::Relaxed);
        let guard = Self(());
        enter()?;
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        leave();
    }
}

/// Takes the terminal, again where something else had it.
///
/// # Errors
/// A terminal that refuses.
pub fn enter() -> io::Result<()> {
    // Which colours there are is the theme's: under NO_COLOR crossterm would write an empty one, which resets the selection too.
    style::force_color_output(true);
    settle();
    enable_raw_mode()?;
    // From here on there is something to undo, whatever comes next.
    ENTERED.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    execute!(
        out,
        EnterAlternateScreen,
        EnableBracketedPaste,
        EnableFocusChange,
        cursor::Hide
    )?;
    if MOUSE.load(Ordering::Relaxed) {
        execute!(out, EnableMouseCapture)?;
    }
    Ok(())
}

/// The terminal's settings as they were when the program came: an editor that broke off may have left it raw, and what is raw when
/// crossterm takes it would be raw when crossterm gives it back.
#[cfg(unix)]
fn settle() {
    static FIRST: OnceLock<Option<rustix::termios::Termios>> = OnceLock::new();
    let input = io::stdin();
    let first = FIRST.get_or_init(|| rustix::termios::tcgetattr(&input).ok());
    if let Some(first) = first {
        // A terminal that is gone is told by what comes next.
        let _ = rustix::termios::tcsetattr(&input, rustix::termios::OptionalActions::Now, first);
    }
}

#[cfg(not(unix))]
fn settle() {}

/// Gives the terminal back. Twice is once. What cannot be written to a terminal that is gone needs no undoing.
pub fn leave() {
    if !ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    if MOUSE.load(Ordering::Relaxed) {
        let _ = execute!(out, DisableMouseCapture);
    }
    let _ = execute!(
        out,
        EndSynchronizedUpdate,
        DisableFocusChange,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
}

pub fn is_entered() -> bool {
    ENTERED.load(Ordering::SeqCst)
}

/// The terminal first, then the message. A thread whose panic is caught and told as an error (the model's) leaves the screen alone.
fn leave_when_panicking() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current();
            let ends_us = thread
                .name()
                .is_some_and(|name| name == "main" || name.starts_with("tokio"));
            if ends_us {
                leave();
            }
            if !is_entered() {
                before(panic);
            }
        }));
    });
}

/// # Errors
/// A terminal that cannot be written to.
pub fn set_mouse(on: bool) -> io::Result<()> {
    MOUSE.store(on, Ordering::Relaxed);
    if on {
        execute!(io::stdout(), EnableMouseCapture)
    } else {
        execute!(io::stdout(), DisableMouseCapture)
    }
}

/// Puts a text into the clipboard of whoever sits at the terminal, over SSH too (OSC 52).
///
/// # Errors
/// A terminal that cannot be written to. One that ignores it says nothing.
pub fn copy(text: &str) -> io::Result<()> {
    execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
}

/// What follows is shown at once, when [`end_frame`] comes.
///
/// # Errors
/// A terminal that cannot be written to.
pub fn begin_frame() -> io::Result<()> {
    queue!(io::stdout(), BeginSynchronizedUpdate)
}

/// # Errors
/// A terminal that cannot be written to.
pub fn end_frame() -> io::Result<()> {
    execute!(io::stdout(), EndSynchronizedUpdate)
}

/// A line on the terminal while it is not ours.
///
/// # Errors
/// A terminal that cannot be written to.
pub fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout();
    execute!(out, style::Print(line), style::Print("\r\n"))?;
    out.flush()
}

/// Stops the process until the shell continues it. The terminal must not be ours meanwhile.
///
/// # Errors
/// A system that cannot stop it.
#[cfg(unix)]
pub fn stop_process() -> io::Result<()> {
    // The whole group, as the terminal's own Ctrl-Z does: whoever started us stops with us.
    rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
    // The signal may reach another thread a moment later.
    std::thread::sleep(Duration::from_millis(20));
    Ok(())
}

/// Asks another program to end. Whether it was asked.
#[cfg(unix)]
pub fn ask_to_end(process: u32) -> bool {
    let id = rustix::process::Pid::from_raw(process.cast_signed());
    id.is_some_and(|id| rustix::process::kill_process(id, rustix::process::Signal::TERM).is_ok())
}

#[cfg(not(unix))]
pub fn ask_to_end(_process: u32) -> bool {
    false
}

/// There is no such thing here.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn stop_process() -> io::Result<()> {
    Ok(())
}
