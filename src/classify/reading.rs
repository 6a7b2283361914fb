//! What can be said of a text without the model.

use super::language;
use crate::text::{SafeText, TextKey, normalise};

/// A text made ready: its language, whether there is anything to embed, the form that is embedded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// As in [`crate::domain::Classification::lang`]; `und` where there are no words.
    pub lang: String,
    /// Nothing but emoji, numbers, links, mentions, punctuation.
    pub wordless: bool,
    /// What is embedded and cached.
    pub form: String,
    pub key: TextKey,
}

impl Reading {
    pub fn of(text: &SafeText) -> Self {
        let mut reading = Self::to_embed(text);
        if !reading.wordless {
            reading.lang = language::identify(&words(&reading.form));
        }
        reading
    }

    /// The same for a text whose language is known or does not matter.
    pub fn to_embed(text: &SafeText) -> Self {
        let form = normalise(text);
        let key = TextKey::of(&form);
        Self {
            lang: language::UNDETERMINED.to_owned(),
            wordless: !has_words(&form),
            form,
            key,
        }
    }

    /// What there is to say of a picture or a card.
    pub fn without_words() -> Self {
        Self {
            lang: language::UNDETERMINED.to_owned(),
            wordless: true,
            form: String::new(),
            key: TextKey::of(""),
        }
    }

    /// Nothing to embed.
    pub fn is_wordless(text: &SafeText) -> bool {
        !has_words(&normalise(text))
    }
}

fn words(form: &str) -> String {
    form.split(' ')
        .filter(|w| !is_link_or_mention(w))
        .collect::<Vec<_>>()
        .join(" ")
}

fn has_words(form: &str) -> bool {
    words(form).chars().any(char::is_alphabetic)
}

fn is_link_or_mention(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.contains("://") || word.starts_with("www.") || (word.starts_with('@') && word.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::sanitise;

    #[test]
    fn emoji_numbers_links_and_mentions_have_no_words() {
        for text in [
            "",
            "😂❤️‍🔥",
            "123 456",
            "https://shop.example/a?b=c",
            "@mei.88",
            "!!! ???",
            "1️⃣",
        ] {
            assert!(Reading::of(&sanitise(text)).wordless, "{text}");
        }
        for text in ["ok", "多少钱", "123 pcs", "ส่ง", "look https://a.example"] {
            assert!(!Reading::of(&sanitise(text)).wordless, "{text}");
        }
    }

    #[test]
    fn the_same_words_in_another_spacing_or_width_are_one_form() {
        assert_eq!(
            Reading::of(&sanitise("how  much\n?")).key,
            Reading::of(&sanitise("how much ?")).key
        );
        assert_eq!(Reading::of(&sanitise("ＯＫ")).form, "OK");
    }
}
