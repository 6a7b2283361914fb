//! Where things stand in the inbox: rectangles out of a size and a state, and nothing else.
//!
//! Three panes from 110 columns, two from 70, else one. The list keeps its height when a reply is staged; the conversation makes
//! room for it. The one rule: all rectangles lie inside the area, whatever its size.

use super::reply;
use crate::tui::state::{Focus, State};
use ratatui::layout::Rect;

/// How much the window holds side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Panes {
    One,
    Two,
    Three,
}

/// The places of the inbox. What is not shown is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plan {
    pub title: Rect,
    /// One line (two panes) or a column (three).
    pub queues: Rect,
    /// The line between the column of queues and the rest.
    pub divider: Rect,
    pub list_rule: Rect,
    pub list: Rect,
    pub thread_rule: Rect,
    pub order_line: Rect,
    pub order_pane: Rect,
    pub order_divider: Rect,
    pub thread: Rect,
    pub reply_rule: Rect,
    pub reply: Rect,
    pub footer: Rect,
}

const QUEUES_WIDE: u16 = 30;
const ORDER_WIDE: u16 = 28;
/// Below this height a window with several parts shows too little of each.
const SEVERAL_HIGH: u16 = 15;

impl Panes {
    pub fn of(area: Rect) -> Self {
        match area.width {
            _ if area.height < SEVERAL_HIGH => Self::One,
            110.. => Self::Three,
            70.. => Self::Two,
            _ => Self::One,
        }
    }
}

/// Cuts `lines` off the top of an area.
fn top(area: &mut Rect, lines: u16) -> Rect {
    let lines = lines.min(area.height);
    let cut = Rect {
        height: lines,
        ..*area
    };
    area.y += lines;
    area.height -= lines;
    cut
}

fn bottom(area: &mut Rect, lines: u16) -> Rect {
    let lines = lines.min(area.height);
    area.height -= lines;
    Rect {
        y: area.bottom(),
        height: lines,
        ..*area
    }
}

fn left(area: &mut Rect, columns: u16) -> Rect {
    let columns = columns.min(area.width);
    let cut = Rect {
        width: columns,
        ..*area
    };
    area.x += columns;
    area.width -= columns;
    cut
}

pub fn plan(state: &State, area: Rect) -> Plan {
    let panes = Panes::of(area);
    let mut rest = area;
    let mut plan = Plan {
        title: top(&mut rest, 1),
        footer: bottom(&mut rest, 1),
        ..Plan::default()
    };
    match panes {
        Panes::Three => {
            plan.queues = left(&mut rest, QUEUES_WIDE);
            plan.divider = left(&mut rest, 1);
        }
        Panes::Two => plan.queues = top(&mut rest, 1),
        Panes::One => {}
    }
    let reply_wide = rest.width.saturating_sub(2);
    if panes == Panes::One {
        let in_thread = state.focus == Focus::Thread;
        if in_thread || reply::is_busy(state) {
            let most = (rest.height / 2).saturating_sub(1).max(1);
            let lines = reply::lines_wanted(state, reply_wide).clamp(1, most);
            plan.reply = inset(bottom(&mut rest, lines));
            plan.reply_rule = bottom(&mut rest, 1);
        }
        if in_thread {
            conversation(&mut plan, rest, false);
        } else {
            plan.list_rule = top(&mut rest, 1);
            plan.list = rest;
        }
        return plan;
    }
    plan.list_rule = top(&mut rest, 1);
    let nobody = state.list.rows.is_empty() && !state.list.loading;
    if nobody && !reply::is_busy(state) {
        plan.list = rest;
        return plan;
    }
    let list = (rest.height * 2 / 5).max(3);
    plan.list = top(&mut rest, list);
    let most = (rest.height / 2).saturating_sub(1).max(1);
    let lines = reply::lines_wanted(state, reply_wide).clamp(1, most);
    plan.reply = inset(bottom(&mut rest, lines));
    plan.reply_rule = bottom(&mut rest, 1);
    conversation(&mut plan, rest, panes == Panes::Three);
    plan
}

fn conversation(plan: &mut Plan, mut rest: Rect, pane: bool) {
    plan.thread_rule = top(&mut rest, 1);
    if pane {
        let wide = rest.width.saturating_sub(ORDER_WIDE);
        plan.thread = inset(left(&mut rest, wide));
        plan.order_divider = left(&mut rest, 1);
        plan.order_pane = inset(rest);
    } else {
        if rest.height > 3 {
            plan.order_line = inset(top(&mut rest, 1));
        }
        plan.thread = inset(rest);
    }
}

/// A column of air at both sides.
fn inset(area: Rect) -> Rect {
    Rect {
        x: area.x + 1.min(area.width),
        width: area.width.saturating_sub(2),
        ..area
    }
}
