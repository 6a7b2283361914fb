//! One shop from the consent to the answer and back, every step from the command line.

use crate::program::{Home, credentials, files, has, sandbox};
use serde_json::Value;
use sextant::domain::Intent;
use std::io::{BufRead, BufReader};

/// The order of the screen, as far as a row tells it.
fn rank(row: &Value) -> (bool, i64) {
    let due = row["due_s"].as_i64().unwrap_or(i64::MAX);
    (row["risk"] != "critical", due)
}

fn id(row: &Value) -> &str {
    row["id"].as_str().unwrap()
}

/// Sends the first template that fits one of the conversations.
fn reply_by_template(home: &Home, rows: &[Value]) -> (String, Value) {
    for row in rows.iter().filter(|r| !r["intent"].is_null()) {
        for number in ["1", "2", "3"] {
            let said = home.run(&[
                "reply",
                id(row),
                "--template",
                number,
                "--now",
                "--json",
                "--set",
                "ask.agent=Mei",
                "--set",
                "ask.link=item 4 in the bag",
            ]);
            if said.code == 0 {
                return (id(row).to_owned(), said.json().remove(0));
            }
            // Blocked by a slot that nobody filled, or no such template: a usage error or a sentence, never silence.
            assert!(said.err.starts_with("sextant: "), "{}", said.err);
            assert!(said.out.is_empty());
        }
    }
    panic!("no template fits any of {} conversations", rows.len());
}

#[test]
fn a_shop_is_connected_read_answered_and_corrected() {
    let day = sandbox();
    let home = Home::with_model();
    let added = home.connect(&day.base_url, &credentials(&day));
    assert_eq!(added.code, 0, "{}", added.err);
    let account = home.one(&["account", "list", "--json"]);
    assert_eq!(account["channel"], "tiktok_shop");
    assert_eq!(account["state"], "connected");

    let synced = home.one(&["sync", "--once", "--json"]);
    has(&synced, &["polled", "stored", "classified", "channels"]);
    assert!(synced["stored"].as_u64().unwrap() >= 150, "{synced}");
    assert_eq!(synced["channels"][0]["ok"], true);

    let rows = home.json(&["list", "--limit", "500", "--json"]);
    assert!(rows.len() > 50, "{}", rows.len());
    for row in &rows {
        has(
            row,
            &[
                "id",
                "channel",
                "author",
                "intent",
                "parent",
                "risk",
                "lang",
                "confidence",
                "outcome",
                "age_s",
                "due_s",
                "preview",
                "state",
            ],
        );
        assert!(row["outcome"].is_string(), "not classified: {row}");
    }
    assert!(
        rows.is_sorted_by_key(rank),
        "critical first, then what is due"
    );
    assert_eq!(rows[0]["risk"], "critical");

    answering(&home, &day, &rows);
    acts(&home, &rows);
    labels(&home, &rows);
    secrets_stay_where_they_belong(&home, &day);

    let checks = home.json(&["doctor", "--json"]);
    for check in &checks {
        has(check, &["check", "state", "detail", "do"]);
        assert_ne!(check["state"], "failed", "{check}");
    }
    let names: Vec<_> = checks
        .iter()
        .map(|c| c["check"].as_str().unwrap())
        .collect();
    assert_eq!(names[0], "database");
    assert!(
        names.contains(&"tiktok_shop") && names.contains(&"model"),
        "{names:?}"
    );
}

