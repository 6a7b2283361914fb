//! From what happened to a new state and what is to be done about it.
//!
//! - `keys`: which action a key means, and typing
//! - `moves`: rows, queues, screens, scrolling
//! - `acts`: what is done to the selected conversation
//! - `reply`: from a digit to the outbox
//! - `ask`, `pick`: one value, one of a list
//! - `outcome`: what the runner answers
//!
//! May use: the state, the messages, `domain`. No clock, no I/O, no engine. The one rule: an act is about the conversation that the
//! person has seen selected, or about nothing.

mod acts;
mod ask;
mod keys;
mod moves;
mod outcome;
mod pick;
mod reply;
#[cfg(test)]
mod tests;

use super::action::{Action, Mode};
use super::i18n::{Lang, Texts};
use super::msg::{Effect, Msg, Target};
use super::state::{AskFor, ModelState, Notice, Overlay, Phase, Screen, State};
use super::theme::ThemeName;
use crate::domain::ConversationId;
use crate::text::sanitise;
use jiff::SignedDuration;

/// What is wanted before the first frame.
pub fn begin(state: &mut State) -> Vec<Effect> {
    let mut effects = vec![Effect::LoadQueues];
    effects.extend(moves::load_rows(state));
    effects
}

/// Applies one message. Total: every message does something sensible in every state, or nothing.
pub fn update(state: &mut State, msg: Msg) -> Vec<Effect> {
    state.touched |= matches!(
        msg,
        Msg::Key(_) | Msg::Paste(_) | Msg::Click(_) | Msg::Wheel(_)
    );
    state.dirty |= !matches!(msg, Msg::Drawn(_) | Msg::Outcome(_));
    match msg {
        Msg::Key(key) => keys::press(state, key),
        Msg::Paste(text) => keys::paste(state, &text),
        Msg::Click(target) => click(state, target),
        Msg::Wheel(lines) => moves::wheel(state, lines),
        Msg::Resize(width, height) => {
            state.size = (width, height);
            Vec::new()
        }
        Msg::Drawn(page) => {
            state.page = page;
            moves::scrolled(state, page.scrolled);
            if page.shown {
                state.list.seen = state.list.selected.clone();
                state.list.undrawn = false;
                if let Some(compose) = &mut state.compose {
                    compose.seen |= page.whole;
                }
            }
            state.dirty = moves::keep_in_view(state);
            Vec::new()
        }
        Msg::Time => {
            if state.notice.as_ref().is_some_and(|n| n.until <= state.now) {
                state.notice = None;
            }
            keys::keep_after_a_pause(state)
        }
        Msg::Terminate => leave(state, false),
        Msg::Outcome(outcome) => outcome::take(state, outcome),
    }
}

/// Does an action, where it exists in this mode.
fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if !action.modes().contains(&state.mode()) {
        return Vec::new();
    }
    match action {
        Action::Down => moves::step(state, 1),
        Action::Up => moves::step(state, -1),
        Action::Top => moves::edge(state, false),
        Action::Bottom => moves::edge(state, true),
        Action::HalfDown => moves::half_page(state, 1),
        Action::HalfUp => moves::half_page(state, -1),
        Action::NextQueue => moves::next_queue(state, true),
        Action::PreviousQueue => moves::next_queue(state, false),
        Action::Queue(n) => moves::numbered_queue(state, usize::from(n)),
        Action::Inbox => moves::go(state, crate::domain::Queue::Open),
        Action::Outbox => moves::go(state, crate::domain::Queue::Outbox),
        Action::Unknown => moves::go(state, crate::domain::Queue::Unknown),
        Action::Snoozed => moves::go(state, crate::domain::Queue::Snoozed),
        Action::Finished => moves::go(state, crate::domain::Queue::Done),
        Action::Health => {
            state.screen = Screen::Health;
            Vec::new()
        }
        Action::Open => moves::open(state),
        Action::Back => moves::back(state),
        Action::Leave => moves::leave(state),

        Action::Template(n) => reply::stage_number(state, usize::from(n)),
        Action::Variant => reply::next_variant(state),
        Action::Write => reply::write(state),
        Action::Send => reply::send(state),
        Action::NewLine => keys::new_line(state),
        Action::Editor => reply::edit_outside(state),
        Action::Orders => acts::orders(state),
        Action::Order => pick::open_orders(state),

        Action::Intent => pick::open_intents(state),
        Action::Confirm => acts::confirm(state),
        Action::Second => acts::second(state),
        Action::Why => acts::why(state),
        Action::Raw => acts::raw(state),
        Action::Copy => acts::copy(state),

        Action::Done => acts::done(state),
        Action::Reopen => acts::reopen(state),
        Action::Snooze => acts::snooze(state),
        Action::Undo => acts::undo(state),
        Action::Arrived => acts::resolve(state, true),
        Action::NotSent => acts::resolve(state, false),

        Action::Palette => pick::open_palette(state),
        Action::Help => {
            state.overlay = Some(Overlay::Help { scroll: 0 });
            Vec::new()
        }
        Action::Accept => match state.mode() {
            Mode::Ask => ask::accept(state),
            _ => pick::accept(state),
        },
        Action::PickDown => pick::step(state, 1),
        Action::PickUp => pick::step(state, -1),
        Action::Cancel => keys::cancel(state),

        Action::Demo => vec![Effect::Quit { demo: true }],
        Action::Connect => vec![Effect::Connect],
        Action::Import => ask::open(state, AskFor::Path),
        Action::PollNow => {
            let texts = texts(state);
            tell(state, texts.polling);
            vec![Effect::PollNow]
        }
        Action::StopModel => match state.model {
            ModelState::Loading { .. } => vec![Effect::StopModel],
            _ => Vec::new(),
        },
        Action::LoadModel => vec![Effect::LoadModel],
        Action::ChooseEnglish | Action::LangEn => speak(state, Lang::En),
        Action::ChooseChinese | Action::LangZh => speak(state, Lang::Zh),
        Action::ThemeAuto => wear(state, ThemeName::Auto),
        Action::ThemeDark => wear(state, ThemeName::Dark),
        Action::ThemeLight => wear(state, ThemeName::Light),
        Action::ThemeMono => wear(state, ThemeName::Mono),
        Action::Mouse => {
            state.mouse = !state.mouse;
            vec![Effect::SetMouse(state.mouse)]
        }
        Action::Redraw => vec![Effect::Redraw],
        Action::Suspend => {
            let mut effects = keep_typed(state);
            effects.push(Effect::Suspend);
            effects
        }
        Action::Quit => quit(state),
    }
}

