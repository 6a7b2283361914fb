//! What the classifier said of a message, in the words of the command-line contract.

use super::{Intent, Risk, named};
use crate::text::SafeText;

named! {
    /// What became of a message. Everything but `Intent` says why there is no single intent.
    Outcome {
        Intent = "intent",
        /// Below the similarity floor or the margin.
        Unknown = "unknown",
        /// Emoji, pictures, numbers, links: nothing to embed.
        NonText = "non_text",
        UnsupportedLanguage = "unsupported_language",
        Mixed = "mixed",
    }
}

named! {
    /// What a person said of a prediction.
    Verdict { Confirmed = "confirmed", Corrected = "corrected" }
}

/// An intent and its probability, 0..1.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Scored {
    pub intent: Intent,
    pub score: f64,
}

/// A labelled example near the message: the reason for its intent.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Neighbour {
    pub text: SafeText,
    pub intent: Intent,
    /// Cosine, -1..1.
    pub similarity: f64,
}

/// The stored part of a prediction; the nearest examples are found again when a person asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Classification {
    pub outcome: Outcome,
    /// The best guess, also where the outcome is `Unknown`; `None` for `NonText`.
    pub intent: Option<Intent>,
    /// The highest that was found, which for `Mixed` may exceed the leading intent's.
    pub risk: Risk,
    /// Probability of `intent`, 0..1.
    pub confidence: f64,
    /// Distance in cosine between the best and the second-best centroid.
    pub margin: f64,
    /// The best three, best first.
    pub top: Vec<Scored>,
    /// ISO 639-1, `zh-Hant` for traditional Chinese, `und` where it is not known.
    pub lang: String,
    /// The id of the embedding model, or `none` where nothing was embedded.
    pub model: String,
    /// Set when a person confirmed or corrected it.
    pub verdict: Option<Verdict>,
}
