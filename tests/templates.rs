//! The shipped templates: every leaf that is answered has one, in the languages that are promised, and what they say can be sent.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes wrong should stop there and say where"
)]

use jiff::{SignedDuration, Timestamp};
use sextant::domain::Intent;
use sextant::template::{FillError, Problem, Slots, Templates, fill};

const LANGUAGES: [&str; 11] = [
    "en", "zh", "es", "pt", "id", "vi", "th", "ja", "de", "fr", "ar",
];
const MOST_COMMON: [&str; 10] = [
    "presale.link_request",
    "presale.stock",
    "presale.shipping_policy",
    "presale.size_fit",
    "price.ask",
    "price.discount_request",
    "logistics.where_is_order",
    "logistics.not_shipped",
    "order.placed_notice",
    "social.thanks",
];

fn every_slot(now: Timestamp) -> Slots {
    let mut slots = Slots::default();
    for name in ["buyer", "shop", "product"] {
        slots.set(name, "Ana");
    }
    for name in [
        "id",
        "item",
        "carrier",
        "tracking_number",
        "last_event",
        "last_event_on",
        "ship_by",
        "total",
    ] {
        slots.set_as_of(&format!("order.{name}"), "X1", now);
    }
    for name in [
        "link",
        "price",
        "size",
        "answer",
        "restock_date",
        "shipping_time",
        "shipping_fee",
        "payment_methods",
        "offer",
        "agent",
    ] {
        slots.set(&format!("ask.{name}"), "A7");
    }
    slots
}

#[test]
fn every_leaf_that_is_answered_has_a_template_in_english_and_chinese() {
    let templates = Templates::load(None).unwrap();
    for intent in Intent::all() {
        let silent = ["social.no_reply", "social.decline"].contains(&intent.key());
        let first = templates.of(intent).next();
        assert_eq!(first.is_none(), silent, "{intent}");
        for lang in ["en", "zh"] {
            let has = templates.of(intent).any(|(_, t)| t.text.contains_key(lang));
            assert!(has || silent, "{intent} has none in {lang}");
        }
    }
}

#[test]
fn the_ten_most_common_leaves_have_all_eleven_languages() {
    let templates = Templates::load(None).unwrap();
    for key in MOST_COMMON {
        let intent = Intent::from_key(key).unwrap();
        for lang in LANGUAGES {
            let has = templates.of(intent).any(|(_, t)| t.text.contains_key(lang));
            assert!(has, "{key} has none in {lang}");
        }
    }
}

#[test]
fn every_variant_renders_without_a_brace_or_a_double_space_in_the_language_asked_for() {
    let templates = Templates::load(None).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let mut renders = 0;
    for template in templates.iter() {
        for (lang, variants) in &template.text {
            for used in 0..variants.len() * 3 {
                let filled = fill(template, lang, &every_slot(now), used, now).unwrap();
                let text = &filled.text;
                let of = format!("{} {lang}: {text}", template.key);
                assert_eq!(&filled.lang, lang, "{of}");
                assert_eq!(filled.variant, used % variants.len(), "{of}");
                assert!(!text.contains(['{', '}']), "{of}");
                assert!(!text.contains("  "), "{of}");
                assert!(text.chars().count() <= 1000, "{of}");
                renders += 1;
            }
        }
    }
    assert!(renders >= 1000, "{renders}");
}

#[test]
fn order_facts_older_than_fifteen_minutes_block_every_template_that_names_them() {
    let templates = Templates::load(None).unwrap();
    let then = Timestamp::UNIX_EPOCH;
    let now = then + SignedDuration::from_mins(16);
    let mut blocked = 0;
    for template in templates.iter() {
        for (lang, variants) in &template.text {
            let all_name_an_order = variants.iter().all(|v| v.contains("order."));
            match fill(template, lang, &every_slot(then), 0, now) {
                Ok(filled) => assert!(
                    !all_name_an_order,
                    "{} {lang}: {}",
                    template.key, filled.text
                ),
                Err(FillError::Blocked(problems)) => {
                    let stale = |p: &Problem| matches!(p, Problem::Stale { minutes: 16 });
                    assert!(
                        problems.iter().all(|p| stale(&p.problem)),
                        "{}",
                        template.key
                    );
                    blocked += 1;
                }
                Err(other) => panic!("{}: {other}", template.key),
            }
        }
    }
    assert!(blocked > 0);
}

#[test]
fn a_users_template_replaces_the_built_in_one_of_its_key_and_a_typo_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let built_in = Templates::load(None).unwrap();
    let thanks = Intent::from_key("social.thanks").unwrap();
    let key = built_in.of(thanks).next().unwrap().1.key.clone();
    let file = |slot: &str| {
        format!(
            "[[template]]\nkey = \"{key}\"\nintents = [\"social.thanks\"]\nname = {{ en = \"x\", zh = \"x\" }}\n\
             [template.text]\nen = [\"Ours, {{{{ {slot} }}}}\"]\n"
        )
    };
    std::fs::write(dir.path().join("mine.toml"), file("buyer")).unwrap();
    let templates = Templates::load(Some(dir.path())).unwrap();
    assert_eq!(templates.iter().count(), built_in.iter().count());
    assert_eq!(
        templates.find("1", Some(thanks)).unwrap().text["en"],
        ["Ours, {{ buyer }}"]
    );
    std::fs::write(dir.path().join("mine.toml"), file("buyr")).unwrap();
    let error = Templates::load(Some(dir.path())).unwrap_err().to_string();
    assert!(
        error.contains("line 6") && error.ends_with("did you mean `buyer`?"),
        "{error}"
    );
}
