//! `sextant sync`: poll all accounts, classify what waits, send what is due; once, or until stopped.

use super::context::Context;
use super::progress::show_progress;
use super::signals::Signals;
use super::{Ended, out};
use crate::domain::{Account, OutboxState};
use crate::engine::Engine;
use crate::engine::deliver::Settled;
use crate::engine::recognise::Recogniser;
use crate::engine::run::{Desk, Health, Monitor};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub async fn run(context: &Context, once: bool, json: bool) -> anyhow::Result<Ended> {
    let engine = context.engine().await?;
    let accounts = engine.connected_accounts().await?;
    if accounts.is_empty() {
        out::note("no account is connected here: `sextant account add tiktok_shop`");
    }
    let recogniser = context.recogniser()?;
    if once {
        return one_round(&engine, recogniser, &accounts, json).await;
    }
    let stop = CancellationToken::new();
    let desk = Desk::new(engine, recogniser.clone(), stop.clone());
    tokio::spawn(show_progress(recogniser));
    stop_on_signal(stop);
    let watched = tokio::spawn(say_health(desk.monitor.clone(), accounts));
    out::note("polling, classifying and sending; Ctrl-C stops");
    desk.run().await?;
    watched.abort();
    let totals = desk.monitor.totals();
    if json {
        out::json(&json!({
            "polled": totals.polled, "stored": totals.stored, "classified": totals.classified,
        }))?;
    } else {
        out::line(format!(
            "{} new, {} classified",
            totals.stored, totals.classified
        ))?;
    }
    let well = desk
        .monitor
        .health()
        .values()
        .all(|h| matches!(h, Health::Ok { .. }));
    Ok(if well { Ended::Done } else { Ended::Partly })
}

/// From now on Ctrl-C or SIGTERM ends the run in good order, and a second one ends it at once. Whoever announces that it runs
/// calls this first: a signal that comes before it is lost, or kills.
pub fn stop_on_signal(stop: CancellationToken) {
    let mut signals = match Signals::listen(false) {
        Ok(signals) => signals,
        Err(error) => {
            tracing::warn!(%error, "signals cannot be caught");
            return;
        }
    };
    tokio::spawn(async move {
        signals.next().await;
        stop.cancel();
        signals.next().await;
        out::note("stopped at once; a reply that was on its way is shown as unknown next time");
        out::leave(130);
    });
}

/// Says on stderr when an account's state changes.
async fn say_health(monitor: Arc<Monitor>, accounts: Vec<Account>) {
    let mut said: HashMap<String, String> = HashMap::new();
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        for (id, health) in monitor.health() {
            let Some(account) = accounts.iter().find(|a| a.id == id) else {
                continue;
            };
            let now = trouble(&health).unwrap_or_else(|| "answers".to_owned());
            let before = said.insert(id.to_string(), now.clone());
            if before.as_deref() != Some(&now) {
                out::note(format!(
                    "{} ({}): {now}",
                    account.name.safe().one_line(60),
                    account.kind
                ));
            }
        }
    }
}

fn trouble(health: &Health) -> Option<String> {
    match health {
        Health::Ok { .. } => None,
        Health::NotPermitted(why) | Health::Unauthorized(why) | Health::Trouble(why) => {
            Some(why.clone())
        }
    }
}

async fn one_round(
    engine: &Engine,
    recogniser: Recogniser,
    accounts: &[Account],
    as_json: bool,
) -> anyhow::Result<Ended> {
    engine.recover(Timestamp::now()).await?;
    let desk = Desk::new(engine.clone(), recogniser.clone(), CancellationToken::new());
    let mut channels = Vec::<Value>::new();
    for account in accounts {
        let (health, _) = desk.poll_once(account).await?;
        let why = trouble(&health);
        if let Some(why) = &why {
            out::note(format!(
                "{} ({}): {why}",
                account.name.safe().one_line(60),
                account.kind
            ));
        }
        channels.push(json!({
            "account": account.id, "channel": account.kind, "ok": why.is_none(), "error": why,
        }));
    }
    // A reply does not wait for the model.
    engine.look_for_unknown(Timestamp::now()).await?;
    let replies = replies(engine, &engine.deliver_due(Timestamp::now).await?).await?;
    say_what_waits(engine, accounts).await?;
    let recognised = recognise(engine, recogniser).await;
    let totals = desk.monitor.totals();
    let (classified, no_model) = match recognised {
        Ok(count) => (totals.classified + count, None),
        Err(error) => (
            totals.classified,
            Some(crate::text::sanitise(&format!("{error:#}"))),
        ),
    };
    if let Some(why) = &no_model {
        out::note(format!("not classified: {why}"));
    }
    let replied = replies.iter().all(|r| r["error"].is_null());
    let well = no_model.is_none() && replied && channels.iter().all(|c| c["ok"] == json!(true));
    if as_json {
        out::json(&json!({
            "polled": totals.polled, "stored": totals.stored, "classified": classified,
            "model_error": no_model, "outbox": replies, "channels": channels,
        }))?;
    } else {
        out::line(format!(
            "{} delivered by the platforms, {} new; {classified} classified; {} replies settled",
            totals.polled,
            totals.stored,
            replies.len()
        ))?;
    }
    Ok(if well { Ended::Done } else { Ended::Partly })
}

/// How the replies of this round ended. Those that did not reach their buyers are said on stderr.
async fn replies(engine: &Engine, settled: &[Settled]) -> anyhow::Result<Vec<Value>> {
    let mut replies = Vec::new();
    for Settled { id, state } in settled {
        let mut why = None;
        if *state != OutboxState::Sent {
            let reply = engine.store.outgoing(id).await?;
            let words = reply
                .error
                .map_or_else(|| state.to_string(), |e| e.safe().to_string());
            let next = match state {
                OutboxState::FailedRetryable => "it is tried again",
                OutboxState::Unknown => "look at the platform, then run `sextant resolve`",
                _ => "its text is the draft again",
            };
            let of = reply.conversation_id;
            out::note(format!("the reply in {of} is {state}: {words}; {next}"));
            why = Some(words);
        }
        replies.push(json!({ "id": id, "state": state, "error": why }));
    }
    Ok(replies)
}

/// Says for which accounts replies wait that cannot be sent from this machine.
async fn say_what_waits(engine: &Engine, connected: &[Account]) -> anyhow::Result<()> {
    for id in engine.store.due_accounts(Timestamp::now()).await? {
        if connected.iter().all(|a| a.id != id) {
            let account = engine.store.account(&id).await?;
            let name = account.name.safe().one_line(60);
            let kind = account.kind;
            out::note(format!(
                "replies of {name} ({kind}) stay held: the account is not connected on this machine"
            ));
        }
    }
    Ok(())
}

async fn recognise(engine: &Engine, recogniser: Recogniser) -> anyhow::Result<usize> {
    let shown = tokio::spawn(show_progress(recogniser.clone()));
    let prepared = recogniser.prepare(Some(&engine.store)).await;
    shown.abort();
    prepared?;
    recogniser
        .reconsider_unknown(&engine.store, Timestamp::now)
        .await?;
    recogniser
        .recognise_waiting(&engine.store, Timestamp::now)
        .await
}
