//! Sextant: an inbox in the terminal that recognises what buyers want, for people who sell across borders.
//!
//! This page is the architecture. A message walks through the folders in this order:
//!
//! ```text
//! poll ─▶ ingest ─▶ embed ─▶ classify ─▶ queue ─▶ draft ─▶ outbox ─▶ send ─▶ settle
//! channel  store     embed    classify    store    template  store    channel  store
//! ```
//!
//! and [`engine`] is what carries it from one to the next: `engine::poll`, `recognise`, `compose`, `deliver`; `engine::run` does all of
//! them at once. Where to look:
//!
//! | you want to change | open |
//! |---|---|
//! | what a platform sends and takes | [`channel`], one folder a platform; [`http`] below it |
//! | what is kept, and in which order the queue stands | [`store`] |
//! | how a text becomes a vector, where the model comes from | [`embed`] |
//! | how a vector becomes an intent, the labelled examples | [`classify`] |
//! | the intents themselves, their risk, their clock | [`domain::taxonomy`] |
//! | what a reply says | `templates/`, and [`template`] which fills it in |
//! | what may be shown of a stranger's text | [`text`] |
//! | what a key does, and what stands where | [`tui`]: `action`, `update`, `view` |
//! | how the screen gets its rows and its acts are done | `tui::runner`, `engine::screen` |
//! | a command | [`cli`], one file a group |
//! | the platform's side of the wire, for the demo and the tests | [`sandbox`] |
//!
//! Who may use whom (`tests/architecture.rs` holds this): `cli` → `tui`, `demo` → `engine` → `channel`, `store`, `classify`, `embed`,
//! `template` → `domain` → `text`. `channel`, `store` and `classify` never see each other, and `sandbox` sees nothing of the rest, so
//! that client and sandbox cannot share a mistake.
//!
//! Five rules that hold everywhere:
//!
//! 1. What strangers wrote is a [`text::RawText`], and only [`text::SafeText`] can be printed.
//! 2. A reply leaves only through the outbox; *sent* means that the platform's id is stored; what is unknown waits for a person.
//! 3. What was fetched is stored, with its cursor, before anything else is asked for.
//! 4. What is learnt can be unlearnt exactly.
//! 5. One channel's trouble never stops another, and nothing waits for the model that does not need it.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::float_cmp,
        reason = "a test that goes wrong should stop there and say where"
    )
)]

pub mod channel;
pub mod classify;
pub mod cli;
pub mod config;
pub mod demo;
pub mod domain;
pub mod embed;
pub mod engine;
pub mod http;
pub mod sandbox;
pub mod store;
pub mod template;
pub mod text;
pub mod toml_file;
pub mod tui;
