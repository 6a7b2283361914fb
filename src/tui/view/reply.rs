//! The reply at the bottom: what the keys would stage, what is staged, what is typed, or the one value that is asked for.
//!
//! The terminal's own cursor stands at the caret, where input methods look for it. The one rule: a reply that is staged or typed is
//! always visible, with its length and the most that the platform takes.

use super::paint::{Canvas, word};
use super::wrap::{fit, lines, width};
use crate::text::sanitise;
use crate::tui::action::Action;
use crate::tui::msg::Target;
use crate::tui::state::{Ask, AskFor, Compose, Input, Phase, State, Thread};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::widgets::Widget;

/// Whether there is something in it that must be seen.
pub fn is_busy(state: &State) -> bool {
    state.compose.is_some() || state.ask.is_some()
}

/// Lines that the reply would like to have at this width.
pub fn lines_wanted(state: &State, wide: u16) -> u16 {
    let most = usize::from(wide);
    let n = match (&state.ask, &state.compose) {
        (Some(_), _) => 2,
        (None, Some(compose)) => {
            let text = compose.input.text();
            let n = lines(&text, most.saturating_sub(1)).len();
            match compose.phase {
                Phase::Typing => n.max(2),
                Phase::Staged => n,
            }
        }
        (None, None) => state.open_thread().map_or(1, |thread| {
            let offered = offered(state, thread);
            rows_of(&offered, most).len().clamp(1, 2)
        }),
    };
    n.min(12) as u16
}

pub fn draw(cx: &mut Canvas, rule: Rect, area: Rect) {
    if rule.is_empty() {
        cx.whole = false;
        return;
    }
    let state = cx.state;
    match (&state.ask, &state.compose) {
        (Some(ask), _) => draw_ask(cx, rule, area, ask),
        (None, Some(compose)) => draw_compose(cx, rule, area, compose),
        (None, None) => draw_offer(cx, rule, area),
    }
}

/// An input field, and the caret where its own cursor is.
pub fn input(cx: &mut Canvas, area: Rect, input: &Input, style: Style) {
    let area = area.intersection(cx.buf.area);
    // The widget cannot be drawn in no space at all.
    if area.is_empty() {
        return;
    }
    Widget::render(&input.0, area, cx.buf);
    cx.buf.set_style(area, style);
    let caret = input.0.screen_cursor();
    let (top, left) = input.0.scroll_offset();
    let row = caret.row.saturating_sub(usize::from(top)) as u16;
    let col = caret.col.saturating_sub(usize::from(left)) as u16;
    cx.cursor = Some(Position::new(
        area.x + col.min(area.width - 1),
        area.y + row.min(area.height - 1),
    ));
}

fn draw_compose(cx: &mut Canvas, rule: Rect, area: Rect, compose: &Compose) {
    let (state, styles, texts) = (cx.state, cx.styles, cx.texts);
    let thread = state
        .thread
        .as_ref()
        .filter(|t| t.id == compose.conversation);
    let text = compose.input.text();
    let from = source(state, thread.map(AsRef::as_ref), compose);
    let written = text.chars().count();
    let (figure, style) = match thread.and_then(|t| t.max_chars) {
        Some(most) if written > most => {
            let over = (texts.over_limit)(written - most);
            (format!("✗ {written}/{most} · {over}"), styles.bad)
        }
        Some(most) => (format!("{written}/{most}"), styles.dim),
        None => (written.to_string(), styles.dim),
    };
    let warning = match &compose.lacks_lang {
        Some(wanted) => {
            let has = compose.from.as_ref().map_or("", |v| v.lang.as_str());
            let (wanted, has) = (word(wanted), word(has));
            format!(
                " · {}",
                (texts.in_other_language)(wanted.as_str(), has.as_str())
            )
        }
        None => String::new(),
    };
    let title = [
        (texts.reply, styles.title),
        // What may be wrong comes before what it is: a narrow window cuts the end.
        (warning.as_str(), styles.unsure),
        (" · ", styles.dim),
        (from.as_str(), styles.text),
    ];
    cx.rule(rule, true, &title, (&figure, style));
    if compose.phase == Phase::Typing {
        input(cx, area, &compose.input, styles.input);
        return;
    }
    let safe = sanitise(&text);
    let all = lines(safe.as_str(), usize::from(area.width.saturating_sub(1)));
    let room = usize::from(area.height);
    cx.whole = all.len() <= room;
    for (n, line) in all.iter().take(room).enumerate() {
        let mut pen = cx.line(area, n);
        pen.put(line, styles.input);
        if n + 1 == room && all.len() > room {
            pen.put("…", styles.dim);
        }
    }
    cx.target(area, Target::Action(Action::Write));
}

/// `status with tracking 1/3 · es · 2/2`: the template, the language, which of its texts.
fn source(state: &State, thread: Option<&Thread>, compose: &Compose) -> String {
    let texts = state.lang.texts();
    let Some(variant) = &compose.from else {
        return texts.written.to_owned();
    };
    let templates = thread.map_or(&[][..], |t| &t.templates[..]);
    let item = templates.iter().find(|t| t.key == variant.template);
    let name = item.map_or(variant.template.as_str(), |t| state.lang.label(&t.name));
    let number = variant.number.or(item.map(|t| t.number));
    let place = number.map_or_else(String::new, |n| {
        format!(" {}", (texts.template_of)(n, templates.len().max(n)))
    });
    let count = item
        .and_then(|t| t.variants.iter().find(|(lang, _)| *lang == variant.lang))
        .map_or(0, |(_, n)| *n);
    let which = if count > 1 {
        format!(" · {}", (texts.template_of)(variant.place + 1, count))
    } else {
        String::new()
    };
    format!("{}{place} · {}{which}", word(name), word(&variant.lang))
}

