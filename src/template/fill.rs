//! Filling a template: the variant that follows the buyer's language and whose slots are all known.

use super::{SlotProblem, Slots, Template};
use jiff::Timestamp;
use minijinja::{Environment, UndefinedBehavior, Value};
use std::collections::BTreeMap;

/// A reply ready to be staged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filled {
    pub text: String,
    /// The language of the variant, which is the buyer's where the template has it.
    pub lang: String,
    /// Its place among the variants of that language, from 0.
    pub variant: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// No variant has all its slots; these are what the variant with the fewest gaps lacks.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    Blocked(Vec<SlotProblem>),
    #[error("the template has no text")]
    NoText,
    #[error("the template cannot be filled: {0}")]
    Broken(String),
}

/// The languages to try for a buyer who writes `lang`: their own, its base, English.
fn fallbacks(lang: &str) -> [&str; 3] {
    [lang, lang.split('-').next().unwrap_or(lang), "en"]
}

/// Fills `template` for a buyer who writes `lang`. `used` counts how often this buyer got it: variants rotate.
pub fn fill(
    template: &Template,
    lang: &str,
    slots: &Slots,
    used: usize,
    now: Timestamp,
) -> Result<Filled, FillError> {
    let (lang, variants) = variants(template, lang)?;
    let mut blocked: Option<Vec<SlotProblem>> = None;
    for step in 0..variants.len() {
        match fill_one(lang, variants, (used + step) % variants.len(), slots, now) {
            Err(FillError::Blocked(problems)) => {
                if blocked.as_ref().is_none_or(|b| problems.len() < b.len()) {
                    blocked = Some(problems);
                }
            }
            done => return done,
        }
    }
    Err(FillError::Blocked(blocked.unwrap_or_default()))
}

/// Fills the variant number `variant` of `template`, counted round, and no other one in its place.
pub fn fill_variant(
    template: &Template,
    lang: &str,
    slots: &Slots,
    variant: usize,
    now: Timestamp,
) -> Result<Filled, FillError> {
    let (lang, variants) = variants(template, lang)?;
    fill_one(lang, variants, variant % variants.len(), slots, now)
}

/// The texts in the language that comes nearest to `lang`; never none.
fn variants<'a>(template: &'a Template, lang: &str) -> Result<(&'a str, &'a [String]), FillError> {
    fallbacks(lang)
        .into_iter()
        .find_map(|l| template.text.get_key_value(l))
        .or_else(|| template.text.iter().next())
        .map(|(lang, variants)| (lang.as_str(), variants.as_slice()))
        .filter(|(_, variants)| !variants.is_empty())
        .ok_or(FillError::NoText)
}

fn fill_one(
    lang: &str,
    variants: &[String],
    variant: usize,
    slots: &Slots,
    now: Timestamp,
) -> Result<Filled, FillError> {
    let names = slots_of(&variants[variant]).map_err(FillError::Broken)?;
    let problems: Vec<SlotProblem> = names.iter().filter_map(|n| slots.problem(n, now)).collect();
    if !problems.is_empty() {
        return Err(FillError::Blocked(problems));
    }
    Ok(Filled {
        text: render(&variants[variant], slots).map_err(FillError::Broken)?,
        lang: lang.to_owned(),
        variant,
    })
}

/// The slots that a text names, sorted (`buyer`, `order.id`).
pub(super) fn slots_of(text: &str) -> Result<Vec<String>, String> {
    let environment = environment();
    let template = environment
        .template_from_str(text)
        .map_err(|e| e.to_string())?;
    let mut names: Vec<String> = template.undeclared_variables(true).into_iter().collect();
    names.sort();
    Ok(names)
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
}

