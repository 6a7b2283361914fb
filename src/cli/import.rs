//! `sextant import`: JSONL or CSV into the inbox.

use super::args::{Import, ImportAs};
use super::context::Context;
use super::progress::Bar;
use super::{Ended, classify, out};
use crate::domain::ChannelKind;
use crate::engine::rows::Format;
use crate::engine::{Usage, transfer};
use jiff::Timestamp;

pub async fn run(context: &Context, args: &Import) -> anyhow::Result<Ended> {
    let kind: ChannelKind = args.channel.parse().map_err(|_| {
        let nearest =
            crate::toml_file::nearest(&args.channel, ChannelKind::ALL.iter().map(|k| k.as_str()));
        let hint = nearest
            .map(|n| format!("; did you mean `{n}`?"))
            .unwrap_or_default();
        Usage(format!(
            "there is no channel `{}`{hint}",
            crate::text::sanitise(&args.channel)
        ))
    })?;
    let columns = transfer::columns(&args.map)?;
    let rows = classify::read(&args.file, Format::Csv, &columns)?.without_empty();
    classify::report(&rows);
    let engine = context.engine().await?;
    let (total, unusable) = (rows.good.len() as u64, rows.bad);
    let mut result = match args.import_as {
        ImportAs::Messages => {
            let bar = Bar::default();
            let progress = |done: usize| bar.count("importing", done as u64, total);
            let result = engine
                .import_messages(rows.good, kind, Timestamp::now(), &progress)
                .await;
            bar.clear();
            result?
        }
        ImportAs::History => engine.import_history(rows.good, Timestamp::now()).await?,
    };
    for bad in &result.bad {
        out::note(format!("line {}: {}", bad.line, bad.why));
    }
    result.bad.extend(unusable);
    result.bad.sort_by_key(|b| b.line);
    if args.json {
        out::json(&result)?;
    } else {
        out::line(format!(
            "{} rows: {} new, {} known, {} bad",
            result.rows,
            result.stored,
            result.known,
            result.bad.len()
        ))?;
    }
    Ok(if result.bad.is_empty() {
        Ended::Done
    } else {
        Ended::Partly
    })
}
