//! Nothing that a stranger can write gets past the sanitiser, and nothing breaks it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes wrong should stop there and say where"
)]

#[path = "fixtures/hostile.rs"]
mod hostile;

use proptest::prelude::*;
use sextant::text::{RawText, SafeText, normalise, sanitise};
use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Code points that no surface may show, wherever they stand. Written from the rules, not from the sanitiser's own table.
fn is_forbidden(c: char) -> bool {
    (c.is_control() && c != '\n')
        || matches!(u32::from(c),
            0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x180E | 0x200B | 0x200E..=0x200F | 0x2028..=0x202E
            | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0E | 0xFEFF | 0xFFA0 | 0xFFF9..=0xFFFB | 0xE0000..=0xE0FFF)
}

/// The first thing that is wrong with `safe`.
fn flaw(safe: &SafeText) -> Option<String> {
    let text = safe.as_str();
    if let Some(c) = text.chars().find(|c| is_forbidden(*c)) {
        return Some(format!("U+{:04X} is left", u32::from(c)));
    }
    if text.len() > 1024 * 1024 {
        return Some(format!("{} bytes", text.len()));
    }
    for cluster in text.graphemes(true) {
        if cluster.len() > 32 {
            return Some(format!("a cluster of {} bytes", cluster.len()));
        }
        let mut marks = 0;
        for c in cluster.chars() {
            marks = if is_combining_mark(c) { marks + 1 } else { 0 };
            if marks > 8 {
                return Some("more than 8 marks on a base".to_owned());
            }
        }
    }
    (sanitise(text).as_str() != text).then(|| "a second run changes it".to_owned())
}

#[test]
fn every_number_of_the_list_has_an_input() {
    let numbers: std::collections::BTreeSet<u8> = hostile::inputs().iter().map(|i| i.0).collect();
    assert_eq!(numbers, (1..=44).collect());
}

#[test]
fn none_of_the_44_hostile_inputs_survives() {
    for (number, name, text) in hostile::inputs() {
        let safe = sanitise(&text);
        assert_eq!(flaw(&safe), None, "{number} {name}");
        assert_eq!(
            flaw(&safe.one_line(80)),
            None,
            "{number} {name} on one line"
        );
        assert!(safe.one_line(80).as_str().width() <= 80, "{number} {name}");
    }
}

#[test]
fn escape_sequences_leave_no_visible_residue() {
    for (number, name, text) in hostile::inputs()
        .into_iter()
        .filter(|i| i.0 < 31 && i.0 != 27)
    {
        let safe = sanitise(&text);
        for residue in ["[", "]", ";", "?10", "secret", "owned", "31m", "#8", "(0"] {
            assert!(!safe.as_str().contains(residue), "{number} {name}: {safe}");
        }
        assert!(safe.hidden() > 0, "{number} {name}");
    }
}

#[test]
fn the_honest_part_of_a_hostile_message_stays() {
    assert!(
        sanitise("\u{1B}^secret\nWhere is my order?")
            .as_str()
            .ends_with("\nWhere is my order?")
    );
    assert_eq!(
        sanitise("r\u{200B}e\u{200C}f\u{200D}und").as_str(),
        "refund"
    );
    assert_eq!(
        sanitise("Paid: yes\rPaid: no ").as_str(),
        "Paid: yes\nPaid: no "
    );
}

#[test]
fn an_escape_inside_a_word_does_not_hide_it_from_the_classifier() {
    assert_eq!(
        normalise(&RawText::from("re\u{1B}[0mfund, ple\0ase").safe()),
        "refund, please"
    );
}

#[test]
fn what_follows_a_cut_cluster_does_not_grow_into_it() {
    let virama = "\u{94D}".repeat(10);
    assert_eq!(flaw(&sanitise(&format!("क{virama}\u{DDD}क\u{93C}"))), None);
}

#[test]
fn a_joiner_before_marks_that_change_places_is_judged_once() {
    assert_eq!(flaw(&sanitise("क\u{200C}\u{653}\u{F71}")), None);
}

/// Characters that break sanitisers, in any order and number, among honest ones.
fn nasty_text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "a",
        "e",
        "1",
        "#",
        " ",
        "\n",
        "\r",
        "\t",
        "m",
        "[",
        "]",
        "\\",
        ";",
        "\u{1B}",
        "\u{1B}[",
        "\u{1B}]",
        "\u{1B}P",
        "\u{7}",
        "\u{9B}",
        "\u{9C}",
        "\u{9D}",
        "\0",
        "\u{7F}",
        "\u{85}",
        "\u{2028}",
        "\u{301}",
        "\u{323}",
        "\u{345}",
        "\u{200B}",
        "\u{200C}",
        "\u{200D}",
        "\u{FE0F}",
        "\u{FE0E}",
        "\u{20E3}",
        "\u{202E}",
        "\u{2066}",
        "\u{AD}",
        "\u{FEFF}",
        "\u{E0041}",
        "\u{3164}",
        "\u{115F}",
        "\u{1100}",
        "\u{1161}",
        "\u{11A8}",
        "가",
        "👩",
        "❤",
        "🏽",
        "🇩",
        "😀",
        "ක",
        "\u{DCA}",
        "\u{DCF}",
        "\u{DDD}",
        "क",
        "\u{94D}",
        "\u{93C}",
        "\u{958}",
        "\u{600}",
        "\u{6DD}",
        "م",
        "\u{653}",
        "ا",
        "\u{110BD}",
        "\u{1F3F4}",
        "\u{212B}",
        "\u{344}",
        "\u{F71}",
        "\u{F73}",
        "\u{1D15E}",
        "漢",
        "\u{FFFD}",
        "\u{FFFE}",
        "\u{0E33}",
        "\u{1B05}",
        "\u{1B35}",
        "\u{FB1D}",
        "\u{2126}",
        "\u{A9}",
        "\u{2ADC}",
    ]);
    prop::collection::vec((pieces, 1usize..12), 0..24).prop_map(|parts| {
        parts
            .into_iter()
            .map(|(piece, times)| {
                if times > 9 {
                    piece.repeat(times)
                } else {
                    piece.to_owned()
                }
            })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn no_text_gets_past_the_sanitiser(text in any::<String>()) {
        prop_assert_eq!(flaw(&sanitise(&text)), None);
    }

    #[test]
    fn no_combination_of_nasty_pieces_gets_past_the_sanitiser(text in nasty_text()) {
        prop_assert_eq!(flaw(&sanitise(&text)), None);
    }

    #[test]
    fn one_line_never_exceeds_its_width(text in nasty_text(), width in 0usize..40) {
        let line = sanitise(&text).one_line(width);
        prop_assert!(line.as_str().width() <= width, "{} columns", line.as_str().width());
        prop_assert!(!line.as_str().contains('\n'));
    }

    #[test]
    fn plain_text_is_left_alone(text in "[ -~\n]{0,200}") {
        let safe = sanitise(&text);
        prop_assert_eq!((safe.as_str(), safe.hidden()), (text.as_str(), 0));
    }
}
