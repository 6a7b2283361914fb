//! The rows of a queue: what burns and how long is left first, what the buyer wrote last.
//!
//! Columns of our own have a fixed width; strangers' words stand in the last one, so that no emoji moves a column. The one rule:
//! only the rows that are seen are formatted.

use super::paint::{Canvas, Pen};
use super::time;
use crate::domain::{ChannelKind, OutboxState, Outcome, Queue, Risk, Status};
use crate::tui::i18n::Lang;
use crate::tui::msg::Target;
use crate::tui::state::{Focus, RowItem, State};
use crate::tui::theme::Styles;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

pub fn draw(cx: &mut Canvas, rule: Rect, area: Rect) {
    let (state, styles, texts) = (cx.state, cx.styles, cx.texts);
    if rule.is_empty() {
        return;
    }
    title(cx, rule, usize::from(area.height));
    if state.list.rows.is_empty() {
        let text = match state.list.queue {
            _ if state.list.loading => texts.loading,
            Queue::Open => texts.empty_inbox,
            Queue::Outbox => texts.empty_outbox,
            Queue::Done | Queue::Answered | Queue::Snoozed => texts.empty_shelf,
            _ => texts.empty_queue,
        };
        cx.centred(area, text, styles.dim);
        return;
    }
    let room = usize::from(area.height);
    let offset = first_shown(state, room);
    for (n, row) in state.list.rows.iter().skip(offset).take(room).enumerate() {
        let place = Rect {
            y: area.y + n as u16,
            height: 1,
            ..area
        };
        let mut pen = cx.line(place, 0);
        one(&mut pen, state, styles, row);
        if Some(&row.id) == state.list.selected.as_ref() {
            cx.select(place);
            cx.cursor = Some(Position::new(place.x, place.y));
        }
        cx.target(place, Target::Row(row.id.clone()));
    }
}

/// The state's own first row, unless the selected one would not be seen.
fn first_shown(state: &State, room: usize) -> usize {
    let list = &state.list;
    let most = list.rows.len().saturating_sub(room.max(1));
    let offset = list.offset.min(most);
    match list.position() {
        Some(at) if at < offset => at,
        Some(at) if at >= offset + room.max(1) => at + 1 - room.max(1),
        _ => offset,
    }
}

fn title(cx: &mut Canvas, rule: Rect, room: usize) {
    let (state, styles, texts) = (cx.state, cx.styles, cx.texts);
    let queue = state.list.queue;
    let parent = match queue {
        Queue::Intent(intent) => format!("{} · ", state.lang.parent(intent.parent())),
        _ => String::new(),
    };
    let counted = state.queues.iter().find(|q| q.queue == queue);
    let loaded = state.list.rows.len() as u64;
    let count = counted.map_or(loaded, |item| item.count);
    let order = match queue {
        Queue::Outbox | Queue::Done | Queue::Answered | Queue::Snoozed => String::new(),
        _ => format!(" · {}", texts.least_time_first),
    };
    let place = match state.list.position() {
        Some(at) if rule.width > 50 => {
            let more = if state.list.more { "+" } else { "" };
            (texts.shown_of)(at + 1, state.list.rows.len()) + more
        }
        _ => String::new(),
    };
    let focus = state.focus == Focus::List && state.compose.is_none() && state.ask.is_none();
    let text = [
        (parent.as_str(), styles.dim),
        (state.lang.queue(queue), styles.title),
        (&format!(" · {count}"), styles.text),
        (&order, styles.dim),
    ];
    let above = critical_above(state, room);
    if above > 0 {
        let said = (texts.above)(above);
        cx.rule(rule, focus, &text, (&said, styles.critical));
    } else {
        cx.rule(rule, focus, &text, (&place, styles.dim));
    }
}

/// What burns and is not seen, because the person's row is further down.
fn critical_above(state: &State, room: usize) -> usize {
    let hidden = state.list.rows.iter().take(first_shown(state, room));
    hidden.filter(|row| row.risk == Risk::Critical).count()
}

/// Two letters.
pub fn channel(kind: ChannelKind) -> &'static str {
    match kind {
        ChannelKind::TiktokShop => "TT",
        ChannelKind::Instagram => "IG",
        ChannelKind::Messenger => "FB",
        ChannelKind::Youtube => "YT",
        ChannelKind::Email => "EM",
        ChannelKind::Lazada => "LZ",
        ChannelKind::Shopee => "SP",
        ChannelKind::Telegram => "TG",
        ChannelKind::File => "FI",
    }
}

pub fn risk_mark(styles: &Styles, risk: Risk) -> (&'static str, Style) {
    match risk {
        Risk::Critical => ("!!", styles.critical),
        Risk::High => ("!", styles.high),
        Risk::Normal => ("", styles.text),
    }
}

/// What became of a reply: on its way, nobody knows, refused, there.
pub fn outbox_mark(styles: &Styles, state: OutboxState) -> (&'static str, Style) {
    match state {
        OutboxState::Held | OutboxState::Claimed | OutboxState::FailedRetryable => {
            ("↑", styles.outgoing)
        }
        OutboxState::Unknown => ("~", styles.bad),
        OutboxState::FailedFinal => ("✗", styles.bad),
        OutboxState::Sent | OutboxState::Delivered | OutboxState::Read => ("✓", styles.good),
        OutboxState::Cancelled => ("", styles.dim),
    }
}

