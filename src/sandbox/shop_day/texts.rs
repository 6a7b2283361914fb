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
