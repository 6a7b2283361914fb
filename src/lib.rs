//! Sextant (architecture document to come).

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
