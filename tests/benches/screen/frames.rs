//! Instructions of a full frame, of a one-row move and of an unchanged frame, at 120×40 with 200 rows loaded.

use crossterm::event::KeyCode;
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use sextant::domain::{ChannelKind, ConversationId, Intent, Outcome as Said, Queue, Risk, Status};
use sextant::text::sanitise;
use sextant::tui::i18n::Lang;
use sextant::tui::key::Key;
use sextant::tui::keymap::Keymap;
use sextant::tui::msg::{Msg, Outcome};
use sextant::tui::state::{QueueItem, RowItem, Settings, State};
use sextant::tui::theme::{Styles, Terminal as Kind, ThemeName};
use sextant::tui::update::update;
use sextant::tui::view::view;
use std::process::Command;
use std::sync::Arc;

pub const CHILD: &str = "frames-child";
const TEXTS: [&str; 6] = [
    "where is my order?? tracking hasn't moved since monday",
    "我的包裹到哪了 已经三周了 再不到我就给差评",
    "kak pesanan saya udh sampe mana ya 😭😭",
    "ของถึงไหนแล้วคะ รอนานมากแล้ว",
    "أين طلبي من فضلك؟ لم يصل بعد",
    "hola, mi paquete no llega y nadie contesta, qué hago?",
];

pub fn run() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("not run: instructions of a frame (valgrind is not installed)");
        return;
    }
    for (case, what) in [
        ("full", "a full frame"),
        ("move", "a one-row move"),
        ("unchanged", "an unchanged frame"),
    ] {
        let (few, many) = (2, 12);
        let each = (counted(case, many) - counted(case, few)) / (many - few) as f64;
        assert!(each > 1_000.0, "{case}: nothing was drawn");
        println!("{what:<20} {each:>12.0} instructions");
    }
}

/// Instructions of the whole program with so many frames.
fn counted(case: &str, frames: usize) -> f64 {
    let out =
        std::env::temp_dir().join(format!("callgrind-{case}-{frames}-{}", std::process::id()));
    let output = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(std::env::current_exe().unwrap())
        .args([CHILD, case, &frames.to_string()])
        .output()
        .unwrap();
    let _ = std::fs::remove_file(out);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = said.lines().find(|l| l.contains("Collected :"));
    let count = line.and_then(|l| l.rsplit(' ').next()).expect("a count");
    count.parse().unwrap()
}

/// What runs under callgrind.
pub fn child(case: &str, frames: usize) {
    let mut state = state();
    let styles = Styles::load(&ThemeName::Dark, Kind::default(), None).unwrap();
    let mut terminal = Terminal::with_options(
        CrosstermBackend::new(std::io::sink()),
        ratatui::TerminalOptions {
            viewport: ratatui::Viewport::Fixed(ratatui::layout::Rect::new(0, 0, 120, 40)),
        },
    )
    .unwrap();
    let draw = |state: &State, terminal: &mut Terminal<CrosstermBackend<std::io::Sink>>| {
        terminal
            .draw(|frame| {
                std::hint::black_box(view(state, &styles, frame));
            })
            .unwrap();
    };
    draw(&state, &mut terminal);
    for n in 0..frames {
        match case {
            "full" => {
                // As if nothing were known of the terminal: every cell is written.
                terminal
                    .resize(ratatui::layout::Rect::new(0, 0, 120, 40))
                    .unwrap();
            }
            "move" => {
                let key = if n % 2 == 0 { 'j' } else { 'k' };
                update(&mut state, Msg::Key(Key::plain(KeyCode::Char(key))));
            }
            _ => {}
        }
        draw(&state, &mut terminal);
    }
}

fn state() -> State {
    let now = Timestamp::from_second(1_790_000_000).unwrap();
    let mut state = State::new(
        now,
        Lang::En,
        Arc::new(Keymap::default()),
        Settings::default(),
    );
    state.size = (120, 40);
    state.queues = Intent::all()
        .map(|intent| QueueItem {
            queue: Queue::Intent(intent),
            count: 23,
            critical: 0,
            oldest: Some(now - SignedDuration::from_mins(20)),
        })
        .collect();
    let rows = (0..200).map(|n| row(n, now)).collect();
    state.tickets.rows = 1;
    update(
        &mut state,
        Msg::Outcome(Outcome::Rows {
            ticket: 1,
            rows,
            more: true,
        }),
    );
    state
}

fn row(n: usize, now: Timestamp) -> RowItem {
    let intent = Intent::from_index(n % 43).unwrap();
    RowItem {
        id: ConversationId::from_stored(format!("c{n}")),
        buyer: sanitise(&format!("buyer {n}")),
        channel: ChannelKind::TiktokShop,
        preview: sanitise(TEXTS[n % TEXTS.len()]),
        outcome: Some(Said::Intent),
        intent: Some(intent),
        confidence: Some(0.9),
        risk: intent.risk().min(Risk::High),
        lang: Some("en".into()),
        due_at: Some(now + SignedDuration::from_mins(n as i64)),
        since: now,
        waits: true,
        status: Status::Open,
        outbox: None,
        error: None,
    }
}
