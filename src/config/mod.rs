//! Where things are and what the user set: defaults < file < environment < flag.
//!
//! May use: `toml_file`, directories. The one rule: an unknown or unreadable key is an error with file, line and the
//! nearest valid key; nobody below `engine` reads a [`Config`], they get plain values.

mod paths;

pub use paths::{Paths, PathsError, private_folder};

use crate::toml_file::{self, FileError};
use jiff::SignedDuration;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The configuration file. Every key is optional.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub desk: Desk,
    pub outbox: Outbox,
    pub sync: Sync,
    pub model: Model,
    pub screen: Screen,
    /// A folder with example files, laid over the built-in ones. Default: `examples` beside the configuration file.
    pub examples: Option<PathBuf>,
    /// A folder with template files, laid over the built-in ones. Default: `templates` beside the configuration file.
    pub templates: Option<PathBuf>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Desk {
    /// The name that you sign replies with.
    pub agent: Option<String>,
    /// Intents of normal risk for which a digit alone sends to the held state.
    pub quick: Vec<String>,
}

/// How the inbox looks until a person chooses otherwise at the screen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Screen {
    pub lang: Option<ScreenLang>,
    /// `auto`, `dark`, `light`, `mono`, or a file of `themes` beside the configuration file.
    pub theme: Option<String>,
    /// Clicks and the wheel are the inbox's instead of the terminal's.
    pub mouse: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScreenLang {
    En,
    Zh,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Outbox {
    /// A reply can be recalled for so long before it leaves.
    pub hold_seconds: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sync {
    /// Pause between two polls of one account.
    pub poll_seconds: u32,
    /// Tell the platform that a conversation was read when it is answered.
    pub mark_read: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Model {
    /// A folder that holds `model.onnx` and `tokenizer.json`, instead of a download.
    pub folder: Option<PathBuf>,
    /// Threads for the embedding; default: all cores.
    pub threads: Option<usize>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self { hold_seconds: 8 }
    }
}

impl Default for Sync {
    fn default() -> Self {
        Self {
            poll_seconds: 60,
            mark_read: true,
        }
    }
}

impl Config {
    /// Reads the file; a file that is not there is an empty one, unless the user named it.
    ///
    /// # Errors
    /// Unreadable or unknown keys: with file, line, key and the nearest valid one.
    pub fn load(path: &Path, named_by_user: bool) -> Result<Self, FileError> {
        if !named_by_user && !path.exists() {
            return Ok(Self::default());
        }
        let text = toml_file::read(path)?;
        toml_file::parse(&path.display().to_string(), &text)
    }

    pub fn hold(&self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.outbox.hold_seconds))
    }

    pub fn poll_pause(&self) -> Duration {
        Duration::from_secs(u64::from(self.sync.poll_seconds.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_names_the_file_the_line_and_the_nearest_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, "[outbox]\nhold_secs = 3\n").unwrap();
        let error = Config::load(&path, true).unwrap_err().to_string();
        assert!(
            error.contains("config.toml, line 2: unknown field `hold_secs`"),
            "{error}"
        );
        assert!(error.ends_with("did you mean `hold_seconds`?"), "{error}");
    }

    #[test]
    fn the_screen_has_two_languages_and_no_key_that_is_not_known() {
        let parse = |text| toml_file::parse::<Config>("config.toml", text);
        let screen = parse("[screen]\nlang = \"zh\"\ntheme = \"mine\"\nmouse = true\n")
            .unwrap()
            .screen;
        assert_eq!(screen.lang, Some(ScreenLang::Zh));
        assert!(screen.mouse && screen.theme.as_deref() == Some("mine"));
        for (text, hint) in [
            ("[screen]\nlang = \"fr\"\n", "unknown variant `fr`"),
            ("[screen]\nmause = true\n", "did you mean `mouse`?"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains("line 2") && error.contains(hint), "{error}");
        }
    }

    #[test]
    fn no_file_means_the_defaults_but_a_named_one_must_be_there() {
        let path = Path::new("/nonexistent/config.toml");
        assert_eq!(Config::load(path, false).unwrap(), Config::default());
        assert!(Config::load(path, true).is_err());
    }
}
