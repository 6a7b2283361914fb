//! Reading a TOML file that a person wrote: configuration, examples, templates.
//!
//! May use: `text`, serde, toml, strsim. The one rule: an error names the file, the line, the key and the nearest valid one.

use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("{file}, line {line}: {what}{}", .hint.as_ref().map(|h| format!("; {h}")).unwrap_or_default())]
    Invalid {
        file: String,
        line: usize,
        what: String,
        hint: Option<String>,
    },
    #[error("{file}: cannot be read: {why}")]
    Unreadable { file: String, why: String },
}

impl FileError {
    /// An error that the caller found in the values of `file`, at the first line that contains `needle`.
    pub fn at(file: &str, text: &str, needle: &str, what: String, hint: Option<String>) -> Self {
        let line = text
            .lines()
            .position(|l| l.contains(needle))
            .map_or(1, |i| i + 1);
        Self::Invalid {
            file: file.to_owned(),
            line,
            what,
            hint,
        }
    }
}

/// Reads the file at `path` as UTF-8.
pub fn read(path: &Path) -> Result<String, FileError> {
    let file = crate::text::sanitise(&path.display().to_string()).to_string();
    std::fs::read_to_string(path).map_err(|e| FileError::Unreadable {
        file,
        why: e.to_string(),
    })
}

/// The `*.toml` files of a folder, sorted by name; none where the folder does not exist.
pub fn list(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let unreadable = |e: std::io::Error| FileError::Unreadable {
        file: folder.display().to_string(),
        why: e.to_string(),
    };
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// Parses `text`, which came from `file` (a name to show).
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, FileError> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| {
            1 + text[..span.start.min(text.len())].matches('\n').count()
        });
        let what = crate::text::sanitise(error.message()).to_string();
        FileError::Invalid {
            file: file.to_owned(),
            line,
            hint: nearest_in_message(&what),
            what,
        }
    })
}

/// serde says "unknown field `x`, expected one of `a`, `b`": the names are there, so the nearest can be named.
fn nearest_in_message(message: &str) -> Option<String> {
    let mut names = message.split('`').skip(1).step_by(2);
    let unknown = message
        .starts_with("unknown ")
        .then(|| names.next())
        .flatten()?;
    nearest(unknown, names).map(|name| format!("did you mean `{name}`?"))
}

/// The candidate that looks most like `word`.
pub fn nearest<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .max_by(|a, b| strsim::jaro_winkler(a, word).total_cmp(&strsim::jaro_winkler(b, word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[allow(dead_code)]
        hold_seconds: Option<u64>,
        #[allow(dead_code)]
        poll_seconds: Option<u64>,
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_the_nearest_one() {
        let error = parse::<Sample>("config.toml", "poll_seconds = 3\nhold_second = 8\n")
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("config.toml, line 2: unknown field `hold_second`"),
            "{error}"
        );
        assert!(error.ends_with("did you mean `hold_seconds`?"), "{error}");
    }

    #[test]
    fn a_wrong_type_is_named_with_its_line() {
        let error = parse::<Sample>("c.toml", "\nhold_seconds = \"x\"")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("c.toml, line 2:"), "{error}");
    }
}
