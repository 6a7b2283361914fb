//! Moving: rows, queues, screens, lines.
//!
//! The one rule: only a person moves the selection. What arrives changes what is around it.

use super::{complain, quit, target, texts};
use crate::domain::{ConversationId, Queue};
use crate::tui::action::Mode;
use crate::tui::msg::Effect;
use crate::tui::state::{Focus, List, Screen, State};

/// Asks for the rows of the current queue.
pub fn load_rows(state: &mut State) -> Vec<Effect> {
    state.tickets.rows += 1;
    vec![Effect::LoadRows {
        queue: state.list.queue,
        limit: state.list.limit,
        keep: state.list.selected.clone(),
        ticket: state.tickets.rows,
    }]
}

/// Asks for the selected conversation.
pub fn load_thread(state: &mut State) -> Vec<Effect> {
    let Some(id) = state.list.selected.clone() else {
        state.thread = None;
        return Vec::new();
    };
    state.tickets.thread += 1;
    vec![Effect::LoadThread {
        id,
        ticket: state.tickets.thread,
    }]
}

/// Selects a row that the person points at, on a list that they see.
pub fn select(state: &mut State, id: ConversationId) -> Vec<Effect> {
    if state.list.selected.as_ref() == Some(&id) {
        return Vec::new();
    }
    let effects = show(state, id);
    if !state.list.undrawn {
        state.list.seen = state.list.selected.clone();
    }
    effects
}

/// Selects a row; that it is selected has to be seen before a key acts on it.
pub fn show(state: &mut State, id: ConversationId) -> Vec<Effect> {
    state.list.selected = Some(id);
    state.scroll = 0;
    // A staged reply stays its conversation's draft.
    state.compose = None;
    state.staging = None;
    keep_in_view(state);
    load_thread(state)
}

/// Moves the selection by so many rows; asks for more rows near the end of the loaded ones.
fn move_by(state: &mut State, rows: isize) -> Vec<Effect> {
    if state.list.rows.is_empty() {
        return Vec::new();
    }
    let last = state.list.rows.len() - 1;
    let at = state.list.position().unwrap_or(0);
    let to = at.saturating_add_signed(rows).min(last);
    let id = state.list.rows[to].id.clone();
    let mut effects = select(state, id);
    if to == last && state.list.more && rows > 0 {
        state.list.limit += List::WINDOW;
        effects.extend(load_rows(state));
    }
    effects
}

/// Scrolls the list so that the selection is among the shown rows. Returns whether it had to.
pub fn keep_in_view(state: &mut State) -> bool {
    let page = state.page.list.max(1);
    let before = state.list.offset;
    let Some(at) = state.list.position() else {
        state.list.offset = 0;
        return before != 0;
    };
    let offset = before.clamp((at + 1).saturating_sub(page), at);
    state.list.offset = offset;
    offset != before
}

pub fn step(state: &mut State, by: isize) -> Vec<Effect> {
    match state.mode() {
        Mode::Read => scroll_overlay(state, by),
        Mode::Health => {
            let last = state.channels.len().saturating_sub(1);
            state.channel = state.channel.saturating_add_signed(by).min(last);
            Vec::new()
        }
        Mode::Inbox | Mode::Stage if state.focus == Focus::Thread => scroll_thread(state, by),
        Mode::Inbox | Mode::Stage => move_by(state, by),
        _ => Vec::new(),
    }
}

pub fn half_page(state: &mut State, direction: isize) -> Vec<Effect> {
    let lines = match state.focus {
        Focus::Thread => state.page.thread,
        Focus::List => state.page.list,
    };
    step(state, direction * (lines / 2).max(1) as isize)
}

pub fn edge(state: &mut State, bottom: bool) -> Vec<Effect> {
    // More than there are rows or lines; what follows stops at the edge.
    let far = isize::try_from(u32::MAX).unwrap_or(isize::MAX);
    step(state, if bottom { far } else { -far })
}

pub fn wheel(state: &mut State, lines: i16) -> Vec<Effect> {
    step(state, isize::from(lines))
}

/// How far there is something to see only the view knows: it says so when it has drawn.
fn scroll_thread(state: &mut State, by: isize) -> Vec<Effect> {
    state.scroll = state.scroll.saturating_add_signed(-by).min(FARTHEST);
    Vec::new()
}

