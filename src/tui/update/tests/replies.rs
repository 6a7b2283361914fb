//! One key to a good reply.

use super::given::{given, id, intent, now, thread};
use crate::domain::OrderStatus;
use crate::text::sanitise;
use crate::tui::action::Mode;
use crate::tui::msg::{Effect, Msg, NotStaged, Outcome, Stage};
use crate::tui::state::{Draft, Gap, OrderItem, Overlay, Page, Phase};
use jiff::SignedDuration;
use std::collections::BTreeMap;

fn stage(n: usize, template: &str, ticket: u64) -> Stage {
    Stage {
        id: id(n),
        template: template.into(),
        lang: None,
        variant: None,
        order: None,
        slots: BTreeMap::new(),
        ticket,
    }
}

fn send(n: usize, text: &str, from: Option<(&str, &str)>) -> Effect {
    Effect::Send {
        id: id(n),
        text: text.into(),
        from: from.map(|(t, l)| (t.into(), l.into())),
    }
}

fn keep(n: usize, text: &str) -> Effect {
    Effect::KeepDraft {
        id: id(n),
        text: text.into(),
    }
}

fn not_staged(g: super::given::Given, why: NotStaged) -> super::given::Given {
    let ticket = g.state.tickets.stage;
    g.outcome(Outcome::Staged {
        ticket,
        id: id(1),
        result: Err(why),
    })
}

#[test]
fn a_digit_stages_enter_sends_u_recalls() {
    let g = given().keys("1").then([Effect::Stage(stage(1, "t1", 1))]);
    assert_eq!(g.state.mode(), Mode::Inbox);
    let g = g.staged("Hi Ana").then([]);
    assert_eq!(g.state.mode(), Mode::Stage);
    let g = g
        .keys("<enter>")
        .then([send(1, "Hi Ana", Some(("t1", "en")))])
        .selected(2)
        .queued(1, "o1");
    assert_eq!(g.state.held.len(), 1);
    let reply = Some(crate::domain::OutgoingId::from_stored("o1"));
    let g = g
        .keys("u")
        .then([Effect::Undo { reply }])
        .outcome(Outcome::Undone(Ok(("reply".into(), Some(id(1))))));
    assert!(g.state.held.is_empty());
    g.says("draft");
}

#[test]
fn nothing_is_sent_by_a_digit_alone_unless_the_leaf_is_set_to_it() {
    given()
        .keys("1")
        .staged("Hi")
        .then([Effect::Stage(stage(1, "t1", 1))])
        .selected(1);
    let mut g = given();
    g.state
        .settings
        .quick
        .insert(intent("logistics.where_is_order"));
    let g = g
        .keys("1")
        .then([Effect::Stage(stage(1, "t1", 1))])
        .staged("Hi");
    g.then([send(1, "Hi", Some(("t1", "en")))]).selected(2);
}

#[test]
fn a_digit_never_sends_what_is_unsure_risky_or_in_another_language() {
    let quick = || {
        let mut g = given();
        g.state
            .settings
            .quick
            .insert(intent("logistics.where_is_order"));
        g
    };
    let mut g = quick();
    g.state.list.rows[0].outcome = Some(crate::domain::Outcome::Unknown);
    g.keys("1")
        .staged("Hi")
        .then([Effect::Stage(stage(1, "t1", 1))]);
    let mut g = quick();
    g.state.list.rows[0].risk = crate::domain::Risk::High;
    g.keys("1")
        .staged("Hi")
        .then([Effect::Stage(stage(1, "t1", 1))]);
    let g = quick().keys("1").then([Effect::Stage(stage(1, "t1", 1))]);
    let no = NotStaged::NoLanguage {
        template: "t1".into(),
        lang: "th".into(),
        has: vec!["zh".into(), "en".into()],
    };
    let g = not_staged(g, no);
    let in_english = Stage {
        lang: Some("en".into()),
        ..stage(1, "t1", 2)
    };
    let g = g.then([Effect::Stage(in_english)]).staged("Hi").then([]);
    assert_eq!(g.state.compose.unwrap().lacks_lang.as_deref(), Some("th"));
}

#[test]
fn enter_sends_only_a_text_that_stood_on_the_screen_to_its_end() {
    let g = given().keys("1").staged_unseen("Hi").keys("<enter>");
    let g = g
        .says("not on the screen")
        .then([Effect::Stage(stage(1, "t1", 1))]);
    // A window that is too small for it, or for anything, shows nothing.
    let page = |shown, whole| {
        Msg::Drawn(Page {
            shown,
            whole,
            ..Page::default()
        })
    };
    let g = g.msg(page(true, false)).keys("<enter>").then([]);
    let g = g.msg(page(false, true)).keys("<enter>").then([]);
    let g = g.msg(page(true, true)).keys("<enter>");
    g.then([send(1, "Hi", Some(("t1", "en")))]);
}

