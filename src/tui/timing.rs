//! When something that is shown changes although nothing happens.
//!
//! There is no tick: the loop sleeps until the time that [`next_change`] names, so an inbox in which nothing moves costs nothing. The
//! one rule: never sooner than it can be seen, and what is slow not more often than once a second.

use super::state::{ChannelState, Compose, Screen, State};
use jiff::{SignedDuration, Timestamp};

/// The next time at which a frame would look different; `None` while only events can change it.
pub fn next_change(state: &State) -> Option<Timestamp> {
    let now = state.now;
    let later = |span: SignedDuration| now.checked_add(span).ok();
    let mut times: Vec<Timestamp> = Vec::new();
    if let Some(held) = state.next_held()
        && held.send_at > now
    {
        // The count of whole seconds left is one less from then on.
        let left = held.send_at.duration_since(now);
        times.extend(later(step_down(left)));
    }
    times.extend(state.compose.as_ref().and_then(Compose::keep_at));
    times.extend(state.notice.as_ref().map(|notice| notice.until));
    if let Some(since) = state.pending_since
        && !state.shows_which_key()
    {
        times.extend(since.checked_add(State::WHICH_KEY_AFTER).ok());
    }
    times.extend(shown_times(state).filter_map(|at| changes_at(now, at)));
    // What is due in this very moment was just drawn.
    times.into_iter().filter(|at| *at > now).min()
}

/// Every time whose distance from now is on the screen.
fn shown_times(state: &State) -> impl Iterator<Item = Timestamp> {
    let inbox = state.screen == Screen::Inbox;
    let rows = state
        .list
        .rows
        .iter()
        .skip(state.list.offset)
        .take(state.page.list.saturating_add(1))
        .filter(move |_| inbox)
        .flat_map(|row| [row.due_at, Some(row.since)])
        .flatten();
    let queues = state
        .queues
        .iter()
        .filter(move |_| inbox)
        .filter_map(|queue| queue.oldest);
    let orders = state
        .open_thread()
        .filter(|_| inbox)
        .into_iter()
        .flat_map(|thread| thread.orders.iter().map(|order| order.fetched_at));
    // The title names them on every screen.
    let channels = state.channels.iter().filter_map(|c| match c.state {
        ChannelState::Ok { at } => Some(at),
        _ => None,
    });
    rows.chain(queues).chain(orders).chain(channels)
}

/// When the words for the distance of `at` change: the next whole second below a minute, else the next whole minute.
fn changes_at(now: Timestamp, at: Timestamp) -> Option<Timestamp> {
    let distance = at.duration_since(now);
    let step = if distance.is_positive() {
        step_down(distance)
    } else {
        step_up(distance.abs())
    };
    now.checked_add(step).ok()
}

fn unit(distance: SignedDuration) -> i64 {
    if distance < SignedDuration::from_mins(1) {
        1
    } else {
        60
    }
}

/// Until a distance that shrinks is a whole number of its unit, and not at once.
fn step_down(distance: SignedDuration) -> SignedDuration {
    let unit = unit(distance);
    let whole = SignedDuration::from_secs(distance.as_secs() / unit * unit);
    let step = distance - whole;
    if step.is_zero() {
        SignedDuration::from_secs(unit)
    } else {
        step
    }
}

/// Until a distance that grows is a whole number of its unit.
fn step_up(distance: SignedDuration) -> SignedDuration {
    let unit = unit(distance);
    let next = SignedDuration::from_secs((distance.as_secs() / unit + 1) * unit);
    next - distance
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::i18n::Lang;
    use crate::tui::keymap::Keymap;
    use crate::tui::state::{Held, Notice, Settings};
    use std::sync::Arc;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn state() -> State {
        let keymap = Arc::new(Keymap::default());
        State::new(at(100_000), Lang::En, keymap, Settings::default())
    }

    #[test]
    fn an_inbox_in_which_nothing_moves_never_wakes() {
        assert_eq!(next_change(&state()), None);
    }

    #[test]
    fn a_countdown_changes_each_second_and_an_age_each_minute() {
        let mut state = state();
        let id = crate::domain::OutgoingId::fresh();
        state.own.push(id.clone());
        state.held.push(Held {
            id,
            conversation: crate::domain::ConversationId::fresh(),
            buyer: crate::text::SafeText::default(),
            send_at: at(104_300),
        });
        assert_eq!(next_change(&state), Some(at(100_300)));
        state.held.clear();
        state.queues.push(crate::tui::state::QueueItem {
            queue: crate::domain::Queue::Open,
            count: 1,
            critical: 0,
            oldest: Some(at(5_000)),
        });
        // 95 s ago: the second minute is full in 25 s.
        assert_eq!(next_change(&state), Some(at(125_000)));
        state.queues[0].oldest = Some(at(70_500));
        assert_eq!(next_change(&state), Some(at(100_500)));
    }

    #[test]
    fn the_end_of_a_notice_and_the_popup_of_a_sequence_are_waited_for() {
        let mut state = state();
        state.notice = Some(Notice {
            text: crate::text::SafeText::default(),
            bad: false,
            until: at(103_000),
        });
        assert_eq!(next_change(&state), Some(at(103_000)));
        state.pending_since = Some(at(99_900));
        assert_eq!(next_change(&state), Some(at(100_200)));
        state.now = at(100_200);
        assert_eq!(next_change(&state), Some(at(103_000)));
    }
}
