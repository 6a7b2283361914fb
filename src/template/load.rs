//! From files to templates: the built-in ones, the user's over them, every name checked.

use super::slots::{ASK, KNOWN};
use super::{Label, Template, Templates, fill};
use crate::domain::{Intent, OrderStatus, taxonomy};
use crate::toml_file::{self, FileError};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::path::Path;

macro_rules! built_in {
    ($($name:literal),+) => { [$(($name, include_str!(concat!("../../templates/", $name)))),+] };
}

const BUILT_IN: [(&str, &str); 9] = built_in![
    "presale.toml",
    "price.toml",
    "order.toml",
    "logistics.toml",
    "aftersale.toml",
    "refund.toml",
    "risk.toml",
    "social.toml",
    "slots.toml"
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    template: Vec<Template>,
    #[serde(default)]
    ask: BTreeMap<String, AskSlot>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskSlot {
    label: Label,
}

pub(super) fn load(user: Option<&Path>) -> Result<Templates, FileError> {
    let mut templates = Templates::default();
    let mut files: Vec<(String, String)> = BUILT_IN
        .iter()
        .map(|(n, t)| ((*n).to_owned(), (*t).to_owned()))
        .collect();
    for path in user.map(toml_file::list).transpose()?.unwrap_or_default() {
        files.push((path.display().to_string(), toml_file::read(&path)?));
    }
    let parsed = files
        .iter()
        .map(|(name, text)| Ok((name, text, toml_file::parse::<File>(name, text)?)))
        .collect::<Result<Vec<_>, FileError>>()?;
    for (_, _, file) in &parsed {
        for (name, slot) in &file.ask {
            templates
                .labels
                .insert(format!("{ASK}{name}"), slot.label.clone());
        }
    }
    for (name, text, file) in parsed {
        for template in file.template {
            check_slots(name, text, &template, &templates)?;
            match templates.list.iter_mut().find(|t| t.key == template.key) {
                Some(old) => *old = template,
                None => templates.list.push(template),
            }
        }
    }
    Ok(templates)
}

/// A template may name only slots that exist: a typo would block every reply.
fn check_slots(
    file: &str,
    text: &str,
    template: &Template,
    templates: &Templates,
) -> Result<(), FileError> {
    for variant in template.text.values().flatten() {
        let names = fill::slots_of(variant).map_err(|why| {
            let first = variant.lines().next().unwrap_or_default();
            FileError::at(
                file,
                text,
                first,
                format!("template `{}` cannot be parsed: {why}", template.key),
                None,
            )
        })?;
        for name in names {
            if !KNOWN.contains(&name.as_str()) && !templates.labels.contains_key(&name) {
                let known = KNOWN
                    .iter()
                    .copied()
                    .chain(templates.labels.keys().map(String::as_str));
                let hint = toml_file::nearest(&name, known).map(|n| format!("did you mean `{n}`?"));
                let what = format!("template `{}` names an unknown slot `{name}`", template.key);
                return Err(FileError::at(file, text, &name, what, hint));
            }
        }
    }
    Ok(())
}

/// Intents by their keys, an unknown one with the nearest.
pub(super) fn intents<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Intent>, D::Error> {
    Vec::<String>::deserialize(deserializer)?
        .into_iter()
        .map(|key| {
            taxonomy::Intent::from_key(&key).ok_or_else(|| {
                let nearest = Intent::nearest_key(&key);
                serde::de::Error::custom(format!(
                    "unknown intent `{key}`; did you mean `{nearest}`?"
                ))
            })
        })
        .collect()
}

/// Order statuses by their names, an unknown one with the nearest.
pub(super) fn statuses<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<OrderStatus>, D::Error> {
    let unknown = |name: &str| {
        let nearest = toml_file::nearest(name, OrderStatus::ALL.iter().map(|s| s.as_str()));
        let nearest = nearest.unwrap_or_default();
        serde::de::Error::custom(format!(
            "unknown order status `{name}`; did you mean `{nearest}`?"
        ))
    };
    Vec::<String>::deserialize(deserializer)?
        .iter()
        .map(|name| name.parse().map_err(|_| unknown(name)))
        .collect()
}
