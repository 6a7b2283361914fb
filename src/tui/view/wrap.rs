//! Widths and lines of text, counted in columns of the terminal.
//!
//! A cluster of characters (an emoji with its joiners, a letter with its marks) is never cut. The widths are those that ratatui draws
//! with, so that what is counted here is what stands on the screen. The one rule: no place of the screen counts `char`s.

use ratatui::buffer::CellWidth;
use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;

/// Columns of one cluster. A newline has none.
fn columns(cluster: &str) -> usize {
    if cluster.contains(char::is_control) {
        0
    } else {
        usize::from(cluster.cell_width())
    }
}

/// Columns of a text on one line.
pub fn width(text: &str) -> usize {
    if text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return text.len();
    }
    text.graphemes(true).map(columns).sum()
}

/// The text cut to `most` columns, with `…` where something is missing. Line breaks become blanks.
pub fn fit(text: &str, most: usize) -> Cow<'_, str> {
    let mut used = 0;
    // Where it is cut if the rest turns out not to fit.
    let mut cut = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        let broken = cluster.contains('\n');
        used += if broken { 1 } else { columns(cluster) };
        if used > most {
            let end = if most == 0 { "" } else { "…" };
            return Cow::Owned(text[..cut].replace('\n', " ") + end);
        }
        if used < most {
            cut = at + cluster.len();
        }
    }
    if text.contains('\n') {
        Cow::Owned(text.replace('\n', " "))
    } else {
        Cow::Borrowed(text)
    }
}

/// What a line of Chinese or Japanese must not begin with.
const CLOSING: &str = "，。、！？；：）》」』”’…ー々";

/// The lines of a text, each at most `most` columns wide: broken at blanks and between wide characters, in a long word anywhere.
pub fn lines(text: &str, most: usize) -> Vec<&str> {
    let most = most.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        wrap(paragraph, most, &mut lines);
    }
    lines
}

fn wrap<'a>(text: &'a str, most: usize, lines: &mut Vec<&'a str>) {
    let (mut start, mut used) = (0, 0);
    // The last place where the line may end, and the columns up to there.
    let mut chance: Option<(usize, usize)> = None;
    for (at, cluster) in text.grapheme_indices(true) {
        let wide = columns(cluster);
        let blank = cluster == " ";
        if wide > 1 && at > start && !CLOSING.contains(cluster) {
            chance = Some((at, used));
        }
        while used + wide > most && !blank && at > start {
            let (end, before) = chance.take().unwrap_or((at, used));
            lines.push(text[start..end].trim_end_matches(' '));
            start = end;
            used -= before;
        }
        used += wide;
        if blank {
            chance = Some((at + 1, used));
        }
    }
    lines.push(text[start..].trim_end_matches(' '));
}

/// Whether the first letter that has a direction runs from right to left.
pub fn is_rtl(text: &str) -> bool {
    text.chars().find(|c| c.is_alphabetic()).is_some_and(
        |c| matches!(c, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}'),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_text_is_cut_between_clusters_and_says_so() {
        assert_eq!(fit("退货 please", 20), "退货 please");
        assert_eq!(fit("退货 please", 6), "退货 …");
        assert_eq!(fit("退货", 3), "退…");
        assert_eq!(fit("a👩\u{200D}💻b", 3), "a…");
        assert_eq!(fit("one\ntwo", 9), "one two");
        assert_eq!(fit("x", 0), "");
    }

    #[test]
    fn lines_break_at_blanks_and_between_wide_characters() {
        assert_eq!(lines("where is my order", 9), ["where is", "my order"]);
        assert_eq!(
            lines("我的包裹到哪了，三周", 14),
            ["我的包裹到哪", "了，三周"]
        );
        assert_eq!(
            lines("1Z999AA10123456784", 8),
            ["1Z999AA1", "01234567", "84"]
        );
        assert_eq!(lines("a\n\nb", 8), ["a", "", "b"]);
        assert_eq!(lines("退", 1), ["退"]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_letter_is_lost(text in "[a-z 退货ا👍\u{1F3FD}é\n]{0,60}", most in 2usize..20) {
            let broken = lines(&text, most);
            for line in &broken {
                let one = line.graphemes(true).count() == 1;
                prop_assert!(one || width(line) <= most, "{line:?} of {text:?}");
            }
            let letters = |t: &str| t.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&broken.concat()), letters(&text));
            prop_assert!(width(&fit(&text, most)) <= most);
        }
    }
}
