//! Text, and who wrote it.
//!
//! What a stranger wrote is a [`RawText`]: it can be stored and compared, and nothing else. It has no
//! `Display`, no `Serialize`, and its `Debug` shows a length. What may reach a screen, a log, an
//! export or the embedder is a [`SafeText`], and the only way to make one out of a stranger's text is
//! [`sanitise`]. So "has it been sanitised?" is a question for the compiler.
//!
//! May use: std and the Unicode crates. The one rule: no decoding after sanitising.

mod escape;
mod normalise;
mod sanitise;

pub use normalise::{TextKey, normalise};
pub use sanitise::sanitise;

use std::fmt;

/// Text as a stranger (a buyer, a platform, a file) gave it. Never printed.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct RawText(String);

impl RawText {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The bytes as they came, for the store, the signature of a request and the sanitiser.
    /// `tests/architecture.rs` lists the folders that may call it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What may be shown of it.
    pub fn safe(&self) -> SafeText {
        sanitise(&self.0)
    }

    /// As it came, with everything that acts or hides made visible (`␛[31m`, `\u{202E}`); the first 4,000 characters.
    pub fn escaped(&self) -> SafeText {
        escape::escape(&self.0)
    }
}

impl From<String> for RawText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for RawText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for RawText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawText({} bytes)", self.0.len())
    }
}

/// Text that passed the sanitiser: printable characters, newlines and nothing that acts on a terminal.
#[derive(Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct SafeText {
    text: String,
    hidden: usize,
}

impl SafeText {
    /// Only the sanitiser makes one.
    pub(in crate::text) fn new(text: String, hidden: usize) -> Self {
        Self { text, hidden }
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How many characters were removed or replaced: a reader should be told.
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl AsRef<str> for SafeText {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl serde::Serialize for SafeText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}