/// What the keys would do for this conversation: each a key and a name.
fn offered(state: &State, thread: &Thread) -> Vec<(Option<Action>, String, String)> {
    let texts = state.lang.texts();
    let key = |action| state.keymap.label(action).unwrap_or_default();
    if !thread.can_reply {
        return vec![(None, String::new(), state.lang.no_reply(thread).to_owned())];
    }
    if let Some(draft) = &thread.draft {
        let text = format!("{}: {}", texts.draft, draft.text.one_line(400));
        return vec![(Some(Action::Write), key(Action::Write), text)];
    }
    let named = thread.templates.iter().map(|t| {
        let action = u8::try_from(t.number).ok().map(Action::Template);
        let label = action.map_or_else(String::new, key);
        (action, label, word(state.lang.label(&t.name)).to_string())
    });
    let named: Vec<_> = named.collect();
    if named.is_empty() {
        return vec![(None, String::new(), texts.no_templates.to_owned())];
    }
    named
}

/// Which of the offers stand on which line.
fn rows_of(offered: &[(Option<Action>, String, String)], most: usize) -> Vec<Vec<usize>> {
    let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
    let mut used = 0;
    for (n, (_, key, name)) in offered.iter().enumerate() {
        let wide = width(key) + width(name) + 4;
        if used > 0 && used + wide > most + 3 {
            rows.push(Vec::new());
            used = 0;
        }
        used += wide;
        if let Some(row) = rows.last_mut() {
            row.push(n);
        }
    }
    rows
}

fn draw_offer(cx: &mut Canvas, rule: Rect, area: Rect) {
    let (state, styles, texts) = (cx.state, cx.styles, cx.texts);
    let Some(thread) = state.open_thread() else {
        cx.rule(rule, false, &[], ("", styles.dim));
        return;
    };
    let wait = match &state.staging {
        Some(_) => format!(" · {}", texts.loading),
        None => String::new(),
    };
    let title = [(texts.reply, styles.dim), (wait.as_str(), styles.outgoing)];
    cx.rule(rule, false, &title, ("", styles.dim));
    let offered = offered(state, thread);
    let rows = rows_of(&offered, usize::from(area.width));
    for (n, row) in rows.iter().enumerate().take(usize::from(area.height)) {
        let mut places = Vec::new();
        let mut pen = cx.line(area, n);
        for (action, key, name) in row.iter().filter_map(|at| offered.get(*at)) {
            let x = pen.x();
            if !key.is_empty() {
                pen.put(key, styles.key).gap(1);
            }
            pen.rest(name, styles.text);
            places.extend(action.map(|action| (x, pen.x() - x, action)));
            pen.gap(3);
        }
        let y = area.y + n as u16;
        for (x, width, action) in places {
            let place = Rect {
                x,
                y,
                width,
                height: 1,
            };
            cx.target(place, Target::Action(action));
        }
    }
}

pub fn draw_ask(cx: &mut Canvas, rule: Rect, area: Rect, ask: &Ask) {
    let (state, styles, texts) = (cx.state, cx.styles, cx.texts);
    let mut advice = String::new();
    let label = match &ask.what {
        AskFor::Slots {
            staging, gaps, at, ..
        } => {
            let gap = gaps.get(*at);
            let name = gap.map_or("", |g| {
                g.label
                    .as_ref()
                    .map_or_else(|| state.lang.slot(&g.slot), |label| state.lang.label(label))
            });
            if let Some(gap) = gap {
                advice = match &gap.advice {
                    Some(text) => text.to_string(),
                    None if gap.order => texts.order_needed.to_owned(),
                    None => String::new(),
                };
            }
            let label = (texts.ask_slot)(word(name).as_str(), at + 1, gaps.len());
            format!(
                "{label} · {}",
                template_name(state, &staging.stage.template)
            )
        }
        AskFor::Snooze { .. } => texts.ask_snooze.to_owned(),
        AskFor::Path => texts.ask_path.to_owned(),
        AskFor::Quit if state.settings.demo => (texts.quit_demo)(state.own_held().count()),
        AskFor::Quit => (texts.quit_with_held)(state.own_held().count()),
    };
    let is_question = matches!(ask.what, AskFor::Quit);
    cx.clear(Rect {
        height: rule.height + area.height,
        ..rule
    });
    if is_question {
        cx.rule(rule, true, &[], ("", styles.dim));
        let all = lines(&label, usize::from(area.width));
        for (n, line) in all.iter().enumerate().take(usize::from(area.height)) {
            cx.line(area, n).put(line, styles.high);
        }
        cx.cursor = Some(area.as_position());
        return;
    }
    cx.rule(rule, true, &[(&label, styles.title)], ("", styles.dim));
    let field = Rect {
        height: area.height.min(1),
        ..area
    };
    input(cx, field, &ask.input, styles.input);
    let (said, style) = match &ask.wrong {
        Some(wrong) => (format!("✗ {wrong}"), styles.bad),
        None => (advice, styles.dim),
    };
    if area.height > 1 {
        let shown = fit(&said, usize::from(area.width));
        cx.line(area, 1).put(&shown, style);
    }
}

fn template_name(state: &State, key: &str) -> String {
    let items = state.open_thread().map_or(&[][..], |t| &t.templates[..]);
    let found = items.iter().find(|t| t.key == key);
    word(found.map_or(key, |t| state.lang.label(&t.name))).to_string()
}
