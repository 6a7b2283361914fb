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

/// What is configured, else what was chosen at the screen, else as the terminal is. What somebody wrote into a file is meant, and
/// what is wrong in it is told.
pub fn theme(context: &Context, memory: &Memory) -> Result<Theme, FileError> {
    let folder = context.paths.beside_config("themes");
    let is_there = |name: &ThemeName| match name {
        ThemeName::Own(own) => folder.join(format!("{own}.toml")).exists(),
        _ => true,
    };
    let configured = context.config.screen.theme.as_deref();
    let is_configured = configured.is_some();
    let name = configured
        .map(ThemeName::from_name)
        .or_else(|| memory.theme().filter(is_there))
        .unwrap_or(ThemeName::Auto);
    let terminal = terminal::look(&name);
    let styles = Styles::load(&name, terminal, Some(&folder)).map_err(|error| match error {
        // No such theme: the line to mend is the configuration's.
        FileError::Invalid {
            file, what, hint, ..
        } if is_configured && file == "theme" => in_config(context, "theme", what, hint),
        other => other,
    })?;
    Ok(Theme {
        name,
        styles,
        terminal,
        folder,
    })
}

/// What is configured, else what was chosen at the screen; `None` where nobody said.
pub fn chosen_lang(context: &Context, memory: &Memory) -> Option<Lang> {
    let configured = context.config.screen.lang.map(|lang| match lang {
        ScreenLang::En => Lang::En,
        ScreenLang::Zh => Lang::Zh,
    });
    configured.or_else(|| memory.lang())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args::Global;

    fn context(config: &str) -> (tempfile::TempDir, Context) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        std::fs::write(&file, config).unwrap();
        let global = Global {
            data_dir: Some(dir.path().join("data")),
            config: Some(file),
            database: None,
        };
        let context = Context::new(&global).unwrap();
        (dir, context)
    }

    #[test]
    fn a_digit_alone_never_sends_where_it_could_do_harm() {
        let (_dir, ok) = context("[desk]\nquick = [\"presale.link_request\"]\n");
        assert_eq!(quick(&ok).unwrap().len(), 1);
        for (key, reason) in [
            ("refund.request", "is of high risk"),
            ("risk.legal_threat", "is of critical risk"),
            (
                "presale.link_reqest",
                "did you mean `presale.link_request`?",
            ),
        ] {
            let (_dir, wrong) = context(&format!(
                "[desk]\nquick = [\n  \"presale.link_request\",\n  \"{key}\",\n]\n"
            ));
            let error = quick(&wrong).unwrap_err().to_string();
            assert!(error.contains("config.toml, line 4"), "{error}");
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn an_unknown_theme_is_told_where_it_is_configured_and_a_chosen_one_that_is_gone_is_forgotten()
    {
        let (_dir, wrong) = context("[screen]\nlang = \"zh\"\ntheme = \"drak\"\n");
        let error = theme(&wrong, &Memory::default()).err().unwrap().to_string();
        assert!(error.contains("config.toml, line 3"), "{error}");
        assert!(error.contains("did you mean `dark`?"), "{error}");
        assert_eq!(chosen_lang(&wrong, &Memory::default()), Some(Lang::Zh));
        // What is written in the file is meant; what was chosen fills what is not.
        let chosen = Memory::new(
            Some(Lang::En),
            Some(&ThemeName::Own("gone".to_owned())),
            &[],
        );
        assert_eq!(chosen_lang(&wrong, &chosen), Some(Lang::Zh));
        let (_dir, light) = context("[screen]\ntheme = \"light\"\n");
        assert_eq!(theme(&light, &chosen).unwrap().name, ThemeName::Light);
        assert_eq!(chosen_lang(&light, &chosen), Some(Lang::En));
        let (dir, empty) = context("");
        assert_eq!(theme(&empty, &chosen).unwrap().name, ThemeName::Auto);
        std::fs::create_dir(dir.path().join("themes")).unwrap();
        std::fs::write(dir.path().join("themes/gone.toml"), "text = 3\n").unwrap();
        let error = theme(&empty, &chosen).err().unwrap().to_string();
        assert!(error.contains("gone.toml, line"), "{error}");
    }
}
