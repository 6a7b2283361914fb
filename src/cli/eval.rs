//! `sextant eval`: the classifier on labelled rows that it does not train on.

use super::args::Eval;
use super::context::Context;
use super::{Ended, classify, out};
use crate::classify::evaluate::{self, Report, Row, TaxonomyRow, Truth};
use crate::classify::head::Head;
use crate::classify::{Classifier, Reading, code};
use crate::domain::{Intent, Outcome};
use crate::embed::Vector;
use crate::engine::Usage;
use crate::engine::recognise::Recogniser;
use crate::engine::rows::{self, Format, field};
use anyhow::Context as _;
use jiff::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

pub async fn run(context: &Context, args: &Eval) -> anyhow::Result<Ended> {
    let mut test = classify::read(&args.test, Format::Plain, &BTreeMap::new())?;
    if args.train.is_some() {
        // The trained labels know no outcome for a text without words.
        test = test.without_empty();
    }
    classify::report(&test);
    anyhow::ensure!(
        !test.good.is_empty(),
        "{}: no row can be used",
        args.test.display()
    );
    let mut partly = !test.bad.is_empty();
    let report = match &args.train {
        None => builtin(context, &test.good).await?,
        Some(train) => {
            let train = classify::read(train, Format::Plain, &BTreeMap::new())?.without_empty();
            classify::report(&train);
            partly |= !train.bad.is_empty();
            let oos = match &args.oos {
                Some(file) => {
                    let oos =
                        classify::read(file, Format::Plain, &BTreeMap::new())?.without_empty();
                    classify::report(&oos);
                    partly |= !oos.bad.is_empty();
                    oos.good
                }
                None => Vec::new(),
            };
            let recogniser = context.recogniser()?;
            let shown = tokio::spawn(super::progress::show_progress(recogniser.clone()));
            recogniser.worker().ready().await?;
            shown.abort();
            labels(
                &recogniser,
                drawn(train.good, args.shots, args.seed),
                &test.good,
                &oos,
            )
            .await?
        }
    };
    print(&report, args.json)?;
    Ok(if partly { Ended::Partly } else { Ended::Done })
}

/// At most `shots` rows a label, drawn with the seed.
fn drawn(mut rows: Vec<rows::Row>, shots: Option<usize>, seed: u64) -> Vec<rows::Row> {
    let Some(shots) = shots else { return rows };
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    for i in (1..rows.len()).rev() {
        let bound = i as u64 + 1;
        rows.swap(i, (dice.next_u64() % bound) as usize);
    }
    let mut taken: HashMap<String, usize> = HashMap::new();
    rows.retain(|row| {
        let count = taken
            .entry(field(&row.fields, "label").unwrap_or_default())
            .or_default();
        *count += 1;
        *count <= shots
    });
    rows
}

/// A field that ends up in the report: fit for a screen, on one line.
fn shown(row: &rows::Row, name: &str) -> Option<String> {
    let text = crate::text::sanitise(&field(&row.fields, name)?);
    Some(text.one_line(200).to_string())
}

async fn embedded(
    recogniser: &Recogniser,
    rows: &[rows::Row],
) -> anyhow::Result<Vec<(Reading, Vector)>> {
    let readings: Vec<Reading> = rows
        .iter()
        .map(|r| Reading::to_embed(&crate::text::sanitise(&r.text)))
        .collect();
    let vectors = recogniser
        .embed(&readings.iter().collect::<Vec<_>>(), Timestamp::UNIX_EPOCH)
        .await?;
    readings
        .into_iter()
        .map(|r| {
            let vector = vectors
                .get(&r.key)
                .cloned()
                .context("a row was not embedded")?;
            Ok((r, vector))
        })
        .collect()
}

async fn labels(
    recogniser: &Recogniser,
    train: Vec<rows::Row>,
    test: &[rows::Row],
    oos: &[rows::Row],
) -> anyhow::Result<Report> {
    let label = |row: &rows::Row| {
        shown(row, "label").ok_or_else(|| Usage(format!("line {}: a row has no `label`", row.line)))
    };
    let train_labels = train.iter().map(label).collect::<Result<Vec<_>, _>>()?;
    let test_labels = test.iter().map(label).collect::<Result<Vec<_>, _>>()?;
    let mut names = train_labels.clone();
    names.sort();
    names.dedup();
    let vectors = embedded(recogniser, &train).await?;
    let index = |name: &String| names.binary_search(name).unwrap_or(0);
    let started = Instant::now();
    let rows: Vec<(usize, &Vector)> = train_labels
        .iter()
        .zip(&vectors)
        .map(|(l, (_, v))| (index(l), v))
        .collect();
    let head = Head::train(names.len(), &rows);
    let train_ms = started.elapsed().as_secs_f64() * 1e3;
    let test_vectors = embedded(recogniser, test).await?;
    let langs: Vec<String> = test
        .iter()
        .map(|r| shown(r, "lang").map_or_else(|| "und".to_owned(), |lang| code::of(&lang)))
        .collect();
    let rows: Vec<Row> = test_labels
        .iter()
        .zip(&test_vectors)
        .zip(&langs)
        .map(|((label, (_, vector)), lang)| Row {
            label,
            lang,
            vector,
        })
        .collect();
    let oos = embedded(recogniser, oos).await?;
    Ok(evaluate::labels(
        &head,
        &names,
        &rows,
        &oos.iter().map(|(_, v)| v).collect::<Vec<_>>(),
        train_ms,
    ))
}

