//! Why a message has its intent: the best guesses, and the labelled examples that are nearest to it.
//!
//! The one rule: numbers stand beside their bars.

use super::list::intent;
use super::overlay::{Styled, pad};
use super::paint::{bar, word};
use super::wrap::lines;
use crate::tui::state::{Reasons, State};
use crate::tui::theme::Styles;

pub fn content(
    state: &State,
    styles: &Styles,
    reasons: Option<&Reasons>,
    wide: u16,
) -> Vec<Styled> {
    let texts = state.lang.texts();
    let wide = usize::from(wide);
    let Some(found) = reasons else {
        return vec![vec![(texts.loading.to_owned(), styles.dim)]];
    };
    let mut all: Vec<Styled> = lines(found.message.as_str(), wide)
        .into_iter()
        .take(3)
        .map(|line| vec![(line.to_owned(), styles.buyer)])
        .collect();
    let best = found.reasons.first();
    let (name, sure, style) = intent(
        state.lang,
        styles,
        Some(found.outcome),
        best.map(|r| r.intent),
        best.map(|r| r.score),
    );
    all.push(vec![
        (name.to_owned(), style),
        (format!(" {sure} · {}", word(&found.lang)), styles.dim),
    ]);
    if found.reasons.is_empty() {
        all.push(vec![(texts.no_reason.to_owned(), styles.dim)]);
    }
    let name_wide = (wide / 3).clamp(10, 24);
    let bar_wide = wide.saturating_sub(name_wide + 12).min(30);
    for (n, reason) in found.reasons.iter().enumerate() {
        all.push(Styled::new());
        let percent = (reason.score.clamp(0.0, 1.0) * 100.0).round();
        let style = if n == 0 { styles.title } else { styles.text };
        all.push(vec![
            (format!("{} ", n + 1), styles.dim),
            (pad(state.lang.intent(reason.intent), name_wide), style),
            (format!(" {} ", bar(reason.score, bar_wide)), styles.sure),
            (format!("{percent:>3}%"), style),
        ]);
        for (text, lang, alike, by_you) in &reason.near {
            let who = if *by_you {
                texts.labelled_by_you
            } else {
                texts.built_in
            };
            let facts = format!(
                "  ≈ {alike:.2} {} {} ",
                pad(word(lang).as_str(), 2),
                pad(who, 8)
            );
            let style = if *by_you { styles.good } else { styles.dim };
            all.push(vec![
                (facts, style),
                (text.one_line(wide).to_string(), styles.text),
            ]);
        }
    }
    all
}
