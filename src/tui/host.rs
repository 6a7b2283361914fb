//! Where the screen is: the terminal, or a test.
//!
//! The loop is the same for both. What it wants of the place is here: a backend to draw on, a stream of events, and to have the
//! terminal handed to another program for a while. The one rule: a host decides nothing.

use super::careful::Careful;
use super::terminal;
use crossterm::event::{Event, EventStream};
use futures_util::Stream;
use ratatui::backend::{Backend, CrosstermBackend};
use std::io::{self, Stdout};

pub trait Host {
    type Backend: Backend;
    type Input: Stream<Item = io::Result<Event>> + Unpin;

    /// Begins to read what the person does. Dropping it ends the reading.
    fn input(&mut self) -> Self::Input;

    /// Gives the terminal back, for another program or for good.
    fn leave(&mut self);

    /// Takes it again.
    ///
    /// # Errors
    /// A terminal that is gone.
    fn enter(&mut self) -> io::Result<()>;

    /// Around each frame.
    ///
    /// # Errors
    /// A terminal that is gone.
    fn begin_frame(&mut self) -> io::Result<()>;

    /// # Errors
    /// A terminal that is gone.
    fn end_frame(&mut self) -> io::Result<()>;

    /// # Errors
    /// A terminal that is gone.
    fn set_mouse(&mut self, on: bool) -> io::Result<()>;

    /// # Errors
    /// A terminal that is gone.
    fn copy(&mut self, text: &str) -> io::Result<()>;

    /// Stops the process until it is continued; the terminal is not ours meanwhile.
    ///
    /// # Errors
    /// A system that cannot.
    fn suspend(&mut self) -> io::Result<()>;

    /// A line for the person while the terminal is not ours.
    ///
    /// # Errors
    /// A terminal that is gone.
    fn say(&mut self, line: &str) -> io::Result<()>;
}

/// The terminal on standard output.
pub struct Tty {
    _guard: terminal::Guard,
}

impl Tty {
    /// # Errors
    /// A terminal that refuses.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        Ok(Self {
            _guard: terminal::Guard::enter(mouse)?,
        })
    }

    /// # Errors
    /// A terminal that does not say its size.
    pub fn terminal() -> io::Result<ratatui::Terminal<Careful<CrosstermBackend<Stdout>>>> {
        ratatui::Terminal::new(Careful(CrosstermBackend::new(io::stdout())))
    }
}

impl Host for Tty {
    type Backend = Careful<CrosstermBackend<Stdout>>;
    type Input = EventStream;

    fn input(&mut self) -> EventStream {
        EventStream::new()
    }

    fn leave(&mut self) {
        terminal::leave();
    }

    fn enter(&mut self) -> io::Result<()> {
        terminal::enter()
    }

    fn begin_frame(&mut self) -> io::Result<()> {
        if terminal::is_entered() {
            terminal::begin_frame()
        } else {
            Err(io::Error::other("the terminal was given back"))
        }
    }

    fn end_frame(&mut self) -> io::Result<()> {
        terminal::end_frame()
    }

    fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        terminal::set_mouse(on)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        terminal::copy(text)
    }

    fn suspend(&mut self) -> io::Result<()> {
        terminal::stop_process()
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        terminal::say(line)
    }
}
