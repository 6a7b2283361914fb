//! The queues: a column with counts and ages where there is room, else one line.
//!
//! The one rule: their order is the state's, because keys count by it.

use super::paint::Canvas;
use super::time;
use super::wrap::width;
use crate::domain::{Queue, Risk};
use crate::tui::msg::Target;
use crate::tui::state::{QueueItem, State};
use crate::tui::theme::Styles;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// What a queue holds that cannot wait: `!!`, `!`, or what kind of queue it is.
fn mark(state: &State, styles: &Styles, item: &QueueItem) -> (&'static str, Style) {
    let high = |q: &QueueItem| matches!(q.queue, Queue::Intent(i) if i.risk() != Risk::Normal);
    let burns = match item.queue {
        Queue::Intent(_) => high(item),
        Queue::Parent(parent) => state.queues.iter().any(|q| {
            q.count > 0 && high(q) && matches!(q.queue, Queue::Intent(i) if i.parent() == parent)
        }),
        _ => false,
    };
    match item.queue {
        _ if item.count == 0 => ("", styles.dim),
        _ if item.critical > 0 => ("!!", styles.critical),
        _ if burns => ("!", styles.high),
        Queue::Unknown => ("?", styles.unsure),
        Queue::New => ("…", styles.unsure),
        Queue::Outbox => ("↑", styles.outgoing),
        Queue::Snoozed => ("z", styles.dim),
        _ => ("", styles.dim),
    }
}

/// Empty intents are left out of the column, all others are shown.
fn in_column(state: &State, item: &QueueItem) -> bool {
    item.count > 0 || item.queue == state.list.queue || !matches!(item.queue, Queue::Intent(_))
}

pub fn column(cx: &mut Canvas, area: Rect) {
    let (state, styles) = (cx.state, cx.styles);
    let rule = Rect {
        height: area.height.min(1),
        ..area
    };
    cx.rule(
        rule,
        false,
        &[(cx.texts.queues, styles.title)],
        ("", styles.dim),
    );
    let shown: Vec<&QueueItem> = state
        .queues
        .iter()
        .filter(|q| in_column(state, q))
        .collect();
    let room = usize::from(area.height.saturating_sub(1));
    let current = shown.iter().position(|q| q.queue == state.list.queue);
    // The current one with one more below it.
    let offset = current.map_or(0, |at| (at + 2).min(shown.len()).saturating_sub(room));
    for (n, item) in shown.into_iter().skip(offset).take(room).enumerate() {
        let place = Rect {
            y: area.y + 1 + n as u16,
            height: 1,
            ..area
        };
        one(cx, place, item);
        cx.target(place, Target::Queue(item.queue));
    }
}

fn one(cx: &mut Canvas, area: Rect, item: &QueueItem) {
    let (state, styles) = (cx.state, cx.styles);
    let is_current = item.queue == state.list.queue;
    let (mark, mark_style) = mark(state, styles, item);
    let text = match item.queue {
        _ if item.count == 0 => styles.dim,
        Queue::Parent(_) | Queue::Open => styles.title,
        _ => styles.text,
    };
    let age = match item.oldest {
        Some(at) if item.count > 0 && item.queue != Queue::Done => time::age(state, at),
        _ => String::new(),
    };
    let indent = if matches!(item.queue, Queue::Intent(_)) {
        2
    } else {
        0
    };
    let name = 16 - indent;
    let mut pen = cx.line(area, 0);
    pen.put(if is_current { "▸" } else { " " }, styles.border_focus)
        .cell(mark, 2, mark_style)
        .gap(1 + indent)
        .cell(state.lang.queue(item.queue), name, text)
        .right_cell(&count(item.count), 4, text)
        .gap(1)
        .right_cell(&age, 4, styles.dim);
    if is_current {
        cx.select(area);
    }
}

/// In at most four columns.
fn count(n: u64) -> String {
    match n {
        0..10_000 => n.to_string(),
        10_000..1_000_000 => format!("{}k", n / 1000),
        _ => "999k".to_owned(),
    }
}

pub fn line(cx: &mut Canvas, area: Rect) {
    let (state, styles) = (cx.state, cx.styles);
    let mut shown: Vec<&QueueItem> = state
        .queues
        .iter()
        .filter(|q| {
            let folded = q.count == 0 || matches!(q.queue, Queue::Intent(_));
            !folded || q.queue == state.list.queue
        })
        .collect();
    // What burns must not fall off the end of the line.
    shown.sort_by_key(|q| match mark(state, styles, q).0 {
        _ if q.queue == Queue::Open => 0,
        "!!" => 1,
        "!" => 2,
        _ => 3,
    });
    let mut parts = Vec::new();
    let mut current = 0;
    for item in shown {
        let is_current = item.queue == state.list.queue;
        let (mut mark, mark_style) = mark(state, styles, item);
        if item.queue == Queue::Open {
            mark = "";
        }
        let name = state.lang.queue(item.queue);
        let (open, close) = if is_current { ("[", "]") } else { ("", "") };
        if is_current {
            current = parts.len();
        }
        let text = format!("{open}{mark}{name} {}{close}", count(item.count));
        let style = match mark {
            "!!" | "!" => mark_style,
            _ if is_current => styles.title,
            _ => styles.text,
        };
        parts.push((item.queue, text, style, is_current));
    }
    let room = usize::from(area.width).saturating_sub(3);
    let wide = |from: usize, to: usize| -> usize {
        let part = parts.get(from..=to).unwrap_or_default();
        part.iter().map(|(_, text, ..)| width(text) + 1).sum()
    };
    let mut first = 0;
    while first < current && wide(first, current) > room {
        first += 1;
    }
    let mut places = Vec::new();
    let mut pen = cx.line(area, 0);
    pen.put(if first > 0 { "…" } else { " " }, styles.dim);
    for (queue, text, style, is_current) in &parts[first.min(parts.len())..] {
        if usize::from(pen.room()) < width(text) + 1 {
            pen.put("…", styles.dim);
            break;
        }
        let x = pen.x();
        pen.put(text, *style);
        places.push((x, pen.x() - x, *queue, *is_current));
        pen.gap(1);
    }
    for (x, width, queue, is_current) in places {
        let place = Rect { x, width, ..area };
        if is_current {
            cx.select(place);
        }
        cx.target(place, Target::Queue(queue));
    }
}
