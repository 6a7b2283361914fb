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
        let form = normalise(text);
        let words: String = form.split(' ').filter(|w| !is_link_or_mention(w)).collect::<Vec<_>>().join(" ");
        let wordless = !words.chars().any(char::is_alphabetic);
        let lang = if wordless { language::UNDETERMINED.to_owned() } else { language::identify(&words) };
        let key = TextKey::of(&form);
        Self { lang, wordless, form, key }
    }
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
        for text in ["", "😂❤️‍🔥", "123 456", "https://shop.example/a?b=c", "@mei.88", "!!! ???", "1️⃣"] {
            assert!(Reading::of(&sanitise(text)).wordless, "{text}");
        }
        for text in ["ok", "多少钱", "123 pcs", "ส่ง", "look https://a.example"] {
            assert!(!Reading::of(&sanitise(text)).wordless, "{text}");
        }
    }

    #[test]
    fn the_same_words_in_another_spacing_or_width_are_one_form() {
        assert_eq!(Reading::of(&sanitise("how  much\n?")).key, Reading::of(&sanitise("how much ?")).key);
        assert_eq!(Reading::of(&sanitise("ＯＫ")).form, "OK");
    }
}
