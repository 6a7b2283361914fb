//! The inbox on the screen.
//!
//! ```text
//! terminal ─▶ Msg ─▶ update(&mut State) ─▶ Effect ─▶ runner ─▶ engine
//!                        │                              │
//!                        ▼                              ▼
//!              view(&State) ─▶ frame        Outcome ─▶ Msg
//! ```
//!
//! - [`action`]: the one table of what can be done; [`key`] and [`keymap`]: by which keys
//! - [`state`]: what is on the screen; [`msg`]: what happens and what is to be done about it
//! - [`update`]: from what happens to a new state and effects; pure
//! - [`view`]: from the state to a frame; pure
//! - [`runner`]: does the effects, and tells what changed by itself
//! - [`run`]: the loop; `timing`: when it wakes; [`host`]: where it draws; [`terminal`]: how the terminal is entered and left; `away`:
//!   while others have it
//! - [`theme`], [`i18n`]: how it looks and what it says; [`careful`]: how it is written, so that no column shifts
//!
//! May use: `engine`, `domain`, `text`, `template` and `toml_file` for their values, ratatui, crossterm. The one rule: keys name actions,
//! actions name effects, effects name calls of the engine; nothing skips a step.

pub mod action;
mod away;
pub mod careful;
pub mod host;
pub mod i18n;
pub mod key;
pub mod keymap;
pub mod msg;
pub mod run;
pub mod runner;
pub mod state;
pub mod terminal;
pub mod theme;
mod timing;
pub mod update;
pub mod view;

pub use away::editor;
