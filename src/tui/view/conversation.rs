//! The open conversation: who said what, when, and what became of our own replies.
//!
//! It is wrapped from its newest message upwards, and only as far as it is seen. A text that runs from right to left stands alone on
//! its lines: terminals that turn it round would turn the sender round with it. The one rule: what is drawn and how far one can
//! scroll come from the same lines.

use super::list::{channel, intent, outbox_mark};
use super::paint::Canvas;
use super::time;
use super::wrap::{fit, is_rtl, lines, width};
use crate::domain::{Author, MessageKind, OutboxState};
use crate::tui::i18n::Lang;
use crate::tui::msg::Target;
use crate::tui::state::{Focus, MessageItem, State, Thread};
use crate::tui::theme::Styles;
use ratatui::layout::Rect;
use ratatui::style::Style;
use std::borrow::Cow;
use std::collections::VecDeque;

/// Columns of the time, a mark and the sender in front of a text.
const GUTTER: usize = 18;
/// Below this width the sender has a line of their own.
const WIDE: usize = 50;

/// One line of the conversation.
struct Line<'a> {
    /// Whose message begins here.
    begins: Option<&'a MessageItem>,
    text: Cow<'a, str>,
    style: Style,
    right: bool,
}

pub fn draw(cx: &mut Canvas, rule: Rect, area: Rect) {
    let state = cx.state;
    if rule.is_empty() {
        return;
    }
    let Some(thread) = state.open_thread() else {
        title(cx, rule, 0);
        return;
    };
    let (shown, scroll) = window(state, cx.styles, thread, area, state.scroll);
    title(cx, rule, scroll);
    cx.scrolled = scroll;
    cx.target(area, Target::Thread);
    if state.focus == Focus::Thread {
        cx.cursor = Some(area.as_position());
    }
    for (n, line) in shown.iter().enumerate() {
        one(cx, area, n, line, thread);
    }
}

fn title(cx: &mut Canvas, rule: Rect, scroll: usize) {
    let (state, styles, texts) = (cx.state, cx.styles, cx.texts);
    let focus = state.focus == Focus::Thread && state.compose.is_none() && state.ask.is_none();
    let Some(thread) = state.open_thread() else {
        let text = if state.list.selected.is_some() {
            texts.loading
        } else {
            ""
        };
        cx.rule(rule, focus, &[(text, styles.dim)], ("", styles.dim));
        return;
    };
    let subject = thread.subject().and_then(|m| m.classification.as_ref());
    let (name, sure, style) = intent(
        state.lang,
        styles,
        subject.map(|c| c.outcome),
        subject.and_then(|c| c.intent),
        subject.map(|c| c.confidence),
    );
    let buyer = thread.buyer.one_line(24);
    let place = if rule.width < 60 {
        channel(thread.channel)
    } else {
        state.lang.channel(thread.channel)
    };
    let said = thread.lang.as_deref().filter(|lang| *lang != "und");
    let said = said.map_or_else(String::new, |l| format!(" · {}", super::paint::word(l)));
    let scrolled = if scroll > 0 {
        format!("↓ {scroll}")
    } else {
        String::new()
    };
    let text = [
        (buyer.as_str(), styles.title),
        (&format!(" · {place}{said} · "), styles.dim),
        (name, style),
        (&format!(" {sure}"), style),
    ];
    cx.rule(rule, focus, &text, (&scrolled, styles.dim));
}

/// The lines that are seen when it is scrolled up by so many, and by how many it then is: no further than the oldest line.
fn window<'a>(
    state: &'a State,
    styles: &Styles,
    thread: &'a Thread,
    area: Rect,
    scroll: usize,
) -> (VecDeque<Line<'a>>, usize) {
    let room = usize::from(area.height);
    let needed = room.saturating_add(scroll);
    let mut seen: VecDeque<Line> = VecDeque::new();
    let mut whole = true;
    for item in thread.messages.iter().rev() {
        if seen.len() >= needed {
            whole = false;
            break;
        }
        for line in message(state, styles, item, area).into_iter().rev() {
            seen.push_front(line);
        }
    }
    if whole && thread.older {
        seen.push_front(Line {
            begins: None,
            text: Cow::Borrowed(state.lang.texts().older_messages),
            style: styles.dim,
            right: false,
        });
    }
    let scroll = scroll.min(seen.len().saturating_sub(room));
    let end = seen.len() - scroll;
    seen.truncate(end);
    seen.drain(..end.saturating_sub(room));
    (seen, scroll)
}