fn answering(home: &Home, day: &sextant::sandbox::Running, rows: &[Value]) {
    let (answered, sent) = reply_by_template(home, rows);
    assert_eq!(sent["state"], "sent", "{sent}");
    let of_platform = sent["platform_id"].as_str().unwrap();
    let taken = day.stats().sent;
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].message_id, of_platform);
    assert_eq!(taken[0].text, sent["text"].as_str().unwrap());

    // Polling brings the same message back: there is one, and it is sent.
    home.one(&["sync", "--once", "--json"]);
    let shown = home.one(&["show", &answered, "--json"]);
    has(&shown, &["id", "messages", "orders", "drafts", "events"]);
    let messages = shown["messages"].as_array().unwrap();
    let ours: Vec<_> = messages
        .iter()
        .filter(|m| m["text"] == sent["text"])
        .collect();
    assert_eq!(ours.len(), 1, "{messages:?}");
    has(ours[0], &["id", "from", "text", "sent_at", "state"]);
    assert_eq!(
        (&ours[0]["from"], &ours[0]["state"]),
        (&"agent".into(), &"sent".into())
    );

    // Held, and taken back: the text is the draft again, and nothing has left.
    let (other, text) = (id(&rows[1]), "A person is looking into it.");
    let held = home.one(&["reply", other, "--text", text, "--json"]);
    assert_eq!(held["state"], "held");
    assert!(held["platform_id"].is_null());
    let undone = home.one(&["undo", other, "--json"]);
    assert_eq!(undone["action"], "reply");
    let shown = home.one(&["show", other, "--json"]);
    assert_eq!(shown["drafts"][0]["text"], text);
    let sent = home.one(&["reply", other, "--draft", "--now", "--json"]);
    assert_eq!(sent["state"], "sent");
    let shown = home.one(&["show", other, "--json"]);
    assert_eq!(shown["drafts"].as_array().unwrap().len(), 0);
    assert_eq!(day.stats().sent.len(), 2);
    let late = home.run(&["undo", other]);
    assert_eq!(late.code, 2, "{}", late.err);
    assert!(late.err.contains("sent"), "{}", late.err);
}

fn acts(home: &Home, rows: &[Value]) {
    let of = id(&rows[2]);
    let state = || home.one(&["show", of, "--json"])["state"].clone();
    let is_listed = |queue: &str| {
        let rows = home.json(&["list", "--queue", queue, "--limit", "500", "--json"]);
        rows.iter().any(|row| id(row) == of)
    };
    assert_eq!(home.run(&["done", of]).code, 0);
    assert_eq!(state(), "done");
    assert!(is_listed("done") && !is_listed("open"));
    assert_eq!(home.run(&["reopen", of]).code, 0);
    assert_eq!(state(), "open");
    assert_eq!(home.run(&["snooze", of, "3h"]).code, 0);
    assert!(is_listed("snoozed") && !is_listed("open"));
    // Back through every act, the last one first.
    for expected in ["open", "done", "open"] {
        assert_eq!(home.run(&["undo", of]).code, 0);
        assert_eq!(state(), expected);
    }
    let partly = home.run(&["done", of, "00000000-dead"]);
    assert_eq!(partly.code, 3, "{}", partly.err);
    assert!(partly.err.contains("00000000-dead"), "{}", partly.err);
    assert_eq!(state(), "done");
}

fn labels(home: &Home, rows: &[Value]) {
    let row = rows
        .iter()
        .skip(3)
        .find(|r| r["outcome"] == "intent")
        .unwrap();
    let of = id(row);
    let shown = || home.one(&["show", of, "--json"])["messages"].clone();
    let newest = |messages: &Value| {
        let messages = messages.as_array().unwrap();
        let mut buyers = messages.iter().filter(|m| m["from"] == "buyer");
        buyers.next_back().unwrap().clone()
    };
    let before = shown();
    let was = newest(&before)["intent"].clone();
    let wanted = Intent::all()
        .map(Intent::key)
        .find(|key| was != *key)
        .unwrap();
    assert_eq!(home.run(&["relabel", of, wanted]).code, 0);
    let labelled = newest(&shown());
    assert_eq!(labelled["intent"], wanted);
    assert_eq!(labelled["verdict"], "corrected");
    assert_eq!(home.run(&["undo", of]).code, 0);
    assert_eq!(shown(), before, "the prediction is not what it was");
    if was.is_null() {
        return;
    }
    assert_eq!(home.run(&["confirm", of]).code, 0);
    let confirmed = newest(&shown());
    assert_eq!(
        (&confirmed["intent"], &confirmed["verdict"]),
        (&was, &"confirmed".into())
    );
    assert_eq!(home.run(&["undo", of]).code, 0);
    assert_eq!(shown(), before);
}

