//! The channels and the model: what works, what does not, and the key that helps.
//!
//! The one rule: beside every trouble stands what to do about it.

use super::list::channel;
use super::overlay::cursor_on;
use super::paint::{Canvas, bar, word};
use super::time;
use super::wrap::lines;
use crate::tui::action::Action;
use crate::tui::msg::Target;
use crate::tui::state::{ChannelItem, ChannelState, ModelState, State};
use crate::tui::theme::Styles;
use ratatui::layout::Rect;
use ratatui::style::Style;

pub fn draw(cx: &mut Canvas, body: Rect) {
    let (state, styles, texts) = (cx.state, cx.styles, cx.texts);
    let rule = Rect {
        height: body.height.min(1),
        ..body
    };
    cx.rule(
        rule,
        true,
        &[(texts.channels_title, styles.title)],
        ("", styles.dim),
    );
    let mut rest = Rect {
        x: body.x + 1,
        y: body.y + 1,
        width: body.width.saturating_sub(2),
        height: body.height.saturating_sub(1),
    };
    if state.channels.is_empty() {
        cx.line(rest, 0).gap(1).put(texts.no_channels, styles.text);
        help_line(cx, rest, 1, &[Action::Connect, Action::Import]);
        skip(&mut rest, 3);
    }
    // The model's part stays in sight.
    let room = usize::from(rest.height.saturating_sub(6)).max(2) / 2;
    let from = (state.channel + 1).saturating_sub(room);
    for (n, item) in state.channels.iter().enumerate().skip(from).take(room) {
        let place = Rect {
            height: rest.height.min(1),
            ..rest
        };
        one(cx, rest, item);
        if n == state.channel && !place.is_empty() {
            cx.select(place);
            cursor_on(cx, place);
        }
        skip(&mut rest, 2);
    }
    skip(&mut rest, 1);
    model(cx, rest);
}

fn skip(area: &mut Rect, lines: u16) {
    let lines = lines.min(area.height);
    area.y += lines;
    area.height -= lines;
}

/// What can be done, each with its key.
fn help_line(cx: &mut Canvas, area: Rect, n: usize, actions: &[Action]) {
    let (state, styles) = (cx.state, cx.styles);
    let mut places = Vec::new();
    let mut pen = cx.line(area, n);
    pen.gap(5);
    for action in actions {
        let Some(key) = state.keymap.label(*action) else {
            continue;
        };
        let x = pen.x();
        pen.put(&key, styles.key)
            .gap(1)
            .rest(&state.lang.action(*action), styles.text);
        places.push((x, pen.x() - x, *action));
        pen.gap(3);
    }
    let y = area.y.saturating_add(n as u16);
    for (x, width, action) in places {
        let place = Rect {
            x,
            y,
            width,
            height: 1,
        };
        cx.target(place.intersection(area), Target::Action(action));
    }
}

/// Mark, words, the platform's own words, the key that helps.
fn said(
    state: &State,
    styles: &Styles,
    channel: &ChannelState,
) -> (&'static str, Style, String, String, Option<Action>) {
    let texts = state.lang.texts();
    let quiet = String::new;
    match channel {
        ChannelState::Waiting => (
            "○",
            styles.dim,
            texts.channel_waiting.to_owned(),
            quiet(),
            None,
        ),
        ChannelState::Ok { at } => {
            let age = time::age(state, *at);
            ("●", styles.good, (texts.channel_ok)(&age), quiet(), None)
        }
        ChannelState::NotPermitted(why) => (
            "✗",
            styles.bad,
            texts.channel_not_permitted.to_owned(),
            why.to_string(),
            Some(Action::Connect),
        ),
        ChannelState::Unauthorized(why) => (
            "✗",
            styles.bad,
            texts.channel_unauthorized.to_owned(),
            why.to_string(),
            Some(Action::Connect),
        ),
        ChannelState::Trouble(why) => (
            "!",
            styles.high,
            texts.channel_trouble.to_owned(),
            why.to_string(),
            Some(Action::PollNow),
        ),
        ChannelState::File => (
            "·",
            styles.dim,
            texts.channel_file.to_owned(),
            quiet(),
            None,
        ),
        ChannelState::Elsewhere => (
            "○",
            styles.unsure,
            texts.channel_elsewhere.to_owned(),
            quiet(),
            Some(Action::Connect),
        ),
    }
}

