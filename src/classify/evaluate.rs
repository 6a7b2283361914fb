//! How good the classifier is, on rows it never saw.
//!
//! Every figure comes with its `n`. Definitions: accuracy is the share of rows whose best guess is right, whether or
//! not it was rejected; macro-F1 the mean of F1 over the labels of the test rows; ECE the expected calibration error
//! in ten bins of confidence; AUROC the chance that an in-scope row scores above an out-of-scope one (absolute similarity,
//! ties count half); OOS recall at 95 the share of out-of-scope rows below the similarity that 95 % of in-scope rows reach.

use super::head::{Head, Ranking};
use super::{Classifier, Reading};
use crate::domain::{Intent, Outcome, Risk};
use crate::embed::Vector;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Instant;

/// Of one label.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LabelScore {
    pub n: usize,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

/// Of one language.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LangScore {
    pub n: usize,
    pub accuracy: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// Labelled test rows.
    pub n: usize,
    pub accuracy: f64,
    pub macro_f1: f64,
    pub ece: f64,
    pub per_label: BTreeMap<String, LabelScore>,
    pub per_lang: BTreeMap<String, LangScore>,
    pub n_oos: usize,
    pub oos_auroc: Option<f64>,
    pub oos_recall_at_95: Option<f64>,
    pub train_ms: f64,
    /// Mean over the test rows, microseconds, the embedding not counted.
    pub classify_us: f64,
    #[serde(skip_serializing_if = "Option::is_none", flatten)]
    pub taxonomy: Option<TaxonomyReport>,
}

/// What only the built-in taxonomy has: parents, risk, outcomes.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TaxonomyReport {
    pub parent_accuracy: f64,
    pub top3: f64,
    pub n_critical: usize,
    pub critical_recall: Option<f64>,
    /// Share of the rows that are not critical and were called critical.
    pub critical_false_alarms: Option<f64>,
    pub n_unknown: usize,
    pub unknown_rejected: Option<f64>,
    pub in_scope_rejected: f64,
    pub n_mixed: usize,
    pub mixed_lead: Option<f64>,
}

/// One row that was ranked: truth, best guess, its confidence, its similarity, its language.
struct Seen<'a> {
    truth: &'a str,
    guess: &'a str,
    confidence: f64,
    similarity: f32,
    lang: &'a str,
}

/// A test row of any label set.
pub struct Row<'a> {
    pub label: &'a str,
    pub lang: &'a str,
    pub vector: &'a Vector,
}

