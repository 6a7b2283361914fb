//! From a digit to the outbox: stage, choose a variant, fill what is missing, change, send.
//!
//! The one rule: nothing leaves without a key press that was made while the text stood on the screen; the only exception is a leaf of
//! normal risk that the user set to it, and its reply is held and can be taken back like any other.

use super::acts::loaded;
use super::{ask, complain, moves, pick, target, tell, texts};
use crate::domain::{ConversationId, Risk};
use crate::tui::msg::{Effect, NotStaged, Stage, Staged};
use crate::tui::state::{AskFor, Compose, Gap, Input, Phase, Quick, Staging, State, Thread};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The conversation to answer, loaded and open to replies.
fn answerable(state: &mut State) -> Option<Arc<Thread>> {
    let thread = loaded(state)?;
    if !thread.can_reply {
        let text = state.lang.no_reply(&thread);
        complain(state, text);
        return None;
    }
    Some(thread)
}

pub fn stage_number(state: &mut State, n: usize) -> Vec<Effect> {
    if state.open_thread().is_none() {
        return stage_blindly(state, n);
    }
    let Some(thread) = answerable(state) else {
        return Vec::new();
    };
    let Some(template) = thread.templates.iter().find(|t| t.number == n) else {
        let texts = texts(state);
        let text = if thread.templates.is_empty() {
            texts.no_templates.to_owned()
        } else {
            (texts.no_template_key)(n)
        };
        complain(state, &text);
        return Vec::new();
    };
    let quick = thread
        .intent
        .filter(|i| i.risk() == Risk::Normal && state.settings.quick.contains(i))
        // What leaves at the press of a digit is what the screen shows: sure, and of this intent.
        .filter(|i| {
            state.row().is_some_and(|row| {
                row.intent == Some(*i) && row.risk == Risk::Normal && is_sure(row)
            })
        });
    let stage = Stage {
        id: thread.id.clone(),
        template: template.key.clone(),
        lang: None,
        variant: None,
        order: chosen_order(state, &thread.id),
        slots: BTreeMap::new(),
        ticket: 0,
    };
    let quick = if quick.is_some() {
        Quick::Yes
    } else {
        Quick::No
    };
    begin(
        state,
        Staging {
            stage,
            quick,
            lacks_lang: None,
        },
    )
}

/// The conversation is not read yet: the engine finds the template by its number, and nothing leaves by the digit alone.
fn stage_blindly(state: &mut State, n: usize) -> Vec<Effect> {
    let Some(id) = target(state) else {
        return Vec::new();
    };
    begin(
        state,
        Staging {
            stage: Stage {
                id,
                template: n.to_string(),
                lang: None,
                variant: None,
                order: None,
                slots: BTreeMap::new(),
                ticket: 0,
            },
            quick: Quick::No,
            lacks_lang: None,
        },
    )
}

fn is_sure(row: &crate::tui::state::RowItem) -> bool {
    row.outcome == Some(crate::domain::Outcome::Intent)
}

/// The order that a person chose for the reply that is being made.
fn chosen_order(state: &State, id: &ConversationId) -> Option<String> {
    let compose = state.compose.as_ref().filter(|c| c.conversation == *id);
    compose.and_then(|c| c.order.clone())
}

/// Hands a template to the engine; an older one that is still on its way no longer counts.
pub fn begin(state: &mut State, mut staging: Staging) -> Vec<Effect> {
    state.tickets.stage += 1;
    staging.stage.ticket = state.tickets.stage;
    let effect = Effect::Stage(staging.stage.clone());
    state.staging = Some(staging);
    vec![effect]
}

/// What the engine made of the template.
pub fn staged(
    state: &mut State,
    ticket: u64,
    id: &ConversationId,
    result: Result<Staged, NotStaged>,
) -> Vec<Effect> {
    if ticket != state.tickets.stage || state.list.selected.as_ref() != Some(id) {
        return Vec::new();
    }
    let Some(staging) = state.staging.take() else {
        return Vec::new();
    };
    state.dirty = true;
    match result {
        Ok(staged) => {
            state.compose = Some(Compose {
                conversation: id.clone(),
                input: Input::of(&staged.text),
                phase: Phase::Staged,
                seen: false,
                changed_at: None,
                from: Some(staged.variant),
                slots: staging.stage.slots,
                order: staging.stage.order,
                lacks_lang: staging.lacks_lang.or(staged.lacks_lang),
            });
            state.notice = None;
            let lacks = state
                .compose
                .as_ref()
                .is_some_and(|c| c.lacks_lang.is_some());
            if staging.quick == Quick::Yes && !lacks {
                return send_now(state);
            }
            Vec::new()
        }
        Err(NotStaged::Blocked { gaps, .. }) => fill(state, staging, gaps),
        Err(NotStaged::NoLanguage { lang, has, .. }) => {
            in_another_language(state, staging, lang, &has)
        }
        Err(NotStaged::Refused(why)) => {
            complain(state, why.as_str());
            Vec::new()
        }
    }
}

/// What is missing is asked for in place: which order first, then value by value.
fn fill(state: &mut State, staging: Staging, gaps: Vec<Gap>) -> Vec<Effect> {
    if let Some(gap) = gaps.iter().find(|gap| gap.order) {
        let several = state.open_thread().is_some_and(|t| t.orders.len() > 1);
        if several && staging.stage.order.is_none() {
            let text = texts(state).order_needed;
            complain(state, text);
            state.staging = Some(staging);
            return pick::open_orders(state);
        }
        let advice = gap.advice.as_ref().map(ToString::to_string);
        let text = advice.unwrap_or_else(|| texts(state).no_orders.to_owned());
        complain(state, &text);
        return Vec::new();
    }
    if gaps.is_empty() {
        return Vec::new();
    }
    ask::open(
        state,
        AskFor::Slots {
            staging,
            gaps,
            at: 0,
        },
    )
}

