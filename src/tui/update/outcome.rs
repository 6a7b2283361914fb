//! What the runner answers, and what changed by itself.
//!
//! The one rule: what arrives never moves the selection, never covers the screen and never closes a field; and what is the same as
//! before changes nothing.

use super::{begin, complain, moves, reply, tell, texts};
use crate::domain::{ConversationId, Intent};
use crate::text::SafeText;
use crate::tui::msg::{Act, Effect, Outcome};
use crate::tui::state::{AskFor, Held, Overlay, Phase, Reasons, RowItem, Screen, State, Thread};
use std::sync::Arc;

/// Puts a value in its place; what is equal leaves the screen as it is.
macro_rules! set {
    ($state:expr, $field:ident, $value:expr) => {
        if $state.$field != $value {
            $state.$field = $value;
            $state.dirty = true;
        }
    };
}

pub fn take(state: &mut State, outcome: Outcome) -> Vec<Effect> {
    match outcome {
        Outcome::Queues(queues) => {
            set!(state, queues, queues);
            Vec::new()
        }
        Outcome::Rows { ticket, rows, more } => rows_loaded(state, ticket, rows, more),
        Outcome::Row { ticket, row } => {
            let old = state.list.rows.iter_mut().find(|old| old.id == row.id);
            if let Some(old) = old.filter(|old| ticket == state.tickets.rows && **old != *row) {
                *old = *row;
                state.dirty = true;
            }
            Vec::new()
        }
        Outcome::Thread { ticket, thread } => thread_loaded(state, ticket, *thread),
        Outcome::NoThread { ticket, why } => {
            if ticket == state.tickets.thread {
                state.thread = None;
                complain(state, why.as_str());
            }
            Vec::new()
        }
        Outcome::Why { ticket, reasons } => why_loaded(state, ticket, reasons),
        Outcome::Staged { ticket, id, result } => reply::staged(state, ticket, &id, result),
        Outcome::Queued { id, result } => queued(state, &id, result),
        Outcome::Acted { id, act, result } => acted(state, &id, act, result),
        Outcome::Undone(result) => undone(state, result),
        Outcome::Edited { id, result } => edited(state, &id, result),
        Outcome::Imported(result) => imported(state, result),
        Outcome::Channels(channels) => {
            let some = !channels.is_empty();
            set!(state, channels, channels);
            if some && state.screen == Screen::Welcome {
                return into_inbox(state);
            }
            Vec::new()
        }
        Outcome::Model(model) => {
            set!(state, model, model);
            Vec::new()
        }
        Outcome::Held(held) => {
            set!(state, held, held);
            let held: Vec<_> = state.held.iter().map(|held| held.id.clone()).collect();
            // A reply that was queued in this very moment may not be among them yet.
            if state.own.len() > 64 {
                state.own.retain(|own| held.contains(own));
            }
            Vec::new()
        }
        Outcome::Changed => refresh(state),
        Outcome::ReplyFailed {
            buyer,
            state: became,
            why,
        } => {
            let became = state.lang.outbox_state(became);
            let text = (texts(state).reply_failed)(buyer.as_str(), became, why.as_str());
            complain(state, &text);
            Vec::new()
        }
        Outcome::Told { text, bad } => {
            if bad {
                complain(state, text.as_str());
            } else {
                tell(state, text.as_str());
            }
            Vec::new()
        }
        Outcome::Connected => into_inbox(state),
    }
}

fn into_inbox(state: &mut State) -> Vec<Effect> {
    state.screen = Screen::Inbox;
    state.dirty = true;
    begin(state)
}

/// Everything that is shown is asked for again, since the person changed it: what was read before that no longer counts.
fn changed(state: &mut State) -> Vec<Effect> {
    let mut effects = begin(state);
    effects.extend(moves::load_thread(state));
    effects
}

/// The same because of what others did. What is being read already is welcome too: a list that changes all the time is still shown.
fn refresh(state: &State) -> Vec<Effect> {
    let mut effects = vec![
        Effect::LoadQueues,
        Effect::LoadRows {
            queue: state.list.queue,
            limit: state.list.limit,
            keep: state.list.selected.clone(),
            ticket: state.tickets.rows,
        },
    ];
    effects.extend(state.list.selected.clone().map(|id| Effect::LoadThread {
        id,
        ticket: state.tickets.thread,
    }));
    effects
}

