//! Who may name whom, checked by reading `src`.
//!
//! Cargo guards the seams between packages; this is one package, so these tests guard the seams between
//! its folders. The tables are the rules, and the place to change them. They hold for the product's code:
//! comments, strings and `#[cfg(test)]` items are not read.

#![allow(clippy::unwrap_used, reason = "a test may stop at what it cannot read")]

#[path = "architecture/source.rs"]
mod source;

use source::{Source, entries_of_src, first_names, root, source_files, tracked_files};
use std::fs;

/// A place in `src`, and the entries of `src` that it may use beside itself. The longest place that
/// matches a file decides. What stands in [`TOP`] may use everything.
const USES: &[(&str, &[&str])] = &[
    ("text", &[]),
    ("domain", &["text"]),
    ("toml_file", &["text"]),
    ("config", &["text", "toml_file"]),
    ("http", &["text"]),
    ("channel", &["domain", "http", "text"]),
    ("embed", &["text"]),
    ("embed/model", &["http", "text"]),
    ("classify", &["domain", "embed", "text", "toml_file"]),
    ("template", &["domain", "text", "toml_file"]),
    ("store", &["domain", "embed", "text"]),
    // The other side of the wire: shared code would be shared mistakes.
    ("sandbox", &[]),
    (
        "engine",
        &[
            "channel",
            "classify",
            "config",
            "domain",
            "embed",
            "http",
            "store",
            "template",
            "text",
            "toml_file",
        ],
    ),
    // Values of the engine and the nouns; the store and the channels only through the engine.
    (
        "tui",
        &[
            "config",
            "domain",
            "engine",
            "template",
            "text",
            "toml_file",
        ],
    ),
    (
        "demo",
        &[
            "channel", "classify", "config", "domain", "embed", "engine", "http", "sandbox",
            "store", "template", "text",
        ],
    ),
];

/// The top of the program, where everything meets.
const TOP: &[&str] = &["cli", "lib", "main"];

/// A crate, and the places that may name it.
const CRATES: &[(&str, &[&str])] = &[
    ("axum", &["sandbox"]),
    ("clap", &["cli", "main"]),
    ("crossterm", &["tui"]),
    ("fastembed", &["embed/fast"]),
    ("indicatif", &["cli", "main"]),
    ("lingua", &["classify"]),
    ("minijinja", &["template"]),
    ("nucleo_matcher", &["tui"]),
    ("ratatui", &["tui"]),
    ("ratatui_textarea", &["tui"]),
    ("reqwest", &["http"]),
    // A second SQLite in one process breaks the locks of the first.
    ("rusqlite", &[]),
    ("rustix", &["tui/terminal"]),
    ("sqlx", &["store"]),
    ("terminal_colorsaurus", &["tui/terminal"]),
];

/// Who may call `RawText::expose`, and why. Nothing that is exposed may reach a person.
const EXPOSES: &[(&str, &str)] = &[
    ("text", "defines it and sanitises"),
    ("store", "keeps what came as it came"),
    ("channel", "signs and sends the bytes of a reply"),
    (
        "engine/orders",
        "looks for order numbers in a buyer's words",
    ),
    (
        "engine/compose",
        "brings a person's own draft back as it was written",
    ),
    ("engine/transfer", "writes what came into an export"),
];

/// Macros that write to the terminal, and who may use them.
const PRINTS: &[&str] = &["dbg", "eprint", "eprintln", "print", "println"];
const PRINTERS: &[&str] = &["cli", "main"];

/// Folders that exist only on the machine of whoever wrote a file.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk"), concat!("/ro", "ot")];

#[test]
fn a_folder_uses_only_what_the_table_allows() {
    assert_none(broken_in_src(forbidden_uses));
}

#[test]
fn every_entry_of_src_has_a_rule() {
    let without: Vec<_> = entries_of_src()
        .into_iter()
        .filter(|entry| !is_top(entry) && !USES.iter().any(|(place, _)| place == entry))
        .collect();
    assert!(without.is_empty(), "add these to USES: {without:?}");
}