#[test]
fn what_is_typed_without_blanks_is_kept_after_a_second() {
    let mut g = given().keys("r 您好您好");
    assert_eq!(
        g.state.compose.as_ref().unwrap().keep_at(),
        now().checked_add(SignedDuration::from_secs(1)).ok()
    );
    g.state.now = now() + SignedDuration::from_secs(1);
    let g = g.msg(Msg::Time).then([keep(1, "您好您好")]);
    assert_eq!(g.state.compose.as_ref().unwrap().keep_at(), None);
    g.msg(Msg::Time).then([]);
}

#[test]
fn t_takes_the_next_variant_then_the_next_language() {
    let next = |lang: &str, variant, ticket| {
        Effect::Stage(Stage {
            lang: Some(lang.into()),
            variant: Some(variant),
            ..stage(1, "t1", ticket)
        })
    };
    let g = given()
        .keys("1")
        .staged("one")
        .then([Effect::Stage(stage(1, "t1", 1))]);
    let g = g.keys("t").then([next("en", 1, 2)]).staged("two");
    let g = g.keys("t").then([next("zh", 0, 3)]).staged("三");
    assert_eq!(
        g.state.compose.as_ref().unwrap().lacks_lang.as_deref(),
        Some("en")
    );
    g.keys("t").then([next("en", 0, 4)]);
}

#[test]
fn missing_slots_are_asked_for_one_by_one() {
    let gap = |slot: &str| Gap {
        slot: slot.into(),
        label: None,
        advice: None,
        order: false,
    };
    let blocked = NotStaged::Blocked {
        template: "t1".into(),
        gaps: vec![gap("ask.link"), gap("ask.days")],
    };
    let g = not_staged(
        given().keys("1").then([Effect::Stage(stage(1, "t1", 1))]),
        blocked,
    );
    assert_eq!(g.state.mode(), Mode::Ask);
    let g = g.keys("<enter>").then([]);
    assert!(g.state.ask.as_ref().unwrap().wrong.is_some());
    let g = g.keys("x.example <enter> 3 <enter>");
    let slots = BTreeMap::from([
        ("ask.link".into(), "x.example".into()),
        ("ask.days".into(), "3".into()),
    ]);
    g.then([Effect::Stage(Stage {
        slots,
        ..stage(1, "t1", 2)
    })]);
}

#[test]
fn with_two_orders_the_person_says_which() {
    let order = |id: &str| OrderItem {
        id: sanitise(id),
        item: None,
        total: None,
        status: OrderStatus::InTransit,
        carrier: None,
        tracking: None,
        last_event: None,
        last_event_at: None,
        fetched_at: super::given::now(),
        chosen: false,
    };
    let mut t = thread(1);
    t.orders = vec![order("11"), order("22")];
    let gap = Gap {
        slot: "order.id".into(),
        label: None,
        advice: None,
        order: true,
    };
    let g = given()
        .loaded(t)
        .keys("1")
        .then([Effect::Stage(stage(1, "t1", 1))]);
    let g = not_staged(
        g,
        NotStaged::Blocked {
            template: "t1".into(),
            gaps: vec![gap],
        },
    );
    assert!(matches!(g.state.overlay, Some(Overlay::Pick(_))));
    let g = g.keys("22 <enter>");
    let chosen = Stage {
        order: Some("22".into()),
        ..stage(1, "t1", 2)
    };
    g.then([Effect::Stage(chosen)]);
}

#[test]
fn what_is_written_is_kept_at_every_word_and_before_it_is_sent() {
    let g = given().keys("r hi <space> Ana").then([keep(1, "hi ")]);
    let g = g
        .keys("<enter>")
        .then([keep(1, "hi Ana"), send(1, "hi Ana", None)]);
    g.selected(2);
    let g = given()
        .keys("r hi <esc>")
        .then([keep(1, "hi")])
        .says("draft");
    assert_eq!(g.state.mode(), Mode::Inbox);
}

#[test]
fn a_digit_does_not_wait_for_the_conversation() {
    let g = given().keys("j 1");
    let by_number = Stage {
        template: "1".into(),
        ..stage(2, "1", 1)
    };
    g.then([Effect::Stage(by_number)]).staged("Hi").selected(2);
}

