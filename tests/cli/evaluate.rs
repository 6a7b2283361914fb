//! `sextant eval`: what it measures, it has not trained on.

use crate::program::{Home, has};
use serde_json::{Value, json};

const FIELDS: [&str; 10] = [
    "n",
    "accuracy",
    "macro_f1",
    "ece",
    "per_label",
    "per_lang",
    "oos_auroc",
    "oos_recall_at_95",
    "train_ms",
    "classify_us",
];

const TOPICS: [(&str, [&str; 6]); 3] = [
    (
        "weather",
        [
            "will it rain today",
            "how cold is it outside",
            "is it sunny in Rome",
            "what is the forecast",
            "do I need an umbrella",
            "how windy will it be",
        ],
    ),
    (
        "music",
        [
            "play some jazz",
            "turn the song up",
            "skip this track",
            "who sings this",
            "put on my playlist",
            "play the new album",
        ],
    ),
    (
        "money",
        [
            "what is my balance",
            "pay my bill",
            "send ten dollars to Ann",
            "how much did I spend",
            "transfer to savings",
            "when is my card due",
        ],
    ),
];

fn rows(pick: std::ops::Range<usize>) -> Vec<(String, String)> {
    TOPICS
        .iter()
        .flat_map(|(label, texts)| {
            texts[pick.clone()]
                .iter()
                .map(|text| ((*text).to_owned(), (*label).to_owned()))
        })
        .collect()
}

fn jsonl(rows: &[(String, String)]) -> String {
    let line =
        |(text, label): &(String, String)| json!({ "text": text, "label": label }).to_string();
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Without what a clock measured.
fn figures(mut report: Value) -> Value {
    for timed in ["train_ms", "classify_us"] {
        report.as_object_mut().unwrap().remove(timed).unwrap();
    }
    report
}

#[test]
fn the_same_seed_gives_the_same_figures_and_test_labels_do_not_leak() {
    let home = Home::with_model();
    let train = home.file("train.jsonl", jsonl(&rows(0..4)));
    let test = home.file("test.jsonl", jsonl(&rows(4..6)));
    let oos = home.file(
        "oos.jsonl",
        "{\"text\":\"my cat is orange\"}\n{\"text\":\"the treaty of 1648\"}",
    );
    let mut args = vec!["eval", "--train", &train, "--test", &test, "--oos", &oos];
    args.extend(["--shots", "3", "--seed", "5", "--json"]);
    let report = home.one(&args);
    has(&report, &FIELDS);
    assert_eq!(report["n"], 6);
    assert!(report["accuracy"].as_f64().unwrap() >= 0.5, "{report}");
    let auroc = report["oos_auroc"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&auroc));
    assert_eq!(figures(home.one(&args)), figures(report.clone()));

    // Every test row gets the label of another topic: what was right is wrong, and what was learnt is the same.
    let next = |label: &str| {
        let at = TOPICS.iter().position(|t| t.0 == label).unwrap();
        TOPICS[(at + 1) % TOPICS.len()].0.to_owned()
    };
    let wrong: Vec<_> = rows(4..6)
        .into_iter()
        .map(|(text, label)| (text, next(&label)))
        .collect();
    let wrong = home.file("wrong.jsonl", jsonl(&wrong));
    args[4] = &wrong;
    let shuffled = home.one(&args);
    let (right, misled) = (&report["accuracy"], &shuffled["accuracy"]);
    assert!(
        right.as_f64().unwrap() + misled.as_f64().unwrap() <= 1.0 + 1e-9,
        "{right} and {misled}: a test label was learnt"
    );
    assert!(misled.as_f64().unwrap() < right.as_f64().unwrap());
    assert_eq!(shuffled["oos_auroc"], report["oos_auroc"]);

    let both = home.run(&["eval", "--builtin", "--train", &train, "--test", &test]);
    assert_eq!(both.code, 2, "{}", both.err);
    let unlabelled = home.file("unlabelled.jsonl", "{\"text\":\"a\"}");
    let said = home.run(&["eval", "--train", &unlabelled, "--test", &test]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(
        said.err.contains("line 1") && said.err.contains("label"),
        "{}",
        said.err
    );
}

#[test]
fn the_built_in_taxonomy_is_measured_with_every_field() {
    let home = Home::with_model();
    let gold = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gold/smoke.jsonl");
    let report = home.one(&["eval", "--builtin", "--test", gold, "--json"]);
    has(&report, &FIELDS);
    has(
        &report,
        &[
            "parent_accuracy",
            "top3",
            "critical_recall",
            "critical_false_alarms",
            "unknown_rejected",
            "in_scope_rejected",
            "mixed_lead",
        ],
    );
    // Far below what it reaches: this notices a classifier that has come apart, not a weaker one.
    assert!(report["accuracy"].as_f64().unwrap() > 0.4, "{report}");
    assert!(report["per_lang"].as_object().unwrap().len() >= 11);
}
