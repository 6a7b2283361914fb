//! The one sanitiser: from a stranger's text to what may reach a terminal.
//!
//! Three passes, each linear: *strip* (escape sequences, controls, invisible characters), *compose*
//! (NFC), *cap* (marks, bytes of a cluster, size of the whole). Stripping comes before composing, because
//! an invisible character between a letter and its accent would otherwise hide a composition from the
//! first run and show it to the second: `sanitise` is idempotent, and `tests/hostile.rs` proves it.
//!
//! May use: the Unicode crates. The one rule: what leaves here is never decoded again.

mod classes;

use super::SafeText;
pub(super) use classes::{acts_or_breaks, is_invisible};
use classes::{is_keycap_base, is_pictographic, is_skin_tone, joins, stands_alone};
use std::borrow::Cow;
use std::str::Chars;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Bytes of a whole text.
const MAX_TEXT: usize = 1024 * 1024;
/// Bytes of one grapheme cluster: what ends up in one cell of a screen.
const MAX_CLUSTER: usize = 32;
/// Combining marks on one base.
const MAX_MARKS: usize = 8;
const TAB: &str = "    ";
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;
const ZWJ: char = '\u{200D}';
const ZWNJ: char = '\u{200C}';
/// Asks for the coloured form of an emoji.
const VS16: char = '\u{FE0F}';
const KEYCAP: char = '\u{20E3}';

/// Makes a stranger's text fit for a terminal, a log, an export and the embedder. Never fails.
pub fn sanitise(raw: &str) -> SafeText {
    // Bytes compare faster than characters decode.
    let plain = |b: &u8| *b == b'\n' || (b' '..=b'~').contains(b);
    let ascii = raw.as_bytes().iter().take_while(|b| plain(b)).count();
    if raw.len() <= MAX_TEXT && raw[ascii..].chars().all(stands_alone) {
        return SafeText::new(raw.to_owned(), 0);
    }
    sanitise_in_full(raw)
}

fn sanitise_in_full(raw: &str) -> SafeText {
    let mut strip = Strip::new(raw);
    let mut composed = String::with_capacity(raw.len().min(MAX_TEXT) + MAX_CLUSTER);
    for c in strip.by_ref().nfc() {
        composed.push(c);
        if composed.len() > 2 * MAX_TEXT {
            break;
        }
    }
    let unread = strip.chars.as_str().chars().count();
    let mut hidden = strip.hidden + unread;
    let text = cap(&composed, unread > 0, &mut hidden);
    SafeText::new(text, hidden)
}

impl SafeText {
    /// The text on one line of at most `width` columns, cut with `…` between two clusters.
    pub fn one_line(&self, width: usize) -> SafeText {
        let mut line = String::with_capacity(self.as_str().len().min(width.saturating_mul(4)));
        let mut columns = 0;
        // Where the line is cut if there turns out to be no room for all of it.
        let mut cut = 0;
        for cluster in self.as_str().graphemes(true) {
            let cluster = if cluster == "\n" { " " } else { cluster };
            columns += cluster.width();
            if columns > width {
                line.truncate(cut);
                if width > 0 {
                    line.push('…');
                }
                break;
            }
            line.push_str(cluster);
            if columns < width {
                cut = line.len();
            }
        }
        SafeText::new(line, self.hidden())
    }
}

/// Yields the characters that may stay, and counts the others.
struct Strip<'a> {
    chars: Chars<'a>,
    hidden: usize,
    /// Already decided, not yet handed out. At most a tab's width.
    ready: std::collections::VecDeque<char>,
    /// A joiner or a variation selector whose right to stay depends on the next character.
    pending: Option<char>,
    /// The last character that stayed.
    last: Option<char>,
    /// The last that stayed and is neither mark, joiner nor skin tone.
    base: Option<char>,
}

