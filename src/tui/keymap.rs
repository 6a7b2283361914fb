//! Which keys mean which action, in each mode: the table's defaults, with the user's file laid over them.
//!
//! ```toml
//! done = ["e", "ctrl-e"]   # several keys an action
//! top = "g g"              # a sequence
//! copy = []                # no key
//! ```
//!
//! The keys of a mode are a trie; the which-key popup, the help and the palette are printed from it. The one rule: there is always a
//! way out. Ctrl-C quits and cannot be given to anything else.

use super::action::{Action, Mode};
use super::key::{Key, label, sequence};
use crate::toml_file::{self, FileError};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// What a sequence of keys leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Action(Action),
    /// A sequence has begun.
    Prefix,
    Nothing,
}

#[derive(Clone, Debug, Default)]
struct Node {
    action: Option<Action>,
    next: Vec<(Key, Node)>,
}

impl Node {
    fn get(&self, key: Key) -> Option<&Self> {
        self.next.iter().find(|(k, _)| *k == key).map(|(_, n)| n)
    }

    fn walk(&self, keys: &[Key]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(*key))
    }

    /// # Errors
    /// The action that the sequence, a beginning or a continuation of it belongs to already.
    fn insert(&mut self, keys: &[Key], action: Action) -> Result<(), Action> {
        let Some((first, rest)) = keys.split_first() else {
            if let Some(other) = self.action.or_else(|| self.any()) {
                return Err(other);
            }
            self.action = Some(action);
            return Ok(());
        };
        if let Some(other) = self.action {
            return Err(other);
        }
        let at = self.next.iter().position(|(k, _)| k == first);
        let at = at.unwrap_or_else(|| {
            self.next.push((*first, Self::default()));
            self.next.len() - 1
        });
        self.next[at].1.insert(rest, action)
    }

    fn any(&self) -> Option<Action> {
        self.action
            .or_else(|| self.next.iter().find_map(|(_, node)| node.any()))
    }
}

#[derive(Clone, Debug)]
pub struct Keymap {
    modes: HashMap<Mode, Node>,
    keys: BTreeMap<Action, Vec<Vec<Key>>>,
}

/// One key, several, or none.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Wanted {
    One(String),
    Several(Vec<String>),
}

impl Default for Keymap {
    fn default() -> Self {
        Self::build("keys", "", &BTreeMap::new()).unwrap_or_else(|_| Self {
            modes: HashMap::new(),
            keys: BTreeMap::new(),
        })
    }
}

impl Keymap {
    /// The defaults, with the file at `path` laid over them where it exists.
    ///
    /// # Errors
    /// An unknown action, a wrong key, a key that two actions of one mode share: with file and line.
    pub fn load(path: &Path) -> Result<Self, FileError> {
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = toml_file::read(path)?;
        Self::parse(&path.display().to_string(), &text)
    }

    pub fn parse(file: &str, text: &str) -> Result<Self, FileError> {
        let wanted: BTreeMap<String, Wanted> = toml_file::parse(file, text)?;
        let mut own = BTreeMap::new();
        for (name, keys) in wanted {
            let action = Action::from_name(&name).ok_or_else(|| {
                let names = Action::all().map(Action::name);
                let hint = toml_file::nearest(&name, names).map(|n| format!("did you mean `{n}`?"));
                let shown = crate::text::sanitise(&name);
                FileError::at(
                    file,
                    text,
                    &name,
                    format!("there is no action `{shown}`"),
                    hint,
                )
            })?;
            let keys = match keys {
                Wanted::One(key) => vec![key],
                Wanted::Several(keys) => keys,
            };
            own.insert(action, keys);
        }
        Self::build(file, text, &own)
    }

    fn build(
        file: &str,
        text: &str,
        own: &BTreeMap<Action, Vec<String>>,
    ) -> Result<Self, FileError> {
        let mut map = Self {
            modes: HashMap::new(),
            keys: BTreeMap::new(),
        };
        // What cannot be rebound goes in first, so that whoever wants its key is told.
        map.bind(Action::Quit, vec![vec![QUIT]])
            .map_err(|_| FileError::at(file, text, "", "no way out".to_owned(), None))?;
        for action in Action::all() {
            let names: Vec<&str> = match own.get(&action) {
                Some(keys) => keys.iter().map(String::as_str).collect(),
                None => action.default_keys().to_vec(),
            };
            let wrong = |what: String, hint: Option<String>| {
                FileError::at(file, text, action.name(), what, hint)
            };
            let mut sequences = Vec::new();
            for name in names {
                let keys = sequence(name).map_err(|e| wrong(e.to_string(), None))?;
                if action.modes().iter().any(|m| m.takes_text()) && keys[0].text().is_some() {
                    return Err(wrong(
                        format!("`{name}` is text where `{action}` is used"),
                        Some("take a key with ctrl or alt".to_owned()),
                    ));
                }
                if !(action == Action::Quit && keys == [QUIT]) {
                    sequences.push(keys);
                }
            }
            map.bind(action, sequences).map_err(|(keys, other)| {
                // The line to mend is the user's, whichever of the two they wrote.
                let at = if own.contains_key(&action) {
                    action
                } else {
                    other
                };
                FileError::at(
                    file,
                    text,
                    at.name(),
                    format!("`{keys}` is the key of both `{other}` and `{action}`"),
                    Some("give one of them another key".to_owned()),
                )
            })?;
        }
        Ok(map)
    }

