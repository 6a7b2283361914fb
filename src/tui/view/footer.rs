//! The line at the bottom: at most five keys that matter here, and what is happening.
//!
//! The one rule: no hint for what cannot be done now.

use super::paint::Canvas;
use super::wrap::width;
use crate::domain::Status;
use crate::tui::action::{Action, DIGITS, Mode};
use crate::tui::msg::Target;
use crate::tui::state::{ChannelState, Focus, ModelState, Overlay, Phase, State, Thread};
use ratatui::layout::Rect;

/// The most that a person reads at a glance.
pub const MOST: usize = 5;

/// What to do next, the most useful first.
pub fn hints(state: &State) -> Vec<Action> {
    let mut hints = match state.mode() {
        Mode::Inbox => inbox(state),
        Mode::Stage => stage(state),
        Mode::Compose => {
            let mut hints = vec![Action::Send, Action::NewLine, Action::Cancel];
            if state.settings.has_editor {
                hints.insert(2, Action::Editor);
            }
            hints
        }
        Mode::Ask => vec![Action::Accept, Action::Cancel],
        Mode::Pick => match &state.overlay {
            Some(Overlay::Pick(pick)) if !pick.choices.is_empty() => {
                vec![
                    Action::Accept,
                    Action::PickDown,
                    Action::PickUp,
                    Action::Cancel,
                ]
            }
            _ => vec![Action::Cancel],
        },
        Mode::Read => vec![Action::Down, Action::Up, Action::Back],
        Mode::Health => health(state),
        Mode::Welcome => {
            let mut hints = vec![Action::Demo, Action::Connect, Action::Import];
            hints.extend(model(state).filter(|a| *a == Action::StopModel));
            hints.push(Action::Help);
            hints
        }
    };
    hints.retain(|action| state.keymap.label(*action).is_some());
    hints.truncate(MOST);
    hints
}

fn inbox(state: &State) -> Vec<Action> {
    let mut hints = Vec::new();
    let Some(row) = state.row() else {
        return vec![
            Action::NextQueue,
            Action::Health,
            Action::Palette,
            Action::Help,
        ];
    };
    if let Some(thread) = state.open_thread() {
        if thread.unknown_replies() > 0 {
            hints.extend([Action::Arrived, Action::NotSent]);
        }
        hints.extend(replies(thread));
        if let Some(subject) = thread.subject() {
            let unsure = subject.classification.as_ref().is_some_and(|c| {
                c.verdict.is_none() && c.outcome != crate::domain::Outcome::Intent
            });
            if unsure || hints.len() < 3 {
                hints.push(Action::Intent);
            }
        }
    }
    hints.push(match row.status {
        Status::Open => Action::Done,
        Status::Snoozed { .. } | Status::Done => Action::Reopen,
    });
    if state.focus == Focus::List {
        hints.push(Action::Open);
    } else {
        hints.push(Action::Why);
    }
    hints.truncate(MOST - 1);
    hints.push(Action::Help);
    hints
}

fn replies(thread: &Thread) -> Vec<Action> {
    if !thread.can_reply {
        return Vec::new();
    }
    if thread.templates.is_empty() {
        vec![Action::Write]
    } else {
        vec![Action::Template(1), Action::Write]
    }
}

fn stage(state: &State) -> Vec<Action> {
    let mut hints = Vec::new();
    let Some(compose) = state.compose.as_ref().filter(|c| c.phase == Phase::Staged) else {
        return hints;
    };
    let thread = state
        .thread
        .as_ref()
        .filter(|t| t.id == compose.conversation);
    let most = thread.and_then(|t| t.max_chars);
    let fits = most.is_none_or(|most| compose.input.text().chars().count() <= most);
    if fits && !compose.input.is_empty() {
        hints.push(Action::Send);
    }
    if let (Some(from), Some(thread)) = (&compose.from, thread) {
        let item = thread.templates.iter().find(|t| t.key == from.template);
        let texts: usize = item.map_or(0, |t| t.variants.iter().map(|(_, n)| n).sum());
        if texts > 1 {
            hints.push(Action::Variant);
        }
    }
    hints.push(Action::Write);
    hints.push(Action::Back);
    if thread.is_some_and(|t| t.orders.len() > 1) {
        hints.push(Action::Order);
    } else {
        hints.push(Action::Help);
    }
    hints
}

