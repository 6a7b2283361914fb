//! The labelled examples: readable files by parent, leaf and language, compiled in; a user's folder extends or overrides them.
//!
//! In a user's folder a file of the same form adds its examples; a leaf and language with `replace = true` in the
//! file's `[options]` replaces the built-in ones of that leaf and language instead.

use crate::domain::{Intent, taxonomy::PARENTS};
use crate::text::{SafeText, sanitise};
use crate::toml_file::{self, FileError};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Where an example comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    BuiltIn,
    /// A file of the user's folder.
    File,
    /// A correction or a confirmation on the desk.
    Desk,
}

/// A text that a person labelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Set for what can be taken back.
    pub id: Option<String>,
    pub text: SafeText,
    /// As in [`crate::domain::Classification::lang`].
    pub lang: String,
    pub intent: Intent,
    pub origin: Origin,
}

impl Example {
    pub fn built_in(text: &str, lang: &str, intent: Intent) -> Self {
        Self {
            id: None,
            text: sanitise(text),
            lang: lang.to_owned(),
            intent,
            origin: Origin::BuiltIn,
        }
    }
}

macro_rules! built_in {
    ($($parent:literal),+) => { [$(($parent, include_str!(concat!("examples/", $parent, ".toml")))),+] };
}

const BUILT_IN: [(&str, &str); 8] = built_in![
    "presale",
    "price",
    "order",
    "logistics",
    "aftersale",
    "refund",
    "risk",
    "social"
];

/// Leaf → language → texts, and what the file does to the built-in ones.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    options: Options,
    #[serde(flatten)]
    leaves: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    /// Replace the built-in examples of the leaves and languages that the file has.
    #[serde(default)]
    replace: bool,
}

/// The built-in examples.
///
/// # Errors
/// Only where a compiled-in file is wrong, which a test excludes.
pub fn built_in() -> Result<Vec<Example>, FileError> {
    let mut examples = Vec::new();
    for (parent, text) in BUILT_IN {
        read(
            &format!("{parent}.toml"),
            parent,
            text,
            Origin::BuiltIn,
            &mut examples,
        )?;
    }
    Ok(examples)
}

/// The built-in examples with the user's folder laid over them. A user's file is named after its parent: `presale.toml`.
///
/// # Errors
/// A file that cannot be read, is named after no parent, or has an unknown leaf: with file, line and the nearest name.
pub fn load(user: Option<&Path>) -> Result<Vec<Example>, FileError> {
    let mut examples = built_in()?;
    for path in user.map(toml_file::list).transpose()?.unwrap_or_default() {
        let name = path.display().to_string();
        let text = toml_file::read(&path)?;
        let stem = path
            .file_stem()
            .and_then(|s| s.to_str())
            .unwrap_or_default();
        let Some((parent, _)) = PARENTS.iter().find(|(p, _)| *p == stem) else {
            let hint = toml_file::nearest(stem, PARENTS.iter().map(|(p, _)| *p))
                .map(|n| format!("did you mean `{n}.toml`?"));
            return Err(FileError::at(
                &name,
                &text,
                "",
                "a file of examples is named after a parent of the taxonomy".into(),
                hint,
            ));
        };
        read(&name, parent, &text, Origin::File, &mut examples)?;
    }
    Ok(examples)
}

fn read(
    name: &str,
    parent: &str,
    text: &str,
    origin: Origin,
    into: &mut Vec<Example>,
) -> Result<(), FileError> {
    let file: File = toml_file::parse(name, text)?;
    for (leaf, languages) in file.leaves {
        let key = format!("{parent}.{leaf}");
        let Some(intent) = Intent::from_key(&key) else {
            let hint = Some(format!("did you mean `{}`?", Intent::nearest_key(&key)));
            return Err(FileError::at(
                name,
                text,
                &format!("[{leaf}"),
                format!("unknown intent `{key}`"),
                hint,
            ));
        };
        for (lang, texts) in languages {
            if file.options.replace {
                into.retain(|e| e.intent != intent || e.lang != lang);
            }
            into.extend(texts.iter().map(|t| Example {
                origin,
                ..Example::built_in(t, &lang, intent)
            }));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_leaf_has_twelve_examples_and_all_eleven_languages() {
        let examples = built_in().unwrap();
        for intent in Intent::all() {
            let of: Vec<_> = examples.iter().filter(|e| e.intent == intent).collect();
            assert!(of.len() >= 12, "{intent} has {}", of.len());
            for lang in [
                "en", "zh", "es", "pt", "id", "vi", "th", "ja", "de", "fr", "ar",
            ] {
                assert!(
                    of.iter().any(|e| e.lang == lang),
                    "{intent} has none in {lang}"
                );
            }
        }
    }

    #[test]
    fn no_text_has_two_labels_and_none_stands_twice() {
        let mut seen = HashSet::new();
        for example in built_in().unwrap() {
            let form = crate::text::normalise(&example.text).to_lowercase();
            assert!(seen.insert(form), "{} stands twice", example.text);
        }
    }

    #[test]
    fn a_users_folder_extends_and_overrides() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(
            dir.path().join("price.toml"),
            "[ask]\nnl = [\"wat kost dit\"]\n",
        )
        .unwrap();
        let extended = load(Some(dir.path())).unwrap();
        assert_eq!(extended.len(), built_in().unwrap().len() + 1);
        std::fs::write(
            dir.path().join("price.toml"),
            "[options]\nreplace = true\n[ask]\nen = [\"cost?\"]\n",
        )
        .unwrap();
        let ask = Intent::from_key("price.ask").unwrap();
        let replaced = load(Some(dir.path())).unwrap();
        assert_eq!(
            replaced
                .iter()
                .filter(|e| e.intent == ask && e.lang == "en")
                .count(),
            1
        );
    }

    #[test]
    fn an_unknown_leaf_is_named_with_its_line_and_the_nearest_one() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("price.toml"), "\n[aks]\nen = [\"x\"]\n").unwrap();
        let error = load(Some(dir.path())).unwrap_err().to_string();
        assert!(
            error.contains(
                "price.toml, line 2: unknown intent `price.aks`; did you mean `price.ask`?"
            ),
            "{error}"
        );
    }
}
