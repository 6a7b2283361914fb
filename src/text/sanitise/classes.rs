//! Which characters are which.
//!
//! May use: the Unicode crates. The one rule: a table of our own only where no crate has one.

use super::ZWJ;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// Removed without a trace: no glyph of their own, and able to reorder, join or hide what has one.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{13430}'..='\u{1343F}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Replaced by a visible mark: controls, separators that move the cursor in some terminals, and code points that are no characters.
pub fn acts_or_breaks(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FDD0}'..='\u{FDEF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

/// Whether letters of this script change their shape by ZWJ and ZWNJ: Arabic and its neighbours, the Indic scripts.
pub fn joins(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{8FF}' | '\u{900}'..='\u{DFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{18AF}'
        | '\u{A8E0}'..='\u{A9DF}' | '\u{FB50}'..='\u{FDCF}' | '\u{FE70}'..='\u{FEFC}')
}

pub fn is_keycap_base(c: char) -> bool {
    matches!(c, '0'..='9' | '#' | '*')
}

pub fn is_skin_tone(c: char) -> bool {
    matches!(c, '\u{1F3FB}'..='\u{1F3FF}')
}

/// Asks the segmenter instead of keeping a second table: only a pictograph forms one cluster with another through a ZWJ.
pub fn is_pictographic(c: char) -> bool {
    // Most letters, cheaply.
    if matches!(c, ..'\u{A9}' | '\u{3400}'..='\u{1EFFF}')
        || is_combining_mark(c)
        || is_skin_tone(c)
        || c == ZWJ
    {
        return false;
    }
    let mut probe = [0u8; 12];
    let first = c.encode_utf8(&mut probe).len();
    ZWJ.encode_utf8(&mut probe[first..]);
    '😀'.encode_utf8(&mut probe[first + 3..]);
    let probe = std::str::from_utf8(&probe[..first + 7]).unwrap_or_default();
    probe.graphemes(true).count() == 1
}
