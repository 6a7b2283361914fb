//! What the README says of the keys is what the table of actions says.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop at what it cannot read"
)]

use sextant::tui::action::Action;
use sextant::tui::i18n::Lang;
use sextant::tui::key::label;
use sextant::tui::keymap::Keymap;

const BEGIN: &str = "<!-- keys: printed from the table of actions; tests/readme.rs compares -->\n";
const END: &str = "<!-- end of keys -->";

/// One row an action with a key; the numbered ones as one.
fn table() -> String {
    let map = Keymap::default();
    let mut rows = vec![
        "| key | does | 中文 | without a screen |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    for action in Action::all() {
        let keys: Vec<String> = match action {
            Action::Template(1) => vec!["1…9".to_owned()],
            Action::Queue(1) => vec!["g1…g9".to_owned()],
            Action::Template(_) | Action::Queue(_) => continue,
            action => map.keys(action).iter().map(|k| label(k)).collect(),
        };
        if keys.is_empty() {
            continue;
        }
        let keys: Vec<String> = keys.iter().map(|k| format!("`{k}`")).collect();
        let headless = action
            .headless()
            .map_or_else(String::new, |h| format!("`sextant {h}`"));
        let cell = |text: String| {
            text.replace('|', "\\|")
                .replace("template 1", "template n")
                .replace("queue 1", "queue n")
                .replace("模板 1", "模板 n")
                .replace("第 1 个", "第 n 个")
        };
        rows.push(format!(
            "| {} | {} | {} | {headless} |",
            keys.join(" "),
            cell(Lang::En.action(action)),
            cell(Lang::Zh.action(action)),
        ));
    }
    rows.join("\n") + "\n"
}

#[test]
fn the_readme_shows_the_keys_as_they_are() {
    let readme = include_str!("../README.md");
    let (_, rest) = readme
        .split_once(BEGIN)
        .expect("the README has a table of keys");
    let (shown, _) = rest.split_once(END).expect("the table has an end");
    assert!(
        shown.trim() == table().trim(),
        "the README's table should be:\n{}",
        table()
    );
}

#[test]
fn every_act_has_a_twin_without_a_screen() {
    use sextant::tui::action::Mode;
    // What only moves about on the screen, types, or changes how it looks has nothing to be a twin of.
    let of_the_screen = [
        "down",
        "up",
        "top",
        "bottom",
        "half-page-down",
        "half-page-up",
        "back",
        "leave",
        "new-line",
        "editor",
        "copy",
        "accept",
        "pick-down",
        "pick-up",
        "cancel",
        "stop-model",
        "choose-english",
        "choose-chinese",
        "lang en",
        "lang zh",
        "theme auto",
        "theme dark",
        "theme light",
        "theme mono",
        "mouse",
        "redraw",
        "suspend",
        "quit",
    ];
    for action in Action::all() {
        let screen = of_the_screen.contains(&action.name());
        assert_eq!(action.headless().is_none(), screen, "{action}");
        assert!(action.modes().iter().all(|m| Mode::ALL.contains(m)));
    }
}
