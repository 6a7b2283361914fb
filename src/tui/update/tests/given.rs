//! A language for tests of `update`: `given().keys("j 1 <enter> u").then([…])`.

use crate::domain::{
    Author, ChannelKind, Classification, ConversationId, Intent, MessageId, MessageKind,
    Outcome as Said, OutgoingId, Queue, Risk, Scored, Status,
};
use crate::template::Label;
use crate::text::sanitise;
use crate::tui::i18n::Lang;
use crate::tui::key::Key;
use crate::tui::keymap::Keymap;
use crate::tui::msg::{Effect, Msg, Outcome, Staged};
use crate::tui::state::{
    MessageItem, Page, QueueItem, RowItem, Settings, State, TemplateItem, Thread, Variant,
};
use crate::tui::update::update;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

pub struct Given {
    pub state: State,
    /// Since the last `then`.
    pub effects: Vec<Effect>,
}

pub fn now() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

pub fn id(n: usize) -> ConversationId {
    ConversationId::from_stored(format!("c{n}"))
}

pub fn intent(key: &str) -> Intent {
    Intent::from_key(key).unwrap()
}

pub fn row(n: usize) -> RowItem {
    RowItem {
        id: id(n),
        buyer: sanitise("Ana"),
        channel: ChannelKind::TiktokShop,
        preview: sanitise("where is my order"),
        outcome: Some(Said::Intent),
        intent: Some(intent("logistics.where_is_order")),
        confidence: Some(0.9),
        risk: Risk::Normal,
        lang: Some("en".into()),
        due_at: Some(now() + SignedDuration::from_mins(n as i64)),
        since: now(),
        waits: true,
        status: Status::Open,
        outbox: None,
        error: None,
    }
}

pub fn thread(n: usize) -> Thread {
    let scored = |key, score| Scored {
        intent: intent(key),
        score,
    };
    let message = MessageItem {
        id: MessageId::from_stored(format!("m{n}")),
        author: Author::Customer,
        kind: MessageKind::Text,
        text: sanitise("where is my order"),
        original: sanitise("where is my order"),
        sent_at: now(),
        classification: Some(Classification {
            outcome: Said::Intent,
            intent: Some(intent("logistics.where_is_order")),
            risk: Risk::Normal,
            confidence: 0.9,
            margin: 0.2,
            top: vec![
                scored("logistics.where_is_order", 0.9),
                scored("logistics.not_shipped", 0.05),
            ],
            lang: "en".into(),
            model: "test".into(),
            verdict: None,
        }),
        state: None,
        error: None,
    };
    let template = |number: usize| TemplateItem {
        number,
        key: format!("t{number}"),
        name: Label {
            en: "status".into(),
            zh: "状态".into(),
        },
        variants: vec![("en".into(), 2), ("zh".into(), 1)],
    };
    Thread {
        id: id(n),
        buyer: sanitise("Ana"),
        channel: ChannelKind::TiktokShop,
        shop: sanitise("lumen-store"),
        status: Status::Open,
        can_reply: true,
        max_chars: Some(2000),
        lead: Some(message.id.clone()),
        messages: vec![message],
        older: false,
        intent: Some(intent("logistics.where_is_order")),
        lang: Some("en".into()),
        orders: Vec::new(),
        templates: vec![template(1), template(2)],
        draft: None,
    }
}

/// Three rows in the queue of all that is open, the first selected, seen and loaded.
pub fn given() -> Given {
    let mut state = State::new(
        now(),
        Lang::En,
        Arc::new(Keymap::default()),
        Settings::default(),
    );
    let queue = |queue, count| QueueItem {
        queue,
        count,
        critical: 0,
        oldest: Some(now()),
    };
    state.queues = vec![
        queue(Queue::Open, 3),
        queue(Queue::Parent("logistics"), 3),
        queue(Queue::Intent(intent("logistics.where_is_order")), 3),
        queue(Queue::Unknown, 0),
        queue(Queue::Outbox, 1),
    ];
    let mut given = Given {
        state,
        effects: Vec::new(),
    };
    given.state.tickets.rows = 1;
    given = given
        .outcome(Outcome::Rows {
            ticket: 1,
            rows: vec![row(1), row(2), row(3)],
            more: false,
        })
        .drawn()
        .loaded(thread(1));
    given.effects.clear();
    given.state.touched = true;
    given
}

impl Given {
    /// Keys between blanks; those that are no character stand in `<…>`. Others are typed one by one.
    pub fn keys(mut self, keys: &str) -> Self {
        for word in keys.split(' ').filter(|w| !w.is_empty()) {
            match word.strip_prefix('<').and_then(|w| w.strip_suffix('>')) {
                Some(name) => self = self.msg(Msg::Key(name.parse().unwrap())),
                None => {
                    for c in word.chars() {
                        self = self.msg(Msg::Key(Key::plain(crossterm::event::KeyCode::Char(c))));
                    }
                }
            }
        }
        self
    }

    pub fn msg(mut self, msg: Msg) -> Self {
        self.effects.extend(update(&mut self.state, msg));
        self
    }

    pub fn outcome(self, outcome: Outcome) -> Self {
        self.msg(Msg::Outcome(outcome))
    }

    pub fn drawn(self) -> Self {
        self.msg(Msg::Drawn(Page::default()))
    }

    /// The runner answers the last load of a conversation.
    pub fn loaded(self, thread: Thread) -> Self {
        let ticket = self.state.tickets.thread;
        self.outcome(Outcome::Thread {
            ticket,
            thread: Box::new(thread),
        })
    }

    /// The runner answers the last template.
    pub fn staged_unseen(self, text: &str) -> Self {
        let stage = &self
            .state
            .staging
            .as_ref()
            .expect("nothing is being staged")
            .stage;
        let (ticket, id) = (stage.ticket, stage.id.clone());
        let variant = Variant {
            template: stage.template.clone(),
            number: Some(1),
            lang: stage.lang.clone().unwrap_or_else(|| "en".into()),
            place: stage.variant.unwrap_or(0),
        };
        self.outcome(Outcome::Staged {
            ticket,
            id,
            result: Ok(Staged {
                text: text.into(),
                variant,
                lacks_lang: None,
            }),
        })
    }

    /// The same, and it stands on the screen.
    pub fn staged(self, text: &str) -> Self {
        self.staged_unseen(text).drawn()
    }

    pub fn queued(self, n: usize, reply: &str) -> Self {
        let send_at = self.state.now + SignedDuration::from_secs(8);
        self.outcome(Outcome::Queued {
            id: id(n),
            result: Ok((OutgoingId::from_stored(reply), send_at)),
        })
    }

    /// The effects so far, loads of what is shown aside.
    #[track_caller]
    pub fn then(mut self, wanted: impl IntoIterator<Item = Effect>) -> Self {
        let is_load = |e: &Effect| {
            matches!(
                e,
                Effect::LoadQueues | Effect::LoadRows { .. } | Effect::LoadThread { .. }
            )
        };
        let done: Vec<Effect> = self.effects.drain(..).filter(|e| !is_load(e)).collect();
        assert_eq!(done, wanted.into_iter().collect::<Vec<_>>());
        self
    }

    #[track_caller]
    pub fn selected(self, n: usize) -> Self {
        assert_eq!(self.state.list.selected, Some(id(n)));
        self
    }

    #[track_caller]
    pub fn says(self, part: &str) -> Self {
        let said = self.state.notice.as_ref().map_or("", |n| n.text.as_str());
        assert!(said.contains(part), "{said:?}");
        self
    }
}
