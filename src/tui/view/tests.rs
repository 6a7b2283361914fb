//! Pictures of every screen, and what must hold at any size.

use super::fixture::{compose, conversation, held, now, state};
use super::scenes::{pick, scenes};
use super::{Areas, hints, view};
use crate::tui::action::Action;
use crate::tui::i18n::Lang;
use crate::tui::msg::Target;
use crate::tui::state::{Choice, Focus, Phase, PickFor, State};
use crate::tui::theme::{Styles, Terminal as Capable, ThemeName};
use jiff::SignedDuration;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::style::{Color, Modifier};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 12)];

struct Picture {
    buffer: Buffer,
    cursor: Option<(u16, u16)>,
    areas: Areas,
}

fn draw_with(state: &State, styles: &Styles) -> Picture {
    let (width, height) = state.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let mut areas = Areas::default();
    terminal
        .draw(|frame| areas = view(state, styles, frame))
        .unwrap();
    let visible = terminal.backend().cursor_visible();
    let at = terminal.backend().cursor_position();
    Picture {
        buffer: terminal.backend().buffer().clone(),
        cursor: visible.then_some((at.x, at.y)),
        areas,
    }
}

fn dark() -> Styles {
    Styles::load(&ThemeName::Dark, Capable::default(), None).unwrap()
}

fn draw(state: &State) -> Picture {
    draw_with(state, &dark())
}

impl Picture {
    /// Every line of it; a wide letter stands once.
    fn lines(&self) -> Vec<String> {
        let wide = usize::from(self.buffer.area.width);
        let cells = self.buffer.content().chunks(wide.max(1));
        cells
            .map(|cells| {
                let (mut line, mut skip) = (String::new(), 0);
                for cell in cells {
                    if skip == 0 {
                        line.push_str(cell.symbol());
                        skip = usize::from(cell.cell_width()).saturating_sub(1);
                    } else {
                        skip -= 1;
                    }
                }
                line.trim_end().to_owned()
            })
            .collect()
    }

    fn text(&self) -> String {
        self.lines().join("\n")
    }

    /// With the reversed lines marked, and the cursor.
    fn marked(&self) -> String {
        let mut out = String::new();
        for (y, line) in self.lines().iter().enumerate() {
            let wide = self.buffer.area.width;
            let reversed = (0..wide)
                .filter(|x| {
                    self.buffer[(*x, y as u16)]
                        .modifier
                        .contains(Modifier::REVERSED)
                })
                .count();
            let mark = if reversed > 0 { '»' } else { ' ' };
            out.push_str(&format!("{mark}|{line}\n"));
        }
        match self.cursor {
            Some((x, y)) => out + &format!("cursor {x},{y}"),
            None => out + "no cursor",
        }
    }
}

#[test]
fn every_screen_looks_like_its_picture() {
    for lang in Lang::ALL {
        for (name, mut state) in scenes(lang) {
            for size in SIZES {
                state.size = size;
                let shown = draw(&state).marked();
                insta::assert_snapshot!(
                    format!("{name}_{}_{}x{}", lang.code(), size.0, size.1),
                    shown
                );
            }
        }
    }
}

#[test]
fn without_colours_nothing_is_said_by_colour() {
    let styles = Styles::mono();
    for (name, state) in scenes(Lang::En) {
        let (mono, dark) = (draw_with(&state, &styles), draw(&state));
        assert_eq!(mono.text(), dark.text(), "{name}");
        let coloured =
            |cell: &ratatui::buffer::Cell| cell.fg != Color::Reset || cell.bg != Color::Reset;
        assert!(!mono.buffer.content().iter().any(coloured), "{name}");
        if state.list.selected.is_some() && name == "inbox" {
            insta::assert_snapshot!("inbox_mono_80x24", mono.marked());
        }
    }
}

#[test]
fn nothing_panics_at_any_size() {
    let sizes = (1..=130).step_by(7).chain([39, 40, 69, 70, 109, 110, 500]);
    let heights = [1, 2, 3, 5, 9, 10, 11, 14, 15, 16, 24, 60, 200];
    let styles = dark();
    for (name, mut state) in scenes(Lang::Zh) {
        for width in sizes.clone() {
            for height in heights {
                if width > 130 && height < 60 {
                    continue;
                }
                state.size = (width, height);
                state.scroll = usize::from(height) * 3;
                let picture = draw_with(&state, &styles);
                let area = picture.buffer.area;
                for (place, target) in &picture.areas.targets {
                    let inside = place.intersection(area) == *place && !place.is_empty();
                    assert!(inside, "{name} {width}×{height}: {target:?} at {place:?}");
                }
            }
        }
    }
}

