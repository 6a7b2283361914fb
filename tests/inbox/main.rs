//! The screen's machinery: the real loop on a backend and a stream of the test's own, the real runner on a store of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes wrong should stop there and say where"
)]

mod looping;
mod stage;
mod working;
