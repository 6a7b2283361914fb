//! The first screen of a desk without channels: a language, three things to do, and how far the model is.
//!
//! The one rule: everything on it is one key away.

use super::health::model;
use super::overlay::cursor_on;
use super::paint::Canvas;
use super::wrap::{lines, width};
use crate::tui::action::Action;
use crate::tui::i18n::Lang;
use crate::tui::msg::Target;
use ratatui::layout::Rect;

pub fn draw(cx: &mut Canvas, body: Rect) {
    let (styles, texts) = (cx.styles, cx.texts);
    let wide = body.width.saturating_sub(4).min(72);
    // In a low window there is no room for air.
    let air = u16::from(body.height >= 17);
    let high = 9 + 5 * air + 3;
    let mut area = Rect {
        x: body.x + (body.width - wide) / 2,
        y: body.y + body.height.saturating_sub(high) / 3,
        width: wide,
        height: body.height.min(high),
    };
    let down = |area: &mut Rect, lines: u16| {
        let lines = lines.min(area.height);
        area.y += lines;
        area.height -= lines;
    };
    cx.line(area, 0).rest(texts.welcome, styles.title);
    down(&mut area, 1);
    let what = lines(texts.welcome_what, usize::from(wide));
    for (n, line) in what.iter().take(2).enumerate() {
        cx.line(area, n).put(line, styles.text);
    }
    down(&mut area, what.len().min(2) as u16 + air);
    language(cx, area);
    down(&mut area, 1 + air);
    cx.line(area, 0).rest(texts.welcome_next, styles.text);
    down(&mut area, 1 + air);
    for action in [Action::Demo, Action::Connect, Action::Import] {
        key(cx, area, action);
        if action == Action::Demo {
            cursor_on(cx, area);
        }
        down(&mut area, 1);
    }
    down(&mut area, air);
    model(cx, area);
}

fn language(cx: &mut Canvas, area: Rect) {
    let (state, styles, texts) = (cx.state, cx.styles, cx.texts);
    let mut places = Vec::new();
    let mut pen = cx.line(area, 0);
    pen.put(texts.choose_language, styles.dim).gap(3);
    for (action, lang) in [
        (Action::ChooseEnglish, Lang::En),
        (Action::ChooseChinese, Lang::Zh),
    ] {
        let x = pen.x();
        let key = state.keymap.label(action).unwrap_or_default();
        let chosen = lang == state.lang;
        let style = if chosen { styles.title } else { styles.text };
        pen.put(&key, styles.key)
            .gap(1)
            .put(&lang.action(action), style)
            .put(if chosen { " ✓" } else { "" }, styles.good);
        places.push((x, pen.x() - x, action));
        pen.gap(3);
    }
    for (x, width, action) in places {
        let place = Rect {
            x,
            width,
            height: area.height.min(1),
            ..area
        };
        cx.target(place, Target::Action(action));
    }
}

fn key(cx: &mut Canvas, area: Rect, action: Action) {
    let (state, styles) = (cx.state, cx.styles);
    let Some(key) = state.keymap.label(action) else {
        return;
    };
    let columns = (width(&key) as u16).max(1);
    cx.line(area, 0)
        .gap(3)
        .cell(&key, columns, styles.key)
        .gap(2)
        .rest(&state.lang.action(action), styles.text);
    let place = Rect {
        height: area.height.min(1),
        ..area
    };
    cx.target(place, Target::Action(action));
}
