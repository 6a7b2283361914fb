//! Times as they stand on the screen: a span in two or three columns, a time of day in five.
//!
//! The one rule: `now` is the state's; nobody asks a clock.

use crate::tui::i18n::Texts;
use crate::tui::state::State;
use jiff::Timestamp;

/// Columns that a span with its sign takes at most.
pub const WIDE: u16 = 5;

/// A span in its largest unit: `42s`, `12m`, `3h`, `2d`.
pub fn span(texts: &Texts, seconds: i64) -> String {
    let s = seconds.abs();
    let (n, unit) = match s {
        0..60 => (s, 0),
        60..3600 => (s / 60, 1),
        3600..172_800 => (s / 3600, 2),
        _ => ((s / 86_400).min(999), 3),
    };
    format!("{n}{}", texts.units[unit])
}

/// How long ago it was.
pub fn age(state: &State, at: Timestamp) -> String {
    let seconds = state.now.duration_since(at).as_secs().max(0);
    span(state.lang.texts(), seconds)
}

/// The time of day, or the date where it was not today.
pub fn clock(state: &State, at: Timestamp) -> String {
    let local = at.to_zoned(state.zone.clone());
    let today = state.now.to_zoned(state.zone.clone());
    if local.date() == today.date() {
        format!("{:02}:{:02}", local.hour(), local.minute())
    } else {
        format!("{:02}-{:02}", local.month(), local.day())
    }
}
