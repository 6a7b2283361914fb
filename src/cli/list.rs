//! `sextant list`: the queue, in the order of the screen.

use super::args::List;
use super::context::Context;
use super::{Ended, out};
use crate::domain::{Intent, Outcome, Queue, Risk};
use crate::engine::Usage;
use crate::store::{Filter, Row};
use crate::text::SafeText;
use jiff::Timestamp;
use serde_json::{Value, json};

pub async fn run(context: &Context, args: &List) -> anyhow::Result<Ended> {
    let queue: Queue = args
        .queue
        .as_deref()
        .unwrap_or("open")
        .parse()
        .map_err(|e| Usage(format!("{e}")))?;
    let intent = match &args.intent {
        None => None,
        Some(key) => Some(Intent::from_key(key).ok_or_else(|| {
            let nearest = Intent::nearest_key(key);
            Usage(format!(
                "there is no intent `{}`; did you mean `{nearest}`?",
                crate::text::sanitise(key)
            ))
        })?),
    };
    let store = context.store().await?;
    let now = Timestamp::now();
    // One more than is shown tells whether there are more.
    let filter = Filter {
        queue,
        intent,
        lang: args.lang.clone(),
        limit: args.limit.saturating_add(1),
        waiting: false,
    };
    let mut rows = store.list(&filter, now).await?;
    let more = rows.len() > args.limit as usize;
    rows.truncate(args.limit as usize);
    if rows.is_empty() && !args.json {
        out::note(if store.accounts().await?.is_empty() {
            "nothing here yet; `sextant account add tiktok_shop` connects a shop, `sextant import` takes a file"
        } else {
            "nothing here; `sextant sync --once` polls"
        });
    }
    let width =
        terminal_size::terminal_size().map_or(usize::MAX, |(width, _)| usize::from(width.0));
    for row in &rows {
        if args.json {
            out::json(&row_json(row, now))?;
        } else {
            out::line(row_line(row, now, width))?;
        }
    }
    if more {
        out::note(format!("the first {}; --limit N shows more", rows.len()));
    }
    Ok(Ended::Done)
}

fn row_json(row: &Row, now: Timestamp) -> Value {
    let c = &row.conversation;
    json!({
        "id": c.id, "channel": c.channel, "author": c.buyer_name.safe(), "intent": row.intent,
        "parent": row.intent.map(Intent::parent), "risk": row.risk, "lang": row.lang, "confidence": row.confidence,
        "outcome": row.outcome, "age_s": seconds(c.waiting_since.unwrap_or(c.last_message_at), now),
        "due_s": row.due_at.map(|due| -seconds(due, now)), "preview": preview(row), "state": c.status.as_str(),
        "outbox": row.outbox,
    })
}

fn seconds(since: Timestamp, now: Timestamp) -> i64 {
    now.duration_since(since).as_secs()
}

/// One line of the leading message; a placeholder where it has no words.
fn preview(row: &Row) -> String {
    let text = row
        .preview
        .safe()
        .as_str()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    match row.lead_kind {
        Some(kind) if text.is_empty() => format!("[{kind}]"),
        _ => text.chars().take(120).collect(),
    }
}

/// Mark, the id's ending, time left, language, buyer, intent (`?` where unsure), and as much of the message as the line holds.
fn row_line(row: &Row, now: Timestamp, width: usize) -> SafeText {
    let mark = match row.risk {
        Some(Risk::Critical) => "!!",
        Some(Risk::High) => "! ",
        _ => "  ",
    };
    let due = row
        .due_at
        .map_or_else(|| "-".to_owned(), |due| out::age(-seconds(due, now)));
    let unsure = row.outcome.is_some_and(|o| o != Outcome::Intent);
    let intent = row.intent.map_or("…", |i| {
        i.key().split_once('.').map_or(i.key(), |(_, leaf)| leaf)
    });
    let author = row.conversation.buyer_name.safe().one_line(12);
    let pad =
        " ".repeat(12usize.saturating_sub(unicode_width::UnicodeWidthStr::width(author.as_str())));
    let id = row.conversation.id.as_str();
    let line = format!(
        "{mark} {} {due:>4} {:<7} {author}{pad} {intent:<22}{} {}",
        &id[id.len().saturating_sub(8)..],
        row.lang.as_deref().unwrap_or(""),
        if unsure { "?" } else { " " },
        preview(row)
    );
    crate::text::sanitise(&line).one_line(width)
}
