//! One form for texts that mean the same bytes: what is embedded, compared and cached.

use super::SafeText;
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// The form that is embedded and cached: NFKC, every run of white space as one blank, no blank at the ends.
/// The sanitiser's own marks go, so that a control character inside a word does not hide the word.
pub fn normalise(text: &SafeText) -> String {
    let words = text
        .as_str()
        .chars()
        .filter(|c| *c != char::REPLACEMENT_CHARACTER);
    let folded: String = words.nfkc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Names a normalised text in the vector cache: the first 16 bytes of its SHA-256, in hex.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextKey(String);

impl TextKey {
    pub fn of(normalised: &str) -> Self {
        Self(hex::encode(&Sha256::digest(normalised.as_bytes())[..16]))
    }

    pub fn from_stored(key: String) -> Self {
        Self(key)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