/// Tests `head` over `labels` (index = label) on rows of the same label set and on out-of-scope vectors.
pub fn labels(
    head: &Head,
    labels: &[String],
    rows: &[Row<'_>],
    oos: &[&Vector],
    train_ms: f64,
) -> Report {
    let started = Instant::now();
    let rankings: Vec<Ranking> = rows.iter().map(|r| head.rank(r.vector)).collect();
    let classify_us = started.elapsed().as_secs_f64() * 1e6 / rows.len().max(1) as f64;
    let seen: Vec<Seen> = rows
        .iter()
        .zip(&rankings)
        .map(|(row, ranking)| {
            let best = ranking.best(1).first();
            Seen {
                truth: row.label,
                guess: best.map_or("", |r| labels[r.label].as_str()),
                confidence: best.map_or(0.0, |r| r.probability),
                similarity: ranking.similarity(),
                lang: row.lang,
            }
        })
        .collect();
    let oos: Vec<f32> = oos.iter().map(|v| head.rank(v).similarity()).collect();
    report(&seen, &oos, train_ms, classify_us)
}

fn report(seen: &[Seen<'_>], oos: &[f32], train_ms: f64, classify_us: f64) -> Report {
    let in_scope: Vec<f32> = seen.iter().map(|s| s.similarity).collect();
    let per_label = per_label(seen);
    let mut langs: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for s in seen {
        let entry = langs.entry(s.lang.to_owned()).or_default();
        entry.0 += 1;
        entry.1 += usize::from(s.guess == s.truth);
    }
    let with_truth: Vec<f64> = per_label
        .values()
        .filter(|s| s.n > 0)
        .map(|s| s.f1)
        .collect();
    Report {
        n: seen.len(),
        accuracy: share(seen, |s| s.guess == s.truth).unwrap_or(0.0),
        macro_f1: with_truth.iter().sum::<f64>() / with_truth.len().max(1) as f64,
        ece: ece(seen),
        per_label,
        per_lang: langs
            .into_iter()
            .map(|(l, (n, right))| {
                (
                    l,
                    LangScore {
                        n,
                        accuracy: right as f64 / n as f64,
                    },
                )
            })
            .collect(),
        n_oos: oos.len(),
        oos_auroc: auroc(&in_scope, oos),
        oos_recall_at_95: recall_at_95(in_scope, oos),
        train_ms,
        classify_us,
        taxonomy: None,
    }
}

/// Share of `rows` for which `f` holds; `None` where there are none.
fn share<T>(rows: &[T], f: impl Fn(&T) -> bool) -> Option<f64> {
    (!rows.is_empty()).then(|| rows.iter().filter(|r| f(r)).count() as f64 / rows.len() as f64)
}

fn per_label(seen: &[Seen<'_>]) -> BTreeMap<String, LabelScore> {
    let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new(); // truths, guesses, hits
    for s in seen {
        counts.entry(s.truth).or_default()[0] += 1;
        counts.entry(s.guess).or_default()[1] += 1;
        counts.entry(s.truth).or_default()[2] += usize::from(s.truth == s.guess);
    }
    let ratio = |a: usize, b: usize| if b == 0 { 0.0 } else { a as f64 / b as f64 };
    let score = |[n, guessed, hits]: [usize; 3]| {
        let (precision, recall) = (ratio(hits, guessed), ratio(hits, n));
        let f1 = if hits == 0 {
            0.0
        } else {
            2.0 * precision * recall / (precision + recall)
        };
        LabelScore {
            n,
            precision,
            recall,
            f1,
        }
    };
    counts
        .into_iter()
        .map(|(label, c)| (label.to_owned(), score(c)))
        .collect()
}

fn ece(seen: &[Seen<'_>]) -> f64 {
    let mut bins = [(0usize, 0.0f64, 0.0f64); 10];
    for s in seen {
        let bin = &mut bins[((s.confidence * 10.0) as usize).min(9)];
        bin.0 += 1;
        bin.1 += s.confidence;
        bin.2 += f64::from(u8::from(s.guess == s.truth));
    }
    bins.iter()
        .map(|(_, confidence, right)| (confidence - right).abs())
        .sum::<f64>()
        / seen.len().max(1) as f64
}

/// By ranks (Mann-Whitney).
fn auroc(in_scope: &[f32], oos: &[f32]) -> Option<f64> {
    if in_scope.is_empty() || oos.is_empty() {
        return None;
    }
    let mut all: Vec<(f32, bool)> = in_scope
        .iter()
        .map(|s| (*s, true))
        .chain(oos.iter().map(|s| (*s, false)))
        .collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut rank_sum = 0.0;
    let mut at = 0;
    while at < all.len() {
        let ties = all[at..].iter().take_while(|x| x.0 == all[at].0).count();
        let mean_rank = at as f64 + f64::midpoint(ties as f64, 1.0);
        rank_sum += mean_rank * all[at..at + ties].iter().filter(|x| x.1).count() as f64;
        at += ties;
    }
    let (n, m) = (in_scope.len() as f64, oos.len() as f64);
    Some((rank_sum - n * (n + 1.0) / 2.0) / (n * m))
}

fn recall_at_95(mut in_scope: Vec<f32>, oos: &[f32]) -> Option<f64> {
    in_scope.sort_by(f32::total_cmp);
    let threshold = *in_scope.get(in_scope.len() / 20)?;
    share(oos, |s| *s < threshold)
}

/// What a test row of the taxonomy says is true.
#[derive(Clone, Debug, PartialEq)]
pub enum Truth {
    Intent(Intent),
    /// No intent: `unknown`, `non_text`, `unsupported_language`.
    Outcome(Outcome),
    Mixed {
        intents: Vec<Intent>,
        lead: Intent,
    },
}

/// A test row of the taxonomy, its vector where it has words.
pub struct TaxonomyRow {
    pub reading: Reading,
    /// The language that the row claims, else the one that was identified.
    pub lang: String,
    pub truth: Truth,
    pub vector: Option<Vector>,
}

/// Tests the product's own classifier, rules and outcomes included.
pub fn taxonomy(classifier: &Classifier, rows: &[TaxonomyRow], train_ms: f64) -> Report {
    let started = Instant::now();
    let results: Vec<_> = rows
        .iter()
        .map(|row| {
            let c = classifier.judge(&row.reading, row.vector.as_ref());
            (row, c)
        })
        .collect();
    let classify_us = started.elapsed().as_secs_f64() * 1e6 / rows.len().max(1) as f64;
    let similarity = |row: &TaxonomyRow| {
        row.vector
            .as_ref()
            .map_or(-1.0, |v| classifier.head().rank(v).similarity())
    };
    let seen: Vec<Seen> = results
        .iter()
        .filter_map(|(row, c)| match &row.truth {
            Truth::Intent(intent) => Some(Seen {
                truth: intent.key(),
                guess: c.intent.map_or("", Intent::key),
                confidence: c.confidence,
                similarity: similarity(row),
                lang: &row.lang,
            }),
            _ => None,
        })
        .collect();
    let oos: Vec<f32> = rows
        .iter()
        .filter(|r| r.truth == Truth::Outcome(Outcome::Unknown))
        .map(similarity)
        .collect();
    let mut out = report(&seen, &oos, train_ms, classify_us);
    let results: Vec<_> = results
        .into_iter()
        .map(|(row, c)| (&row.truth, c))
        .collect();
    out.taxonomy = Some(taxonomy_report(&results));
    out
}

fn taxonomy_report(results: &[(&Truth, crate::domain::Classification)]) -> TaxonomyReport {
    let single: Vec<(Intent, &crate::domain::Classification)> = results
        .iter()
        .filter_map(|(t, c)| {
            if let Truth::Intent(i) = t {
                Some((*i, c))
            } else {
                None
            }
        })
        .collect();
    let critical = |i: &Intent| i.risk() == Risk::Critical;
    let (dangerous, harmless): (Vec<_>, Vec<_>) = single.iter().partition(|(i, _)| critical(i));
    let unknown: Vec<_> = results
        .iter()
        .filter(|(t, _)| **t == Truth::Outcome(Outcome::Unknown))
        .collect();
    let mixed: Vec<_> = results
        .iter()
        .filter_map(|(t, c)| {
            if let Truth::Mixed { lead, .. } = t {
                Some((*lead, c))
            } else {
                None
            }
        })
        .collect();
    TaxonomyReport {
        parent_accuracy: share(&single, |(i, c)| {
            c.intent.is_some_and(|g| g.parent() == i.parent())
        })
        .unwrap_or(0.0),
        top3: share(&single, |(i, c)| c.top.iter().any(|s| s.intent == *i)).unwrap_or(0.0),
        n_critical: dangerous.len(),
        critical_recall: share(&dangerous, |(_, c)| c.risk == Risk::Critical),
        critical_false_alarms: share(&harmless, |(_, c)| c.risk == Risk::Critical),
        n_unknown: unknown.len(),
        unknown_rejected: share(&unknown, |(_, c)| {
            c.outcome != Outcome::Intent && c.outcome != Outcome::Mixed
        }),
        in_scope_rejected: share(&single, |(_, c)| {
            !matches!(c.outcome, Outcome::Intent | Outcome::Mixed)
        })
        .unwrap_or(0.0),
        n_mixed: mixed.len(),
        mixed_lead: share(&mixed, |(lead, c)| c.intent == Some(*lead)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auroc_counts_ties_half() {
        assert_eq!(auroc(&[0.9, 0.8], &[0.1, 0.2]), Some(1.0));
        assert_eq!(auroc(&[0.5], &[0.5]), Some(0.5));
        assert_eq!(auroc(&[0.1], &[0.9]), Some(0.0));
        assert_eq!(auroc(&[], &[0.9]), None);
    }

    #[test]
    fn f1_and_calibration_are_those_worked_by_hand() {
        let seen = |truth, guess, confidence| Seen {
            truth,
            guess,
            confidence,
            similarity: 0.0,
            lang: "en",
        };
        let rows = [
            seen("a", "a", 0.95),
            seen("a", "b", 0.65),
            seen("b", "b", 0.95),
        ];
        let report = report(&rows, &[], 0.0, 0.0);
        assert!((report.accuracy - 2.0 / 3.0).abs() < 1e-9);
        assert!((report.per_label["a"].f1 - 2.0 / 3.0).abs() < 1e-9);
        assert!((report.macro_f1 - 2.0 / 3.0).abs() < 1e-9);
        // Bins: 0.9–1.0 holds two right at 0.95 (gap 0.1), 0.6–0.7 one wrong at 0.65 (gap 0.65).
        assert!((report.ece - 0.25).abs() < 1e-9);
    }
}