async fn builtin(context: &Context, test: &[rows::Row]) -> anyhow::Result<Report> {
    let recogniser = context.ready_recogniser(None).await?;
    let truths = test.iter().map(truth).collect::<anyhow::Result<Vec<_>>>()?;
    let mut rows = Vec::with_capacity(test.len());
    let readings: Vec<Reading> = test
        .iter()
        .map(|r| Reading::of(&crate::text::sanitise(&r.text)))
        .collect();
    let worded: Vec<&Reading> = readings.iter().filter(|r| !r.wordless).collect();
    let vectors = recogniser.embed(&worded, Timestamp::UNIX_EPOCH).await?;
    for ((row, reading), truth) in test.iter().zip(readings).zip(truths) {
        let lang = shown(row, "lang").map_or_else(|| reading.lang.clone(), |lang| code::of(&lang));
        let vector = vectors.get(&reading.key).cloned();
        rows.push(TaxonomyRow {
            reading,
            lang,
            truth,
            vector,
        });
    }
    recogniser
        .with(|classifier: &Classifier| {
            let started = Instant::now();
            let again = classifier.retrained();
            let train_ms = started.elapsed().as_secs_f64() * 1e3;
            evaluate::taxonomy(&again, &rows, train_ms)
        })
        .await
}

fn truth(row: &rows::Row) -> anyhow::Result<Truth> {
    let intent = |key: &str| {
        Intent::from_key(key).ok_or_else(|| {
            let (shown, nearest) = (crate::text::sanitise(key), Intent::nearest_key(key));
            Usage(format!(
                "line {}: no intent `{shown}`; did you mean `{nearest}`?",
                row.line
            ))
        })
    };
    if let Some(key) = field(&row.fields, "intent") {
        return Ok(Truth::Intent(intent(&key)?));
    }
    if let (Some(serde_json::Value::Array(keys)), Some(lead)) =
        (row.fields.get("intents"), field(&row.fields, "lead"))
    {
        let intents = keys
            .iter()
            .filter_map(|k| k.as_str())
            .map(&intent)
            .collect::<Result<_, _>>()?;
        return Ok(Truth::Mixed {
            intents,
            lead: intent(&lead)?,
        });
    }
    let outcome = field(&row.fields, "outcome").ok_or_else(|| {
        Usage(format!(
            "line {}: neither `intent`, `outcome` nor `intents` and `lead`",
            row.line
        ))
    })?;
    Ok(Truth::Outcome(
        outcome
            .parse::<Outcome>()
            .map_err(|e| Usage(format!("line {}: {e}", row.line)))?,
    ))
}

fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    if json {
        return out::json(report);
    }
    let percent = |v: f64| format!("{:5.1} %", v * 100.0);
    out::line(format!(
        "accuracy          {}   n = {}",
        percent(report.accuracy),
        report.n
    ))?;
    out::line(format!("macro F1          {}", percent(report.macro_f1)))?;
    out::line(format!("calibration error {}", percent(report.ece)))?;
    if let (Some(auroc), Some(recall)) = (report.oos_auroc, report.oos_recall_at_95) {
        out::line(format!(
            "out of scope      AUROC {}, recall {} at 95 %   n = {}",
            percent(auroc),
            percent(recall),
            report.n_oos
        ))?;
    }
    if let Some(t) = &report.taxonomy {
        out::line(format!(
            "parent            {}   top 3 {}",
            percent(t.parent_accuracy),
            percent(t.top3)
        ))?;
        if let (Some(recall), Some(alarms)) = (t.critical_recall, t.critical_false_alarms) {
            out::line(format!(
                "critical          recall {}, false alarms {}   n = {}",
                percent(recall),
                percent(alarms),
                t.n_critical
            ))?;
        }
        if let Some(rejected) = t.unknown_rejected {
            out::line(format!(
                "unknown rejected  {}   n = {}",
                percent(rejected),
                t.n_unknown
            ))?;
        }
        out::line(format!(
            "in scope rejected {}",
            percent(t.in_scope_rejected)
        ))?;
    }
    for (lang, score) in &report.per_lang {
        out::line(format!(
            "  {lang:<8} {}   n = {}",
            percent(score.accuracy),
            score.n
        ))?;
    }
    Ok(())
}