#[test]
fn a_wrong_path_can_be_mended() {
    let mut g = given();
    g.state.screen = crate::tui::state::Screen::Health;
    let g = g.keys("h /nope <enter>");
    let g = g.outcome(Outcome::Imported(Err(sanitise("/nope cannot be opened"))));
    assert!(g.state.ask.as_ref().unwrap().wrong.is_some());
    let g = g
        .keys("x <enter>")
        .outcome(Outcome::Imported(Ok((1, 0, 0))));
    assert!(g.state.ask.is_none());
    g.says("imported 1").then([
        Effect::Import {
            path: "/nope".into(),
        },
        Effect::Import {
            path: "/nopex".into(),
        },
    ]);
}

#[test]
fn r_opens_the_draft_again() {
    let mut t = thread(1);
    t.draft = Some(Draft {
        text: sanitise("half a rep"),
        from: None,
    });
    let g = given().loaded(t).keys("r ly <enter>");
    g.then([keep(1, "half a reply"), send(1, "half a reply", None)]);
}

#[test]
fn an_edited_template_is_the_persons_own_words() {
    let g = given()
        .keys("1")
        .staged("Hi Ana")
        .then([Effect::Stage(stage(1, "t1", 1))])
        .keys("r");
    assert_eq!(g.state.mode(), Mode::Compose);
    // Unchanged it goes back to the bar.
    let g = g.keys("<esc>");
    assert_eq!(g.state.compose.as_ref().unwrap().phase, Phase::Staged);
    let g = g.keys("r ! <enter>");
    g.then([keep(1, "Hi Ana!"), send(1, "Hi Ana!", None)]);
}

#[test]
fn nothing_empty_or_too_long_is_sent_and_the_text_stays() {
    given().keys("r <enter>").says("empty").then([]);
    let mut t = thread(1);
    t.max_chars = Some(3);
    let g = given()
        .loaded(t)
        .keys("r four <enter>")
        .says("4 characters; the platform takes 3")
        .then([]);
    assert_eq!(g.state.compose.unwrap().input.text(), "four");
}

#[test]
fn where_the_platform_takes_no_reply_none_is_offered() {
    let mut t = thread(1);
    t.can_reply = false;
    given()
        .loaded(t)
        .keys("1")
        .says("takes no reply")
        .keys("r")
        .then([]);
    given().keys("9").says("no template 9").then([]);
}

#[test]
fn a_template_that_comes_after_the_row_was_left_is_dropped() {
    let g = given().keys("1");
    let ticket = g.state.tickets.stage;
    let staged = crate::tui::msg::Staged {
        text: "late".into(),
        variant: crate::tui::state::Variant {
            template: "t1".into(),
            number: Some(1),
            lang: "en".into(),
            place: 0,
        },
        lacks_lang: None,
    };
    let g = g.keys("j").outcome(Outcome::Staged {
        ticket,
        id: id(1),
        result: Ok(staged),
    });
    assert!(g.state.compose.is_none());
}

#[test]
fn a_refused_reply_is_said_in_words() {
    let g = given()
        .keys("1")
        .staged("Hi")
        .keys("<enter>")
        .outcome(Outcome::Queued {
            id: id(1),
            result: Err(sanitise("order 88 is cancelled")),
        });
    g.says("order 88 is cancelled");
}

#[test]
fn pasted_text_is_text_or_nothing() {
    given()
        .msg(Msg::Paste("e1\r\n:quit\n".into()))
        .says("pasted")
        .then([])
        .selected(1);
    let g = given()
        .keys("r")
        .msg(Msg::Paste("two\nlines\u{1b}[2J".into()))
        .then([keep(1, "two\nlines\u{fffd}")]);
    assert_eq!(g.state.mode(), Mode::Compose);
    let g = given().keys(":").msg(Msg::Paste("quit\n".into())).then([]);
    assert_eq!(g.state.mode(), Mode::Pick);
}

#[test]
fn the_editor_gets_the_text_and_what_comes_back_stands_in_the_composer() {
    let mut g = given();
    g.state.settings.has_editor = true;
    let g = g.keys("r hi <ctrl-e>").then([Effect::Edit {
        id: id(1),
        text: "hi".into(),
    }]);
    let g = g.outcome(Outcome::Edited {
        id: id(1),
        result: Ok("hi there\n".into()),
    });
    assert_eq!(g.state.compose.as_ref().unwrap().input.text(), "hi there");
    g.then([keep(1, "hi there")]);
}

#[test]
fn told_to_end_it_keeps_what_was_typed() {
    given()
        .keys("r half")
        .msg(Msg::Terminate)
        .then([keep(1, "half"), Effect::Quit { demo: false }]);
}
