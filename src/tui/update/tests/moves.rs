//! Rows, queues, screens; and what arrives meanwhile.

use super::given::{given, id, intent, row};
use crate::domain::Queue;
use crate::tui::action::Mode;
use crate::tui::msg::{Effect, Msg, Outcome, Target};
use crate::tui::state::{Focus, Overlay, Screen};

#[test]
fn j_and_k_move_and_stop_at_the_edges() {
    given()
        .keys("k")
        .selected(1)
        .keys("jj")
        .selected(3)
        .keys("jjj")
        .selected(3)
        .keys("k")
        .selected(2);
    given().keys("G").selected(3).keys("gg").selected(1);
}

#[test]
fn tab_goes_to_the_next_queue_with_somebody_in_it_and_round() {
    let g = given().keys("<tab>");
    assert_eq!(g.state.list.queue, Queue::Parent("logistics"));
    let g = g.keys("<tab>");
    assert_eq!(
        g.state.list.queue,
        Queue::Intent(intent("logistics.where_is_order"))
    );
    let g = g.keys("<tab>");
    assert_eq!(g.state.list.queue, Queue::Outbox);
    let g = g.keys("<tab>");
    assert_eq!(g.state.list.queue, Queue::Open);
    assert_eq!(g.keys("<shift-tab>").state.list.queue, Queue::Outbox);
}

#[test]
fn a_queue_remembers_where_it_was_left() {
    let g = given().keys("j").selected(2).keys("gx").keys("gi");
    let ticket = g.state.tickets.rows;
    g.outcome(Outcome::Rows {
        ticket,
        rows: vec![row(1), row(2), row(3)],
        more: false,
    })
    .selected(2);
}

#[test]
fn a_digit_after_g_is_a_queue_and_not_a_template() {
    let g = given().keys("g2").then([]);
    assert_eq!(g.state.list.queue, Queue::Parent("logistics"));
    given().keys("g9").says("no queue 9");
}

#[test]
fn what_arrives_never_moves_the_selection() {
    let g = given().keys("j").selected(2).drawn();
    let ticket = g.state.tickets.rows;
    // New rows above: the selected one keeps its id and its line on the screen.
    let rows: Vec<_> = (10..20).chain(1..4).map(row).collect();
    let g = g
        .outcome(Outcome::Rows {
            ticket,
            rows,
            more: false,
        })
        .selected(2);
    let line = g.state.list.position().unwrap() - g.state.list.offset;
    assert_eq!(line, 1);
    // It left the queue by somebody else's hand: it stays until the person leaves it.
    let ticket = g.state.tickets.rows;
    let g = g
        .outcome(Outcome::Rows {
            ticket,
            rows: vec![row(1), row(3)],
            more: false,
        })
        .selected(2);
    g.keys("j").selected(3);
}

#[test]
fn until_somebody_presses_a_key_the_list_stays_at_its_top() {
    let mut g = given();
    g.state.touched = false;
    let ticket = g.state.tickets.rows;
    let g = g.outcome(Outcome::Rows {
        ticket,
        rows: vec![row(9), row(1), row(2)],
        more: false,
    });
    g.selected(9);
}

#[test]
fn the_row_that_is_stayed_at_is_told_anew_wherever_it_belongs() {
    let g = given();
    let mut sent = row(1);
    sent.outbox = Some(crate::domain::OutboxState::Sent);
    sent.waits = false;
    let (ticket, row) = (g.state.tickets.rows, Box::new(sent.clone()));
    let g = g.outcome(Outcome::Row { ticket, row }).selected(1);
    assert_eq!(g.state.row(), Some(&sent));
}

#[test]
fn a_late_answer_is_dropped() {
    let g = given();
    let old = g.state.tickets.rows;
    let g = g.keys("gx");
    let g = g.outcome(Outcome::Rows {
        ticket: old,
        rows: vec![row(1)],
        more: false,
    });
    assert!(g.state.list.rows.is_empty());
    let g = given().keys("j");
    let mut late = super::given::thread(1);
    late.id = id(1);
    let ticket = g.state.tickets.thread - 1;
    let g = g.outcome(Outcome::Thread {
        ticket,
        thread: Box::new(late),
    });
    assert!(g.state.open_thread().is_none());
}

#[test]
fn an_answer_that_says_nothing_new_changes_nothing() {
    let mut g = given();
    let (ticket, queues) = (g.state.tickets.rows, g.state.queues.clone());
    g.state.dirty = false;
    let g = g
        .outcome(Outcome::Rows {
            ticket,
            rows: vec![row(1), row(2), row(3)],
            more: false,
        })
        .outcome(Outcome::Queues(queues))
        .outcome(Outcome::Held(Vec::new()))
        .drawn();
    assert!(!g.state.dirty);
}

#[test]
fn a_sequence_waits_for_its_next_key_and_esc_ends_it() {
    let g = given().keys("g");
    assert_eq!(g.state.pending.len(), 1);
    let g = g.keys("<esc>");
    assert!(g.state.pending.is_empty() && g.state.notice.is_none());
    given().keys("gq").says("gq does nothing here").then([]);
}

#[test]
fn enter_gives_the_keys_to_the_conversation_and_esc_back() {
    let g = given().keys("<enter>");
    assert_eq!(g.state.focus, Focus::Thread);
    let g = g.keys("kk").selected(1);
    assert_eq!(g.state.scroll, 2);
    assert_eq!(g.keys("<esc>").state.focus, Focus::List);
}

#[test]
fn q_goes_back_and_quits_at_the_top() {
    let g = given().keys("?");
    assert!(matches!(g.state.overlay, Some(Overlay::Help { .. })));
    let g = g.keys("q");
    assert!(g.state.overlay.is_none());
    g.keys("q").then([Effect::Quit { demo: false }]);
    given().keys("<esc> <esc>").then([]);
    let g = given().keys("gc");
    assert_eq!(g.state.screen, Screen::Health);
    assert_eq!(g.keys("q").then([]).state.screen, Screen::Inbox);
}

#[test]
fn with_replies_held_quitting_asks_once() {
    let g = given().queued(1, "o1").keys("q").then([]);
    assert_eq!(g.state.mode(), Mode::Ask);
    g.keys("<enter>").then([Effect::Quit { demo: false }]);
    given()
        .queued(1, "o1")
        .keys("<ctrl-c> <ctrl-c>")
        .then([Effect::Quit { demo: false }]);
    let g = given().queued(1, "o1").keys("q <esc>").then([]);
    assert_eq!(g.state.mode(), Mode::Inbox);
}

#[test]
fn a_click_selects_and_does_nothing_while_text_is_typed() {
    given().msg(Msg::Click(Target::Row(id(3)))).selected(3);
    given()
        .keys("r")
        .msg(Msg::Click(Target::Row(id(3))))
        .selected(1);
    let g = given().msg(Msg::Click(Target::Queue(Queue::Outbox)));
    assert_eq!(g.state.list.queue, Queue::Outbox);
}
