//! What the store promises, on both databases.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes wrong should stop there and say where"
)]

mod crash;
mod desk;
mod files;
mod outbox;
mod queues;
mod rows;
mod screen;
