//! A backend that trusts no terminal's idea of a character's width.
//!
//! Terminals disagree about emoji with a variation selector, joined emoji, flags, stacked marks and characters of ambiguous width.
//! Where a cell holds such a cluster, the cursor is placed anew for what follows, and the second column of a wide one is blanked
//! *before* it is drawn (ratatui's own order, cluster first and blank after, shifts the line on terminals that take two columns). The
//! one rule: after any byte that terminals may count differently, the next cell says where it stands.

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Wraps the backend that writes.
#[derive(Debug)]
pub struct Careful<B>(pub B);

/// Whether all terminals that matter agree on how many columns this takes.
fn is_certain(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    let (Some(first), None) = (chars.next(), chars.next()) else {
        let all = symbol
            .chars()
            .map(|c| c.width().unwrap_or(0))
            .sum::<usize>();
        return all == symbol.width() && !symbol.contains(['\u{FE0F}', '\u{200D}']);
    };
    // Lines and blocks are ambiguous by the book and one column wide on every terminal that draws boxes at all.
    first.is_ascii()
        || ('\u{2500}'..='\u{259F}').contains(&first)
        || (first.width() == first.width_cjk() && !is_emoji(first))
}

/// The blocks whose characters some fonts draw as pictures of two columns.
fn is_emoji(c: char) -> bool {
    matches!(u32::from(c), 0x2300..=0x23FF | 0x2600..=0x27BF | 0x2B00..=0x2BFF | 0x1F000..=0x1FAFF)
}

impl<B: Backend> Backend for Careful<B> {
    type Error = B::Error;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Self::Error>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut run: Vec<(u16, u16, &Cell)> = Vec::new();
        let mut cells = content.peekable();
        while let Some((x, y, cell)) = cells.next() {
            if is_certain(cell.symbol()) {
                run.push((x, y, cell));
                continue;
            }
            // Every call of the inner backend begins with the place of its first cell.
            self.0.draw(run.drain(..))?;
            if cell.symbol().width() > 1 {
                // What the buffer has in the second column is covered.
                let _ = cells.next_if(|(tx, ty, _)| (*tx, *ty) == (x + 1, y));
                let mut second = cell.clone();
                second.set_symbol(" ");
                self.0.draw(std::iter::once((x + 1, y, &second)))?;
            }
            self.0.draw(std::iter::once((x, y, cell)))?;
        }
        self.0.draw(run.drain(..))
    }

    fn append_lines(&mut self, n: u16) -> Result<(), Self::Error> {
        self.0.append_lines(n)
    }

    fn hide_cursor(&mut self) -> Result<(), Self::Error> {
        self.0.hide_cursor()
    }

    fn show_cursor(&mut self) -> Result<(), Self::Error> {
        self.0.show_cursor()
    }

    fn get_cursor_position(&mut self) -> Result<Position, Self::Error> {
        self.0.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Self::Error> {
        self.0.set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), Self::Error> {
        self.0.clear()
    }

    fn clear_region(&mut self, clear_type: ClearType) -> Result<(), Self::Error> {
        self.0.clear_region(clear_type)
    }

    fn size(&self) -> Result<Size, Self::Error> {
        self.0.size()
    }

    fn window_size(&mut self) -> Result<WindowSize, Self::Error> {
        self.0.window_size()
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        self.0.flush()
    }
}
