//! From the state to a frame. Nothing is read but the state and the styles, and nothing is changed.
//!
//! - `wrap`, `paint`, `time`: columns, lines, the pen
//! - `plan`: where things stand at which size
//! - `top`, `queues`, `list`, `conversation`, `order`, `reply`, `footer`: the parts of the inbox
//! - `health`, `welcome`: the other screens
//! - `overlay`, `pick`, `why`: what lies over them
//!
//! May use: the state, its values, ratatui. The one rule: meaning is never in a colour alone, and no line depends on the width of
//! what a stranger wrote.

mod conversation;
mod footer;
mod health;
mod list;
mod order;
mod overlay;
mod paint;
mod pick;
mod plan;
mod queues;
mod reply;
mod time;
mod top;
mod welcome;
mod why;
mod wrap;

#[cfg(test)]
mod bytes;
#[cfg(test)]
pub(in crate::tui) mod fixture;
#[cfg(test)]
mod picture;
#[cfg(test)]
mod scenes;
#[cfg(test)]
mod tests;

pub use footer::hints;

use super::msg::Target;
use super::state::{Page, Screen, State};
use super::theme::Styles;
use paint::Canvas;
use ratatui::Frame;
use ratatui::layout::Rect;

/// What was drawn where, and how much of it fitted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Areas {
    /// What a click means. The last one that holds the place counts: it lies on top.
    pub targets: Vec<(Rect, Target)>,
    pub page: Page,
}

impl Areas {
    pub fn at(&self, column: u16, row: u16) -> Option<&Target> {
        let found = self
            .targets
            .iter()
            .rev()
            .find(|(place, _)| place.contains((column, row).into()));
        found.map(|(_, target)| target)
    }
}

const LEAST: (u16, u16) = (40, 10);

/// Draws everything.
pub fn view(state: &State, styles: &Styles, frame: &mut Frame) -> Areas {
    let area = frame.area();
    let buf = frame.buffer_mut();
    buf.set_style(area, styles.text);
    let mut cx = Canvas {
        state,
        styles,
        texts: state.lang.texts(),
        buf,
        targets: Vec::new(),
        cursor: None,
        scrolled: 0,
        whole: true,
    };
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = (cx.texts.too_small)(area.width, area.height);
        cx.centred(area, &text, styles.text);
        return Areas {
            page: Page {
                shown: false,
                ..state.page
            },
            ..Areas::default()
        };
    }
    let plan = plan::plan(state, area);
    top::draw(&mut cx, plan.title);
    match state.screen {
        Screen::Inbox => inbox(&mut cx, &plan),
        Screen::Health => health::draw(&mut cx, between(&plan)),
        Screen::Welcome => welcome::draw(&mut cx, between(&plan)),
    }
    if let Some(ask) = state.ask.as_ref().filter(|_| state.screen != Screen::Inbox) {
        let body = between(&plan);
        let rule = Rect {
            y: body.bottom().saturating_sub(3),
            height: 1,
            ..body
        };
        let field = Rect {
            x: body.x + 1,
            y: rule.y + 1,
            width: body.width.saturating_sub(2),
            height: 2,
        };
        reply::draw_ask(&mut cx, rule, field, ask);
    }
    if state.overlay.is_some() {
        // A click beside what lies on top means nothing.
        cx.targets.clear();
    }
    footer::draw(&mut cx, plan.footer);
    if let Some(overlay) = &state.overlay {
        overlay::draw(&mut cx, between(&plan), overlay);
    }
    if state.shows_which_key() {
        overlay::which_key(&mut cx, between(&plan));
    }
    let Canvas {
        targets,
        cursor,
        scrolled,
        whole,
        ..
    } = cx;
    if let Some(cursor) = cursor.filter(|at| area.contains(*at)) {
        frame.set_cursor_position(cursor);
    }
    let lines = |place: Rect, before: usize| match place.height {
        0 => before,
        n => usize::from(n),
    };
    Areas {
        targets,
        page: Page {
            list: lines(plan.list, state.page.list),
            thread: lines(plan.thread, state.page.thread),
            scrolled,
            shown: true,
            whole,
        },
    }
}

/// Everything between the first and the last line.
fn between(plan: &plan::Plan) -> Rect {
    Rect {
        y: plan.title.bottom(),
        height: plan.footer.y.saturating_sub(plan.title.bottom()),
        ..plan.title
    }
}

fn inbox(cx: &mut Canvas, plan: &plan::Plan) {
    if plan.divider.is_empty() {
        if !plan.queues.is_empty() {
            queues::line(cx, plan.queues);
        }
    } else {
        queues::column(cx, plan.queues);
        divide(cx, plan);
    }
    list::draw(cx, plan.list_rule, plan.list);
    conversation::draw(cx, plan.thread_rule, plan.thread);
    if !plan.order_line.is_empty() {
        order::line(cx, plan.order_line);
    }
    if !plan.order_pane.is_empty() {
        order::pane(cx, plan.order_pane, plan.order_divider);
    }
    reply::draw(cx, plan.reply_rule, plan.reply);
    if !plan.order_pane.is_empty() {
        let border = cx.styles.border;
        for (rule, symbol) in [(plan.thread_rule, "┬"), (plan.reply_rule, "┴")] {
            let place = Rect {
                x: plan.order_divider.x,
                width: 1,
                ..rule
            };
            // A long title runs through.
            let is_rule = cx
                .buf
                .cell(place.as_position())
                .is_some_and(|cell| cell.symbol() == "─");
            if is_rule {
                cx.line(place, 0).put(symbol, border);
            }
        }
    }
}

fn divide(cx: &mut Canvas, plan: &plan::Plan) {
    let style = cx.styles.border;
    let rules = [plan.list_rule.y, plan.thread_rule.y, plan.reply_rule.y];
    for n in 0..plan.divider.height {
        let y = plan.divider.y + n;
        let symbol = match n {
            0 => "┬",
            _ if rules.contains(&y) => "├",
            _ => "│",
        };
        cx.line(plan.divider, usize::from(n)).put(symbol, style);
    }
}
