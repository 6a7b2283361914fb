//! None of the 44 hostile inputs reaches a terminal, a pipe or the log, whichever way it comes in.

#[path = "../fixtures/hostile.rs"]
mod inputs;

use crate::program::{Home, Said, files};
use serde_json::{Value, json};

/// Code points that no surface may show. Written from the rules, not from the sanitiser's own table. The joiner between
/// two pictographs and the emoji selector are part of what people write.
fn is_forbidden(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(u32::from(c),
            0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x180E | 0x200B | 0x200E..=0x200F | 0x2028..=0x202E
            | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0E | 0xFEFF | 0xFFA0 | 0xFFF9..=0xFFFB | 0xE0000..=0xE0FFF)
}

fn clean(what: &str, text: &str) {
    // A progress bar clears its own line on a terminal only; here nothing may.
    if let Some(at) = text.find(is_forbidden) {
        let c = text[at..].chars().next().unwrap();
        let around: String = text[..at].chars().rev().take(40).collect();
        panic!(
            "{what}: U+{:04X} after {:?}",
            u32::from(c),
            around.chars().rev().collect::<String>()
        );
    }
}

fn strings(value: &Value, each: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(items) => items.iter().for_each(|v| strings(v, each)),
        Value::Object(map) => map.values().for_each(|v| strings(v, each)),
        _ => {}
    }
}

/// Nothing on either stream, nor in what the JSON's escapes stand for.
fn check(what: &str, said: &Said) {
    clean(what, &said.out);
    clean(what, &said.err);
    for line in said.out.lines().filter(|l| l.starts_with('{')) {
        if let Ok(value) = serde_json::from_str(line) {
            strings(&value, &mut |text| clean(what, text));
        }
    }
}

#[test]
fn nothing_hostile_is_shown_or_logged() {
    let home = Home::with_model();
    let rows: Vec<String> = inputs::inputs()
        .iter()
        .enumerate()
        .map(|(n, (number, name, text))| {
            // What is over the limit of a file comes in as long as a file may carry it.
            let mut text = text.clone();
            let limit = (0..=60_000).rev().find(|i| text.is_char_boundary(*i)).unwrap();
            text.truncate(limit);
            // NUL is refused in files; the platforms' own way in is tested with it.
            let text = text.replace('\0', "\u{1}");
            json!({ "id": format!("{number}-{n}"), "text": text, "author": text.chars().take(200).collect::<String>(),
                "label": name, "source": text.chars().take(60).collect::<String>() })
            .to_string()
        })
        .collect();
    let count = rows.len();
    let file = home.file("hostile.jsonl", rows.join("\n"));
    let imported = home.run(&["import", &file, "--channel", "file"]);
    check("import", &imported);
    let classified = home.run(&["classify", &file, "--json"]);
    check("classify --json", &classified);
    check("classify", &home.run(&["classify", &file]));
    check("sync", &home.run(&["sync", "--once"]));
    let listed = home.run(&["list", "--limit", "500", "--json"]);
    check("list --json", &listed);
    let rows = listed.json();
    assert!(rows.len() > count - 10, "{} of {count}", rows.len());
    let text = home.run(&["list", "--limit", "500"]);
    check("list", &text);
    assert_eq!(text.out.lines().count(), rows.len(), "a row is one line");
    // Every third, and both forms: a program start for each.
    for row in rows.iter().step_by(3) {
        let id = row["id"].as_str().unwrap();
        let shown = home.run(&["show", id]);
        assert_eq!(shown.code, 0, "{}", shown.err);
        check("show", &shown);
        check("show --json", &home.run(&["show", id, "--json"]));
    }
    for said in [
        home.run(&["show", "\u{1b}[2Jx"]),
        home.run(&["list", "--queue", "\u{1b}]0;owned\u{7}"]),
        home.run(&["list", "--intent", "\u{202e}x"]),
        home.run(&["relabel", "\u{9b}31m", "\u{9b}31m"]),
        home.run(&["snooze", "abcd", "\u{1b}[2J"]),
        home.run(&["import", &file, "--channel", "\u{1b}[2J"]),
        home.run(&["import", &file, "--channel", "file", "--map", "\u{1b}[2J=x"]),
        home.run(&["import", &file, "--channel", "file", "--as", "history"]),
        home.run(&["classify", "\u{1b}[2J"]),
        home.run(&["account", "remove", "\u{1b}[2J"]),
        home.run(&["account", "add", "\u{1b}[2J"]),
        home.run(&[
            "reply",
            "abcd",
            "--template",
            "\u{1b}[2J",
            "--set",
            "\u{1b}[2J",
        ]),
    ] {
        assert_ne!(said.code, 0);
        check("an error", &said);
    }
    let mut logs = 0;
    for path in files(&home.data().join("logs")) {
        logs += 1;
        clean(
            "the log",
            &String::from_utf8(std::fs::read(path).unwrap()).unwrap(),
        );
    }
    assert!(logs > 0);
}