impl<'a> Strip<'a> {
    fn new(raw: &'a str) -> Self {
        Self {
            chars: raw.chars(),
            hidden: 0,
            ready: std::collections::VecDeque::with_capacity(TAB.len()),
            pending: None,
            last: None,
            base: None,
        }
    }

    fn peek(&self) -> Option<char> {
        self.chars.clone().next()
    }

    /// Looks at one character of the text; what it decides goes to `ready`.
    fn step(&mut self, c: char) {
        match c {
            '\r' => {
                if self.peek() != Some('\n') {
                    self.keep('\n');
                }
            }
            '\n' => self.keep(c),
            '\t' => TAB.chars().for_each(|blank| self.keep(blank)),
            '\u{1B}' => self.escape(),
            '\u{9B}' => self.control_sequence(),
            '\u{90}' | '\u{98}' | '\u{9D}' | '\u{9E}' | '\u{9F}' => self.control_string(),
            VS16 if self.pending.is_none() && self.last.is_some_and(is_pictographic) => {
                self.ready.push_back(c);
                self.last = Some(c);
            }
            ZWJ | ZWNJ | VS16 => {
                self.hidden += usize::from(self.pending.is_some());
                self.pending = Some(c);
            }
            _ if is_invisible(c) => self.hidden += 1,
            _ if acts_or_breaks(c) => self.replace(),
            _ => self.keep(c),
        }
    }

    fn keep(&mut self, c: char) {
        if let Some(pending) = self.pending.take() {
            if self.may_stay(pending, c) {
                self.ready.push_back(pending);
                self.last = Some(pending);
            } else {
                self.hidden += 1;
            }
        }
        self.ready.push_back(c);
        self.last = Some(c);
        if !is_combining_mark(c) && !is_skin_tone(c) {
            self.base = Some(c);
        }
    }

    /// One visible mark for whatever was taken out at this place.
    fn replace(&mut self) {
        self.hidden += 1;
        self.keep(REPLACEMENT);
    }

    fn may_stay(&self, pending: char, next: char) -> bool {
        match pending {
            VS16 => next == KEYCAP && self.last.is_some_and(is_keycap_base),
            _ => self.base.is_some_and(|base| {
                // Any mark will do, since composing may bring another of them to the front.
                (joins(base) && (joins(next) || is_combining_mark(next)))
                    || (pending == ZWJ && is_pictographic(base) && is_pictographic(next))
            }),
        }
    }

    /// After ESC: drops the sequence that it begins (ECMA-48), so that no `[31m` stays behind.
    fn escape(&mut self) {
        match self.peek() {
            Some('[') => {
                self.skip();
                self.control_sequence();
            }
            Some(']' | 'P' | 'X' | '^' | '_') => {
                self.skip();
                self.control_string();
            }
            _ => {
                self.skip_while(|c| (' '..='/').contains(&c));
                self.skip_if(|c| ('0'..='~').contains(&c));
                self.replace();
            }
        }
    }

    /// CSI: parameters, intermediates, one final character.
    fn control_sequence(&mut self) {
        self.skip_while(|c| ('0'..='?').contains(&c));
        self.skip_while(|c| (' '..='/').contains(&c));
        self.skip_if(|c| ('@'..='~').contains(&c));
        self.replace();
    }

    /// OSC, DCS, APC, PM, SOS: up to their terminator, but never past the line they stand on, and
    /// not past the beginning of another sequence, which ends them in a terminal too.
    fn control_string(&mut self) {
        let is_end = |c: char| {
            matches!(
                c,
                '\n' | '\r' | '\u{7}' | '\u{18}' | '\u{1A}' | '\u{1B}' | '\u{9C}'
            )
        };
        self.skip_while(|c| !is_end(c));
        if self.chars.as_str().starts_with("\u{1B}\\") {
            self.skip();
        }
        self.skip_if(|c| matches!(c, '\u{7}' | '\u{9C}' | '\\'));
        self.replace();
    }

    fn skip(&mut self) {
        self.chars.next();
        self.hidden += 1;
    }