fn click(state: &mut State, target: Target) -> Vec<Effect> {
    let mode = state.mode();
    match target {
        Target::Action(action) => act(state, action),
        Target::Choice(at) if mode == Mode::Pick => pick::accept_at(state, at),
        Target::Row(id) if matches!(mode, Mode::Inbox | Mode::Stage) => moves::select(state, id),
        Target::Queue(queue) if matches!(mode, Mode::Inbox | Mode::Stage) => {
            moves::go(state, queue)
        }
        Target::Thread if matches!(mode, Mode::Inbox | Mode::Stage) => moves::open(state),
        _ => Vec::new(),
    }
}

fn speak(state: &mut State, lang: Lang) -> Vec<Effect> {
    state.lang = lang;
    state.chosen_lang = Some(lang);
    state.asked_lang = true;
    vec![remember(state)]
}

fn wear(state: &mut State, theme: ThemeName) -> Vec<Effect> {
    state.theme = theme.clone();
    state.chosen_theme = Some(theme.clone());
    vec![Effect::SetTheme(theme), remember(state)]
}

fn remember(state: &State) -> Effect {
    Effect::Remember {
        lang: state.chosen_lang,
        theme: state.chosen_theme.clone(),
        recent: state.recent.clone(),
    }
}

/// Leaves, after a question where replies are still held. Asked twice, it leaves.
fn quit(state: &mut State) -> Vec<Effect> {
    let asked = state.ask.as_ref().is_some_and(|a| a.what == AskFor::Quit);
    if state.own_held().next().is_none() || asked {
        leave(state, false)
    } else {
        ask::open(state, AskFor::Quit)
    }
}

fn leave(state: &mut State, demo: bool) -> Vec<Effect> {
    let mut effects = keep_typed(state);
    state.quitting = true;
    effects.push(Effect::Quit { demo });
    effects
}

/// What is being typed, kept as the draft.
fn keep_typed(state: &State) -> Vec<Effect> {
    let typed = state
        .compose
        .as_ref()
        .filter(|c| c.phase == Phase::Typing && c.from.is_none());
    typed
        .map(|c| Effect::KeepDraft {
            id: c.conversation.clone(),
            text: c.input.text(),
        })
        .into_iter()
        .collect()
}

/// The conversation that keys act on: the selected one, if the person has seen that it is. Says why there is none.
fn target(state: &mut State) -> Option<ConversationId> {
    let texts = texts(state);
    match (&state.list.selected, &state.list.seen) {
        (Some(selected), seen) if seen.as_ref() == Some(selected) => Some(selected.clone()),
        (Some(_), _) => {
            complain(state, texts.list_changed);
            None
        }
        (None, _) => {
            complain(state, texts.nothing_selected);
            None
        }
    }
}

fn texts(state: &State) -> &'static Texts {
    state.lang.texts()
}

const TOLD_FOR: SignedDuration = SignedDuration::from_secs(5);
const COMPLAINED_FOR: SignedDuration = SignedDuration::from_secs(12);

/// A sentence in the status line, for a few seconds.
fn tell(state: &mut State, text: &str) {
    notice(state, text, false);
}

/// A sentence about what did not work; it stays longer.
fn complain(state: &mut State, text: &str) {
    notice(state, text, true);
}

fn notice(state: &mut State, text: &str, bad: bool) {
    // Good news does not hide what went wrong; the next key does.
    let warned = state
        .notice
        .as_ref()
        .is_some_and(|n| n.bad && n.until > state.now);
    if warned && !bad {
        return;
    }
    let span = if bad { COMPLAINED_FOR } else { TOLD_FOR };
    state.notice = Some(Notice {
        text: sanitise(text),
        bad,
        until: state.now.checked_add(span).unwrap_or(state.now),
    });
    state.dirty = true;
}
