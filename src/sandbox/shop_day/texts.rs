//! What buyers write: the rows of `texts/*.toml`, compiled in, and the decks that deal them.
//!
//! Every row was written for the sandbox and carries the label it is meant to be: an intent's key, or
//! `non_text`, `unknown` or `mixed`. They are independent of the classifier's examples, so that it can be
//! measured on them. May use: serde, toml. The one rule: a label never reaches the wire.

use super::dice::Dice;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Rows by label.
pub type Rows = BTreeMap<String, Vec<String>>;

/// One file of `texts/`: how the buyers of one group write.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// ISO 639 code of the rows; `mul` where a row mixes two, `zxx` where it has no words.
    pub lang: String,
    /// How many of a hundred or so buyers belong to the group.
    pub weight: u32,
    /// ISO 4217 code of what they pay in.
    pub currency: String,
    /// ISO 3166 code of where they live.
    pub region: String,
    pub names: Vec<String>,
    /// What they open with.
    pub says: Rows,
    /// What they answer to a reply of the shop.
    #[serde(default)]
    pub calm: Rows,
    /// What they answer to a reply of the shop when they are angry.
    #[serde(default)]
    pub angry: Rows,
}

const FILES: &[(&str, &str)] = &[
    ("en", include_str!("texts/en.toml")),
    ("zh", include_str!("texts/zh.toml")),
    ("zh-Hant", include_str!("texts/zh-Hant.toml")),
    ("es", include_str!("texts/es.toml")),
    ("pt", include_str!("texts/pt.toml")),
    ("id", include_str!("texts/id.toml")),
    ("vi", include_str!("texts/vi.toml")),
    ("th", include_str!("texts/th.toml")),
    ("ja", include_str!("texts/ja.toml")),
    ("de", include_str!("texts/de.toml")),
    ("fr", include_str!("texts/fr.toml")),
    ("ar", include_str!("texts/ar.toml")),
    ("ms", include_str!("texts/ms.toml")),
    ("tl", include_str!("texts/tl.toml")),
    ("mix", include_str!("texts/mix.toml")),
    ("wordless", include_str!("texts/wordless.toml")),
    ("hostile", include_str!("texts/hostile.toml")),
];

/// The groups by the name of their file.
pub fn groups() -> Result<Vec<(&'static str, Group)>, String> {
    let read = |(name, text): &(&'static str, &str)| match toml::from_str(text) {
        Ok(group) => Ok((*name, group)),
        Err(error) => Err(format!("texts/{name}.toml: {error}")),
    };
    FILES.iter().map(read).collect()
}

/// Deals the rows of each heap in a shuffled order, all of them before any comes again.
#[derive(Debug, Default)]
pub struct Decks(BTreeMap<(usize, String), Vec<usize>>);

impl Decks {
    /// The next row of the heap `(group, label)`.
    pub fn deal<'a>(
        &mut self,
        dice: &mut Dice,
        group: usize,
        label: &str,
        rows: &'a [String],
    ) -> &'a str {
        let deck = self.0.entry((group, label.to_owned())).or_default();
        if deck.is_empty() {
            deck.extend(0..rows.len());
            dice.shuffle(deck);
        }
        deck.pop()
            .and_then(|i| rows.get(i))
            .map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn rows() -> Vec<(&'static str, String, String)> {
        let mut all = Vec::new();
        for (name, group) in groups().unwrap() {
            for heap in [&group.says, &group.calm, &group.angry] {
                for (label, texts) in heap {
                    all.extend(texts.iter().map(|t| (name, label.clone(), t.clone())));
                }
            }
        }
        all
    }

    #[test]
    fn there_are_more_than_500_rows_and_no_two_are_the_same() {
        let rows = rows();
        let distinct: HashSet<_> = rows
            .iter()
            .map(|(_, _, text)| text.to_lowercase())
            .collect();
        assert_eq!(distinct.len(), rows.len());
        assert!(distinct.len() > 500, "{}", distinct.len());
    }

    #[test]
    fn slots_are_only_those_that_are_filled_in() {
        for (name, _, text) in rows() {
            let rest = text.replace("{order}", "").replace("{tracking}", "");
            assert!(!rest.contains(['{', '}']), "{name}: {text}");
        }
    }
}