fn model(state: &State) -> impl Iterator<Item = Action> + use<> {
    let action = match state.model {
        ModelState::Loading { .. } => Some(Action::StopModel),
        ModelState::Failed(_) | ModelState::Stopped => Some(Action::LoadModel),
        ModelState::Learning(..) | ModelState::Ready(_) => None,
    };
    action.into_iter()
}

fn health(state: &State) -> Vec<Action> {
    let mut hints = vec![Action::Connect, Action::Import];
    let can_ask =
        |state: &ChannelState| !matches!(state, ChannelState::File | ChannelState::Elsewhere);
    if state.channels.iter().any(|c| can_ask(&c.state)) {
        hints.push(Action::PollNow);
    }
    hints.extend(model(state));
    hints.truncate(MOST - 1);
    hints.push(Action::Back);
    hints
}

/// The key as it is shown; for the templates all of their keys.
fn label(state: &State, action: Action) -> String {
    let key = |action| state.keymap.label(action).unwrap_or_default();
    if action != Action::Template(1) {
        return key(action);
    }
    let first = key(action);
    let count = state.open_thread().map_or(1, |t| t.templates.len());
    let last = key(Action::Template(count.clamp(1, usize::from(DIGITS)) as u8));
    if last == first || last.is_empty() {
        first
    } else {
        format!("{first}-{last}")
    }
}

pub fn draw(cx: &mut Canvas, area: Rect) {
    let (state, styles) = (cx.state, cx.styles);
    let (status, status_style) = status(cx);
    let reserved = match width(&status) as u16 {
        0 => 0,
        wide => wide.saturating_add(3),
    };
    let mut places = Vec::new();
    let keys = Rect {
        width: area.width.saturating_sub(reserved),
        ..area
    };
    let mut pen = cx.line(keys, 0);
    pen.gap(1);
    let mut shown: Vec<_> = hints(state)
        .into_iter()
        .map(|action| (action, label(state, action), state.lang.hint(action)))
        .map(|(a, key, name)| (width(&key) + 1 + width(&name), a, key, name))
        .collect();
    // The last one is the way out or the help: it stays as long as any.
    while shown.len() > 1
        && shown.iter().map(|hint| hint.0 + 2).sum::<usize>() > usize::from(pen.room()) + 2
    {
        shown.remove(shown.len() - 2);
    }
    for (wide, action, key, name) in shown {
        if usize::from(pen.room()) < wide {
            break;
        }
        places.push((pen.x(), wide as u16, action));
        pen.put(&key, styles.key)
            .gap(1)
            .put(&name, styles.text)
            .gap(2);
    }
    for (x, width, action) in places {
        cx.target(Rect { x, width, ..area }, Target::Action(action));
    }
    if reserved > 0 {
        let left = area
            .width
            .saturating_sub(reserved - 2)
            .min(area.width.saturating_sub(1));
        cx.line(area, 0).gap(left).rest(&status, status_style);
    }
}

/// What was just done, else how long the next reply is held.
fn status(cx: &Canvas) -> (String, ratatui::style::Style) {
    let (state, styles, texts) = (cx.state, cx.styles, cx.texts);
    let held = state
        .next_held()
        .map(|held| state.seconds_until(held.send_at));
    if let Some(notice) = &state.notice {
        let waits = held.map_or_else(String::new, |left| format!("↑{left}{} · ", texts.units[0]));
        let mark = if notice.bad { "✗ " } else { "" };
        let style = if notice.bad { styles.bad } else { styles.good };
        return (format!("{waits}{mark}{}", notice.text.one_line(200)), style);
    }
    match held {
        // The keys matter more than the sentence where there is no room for both.
        Some(left) if state.size.0 < 70 => (format!("↑{left}{}", texts.units[0]), styles.outgoing),
        Some(left) => (
            (texts.held)(state.own_held().count(), left),
            styles.outgoing,
        ),
        None => (String::new(), styles.dim),
    }
}
