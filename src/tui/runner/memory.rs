//! What a person chose at the screen, kept in the data folder: language, theme, the last commands.
//!
//! The one rule: it is a convenience. A file that cannot be read is an empty one, and nothing else is kept here.

use crate::toml_file;
use crate::tui::action::Action;
use crate::tui::i18n::Lang;
use crate::tui::theme::ThemeName;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::Path;

const FILE: &str = "screen.toml";

/// Names, so that a file of another version still says what it can.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    lang: Option<String>,
    theme: Option<String>,
    recent: Vec<String>,
}

impl Memory {
    pub fn new(lang: Option<Lang>, theme: Option<&ThemeName>, recent: &[Action]) -> Self {
        Self {
            lang: lang.map(|lang| lang.code().to_owned()),
            theme: theme.map(|theme| theme.as_str().to_owned()),
            recent: recent.iter().map(|a| a.name().to_owned()).collect(),
        }
    }

    /// What is kept in `folder`; nothing where nothing was.
    pub fn read(folder: &Path) -> Self {
        let path = folder.join(FILE);
        if !path.exists() {
            return Self::default();
        }
        let read = toml_file::read(&path).and_then(|text| toml_file::parse(FILE, &text));
        read.unwrap_or_else(|error| {
            tracing::warn!(%error, "what was chosen at the screen is forgotten");
            Self::default()
        })
    }

    /// Replaces what is kept, at once or not at all.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let text = toml::to_string(self)?;
        let path = folder.join(FILE);
        let fresh = folder.join(format!("{FILE}.{}", std::process::id()));
        fs::write(&fresh, text)
            .and_then(|()| fs::rename(&fresh, &path))
            .with_context(|| format!("{} cannot be written", path.display()))
    }

    pub fn lang(&self) -> Option<Lang> {
        self.lang.as_deref().and_then(Lang::from_code)
    }

    pub fn theme(&self) -> Option<ThemeName> {
        self.theme.as_deref().map(ThemeName::from_name)
    }

    pub fn recent(&self) -> Vec<Action> {
        let known = self.recent.iter();
        known.filter_map(|name| Action::from_name(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_comes_back_and_what_is_damaged_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Memory::read(dir.path()), Memory::default());
        let kept = Memory::new(
            Some(Lang::Zh),
            Some(&ThemeName::Light),
            &[Action::Done, Action::Queue(3)],
        );
        kept.write(dir.path()).unwrap();
        let back = Memory::read(dir.path());
        assert_eq!(
            (back.lang(), back.theme()),
            (Some(Lang::Zh), Some(ThemeName::Light))
        );
        assert_eq!(back.recent(), [Action::Done, Action::Queue(3)]);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::write(dir.path().join(FILE), "lang = [").unwrap();
        assert_eq!(Memory::read(dir.path()), Memory::default());
    }
}