/// The buyer's language is not there: another one is staged, and says so. It never leaves by the digit alone.
fn in_another_language(
    state: &mut State,
    staging: Staging,
    wanted: String,
    has: &[String],
) -> Vec<Effect> {
    let other = has.iter().find(|l| *l == "en").or_else(|| has.first());
    let Some(other) = other.filter(|_| staging.stage.lang.is_none()).cloned() else {
        let text = texts(state).no_templates;
        complain(state, text);
        return Vec::new();
    };
    begin(
        state,
        Staging {
            stage: Stage {
                lang: Some(other),
                ..staging.stage
            },
            quick: Quick::No,
            lacks_lang: Some(wanted),
        },
    )
}

/// The next text of the staged template: its variants in this language, then the other languages.
pub fn next_variant(state: &mut State) -> Vec<Effect> {
    let Some(thread) = answerable(state) else {
        return Vec::new();
    };
    let Some(compose) = state.compose.clone() else {
        return stage_number(state, 1);
    };
    let Some(from) = compose.from.as_ref() else {
        return Vec::new();
    };
    let all: Vec<(String, usize)> = thread
        .templates
        .iter()
        .filter(|t| t.key == from.template)
        .flat_map(|t| &t.variants)
        .flat_map(|(lang, count)| (0..*count).map(move |n| (lang.clone(), n)))
        .collect();
    let at = all
        .iter()
        .position(|(lang, n)| *lang == from.lang && *n == from.place);
    let next = at.map_or(0, |at| (at + 1) % all.len());
    let Some((lang, variant)) = all.get(next).filter(|_| all.len() > 1).cloned() else {
        let text = texts(state).one_language_only;
        tell(state, text);
        return Vec::new();
    };
    let wanted = thread.lang.clone().filter(|l| !same_language(l, &lang));
    let stage = Stage {
        id: thread.id.clone(),
        template: from.template.clone(),
        lang: Some(lang),
        variant: Some(variant),
        order: compose.order.clone(),
        slots: compose.slots.clone(),
        ticket: 0,
    };
    begin(
        state,
        Staging {
            stage,
            quick: Quick::No,
            lacks_lang: wanted.filter(|l| l != "und"),
        },
    )
}

/// `zh-Hant` is answered in `zh`.
fn same_language(buyer: &str, reply: &str) -> bool {
    buyer == reply || buyer.split('-').next() == reply.split('-').next()
}

/// Opens the composer: on the staged reply, on the draft, or empty.
pub fn write(state: &mut State) -> Vec<Effect> {
    let Some(thread) = answerable(state) else {
        return Vec::new();
    };
    if let Some(compose) = &mut state.compose {
        compose.phase = Phase::Typing;
        return Vec::new();
    }
    state.staging = None;
    let text = thread.draft.as_ref().map_or("", |d| d.text.as_str());
    state.compose = Some(Compose {
        conversation: thread.id.clone(),
        input: Input::of(text),
        phase: Phase::Typing,
        // What a person wrote before they may have forgotten.
        seen: text.is_empty(),
        changed_at: None,
        from: None,
        slots: BTreeMap::new(),
        order: None,
        lacks_lang: None,
    });
    Vec::new()
}

/// Enter: sends the text that stands on the screen.
pub fn send(state: &mut State) -> Vec<Effect> {
    if state.compose.as_ref().is_some_and(|c| !c.seen) {
        let text = texts(state).not_seen;
        complain(state, text);
        return Vec::new();
    }
    send_now(state)
}

/// Puts the reply into the outbox and goes on to the next conversation.
fn send_now(state: &mut State) -> Vec<Effect> {
    let texts = texts(state);
    let Some(id) = target(state) else {
        return Vec::new();
    };
    let Some(compose) = state.compose.clone().filter(|c| c.conversation == id) else {
        return Vec::new();
    };
    let text = compose.input.text();
    let most = state.open_thread().and_then(|t| t.max_chars);
    let chars = text.trim().chars().count();
    if chars == 0 {
        complain(state, texts.nothing_to_send);
        return Vec::new();
    }
    if let Some(most) = most.filter(|most| chars > *most) {
        complain(state, &(texts.too_long)(chars, most));
        return Vec::new();
    }
    // What was written is kept before it is sent: a crash in between loses nothing.
    let mut effects = Vec::new();
    if compose.from.is_none() {
        effects.push(Effect::KeepDraft {
            id: id.clone(),
            text: text.clone(),
        });
    }
    effects.push(Effect::Send {
        id: id.clone(),
        text,
        from: compose.from.map(|v| (v.template, v.lang)),
    });
    state.notice = None;
    effects.extend(moves::go_on(state, &id));
    effects
}

pub fn edit_outside(state: &mut State) -> Vec<Effect> {
    if !state.settings.has_editor {
        let text = texts(state).no_editor;
        complain(state, text);
        return Vec::new();
    }
    match &state.compose {
        Some(compose) => vec![Effect::Edit {
            id: compose.conversation.clone(),
            text: compose.input.text(),
        }],
        None => Vec::new(),
    }
}