fn rows_loaded(state: &mut State, ticket: u64, rows: Vec<RowItem>, more: bool) -> Vec<Effect> {
    if ticket != state.tickets.rows {
        return Vec::new();
    }
    let list = &mut state.list;
    let mut rows = rows;
    rows.retain(|row| !list.leaving.contains(&row.id));
    let rows = with_selected(list.selected.as_ref(), &list.rows, rows);
    let want = list.want.take().filter(|id| has(&rows, id));
    if !list.loading && list.rows == rows && list.more == more && want.is_none() {
        return Vec::new();
    }
    if !state.touched && want.is_none() {
        list.loading = false;
        list.rows = rows;
        list.more = more;
        list.undrawn = true;
        state.dirty = true;
        let first = list.rows.first().map(|row| row.id.clone());
        return match first {
            Some(first) if list.selected.as_ref() != Some(&first) => moves::show(state, first),
            _ => Vec::new(),
        };
    }
    // The selected row stays on its line of the screen.
    let line = list.position().map(|at| at.saturating_sub(list.offset));
    list.loading = false;
    list.rows = rows;
    list.more = more;
    state.dirty = true;
    list.undrawn = true;
    if let Some(want) = want.filter(|_| state.compose.is_none()) {
        return moves::show(state, want);
    }
    if let (Some(line), Some(at)) = (line, state.list.position()) {
        state.list.offset = at.saturating_sub(line);
        moves::keep_in_view(state);
        return Vec::new();
    }
    // The first rows of a queue, or none at all.
    state.list.selected = state.list.rows.first().map(|row| row.id.clone());
    moves::keep_in_view(state);
    moves::load_thread(state)
}

fn has(rows: &[RowItem], id: &ConversationId) -> bool {
    rows.iter().any(|row| row.id == *id)
}

/// The selected row stays where it was until the person leaves it, even if it belongs elsewhere by now.
fn with_selected(
    selected: Option<&ConversationId>,
    before: &[RowItem],
    mut rows: Vec<RowItem>,
) -> Vec<RowItem> {
    let Some(id) = selected.filter(|id| !has(&rows, id)) else {
        return rows;
    };
    if let Some(at) = before.iter().position(|row| row.id == *id) {
        // After the nearest row above it that is still there.
        let mut above = before[..at].iter().rev();
        let place = above
            .find_map(|row| rows.iter().position(|r| r.id == row.id))
            .map_or(0, |place| place + 1);
        rows.insert(place, before[at].clone());
    }
    rows
}

fn thread_loaded(state: &mut State, ticket: u64, thread: Thread) -> Vec<Effect> {
    if ticket != state.tickets.thread || state.list.selected.as_ref() != Some(&thread.id) {
        return Vec::new();
    }
    if state.thread.as_deref() != Some(&thread) {
        state.thread = Some(Arc::new(thread));
        state.dirty = true;
    }
    Vec::new()
}

fn why_loaded(state: &mut State, ticket: u64, answer: Result<Reasons, SafeText>) -> Vec<Effect> {
    if ticket != state.tickets.why {
        return Vec::new();
    }
    if let Some(Overlay::Why { reasons, .. }) = &mut state.overlay {
        state.dirty = true;
        match answer {
            Ok(found) => *reasons = Some(found),
            Err(why) => {
                state.overlay = None;
                complain(state, why.as_str());
            }
        }
    }
    Vec::new()
}

fn queued(
    state: &mut State,
    id: &ConversationId,
    result: Result<(crate::domain::OutgoingId, jiff::Timestamp), SafeText>,
) -> Vec<Effect> {
    state.list.leaving.retain(|left| left != id);
    match result {
        Ok((reply, send_at)) => {
            // The runner tells of it too; until then the countdown stands already.
            state.own.push(reply.clone());
            if !state.held.iter().any(|held| held.id == reply) {
                state.held.push(Held {
                    id: reply,
                    conversation: id.clone(),
                    buyer: SafeText::default(),
                    send_at,
                });
                state.dirty = true;
            }
            begin(state)
        }
        Err(why) => {
            complain(state, why.as_str());
            begin(state)
        }
    }
}