    fn bind(&mut self, action: Action, sequences: Vec<Vec<Key>>) -> Result<(), (String, Action)> {
        for keys in sequences {
            for mode in action.modes() {
                let node = self.modes.entry(*mode).or_default();
                node.insert(&keys, action).map_err(|other| {
                    let written: Vec<String> = keys.iter().map(Key::to_string).collect();
                    (written.join(" "), other)
                })?;
            }
            self.keys.entry(action).or_default().push(keys);
        }
        Ok(())
    }

    pub fn find(&self, mode: Mode, keys: &[Key]) -> Found {
        match self.modes.get(&mode).and_then(|node| node.walk(keys)) {
            Some(Node {
                action: Some(action),
                ..
            }) => Found::Action(*action),
            Some(node) if !node.next.is_empty() => Found::Prefix,
            _ => Found::Nothing,
        }
    }

    /// How a begun sequence can go on: the next key, and what it does (`None` where more keys follow).
    pub fn continuations(&self, mode: Mode, keys: &[Key]) -> Vec<(Key, Option<Action>)> {
        let node = self.modes.get(&mode).and_then(|node| node.walk(keys));
        node.into_iter()
            .flat_map(|node| node.next.iter().map(|(key, next)| (*key, next.action)))
            .collect()
    }

    /// The keys of an action, first the one to show.
    pub fn keys(&self, action: Action) -> &[Vec<Key>] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The key to show for an action, in the screen's form.
    pub fn label(&self, action: Action) -> Option<String> {
        self.keys(action).first().map(|keys| label(keys))
    }
}

/// Ctrl-C: always a way out.
const QUIT: Key = Key {
    code: crossterm::event::KeyCode::Char('c'),
    ctrl: true,
    alt: false,
};

#[cfg(test)]
mod tests {
    use super::*;

    fn find(map: &Keymap, mode: Mode, keys: &str) -> Found {
        map.find(mode, &sequence(keys).unwrap())
    }

    fn error(text: &str) -> String {
        Keymap::parse("keys.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_have_no_conflict() {
        let map = Keymap::parse("keys.toml", "").unwrap();
        assert_eq!(find(&map, Mode::Inbox, "g g"), Found::Action(Action::Top));
        assert_eq!(find(&map, Mode::Inbox, "g"), Found::Prefix);
        assert_eq!(
            find(&map, Mode::Inbox, "enter"),
            Found::Action(Action::Open)
        );
        assert_eq!(
            find(&map, Mode::Stage, "enter"),
            Found::Action(Action::Send)
        );
        assert_eq!(find(&map, Mode::Compose, "e"), Found::Nothing);
        for action in Action::all().filter(|a| !a.default_keys().is_empty()) {
            assert_eq!(
                map.keys(action).len(),
                action.default_keys().len(),
                "{action}"
            );
        }
    }

    #[test]
    fn a_user_gives_an_action_several_keys_or_none() {
        let map = Keymap::parse("keys.toml", "done = [\"D\", \"ctrl-x\"]\ncopy = []\n").unwrap();
        assert_eq!(find(&map, Mode::Inbox, "D"), Found::Action(Action::Done));
        assert_eq!(
            find(&map, Mode::Inbox, "ctrl-x"),
            Found::Action(Action::Done)
        );
        assert_eq!(find(&map, Mode::Inbox, "e"), Found::Nothing);
        assert!(map.keys(Action::Copy).is_empty());
    }

    #[test]
    fn conflicts_and_unknown_names_are_refused_with_the_line() {
        let said = error("\ndone = \"j\"\n");
        assert!(
            said.starts_with("keys.toml, line 2: `j` is the key of both `down` and `done`"),
            "{said}"
        );
        let said = error("\ndown = \"g\"\n");
        assert!(
            said.starts_with("keys.toml, line 2: `g g` is the key of both `down` and `top`"),
            "{said}"
        );
        let said = error("\n\ndoen = \"D\"\n");
        assert!(
            said.starts_with("keys.toml, line 3: there is no action `doen`"),
            "{said}"
        );
        assert!(said.ends_with("did you mean `done`?"), "{said}");
        let said = error("done = \"hyper-d\"\n");
        assert!(
            said.starts_with("keys.toml, line 1: `hyper-d` is no key"),
            "{said}"
        );
        let said = error("accept = \"a\"\n");
        assert!(said.contains("`a` is text"), "{said}");
    }

    #[test]
    fn there_is_always_a_way_out() {
        let map = Keymap::parse("keys.toml", "back = []\nquit = []\n").unwrap();
        for mode in Mode::ALL {
            assert_eq!(
                find(&map, mode, "ctrl-c"),
                Found::Action(Action::Quit),
                "{mode:?}"
            );
        }
        let said = error("done = \"ctrl-c\"\n");
        assert!(said.contains("`ctrl-c` is the key of both"), "{said}");
    }
}
