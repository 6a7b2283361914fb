//! The shop day: languages, labels, hostile texts, determinism, reactions.

use crate::client::*;
use serde_json::{Value, json};
use std::collections::HashSet;

/// Texts in the order of their arrival, as the client reads them.
async fn texts(seed: u64) -> Vec<String> {
    let running = running(seed).await;
    let client = Client::connect(&running).await;
    let (all, _) = client.list_all().await;
    let mut found: Vec<(String, String)> = Vec::new();
    for conversation in &all {
        for m in client.messages(conversation["id"].as_str().unwrap()).await {
            let text = |v: &Value| v.as_str().unwrap().to_owned();
            found.push((text(&m["index"]), text(&m["content"])));
        }
    }
    running.stop().await;
    found.sort();
    found.into_iter().map(|(_, content)| content).collect()
}

#[tokio::test]
async fn the_same_seed_plays_the_same_day_and_another_seed_another() {
    let day = texts(5).await;
    assert!(day.len() > 500, "{}", day.len());
    assert_eq!(day, texts(5).await);
    assert_ne!(day, texts(6).await);
}

#[tokio::test]
async fn the_day_has_all_languages_and_hostile_texts_and_one_of_20_kb() {
    let running = running(1).await;
    let truth = running.truth();
    let langs: HashSet<_> = truth.values().map(|t| t.lang.as_str()).collect();
    for lang in [
        "en", "zh", "zh-Hant", "es", "pt", "id", "vi", "th", "ja", "de", "fr", "ar", "ms", "tl",
        "mul", "zxx",
    ] {
        assert!(langs.contains(lang), "{lang}");
    }
    assert_eq!(truth.values().filter(|t| t.text.len() >= 20_000).count(), 1);
    let hostile = truth
        .values()
        .filter(|t| t.text.contains(|c: char| c.is_control()))
        .count();
    assert!((8..40).contains(&hostile), "{hostile}");
    let stats = running.stats();
    assert!(
        (280..400).contains(&stats.conversations),
        "{}",
        stats.conversations
    );
    assert!(
        (500..700).contains(&stats.buyer_messages),
        "{}",
        stats.buyer_messages
    );
}

#[tokio::test]
async fn the_wire_never_shows_what_a_message_is_meant_to_be() {
    let (running, client) = connected().await;
    let labels: HashSet<_> = running
        .truth()
        .into_values()
        .map(|t| t.label)
        .filter(|l| l.contains('.'))
        .collect();
    let (all, _) = client.list_all().await;
    let mut wire = json!(all).to_string();
    for conversation in all.iter().take(100) {
        wire.push_str(
            &json!(client.messages(conversation["id"].as_str().unwrap()).await).to_string(),
        );
    }
    for label in labels {
        assert!(!wire.contains(&label), "{label}");
    }
}

#[test]
fn every_label_is_an_intent_and_every_intent_is_said_by_somebody() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sandbox/shop_day/texts");
    let mut met = HashSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let group: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        for part in ["says", "calm", "angry"] {
            let Some(toml::Value::Table(rows)) = group.get(part) else {
                continue;
            };
            met.extend(rows.keys().cloned());
        }
    }
    for outcome in ["non_text", "unknown", "mixed"] {
        assert!(met.remove(outcome), "{outcome}");
    }
    let taxonomy: HashSet<_> = sextant::domain::Intent::all()
        .map(|i| i.key().to_owned())
        .collect();
    assert_eq!(met, taxonomy);
}

#[tokio::test]
async fn buyers_react_to_people_and_not_to_robots() {
    let (running, client) = connected().await;
    let (all, _) = client.list_all().await;
    let open: Vec<_> = all
        .iter()
        .filter(|c| c["can_send_message"] == true)
        .take(60)
        .collect();
    let before = running.stats().buyer_messages;
    for conversation in &open {
        client
            .send(
                conversation["id"].as_str().unwrap(),
                "We are looking into it.",
                "ROBOT",
            )
            .await;
    }
    assert_eq!(running.stats().buyer_messages, before);
    for conversation in &open {
        client
            .send(
                conversation["id"].as_str().unwrap(),
                "We are looking into it.",
                "CUSTOMER_SERVICE",
            )
            .await;
    }
    let answers = running.stats().buyer_messages - before;
    assert!((20..55).contains(&answers), "{answers}");
    let mut last_words = 0;
    for conversation in &open {
        let messages = client.messages(conversation["id"].as_str().unwrap()).await;
        last_words += usize::from(messages.last().unwrap()["sender"]["role"] == "BUYER");
    }
    assert_eq!(
        last_words, answers,
        "a reaction comes after the reply that it answers"
    );
}
