//! `sextant import`: files become conversations or lessons, and the same file twice changes nothing.

use crate::program::Home;
use serde_json::{Value, json};

#[test]
fn a_file_imported_twice_is_known_the_second_time() {
    let home = Home::new();
    let rows: Vec<String> = (0..50)
        .map(|n| {
            json!({ "body": format!("question {n}"), "who": format!("buyer {n}") }).to_string()
        })
        .collect();
    let jsonl = home.file("talk.jsonl", rows.join("\n"));
    let csv = home.file(
        "talk.csv",
        "msg,thread,side\n\"where is it, please?\",t1,buyer\n\"on\nits way\",t1,agent\nthanks,t1,buyer\n",
    );
    let imports = [
        (
            50,
            vec![
                "import",
                &jsonl,
                "--channel",
                "file",
                "--map",
                "text=body",
                "author=who",
                "--json",
            ],
        ),
        (
            3,
            vec![
                "import",
                &csv,
                "--channel",
                "email",
                "--map",
                "text=msg",
                "conversation=thread",
                "from=side",
                "--json",
            ],
        ),
    ];
    for (count, args) in &imports {
        let first = home.one(args);
        assert_eq!(
            (&first["stored"], &first["known"]),
            (&json!(count), &json!(0))
        );
        let again = home.one(args);
        assert_eq!(
            (&again["stored"], &again["known"]),
            (&json!(0), &json!(count))
        );
    }
    let listed = home.json(&["list", "--limit", "500", "--json"]);
    assert_eq!(listed.len(), 51);
    let talk: Vec<&Value> = listed.iter().filter(|r| r["channel"] == "email").collect();
    let shown = home.one(&["show", talk[0]["id"].as_str().unwrap(), "--json"]);
    let from: Vec<_> = shown["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|m| (m["from"].as_str().unwrap(), m["text"].as_str().unwrap()))
        .collect();
    assert_eq!(
        from,
        [
            ("buyer", "where is it, please?"),
            ("agent", "on\nits way"),
            ("buyer", "thanks")
        ]
    );
}

#[test]
fn a_hundred_bad_rows_are_named_and_the_good_ones_are_stored() {
    let home = Home::new();
    let rows: Vec<String> = (0..200)
        .map(|n| match n % 8 {
            0 => "{broken".to_owned(),
            2 => json!({ "text": "" }).to_string(),
            4 => json!({ "text": "hi", "from": "robot" }).to_string(),
            6 => json!({ "text": "hi", "sent_at": "yesterday" }).to_string(),
            _ => json!({ "text": format!("good {n}") }).to_string(),
        })
        .collect();
    // The first line decides what the file is taken for; its name does, too.
    let file = home.file("mixed.jsonl", rows.join("\n"));
    let said = home.run(&["import", &file, "--channel", "file", "--json"]);
    assert_eq!(said.code, 3, "{}", said.err);
    let report = said.json().remove(0);
    assert_eq!(report["stored"], 100);
    let bad = report["bad"].as_array().unwrap();
    assert_eq!(bad.len(), 100);
    let lines: Vec<_> = bad.iter().map(|b| b["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, (0..100).map(|n| 2 * n + 1).collect::<Vec<_>>());
    assert!(
        lines
            .iter()
            .all(|l| said.err.contains(&format!("line {l}: ")))
    );
    assert_eq!(home.json(&["list", "--limit", "500", "--json"]).len(), 100);
}

#[test]
fn labelled_history_teaches() {
    let home = Home::with_model();
    let phrase = b"zorble my flimnar quux";
    let intent = |home: &Home| {
        let said = home.run_with(&["classify", "--json"], phrase);
        assert_eq!(said.code, 0, "{}", said.err);
        let answer = said.json().remove(0);
        (answer["intent"].clone(), answer["outcome"].clone())
    };
    let before = intent(&home);
    let wanted = ["refund.request", "presale.stock"]
        .into_iter()
        .find(|key| before.0 != *key)
        .unwrap();
    // As many as the built-in examples of the leaf: a lesson weighs what an example weighs.
    let rows: Vec<String> = (0..24)
        .map(|n| {
            json!({ "text": format!("{n} zorble my flimnar quux"), "label": wanted }).to_string()
        })
        .collect();
    let file = home.file("history.jsonl", rows.join("\n"));
    let args = [
        "import",
        &file,
        "--channel",
        "file",
        "--as",
        "history",
        "--json",
    ];
    assert_eq!(home.one(&args)["stored"], 24);
    assert_eq!(home.one(&args)["known"], 24);
    assert_eq!(intent(&home), (wanted.into(), "intent".into()));
    assert_eq!(home.json(&["list", "--json"]), Vec::<Value>::new());

    let wrong = home.file(
        "wrong.jsonl",
        "{\"text\":\"x y\",\"label\":\"refund.requst\"}",
    );
    let said = home.run(&["import", &wrong, "--channel", "file", "--as", "history"]);
    assert_eq!(said.code, 3);
    assert!(said.err.contains("refund.request"), "{}", said.err);
}
