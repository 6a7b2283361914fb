//! Choosing by typing: an intent, an order, a command.
//!
//! Fuzzy over everything that a person may call the thing: key, English, 中文. With nothing typed, what was used last comes first.

use super::{act, acts, complain, reply, texts};
use crate::domain::Intent;
use crate::text::SafeText;
use crate::tui::action::Action;
use crate::tui::i18n::Lang;
use crate::tui::msg::Effect;
use crate::tui::state::{Choice, Input, MessageItem, Overlay, Pick, PickFor, State};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use std::sync::Arc;

/// Commands that are remembered as recent.
const RECENT: usize = 12;

fn open(state: &mut State, what: PickFor) -> Vec<Effect> {
    state.overlay = Some(Overlay::Pick(Box::new(Pick {
        what,
        input: Input::default(),
        choices: Vec::new(),
        at: 0,
    })));
    narrow(state);
    Vec::new()
}

pub fn open_intents(state: &mut State) -> Vec<Effect> {
    let Some(thread) = acts::loaded(state) else {
        return Vec::new();
    };
    let classified = |m: &&MessageItem| m.classification.is_some();
    let Some(message) = thread.subject().filter(classified) else {
        let text = texts(state).not_classified;
        complain(state, text);
        return Vec::new();
    };
    open(
        state,
        PickFor::Intent(thread.id.clone(), message.id.clone()),
    )
}

pub fn open_orders(state: &mut State) -> Vec<Effect> {
    match acts::loaded(state) {
        Some(thread) if thread.orders.is_empty() => {
            let text = texts(state).no_orders;
            complain(state, text);
            Vec::new()
        }
        Some(thread) => open(state, PickFor::Order(thread.id.clone())),
        None => Vec::new(),
    }
}

pub fn open_palette(state: &mut State) -> Vec<Effect> {
    open(state, PickFor::Palette)
}

/// Everything that can be chosen, best first where nothing is typed.
fn all(state: &State, what: &PickFor) -> Vec<(Choice, String)> {
    match what {
        PickFor::Intent(..) => intents(state),
        PickFor::Order(_) => orders(state),
        PickFor::Palette => commands(state),
    }
}

fn intents(state: &State) -> Vec<(Choice, String)> {
    let best: Vec<Intent> = state
        .open_thread()
        .and_then(|t| t.subject())
        .and_then(|m| m.classification.as_ref())
        .map(|c| c.top.iter().map(|s| s.intent).collect())
        .unwrap_or_default();
    let rest = Intent::all().filter(|i| !best.contains(i));
    let named = |i: Intent| {
        let leaf = i.leaf();
        (
            Choice::Intent(i),
            format!("{} {} {}", leaf.key, leaf.en, leaf.zh),
        )
    };
    best.iter().copied().chain(rest).map(named).collect()
}

fn orders(state: &State) -> Vec<(Choice, String)> {
    let orders = state.open_thread().map_or(&[][..], |t| t.orders.as_slice());
    orders
        .iter()
        .map(|o| {
            let item = o.item.as_ref().map_or("", SafeText::as_str);
            (Choice::Order(o.id.clone()), format!("{} {item}", o.id))
        })
        .collect()
}

fn commands(state: &State) -> Vec<(Choice, String)> {
    let mode = state.base_mode();
    let here = |a: &Action| {
        a.modes().contains(&mode)
            && !matches!(a, Action::Palette | Action::Queue(_) | Action::Template(_))
    };
    let recent = state.recent.iter().copied().filter(|a| here(a));
    let rest = Action::all().filter(|a| here(a) && !state.recent.contains(a));
    let queues = state.queues.iter().map(|item| {
        let said = [Lang::En, Lang::Zh].map(|lang| lang.queue(item.queue));
        let key = item.queue.to_string();
        (
            Choice::Queue(item.queue),
            format!("{} {} {key}", said[0], said[1]),
        )
    });
    recent
        .chain(rest)
        .map(|a| {
            let said = format!("{} {} {}", a.name(), Lang::En.action(a), Lang::Zh.action(a));
            (Choice::Action(a), said)
        })
        .chain(queues)
        .collect()
}

