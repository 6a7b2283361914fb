//! One value in one line: a slot, a time, a path, a yes.

use super::{acts, leave, reply, tell, texts};
use crate::text::sanitise;
use crate::tui::msg::{Act, Effect};
use crate::tui::state::{Ask, AskFor, Input, State};

pub fn open(state: &mut State, what: AskFor) -> Vec<Effect> {
    state.ask = Some(Ask {
        what,
        input: Input::default(),
        wrong: None,
    });
    Vec::new()
}

/// Enter.
pub fn accept(state: &mut State) -> Vec<Effect> {
    let Some(ask) = state.ask.take() else {
        return Vec::new();
    };
    let value = ask.input.text().trim().to_owned();
    match ask.what.clone() {
        AskFor::Quit => leave(state, false),
        AskFor::Slots { .. } | AskFor::Path if value.is_empty() => {
            again(state, ask, texts(state).value_needed)
        }
        AskFor::Path => {
            // It stays until the file is in: a wrong path can be mended.
            let effect = Effect::Import { path: value };
            state.ask = Some(Ask { wrong: None, ..ask });
            vec![effect]
        }
        AskFor::Snooze { conversation } => {
            let value = if value.is_empty() { "3h" } else { &value };
            let until = crate::domain::until(value, state.now).filter(|at| *at > state.now);
            match until {
                Some(at) => acts::put_away_to(state, conversation, Act::Snooze(at)),
                None => again(state, ask, texts(state).not_a_time),
            }
        }
        AskFor::Slots {
            mut staging,
            gaps,
            at,
        } => {
            if let Some(gap) = gaps.get(at) {
                staging.stage.slots.insert(gap.slot.clone(), value);
            }
            if at + 1 < gaps.len() {
                let at = at + 1;
                return open(state, AskFor::Slots { staging, gaps, at });
            }
            // Its conversation may have been left meanwhile.
            if state.list.selected.as_ref() == Some(&staging.stage.id) {
                reply::begin(state, staging)
            } else {
                let text = texts(state).list_changed;
                tell(state, text);
                Vec::new()
            }
        }
    }
}

fn again(state: &mut State, ask: Ask, why: &str) -> Vec<Effect> {
    state.ask = Some(Ask {
        wrong: Some(sanitise(why)),
        ..ask
    });
    Vec::new()
}
