//! The sandbox as a client meets it: checks, pages, tokens, faults, and the shop day, over HTTP.
//!
//! The client here is written from the platform's rules, apart from the product's client and from the
//! sandbox's own check. The one rule: everything goes over the wire, except the oracle (`stats`, `truth`).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes wrong should stop there and say where"
)]

mod calls;
mod checks;
mod client;
mod day;
mod faults;

use client::running;
use serde_json::json;
use sextant::sandbox::{self, Options, Pace};

#[tokio::test]
async fn a_taken_port_is_an_error_that_says_what_to_do() {
    let running = running(1).await;
    let port = running
        .base_url
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let error = sandbox::start(Options {
        port,
        ..Options::default()
    })
    .await
    .unwrap_err();
    assert!(matches!(error, sandbox::Error::PortTaken { .. }));
    assert!(error.to_string().contains("--port"), "{error}");
}

/// Not a test: a sandbox for a client by hand (`tests/interop/tiktok_shop_api.py`). Serves while the variable
/// `SEXTANT_SANDBOX_SECONDS` says, and prints what a client needs as JSON.
#[tokio::test]
async fn serve_forever() {
    let Some(seconds) = std::env::var("SEXTANT_SANDBOX_SECONDS")
        .ok()
        .and_then(|s| s.parse().ok())
    else {
        return;
    };
    let running = sandbox::start(Options {
        seed: 1,
        pace: Pace::Demo,
        ..Options::default()
    })
    .await
    .unwrap();
    let start = json!({ "base_url": running.base_url, "credentials": running.credentials() });
    println!("{start}");
    tokio::time::sleep(std::time::Duration::from_secs(seconds)).await;
    running.stop().await;
}
