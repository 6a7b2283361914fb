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
    word.contains("://")
        || word.starts_with("www.")
        || (word.starts_with('@') && word.len() > 1)
        || is_bare_link(&word)
}

/// Endings that say of a bare name that it is a host. Other names are hosts only before a path: `help.me` is a cry.
const HOST_ENDINGS: [&str; 12] = [
    "app", "cc", "cn", "com", "gg", "io", "link", "net", "org", "shop", "store", "top",
];

/// `bit.ly/xyz`, `shop.example.com?item=3`: a link without its scheme.
fn is_bare_link(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
    let end = word.find(['/', '?', '#']).unwrap_or(word.len());
    let (place, rest) = word.split_at(end);
    let host = place.split(':').next().unwrap_or(place);
    let Some((names, ending)) = host.rsplit_once('.') else {
        return false;
    };
    let is_name = |label: &str| {
        let inside = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        !label.is_empty() && label.bytes().all(inside)
    };
    let is_ending = ending.len() >= 2 && ending.bytes().all(|b| b.is_ascii_lowercase());
    let says_so = !rest.is_empty() || HOST_ENDINGS.contains(&ending);
    is_ending && says_so && names.split('.').all(is_name)
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
            "bit.ly/xyz",
            "(vt.tiktok.com/ZS8abc/)",
            "taobao.com",
            "Shop.Example.COM?item=3 👀",
            "localhost.shop:8080/a",
            "!!! ???",
            "1️⃣",
        ] {
            assert!(Reading::of(&sanitise(text)).wordless, "{text}");
        }
        for text in [
            "ok",
            "多少钱",
            "123 pcs",
            "ส่ง",
            "look https://a.example",
            "look bit.ly/xyz",
            "help.me",
            "ok...thanks",
            "and/or",
            "size s/m",
            "1.5kg/box",
            "e.g",
            "no.price?",
            "链接.在哪/里",
        ] {
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
