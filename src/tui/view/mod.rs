//! A stand-in until the views are here.

use super::msg::Target;
use super::state::{Page, State};
use super::theme::Styles;
use ratatui::Frame;
use ratatui::layout::Rect;

/// What was drawn where, and how much of it fitted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Areas {
    pub targets: Vec<(Rect, Target)>,
    pub page: Page,
}

impl Areas {
    pub fn at(&self, column: u16, row: u16) -> Option<&Target> {
        let found = self
            .targets
            .iter()
            .rev()
            .find(|(place, _)| place.contains((column, row).into()));
        found.map(|(_, target)| target)
    }
}

pub fn view(state: &State, _styles: &Styles, frame: &mut Frame) -> Areas {
    let rows = state
        .list
        .rows
        .iter()
        .map(|row| format!("{} {}", row.buyer, row.preview));
    let text = rows.collect::<Vec<_>>().join("\n");
    frame.render_widget(ratatui::text::Text::raw(text), frame.area());
    Areas {
        page: state.page,
        ..Areas::default()
    }
}
