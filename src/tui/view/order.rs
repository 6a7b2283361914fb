//! The order that a conversation is about: a line under its title, or a pane beside it.
//!
//! The one rule: a fact from a platform never stands without its age.

use super::overlay::Styled;
use super::paint::Canvas;
use super::time;
use super::wrap::{lines, width};
use crate::tui::state::{OrderItem, State};
use crate::tui::theme::Styles;
use ratatui::layout::Rect;
use ratatui::style::Style;

fn carrier(order: &OrderItem) -> Option<String> {
    match (&order.carrier, &order.tracking) {
        (Some(carrier), Some(tracking)) => Some(format!("{carrier} {tracking}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_string()),
        (None, None) => None,
    }
}

/// The carrier's newest words with their age: what a buyer asks about.
fn event(state: &State, order: &OrderItem) -> Option<String> {
    let event = order.last_event.as_ref()?;
    let age = order.last_event_at.map(|at| time::age(state, at));
    let age = age.map_or_else(String::new, |age| {
        format!(" ({})", (state.lang.texts().asked)(&age))
    });
    Some(format!("{event}{age}"))
}

fn asked(state: &State, order: &OrderItem) -> String {
    (state.lang.texts().order_age)(&time::age(state, order.fetched_at))
}

pub fn line(cx: &mut Canvas, area: Rect) {
    let (state, styles, texts) = (cx.state, cx.styles, cx.texts);
    let Some(thread) = state.open_thread() else {
        return;
    };
    let Some(order) = thread.order() else {
        let text = match thread.orders.len() {
            0 => texts.no_orders.to_owned(),
            n => (texts.choose_order)(n),
        };
        cx.line(area, 0).rest(&text, styles.dim);
        return;
    };
    let asked = asked(state, order);
    let age = width(&asked) as u16;
    let shown = if area.width > age + 30 { age + 2 } else { 0 };
    let mut pen = cx.line(
        Rect {
            width: area.width - shown,
            ..area
        },
        0,
    );
    pen.put(state.lang.order_status(order.status), styles.title);
    let facts = [
        order.item.as_ref().map(ToString::to_string),
        event(state, order),
        carrier(order),
    ];
    for fact in facts.into_iter().flatten() {
        if pen.room() < 8 {
            break;
        }
        pen.put(" · ", styles.dim).rest(&fact, styles.text);
    }
    if shown > 0 {
        let x = area.right() - age;
        let place = Rect {
            x,
            width: age,
            ..area
        };
        cx.line(place, 0).put(&asked, styles.dim);
    }
}

/// What is known of one order, and how old it is.
fn facts(state: &State, styles: &Styles, order: &OrderItem) -> Vec<(String, Style)> {
    let mut said = vec![(format!("#{}", order.id), styles.title)];
    said.extend(order.item.iter().map(|t| (t.to_string(), styles.text)));
    let status = state.lang.order_status(order.status);
    let total = order
        .total
        .as_ref()
        .map_or_else(String::new, |t| format!(" · {t}"));
    said.push((format!("{status}{total}"), styles.text));
    said.extend(carrier(order).map(|t| (t, styles.text)));
    said.extend(event(state, order).map(|t| (t, styles.text)));
    said.push((asked(state, order), styles.dim));
    said
}

fn wrapped(said: &[(String, Style)], wide: u16) -> Vec<Styled> {
    let most = usize::from(wide);
    said.iter()
        .flat_map(|(text, style)| {
            let cut = lines(text, most).into_iter();
            cut.map(|line| vec![(line.to_owned(), *style)])
        })
        .collect()
}

/// All orders, for the overlay; the one that is meant has a mark.
pub fn content(state: &State, styles: &Styles, wide: u16) -> Vec<Styled> {
    let orders = state.open_thread().map_or(&[][..], |t| t.orders.as_slice());
    if orders.is_empty() {
        let none = state.lang.texts().no_orders.to_owned();
        return vec![vec![(none, styles.dim)]];
    }
    let mut all = Vec::new();
    for order in orders {
        let mut said = facts(state, styles, order);
        if order.chosen {
            said[0].0 = format!("▸ {}", said[0].0);
        }
        all.extend(wrapped(&said, wide));
        all.push(Styled::new());
    }
    all.pop();
    all
}

pub fn pane(cx: &mut Canvas, area: Rect, divider: Rect) {
    let (state, styles, texts) = (cx.state, cx.styles, cx.texts);
    for n in 0..usize::from(divider.height) {
        cx.line(divider, n).put("│", styles.border);
    }
    let Some(thread) = state.open_thread() else {
        return;
    };
    let mut said = thread
        .order()
        .map_or_else(Vec::new, |order| facts(state, styles, order));
    match (thread.orders.len(), thread.order()) {
        (0, _) => said.push((texts.no_orders.to_owned(), styles.dim)),
        (n, None) => said.push(((texts.choose_order)(n), styles.unsure)),
        (n, Some(_)) if n > 1 => {
            said.push((format!("{}: {n} (o)", texts.orders), styles.dim));
        }
        _ => {}
    }
    let all = wrapped(&said, area.width);
    for (n, line) in all.iter().take(usize::from(area.height)).enumerate() {
        let mut pen = cx.line(area, n);
        for (text, style) in line {
            pen.rest(text, *style);
        }
    }
}
