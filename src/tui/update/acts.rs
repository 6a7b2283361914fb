//! What is done to the selected conversation, besides answering it.
//!
//! An act that takes a row out of its queue does so at once; if it fails, the row comes back with the reason. The one rule: every act
//! here has an inverse, and `u` finds it.

use super::{ask, complain, moves, target, tell, texts};
use crate::domain::{ConversationId, Intent, MessageId, Queue, Status};
use crate::tui::msg::{Act, Effect};
use crate::tui::state::{AskFor, MessageItem, Overlay, State, Thread};
use std::sync::Arc;

/// The selected conversation as it is loaded. Says why there is none.
pub fn loaded(state: &mut State) -> Option<Arc<Thread>> {
    target(state)?;
    let thread = state.open_thread().cloned();
    if thread.is_none() {
        let text = texts(state).still_loading;
        complain(state, text);
    }
    thread
}

fn act_on(id: ConversationId, act: Act) -> Effect {
    Effect::Act { id, act }
}

pub fn done(state: &mut State) -> Vec<Effect> {
    if state.list.queue == Queue::Done {
        return Vec::new();
    }
    put_away(state, Act::Done)
}

pub fn reopen(state: &mut State) -> Vec<Effect> {
    let Some(id) = target(state) else {
        return Vec::new();
    };
    let open = state.row().is_some_and(|row| row.status == Status::Open);
    if open {
        return Vec::new();
    }
    put_away_to(state, id, Act::Reopen)
}

fn put_away(state: &mut State, act: Act) -> Vec<Effect> {
    match target(state) {
        Some(id) => put_away_to(state, id, act),
        None => Vec::new(),
    }
}

/// Does an act that takes the conversation out of the queue that is shown.
pub fn put_away_to(state: &mut State, id: ConversationId, act: Act) -> Vec<Effect> {
    let mut effects = moves::go_on(state, &id);
    effects.insert(0, act_on(id, act));
    effects
}

pub fn snooze(state: &mut State) -> Vec<Effect> {
    match target(state) {
        Some(conversation) => ask::open(state, AskFor::Snooze { conversation }),
        None => Vec::new(),
    }
}

pub fn undo(state: &mut State) -> Vec<Effect> {
    // The newest of the held ones: the last that was sent.
    let reply = state.own_held().last().map(|held| held.id.clone());
    vec![Effect::Undo { reply }]
}

pub fn confirm(state: &mut State) -> Vec<Effect> {
    let Some(thread) = loaded(state) else {
        return Vec::new();
    };
    let has_intent = |m: &&MessageItem| {
        m.classification
            .as_ref()
            .is_some_and(|c| c.intent.is_some())
    };
    let Some(message) = thread.subject().filter(has_intent) else {
        let text = texts(state).not_classified;
        complain(state, text);
        return Vec::new();
    };
    let (id, message) = (thread.id.clone(), message.id.clone());
    is_labelled(state, &id, None);
    vec![act_on(id, Act::Confirm(message))]
}

pub fn second(state: &mut State) -> Vec<Effect> {
    let Some(thread) = loaded(state) else {
        return Vec::new();
    };
    let second = thread.subject().and_then(|m| {
        let second = m.classification.as_ref()?.top.get(1)?;
        Some((m.id.clone(), second.intent))
    });
    let Some((message, intent)) = second else {
        let text = texts(state).no_second;
        complain(state, text);
        return Vec::new();
    };
    relabel(state, thread.id.clone(), message, intent)
}

/// The row shows at once what a person said of it.
fn is_labelled(state: &mut State, id: &ConversationId, intent: Option<Intent>) {
    let Some(row) = state.list.rows.iter_mut().find(|row| row.id == *id) else {
        return;
    };
    row.intent = intent.or(row.intent);
    row.outcome = Some(crate::domain::Outcome::Intent);
    row.confidence = Some(1.0);
    row.risk = row.intent.map_or(row.risk, Intent::risk);
}

/// A person says which intent it is. The row shows it at once.
pub fn relabel(
    state: &mut State,
    id: ConversationId,
    message: MessageId,
    intent: Intent,
) -> Vec<Effect> {
    is_labelled(state, &id, Some(intent));
    vec![act_on(id, Act::Relabel(message, intent))]
}

pub fn resolve(state: &mut State, arrived: bool) -> Vec<Effect> {
    let Some(thread) = loaded(state) else {
        return Vec::new();
    };
    if thread.unknown_replies() == 0 {
        let text = texts(state).nothing_unknown;
        complain(state, text);
        return Vec::new();
    }
    let act = if arrived { Act::Arrived } else { Act::NotSent };
    vec![act_on(thread.id.clone(), act)]
}

pub fn why(state: &mut State) -> Vec<Effect> {
    let Some(thread) = loaded(state) else {
        return Vec::new();
    };
    let Some(message) = thread.subject() else {
        let text = texts(state).not_classified;
        complain(state, text);
        return Vec::new();
    };
    state.tickets.why += 1;
    state.overlay = Some(Overlay::Why {
        reasons: None,
        scroll: 0,
    });
    vec![Effect::LoadWhy {
        id: thread.id.clone(),
        message: message.id.clone(),
        ticket: state.tickets.why,
    }]
}

pub fn raw(state: &mut State) -> Vec<Effect> {
    if loaded(state).is_some() {
        state.overlay = Some(Overlay::Raw { scroll: 0 });
    }
    Vec::new()
}

pub fn orders(state: &mut State) -> Vec<Effect> {
    if loaded(state).is_some() {
        state.overlay = Some(Overlay::Orders { scroll: 0 });
    }
    Vec::new()
}

pub fn copy(state: &mut State) -> Vec<Effect> {
    let Some(thread) = loaded(state) else {
        return Vec::new();
    };
    match thread.subject() {
        Some(message) => {
            let text = message.text.to_string();
            let said = texts(state).copied;
            tell(state, said);
            vec![Effect::Copy(text)]
        }
        None => Vec::new(),
    }
}
