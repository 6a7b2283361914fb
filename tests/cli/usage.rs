//! What a person mistypes is named, with what they may have meant.

use crate::program::Home;
use serde_json::json;

#[test]
fn a_mistyped_name_is_told_the_nearest_one() {
    let home = Home::new();
    let file = home.file("one.jsonl", json!({ "text": "where is it" }).to_string());
    home.one(&["import", &file, "--channel", "file", "--json"]);
    let id = home.one(&["list", "--json"])["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for (args, nearest) in [
        (
            vec!["reply", &id, "--template", "price_is_finl", "--now"],
            "price_is_final",
        ),
        (vec!["relabel", &id, "presale.stok"], "presale.stock"),
        (vec!["list", "--intent", "presale.stok"], "presale.stock"),
        (vec!["list", "--queue", "unknwon"], "unknown"),
        (
            vec!["import", &file, "--channel", "tiktok_shp"],
            "tiktok_shop",
        ),
        (
            vec!["import", &file, "--channel", "file", "--map", "txt=body"],
            "text",
        ),
        (vec!["account", "add", "tiktokshop"], "tiktok_shop"),
        (vec!["sandbox", "--fault", "rate_limt"], "rate_limit"),
        (vec!["lst"], "list"),
        (vec!["list", "--limt", "3"], "--limit"),
    ] {
        let said = home.run(&args);
        assert_eq!(said.code, 2, "{args:?}: {}", said.err);
        assert!(said.err.contains(nearest), "{args:?}: {}", said.err);
        assert!(said.out.is_empty(), "{args:?}: {}", said.out);
    }
    for (content, nearest) in [
        ("[outbox]\nhold_secnds = 3\n", "hold_seconds"),
        ("[otbox]\n", "outbox"),
    ] {
        home.file("config.toml", content);
        let said = home.run(&["list"]);
        assert_eq!(said.code, 2, "{}", said.err);
        assert!(said.err.contains("config.toml, line"), "{}", said.err);
        assert!(
            said.err.contains(&format!("did you mean `{nearest}`")),
            "{}",
            said.err
        );
    }
    home.file("config.toml", "[outbox]\nhold_seconds = \"long\"\n");
    let said = home.run(&["list"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("line 2"), "{}", said.err);
}

#[test]
fn what_is_not_there_is_said_in_a_sentence() {
    let home = Home::new();
    for args in [
        vec!["show", "00000000-dead"],
        vec!["show", "x"],
        vec!["reply", "00000000-dead", "--text", "hi"],
        vec!["snooze", "00000000-dead", "3h"],
        vec!["confirm", "00000000-dead"],
        vec!["undo"],
        vec!["account", "remove", "nobody"],
    ] {
        let said = home.run(&args);
        assert!([1, 2].contains(&said.code), "{args:?}: {}", said.code);
        assert!(said.err.starts_with("sextant: "), "{args:?}: {}", said.err);
        assert_eq!(said.err.lines().count(), 1, "{args:?}: {}", said.err);
        assert!(said.out.is_empty());
    }
    for args in [
        vec!["done"],
        vec!["reply", "abcd"],
        vec!["reply", "abcd", "--text", "a", "--draft"],
    ] {
        assert_eq!(home.run(&args).code, 2, "{args:?}");
    }
    assert_eq!(home.run(&["--help"]).code, 0);
    assert_eq!(home.run(&["list", "--json"]).out, "");
}

#[test]
fn an_imported_conversation_has_nobody_to_answer_and_says_so() {
    let home = Home::new();
    let file = home.file("one.jsonl", json!({ "text": "where is it" }).to_string());
    home.one(&["import", &file, "--channel", "file", "--json"]);
    let id = home.one(&["list", "--json"])["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let said = home.run(&["reply", &id, "--text", "hello", "--now"]);
    assert_eq!(said.code, 1, "{}", said.err);
    assert!(said.err.contains("nobody to send to"), "{}", said.err);
    // A relabel before anything was predicted says what to do first.
    let said = home.run(&["relabel", &id, "presale.stock"]);
    assert_eq!(said.code, 2, "{}", said.err);
    assert!(said.err.contains("sync"), "{}", said.err);
}
