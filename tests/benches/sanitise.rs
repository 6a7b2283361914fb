//! The sanitiser against the least that any reader of foreign bytes does: check that they are UTF-8, and copy them.
//!
//! `cargo bench --bench sanitise`. Kinds of text take turns with their peer; megabytes a second, medians of the rounds.
//! Messages are sanitised one by one, as they come; the long ones are what a stranger sends to keep us busy.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that goes wrong should stop there and say where"
)]

#[path = "../fixtures/hostile.rs"]
mod hostile;
mod measure;

use measure::{Clock, asked_for, median};
use sextant::classify::examples;
use sextant::text::sanitise;
use std::hint::black_box;

const ROUNDS: usize = 9;
/// Bytes of a kind that are worked through in a round, at least.
const ROUND: usize = 4 << 20;

fn main() {
    if !asked_for() {
        return;
    }
    println!("{:>10}{:>12}{:>10}  text", "ratio", "sanitise", "copy");
    for (name, texts) in kinds() {
        let bytes: usize = texts.iter().map(String::len).sum();
        let times = ROUND.div_ceil(bytes);
        let (mut ours, mut copy) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(pass(&texts, times, |text| {
                black_box(sanitise(text));
            }));
            copy.push(pass(&texts, times, |text| {
                let text = std::str::from_utf8(black_box(text.as_bytes()));
                black_box(text.map(str::to_owned)).unwrap();
            }));
        }
        let speed = |costs| (bytes * times) as f64 / 1e6 / median(costs).wall;
        let (ours, copy) = (speed(&ours), speed(&copy));
        let average = bytes / texts.len();
        println!(
            "{:10.1}{ours:7.0} MB/s{copy:5.0} MB/s  {name} ({average} bytes)",
            copy / ours
        );
    }
}

fn pass(texts: &[String], times: usize, work: impl Fn(&str)) -> measure::Cost {
    let clock = Clock::start();
    for text in std::iter::repeat_n(texts, times).flatten() {
        work(text);
    }
    clock.stop()
}

/// What buyers write, by language; the hostile list; and long ones.
fn kinds() -> Vec<(String, Vec<String>)> {
    let examples = examples::built_in().unwrap();
    let languages = [
        ("English", "en"),
        ("Chinese", "zh"),
        ("Japanese", "ja"),
        ("Spanish", "es"),
        ("Vietnamese", "vi"),
        ("Thai", "th"),
        ("Arabic", "ar"),
    ];
    let mut kinds: Vec<(String, Vec<String>)> = Vec::new();
    for (name, lang) in languages {
        let of = examples.iter().filter(|example| example.lang == lang);
        let texts: Vec<String> = of.map(|example| example.text.as_str().to_owned()).collect();
        kinds.push((format!("{name}, 1 MB"), vec![megabyte(&texts)]));
        kinds.push((format!("{name} messages"), texts));
    }
    let mut hostile = hostile::inputs();
    hostile.retain(|(_, _, text)| !text.is_empty());
    let (long, short): (Vec<_>, Vec<_>) = hostile
        .into_iter()
        .partition(|(_, _, text)| text.len() > 1000);
    let short: Vec<String> = short.into_iter().map(|(_, _, text)| text).collect();
    kinds.push((
        "the short hostile ones, 1 MB".to_owned(),
        vec![megabyte(&short)],
    ));
    kinds.push(("the short hostile ones".to_owned(), short));
    kinds.extend(
        long.into_iter()
            .map(|(number, name, text)| (format!("hostile {number}, {name}"), vec![text])),
    );
    kinds
}

fn megabyte(texts: &[String]) -> String {
    let mut all = String::new();
    for text in texts.iter().cycle() {
        if all.len() + text.len() > 1_000_000 {
            return all;
        }
        all.push_str(text);
        all.push('\n');
    }
    all
}
