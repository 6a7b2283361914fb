//! One classification against the least it could be: the 43 dot products. And what a correction, a reason, a start cost.
//!
//! `cargo bench --bench classify`. The vectors come from the hashing embedder: their values make no difference to the
//! time. Where valgrind is installed it counts instructions too, which do not depend on what else the machine does: the
//! program runs itself under callgrind, once for its preparation alone and once a row, and the difference counts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that goes wrong should stop there and say where"
)]

mod measure;

use measure::{Clock, Cost, asked_for, median};
use sextant::classify::{Classifier, Example, Reading, examples};
use sextant::domain::Intent;
use sextant::embed::{Embedder, HashEmbedder, Vector, dot};
use std::hint::black_box;
use std::process::{Command, Stdio};

const ROUNDS: usize = 9;
/// Says which row the program under callgrind does, and how often.
const COUNTED: &str = "SEXTANT_BENCH_COUNTED";

fn main() {
    if !asked_for() {
        return;
    }
    let mut bench = Bench::new();
    if let Ok(asked) = std::env::var(COUNTED) {
        let (row, times) = asked.split_once('*').unwrap();
        let row = &ROWS[row.parse::<usize>().unwrap()];
        bench.repeat(row, times.parse().unwrap());
        return;
    }
    let prepared = under_callgrind(0, 0);
    let rows: Vec<(f64, Option<f64>)> = ROWS
        .iter()
        .enumerate()
        .map(|(at, row)| (bench.seconds(row), instructions(at, row, prepared)))
        .collect();
    let examples = bench.rows.len();
    println!("{examples} examples, median of {ROUNDS} rounds");
    println!("{:>10}{:>12}{:>16}", "ratio", "time", "instructions");
    for (row, (seconds, count)) in ROWS.iter().zip(&rows) {
        let count = count.map_or("not counted".to_owned(), |n| format!("{n:.0}"));
        let ratio = seconds / rows[0].0;
        println!(
            "{ratio:10.1}{:9.2} us{count:>16}  {}",
            seconds * 1e6,
            row.name
        );
    }
}

struct Row {
    name: &'static str,
    /// Times in a round.
    times: usize,
    work: fn(&mut Bench, usize),
}

/// The first is the peer of all.
const ROWS: &[Row] = &[
    Row {
        name: "43 dot products of 384 numbers, and the largest",
        times: 50_000,
        work: Bench::dots,
    },
    Row {
        name: "classify a vector",
        times: 20_000,
        work: Bench::classify,
    },
    Row {
        name: "read a text: normal form, key, language",
        times: 2_000,
        work: Bench::read,
    },
    Row {
        name: "why: the three nearest examples",
        times: 2_000,
        work: Bench::why,
    },
    Row {
        name: "learn an example and take it back",
        times: 2_000,
        work: Bench::learn,
    },
    Row {
        name: "train on all examples",
        times: 3,
        work: Bench::train,
    },
];

struct Bench {
    rows: Vec<(Example, Vector)>,
    readings: Vec<Reading>,
    centroids: Vec<Vector>,
    classifier: Classifier,
}

impl Bench {
    fn new() -> Self {
        let mut embedder = HashEmbedder::new();
        let examples = examples::built_in().unwrap();
        let readings: Vec<Reading> = examples
            .iter()
            .map(|example| Reading {
                lang: example.lang.clone(),
                ..Reading::to_embed(&example.text)
            })
            .collect();
        // The language models are loaded when they are first needed.
        for example in examples.iter().take(20) {
            Reading::of(&example.text);
        }
        let texts: Vec<&str> = readings
            .iter()
            .map(|reading| reading.form.as_str())
            .collect();
        let vectors = embedder.embed(&texts).unwrap();
        let rows: Vec<(Example, Vector)> = examples.into_iter().zip(vectors).collect();
        let classifier = Classifier::train(embedder.model().clone(), rows.clone());
        // Any 43 vectors take the time that the centroids take.
        let centroids = rows.iter().take(Intent::all().len());
        Self {
            centroids: centroids.map(|(_, vector)| vector.clone()).collect(),
            rows,
            readings,
            classifier,
        }
    }

    fn repeat(&mut self, row: &Row, times: usize) {
        for n in 0..times {
            (row.work)(self, n % self.rows.len());
        }
    }

    /// Seconds of one.
    fn seconds(&mut self, row: &Row) -> f64 {
        let costs: Vec<Cost> = (0..ROUNDS)
            .map(|_| {
                let clock = Clock::start();
                self.repeat(row, row.times);
                clock.stop()
            })
            .collect();
        median(&costs).wall / row.times as f64
    }

    fn dots(&mut self, n: usize) {
        let query = self.rows[n].1.as_slice();
        let similarity = |centroid: &Vector| dot(query, centroid.as_slice());
        black_box(
            self.centroids
                .iter()
                .map(similarity)
                .fold(f32::MIN, f32::max),
        );
    }

    fn classify(&mut self, n: usize) {
        black_box(
            self.classifier
                .judge(&self.readings[n], Some(&self.rows[n].1)),
        );
    }

    fn read(&mut self, n: usize) {
        black_box(Reading::of(&self.rows[n].0.text));
    }

    fn why(&mut self, n: usize) {
        black_box(self.classifier.why(&self.rows[n].1, 3));
    }

    fn learn(&mut self, n: usize) {
        let (example, vector) = self.rows[n].clone();
        let example = Example {
            id: Some("bench".to_owned()),
            ..example
        };
        self.classifier.learn(example, vector);
        assert!(self.classifier.unlearn("bench"));
    }

    fn train(&mut self, _: usize) {
        black_box(self.classifier.retrained());
    }
}

/// Instructions of one; `None` where there is no valgrind.
fn instructions(at: usize, row: &Row, prepared: Option<f64>) -> Option<f64> {
    let times = row.times.div_ceil(100);
    Some((under_callgrind(at, times)? - prepared?) / times as f64)
}

fn under_callgrind(at: usize, times: usize) -> Option<f64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().ok()?)
        .arg("--bench")
        .env(COUNTED, format!("{at}*{times}"))
        .stdout(Stdio::null())
        .output()
        .ok()?;
    let said = String::from_utf8_lossy(&output.stderr);
    let (_, after) = said.split_once("Collected :")?;
    after.split_whitespace().next()?.parse().ok()
}