#[test]
fn a_crate_is_named_only_in_its_own_place() {
    assert_none(broken_in_src(foreign_crates));
}

#[test]
fn strangers_text_is_exposed_only_where_the_list_says_why() {
    assert_none(broken_in_src(exposures));
}

#[test]
fn only_the_command_line_prints() {
    assert_none(broken_in_src(prints));
}

#[test]
fn every_source_file_begins_by_saying_what_it_is() {
    let silent: Vec<_> = source_files()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| format!("src/{path} does not begin with //!"))
        .collect();
    assert_none(silent);
}

#[test]
fn no_tracked_file_names_a_path_of_the_machine_it_was_written_on() {
    let mut found = Vec::new();
    for path in tracked_files() {
        // A tracked file that was just deleted is no news here.
        let Ok(bytes) = fs::read(root().join(&path)) else {
            continue;
        };
        for line in machine_paths(&String::from_utf8_lossy(&bytes)) {
            found.push(format!("{}:{line} names a machine path", path.display()));
        }
    }
    assert_none(found);
}

#[test]
fn planted_violations_are_found() {
    let uses = |path, text| forbidden_uses(&Source::new(path, text));
    assert_eq!(
        uses("store/inbox.rs", "\nuse crate::engine::Engine;"),
        ["src/store/inbox.rs:2: store may not use engine"]
    );
    assert_eq!(
        uses(
            "text/mod.rs",
            "use crate::{domain::{Intent, http}, text, store};"
        )
        .len(),
        2
    );
    assert_eq!(
        uses(
            "embed/fast.rs",
            "fn f() { let x = crate :: http::get(b'\"'); }"
        )
        .len(),
        1
    );
    assert_eq!(uses("embed/model/source.rs", "use crate::http;").len(), 0);
    assert_eq!(
        uses("embed/fast.rs", "use super::super::http::Http;").len(),
        1
    );
    assert_eq!(
        uses(
            "sandbox/mod.rs",
            "macro_rules! m { () => { $crate::domain::X } }"
        )
        .len(),
        1
    );
    assert_eq!(uses("domain/ids.rs", "use crate::*;").len(), 1);

    let crates = |path, text| foreign_crates(&Source::new(path, text)).len();
    assert_eq!(
        crates("engine/mod.rs", "use sqlx::{Pool, Row};\n#[sqlx(rename)]"),
        2
    );
    assert_eq!(crates("embed/model.rs", "::fastembed::X"), 1);
    assert_eq!(crates("store/mod.rs", "use rusqlite as r;"), 1);
    assert_eq!(crates("store/mod.rs", "use sqlx::Row;"), 0);

    let exposed = |path, text| exposures(&Source::new(path, text)).len();
    assert_eq!(exposed("engine/poll.rs", "m.text\n  .expose()"), 1);
    assert_eq!(exposed("engine/poll.rs", "map(RawText::expose)"), 1);
    assert_eq!(
        exposed("engine/orders.rs", "m.text.expose(); key.expose_secret()"),
        0
    );

    assert_eq!(
        prints(&Source::new("engine/mod.rs", "println!(\"x\"); dbg!(x)")).len(),
        2
    );
    assert_eq!(
        prints(&Source::new("cli/mod.rs", "println!(\"x\")")),
        [""; 0]
    );

    let home = MACHINE_PATHS[0];
    assert_eq!(
        machine_paths(&format!("a\ncd {home}/x\n\"{home}\"")),
        [2, 3]
    );
    assert_eq!(
        machine_paths(&format!("https://a.example{home}/1 {home}flow")),
        [0; 0]
    );
}

#[test]
fn comments_strings_and_test_modules_are_not_read() {
    let text = r##"
        //! [`Engine`](crate::engine::Engine)
        /* use crate::engine; /* nested */ use sqlx; */
        const A: &str = "crate::engine \" sqlx";
        const B: &str = r#"use crate::store; "println!()" "#;
        const C: char = '"'; const D: char = '\''; fn life<'a>(x: &'a str) {}
        #[cfg(test)]
        mod tests { use crate::engine::Engine; fn f() { println!("{}", x.expose()); } }
        use crate::store::Late;
    "##;
    let file = Source::new("text/mod.rs", text);
    assert_eq!(
        forbidden_uses(&file),
        ["src/text/mod.rs:9: text may not use store"]
    );
    assert_eq!(foreign_crates(&file), [""; 0]);
    assert_eq!(prints(&file), [""; 0]);
    assert_eq!(exposures(&Source::new("engine/poll.rs", text)), [""; 0]);
}