#[test]
fn a_small_window_says_so_in_a_sentence() {
    let mut state = state(Lang::En);
    state.size = (39, 9);
    assert!(
        draw(&state)
            .text()
            .contains("Sextant needs 40×10; this window is")
    );
}

#[test]
fn the_columns_of_the_list_do_not_move() {
    let mut state = state(Lang::En);
    state.list.selected = None;
    for size in [(80, 24), (120, 40)] {
        state.size = size;
        let picture = draw(&state);
        let rows: Vec<_> = picture
            .areas
            .targets
            .iter()
            .filter(|(_, t)| matches!(t, Target::Row(_)))
            .collect();
        assert!(rows.len() >= 8);
        for (place, target) in rows {
            let Target::Row(id) = target else { continue };
            let row = state.list.rows.iter().find(|r| r.id == *id).unwrap();
            let letters = super::list::channel(row.channel);
            let x = place.x + 8 + 1 + 15 + 1 + 4 + 1 + 2 + 1;
            let found: String = (x..x + 2)
                .map(|x| picture.buffer[(x, place.y)].symbol())
                .collect();
            assert_eq!(found, letters, "{size:?} {row:?}");
        }
    }
}

#[test]
fn a_countdown_changes_only_its_own_cells() {
    let mut state = state(Lang::En);
    state.channels.clear();
    state.held = vec![held(9)];
    state.own = vec![held(9).id];
    let at = |state: &mut State, seconds| {
        state.now = now() + SignedDuration::from_secs(seconds);
        draw(state)
    };
    let (before, after) = (at(&mut state, 1), at(&mut state, 2));
    let changed: Vec<_> = before
        .buffer
        .diff(&after.buffer)
        .into_iter()
        .map(|(_, y, cell)| (y, cell.symbol().to_owned()))
        .collect();
    assert_eq!(changed, [(23, "7".to_owned())]);
}

#[test]
fn the_footer_offers_at_most_five_keys_and_only_what_works() {
    for lang in Lang::ALL {
        for (name, state) in scenes(lang) {
            let offered = hints(&state);
            assert!(offered.len() <= 5, "{name}: {offered:?}");
            for action in offered {
                assert!(action.modes().contains(&state.mode()), "{name}: {action}");
            }
        }
    }
}

#[test]
fn the_conversation_scrolls_to_its_first_line_and_no_further() {
    let mut state = state(Lang::En);
    state.focus = Focus::Thread;
    assert!(draw(&state).text().contains("我等了三周了"));
    state.scroll = 10_000;
    let top = draw(&state).text();
    assert!(top.contains(Lang::En.texts().older_messages), "{top}");
    let without = |text: &str| {
        text.lines()
            .filter(|l| !l.contains('↓'))
            .collect::<Vec<_>>()
            .join("\n")
    };
    state.scroll = draw(&state).areas.page.scrolled;
    assert!((1..10_000).contains(&state.scroll));
    assert_eq!(without(&draw(&state).text()), without(&top));
}

#[test]
fn the_cursor_stands_at_the_caret_or_on_the_selected_row() {
    let mut state = state(Lang::En);
    let picture = draw(&state);
    let (place, _) = picture
        .areas
        .targets
        .iter()
        .find(|(_, t)| *t == Target::Row(conversation(2)))
        .unwrap();
    assert_eq!(picture.cursor, Some((place.x, place.y)));
    state.compose = Some(compose("退货", Phase::Typing));
    let picture = draw(&state);
    let (x, y) = picture.cursor.unwrap();
    assert_eq!(picture.buffer[(x - 2, y)].symbol(), "货");
}

#[test]
fn a_click_finds_what_was_drawn_last() {
    let mut state = state(Lang::En);
    state.overlay = Some(pick(
        PickFor::Palette,
        "",
        vec![Choice::Action(Action::Done), Choice::Action(Action::Why)],
    ));
    let picture = draw(&state);
    let choice = picture
        .areas
        .targets
        .iter()
        .find(|(_, t)| *t == Target::Choice(1))
        .unwrap();
    assert_eq!(
        picture.areas.at(choice.0.x, choice.0.y),
        Some(&Target::Choice(1))
    );
}
