//! What a terminal makes of our bytes, and the README's pictures.
//!
//! An independent parser reads what is written for a corpus of difficult text, and every letter that the buffer has at a place must
//! stand at that place on the parser's screen: whatever a terminal thinks of the width of an emoji, no column may shift.

use super::scenes::scenes;
use super::{fixture, picture, view};
use crate::text::sanitise;
use crate::tui::careful::Careful;
use crate::tui::i18n::Lang;
use crate::tui::state::{Compose, Input, Phase, State};
use crate::tui::theme::{Styles, Terminal as Kind, ThemeName};
use ratatui::backend::{CrosstermBackend, TestBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use std::num::NonZeroU16;
use std::sync::{Arc, Mutex};

/// What goes wrong on terminals: wide, joined, selected, stacked, turned round, of no agreed width.
const CORPUS: [&str; 22] = [
    "我的包裹到哪了，三周了！",
    "ｆｕｌｌｗｉｄｔｈ ﾊﾝｶｸ ﾃﾞｽ",
    "❤️ ☺️ ✈️ ☎️ ⚠️ text after",
    "☺︎ ❤︎ text presentation",
    "👨‍👩‍👧‍👦 👩🏿‍❤️‍💋‍👨🏻 👩‍💻 joined",
    "1️⃣ 2️⃣ #️⃣ keycaps",
    "🇩🇪🇫🇷🇯🇵 🇩 half a flag",
    "👍🏽 👋🏿 skin tones",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿 tags",
    "ของถึงไหนแล้วคะ ช้ามากก",
    "e\u{301}\u{323} a\u{30a} Z\u{35b}\u{35b}\u{35b}algo",
    "أين طلبي؟ لم يصل بعد شكراً",
    "שלום, איפה ההזמנה שלי",
    "मेरा ऑर्डर कहाँ है क्षत्रिय",
    "ආයුබෝවන් ශ්‍රී ලංකා",
    "한국어 주문 확인 부탁해요 ᄒᆞᆫ글",
    "﷽ ཀྵ 𒀱 tall and wide",
    "①②③ ※ § ° ± × ÷ ambiguous",
    "— … “quoted” ‘single’ ·•",
    "tab\there and\u{200B}zero\u{200B}width",
    "𝓯𝓪𝓷𝓬𝔂 𝕥𝕖𝕩𝕥 𝖋𝖗𝖔𝖒 𝖇𝖚𝖞𝖊𝖗𝖘",
    "ありがとう♡♥★☆〜～ｗｗｗ",
];

/// Where the bytes go; the terminal keeps one handle and the test the other.
#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A frame as our buffer has it.
fn buffer(state: &State, styles: &Styles) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(state.size.0, state.size.1)).unwrap();
    terminal
        .draw(|frame| {
            view(state, styles, frame);
        })
        .unwrap();
    terminal.backend().buffer().clone()
}

/// Draws the states one after the other and compares the last with what a terminal shows then.
fn compare(states: &[State]) {
    let styles = Styles::load(&ThemeName::Dark, Kind::default(), None).unwrap();
    let (width, height) = states[0].size;
    let bytes = Bytes::default();
    let mut terminal = Terminal::with_options(
        Careful(CrosstermBackend::new(bytes.clone())),
        TerminalOptions {
            viewport: Viewport::Fixed(Rect::new(0, 0, width, height)),
        },
    )
    .unwrap();
    for state in states {
        terminal
            .draw(|frame| {
                view(state, &styles, frame);
            })
            .unwrap();
    }
    let mut parser = vt100::Parser::new(
        NonZeroU16::new(height).unwrap(),
        NonZeroU16::new(width).unwrap(),
        0,
    );
    parser.process(&bytes.0.lock().unwrap());
    let ours = buffer(&states[states.len() - 1], &styles);
    for y in 0..height {
        for x in 0..width {
            let symbol = ours[(x, y)].symbol();
            if !symbol.is_ascii() || symbol == " " {
                continue;
            }
            let theirs = parser.screen().cell(y, x).unwrap().contents();
            let line = parser.screen().rows(0, width).nth(usize::from(y));
            assert_eq!(theirs, symbol, "at {x},{y} of {line:?}");
        }
    }
}

/// A screen that is full of the corpus, beginning at the n-th text.
fn difficult(n: usize, size: (u16, u16)) -> State {
    let text = |i: usize| sanitise(CORPUS[(n + i) % CORPUS.len()]);
    let mut state = fixture::state(Lang::En);
    state.size = size;
    for (i, row) in state.list.rows.iter_mut().enumerate() {
        row.preview = text(i).one_line(200);
        row.buyer = text(i + 3).one_line(60);
    }
    if let Some(thread) = &mut state.thread {
        let thread = Arc::make_mut(thread);
        thread.buyer = text(1);
        for (i, message) in thread.messages.iter_mut().enumerate() {
            message.text = text(i + 5);
        }
    }
    if n.is_multiple_of(2) {
        let typed: Vec<String> = (0..3).map(|i| text(i).to_string()).collect();
        state.compose = Some(Compose {
            input: Input::of(&typed.join(" ")),
            ..fixture::compose("", Phase::Typing)
        });
    }
    state
}

#[test]
fn no_text_shifts_a_column_in_a_terminal_that_nobody_here_wrote() {
    for size in [(80, 24), (120, 40), (50, 14)] {
        for n in 0..CORPUS.len() {
            compare(&[difficult(n, size)]);
            // Also where only what differs is written.
            compare(&[difficult(n, size), difficult(n + 1, size)]);
        }
        for lang in Lang::ALL {
            let mut all: Vec<State> = scenes(lang).into_iter().map(|(_, state)| state).collect();
            for state in &mut all {
                state.size = size;
            }
            for two in all.windows(2) {
                compare(two);
            }
        }
    }
}

#[test]
fn the_readmes_pictures_are_what_the_screen_shows() {
    let styles = Styles::load(&ThemeName::Dark, Kind::default(), None).unwrap();
    for (scene, lang, size) in [
        ("inbox", Lang::En, (80, 24)),
        ("staged", Lang::En, (120, 40)),
        ("staged", Lang::Zh, (80, 24)),
    ] {
        let found = scenes(lang).into_iter().find(|(name, _)| *name == scene);
        let mut state = found.unwrap().1;
        state.size = size;
        let drawn = picture::svg(&buffer(&state, &styles));
        let name = format!("{scene}-{}-{}x{}.svg", lang.code(), size.0, size.1);
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/pictures")
            .join(&name);
        if std::env::var_os("INSTA_UPDATE").is_some_and(|v| v == "always") {
            std::fs::write(&path, &drawn).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == drawn,
            "{name} is older than the screen; INSTA_UPDATE=always draws it again"
        );
    }
}