fn forbidden_uses(file: &Source) -> Vec<String> {
    let entry = file.entry();
    if is_top(entry) {
        return Vec::new();
    }
    let places = USES.iter().filter(|(place, _)| file.is_in(place));
    let allowed = places
        .max_by_key(|(place, _)| place.len())
        .map_or(&[][..], |(_, uses)| uses);
    let mut broken = Vec::new();
    for at in 0..file.tokens.len() {
        for name in names_at_root(file, at) {
            if name != entry && !allowed.contains(&name.as_str()) {
                broken.push(file.broken(at, &format!("{entry} may not use {name}")));
            }
        }
    }
    broken
}

/// The entries of `src` that a path beginning at token `at` leads to.
fn names_at_root(file: &Source, at: usize) -> Vec<String> {
    let mut next = at;
    match file.text(at) {
        "crate" if file.text(at + 1) == "::" => next += 2,
        "super" if at == 0 || file.text(at - 1) != "::" => {
            while file.text(next) == "super" && file.text(next + 1) == "::" {
                next += 2;
            }
            if (next - at) / 2 < file.depth() {
                return Vec::new();
            }
        }
        _ => return Vec::new(),
    }
    let known = |name: &String| name == "*" || is_top(name) || USES.iter().any(|(p, _)| p == name);
    first_names(file, next).into_iter().filter(known).collect()
}

fn foreign_crates(file: &Source) -> Vec<String> {
    broken_at(file, |at| {
        let (name, places) = CRATES.iter().find(|(name, _)| *name == file.text(at))?;
        let elsewhere = !places.iter().any(|place| file.is_in(place));
        elsewhere.then(|| format!("only {places:?} may name {name}"))
    })
}

fn exposures(file: &Source) -> Vec<String> {
    if EXPOSES.iter().any(|(place, _)| file.is_in(place)) {
        return Vec::new();
    }
    broken_at(file, |at| {
        let called = file.text(at) == "expose" && at > 0 && matches!(file.text(at - 1), "." | "::");
        called.then(|| "exposes a stranger's text: use RawText::safe".to_owned())
    })
}

fn prints(file: &Source) -> Vec<String> {
    if PRINTERS.iter().any(|place| file.is_in(place)) {
        return Vec::new();
    }
    broken_at(file, |at| {
        let prints = PRINTS.contains(&file.text(at)) && file.text(at + 1) == "!";
        prints.then(|| "prints: return the value, or log it".to_owned())
    })
}

/// The lines, from 1, on which a path of [`MACHINE_PATHS`] begins.
fn machine_paths(text: &str) -> Vec<usize> {
    let in_name = |c: char| c.is_alphanumeric() || "._-".contains(c);
    let names_one = |line: &str| {
        MACHINE_PATHS.iter().any(|path| {
            line.match_indices(path).any(|(at, _)| {
                !line[..at].ends_with(in_name) && !line[at + path.len()..].starts_with(in_name)
            })
        })
    };
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| names_one(line))
        .map(|(i, _)| i + 1)
        .collect()
}

fn broken_at(file: &Source, rule: impl Fn(usize) -> Option<String>) -> Vec<String> {
    (0..file.tokens.len())
        .filter_map(|at| Some(file.broken(at, &rule(at)?)))
        .collect()
}

fn broken_in_src(rule: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    source_files()
        .iter()
        .filter(|(path, _)| !path.ends_with("/tests.rs"))
        .flat_map(|(path, text)| rule(&Source::new(path, text)))
        .collect()
}

#[track_caller]
fn assert_none(broken: Vec<String>) {
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

fn is_top(entry: &str) -> bool {
    TOP.contains(&entry)
}
