//! The line at the top: the product, the shop, and what is wrong with channels or the model.
//!
//! What needs a person comes first; what is well is shown where there is room. The one rule: trouble is said in words.

use super::paint::Canvas;
use super::time;
use super::wrap::width;
use crate::tui::action::Action;
use crate::tui::state::{ChannelState, ModelState, State};
use crate::tui::theme::Styles;
use ratatui::layout::Rect;
use ratatui::style::Style;

pub fn draw(cx: &mut Canvas, area: Rect) {
    let (state, styles, texts) = (cx.state, cx.styles, cx.texts);
    let shop = match state.channels.as_slice() {
        [] => String::new(),
        [only] => only.name.one_line(24).to_string(),
        several => (texts.shops)(several.len()),
    };
    let name = if state.settings.demo {
        texts.demo.to_owned()
    } else {
        shop
    };
    let mut pen = cx.line(area, 0);
    pen.put(" Sextant", styles.title)
        .gap(2)
        .put(&name, styles.text)
        .gap(2);
    let mut room = usize::from(pen.room());
    let mut shown = Vec::new();
    for (text, style) in facts(state, styles) {
        let wide = width(&text) + 2;
        if wide <= room {
            room -= wide;
            shown.push((text, style));
        }
    }
    pen.gap(room as u16);
    for (text, style) in &shown {
        pen.put(text, *style).gap(2);
    }
}

/// The most urgent first.
fn facts(state: &State, styles: &Styles) -> Vec<(String, Style)> {
    let texts = state.lang.texts();
    let key = state.keymap.label(Action::Health);
    let go = key.map_or_else(String::new, |key| format!(" ({key})"));
    let mut facts: Vec<(u8, String, Style)> = Vec::new();
    for channel in &state.channels {
        let kind = state.lang.channel(channel.kind);
        let fact = match &channel.state {
            ChannelState::Unauthorized(_) => (
                0,
                format!("✗ {kind} {}{go}", texts.short_unauthorized),
                styles.bad,
            ),
            ChannelState::NotPermitted(_) => (
                0,
                format!("✗ {kind} {}{go}", texts.short_not_permitted),
                styles.bad,
            ),
            ChannelState::Trouble(_) => {
                (1, format!("! {kind} {}", texts.short_trouble), styles.high)
            }
            ChannelState::Ok { at } => {
                let age = time::age(state, *at);
                (3, format!("● {kind} {age}"), styles.good)
            }
            ChannelState::Waiting | ChannelState::Elsewhere => (4, format!("○ {kind}"), styles.dim),
            ChannelState::File => continue,
        };
        facts.push(fact);
    }
    let model = texts.model;
    facts.extend(match &state.model {
        ModelState::Ready(_) => None,
        ModelState::Loading { done, total, .. } => {
            let part = total
                .filter(|t| *t > 0)
                .map(|t| done.saturating_mul(100) / t);
            let part = part.map_or_else(String::new, |p| format!(" {}%", p.min(100)));
            Some((
                2,
                format!("… {model} {}{part}", texts.short_loading),
                styles.unsure,
            ))
        }
        ModelState::Learning(done, total) => {
            let learning = (texts.short_learning)(*done, *total);
            Some((2, format!("… {model} {learning}"), styles.unsure))
        }
        ModelState::Failed(_) => Some((
            0,
            format!("✗ {model} {}{go}", texts.short_failed),
            styles.bad,
        )),
        ModelState::Stopped => Some((
            1,
            format!("! {model} {}{go}", texts.short_stopped),
            styles.high,
        )),
    });
    facts.sort_by_key(|fact| fact.0);
    facts.into_iter().map(|(_, t, s)| (t, s)).collect()
}
