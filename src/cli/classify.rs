//! `sextant classify`: one message a line in, one object a line out, in the order of the input.

use super::context::Context;
use super::{Ended, out};
use crate::classify::{Reading, code};
use crate::domain::{Classification, Intent, Neighbour};
use crate::engine::rows::{self, Format, Row, Rows, field};
use crate::text::SafeText;
use anyhow::Context as _;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// One answer. The names are the contract with scripts.
#[derive(Serialize)]
struct Answer {
    id: Option<SafeText>,
    text: SafeText,
    lang: String,
    outcome: &'static str,
    intent: Option<Intent>,
    parent: Option<&'static str>,
    risk: &'static str,
    confidence: f64,
    margin: f64,
    /// Several only where the outcome is `mixed`, highest risk first.
    intents: Vec<Intent>,
    top: Vec<crate::domain::Scored>,
    why: Vec<Neighbour>,
    rules: Vec<&'static str>,
    model: String,
}

pub async fn run(context: &Context, file: &Path, json: bool) -> anyhow::Result<Ended> {
    let rows = read(file, Format::Plain, &BTreeMap::new())?;
    report(&rows);
    if !rows.good.is_empty() {
        let store = context.store_if_any().await?;
        let recogniser = context.ready_recogniser(store.as_ref()).await?;
        for portion in rows.good.chunks(256) {
            let readings: Vec<Reading> = portion.iter().map(reading).collect();
            let said = recogniser.classify(&readings).await?;
            let answers: Vec<Answer> = recogniser
                .with(|classifier| {
                    portion
                        .iter()
                        .zip(said)
                        .map(|(row, (c, vector))| {
                            answer(
                                row,
                                c,
                                vector.map(|v| classifier.why(&v, 3)).unwrap_or_default(),
                            )
                        })
                        .collect()
                })
                .await?;
            for answer in answers {
                print(&answer, json)?;
            }
        }
    }
    Ok(if rows.bad.is_empty() {
        Ended::Done
    } else {
        Ended::Partly
    })
}

/// Reads a file or standard input, its form guessed from its first bytes.
///
/// What is no JSON is `otherwise`: one message a line, or CSV.
pub fn read(
    file: &Path,
    otherwise: Format,
    columns: &BTreeMap<String, String>,
) -> anyhow::Result<Rows> {
    let name = file.display().to_string();
    let mut input: Box<dyn BufRead> = if name == "-" {
        Box::new(BufReader::new(std::io::stdin()))
    } else {
        Box::new(BufReader::new(
            File::open(file).with_context(|| format!("{name} cannot be opened"))?,
        ))
    };
    let start = input
        .fill_buf()
        .with_context(|| format!("{name} cannot be read"))?;
    let format = match rows::guess(&name, start) {
        Format::Plain => otherwise,
        found => found,
    };
    rows::read(input, format, columns)
}

/// Says which rows cannot be used.
pub fn report(rows: &Rows) {
    for bad in &rows.bad {
        out::note(format!("line {}: {}", bad.line, bad.why));
    }
}

/// A language that the row states is taken at its word.
fn reading(row: &Row) -> Reading {
    let mut reading = Reading::of(&crate::text::sanitise(&row.text));
    if let Some(lang) = field(&row.fields, "lang").filter(|_| !reading.wordless) {
        reading.lang = code::of(crate::text::sanitise(&lang).as_str());
    }
    reading
}

fn answer(row: &Row, c: Classification, why: Vec<Neighbour>) -> Answer {
    Answer {
        id: field(&row.fields, "id").map(|id| crate::text::sanitise(&id)),
        text: crate::text::sanitise(&row.text),
        lang: c.lang,
        outcome: c.outcome.as_str(),
        intent: c.intent,
        parent: c.intent.map(Intent::parent),
        risk: c.risk.as_str(),
        confidence: c.confidence,
        margin: c.margin,
        intents: c.intent.into_iter().collect(),
        top: c.top,
        why,
        rules: Vec::new(),
        model: c.model,
    }
}

fn print(answer: &Answer, json: bool) -> anyhow::Result<()> {
    if json {
        return out::json(answer);
    }
    let intent = answer.intent.map_or("-", Intent::key);
    let text = answer.text.as_str().replace('\n', " ");
    out::line(format!(
        "{:<12} {:<32} {:>4.2}  {:<7} {text}",
        answer.outcome, intent, answer.confidence, answer.lang
    ))
}
