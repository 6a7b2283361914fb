//! Sextant (architecture document to come).

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
