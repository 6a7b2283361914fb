//! `sextant sync`: poll all accounts, classify what waits, send what is due; once, or until stopped.

use super::context::Context;
use super::progress::show_progress;
use super::{Ended, out};
use crate::engine::recognise::Recogniser;
use crate::engine::run::{Desk, Health};
use crate::engine::{Engine, transfer};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

pub async fn run(context: &Context, once: bool, json: bool) -> anyhow::Result<Ended> {
    let engine = context.engine().await?;
    let recogniser = context.recogniser()?;
    if once {
        return one_round(&engine, recogniser, json).await;
    }
    let stop = CancellationToken::new();
    let desk = Desk::new(engine, recogniser.clone(), stop.clone());
    tokio::spawn(show_progress(recogniser));
    tokio::spawn(stop_on_signal(stop));
    out::note("polling, classifying and sending; Ctrl-C stops");
    desk.run().await?;
    let totals = desk.monitor.totals();
    let line = json!({ "polled": totals.polled, "stored": totals.stored, "classified": totals.classified });
    if json {
        out::json(&line)?;
    } else {
        out::line(format!(
            "{} new, {} classified",
            totals.stored, totals.classified
        ))?;
    }
    Ok(Ended::Done)
}

/// Ctrl-C or SIGTERM ends the run in good order.
pub async fn stop_on_signal(stop: CancellationToken) {
    #[cfg(unix)]
    if let Ok(mut term) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
    {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = term.recv() => {}
        }
        stop.cancel();
        return;
    }
    let _ = tokio::signal::ctrl_c().await;
    stop.cancel();
}

async fn one_round(
    engine: &Engine,
    recogniser: Recogniser,
    as_json: bool,
) -> anyhow::Result<Ended> {
    engine.recover(Timestamp::now()).await?;
    let desk = Desk::new(engine.clone(), recogniser.clone(), CancellationToken::new());
    let (mut failed, mut channels) = (0, Vec::<Value>::new());
    for account in engine
        .store
        .accounts()
        .await?
        .iter()
        .filter(|a| !transfer::is_import(a))
    {
        let (health, _) = desk.poll_once(account).await?;
        let why = match &health {
            Health::Ok { .. } => None,
            Health::NotPermitted(why) | Health::Unauthorized(why) | Health::Trouble(why) => {
                Some(why.clone())
            }
        };
        if let Some(why) = &why {
            failed += 1;
            out::note(format!("{} ({}): {why}", account.name.safe(), account.kind));
        }
        channels.push(json!({ "account": account.id, "channel": account.kind, "ok": why.is_none(), "error": why }));
    }
    let shown = tokio::spawn(show_progress(recogniser.clone()));
    let prepared = recogniser.prepare(Some(&engine.store)).await;
    shown.abort();
    // What was polled is stored; without a model it waits, and the reason is said.
    prepared?;
    recogniser
        .reconsider_unknown(&engine.store, Timestamp::now)
        .await?;
    let classified = recogniser
        .recognise_waiting(&engine.store, Timestamp::now)
        .await?;
    engine.look_for_unknown(Timestamp::now()).await?;
    let settled = engine.deliver_due(Timestamp::now).await?;
    let totals = desk.monitor.totals();
    let sent: Vec<Value> = settled
        .iter()
        .map(|s| json!({ "id": s.id, "state": s.state }))
        .collect();
    if as_json {
        out::json(&json!({
            "polled": totals.polled, "stored": totals.stored, "classified": classified, "outbox": sent, "channels": channels,
        }))?;
    } else {
        out::line(format!(
            "{} delivered by the platforms, {} new; {classified} classified; {} replies settled",
            totals.polled,
            totals.stored,
            sent.len()
        ))?;
    }
    Ok(if failed == 0 {
        Ended::Done
    } else {
        Ended::Partly
    })
}