/// The time that is left (`-` when none is), or for what is not due the time since (`·`).
pub fn clock(state: &State, styles: &Styles, row: &RowItem) -> (String, Style) {
    let texts = state.lang.texts();
    if let Status::Snoozed { until } = row.status {
        let left = until.duration_since(state.now).as_secs().max(0);
        return (time::span(texts, left), styles.dim);
    }
    match row.due_at.filter(|_| row.waits) {
        Some(due) => {
            let left = due.duration_since(state.now).as_secs();
            let style = match left {
                ..=0 => styles.overdue,
                1..300 => styles.soon,
                _ => styles.text,
            };
            let sign = if left < 0 { texts.overdue } else { "" };
            (format!("{sign}{}", time::span(texts, left)), style)
        }
        None => (format!("·{}", time::age(state, row.since)), styles.dim),
    }
}

/// The intent in a word, and how sure: `94%`, `61%?`.
pub fn intent(
    lang: Lang,
    styles: &Styles,
    outcome: Option<Outcome>,
    guess: Option<crate::domain::Intent>,
    confidence: Option<f64>,
) -> (&'static str, String, Style) {
    let texts = lang.texts();
    let (name, style) = match (outcome, guess) {
        (None, _) => return (texts.no_intent, String::new(), styles.dim),
        (Some(Outcome::NonText), _) => return (texts.non_text, String::new(), styles.dim),
        (Some(Outcome::UnsupportedLanguage), _) => {
            return (texts.unsupported, "?".to_owned(), styles.unsure);
        }
        (Some(_), None) => return (texts.unknown, "?".to_owned(), styles.unsure),
        (Some(Outcome::Unknown), Some(guess)) => (lang.intent(guess), styles.unsure),
        (Some(Outcome::Mixed), Some(guess)) => (lang.intent(guess), styles.unsure),
        (Some(Outcome::Intent), Some(guess)) => (lang.intent(guess), styles.sure),
    };
    let percent = confidence.map_or_else(String::new, |c| {
        format!("{:>2}%", (c.clamp(0.0, 1.0) * 100.0).floor() as u32)
    });
    let sign = match outcome {
        Some(Outcome::Unknown) => "?",
        Some(Outcome::Mixed) => "+",
        _ => "",
    };
    (name, percent + sign, style)
}

fn one(pen: &mut Pen, state: &State, styles: &Styles, row: &RowItem) {
    let lang = state.lang;
    let total = pen.room();
    let quiet = |style: Style| if row.waits { style } else { styles.dim };
    let (risk, risk_style) = risk_mark(styles, row.risk);
    let (sent, sent_style) = row
        .outbox
        .map_or(("", styles.dim), |state| outbox_mark(styles, state));
    let (clock, clock_style) = clock(state, styles, row);
    let (name, sure, intent_style) = intent(lang, styles, row.outcome, row.intent, row.confidence);
    // A Chinese unit is two columns wide.
    let clock_wide = time::WIDE + u16::from(lang == Lang::Zh);
    pen.right_cell(risk, 2, quiet(risk_style))
        .cell(sent, 1, sent_style)
        .right_cell(&clock, clock_wide, clock_style)
        .gap(1);
    let known = matches!(state.list.queue, Queue::Intent(_));
    let name_wide = match (lang, total) {
        (Lang::En, 96..) => 22,
        (Lang::En, 60..) => 15,
        (Lang::Zh, 96..) => 18,
        _ => 12,
    };
    if !known || matches!(row.outcome, Some(Outcome::Mixed)) || total < 60 {
        pen.cell(name, name_wide, quiet(intent_style)).gap(1);
    }
    if total >= 60 {
        pen.cell(&sure, 4, quiet(intent_style))
            .gap(1)
            .cell(&short_lang(row.lang.as_deref()), 2, styles.dim)
            .gap(1)
            .cell(channel(row.channel), 2, styles.dim)
            .gap(1);
        let buyer = if total >= 96 { 14 } else { 10 };
        pen.cell(row.buyer.as_str(), buyer, quiet(styles.buyer))
            .gap(1);
    }
    if let Some(state) = row.outbox.filter(|s| needs_a_word(state, *s)) {
        pen.put(lang.outbox_state(state), sent_style);
        if let Some(error) = &row.error {
            let shown = error.one_line(usize::from(pen.room() / 2));
            pen.put(" · ", styles.dim).put(shown.as_str(), sent_style);
        }
        pen.put(" · ", styles.dim);
    }
    pen.rest(row.preview.as_str(), quiet(styles.text));
}

/// In the outbox a reply's state is what the row is about; elsewhere only what a person must look at.
fn needs_a_word(state: &State, outbox: OutboxState) -> bool {
    let bad = matches!(outbox, OutboxState::Unknown | OutboxState::FailedFinal);
    bad || (state.list.queue == Queue::Outbox && !outbox.is_settled())
}

/// Two letters of the language's code; none where it is not known.
fn short_lang(lang: Option<&str>) -> String {
    let known = lang.filter(|lang| *lang != "und").unwrap_or("");
    known
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .take(2)
        .collect()
}