    fn skip_if(&mut self, accept: impl Fn(char) -> bool) -> bool {
        let yes = self.peek().is_some_and(accept);
        if yes {
            self.skip();
        }
        yes
    }

    fn skip_while(&mut self, accept: impl Fn(char) -> bool) {
        while self.skip_if(&accept) {}
    }
}

impl Iterator for Strip<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        loop {
            if let Some(c) = self.ready.pop_front() {
                return Some(c);
            }
            if let Some(c) = self.chars.next() {
                self.step(c);
            } else {
                self.hidden += usize::from(self.pending.take().is_some());
                return None;
            }
        }
    }
}

/// Limits marks, clusters and the whole. `more`: `text` is not all there is.
fn cap(text: &str, more: bool, hidden: &mut usize) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_TEXT));
    for (start, cluster) in text.grapheme_indices(true) {
        let kept = cap_cluster(cluster, hidden);
        // Room for the `…` that says that there is more.
        let last = !more && start + cluster.len() == text.len();
        let room = if last {
            MAX_TEXT
        } else {
            MAX_TEXT - '…'.len_utf8()
        };
        if out.len() + kept.len() > room {
            *hidden += text[start..].chars().count();
            out.push('…');
            return out;
        }
        out.push_str(&kept);
    }
    if more {
        out.push('…');
    }
    out
}

