//! What lies over a screen: the keys, the reasons, the original of a message, the continuations of a begun sequence.
//!
//! Each is a box with lines that scroll. The one rule: what is under it stays where it is, and one key goes back to it.

use super::paint::Canvas;
use super::wrap::{lines, width};
use super::{order, pick, time, why};
use crate::domain::Author;
use crate::tui::action::{Action, DIGITS, Mode};
use crate::tui::key;
use crate::tui::state::{Overlay, State};
use crate::tui::theme::Styles;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

/// One line: texts and their styles.
pub type Styled = Vec<(String, Style)>;

pub fn draw(cx: &mut Canvas, body: Rect, overlay: &Overlay) {
    let texts = cx.texts;
    let (title, scroll) = match overlay {
        Overlay::Pick(picked) => return pick::draw(cx, body, picked),
        Overlay::Help { scroll } => (texts.help_title, *scroll),
        Overlay::Why { scroll, .. } => (texts.why_title, *scroll),
        Overlay::Raw { scroll } => (texts.raw_title, *scroll),
        Overlay::Orders { scroll } => (texts.orders, *scroll),
    };
    let inside = place(cx.state, body, overlay);
    let all = content(cx.state, cx.styles, overlay, inside.width);
    frame(cx, inside, title);
    let room = usize::from(inside.height);
    let hidden = all.len().saturating_sub(room);
    let from = scroll.min(hidden);
    cx.scrolled = from;
    for (n, line) in all.iter().skip(from).take(room).enumerate() {
        let mut pen = cx.line(inside, n);
        for (text, style) in line {
            pen.rest(text, *style);
        }
    }
    if hidden > 0 {
        let shown = format!(
            " {}–{} / {} ",
            from + 1,
            (from + room).min(all.len()),
            all.len()
        );
        let at = Rect {
            x: inside.right().saturating_sub(width(&shown) as u16),
            y: inside.bottom(),
            width: width(&shown) as u16,
            height: 1,
        };
        let dim = cx.styles.dim;
        cx.line(at, 0).put(&shown, dim);
    }
    cx.cursor = Some(inside.as_position());
}

/// A box round a place, and nothing left in it.
pub fn frame(cx: &mut Canvas, inside: Rect, title: &str) {
    let outer = Rect {
        x: inside.x.saturating_sub(2),
        y: inside.y.saturating_sub(1),
        width: inside.width.saturating_add(4),
        height: inside.height.saturating_add(2),
    }
    .intersection(cx.buf.area);
    cx.clear(outer);
    let (line, name) = (cx.styles.border_focus, cx.styles.title);
    for n in 0..usize::from(outer.height) {
        let (left, fill, right) = match n {
            0 => ("┌", "─", "┐"),
            n if n + 1 == usize::from(outer.height) => ("└", "─", "┘"),
            _ => ("│", " ", "│"),
        };
        let end = outer.width.saturating_sub(1);
        let mut pen = cx.line(
            Rect {
                width: end,
                ..outer
            },
            n,
        );
        pen.put(left, line).fill(fill, line);
        let x = outer.x + end;
        cx.line(
            Rect {
                x,
                width: 1,
                ..outer
            },
            n,
        )
        .put(right, line);
    }
    cx.line(
        Rect {
            width: outer.width.saturating_sub(2),
            ..outer
        },
        0,
    )
    .gap(2)
    .put(" ", line)
    .rest(title, name)
    .put(" ", line);
}

/// The inside of a box of this size in the middle, as far as there is room.
pub fn centred(body: Rect, wide: u16, high: u16) -> Rect {
    let width = wide.min(body.width.saturating_sub(6));
    let height = high.min(body.height.saturating_sub(2));
    Rect {
        x: body.x + (body.width - width) / 2,
        y: body.y + (body.height.saturating_sub(height)) / 2,
        width,
        height,
    }
}

fn place(state: &State, body: Rect, overlay: &Overlay) -> Rect {
    let widest = match overlay {
        Overlay::Help { .. } => 2 * HELP_COLUMN,
        _ => 96,
    };
    let wide = centred(body, widest, 1).width;
    let lines = content(state, &Styles::mono(), overlay, wide).len();
    centred(body, wide, u16::try_from(lines).unwrap_or(u16::MAX).max(1))
}

fn content(state: &State, styles: &Styles, overlay: &Overlay, wide: u16) -> Vec<Styled> {
    match overlay {
        Overlay::Pick(_) => Vec::new(),
        Overlay::Help { .. } => help(state, styles, wide),
        Overlay::Why { reasons, .. } => why::content(state, styles, reasons.as_ref(), wide),
        Overlay::Raw { .. } => raw(state, styles, wide),
        Overlay::Orders { .. } => order::content(state, styles, wide),
    }
}

const HELP_COLUMN: u16 = 48;

/// The actions of a mode; the numbered ones once, beside what they are like.
fn explained(mode: Mode) -> Vec<Action> {
    let numbered = |a: &Action| matches!(a, Action::Template(_) | Action::Queue(_));
    let here = |a: &Action| a.modes().contains(&mode);
    let mut all: Vec<Action> = Action::all().filter(|a| here(a) && !numbered(a)).collect();
    for (before, first) in [
        (Action::Inbox, Action::Queue(1)),
        (Action::Variant, Action::Template(1)),
    ] {
        if let Some(at) = all
            .iter()
            .position(|a| *a == before)
            .filter(|_| here(&first))
        {
            all.insert(at, first);
        }
    }
    all
}

