//! Keys as people write them: `j`, `G`, `ctrl-d`, `shift-tab`, `g g`.
//!
//! A key is what the terminal sends, brought to one form: a capital is a capital (no separate Shift), Shift-Tab is one key. The crate
//! that parses key names (crokey) folds `G` into `g` and knows keys pressed together, which no terminal sends over SSH; so these
//! lines are our own. The one rule: what [`Key::from_str`] reads, `Display` writes.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::fmt;
use std::str::FromStr;

/// One key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub code: KeyCode,
    pub ctrl: bool,
    pub alt: bool,
}

impl Key {
    pub const fn plain(code: KeyCode) -> Self {
        Self {
            code,
            ctrl: false,
            alt: false,
        }
    }

    /// The character that this key types, if it types one.
    pub fn text(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        let code = match event.code {
            KeyCode::Char('\r' | '\n') => KeyCode::Enter,
            KeyCode::Char(c) if shift && c.is_lowercase() => {
                KeyCode::Char(c.to_uppercase().next().unwrap_or(c))
            }
            KeyCode::Tab if shift => KeyCode::BackTab,
            code => code,
        };
        Self {
            code,
            ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
            alt: event.modifiers.contains(KeyModifiers::ALT),
        }
    }
}

/// Names of keys that are no characters.
const NAMES: [(&str, KeyCode); 15] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("shift-tab", KeyCode::BackTab),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
];

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no key; write `j`, `G`, `ctrl-d`, `alt-enter`, `shift-tab`, `space`, or a sequence such as `g g`"
)]
pub struct NoKey(pub String);

impl FromStr for Key {
    type Err = NoKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (mut rest, mut ctrl, mut alt) = (text, false, false);
        loop {
            if let Some(after) = rest.strip_prefix("ctrl-") {
                (rest, ctrl) = (after, true);
            } else if let Some(after) = rest.strip_prefix("alt-") {
                (rest, alt) = (after, true);
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() && !c.is_whitespace() => KeyCode::Char(c),
            _ if rest == "pagedown" => KeyCode::PageDown,
            _ => NAMES
                .iter()
                .find(|(name, _)| *name == rest)
                .map(|(_, code)| *code)
                .ok_or_else(|| NoKey(crate::text::sanitise(text).to_string()))?,
        };
        Ok(Self { code, ctrl, alt })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        match self.code {
            KeyCode::PageDown => f.write_str("pagedown"),
            KeyCode::F(n) => write!(f, "f{n}"),
            code => match (NAMES.iter().find(|(_, c)| *c == code), code) {
                (Some((name, _)), _) => f.write_str(name),
                (None, KeyCode::Char(c)) => write!(f, "{c}"),
                (None, other) => write!(f, "{other:?}"),
            },
        }
    }
}

/// Reads a sequence: keys between blanks.
pub fn sequence(text: &str) -> Result<Vec<Key>, NoKey> {
    let keys = text
        .split_whitespace()
        .map(str::parse)
        .collect::<Result<Vec<Key>, _>>()?;
    if keys.is_empty() {
        return Err(NoKey(crate::text::sanitise(text).to_string()));
    }
    Ok(keys)
}

/// As it stands on the screen: `gg`, `Ctrl-D`, `Enter`.
pub fn label(keys: &[Key]) -> String {
    keys.iter().copied().map(one_label).collect()
}

fn one_label(key: Key) -> String {
    let name = key.to_string();
    let single = name.chars().count() == 1;
    if single {
        return name;
    }
    name.split('-')
        .map(|part| {
            let mut chars = part.chars();
            chars.next().map_or_else(String::new, |first| {
                first.to_uppercase().collect::<String>() + chars.as_str()
            })
        })
        .collect::<Vec<_>>()
        .join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_the_same() {
        for name in [
            "j",
            "G",
            "=",
            "?",
            ":",
            "-",
            "ctrl-d",
            "alt-enter",
            "shift-tab",
            "space",
            "esc",
            "pagedown",
            "ctrl-alt-x",
            "退",
        ] {
            assert_eq!(name.parse::<Key>().unwrap().to_string(), name);
        }
        for wrong in ["", "jj", "ctrl-", "hyper-x", " ", "\u{1b}"] {
            assert!(wrong.parse::<Key>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_terminal_that_reports_shift_and_one_that_does_not_send_the_same_key() {
        let with = KeyEvent::new(KeyCode::Char('g'), KeyModifiers::SHIFT);
        let without = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::NONE);
        assert_eq!(Key::from(with), Key::from(without));
        let question = KeyEvent::new(KeyCode::Char('?'), KeyModifiers::SHIFT);
        assert_eq!(Key::from(question), "?".parse().unwrap());
        let back = KeyEvent::new(KeyCode::Tab, KeyModifiers::SHIFT);
        assert_eq!(Key::from(back), "shift-tab".parse().unwrap());
    }

    #[test]
    fn labels_are_short() {
        let of = |text: &str| label(&sequence(text).unwrap());
        assert_eq!(
            [
                of("g g"),
                of("ctrl-d"),
                of("enter"),
                of("G"),
                of("alt-enter")
            ],
            ["gg", "Ctrl-D", "Enter", "G", "Alt-Enter"]
        );
    }
}
