//! `sextant keys`: the table of actions, with the keys that the user's file gives them.

use super::args::Language;
use super::context::Context;
use super::{Ended, look, out};
use crate::config::ScreenLang;
use crate::tui::action::Action;
use crate::tui::i18n::Lang;
use crate::tui::keymap::Keymap;
use serde_json::json;

pub fn run(context: &Context, lang: Option<Language>, as_json: bool) -> anyhow::Result<Ended> {
    let keymap = look::keymap(context)?;
    let lang = match (lang, context.config.screen.lang) {
        (Some(Language::Zh), _) | (None, Some(ScreenLang::Zh)) => Lang::Zh,
        _ => Lang::En,
    };
    for action in Action::all() {
        let (keys, modes) = (keys(&keymap, action), modes(action));
        if as_json {
            out::json(&json!({
                "name": action.name(), "keys": keys, "modes": modes, "description": lang.action(action),
                "headless": action.headless(),
            }))?;
        } else {
            let headless = action
                .headless()
                .map(|command| format!("  = sextant {command}"));
            out::line(format!(
                "{:<16} {:<18} {}{}",
                action.name(),
                keys.join(", "),
                lang.action(action),
                headless.unwrap_or_default()
            ))?;
        }
    }
    Ok(Ended::Done)
}

/// As they are written in the user's file: `g g`.
fn keys(keymap: &Keymap, action: Action) -> Vec<String> {
    let sequences = keymap.keys(action).iter();
    sequences
        .map(|keys| {
            keys.iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

fn modes(action: Action) -> Vec<String> {
    let modes = action.modes().iter();
    modes
        .map(|mode| format!("{mode:?}").to_lowercase())
        .collect()
}
