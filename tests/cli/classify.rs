//! `sextant classify`: every line is answered or named, in the order of the input.

use crate::program::{Home, has};
use serde_json::json;
use std::io::{BufRead, BufReader, Write};

const FIELDS: [&str; 14] = [
    "id",
    "text",
    "lang",
    "outcome",
    "intent",
    "parent",
    "risk",
    "confidence",
    "margin",
    "intents",
    "top",
    "why",
    "rules",
    "model",
];

#[test]
fn messages_are_answered_in_order_with_every_field() {
    let home = Home::with_model();
    let plain = "where is my parcel??\n多少钱\n\n😂😂\nI will call my lawyer\n";
    let said = home.run_with(&["classify", "-", "--json"], plain.as_bytes());
    assert_eq!(said.code, 0, "{}", said.err);
    let answers = said.json();
    let texts: Vec<_> = answers
        .iter()
        .map(|a| a["text"].as_str().unwrap())
        .collect();
    assert_eq!(
        texts,
        [
            "where is my parcel??",
            "多少钱",
            "😂😂",
            "I will call my lawyer"
        ]
    );
    for answer in &answers {
        has(answer, &FIELDS);
        for number in ["confidence", "margin"] {
            let value = answer[number].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&value), "{answer}");
        }
    }
    assert_eq!(answers[0]["intent"], "logistics.where_is_order");
    assert_eq!(answers[0]["parent"], "logistics");
    assert_eq!(answers[0]["top"].as_array().unwrap().len(), 3);
    assert_eq!(answers[0]["why"].as_array().unwrap().len(), 3);
    has(&answers[0]["why"][0], &["text", "intent", "similarity"]);
    assert_eq!(
        (&answers[0]["lang"], &answers[1]["lang"]),
        (&"en".into(), &"zh".into())
    );
    assert_eq!(answers[2]["outcome"], "non_text");
    assert!(answers[2]["intent"].is_null());
    assert_eq!(answers[3]["risk"], "critical");

    let rows: Vec<String> = (0..300)
        .map(|n| {
            json!({ "id": n, "text": format!("do you have size {n}"), "lang": "ger" }).to_string()
        })
        .collect();
    let file = home.file("rows.jsonl", rows.join("\n"));
    let answers = home.json(&["classify", &file, "--json"]);
    let ids: Vec<_> = answers
        .iter()
        .map(|a| a["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, (0..300).map(|n| n.to_string()).collect::<Vec<_>>());
    assert!(answers.iter().all(|a| a["lang"] == "de"));

    // A region does not make a language an unsupported one.
    let row = json!({ "text": "onde está meu pedido", "lang": "pt-BR" }).to_string();
    let answer = home.one(&["classify", &home.file("row.jsonl", row), "--json"]);
    assert_eq!(answer["lang"], "pt");
    assert_ne!(answer["outcome"], "unsupported_language");
}

#[test]
fn bad_lines_are_named_and_the_others_are_answered() {
    let home = Home::with_model();
    let mut file = Vec::new();
    for line in [
        &br#"{"id":"a","text":"where is my parcel"}"#[..],
        b"{no json",
        br#"{"id":"b","text":"nul \u0000 inside"}"#,
        b"{\"text\":\"raw nul \0\"}",
        b"{\"text\":\"\xff\xfe\"}",
        b"[1]",
        br#"{"text":7}"#,
        br#"{"id":"c","text":"how much is it"}"#,
    ] {
        file.extend_from_slice(line);
        file.push(b'\n');
    }
    file.extend_from_slice(
        json!({ "text": "x".repeat(65 * 1024) })
            .to_string()
            .as_bytes(),
    );
    let said = home.run_with(&["classify", "-", "--json"], &file);
    assert_eq!(said.code, 3, "{}", said.err);
    let ids: Vec<_> = said.json().iter().map(|a| a["id"].clone()).collect();
    assert_eq!(ids, ["a", "c"]);
    for line in [2, 3, 4, 5, 6, 7, 9] {
        assert!(
            said.err.contains(&format!("line {line}: ")),
            "{line}: {}",
            said.err
        );
    }
    assert!(!said.err.contains("line 1:") && !said.err.contains("line 8:"));
    assert!(!said.err.contains('\0'));

    // An empty text has no words, which is an answer; a line without a text has none.
    let said = home.run_with(
        &["classify", "-", "--json"],
        b"{\"id\":\"e\",\"text\":\"\"}\n{\"id\":\"n\"}\n{\"id\":\"l\",\"text\":\"bit.ly/xyz\"}\n",
    );
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(said.err.contains("line 2: no `text`"), "{}", said.err);
    let answers: Vec<_> = said.json();
    let told: Vec<_> = answers
        .iter()
        .map(|a| (a["id"].as_str().unwrap(), a["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("e", "non_text"), ("l", "non_text")]);

    // A byte-order mark is no text.
    let marked = "\u{feff}{\"id\":\"m\",\"text\":\"how much is it\"}\n";
    let said = home.run_with(&["classify", "-", "--json"], marked.as_bytes());
    assert_eq!(
        (said.code, &said.json()[0]["id"]),
        (0, &"m".into()),
        "{}",
        said.err
    );
}

#[test]
fn nothing_to_classify_is_said_and_a_reader_that_leaves_is_no_error() {
    let home = Home::with_model();
    for empty in ["", "\n \n"] {
        let said = home.run_with(&["classify"], empty.as_bytes());
        assert_eq!(said.code, 3, "{}", said.err);
        assert!(
            said.err.contains("line 1: ") && said.err.contains("empty"),
            "{}",
            said.err
        );
    }
    let missing = home.run(&["classify", "/nonexistent/file"]);
    assert_eq!(missing.code, 1, "{}", missing.err);
    assert!(missing.err.contains("/nonexistent/file"), "{}", missing.err);

    let mut child = home.command(&["classify", "--json"]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for n in 0..2000 {
        writeln!(stdin, "do you have number {}?", n % 20).unwrap();
    }
    drop(stdin);
    let mut out = BufReader::with_capacity(64, child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    drop(out);
    let raw = child.wait_with_output().unwrap();
    assert_eq!(raw.status.code(), Some(0));
    let err = String::from_utf8(raw.stderr).unwrap();
    assert!(
        !err.contains("panicked") && !err.contains("sextant:"),
        "{err}"
    );
}
