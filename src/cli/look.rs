//! How the inbox looks and what its keys are: flags of the configuration, files beside it, what was chosen at the screen.
//!
//! The one rule: what a file says wrongly is told with file and line before the screen opens.

use super::context::Context;
use crate::config::ScreenLang;
use crate::domain::{Intent, Risk};
use crate::toml_file::{self, FileError};
use crate::tui::i18n::Lang;
use crate::tui::keymap::Keymap;
use crate::tui::runner::Memory;
use crate::tui::terminal;
use crate::tui::theme::{Styles, Terminal, ThemeName};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The defaults, with `keys.toml` beside the configuration file laid over them.
pub fn keymap(context: &Context) -> Result<Keymap, FileError> {
    Keymap::load(&context.paths.beside_config("keys.toml"))
}

/// A theme that is loaded, and what loads the next one.
pub struct Theme {
    pub name: ThemeName,
    pub styles: Styles,
    pub terminal: Terminal,
    pub folder: PathBuf,
}

/// What was chosen at the screen, else what is configured, else as the terminal is.
pub fn theme(context: &Context, memory: &Memory) -> Result<Theme, FileError> {
    let folder = context.paths.beside_config("themes");
    let is_there = |name: &ThemeName| match name {
        ThemeName::Own(own) => folder.join(format!("{own}.toml")).exists(),
        _ => true,
    };
    let configured = context.config.screen.theme.as_deref();
    let chosen = memory.theme().filter(is_there);
    let is_chosen = chosen.is_some();
    let name = chosen
        .or_else(|| configured.map(ThemeName::from_name))
        .unwrap_or(ThemeName::Auto);
    let terminal = terminal::look(&name);
    let styles = Styles::load(&name, terminal, Some(&folder)).map_err(|error| match error {
        // No such theme: the line to mend is the configuration's.
        FileError::Invalid {
            file, what, hint, ..
        } if !is_chosen && file == "theme" => in_config(context, "theme", what, hint),
        other => other,
    })?;
    Ok(Theme {
        name,
        styles,
        terminal,
        folder,
    })
}

/// What was chosen at the screen, else what is configured; `None` where nobody said.
pub fn chosen_lang(context: &Context, memory: &Memory) -> Option<Lang> {
    let configured = context.config.screen.lang.map(|lang| match lang {
        ScreenLang::En => Lang::En,
        ScreenLang::Zh => Lang::Zh,
    });
    memory.lang().or(configured)
}

/// The language of the environment.
pub fn locale() -> Lang {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty());
    Lang::from_locale(&set.unwrap_or_default())
}

/// The intents for which a digit alone sends. What can do harm is not among them, whatever the file says.
pub fn quick(context: &Context) -> Result<BTreeSet<Intent>, FileError> {
    let mut quick = BTreeSet::new();
    for key in &context.config.desk.quick {
        let wrong = |what: String, hint: Option<String>| {
            in_config(context, &format!("{key}\""), what, hint)
        };
        let shown = crate::text::sanitise(key);
        let Some(intent) = Intent::from_key(key) else {
            let nearest = Intent::nearest_key(key);
            return Err(wrong(
                format!("there is no intent `{shown}` for `quick`"),
                Some(format!("did you mean `{nearest}`?")),
            ));
        };
        if intent.risk() != Risk::Normal {
            return Err(wrong(
                format!(
                    "`{shown}` is of {} risk, and a digit alone sends only what can do no harm",
                    intent.risk()
                ),
                Some("take it out of `quick`".to_owned()),
            ));
        }
        quick.insert(intent);
    }
    Ok(quick)
}

fn in_config(context: &Context, needle: &str, what: String, hint: Option<String>) -> FileError {
    let path = &context.paths.config_file;
    let text = toml_file::read(path).unwrap_or_default();
    FileError::at(&path.display().to_string(), &text, needle, what, hint)
}