/// What stands there: the words, and in brackets what has none.
pub fn words(lang: Lang, m: &MessageItem) -> Cow<'_, str> {
    if m.kind == MessageKind::Text {
        return Cow::Borrowed(m.text.as_str());
    }
    let kind = lang.message_kind(m.kind);
    let text = m.text.as_str().trim();
    Cow::Owned(format!("[{kind}] {text}").trim_end().to_owned())
}

fn message<'a>(state: &'a State, styles: &Styles, m: &'a MessageItem, area: Rect) -> Vec<Line<'a>> {
    let texts = state.lang.texts();
    let total = usize::from(area.width);
    let beside = total >= WIDE;
    let most = total.saturating_sub(if beside { GUTTER } else { 2 });
    let style = match m.author {
        Author::Customer => styles.text,
        Author::Agent | Author::Automation => styles.own,
        Author::System => styles.system,
    };
    let said = words(state.lang, m);
    let right = is_rtl(&said);
    let mut all: Vec<Line> = match said {
        Cow::Borrowed(text) => lines(text, most).into_iter().map(Cow::Borrowed).collect(),
        Cow::Owned(text) => lines(&text, most)
            .into_iter()
            .map(|line| Cow::Owned(line.to_owned()))
            .collect::<Vec<_>>(),
    }
    .into_iter()
    .map(|text| Line {
        begins: None,
        text,
        style,
        right,
    })
    .collect();
    let mut add = |text: &str, style: Style| {
        all.extend(lines(text, most).into_iter().map(|line| Line {
            begins: None,
            text: Cow::Owned(line.to_owned()),
            style,
            right: false,
        }));
    };
    if m.text.hidden() > 0 {
        add(
            &format!("[{}]", (texts.hidden_chars)(m.text.hidden())),
            styles.bad,
        );
    }
    if let Some(outbox) = m.state.filter(|s| !is_quiet(*s)) {
        let (mark, style) = outbox_mark(styles, outbox);
        let word = state.lang.outbox_state(outbox);
        let why = m
            .error
            .as_ref()
            .map_or_else(String::new, |e| format!(" · {e}"));
        add(format!("{mark} {word}{why}").trim_start(), style);
    }
    match all.first_mut() {
        Some(first) if beside && !right => first.begins = Some(m),
        _ => all.insert(
            0,
            Line {
                begins: Some(m),
                text: Cow::Borrowed(""),
                style,
                right: false,
            },
        ),
    }
    all
}

/// It arrived: its mark says enough.
fn is_quiet(state: OutboxState) -> bool {
    matches!(
        state,
        OutboxState::Sent | OutboxState::Delivered | OutboxState::Read
    )
}

fn one(cx: &mut Canvas, area: Rect, n: usize, line: &Line, thread: &Thread) {
    let (state, styles, texts) = (cx.state, cx.styles, cx.texts);
    let beside = usize::from(area.width) >= WIDE;
    let indent = if beside { GUTTER } else { 2 };
    if let Some(m) = line.begins {
        let is_lead = thread.subject().is_some_and(|s| s.id == m.id);
        let (mark, mark_style) = match m.state {
            Some(outbox) => outbox_mark(styles, outbox),
            None if is_lead => ("▸", styles.title),
            None => ("", styles.dim),
        };
        let (name, style) = match m.author {
            Author::Customer => (thread.buyer.as_str(), styles.buyer),
            Author::Agent => (texts.you, styles.own),
            Author::Automation => (texts.robot, styles.own),
            Author::System => (texts.platform, styles.system),
        };
        let clock = time::clock(state, m.sent_at);
        let mut pen = cx.line(area, n);
        pen.cell(&clock, 5, styles.dim)
            .gap(1)
            .cell(mark, 1, mark_style)
            .gap(1);
        if beside {
            pen.cell(name, (GUTTER - 9) as u16, style);
        } else {
            pen.rest(name, style);
        }
    }
    if line.text.is_empty() {
        return;
    }
    let room = usize::from(area.width).saturating_sub(indent);
    let text = fit(&line.text, room);
    let pad = if line.right {
        room.saturating_sub(width(&text))
    } else {
        0
    };
    cx.line(area, n)
        .gap((indent + pad) as u16)
        .put(&text, line.style);
}
