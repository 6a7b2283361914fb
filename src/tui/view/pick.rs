//! The picker: a line to type in, and what fits, best first.
//!
//! The one rule: each choice shows its name and the key that does or says the same.

use super::list::risk_mark;
use super::overlay::{centred, frame};
use super::paint::Canvas;
use super::reply::input;
use super::wrap::width;
use crate::tui::msg::Target;
use crate::tui::state::{Choice, Pick, PickFor};
use ratatui::layout::Rect;

pub fn draw(cx: &mut Canvas, body: Rect, pick: &Pick) {
    let (styles, texts) = (cx.styles, cx.texts);
    let title = match pick.what {
        PickFor::Intent(..) => texts.intent_title,
        PickFor::Order(_) => texts.order_title,
        PickFor::Palette => texts.palette_title,
    };
    // As high whatever fits, so that typing does not move it.
    let high = match pick.what {
        PickFor::Order(_) => {
            let orders = cx.state.thread.as_ref().map_or(0, |t| t.orders.len());
            orders.clamp(1, 15) + 1
        }
        _ => 16,
    };
    // In the upper half: what the choice is about stands in the lower one.
    let most = (body.height / 2).max(6);
    let mut inside = centred(body, 66, (high as u16).min(most));
    inside.y = body.y + 1;
    frame(cx, inside, title);
    let field = Rect {
        x: inside.x + 2,
        width: inside.width.saturating_sub(2),
        height: inside.height.min(1),
        ..inside
    };
    let mut pen = cx.line(inside, 0);
    pen.put("> ", styles.key);
    let place = (texts.shown_of)((pick.at + 1).min(pick.choices.len()), pick.choices.len());
    let columns = width(&place) as u16;
    input(
        cx,
        Rect {
            width: field.width.saturating_sub(columns + 1),
            ..field
        },
        &pick.input,
        styles.input,
    );
    let at = Rect {
        x: inside.right().saturating_sub(columns),
        width: columns,
        ..field
    };
    cx.line(at, 0).put(&place, styles.dim);
    let list = Rect {
        y: inside.y + 1,
        height: inside.height.saturating_sub(1),
        ..inside
    };
    if pick.choices.is_empty() {
        cx.line(list, 0).gap(2).rest(texts.nothing_fits, styles.dim);
        return;
    }
    let room = usize::from(list.height).max(1);
    let from = (pick.at + 1).saturating_sub(room);
    for (n, choice) in pick.choices.iter().enumerate().skip(from).take(room) {
        let line = Rect {
            y: list.y + (n - from) as u16,
            height: 1,
            ..list
        };
        if line.y >= list.bottom() {
            break;
        }
        one(cx, line, choice);
        if n == pick.at {
            cx.select(line);
        }
        cx.target(line, Target::Choice(n));
    }
}

fn one(cx: &mut Canvas, line: Rect, choice: &Choice) {
    let (state, styles) = (cx.state, cx.styles);
    let wide = line.width;
    match choice {
        Choice::Intent(intent) => {
            let (mark, mark_style) = risk_mark(styles, intent.risk());
            let mut pen = cx.line(line, 0);
            pen.right_cell(mark, 2, mark_style)
                .gap(1)
                .cell(
                    state.lang.intent(*intent),
                    (wide / 2).max(10) - 4,
                    styles.text,
                )
                .gap(1)
                .rest(intent.key(), styles.dim);
        }
        Choice::Action(action) => {
            let key = state.keymap.label(*action).unwrap_or_default();
            cx.line(line, 0)
                .gap(1)
                .cell(
                    &state.lang.action(*action),
                    wide.saturating_sub(12),
                    styles.text,
                )
                .gap(1)
                .right_cell(&key, 9, styles.key);
        }
        Choice::Queue(queue) => {
            let count = state.queues.iter().find(|item| item.queue == *queue);
            let count = count.map_or_else(String::new, |item| item.count.to_string());
            let name = state.lang.queue(*queue);
            cx.line(line, 0)
                .gap(1)
                .cell(name, wide.saturating_sub(12), styles.title)
                .gap(1)
                .right_cell(&count, 9, styles.dim);
        }
        Choice::Order(id) => {
            let orders = state.thread.as_ref().map_or(&[][..], |t| &t.orders[..]);
            let order = orders.iter().find(|order| order.id == *id);
            let mut pen = cx.line(line, 0);
            let chosen = order.is_some_and(|o| o.chosen);
            pen.cell(if chosen { "▸" } else { "" }, 2, styles.title)
                .cell(id.as_str(), 20, styles.text)
                .gap(1);
            if let Some(order) = order {
                let status = state.lang.order_status(order.status);
                pen.cell(status, 14, styles.dim).gap(1);
                if let Some(item) = &order.item {
                    pen.rest(item.as_str(), styles.text);
                }
            }
        }
    }
}
