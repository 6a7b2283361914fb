//! Every screen and overlay as a state with a name.
//!
//! May use: the fixture. The one rule: a screen that a person can see has its scene here.

use super::fixture::{self, STAGED, compose, conversation, held, now, reasons, state};
use crate::domain::{Intent, Queue};
use crate::text::sanitise;
use crate::tui::action::Action;
use crate::tui::i18n::Lang;
use crate::tui::msg::Stage;
use crate::tui::state::{
    Ask, AskFor, Choice, Focus, Gap, Input, ModelState, Notice, Overlay, Phase, Pick, PickFor,
    Quick, Screen, Staging, State,
};
use jiff::SignedDuration;
use std::collections::BTreeMap;

pub fn pick(what: PickFor, query: &str, choices: Vec<Choice>) -> Overlay {
    Overlay::Pick(Box::new(Pick {
        what,
        input: Input::of(query),
        choices,
        at: 1,
    }))
}

fn ask(what: AskFor, text: &str, wrong: Option<&str>) -> Ask {
    Ask {
        what,
        input: Input::of(text),
        wrong: wrong.map(sanitise),
    }
}

fn slots() -> AskFor {
    AskFor::Slots {
        staging: Staging {
            stage: Stage {
                id: conversation(2),
                template: "status_ask_order_number".to_owned(),
                lang: None,
                variant: None,
                order: None,
                slots: BTreeMap::new(),
                ticket: 1,
            },
            quick: Quick::No,
            lacks_lang: None,
        },
        gaps: vec![Gap {
            slot: "ask.shipping_time".to_owned(),
            label: Some(crate::template::Label {
                en: "delivery time, e.g. 7–12 days".to_owned(),
                zh: "运送时效，如 7–12 天".to_owned(),
            }),
            advice: Some(sanitise("the order is 20 minutes old; s asks again")),
            order: false,
        }],
        at: 0,
    }
}

/// Every screen and overlay by name.
#[allow(clippy::too_many_lines, reason = "a list")]
pub fn scenes(lang: Lang) -> Vec<(&'static str, State)> {
    let with = |change: &dyn Fn(&mut State)| {
        let mut state = state(lang);
        change(&mut state);
        state
    };
    vec![
        ("inbox", with(&|_| {})),
        ("thread", with(&|s| s.focus = Focus::Thread)),
        (
            "trouble",
            with(&|s| {
                s.channels = fixture::channels();
                s.model = ModelState::Learning(120, 1053);
                s.list.queue = Queue::Outbox;
                s.list.rows.retain(|row| row.outbox.is_some());
                s.list.selected = Some(conversation(5));
                s.notice = Some(Notice {
                    text: sanitise("the buyer has closed the chat"),
                    bad: true,
                    until: now() + SignedDuration::from_secs(4),
                });
                s.held = vec![held(7)];
                s.own = vec![held(7).id];
            }),
        ),
        (
            "staged",
            with(&|s| {
                s.compose = Some(compose(STAGED, Phase::Staged));
                s.held = vec![held(7)];
                s.own = vec![held(7).id];
            }),
        ),
        (
            "typing",
            with(&|s| {
                s.focus = Focus::Thread;
                s.settings.has_editor = true;
                s.compose = Some(compose(
                    "您好 Ana，包裹 👩‍💻 已经到 Memphis。\nI'll ask UPS today",
                    Phase::Typing,
                ));
            }),
        ),
        (
            "orders",
            with(&|s| s.overlay = Some(Overlay::Orders { scroll: 0 })),
        ),
        (
            "ask",
            with(&|s| s.ask = Some(ask(slots(), "7–12 天", None))),
        ),
        (
            "ask_wrong",
            with(&|s| {
                let what = AskFor::Snooze {
                    conversation: conversation(2),
                };
                s.ask = Some(ask(what, "tomorow", Some(s.lang.texts().not_a_time)));
            }),
        ),
        (
            "pick_intent",
            with(&|s| {
                let all = Intent::all().map(Choice::Intent).collect();
                s.overlay = Some(pick(
                    PickFor::Intent(conversation(2), crate::domain::MessageId::from_stored("m1")),
                    "re",
                    all,
                ));
            }),
        ),
        (
            "pick_order",
            with(&|s| {
                let all = ["88213", "87001"].map(|id| Choice::Order(sanitise(id)));
                s.overlay = Some(pick(PickFor::Order(conversation(2)), "", all.to_vec()));
            }),
        ),
        (
            "palette",
            with(&|s| {
                let all = [
                    Action::Done,
                    Action::Snooze,
                    Action::ThemeLight,
                    Action::LangZh,
                ];
                s.overlay = Some(pick(PickFor::Palette, "", all.map(Choice::Action).to_vec()));
            }),
        ),
        (
            "help",
            with(&|s| s.overlay = Some(Overlay::Help { scroll: 0 })),
        ),
        (
            "why",
            with(&|s| {
                s.overlay = Some(Overlay::Why {
                    reasons: Some(reasons()),
                    scroll: 0,
                });
            }),
        ),
        (
            "raw",
            with(&|s| s.overlay = Some(Overlay::Raw { scroll: 0 })),
        ),
        (
            "which_key",
            with(&|s| {
                s.pending = crate::tui::key::sequence("g").unwrap();
                s.pending_since = Some(now() - SignedDuration::from_secs(1));
            }),
        ),
        (
            "empty",
            with(&|s| {
                s.list.rows.clear();
                s.list.selected = None;
                s.thread = None;
                s.queues.iter_mut().for_each(|q| q.count = 0);
            }),
        ),
        (
            "channels",
            with(&|s| {
                s.screen = Screen::Health;
                s.channels = fixture::channels();
                s.channel = 1;
                s.model = ModelState::Failed(sanitise("model.onnx: the checksum does not match"));
            }),
        ),
        (
            "welcome",
            with(&|s| {
                s.screen = Screen::Welcome;
                s.channels.clear();
                s.model = ModelState::Loading {
                    phase: sanitise("model_quantized.onnx"),
                    done: 53_000_000,
                    total: Some(118_000_000),
                };
            }),
        ),
    ]
}