fn render(text: &str, slots: &Slots) -> Result<String, String> {
    // `order.id` is a member of `order`: the dotted names become nested maps.
    let mut root: BTreeMap<String, Value> = BTreeMap::new();
    let mut groups: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for (name, value) in slots.iter() {
        match name.split_once('.') {
            Some((group, member)) => {
                groups
                    .entry(group.to_owned())
                    .or_default()
                    .insert(member.to_owned(), Value::from(value));
            }
            None => {
                root.insert(name.to_owned(), Value::from(value));
            }
        }
    }
    root.extend(
        groups
            .into_iter()
            .map(|(group, members)| (group, Value::from(members))),
    );
    let rendered = environment()
        .render_str(text, Value::from(root))
        .map_err(|e| e.to_string())?;
    Ok(rendered.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::{FRESH_FOR, Label, Problem};

    fn template(en: &[&str], zh: &[&str]) -> Template {
        let text = [("en", en), ("zh", zh)];
        Template {
            key: "t".into(),
            intents: vec![],
            while_order: vec![],
            name: Label {
                en: "t".into(),
                zh: "t".into(),
            },
            text: text
                .into_iter()
                .map(|(l, v)| (l.to_owned(), v.iter().map(|s| (*s).to_owned()).collect()))
                .collect(),
        }
    }

    #[test]
    fn the_variant_follows_the_language_and_rotates() {
        let t = template(&["one", "two"], &["一", "二"]);
        let now = Timestamp::UNIX_EPOCH;
        let text = |lang, used| fill(&t, lang, &Slots::default(), used, now).unwrap().text;
        assert_eq!(text("zh-Hant", 0), "一");
        assert_eq!(text("zh", 1), "二");
        assert_eq!(text("en", 2), "one");
        assert_eq!(
            fill(&t, "fr", &Slots::default(), 0, now).unwrap().lang,
            "en"
        );
    }

    #[test]
    fn a_certain_variant_is_filled_or_blocks_and_no_other_takes_its_place() {
        let t = template(&["one {{ buyer }}", "two"], &[]);
        let now = Timestamp::UNIX_EPOCH;
        let of = |variant| fill_variant(&t, "en", &Slots::default(), variant, now);
        assert!(matches!(of(0), Err(FillError::Blocked(p)) if p.len() == 1));
        assert_eq!(of(1).unwrap().text, "two");
        assert_eq!(of(3).unwrap().variant, 1);
    }

    #[test]
    fn a_missing_slot_takes_the_variant_without_it_else_blocks() {
        let now = Timestamp::UNIX_EPOCH;
        let t = template(
            &["Hi {{ buyer }}", "Hi there"],
            &["{{ order.id }} {{ buyer }}"],
        );
        assert_eq!(
            fill(&t, "en", &Slots::default(), 0, now).unwrap().text,
            "Hi there"
        );
        let FillError::Blocked(problems) = fill(&t, "zh", &Slots::default(), 0, now).unwrap_err()
        else {
            panic!()
        };
        assert_eq!(
            problems.iter().map(|p| p.slot.as_str()).collect::<Vec<_>>(),
            ["buyer", "order.id"]
        );
    }

    #[test]
    fn an_empty_and_a_stale_slot_block() {
        let now = Timestamp::UNIX_EPOCH + FRESH_FOR + jiff::SignedDuration::from_mins(1);
        let t = template(&["{{ order.id }} {{ buyer }}"], &[]);
        let mut slots = Slots::default();
        slots.set("buyer", " ");
        slots.set_as_of("order.id", "88", Timestamp::UNIX_EPOCH);
        let FillError::Blocked(problems) = fill(&t, "en", &slots, 0, now).unwrap_err() else {
            panic!()
        };
        assert_eq!(problems[0].problem, Problem::Empty);
        assert_eq!(problems[1].problem, Problem::Stale { minutes: 16 });
    }

    #[test]
    fn what_a_buyer_calls_themselves_is_never_interpreted() {
        let t = template(&["Hi {{ buyer }}"], &[]);
        let mut slots = Slots::default();
        slots.set("buyer", "{{ shop }}{% raw %}");
        let filled = fill(&t, "en", &slots, 0, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(filled.text, "Hi {{ shop }}{% raw %}");
    }
}