fn cap_cluster<'a>(cluster: &'a str, hidden: &mut usize) -> Cow<'a, str> {
    // Nine marks on a base take at least nineteen bytes.
    if cluster.len() <= 2 * MAX_MARKS {
        return Cow::Borrowed(cluster);
    }
    let mut kept = String::with_capacity(MAX_CLUSTER);
    let mut marks = 0;
    let mut cut = false;
    for c in cluster.chars() {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        cut |= marks > MAX_MARKS || kept.len() + c.len_utf8() > MAX_CLUSTER;
        if cut {
            *hidden += 1;
        } else {
            kept.push(c);
        }
    }
    if cut {
        // The replacement keeps what follows from growing into this cluster, whose end was what kept them apart;
        // a joiner before it would join nothing.
        while kept.len() + REPLACEMENT.len_utf8() > MAX_CLUSTER || kept.ends_with([ZWJ, ZWNJ]) {
            kept.pop();
            *hidden += 1;
        }
        kept.push(REPLACEMENT);
    }
    Cow::Owned(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &str) -> String {
        sanitise(raw).as_str().to_owned()
    }

    #[test]
    fn a_whole_escape_sequence_becomes_one_mark() {
        assert_eq!(text("a\u{1B}[31;1mred\u{1B}[0m"), "a\u{FFFD}red\u{FFFD}");
        assert_eq!(text("\u{9B}2Jx"), "\u{FFFD}x");
        assert_eq!(text("a\u{1B}]0;title\u{7}b"), "a\u{FFFD}b");
        assert_eq!(
            text("a\u{1B}]8;;http://x\u{1B}\\link\u{1B}]8;;\u{1B}\\"),
            "a\u{FFFD}link\u{FFFD}"
        );
        assert_eq!(text("\u{1B}P$q\"p\u{9C}x"), "\u{FFFD}x");
        assert_eq!(
            text("\u{1B}(0x\u{1B}#8y\u{1B}cz"),
            "\u{FFFD}x\u{FFFD}y\u{FFFD}z"
        );
    }

    #[test]
    fn an_unterminated_string_takes_no_more_than_its_line() {
        assert_eq!(
            text("a\u{1B}]52;c;aGk=\nWhere is my order?"),
            "a\u{FFFD}\nWhere is my order?"
        );
        assert_eq!(text("\u{1B}_Gq=2\u{1B}[31mred"), "\u{FFFD}\u{FFFD}red");
    }

    #[test]
    fn lines_and_tabs_stay_readable() {
        let safe = sanitise("a\r\nb\rc\td");
        assert_eq!((safe.as_str(), safe.hidden()), ("a\nb\nc    d", 0));
    }

    #[test]
    fn what_is_invisible_is_removed_and_counted() {
        let safe = sanitise("re\u{200B}fu\u{AD}nd\u{202E}gpj\u{E0041}\u{FEFF}\u{3164}");
        assert_eq!((safe.as_str(), safe.hidden()), ("refundgpj", 6));
    }

    #[test]
    fn an_accent_behind_an_invisible_character_composes_at_once() {
        assert_eq!(text("e\u{200B}\u{301}"), "é");
    }

    #[test]
    fn the_short_way_is_taken_only_where_the_long_one_changes_nothing() {
        use unicode_normalization::{IsNormalized, is_nfc_quick};
        for c in ('\0'..=char::MAX).filter(|c| stands_alone(*c)) {
            let among = format!("{c}a{c}{c}한{c}😀{c}ل{c}あ{c}Я{c}");
            let safe = sanitise_in_full(&among);
            assert_eq!((safe.as_str(), safe.hidden()), (among.as_str(), 0), "{c:?}");
            assert_eq!(
                among.graphemes(true).count(),
                among.chars().count(),
                "{c:?}"
            );
            assert_eq!(is_nfc_quick(std::iter::once(c)), IsNormalized::Yes, "{c:?}");
        }
    }

    #[test]
    fn emoji_sequences_and_joining_scripts_keep_their_joiners() {
        for honest in [
            "👩\u{200D}💻",
            "❤\u{FE0F}\u{200D}🔥",
            "1\u{FE0F}\u{20E3}",
            "👍🏽",
            "👩🏽\u{200D}🚀",
            "می\u{200C}خواهم",
            "ශ්\u{200D}රී",
            "🇩🇪",
            "☺\u{FE0F}",
        ] {
            assert_eq!(
                (text(honest), sanitise(honest).hidden()),
                (honest.to_owned(), 0),
                "{honest}"
            );
        }
        assert_eq!(text("a\u{200D}b\u{FE0F}\u{200C}c"), "abc");
    }

    #[test]
    fn marks_and_clusters_are_capped() {
        let zalgo = format!("a{}b", "\u{301}\u{323}".repeat(1000));
        let safe = text(&zalgo);
        assert!(
            safe.graphemes(true).all(|g| g.len() <= MAX_CLUSTER),
            "{safe}"
        );
        assert!(safe.ends_with('b'));
        assert!(safe.chars().filter(|c| is_combining_mark(*c)).count() <= MAX_MARKS);
        let chain = "👩\u{200D}".repeat(100) + "👩x";
        assert!(text(&chain).graphemes(true).all(|g| g.len() <= MAX_CLUSTER));
        assert!(text(&chain).ends_with("\u{FFFD}x"));
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        for unit in ["x", "é", "漢", "\n"] {
            let safe = sanitise(&unit.repeat(3 * MAX_TEXT));
            assert!(safe.as_str().len() <= MAX_TEXT && safe.as_str().ends_with('…'));
            assert!(safe.hidden() > MAX_TEXT, "{unit} {}", safe.hidden());
            assert_eq!(sanitise(safe.as_str()).as_str(), safe.as_str());
        }
    }

    #[test]
    fn one_line_is_cut_by_columns_between_clusters() {
        let safe = sanitise("退货\nplease 👩\u{200D}💻");
        assert_eq!(safe.one_line(80).as_str(), "退货 please 👩\u{200D}💻");
        assert_eq!(safe.one_line(14).as_str(), "退货 please 👩\u{200D}💻");
        assert_eq!(safe.one_line(13).as_str(), "退货 please …");
        assert_eq!(safe.one_line(4).as_str(), "退…");
        assert_eq!(safe.one_line(1).as_str(), "…");
        assert_eq!(safe.one_line(0).as_str(), "");
    }
}
