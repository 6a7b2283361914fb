//! The other way to show a stranger's text: nothing taken out, everything that acts made visible.
//!
//! A person who wonders what was hidden looks here. Controls become their pictures (`␛`), what has no glyph or joins and reorders
//! becomes its number (`\u{202E}`), and so does whatever the sanitiser would still change, so that the one promise of a
//! [`SafeText`] holds. The one rule: what comes out is what [`sanitise`] leaves as it is.

use super::SafeText;
use super::sanitise::{acts_or_breaks, is_invisible, sanitise};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Characters of the original that are shown.
const MOST: usize = 4_000;

pub fn escape(raw: &str) -> SafeText {
    let mut shown = String::with_capacity(raw.len().min(MOST * 2));
    let mut hidden = 0;
    let mut chars = raw.chars();
    for c in chars.by_ref().take(MOST) {
        match c {
            '\n' => shown.push(c),
            '\0'..='\x1f' => {
                hidden += 1;
                shown.push(
                    char::from_u32(0x2400 + u32::from(c)).unwrap_or(char::REPLACEMENT_CHARACTER),
                );
            }
            '\x7f' => {
                hidden += 1;
                shown.push('\u{2421}');
            }
            _ if acts_or_breaks(c) || is_invisible(c) || changes(c) => {
                hidden += 1;
                shown.push_str(&format!("\\u{{{:X}}}", u32::from(c)));
            }
            _ => shown.push(c),
        }
    }
    if chars.next().is_some() {
        shown.push('…');
    }
    // Marks that pile up, and letters that compose with their neighbours, are the sanitiser's to cap.
    SafeText::new(sanitise(&shown).as_str().to_owned(), hidden)
}

/// A letter that is another one in its composed form. A mark on a letter stays: it is how the letter is written.
fn changes(c: char) -> bool {
    !is_combining_mark(c) && std::iter::once(c).nfc().next() != Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &str) -> String {
        escape(raw).to_string()
    }

    #[test]
    fn what_acts_is_shown_and_nothing_is_lost() {
        assert_eq!(
            text("a\u{1b}[31mred\u{202e}x\n\tb\0"),
            "a␛[31mred\\u{202E}x\n␉b␀"
        );
        assert_eq!(
            text("zero\u{200b}width \u{9b}1m\u{7f}"),
            "zero\\u{200B}width \\u{9B}1m␡"
        );
        assert_eq!(text("退款 é 😀 สวัสดี"), "退款 é 😀 สวัสดี");
    }

    #[test]
    fn what_comes_out_stays_as_it_is_and_is_not_endless() {
        for raw in [
            "\u{1b}]0;x\u{7}",
            "e\u{301}\u{301}\u{200d}",
            "👩\u{200d}🚀",
            "\u{212b}",
        ] {
            let once = text(raw);
            assert_eq!(sanitise(&once).as_str(), once, "{raw:?}");
        }
        assert_eq!(text(&"x".repeat(9_000)).chars().count(), MOST + 1);
    }
}
