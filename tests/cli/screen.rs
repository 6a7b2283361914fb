//! The screen from the outside: without a terminal, with wrong files, and its table of keys.

use crate::program::Home;
use serde_json::Value;

#[test]
fn without_a_terminal_the_inbox_names_the_commands_that_need_none() {
    let home = Home::new();
    for args in [vec![], vec!["demo"], vec!["demo", "--seconds", "3"]] {
        let said = home.run(&args);
        assert_eq!(said.code, 2, "{args:?}: {}", said.err);
        assert!(said.err.contains("terminal"), "{}", said.err);
        assert!(said.err.contains("sextant list"), "{}", said.err);
        assert_eq!((said.out.as_str(), said.err.lines().count()), ("", 1));
    }
    assert!(!home.data().exists(), "something was made");
}

#[test]
fn the_table_of_keys_is_printed_with_the_users_own() {
    let home = Home::new();
    home.file("keys.toml", "done = [\"D\", \"e\"]\ncopy = []\n");
    let rows = home.json(&["keys", "--json"]);
    let of = |name: &str| -> &Value {
        rows.iter()
            .find(|row| row["name"] == name)
            .unwrap_or_else(|| panic!("no {name}"))
    };
    assert!(rows.len() > 60);
    assert_eq!(of("done")["keys"], serde_json::json!(["D", "e"]));
    assert_eq!(of("top")["keys"][0], "g g");
    assert_eq!(of("copy")["keys"], serde_json::json!([]));
    assert_eq!(of("done")["headless"], "done ID");
    assert_eq!(of("quit")["headless"], Value::Null);
    assert!(
        of("done")["modes"]
            .as_array()
            .unwrap()
            .contains(&Value::from("inbox"))
    );
    let chinese = home.json(&["keys", "--json", "--lang", "zh"]);
    assert_ne!(chinese[0]["description"], rows[0]["description"]);
    assert_eq!(chinese.len(), rows.len());
    let plain = home.run(&["keys"]);
    assert_eq!(plain.out.lines().count(), rows.len());
    assert_eq!(home.run(&["keys", "--lang", "fr"]).code, 2);
}

#[test]
fn a_broken_file_of_keys_is_told_with_its_line() {
    let home = Home::new();
    home.file("keys.toml", "# mine\ndon = \"e\"\n");
    let said = home.run(&["keys"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("keys.toml, line 2"), "{}", said.err);
    assert!(said.err.contains("did you mean `done`"), "{}", said.err);
}
