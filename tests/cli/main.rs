//! The program as a person or a script meets it: arguments in, lines and an exit code out, files on the disk.
//!
//! Every test has a data folder of its own; the model cache is the user's, as in earnest. The first test that needs
//! the model fetches it, and the tests fail without it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes wrong should stop there and say where"
)]

mod classify;
mod demo;
mod desk;
mod evaluate;
mod files;
mod hostile;
mod import;
mod program;
mod sandbox;
mod screen;
mod usage;