/// Nothing of the credentials or tokens is anywhere but in the secrets folder, which only its owner can read.
fn secrets_stay_where_they_belong(home: &Home, day: &sextant::sandbox::Running) {
    use std::os::unix::fs::PermissionsExt;
    let data = home.data();
    let kept = files(&data.join("secrets"));
    assert_eq!(kept.len(), 1, "{kept:?}");
    let kept: Value = serde_json::from_slice(&std::fs::read(&kept[0]).unwrap()).unwrap();
    let secrets = [
        day.credentials().app_secret,
        kept["tokens"]["access"].as_str().unwrap().to_owned(),
        kept["tokens"]["refresh"].as_str().unwrap().to_owned(),
        kept["shops"][0]["cipher"].as_str().unwrap().to_owned(),
    ];
    assert!(secrets.iter().all(|s| s.len() >= 8), "{secrets:?}");
    let mut looked_at = 0;
    for path in files(&data) {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode & 0o077, 0, "{} is {mode:o}", path.display());
        if path.starts_with(data.join("secrets")) {
            assert_eq!(mode, 0o600, "{}", path.display());
            continue;
        }
        looked_at += 1;
        let bytes = std::fs::read(&path).unwrap();
        for secret in &secrets {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "a secret is in {}", path.display());
        }
    }
    assert!(looked_at >= 2, "the database and the log at least");
    for folder in [data.clone(), data.join("secrets"), data.join("logs")] {
        let mode = std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o700, "{}", folder.display());
    }
}

#[test]
fn what_the_sandbox_prints_connects_to_it_and_nothing_of_it_is_repeated() {
    let home = Home::new();
    let mut serving = home
        .command(&["sandbox", "--seed", "9", "--fault", "slow_response"])
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(serving.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let told: Value = serde_json::from_str(&line).unwrap();
    has(
        &told,
        &[
            "base_url",
            "app_key",
            "app_secret",
            "service_id",
            "consent_url",
            "faults",
        ],
    );
    assert!(told["faults"].as_array().unwrap().len() >= 20);
    let mut given = told.clone();
    for key in ["base_url", "faults"] {
        given.as_object_mut().unwrap().remove(key);
    }
    let base_url = told["base_url"].as_str().unwrap();
    let added = home.connect(base_url, &given.to_string());
    let accounts = home.json(&["account", "list", "--json"]);
    let secret = told["app_secret"].as_str().unwrap();
    let bad = home.run_with(
        &["account", "add", "tiktok_shop"],
        format!("{{\"app_key\":1,\"app_secret\":\"{secret}\"}}\n").as_bytes(),
    );
    let removed = home.run(&["account", "remove", accounts[0]["id"].as_str().unwrap()]);
    let after = home.json(&["account", "list", "--json"]);
    let unreachable = home.run(&["sync", "--once"]);
    serving.kill().unwrap();
    serving.wait().unwrap();

    assert_eq!(added.code, 0, "{}", added.err);
    assert_eq!(accounts.len(), 1);
    assert_eq!(bad.code, 2, "{}", bad.err);
    for said in [&added, &bad, &removed, &unreachable] {
        assert!(
            !said.out.contains(secret) && !said.err.contains(secret),
            "{}",
            said.err
        );
    }
    assert_eq!(removed.code, 0, "{}", removed.err);
    assert!(after.is_empty(), "nothing was stored of it: {after:?}");
    assert_eq!(
        files(&home.data().join("secrets")),
        Vec::<std::path::PathBuf>::new()
    );
    assert_eq!(unreachable.code, 0, "{}", unreachable.err);
    assert!(
        unreachable.err.contains("account add"),
        "{}",
        unreachable.err
    );
}

#[test]
fn a_round_in_which_a_reply_failed_is_partly_done_and_says_which() {
    let day = sandbox();
    let home = Home::with_model();
    home.file("config.toml", "[outbox]\nhold_seconds = 0\n");
    assert_eq!(home.connect(&day.base_url, &credentials(&day)).code, 0);
    home.one(&["sync", "--once", "--json"]);
    let rows = home.json(&["list", "--limit", "500", "--json"]);
    let queued = rows.iter().find_map(|row| {
        let said = home.run(&["reply", id(row), "--text", "On WhatsApp, please.", "--json"]);
        (said.code == 0).then(|| said.json().remove(0))
    });
    assert_eq!(queued.expect("nobody takes replies")["state"], "held");

    let said = home.run(&["sync", "--once", "--json"]);
    assert_eq!(said.code, 3, "{}", said.err);
    assert!(
        said.err.contains("is failed_final") && said.err.to_lowercase().contains("sensitive"),
        "{}",
        said.err
    );
    let reply = &said.json()[0]["outbox"][0];
    assert_eq!(reply["state"], "failed_final");
    assert!(reply["error"].is_string(), "{reply}");
    assert_eq!(home.run(&["sync", "--once", "--json"]).code, 0);
}
