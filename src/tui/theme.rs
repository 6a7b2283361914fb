//! Themes: which style each role has.
//!
//! Code names roles, never colours; a theme file gives every role a style. The built-in files of `themes/` are compiled in, and a
//! file of the user's folder with the same name replaces one. `auto` asks the terminal for its background once. Under `NO_COLOR`
//! it is always `mono`: crossterm's own switch would take the selection's reverse video away with the colours. The one rule: what a
//! style says is also said by a mark or a word.

use crate::toml_file::{self, FileError};
use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use std::path::Path;

/// Which theme a person chose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThemeName {
    /// Dark or light, as the terminal is.
    Auto,
    Dark,
    Light,
    Mono,
    /// A file of the user's folder.
    Own(String),
}

impl ThemeName {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Auto => "auto",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Mono => "mono",
            Self::Own(name) => name,
        }
    }

    pub fn from_name(name: &str) -> Self {
        match name {
            "auto" => Self::Auto,
            "dark" => Self::Dark,
            "light" => Self::Light,
            "mono" => Self::Mono,
            own => Self::Own(own.to_owned()),
        }
    }
}

macro_rules! roles {
    ($($(#[$meta:meta])* $role:ident),+ $(,)?) => {
        /// The style of every role.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Styles { $($(#[$meta])* pub $role: Style),+ }

        /// A theme file: every role, each with what differs from the terminal's own.
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File { $($role: Role),+ }

        impl File {
            fn styles(self) -> Styles {
                Styles { $($role: self.$role.style()),+ }
            }
        }
    };
}

roles! {
    text,
    /// What can be left unread.
    dim,
    /// Names of things: the product, a queue's parent, a title.
    title,
    border,
    /// The pane that keys go to.
    border_focus,
    /// The selected row.
    selection,
    /// A key in a hint.
    key,
    /// Critical risk.
    critical,
    /// High risk.
    high,
    /// An unsure intent.
    unsure,
    /// A sure intent.
    sure,
    /// Little time is left.
    soon,
    /// No time is left.
    overdue,
    /// What the buyer wrote.
    buyer,
    /// What we wrote.
    own,
    /// What the platform says.
    system,
    /// It worked.
    good,
    /// It did not.
    bad,
    /// On its way.
    outgoing,
    /// What is being typed.
    input,
}

/// One role's entry.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Role {
    #[serde(deserialize_with = "color")]
    fg: Option<Color>,
    #[serde(deserialize_with = "color")]
    bg: Option<Color>,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
    reverse: bool,
}

impl Role {
    fn style(&self) -> Style {
        let mut style = Style::new();
        style.fg = self.fg;
        style.bg = self.bg;
        for (on, modifier) in [
            (self.bold, Modifier::BOLD),
            (self.dim, Modifier::DIM),
            (self.italic, Modifier::ITALIC),
            (self.underline, Modifier::UNDERLINED),
            (self.reverse, Modifier::REVERSED),
        ] {
            if on {
                style = style.add_modifier(modifier);
            }
        }
        style
    }
}

fn color<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Color>, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map(Some).map_err(|_| {
        serde::de::Error::custom(format!(
            "`{}` is no colour; write red, lightblue, gray, an index 0 to 255 or #rrggbb",
            crate::text::sanitise(&name)
        ))
    })
}

const BUILT_IN: [(&str, &str); 3] = [
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// What a theme is chosen by, besides its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Terminal {
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// The terminal said that its background is light.
    pub light: bool,
}

impl Styles {
    /// The styles of `name` on this terminal. `folder` holds the user's theme files.
    ///
    /// # Errors
    /// A theme that is not there, a file with a wrong role or colour: with file, line and the nearest right name.
    pub fn load(
        name: &ThemeName,
        terminal: Terminal,
        folder: Option<&Path>,
    ) -> Result<Self, FileError> {
        let name = match name {
            _ if terminal.no_color => "mono",
            ThemeName::Auto if terminal.light => "light",
            ThemeName::Auto => "dark",
            named => named.as_str(),
        };
        if let Some(path) = folder.map(|f| f.join(format!("{name}.toml"))) {
            // The name comes from a file or the command line: it must not lead out of the folder.
            if is_plain(name) && path.exists() {
                let text = toml_file::read(&path)?;
                return parse(&path.display().to_string(), &text);
            }
        }
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == name);
        let (known, text) = built_in.ok_or_else(|| unknown(name))?;
        parse(&format!("themes/{known}.toml"), text)
    }

    /// The theme without colours, which always loads.
    pub fn mono() -> Self {
        let terminal = Terminal {
            no_color: true,
            light: false,
        };
        Self::load(&ThemeName::Mono, terminal, None).unwrap_or_else(|_| Self::bare())
    }

    fn bare() -> Self {
        File {
            text: Role::default(),
            dim: Role::default(),
            title: Role::default(),
            border: Role::default(),
            border_focus: Role::default(),
            selection: Role {
                reverse: true,
                ..Role::default()
            },
            key: Role::default(),
            critical: Role::default(),
            high: Role::default(),
            unsure: Role::default(),
            sure: Role::default(),
            soon: Role::default(),
            overdue: Role::default(),
            buyer: Role::default(),
            own: Role::default(),
            system: Role::default(),
            good: Role::default(),
            bad: Role::default(),
            outgoing: Role::default(),
            input: Role::default(),
        }
        .styles()
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c))
}

fn unknown(name: &str) -> FileError {
    let names = BUILT_IN.iter().map(|(name, _)| *name).chain(["auto"]);
    FileError::Invalid {
        file: "theme".to_owned(),
        line: 1,
        what: format!("there is no theme `{}`", crate::text::sanitise(name)),
        hint: toml_file::nearest(name, names).map(|near| format!("did you mean `{near}`?")),
    }
}

fn parse(file: &str, text: &str) -> Result<Styles, FileError> {
    toml_file::parse::<File>(file, text).map(File::styles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_loads_and_shows_the_selection() {
        for (name, _) in BUILT_IN {
            let styles =
                Styles::load(&ThemeName::from_name(name), Terminal::default(), None).unwrap();
            assert_ne!(styles.selection, styles.text, "{name}");
        }
    }

    #[test]
    fn mono_has_no_colour_and_no_color_selects_it() {
        let terminal = Terminal {
            no_color: true,
            light: true,
        };
        let styles = Styles::load(&ThemeName::Dark, terminal, None).unwrap();
        assert_eq!(styles, Styles::mono());
        let shown = format!("{styles:?}");
        assert!(!shown.contains("fg: Some"), "{shown}");
        assert!(styles.selection.add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn a_wrong_colour_and_a_wrong_role_are_named_with_their_line() {
        let dir = tempfile::tempdir().unwrap();
        let load = |text: &str| {
            std::fs::write(dir.path().join("mine.toml"), text).unwrap();
            let name = ThemeName::from_name("mine");
            Styles::load(&name, Terminal::default(), Some(dir.path()))
                .unwrap_err()
                .to_string()
        };
        let dark = BUILT_IN[0].1;
        let error = load(&format!("{dark}\ncritcal = {{}}\n"));
        assert!(error.contains("did you mean `critical`"), "{error}");
        let error = load(&dark.replacen("\"red\"", "\"rde\"", 1));
        assert!(error.contains("`rde` is no colour"), "{error}");
        assert!(error.contains("mine.toml, line "), "{error}");
        let error = Styles::load(&ThemeName::from_name("drak"), Terminal::default(), None)
            .unwrap_err()
            .to_string();
        assert!(error.contains("did you mean `dark`"), "{error}");
    }
}
