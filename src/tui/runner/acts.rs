//! Everything that changes something, one after the other in the order in which it was pressed.
//!
//! The one rule: an act is done or it says why not; nothing is tried again by itself.

use super::{Shared, items, sentence};
use crate::domain::{ChannelKind, ConversationId, Origin, OutgoingId};
use crate::engine::compose::Wishes;
use crate::engine::rows::{self, Format};
use crate::tui::msg::{Act, Effect, NotStaged, Outcome, Stage, Staged};
use anyhow::Context;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use tokio::sync::mpsc;

/// Until nobody presses any more.
pub async fn work(shared: Shared, mut pressed: mpsc::Receiver<Effect>) {
    while let Some(effect) = pressed.recv().await {
        // A draft is on the screen already.
        let shows = !matches!(effect, Effect::KeepDraft { .. });
        let outcome = done(&shared, effect).await;
        if shows {
            shared.desk.monitor.changed();
        }
        if let Some(outcome) = outcome {
            shared.tell(outcome).await;
        }
    }
}

async fn done(shared: &Shared, effect: Effect) -> Option<Outcome> {
    Some(match effect {
        Effect::Act { id, act } => {
            let result = act_on(shared, &id, &act).await;
            let result = result.map_err(|error| sentence(&error));
            Outcome::Acted { id, act, result }
        }
        Effect::Send { id, text, from } => {
            let result = send(shared, &id, &text, from).await;
            let result = result.map_err(|error| sentence(&error));
            Outcome::Queued { id, result }
        }
        Effect::KeepDraft { id, text } => {
            let kept = keep_draft(shared, &id, &text).await;
            return kept.err().map(|error| told(&error));
        }
        Effect::Undo { reply } => {
            let now = shared.now();
            let undone = shared.desk.engine.undo_or_recall(reply.as_ref(), now).await;
            Outcome::Undone(
                undone
                    .map(|undone| (undone.action, undone.conversation))
                    .map_err(|error| sentence(&error)),
            )
        }
        _ => return None,
    })
}

fn told(error: &anyhow::Error) -> Outcome {
    Outcome::Told {
        text: sentence(error),
        bad: true,
    }
}

async fn act_on(shared: &Shared, id: &ConversationId, act: &Act) -> anyhow::Result<()> {
    let (engine, now) = (&shared.desk.engine, shared.now());
    let c = engine.conversation(id.as_str()).await?;
    match act {
        Act::Done => engine.done(&c, now).await,
        Act::Reopen => engine.reopen(&c, now).await,
        Act::Snooze(until) => engine.snooze(&c, *until, now).await,
        Act::Relabel(message, intent) => {
            engine
                .relabel(&c, Some(message.as_str()), *intent, now)
                .await
        }
        Act::Confirm(message) => engine.confirm(&c, Some(message.as_str()), now).await,
        Act::Arrived => engine.resolve(&c, true, now).await.map(drop),
        Act::NotSent => engine.resolve(&c, false, now).await.map(drop),
    }
}

/// A template, which may have to ask the platform for the order first: nobody's act waits for that.
pub async fn stage(shared: Shared, stage: Stage) {
    let (ticket, id) = (stage.ticket, stage.id.clone());
    let result = stage_reply(&shared, stage).await;
    shared.tell(Outcome::Staged { ticket, id, result }).await;
}

async fn stage_reply(shared: &Shared, stage: Stage) -> Result<Staged, NotStaged> {
    let (engine, now) = (&shared.desk.engine, shared.now());
    let filled = async {
        let c = engine.conversation(stage.id.as_str()).await?;
        let wishes = Wishes {
            lang: stage.lang,
            order: stage.order,
            slots: stage.slots,
            variant: stage.variant,
        };
        engine.stage(&c, &stage.template, &wishes, now).await
    };
    let filled = filled.await.map_err(items::not_staged)?;
    let number = engine.number_of(&stage.id, &filled.template).await;
    Ok(items::staged(filled, number))
}

async fn send(
    shared: &Shared,
    id: &ConversationId,
    text: &str,
    from: Option<(String, String)>,
) -> anyhow::Result<(OutgoingId, Timestamp)> {
    let engine = &shared.desk.engine;
    let c = engine.conversation(id.as_str()).await?;
    let from = from
        .as_ref()
        .map(|(key, lang)| (key.as_str(), lang.as_str()));
    let hold = engine.settings.hold;
    let reply = engine
        .queue_reply(&c, text, from, Origin::Person, hold, shared.now())
        .await?;
    Ok((reply.id, reply.send_at))
}

async fn keep_draft(shared: &Shared, id: &ConversationId, text: &str) -> anyhow::Result<()> {
    let engine = &shared.desk.engine;
    let c = engine.conversation(id.as_str()).await?;
    if text.trim().is_empty() {
        return engine.drop_draft(&c).await;
    }
    engine.keep_draft(&c, text, shared.now()).await
}

/// A file into the inbox, as if a channel had delivered it.
pub async fn import(shared: &Shared, path: String) {
    let result = imported(shared, &path).await;
    shared.desk.monitor.changed();
    shared.desk.poll_now();
    let result = result.map_err(|error| sentence(&error));
    shared.tell(Outcome::Imported(result)).await;
}

async fn imported(shared: &Shared, path: &str) -> anyhow::Result<(usize, usize, usize)> {
    let path = in_home(path);
    let rows = tokio::task::spawn_blocking(move || read(&path)).await??;
    let unusable = rows.bad.len();
    if let (true, Some(first)) = (rows.good.is_empty(), rows.bad.first()) {
        anyhow::bail!("line {}: {}", first.line, first.why);
    }
    let imported = shared
        .desk
        .engine
        .import_messages(rows.good, ChannelKind::File, shared.now(), &|_| {})
        .await?;
    let bad = imported.bad.len() + unusable;
    Ok((imported.stored, imported.known, bad))
}

fn read(path: &PathBuf) -> anyhow::Result<rows::Rows> {
    let name = path.display().to_string();
    let open = File::open(path).with_context(|| format!("{name} cannot be opened"))?;
    let mut input = BufReader::new(open);
    let start = input
        .fill_buf()
        .with_context(|| format!("{name} cannot be read"))?;
    let format = match rows::guess(&name, start) {
        Format::Plain => Format::Csv,
        found => found,
    };
    rows::read(input, format, &BTreeMap::new())
}

/// `~` is the person's own folder, as in a shell.
fn in_home(path: &str) -> PathBuf {
    let path = path.trim();
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    match (path.strip_prefix('~'), home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            PathBuf::from(home).join(rest.trim_start_matches('/'))
        }
        _ => PathBuf::from(path),
    }
}
