//! The whole way from a platform to the store and back, against the sandbox over HTTP.
//!
//! The client, the store and the use cases are the product's own; only the model is a stand-in where its words do not
//! matter (`tests/cli` runs the real one). What has happened on the platform's side is asked of the sandbox itself.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes wrong should stop there and say where"
)]

mod crash;
mod faults;
mod learning;
mod rig;
mod running;
mod sending;