fn scroll_overlay(state: &mut State, by: isize) -> Vec<Effect> {
    if let Some(overlay) = &mut state.overlay
        && let Some(scroll) = overlay.scroll()
    {
        *scroll = scroll.saturating_add_signed(by).min(FARTHEST);
    }
    Vec::new()
}

/// More lines than anything has.
const FARTHEST: usize = u32::MAX as usize;

/// What lies on top is scrolled by so many lines, as drawn.
pub fn scrolled(state: &mut State, lines: usize) {
    match &mut state.overlay {
        Some(overlay) => {
            if let Some(scroll) = overlay.scroll() {
                *scroll = lines;
            }
        }
        None => state.scroll = lines,
    }
}

/// Goes to a queue, and to where it was left.
pub fn go(state: &mut State, queue: Queue) -> Vec<Effect> {
    state.screen = Screen::Inbox;
    state.focus = Focus::List;
    if state.list.queue == queue {
        return Vec::new();
    }
    if let Some(id) = state.list.selected.take() {
        state.list.places.insert(state.list.queue, id);
    }
    state.list = List {
        queue,
        limit: List::WINDOW,
        loading: true,
        want: state.list.places.get(&queue).cloned(),
        places: std::mem::take(&mut state.list.places),
        leaving: std::mem::take(&mut state.list.leaving),
        ..List::default()
    };
    state.thread = None;
    state.compose = None;
    state.staging = None;
    load_rows(state)
}

/// The next queue of the bar that has somebody in it.
pub fn next_queue(state: &mut State, forward: bool) -> Vec<Effect> {
    let queues: Vec<Queue> = state
        .queues
        .iter()
        .filter(|item| item.count > 0 || item.queue == state.list.queue)
        .map(|item| item.queue)
        .collect();
    let Some(last) = queues.len().checked_sub(1) else {
        return Vec::new();
    };
    let at = queues.iter().position(|q| *q == state.list.queue);
    let to = match (at, forward) {
        (None, _) => 0,
        (Some(at), true) => (at + 1) % (last + 1),
        (Some(0), false) => last,
        (Some(at), false) => at - 1,
    };
    go(state, queues[to])
}

pub fn numbered_queue(state: &mut State, n: usize) -> Vec<Effect> {
    let Some(queue) = state.numbered_queue(n) else {
        let text = (texts(state).no_such_queue)(n);
        complain(state, &text);
        return Vec::new();
    };
    go(state, queue)
}

/// Enter on a row: the keys go to the conversation.
pub fn open(state: &mut State) -> Vec<Effect> {
    if target(state).is_some() {
        state.focus = Focus::Thread;
    }
    Vec::new()
}

/// One level up; at the top, nothing.
pub fn back(state: &mut State) -> Vec<Effect> {
    up(state);
    Vec::new()
}

/// One level up; at the top, out.
pub fn leave(state: &mut State) -> Vec<Effect> {
    if up(state) { Vec::new() } else { quit(state) }
}

/// Returns whether there was a level above.
fn up(state: &mut State) -> bool {
    if state.overlay.take().is_some() {
        return true;
    }
    match state.screen {
        Screen::Health => {
            state.screen = Screen::Inbox;
            true
        }
        Screen::Welcome => false,
        Screen::Inbox if state.compose.take().is_some() => true,
        Screen::Inbox if state.focus == Focus::Thread => {
            state.focus = Focus::List;
            state.scroll = 0;
            true
        }
        Screen::Inbox => false,
    }
}

/// Takes a row out because of what the person did to it, and goes on to the next one.
pub fn go_on(state: &mut State, id: &ConversationId) -> Vec<Effect> {
    let Some(at) = state.list.rows.iter().position(|row| row.id == *id) else {
        return Vec::new();
    };
    state.list.rows.remove(at);
    state.list.leaving.push(id.clone());
    state.compose = None;
    state.staging = None;
    state.focus = Focus::List;
    state.scroll = 0;
    let next = at.min(state.list.rows.len().saturating_sub(1));
    let next = state.list.rows.get(next).map(|row| row.id.clone());
    state.list.selected.clone_from(&next);
    // The person did this, and expects under the keys the next row that they saw.
    if !state.list.undrawn {
        state.list.seen = next;
    }
    keep_in_view(state);
    load_thread(state)
}