fn help(state: &State, styles: &Styles, wide: u16) -> Vec<Styled> {
    let mode = state.base_mode();
    let key = |action| state.keymap.label(action);
    let mut rows: Vec<(String, String)> = Vec::new();
    for action in explained(mode) {
        let keys: Vec<String> = state
            .keymap
            .keys(action)
            .iter()
            .map(|k| key::label(k))
            .collect();
        let (first, last) = match action {
            Action::Template(1) => (key(action), key(Action::Template(DIGITS))),
            Action::Queue(1) => (key(action), key(Action::Queue(DIGITS))),
            _ => (None, None),
        };
        let label = match (first, last) {
            (Some(first), Some(last)) => format!("{first}…{last}"),
            _ => first_keys(&keys, 9),
        };
        let said = match action {
            Action::Template(_) => state.lang.action(action).replace('1', "n"),
            Action::Queue(_) => state.lang.action(action).replace('1', "n"),
            _ => state.lang.action(action),
        };
        if !label.is_empty() {
            rows.push((label, said));
        }
    }
    let columns = if wide >= 2 * 34 { 2 } else { 1 };
    let each = usize::from(wide) / columns;
    let keys = 9;
    let room = each.saturating_sub(keys + 3);
    // A long sentence goes on below itself; nothing is cut.
    let mut flow: Vec<(String, String)> = Vec::new();
    for (label, said) in rows {
        for (n, line) in lines(&said, room).into_iter().enumerate() {
            let label = if n == 0 { label.as_str() } else { "" };
            flow.push((pad(label, keys), pad(line, room)));
        }
    }
    let mut high = flow.len().div_ceil(columns);
    // No sentence is torn between the columns.
    while columns > 1 && flow.get(high).is_some_and(|(key, _)| key.trim().is_empty()) {
        high += 1;
    }
    let line = |n: usize| -> Styled {
        let beside = flow.iter().skip(n).step_by(high.max(1)).take(columns);
        beside
            .flat_map(|(key, said)| {
                [
                    (format!("{key} "), styles.key),
                    (format!("{said}  "), styles.text),
                ]
            })
            .collect()
    };
    (0..high).map(line).collect()
}

/// As many of an action's keys as there is room for.
fn first_keys(keys: &[String], most: usize) -> String {
    let mut shown = keys.first().cloned().unwrap_or_default();
    for key in keys.iter().skip(1) {
        if width(&shown) + 1 + width(key) <= most {
            shown = format!("{shown} {key}");
        }
    }
    shown
}

/// In exactly so many columns.
pub fn pad(text: &str, columns: usize) -> String {
    let mut shown = super::wrap::fit(text, columns).into_owned();
    let left = columns.saturating_sub(width(&shown));
    shown.extend(std::iter::repeat_n(' ', left));
    shown
}

/// The newest first: it is the one that is looked for.
fn raw(state: &State, styles: &Styles, wide: u16) -> Vec<Styled> {
    let texts = state.lang.texts();
    let Some(thread) = state.open_thread() else {
        return vec![vec![(texts.nothing_selected.to_owned(), styles.dim)]];
    };
    let mut all = Vec::new();
    for m in thread.messages.iter().rev() {
        let who = match m.author {
            Author::Customer => thread.buyer.as_str(),
            Author::Agent => texts.you,
            Author::Automation => texts.robot,
            Author::System => texts.platform,
        };
        let kind = state.lang.message_kind(m.kind);
        let head = format!("{} · {kind} · {who}", time::clock(state, m.sent_at));
        all.push(vec![(head, styles.dim)]);
        for line in lines(m.original.as_str(), usize::from(wide)) {
            all.push(vec![(line.to_owned(), styles.text)]);
        }
        all.push(Styled::new());
    }
    all.pop();
    all
}

/// How the begun sequence can go on.
pub fn which_key(cx: &mut Canvas, body: Rect) {
    let (state, styles) = (cx.state, cx.styles);
    let mut rows = Vec::new();
    for (next, action) in state.keymap.continuations(state.mode(), &state.pending) {
        let said = match action {
            // The name of the queue says more than its number.
            Some(Action::Queue(n)) => match state.numbered_queue(usize::from(n)) {
                Some(queue) => state.lang.queue(queue).to_owned(),
                None => continue,
            },
            Some(action) => state.lang.action(action),
            None => "…".to_owned(),
        };
        rows.push((key::label(&[next]), said));
    }
    if rows.is_empty() {
        return;
    }
    let columns = if rows.len() > 9 && body.width >= 60 {
        2
    } else {
        1
    };
    let keys = rows.iter().map(|(key, _)| width(key)).max().unwrap_or(1);
    let said = rows.iter().map(|(_, said)| width(said)).max().unwrap_or(1);
    let each = (keys + said + 3) as u16;
    let high = rows.len().div_ceil(columns);
    let mut inside = centred(body, each * columns as u16, high as u16);
    // In the corner, beside what one is looking at.
    inside.x = body.right().saturating_sub(inside.width + 3);
    inside.y = body.bottom().saturating_sub(inside.height + 1);
    let title = key::label(&state.pending);
    frame(cx, inside, &title);
    for (n, (key, text)) in rows.iter().enumerate() {
        let column = (n / high.max(1)) as u16;
        let place = Rect {
            x: inside.x + column * each,
            width: each.min(inside.width.saturating_sub(column * each)),
            ..inside
        };
        cx.line(place, n % high.max(1))
            .cell(key, keys as u16, styles.key)
            .gap(1)
            .rest(text, styles.text);
    }
}

/// The terminal's cursor on a line that is chosen.
pub fn cursor_on(cx: &mut Canvas, place: Rect) {
    cx.cursor = Some(Position::new(place.x, place.y));
}
