//! A screen as a picture, for the README: every cell at its place, so that no font can shift a column.
//!
//! May use: ratatui's buffer. The one rule: the picture is drawn from the same buffer as the terminal's bytes.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::fmt::Write as _;

/// Size of a cell.
const WIDTH: f32 = 8.4;
const HEIGHT: f32 = 18.0;
const MARGIN: f32 = 10.0;
const PAPER: &str = "#1b1f24";
const INK: &str = "#d7dce2";

/// An SVG document.
pub fn svg(buffer: &Buffer) -> String {
    let area = buffer.area;
    let (width, height) = (
        f32::from(area.width) * WIDTH + 2.0 * MARGIN,
        f32::from(area.height) * HEIGHT + 2.0 * MARGIN,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         font-family=\"ui-monospace,'DejaVu Sans Mono','Noto Sans Mono CJK SC',monospace\" font-size=\"14\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{PAPER}\"/>\n"
    );
    for y in 0..area.height {
        line(buffer, y, &mut out);
    }
    out.push_str("</svg>\n");
    out
}

/// Runs of narrow cells of one style are one text; a wide cell stands alone.
fn line(buffer: &Buffer, y: u16, out: &mut String) {
    let mut x = 0;
    while x < buffer.area.width {
        let cell = &buffer[(x, y)];
        let mut text = cell.symbol().to_owned();
        let mut columns = width(cell);
        let letters = script(cell);
        if columns == 1 && letters != Script::Other {
            while x + columns < buffer.area.width {
                let next = &buffer[(x + columns, y)];
                let joins = script(next) == letters && width(next) == 1;
                if !joins || next.style() != cell.style() {
                    break;
                }
                text.push_str(next.symbol());
                columns += 1;
            }
        }
        run(cell, &text, x, y, columns, out);
        x += columns;
    }
}

/// Letters that a browser draws together: a text is shaped, and turned round, as a whole.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Arabic,
    Thai,
    Other,
}

fn script(cell: &Cell) -> Script {
    match cell.symbol().chars().next().map_or(0, u32::from) {
        0..0x80 => Script::Latin,
        0x600..=0x6FF => Script::Arabic,
        0xE00..=0xE7F => Script::Thai,
        _ => Script::Other,
    }
}

fn width(cell: &Cell) -> u16 {
    let columns = unicode_width::UnicodeWidthStr::width(cell.symbol());
    u16::try_from(columns).unwrap_or(1).max(1)
}

fn run(cell: &Cell, text: &str, x: u16, y: u16, columns: u16, out: &mut String) {
    let (left, top) = (
        f32::from(x) * WIDTH + MARGIN,
        f32::from(y) * HEIGHT + MARGIN,
    );
    let reversed = cell.modifier.contains(Modifier::REVERSED);
    let (mut ink, mut paper) = (hex(cell.fg, INK), hex(cell.bg, PAPER));
    if reversed {
        std::mem::swap(&mut ink, &mut paper);
    }
    let span = f32::from(columns) * WIDTH;
    if paper != PAPER {
        let _ = writeln!(
            out,
            "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{span:.1}\" height=\"{HEIGHT}\" fill=\"{paper}\"/>"
        );
    }
    if text.trim().is_empty() {
        return;
    }
    let mut style = String::new();
    if cell.modifier.contains(Modifier::BOLD) {
        style.push_str(" font-weight=\"bold\"");
    }
    if cell.modifier.contains(Modifier::DIM) {
        style.push_str(" opacity=\"0.6\"");
    }
    if cell.modifier.contains(Modifier::UNDERLINED) {
        style.push_str(" text-decoration=\"underline\"");
    }
    // Blanks at the end would stretch the run.
    let shown = text.trim_end();
    let long = span - text[shown.len()..].chars().count() as f32 * WIDTH;
    let fit = if columns > 1 && script(cell) != Script::Other {
        format!(" textLength=\"{long:.1}\" lengthAdjust=\"spacingAndGlyphs\"")
    } else {
        String::new()
    };
    let escaped = shown
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let _ = writeln!(
        out,
        "<text x=\"{left:.1}\" y=\"{:.1}\" fill=\"{ink}\"{style}{fit} xml:space=\"preserve\">{escaped}</text>",
        top + HEIGHT * 0.74
    );
}

/// A terminal's usual sixteen.
fn hex(color: Color, default: &'static str) -> &'static str {
    match color {
        Color::Black => "#1b1f24",
        Color::Red => "#e05561",
        Color::Green => "#8cc265",
        Color::Yellow => "#d18f52",
        Color::Blue => "#4aa5f0",
        Color::Magenta => "#c162de",
        Color::Cyan => "#42b3c2",
        Color::Gray => "#abb2bf",
        Color::DarkGray => "#7f8896",
        Color::LightRed => "#ff616e",
        Color::LightGreen => "#a5e075",
        Color::LightYellow => "#f0a45d",
        Color::LightBlue => "#6cb8ff",
        Color::LightMagenta => "#de73ff",
        Color::LightCyan => "#4cd1e0",
        Color::White => "#ffffff",
        _ => default,
    }
}