fn one(cx: &mut Canvas, area: Rect, item: &ChannelItem) {
    let (state, styles) = (cx.state, cx.styles);
    let (mark, style, words, why, help) = said(state, styles, &item.state);
    let name = item.name.one_line(22);
    let mut pen = cx.line(area, 0);
    pen.gap(1)
        .cell(mark, 2, style)
        .cell(channel(item.kind), 3, styles.dim)
        .cell(state.lang.channel(item.kind), 12, styles.text)
        .gap(1)
        .put(&words, style)
        .gap(2)
        .rest(name.as_str(), styles.dim);
    let mut pen = cx.line(area, 1);
    pen.gap(6);
    if let Some((key, action)) = help.and_then(|a| Some((state.keymap.label(a)?, a))) {
        pen.put(&key, styles.key)
            .gap(1)
            .put(&state.lang.hint(action), styles.text)
            .gap(2);
    }
    pen.rest(&why, styles.dim);
}

/// How far it is, with a bar where it counts.
pub fn model(cx: &mut Canvas, area: Rect) {
    let (state, styles, texts) = (cx.state, cx.styles, cx.texts);
    let columns = usize::from(area.width.saturating_sub(20)).clamp(4, 40);
    let part = |done: u64, total: u64| done as f64 / total.max(1) as f64;
    let (mark, style, words, progress) = match &state.model {
        ModelState::Ready(name) => {
            let name = word(name);
            (
                "●",
                styles.good,
                format!("{} · {name}", texts.model_ready),
                None,
            )
        }
        ModelState::Loading { phase, done, total } => {
            let phase = if phase.is_empty() {
                String::new()
            } else {
                format!(" · {phase}")
            };
            let progress = total.map(|total| (part(*done, total), megabytes(*done, total)));
            (
                "…",
                styles.unsure,
                format!("{}{phase}", texts.model_loading),
                progress,
            )
        }
        ModelState::Learning(done, total) => (
            "…",
            styles.unsure,
            (texts.model_learning)(*done, *total),
            Some((part(*done as u64, *total as u64), String::new())),
        ),
        ModelState::Failed(_) => ("✗", styles.bad, texts.model_failed.to_owned(), None),
        ModelState::Stopped => ("!", styles.high, texts.model_stopped.to_owned(), None),
    };
    let mut pen = cx.line(area, 0);
    pen.gap(1)
        .cell(mark, 2, style)
        .put(texts.model, styles.title)
        .gap(2)
        .rest(&words, style);
    let mut n = 1;
    if let Some((part, figure)) = progress {
        let percent = (part.clamp(0.0, 1.0) * 100.0) as u32;
        cx.line(area, n)
            .gap(3)
            .put(&bar(part, columns), styles.sure)
            .put(&format!(" {percent:>3}% "), styles.text)
            .rest(&figure, styles.dim);
        n += 1;
    }
    let help = match &state.model {
        ModelState::Failed(why) => {
            let most = usize::from(area.width.saturating_sub(4));
            for line in lines(why.as_str(), most).into_iter().take(2) {
                cx.line(area, n).gap(3).rest(line, styles.dim);
                n += 1;
            }
            Action::LoadModel
        }
        ModelState::Stopped => Action::LoadModel,
        ModelState::Loading { .. } => Action::StopModel,
        // It is here; what it learns takes a minute, once.
        ModelState::Learning(..) | ModelState::Ready(_) => return,
    };
    if help.modes().contains(&state.mode()) {
        help_line(cx, area, n, &[help]);
    }
}

fn megabytes(done: u64, total: u64) -> String {
    const MEGABYTE: f64 = 1_000_000.0;
    format!(
        "{:.0}/{:.0} MB",
        done as f64 / MEGABYTE,
        total as f64 / MEGABYTE
    )
}