fn acted(
    state: &mut State,
    id: &ConversationId,
    act: Act,
    result: Result<(), SafeText>,
) -> Vec<Effect> {
    let texts = texts(state);
    state.list.leaving.retain(|left| left != id);
    match (result, act) {
        (Err(why), _) => complain(state, why.as_str()),
        (Ok(()), Act::Done) => tell(state, texts.marked_done),
        (Ok(()), Act::Reopen) => tell(state, texts.reopened),
        (Ok(()), Act::Snooze(until)) => {
            let shown = moment(state, until);
            tell(state, &(texts.snoozed_until)(&shown));
        }
        (Ok(()), Act::Relabel(_, intent)) => tell(state, &(texts.labelled)(name(state, intent))),
        (Ok(()), Act::Confirm(_)) => {
            let intent = state
                .row()
                .filter(|row| row.id == *id)
                .and_then(|r| r.intent);
            let said = intent.map_or("", |i| name(state, i));
            tell(state, &(texts.confirmed)(said));
        }
        (Ok(()), Act::Arrived | Act::NotSent) => tell(state, texts.resolved),
    }
    changed(state)
}

/// The time of day, and before it the day where it is another one.
fn moment(state: &State, at: jiff::Timestamp) -> String {
    let (at, now) = (
        at.to_zoned(state.zone.clone()),
        state.now.to_zoned(state.zone.clone()),
    );
    let form = if at.date() == now.date() {
        "%H:%M"
    } else {
        "%m-%d %H:%M"
    };
    at.strftime(form).to_string()
}

fn name(state: &State, intent: Intent) -> &'static str {
    state.lang.intent(intent)
}

/// What was taken back is shown and selected: the person asked for it.
fn undone(
    state: &mut State,
    result: Result<(String, Option<ConversationId>), SafeText>,
) -> Vec<Effect> {
    match result {
        Ok((what, conversation)) => {
            if let Some(id) = conversation {
                if what == "reply" {
                    state.held.retain(|held| held.conversation != id);
                }
                state.list.leaving.retain(|left| *left != id);
                state.list.want = Some(id);
            }
            let text = (texts(state).taken_back)(&state.lang.act(&what));
            tell(state, &text);
        }
        Err(why) => complain(state, why.as_str()),
    }
    changed(state)
}

fn edited(state: &mut State, id: &ConversationId, result: Result<String, SafeText>) -> Vec<Effect> {
    state.dirty = true;
    match result {
        Ok(text) => {
            let compose = state.compose.as_mut().filter(|c| c.conversation == *id);
            let Some(compose) = compose else {
                // It was left meanwhile: nothing that was written is lost.
                return vec![Effect::KeepDraft {
                    id: id.clone(),
                    text,
                }];
            };
            let text = text.trim_end().to_owned();
            if text != compose.input.text() {
                compose.from = None;
                compose.phase = Phase::Typing;
                compose.input = crate::tui::state::Input::of(&text);
                return super::keep_typed(state);
            }
        }
        Err(why) => complain(state, why.as_str()),
    }
    Vec::new()
}

fn imported(state: &mut State, result: Result<(usize, usize, usize), SafeText>) -> Vec<Effect> {
    let is_path = state.ask.as_ref().is_some_and(|a| a.what == AskFor::Path);
    match result {
        Ok((stored, known, bad)) => {
            state.ask = state.ask.take().filter(|_| !is_path);
            let text = (texts(state).imported)(stored, known, bad);
            if bad > 0 {
                complain(state, &text);
            } else {
                tell(state, &text);
            }
            if stored + known > 0 {
                return into_inbox(state);
            }
        }
        Err(why) if is_path => {
            if let Some(ask) = &mut state.ask {
                ask.wrong = Some(why);
            }
            state.dirty = true;
        }
        Err(why) => complain(state, why.as_str()),
    }
    Vec::new()
}
