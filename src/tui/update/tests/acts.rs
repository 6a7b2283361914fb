//! Done, snooze, intent, undo, palette.

use super::given::{given, id, intent, now, row, thread};
use crate::domain::{MessageId, OutgoingId, Queue};
use crate::text::sanitise;
use crate::tui::i18n::Lang;
use crate::tui::msg::{Act, Effect, Outcome};
use crate::tui::state::{Choice, Overlay};
use jiff::SignedDuration;

fn message(n: usize) -> MessageId {
    MessageId::from_stored(format!("m{n}"))
}

fn act(n: usize, act: Act) -> Effect {
    Effect::Act { id: id(n), act }
}

#[test]
fn e_puts_away_and_goes_on_at_once() {
    given()
        .keys("e")
        .then([act(1, Act::Done)])
        .selected(2)
        .keys("e e")
        .then([act(2, Act::Done), act(3, Act::Done)]);
}

#[test]
fn a_list_that_was_read_before_an_act_does_not_bring_its_row_back() {
    let g = given().keys("e e e");
    let ticket = g.state.tickets.rows;
    let g = g.outcome(Outcome::Rows {
        ticket,
        rows: vec![row(1), row(2), row(3)],
        more: false,
    });
    assert!(g.state.list.rows.is_empty() && g.state.list.selected.is_none());
    // Once the store has it, its list is the truth again.
    let done = |n| Outcome::Acted {
        id: id(n),
        act: Act::Done,
        result: Ok(()),
    };
    let g = g.outcome(done(1)).outcome(done(2)).outcome(done(3));
    let ticket = g.state.tickets.rows;
    let g = g.outcome(Outcome::Rows {
        ticket,
        rows: vec![row(2)],
        more: false,
    });
    g.selected(2);
}

#[test]
fn an_act_that_fails_says_why_and_the_row_comes_back() {
    let g = given().keys("e").outcome(Outcome::Acted {
        id: id(1),
        act: Act::Done,
        result: Err(sanitise("the database is busy")),
    });
    let ticket = g.state.tickets.rows;
    let g = g.says("busy").outcome(Outcome::Rows {
        ticket,
        rows: vec![row(1), row(2), row(3)],
        more: false,
    });
    assert_eq!(g.state.list.rows.len(), 3);
    g.selected(2);
}

#[test]
fn a_step_onto_rows_that_were_not_drawn_acts_on_nothing() {
    let g = given();
    let ticket = g.state.tickets.rows;
    let rows = vec![row(1), row(9), row(2), row(3)];
    let g = g.outcome(Outcome::Rows {
        ticket,
        rows,
        more: false,
    });
    let g = g.keys("j e").says("nothing was done").then([]);
    g.selected(9).drawn().keys("e").then([act(9, Act::Done)]);
}

#[test]
fn what_was_wanted_is_selected_by_the_next_rows_or_never_and_not_while_somebody_types() {
    let back = || Outcome::Undone(Ok(("done".into(), Some(id(7)))));
    let rows = |g: &super::given::Given, all: &[usize]| Outcome::Rows {
        ticket: g.state.tickets.rows,
        rows: all.iter().map(|n| row(*n)).collect(),
        more: false,
    };
    let g = given().outcome(back());
    let (without, with) = (rows(&g, &[1, 2, 3]), rows(&g, &[7, 1, 2, 3]));
    g.outcome(without).outcome(with).selected(1);
    let g = given().outcome(back()).keys("r half");
    let with = rows(&g, &[7, 1, 2, 3]);
    let g = g.outcome(with).selected(1);
    assert_eq!(g.state.compose.unwrap().input.text(), "half");
}

#[test]
fn a_key_acts_on_what_was_seen_or_on_nothing() {
    let mut g = given();
    // Something else was selected by what arrived, and not drawn yet.
    g.state.list.selected = Some(id(2));
    g.keys("e")
        .says("nothing was done")
        .then([])
        .drawn()
        .keys("e")
        .then([act(2, Act::Done)]);
}

#[test]
fn snooze_asks_until_when_and_names_nonsense() {
    let until = now() + SignedDuration::from_hours(3);
    given()
        .keys("z <enter>")
        .then([act(1, Act::Snooze(until))])
        .selected(2);
    let g = given().keys("z x <enter>").then([]);
    assert!(
        g.state
            .ask
            .as_ref()
            .unwrap()
            .wrong
            .as_ref()
            .unwrap()
            .as_str()
            .contains("45m")
    );
    g.keys("<esc>").then([]).selected(1);
}

