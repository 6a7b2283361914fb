//! None of the 44 hostile inputs reaches a byte of the terminal, on any surface: list, conversation, raw view, reasons, pickers.
//!
//! The raw output of the real program is read by an independent parser with an allow-list: what moves the cursor, sets a style or a
//! mode of ours may stand in it, and nothing else.

#[path = "../fixtures/hostile.rs"]
mod inputs;

use crate::pty::{Pty, Start, run};
use serde_json::json;
use std::time::Duration;

/// What the parser found that may not be there.
#[derive(Default)]
struct Findings {
    bad: Vec<String>,
    text: usize,
}

/// Modes that the program itself sets and takes back: cursor, alternate screen, paste, focus, synchronised output, mouse.
const MODES: &[u16] = &[25, 1049, 2004, 1004, 2026, 1000, 1002, 1003, 1015, 1006];

impl vte::Perform for Findings {
    fn print(&mut self, c: char) {
        self.text += 1;
        let forbidden = matches!(u32::from(c),
            0xAD | 0x34F | 0x61C | 0x115F..=0x1160 | 0x180E | 0x200B | 0x200E..=0x200F | 0x2028..=0x202E
            | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0E | 0xFEFF | 0xFFA0 | 0xFFF9..=0xFFFB | 0xE0000..=0xE0FFF
            | 0x80..=0x9F);
        if forbidden {
            self.bad.push(format!("U+{:04X} is printed", u32::from(c)));
        }
    }

    fn execute(&mut self, byte: u8) {
        // After it has left, the program ends its line.
        if !matches!(byte, b'\r' | b'\n') {
            self.bad.push(format!("control {byte:02x}"));
        }
    }

    fn hook(&mut self, _: &vte::Params, _: &[u8], _: bool, c: char) {
        self.bad.push(format!("DCS {c}"));
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], _: bool) {
        self.bad.push(format!("OSC {params:?}"));
    }

    fn csi_dispatch(&mut self, params: &vte::Params, between: &[u8], ignored: bool, c: char) {
        let first = params.iter().next().and_then(|p| p.first().copied());
        let fine = match (between, c) {
            ([], 'H' | 'm' | 'J' | 'K') => true,
            (b"?", 'h' | 'l') => params.iter().flatten().all(|mode| MODES.contains(mode)),
            // Whether the terminal knows a mode; asked by the program itself at its start.
            (b"?$", 'p') => first.is_some_and(|mode| MODES.contains(&mode)),
            _ => false,
        };
        if !fine || ignored {
            self.bad.push(format!("CSI {between:?} {params:?} {c}"));
        }
    }

    fn esc_dispatch(&mut self, between: &[u8], _: bool, byte: u8) {
        self.bad
            .push(format!("ESC {between:?} {:?}", char::from(byte)));
    }
}

fn check(raw: &[u8]) {
    let mut findings = Findings::default();
    vte::Parser::new().advance(&mut findings, raw);
    assert!(findings.text > 1_000, "hardly anything was printed");
    findings.bad.sort();
    findings.bad.dedup();
    assert!(findings.bad.is_empty(), "{:#?}", findings.bad);
}

#[test]
fn the_parser_finds_what_is_hostile() {
    for (number, name, text) in inputs::inputs().iter().filter(|i| i.0 <= 30 && i.0 != 27) {
        let mut findings = Findings::default();
        vte::Parser::new().advance(&mut findings, text.as_bytes());
        // An unterminated string swallows, and is told by what never comes out.
        let harmless = findings.bad.is_empty() && findings.text >= text.chars().count();
        assert!(!harmless, "{number} {name}");
    }
}

#[test]
fn nothing_hostile_reaches_the_terminal() {
    let home = crate::pty::home();
    let rows: Vec<String> = inputs::inputs()
        .iter()
        .enumerate()
        // What is only newlines is refused by the import, in words that `tests/cli/hostile.rs` reads.
        .filter(|(_, (_, _, text))| !text.trim().is_empty())
        .map(|(n, (number, _, text))| {
            let mut text = text.clone();
            let limit = (0..=60_000).rev().find(|i| text.is_char_boundary(*i)).unwrap();
            text.truncate(limit);
            let text = text.replace('\0', "\u{1}");
            json!({ "id": format!("{number}-{n}"), "text": text, "author": text.chars().take(200).collect::<String>(),
                "conversation": text.chars().take(40).collect::<String>() + &n.to_string() })
            .to_string()
        })
        .collect();
    let count = rows.len();
    let file = home.path().join("hostile.jsonl");
    std::fs::write(&file, rows.join("\n")).unwrap();
    run(
        home.path(),
        &["import", file.to_str().unwrap(), "--channel", "file"],
    );
    for size in [(80, 24), (130, 40), (50, 12)] {
        let home = crate::pty::copy(home.path());
        let mut pty = Pty::start_in(
            home,
            &Start {
                size,
                ..Start::default()
            },
        );
        pty.wait("the rows", |text| text.contains("SENT to all"));
        for _ in 0..count {
            pty.send("j");
            std::thread::sleep(Duration::from_millis(25));
        }
        // Every surface, on a few of them.
        pty.send("gg");
        for _ in 0..12 {
            for keys in [
                "v", "G", "\u{1b}", "\r", "k", "\u{1b}", "i", "\u{1b}", "w", "G", "\u{1b}", "o",
                "\u{1b}", "O", "\u{1b}", ":x", "\u{1b}", "jjjjj",
            ] {
                pty.send(keys);
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        pty.send("?");
        std::thread::sleep(Duration::from_millis(50));
        pty.send("\u{1b}");
        std::thread::sleep(Duration::from_millis(50));
        pty.send("q");
        assert_eq!(pty.ended().exit_code(), 0);
        pty.is_clean();
        check(&pty.raw());
    }
}
