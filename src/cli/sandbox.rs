//! `sextant sandbox`: the platforms' side of the wire, alone, until stopped.

use super::args::Sandbox;
use super::sync::stop_on_signal;
use super::{Ended, out};
use crate::engine::Usage;
use crate::sandbox::{self, Fault, Options, Pace};
use serde_json::json;
use tokio_util::sync::CancellationToken;

pub async fn run(args: &Sandbox) -> anyhow::Result<Ended> {
    let faults = args
        .fault
        .iter()
        .map(|name| name.parse::<Fault>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| Usage(e.to_string()))?;
    let running = sandbox::start(Options {
        port: args.port,
        seed: args.seed,
        faults,
        pace: Pace::Human,
    })
    .await?;
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone());
    let credentials = running.credentials();
    let faults: Vec<_> = running
        .faults()
        .into_iter()
        .map(|(name, what)| json!({ "name": name, "what": what }))
        .collect();
    out::json(&json!({
        "base_url": running.base_url, "app_key": credentials.app_key, "app_secret": credentials.app_secret,
        "service_id": credentials.service_id, "consent_url": credentials.consent_url, "faults": faults,
    }))?;
    out::note(
        "serving; Ctrl-C stops. A fault is switched by POST /sandbox/faults {\"name\":…,\"on\":true}",
    );
    stop.cancelled().await;
    running.stop().await;
    Ok(Ended::Done)
}