#[test]
fn the_intent_is_chosen_by_typing_confirmed_or_the_second_taken() {
    let g = given().keys("i damaged");
    let Some(Overlay::Pick(pick)) = &g.state.overlay else {
        panic!("no picker")
    };
    assert_eq!(
        pick.choices[0],
        Choice::Intent(intent("aftersale.package_damaged"))
    );
    g.keys("<enter>").then([act(
        1,
        Act::Relabel(message(1), intent("aftersale.package_damaged")),
    )]);
    // 中文 finds it too.
    let g = given().keys("i 议价");
    let Some(Overlay::Pick(pick)) = &g.state.overlay else {
        panic!("no picker")
    };
    assert_eq!(
        pick.choices[0],
        Choice::Intent(intent("price.discount_request"))
    );
    given().keys("=").then([act(1, Act::Confirm(message(1)))]);
    given().keys("I").then([act(
        1,
        Act::Relabel(message(1), intent("logistics.not_shipped")),
    )]);
}

#[test]
fn what_is_not_classified_yet_cannot_be_confirmed() {
    let mut t = thread(1);
    t.messages[0].classification = None;
    given()
        .loaded(t)
        .keys("=")
        .says("not classified")
        .keys("I")
        .says("no second")
        .keys("i")
        .then([]);
}

#[test]
fn undo_recalls_the_newest_held_reply_first() {
    given().keys("u").then([Effect::Undo { reply: None }]);
    let g = given().queued(1, "o1").queued(2, "o2").keys("u");
    g.then([Effect::Undo {
        reply: Some(OutgoingId::from_stored("o2")),
    }]);
}

#[test]
fn what_was_taken_back_is_selected_again() {
    let g = given()
        .keys("e")
        .selected(2)
        .then([act(1, Act::Done)])
        .outcome(Outcome::Undone(Ok(("done".into(), Some(id(1))))));
    let ticket = g.state.tickets.rows;
    g.says("taken back")
        .outcome(Outcome::Rows {
            ticket,
            rows: vec![row(1), row(2), row(3)],
            more: false,
        })
        .selected(1);
}

#[test]
fn why_asks_for_the_leading_message() {
    let g = given().keys("w").then([Effect::LoadWhy {
        id: id(1),
        message: MessageId::from_stored("m1"),
        ticket: 1,
    }]);
    assert!(matches!(
        g.state.overlay,
        Some(Overlay::Why { reasons: None, .. })
    ));
    let g = g
        .outcome(Outcome::Why {
            ticket: 1,
            reasons: Err(sanitise("no model")),
        })
        .says("no model");
    assert!(g.state.overlay.is_none());
}

#[test]
fn the_palette_runs_what_is_typed_and_remembers_it() {
    let g = given().keys(": lang <space> zh <enter>");
    let remembered = Effect::Remember {
        lang: None,
        theme: None,
        recent: vec![crate::tui::action::Action::LangZh],
    };
    let spoken = Effect::Remember {
        lang: Some(Lang::Zh),
        theme: None,
        recent: vec![crate::tui::action::Action::LangZh],
    };
    let g = g.then([remembered, spoken]);
    assert_eq!(g.state.lang, Lang::Zh);
    // Next time it is on top.
    let g = g.keys(":");
    let Some(Overlay::Pick(pick)) = &g.state.overlay else {
        panic!("no palette")
    };
    assert_eq!(
        pick.choices[0],
        Choice::Action(crate::tui::action::Action::LangZh)
    );
}

#[test]
fn good_news_does_not_hide_what_went_wrong_and_the_next_key_does() {
    let done = |n| Outcome::Acted {
        id: id(n),
        act: Act::Done,
        result: Ok(()),
    };
    let g = given()
        .keys("e")
        .msg(crate::tui::msg::Msg::Paste("x".into()));
    let g = g.says("pasted").outcome(done(1)).says("pasted");
    g.keys("e").outcome(done(2)).says("u takes it back");
}

#[test]
fn the_palette_acts_on_the_selected_conversation() {
    let g = given().keys("<ctrl-k> done <enter>");
    assert!(g.effects.contains(&act(1, Act::Done)), "{:?}", g.effects);
    // By its name it goes to a queue, in either language.
    let g = given().keys(": 未识别 <enter>");
    assert_eq!(g.state.list.queue, Queue::Unknown);
    // In the outbox queue it goes there, too.
    let g = given().keys(": outbox <enter>");
    assert_eq!(g.state.list.queue, Queue::Outbox);
}

#[test]
fn a_reply_of_unknown_outcome_is_settled_by_a_person_only_where_there_is_one() {
    given().keys("h").says("unknown outcome").then([]);
    let mut t = thread(1);
    let mut own = t.messages[0].clone();
    own.author = crate::domain::Author::Agent;
    own.state = Some(crate::domain::OutboxState::Unknown);
    t.messages.push(own);
    given()
        .loaded(t.clone())
        .keys("h")
        .then([act(1, Act::Arrived)]);
    given().loaded(t).keys("x").then([act(1, Act::NotSent)]);
}
