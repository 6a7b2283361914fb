//! Ten thousand keys at once, in any state: no panic, and nothing leaves by chance.

use super::given::{given, row, thread};
use crate::tui::key::Key;
use crate::tui::msg::{Effect, Msg, Outcome};
use crossterm::event::KeyCode;
use proptest::prelude::*;

fn any_key() -> impl Strategy<Value = Key> {
    let code = prop_oneof![
        8 => any::<char>().prop_map(KeyCode::Char),
        8 => (b'!'..=b'~').prop_map(|b| KeyCode::Char(char::from(b))),
        4 => prop::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Up, KeyCode::Down, KeyCode::Left,
            KeyCode::Home, KeyCode::End, KeyCode::PageDown, KeyCode::Backspace, KeyCode::Delete, KeyCode::F(5),
        ]),
    ];
    (code, any::<bool>(), any::<bool>()).prop_map(|(code, ctrl, alt)| Key { code, ctrl, alt })
}

fn any_msg() -> impl Strategy<Value = Msg> {
    prop_oneof![
        20 => any_key().prop_map(Msg::Key),
        1 => any::<String>().prop_map(Msg::Paste),
        1 => (0u16..300, 0u16..100).prop_map(|(w, h)| Msg::Resize(w, h)),
        1 => any::<i16>().prop_map(Msg::Wheel),
        1 => Just(Msg::Time),
        1 => Just(Msg::Drawn(crate::tui::state::Page { list: 0, thread: 0, scrolled: 0, shown: true, whole: true })),
        1 => Just(Msg::Outcome(Outcome::Changed)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_storm_breaks_it(msgs in prop::collection::vec(any_msg(), 0..300)) {
        let mut g = given();
        for msg in msgs {
            g = g.msg(msg);
            let rows = (1..4).map(row).collect();
            let ticket = g.state.tickets.rows;
            g = g.outcome(Outcome::Rows { ticket, rows, more: false });
            if let Some(id) = g.state.list.selected.clone() {
                let mut t = thread(1);
                t.id = id;
                g = g.loaded(t);
            }
        }
    }
}

#[test]
fn ten_thousand_keys_at_once_send_nothing_that_was_not_staged() {
    let mut g = given();
    for n in 0..10_000 {
        g = g.keys(["j", "1", "<enter>", "k", "<esc>", "2", "g", "<tab>", "t"][n % 9]);
        if g.state.staging.is_some() {
            // It comes before the next key, and no frame does.
            g = g.staged_unseen("Hi");
        }
    }
    assert!(
        !g.effects
            .iter()
            .any(|e| matches!(e, Effect::Send { .. } | Effect::Act { .. }))
    );
}
