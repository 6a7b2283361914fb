//! Keys: which action they mean in this mode, and what is typed where text is taken.
//!
//! A sequence that has begun waits for its next key. Pasted text is text: it goes into the field that is open, or nowhere. The one
//! rule: no pasted or typed character can do what a key of the table does while a field is open.

use super::{act, complain, texts};
use crate::text::sanitise;
use crate::tui::action::Mode;
use crate::tui::key::{Key, label};
use crate::tui::keymap::Found;
use crate::tui::msg::Effect;
use crate::tui::state::{Compose, Input, Overlay, Phase, State};
use crossterm::event::KeyCode;
use ratatui_textarea::{Input as TextInput, Key as TextKey};

/// A paste longer than this is cut: no reply is that long.
const LONGEST_PASTE: usize = 16 * 1024;

pub fn press(state: &mut State, key: Key) -> Vec<Effect> {
    let mode = state.mode();
    state.pending.push(key);
    match state.keymap.find(mode, &state.pending) {
        Found::Action(action) => {
            forget_sequence(state);
            // It was read, or it is in the way.
            state.notice = None;
            act(state, action)
        }
        Found::Prefix => {
            state.pending_since.get_or_insert(state.now);
            Vec::new()
        }
        Found::Nothing => {
            let keys = std::mem::take(&mut state.pending);
            forget_sequence(state);
            if mode.takes_text() {
                return type_key(state, key);
            }
            // Esc ends a sequence, and nothing more.
            if key.code != KeyCode::Esc {
                let text = (texts(state).unbound)(&label(&keys));
                complain(state, &text);
            }
            Vec::new()
        }
    }
}

fn forget_sequence(state: &mut State) {
    state.pending.clear();
    state.pending_since = None;
}

pub fn paste(state: &mut State, text: &str) -> Vec<Effect> {
    forget_sequence(state);
    let mode = state.mode();
    if !mode.takes_text() {
        let text = texts(state).paste_ignored;
        complain(state, text);
        return Vec::new();
    }
    let mut end = text.len().min(LONGEST_PASTE);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut text = sanitise(&text[..end]).to_string();
    if mode != Mode::Compose {
        text = text.replace('\n', " ");
    }
    if let Some(input) = field(state) {
        input.0.insert_str(text);
    }
    typed(state, true)
}

pub fn new_line(state: &mut State) -> Vec<Effect> {
    if let Some(input) = field(state) {
        input.0.insert_newline();
    }
    typed(state, true)
}

/// A key that is no action, in a mode that takes text.
fn type_key(state: &mut State, key: Key) -> Vec<Effect> {
    let pause = key.text().is_some_and(char::is_whitespace);
    let Some(input) = field(state) else {
        return Vec::new();
    };
    let changed = input.0.input(TextInput {
        key: text_key(key.code),
        ctrl: key.ctrl,
        alt: key.alt,
        shift: false,
    });
    if changed {
        typed(state, pause)
    } else {
        Vec::new()
    }
}

/// The field that is open.
fn field(state: &mut State) -> Option<&mut Input> {
    match state.mode() {
        Mode::Ask => state.ask.as_mut().map(|ask| &mut ask.input),
        Mode::Pick => match &mut state.overlay {
            Some(Overlay::Pick(pick)) => Some(&mut pick.input),
            _ => None,
        },
        Mode::Compose => state.compose.as_mut().map(|compose| &mut compose.input),
        _ => None,
    }
}

/// What follows from a changed text. It is kept at the end of a word, and a second after the first change that is not kept.
fn typed(state: &mut State, pause: bool) -> Vec<Effect> {
    match state.mode() {
        Mode::Ask => {
            if let Some(ask) = &mut state.ask {
                ask.wrong = None;
            }
        }
        Mode::Pick => super::pick::narrow(state),
        Mode::Compose => {
            if let Some(compose) = &mut state.compose {
                compose.from = None;
                compose.lacks_lang = None;
                compose.seen = true;
                compose.changed_at.get_or_insert(state.now);
            }
            if pause {
                return keep(state);
            }
        }
        _ => {}
    }
    Vec::new()
}

/// What was typed a second ago and is not kept yet: a crash costs a second, in scripts without blanks too.
pub fn keep_after_a_pause(state: &mut State) -> Vec<Effect> {
    let due = state.compose.as_ref().and_then(Compose::keep_at);
    if due.is_some_and(|at| at <= state.now) {
        keep(state)
    } else {
        Vec::new()
    }
}

fn keep(state: &mut State) -> Vec<Effect> {
    let effects = super::keep_typed(state);
    if let Some(compose) = &mut state.compose {
        compose.changed_at = None;
    }
    effects
}

/// Esc in a field.
pub fn cancel(state: &mut State) -> Vec<Effect> {
    match state.mode() {
        Mode::Ask => {
            state.ask = None;
            Vec::new()
        }
        Mode::Pick => {
            state.overlay = None;
            Vec::new()
        }
        Mode::Compose => leave_composer(state),
        _ => Vec::new(),
    }
}

/// A template that was not changed goes back to the bar; what was written is kept as the draft.
fn leave_composer(state: &mut State) -> Vec<Effect> {
    let effects = super::keep_typed(state);
    let Some(compose) = &mut state.compose else {
        return effects;
    };
    if compose.from.is_some() {
        compose.phase = Phase::Staged;
        return effects;
    }
    let empty = compose.input.is_empty();
    state.compose = None;
    if !empty {
        let text = texts(state).kept_as_draft;
        super::tell(state, text);
    }
    effects
}

fn text_key(code: KeyCode) -> TextKey {
    match code {
        KeyCode::Char(c) => TextKey::Char(c),
        KeyCode::Backspace => TextKey::Backspace,
        KeyCode::Delete => TextKey::Delete,
        KeyCode::Left => TextKey::Left,
        KeyCode::Right => TextKey::Right,
        KeyCode::Up => TextKey::Up,
        KeyCode::Down => TextKey::Down,
        KeyCode::Home => TextKey::Home,
        KeyCode::End => TextKey::End,
        KeyCode::PageUp => TextKey::PageUp,
        KeyCode::PageDown => TextKey::PageDown,
        _ => TextKey::Null,
    }
}