/// Finds what fits the typed text, best first.
pub fn narrow(state: &mut State) {
    let Some(Overlay::Pick(pick)) = &state.overlay else {
        return;
    };
    let typed = pick.input.text();
    let mut found = all(state, &pick.what);
    if !typed.trim().is_empty() {
        let pattern = Pattern::parse(&typed, CaseMatching::Ignore, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        // Whoever types the name means it.
        let named = |choice: &(Choice, String)| choice.1.starts_with(typed.trim());
        let mut scored: Vec<((bool, u32), (Choice, String))> = found
            .into_iter()
            .filter_map(|choice| {
                let score = pattern.score(Utf32Str::new(&choice.1, &mut buffer), &mut matcher)?;
                Some(((named(&choice), score), choice))
            })
            .collect();
        // Stable, so that among equals what was used last stays first.
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        found = scored.into_iter().map(|(_, choice)| choice).collect();
    }
    let choices = found.into_iter().map(|(choice, _)| choice).collect();
    if let Some(Overlay::Pick(pick)) = &mut state.overlay {
        pick.choices = choices;
        pick.at = 0;
    }
}

pub fn step(state: &mut State, by: isize) -> Vec<Effect> {
    if let Some(Overlay::Pick(pick)) = &mut state.overlay
        && !pick.choices.is_empty()
    {
        let count = pick.choices.len() as isize;
        pick.at = (pick.at as isize + by).rem_euclid(count) as usize;
    }
    Vec::new()
}

pub fn accept_at(state: &mut State, at: usize) -> Vec<Effect> {
    if let Some(Overlay::Pick(pick)) = &mut state.overlay
        && at < pick.choices.len()
    {
        pick.at = at;
        return accept(state);
    }
    Vec::new()
}

/// Enter.
pub fn accept(state: &mut State) -> Vec<Effect> {
    let Some(Overlay::Pick(pick)) = state.overlay.take() else {
        return Vec::new();
    };
    let Some(choice) = pick.choices.get(pick.at).cloned() else {
        // Nothing fits: the picker stays, so that the text can be mended.
        state.overlay = Some(Overlay::Pick(pick));
        return Vec::new();
    };
    match (choice, pick.what) {
        (Choice::Intent(intent), PickFor::Intent(id, message)) => {
            acts::relabel(state, id, message, intent)
        }
        (Choice::Order(order), PickFor::Order(id)) => choose_order(state, &id, order.as_str()),
        (Choice::Queue(queue), _) => super::moves::go(state, queue),
        (Choice::Action(action), _) => {
            state.recent.retain(|a| *a != action);
            state.recent.insert(0, action);
            state.recent.truncate(RECENT);
            let mut effects = vec![super::remember(state)];
            effects.extend(act(state, action));
            effects
        }
        _ => Vec::new(),
    }
}

/// The template that waited for the order goes on; one that is staged is filled again with it.
fn choose_order(state: &mut State, id: &crate::domain::ConversationId, order: &str) -> Vec<Effect> {
    if let Some(thread) = state.thread.as_mut().filter(|t| t.id == *id) {
        for known in &mut Arc::make_mut(thread).orders {
            known.chosen = known.id.as_str() == order;
        }
    }
    let waiting = state.staging.take().filter(|s| s.stage.id == *id);
    let again = waiting.or_else(|| {
        let compose = state.compose.as_ref().filter(|c| c.conversation == *id)?;
        let from = compose.from.as_ref()?;
        Some(crate::tui::state::Staging {
            stage: crate::tui::msg::Stage {
                id: id.clone(),
                template: from.template.clone(),
                lang: Some(from.lang.clone()),
                variant: None,
                order: None,
                slots: compose.slots.clone(),
                ticket: 0,
            },
            quick: crate::tui::state::Quick::No,
            lacks_lang: compose.lacks_lang.clone(),
        })
    });
    match again {
        Some(mut staging) => {
            staging.stage.order = Some(order.to_owned());
            reply::begin(state, staging)
        }
        None => Vec::new(),
    }
}
