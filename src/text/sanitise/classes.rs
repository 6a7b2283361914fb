//! Which characters are which.
//!
//! May use: the Unicode crates. The one rule: a table of our own only where no crate has one.

use super::ZWJ;
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

/// Nothing is done to a text of these alone, which most messages are: each is printed, is normal (NFC), and is a cluster by
/// itself beside any other of them. Letters, ideographs, punctuation and plain emoji; no mark, joiner, jamo or flag.
pub fn stands_alone(c: char) -> bool {
    matches!(c,
        '\n' | ' '..='~' | '\u{A1}'..='\u{AC}' | '\u{AE}'..='\u{2FF}' | '\u{400}'..='\u{482}' | '\u{48A}'..='\u{52F}'
        | '\u{60C}' | '\u{61F}'..='\u{64A}' | '\u{660}'..='\u{66F}' | '\u{671}'..='\u{6D3}' | '\u{1E00}'..='\u{1EFF}'
        | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205E}' | '\u{20A0}'..='\u{20C0}' | '\u{2600}'..='\u{27BF}'
        | '\u{3000}'..='\u{3029}' | '\u{3041}'..='\u{3096}' | '\u{309B}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7A3}' | '\u{FF01}'..='\u{FF9D}' | '\u{1F300}'..='\u{1F3FA}' | '\u{1F400}'..='\u{1FAFF}')
}

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
