//! The demo: the sandbox's shop day, the real client over HTTP, and a scripted agent.
//!
//! Nothing is short-circuited: the account is connected by consent and code, messages come by polling, replies go through template,
//! hold and outbox and come back as reactions of the buyers. What a person would do with keys, `agent` does by calling the
//! same use cases.
//!
//! May use: `engine`, `sandbox`, `store`, `domain`. The one rule: the figures are counted from the store, not from the script.

mod agent;

use crate::channel::tiktok_shop::Credentials;
use crate::domain::{OutboxState, Outcome};
use crate::engine::recognise::Recogniser;
use crate::engine::run::Desk;
use crate::engine::{Engine, accounts::Consent, secrets::Secrets};
use crate::sandbox::{self, Options, Pace, Running};
use crate::store::OutboxFilter;
use anyhow::Context;
use jiff::Timestamp;
use secrecy::SecretString;
use serde::Serialize;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// What a demo did. The names are the contract with scripts; milliseconds are from fetched to queued.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Figures {
    /// Messages that the platform delivered, of either side.
    pub polled: usize,
    /// Of those, the ones that were new.
    pub stored: usize,
    /// Messages of buyers that have a prediction.
    pub classified: u64,
    /// Of those, the ones without a single sure intent.
    pub abstained: u64,
    /// Of those, the ones of critical risk.
    pub critical: u64,
    pub sent: usize,
    pub recalled: usize,
    pub unknown: usize,
    pub failed: usize,
    pub p50_ms: u64,
    pub p95_ms: u64,
    /// Messages of buyers that are stored; equal to `classified` when nothing was left behind.
    pub inbound: u64,
}

/// Runs the shop day of `seed` for `span` (less where `stop` is cancelled) and counts.
///
/// # Errors
/// A sandbox that cannot start, a database that fails.
pub async fn run(
    engine: &Engine,
    recogniser: &Recogniser,
    secrets: &Secrets,
    seed: u64,
    span: Duration,
    stop: CancellationToken,
) -> anyhow::Result<Figures> {
    let day = begin(engine, secrets, seed, Pace::Demo).await?;
    let desk = Desk::new(engine.clone(), recogniser.clone(), stop.clone());
    let (runner, hand) = (
        desk.clone(),
        agent::Agent::new(engine.clone(), stop.clone()),
    );
    let running = tokio::spawn(async move { runner.run().await });
    let working = tokio::spawn(hand.work());
    tokio::select! {
        () = tokio::time::sleep(span) => {}
        () = stop.cancelled() => {}
    }
    stop.cancel();
    working.await??;
    running.await??;
    // What was fetched last is recognised too: no message is left behind.
    recogniser
        .recognise_waiting(&engine.store, Timestamp::now)
        .await?;
    let figures = count(engine, &desk).await?;
    day.stop().await;
    Ok(figures)
}

/// Starts the shop day of `seed` and connects its shop; what comes then is a desk's to poll.
///
/// # Errors
/// A sandbox that cannot start, a consent that fails.
pub async fn begin(
    engine: &Engine,
    secrets: &Secrets,
    seed: u64,
    pace: Pace,
) -> anyhow::Result<Running> {
    let options = Options {
        port: 0,
        seed,
        faults: Vec::new(),
        pace,
    };
    let day = sandbox::start(options).await?;
    connect(&day, engine, secrets).await?;
    Ok(day)
}

/// Connects the sandbox's shop the way a seller does: consent page, redirect, code, exchange.
async fn connect(day: &Running, engine: &Engine, secrets: &Secrets) -> anyhow::Result<()> {
    let given = day.credentials();
    let credentials = Credentials {
        app_key: given.app_key,
        app_secret: SecretString::from(given.app_secret),
        service_id: given.service_id,
    };
    let state = uuid::Uuid::new_v4().simple().to_string();
    let consent = Consent::begin(credentials, Some(day.base_url.clone()), false, state);
    let ended_on = crate::http::redirect_of(&consent.url())
        .await
        .context("the consent page")?;
    consent
        .finish(&ended_on, &engine.store, secrets, Timestamp::now())
        .await?;
    Ok(())
}

async fn count(engine: &Engine, desk: &Desk) -> anyhow::Result<Figures> {
    let (counts, totals) = (engine.store.counts().await?, desk.monitor.totals());
    let recognised = engine.store.recognised().await?;
    let sure = counts
        .by_outcome
        .get(&Outcome::Intent)
        .copied()
        .unwrap_or(0);
    let outbox = engine.store.outbox(&OutboxFilter::default()).await?;
    let of = |states: &[OutboxState]| outbox.iter().filter(|o| states.contains(&o.state)).count();
    Ok(Figures {
        polled: totals.polled,
        stored: totals.stored,
        classified: counts.predicted,
        abstained: counts.predicted - sure,
        critical: recognised.critical,
        sent: of(&[OutboxState::Sent, OutboxState::Delivered, OutboxState::Read]),
        recalled: of(&[OutboxState::Cancelled]),
        unknown: of(&[OutboxState::Unknown]),
        failed: of(&[OutboxState::FailedFinal]),
        p50_ms: recognised.percentile(50),
        p95_ms: recognised.percentile(95),
        inbound: counts.inbound,
    })
}
