//! The pen that all views write with: one line at a time, clipped, in columns.
//!
//! No line has a border at its right, because terminals disagree about the width of some emoji and a border would tell on them; and
//! what strangers wrote stands last on its line. The one rule: nothing is written outside the area that was given.

use super::wrap::{fit, width};
use crate::text::SafeText;
use crate::tui::i18n::Texts;
use crate::tui::msg::Target;
use crate::tui::state::State;
use crate::tui::theme::Styles;
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier, Style};

/// What every view needs: where from, how, and where to.
pub struct Canvas<'a> {
    pub state: &'a State,
    pub styles: &'a Styles,
    pub texts: &'static Texts,
    pub buf: &'a mut Buffer,
    pub targets: Vec<(Rect, Target)>,
    pub cursor: Option<Position>,
    /// By how many lines what lies on top is scrolled: as many as there are, at most.
    pub scrolled: usize,
    /// The staged reply stands there to its last word.
    pub whole: bool,
}

impl Canvas<'_> {
    /// One surface in the selection's style, whatever colours its texts have: their marks and words say the same.
    pub fn select(&mut self, area: Rect) {
        let area = area.intersection(self.buf.area);
        for place in area.positions() {
            let cell = &mut self.buf[place];
            cell.fg = Color::Reset;
            cell.bg = Color::Reset;
            cell.modifier.remove(Modifier::DIM);
        }
        self.buf.set_style(area, self.styles.selection);
    }

    /// A pen on the n-th line of an area.
    pub fn line(&mut self, area: Rect, n: usize) -> Pen<'_> {
        let area = area.intersection(self.buf.area);
        let y = area.y.saturating_add(u16::try_from(n).unwrap_or(u16::MAX));
        let right = if y < area.bottom() {
            area.right()
        } else {
            area.x
        };
        Pen {
            buf: self.buf,
            x: area.x,
            y,
            right,
        }
    }

    pub fn target(&mut self, area: Rect, target: Target) {
        if !area.is_empty() {
            self.targets.push((area, target));
        }
    }

    /// A line that begins a part of the screen: a title at its left, a figure at its right. `▸` marks where keys go.
    pub fn rule(&mut self, area: Rect, focus: bool, title: &[(&str, Style)], right: (&str, Style)) {
        let line = if focus {
            self.styles.border_focus
        } else {
            self.styles.border
        };
        let mut pen = self.line(area, 0);
        if pen.room() == 0 {
            return;
        }
        pen.fill("─", line);
        if title.iter().all(|(text, _)| text.is_empty()) {
            return;
        }
        let mut pen = self.line(area, 0);
        pen.put(if focus { "▸ " } else { "─ " }, line);
        let reserved = if right.0.is_empty() {
            1
        } else {
            width(right.0) as u16 + 4
        };
        let fits = pen.room() > reserved.saturating_add(8);
        if fits {
            pen.right -= reserved;
        } else {
            pen.right = pen.right.saturating_sub(1).max(pen.x);
        }
        for (text, style) in title {
            pen.rest(text, *style);
        }
        pen.put(" ", line);
        if fits && !right.0.is_empty() {
            let x = area.right().saturating_sub(reserved - 1);
            let mut pen = self.line(
                Rect {
                    x,
                    width: area.right() - x,
                    ..area
                },
                0,
            );
            pen.put(" ", line).put(right.0, right.1).put(" ", line);
        }
    }

    /// Lines of text in the middle of an area, for what is empty.
    pub fn centred(&mut self, area: Rect, text: &str, style: Style) {
        let most = usize::from(area.width.saturating_sub(4)).min(60);
        let lines = super::wrap::lines(text, most);
        let top = usize::from(area.height).saturating_sub(lines.len()) / 2;
        for (n, line) in lines.iter().enumerate() {
            let left = usize::from(area.width).saturating_sub(width(line)) / 2;
            self.line(area, top + n).gap(left as u16).rest(line, style);
        }
    }

    /// Empties a place for what lies over the rest. A wide character that reaches into it loses its other half too.
    pub fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buf.area);
        for y in area.top()..area.bottom() {
            if area.x > self.buf.area.x
                && let Some(cell) = self.buf.cell_mut((area.x - 1, y))
                && cell.symbol().cell_width() > 1
            {
                cell.set_symbol(" ");
            }
            for x in area.left()..area.right() {
                if let Some(cell) = self.buf.cell_mut((x, y)) {
                    cell.reset();
                    cell.set_style(self.styles.text);
                }
            }
        }
    }
}

/// Writes one line from left to right.
pub struct Pen<'b> {
    buf: &'b mut Buffer,
    x: u16,
    y: u16,
    right: u16,
}

impl Pen<'_> {
    /// Columns that are left.
    pub fn room(&self) -> u16 {
        self.right.saturating_sub(self.x)
    }

    pub fn x(&self) -> u16 {
        self.x
    }

    /// As much of it as there is room for.
    pub fn put(&mut self, text: &str, style: Style) -> &mut Self {
        let room = usize::from(self.room());
        if room > 0 {
            self.x = self.buf.set_stringn(self.x, self.y, text, room, style).0;
        }
        self
    }

    pub fn gap(&mut self, columns: u16) -> &mut Self {
        self.x = self.x.saturating_add(columns).min(self.right);
        self
    }

    /// The text in exactly so many columns, cut with `…`.
    pub fn cell(&mut self, text: &str, columns: u16, style: Style) -> &mut Self {
        let columns = columns.min(self.room());
        let start = self.x;
        self.put(&fit(text, usize::from(columns)), style);
        self.x = start + columns;
        self
    }

    /// The same, at the right of its columns.
    pub fn right_cell(&mut self, text: &str, columns: u16, style: Style) -> &mut Self {
        let columns = columns.min(self.room());
        let start = self.x;
        let shown = fit(text, usize::from(columns));
        let pad = usize::from(columns).saturating_sub(width(&shown));
        self.gap(pad as u16).put(&shown, style);
        self.x = start + columns;
        self
    }

    /// The text in the columns that are left, cut with `…`.
    pub fn rest(&mut self, text: &str, style: Style) -> &mut Self {
        let shown = fit(text, usize::from(self.room()));
        self.put(&shown, style)
    }

    pub fn fill(&mut self, symbol: &str, style: Style) -> &mut Self {
        while self.room() > 0 {
            let before = self.x;
            self.put(symbol, style);
            if self.x == before {
                break;
            }
        }
        self
    }
}

/// A short word from a file or a platform (a language's code, a template's key), fit for the screen.
pub fn word(text: &str) -> SafeText {
    crate::text::sanitise(text).one_line(40)
}

/// A bar of `columns` that is filled to `part` of it.
pub fn bar(part: f64, columns: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (part.clamp(0.0, 1.0) * columns as f64 * 8.0).round() as usize;
    let mut text = "█".repeat(eighths / 8);
    text.push_str(EIGHTHS[eighths % 8]);
    let used = eighths.div_ceil(8);
    text.push_str(&"░".repeat(columns.saturating_sub(used)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_always_as_wide_as_asked() {
        for part in [-1.0, 0.0, 0.01, 0.5, 0.97, 1.0, 7.0, f64::NAN] {
            assert_eq!(width(&bar(part, 20)), 20, "{part}");
        }
        assert_eq!(bar(0.5, 4), "██░░");
    }
}
