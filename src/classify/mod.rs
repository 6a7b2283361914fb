//! From a vector to an intent: the nearest labelled centroid, as a sextant measures the angle to a star.
//!
//! - [`code`]: a language's one code, however it was stated
//! - [`reading`]: what can be said of a text without the model: its language, whether it has words, the form to embed
//! - [`examples`]: the labelled examples, built in and of the user
//! - [`head`]: centroids as exact integer sums, scores, temperature, thresholds; knows labels, not intents
//! - [`vector_cache`]: the vectors of the examples, kept beside the model
//! - [`evaluate`]: how good it is, on rows it never saw
//!
//! May use: `domain`, `text`, `embed` (the vector type), `toml_file`. The one rule: what is learnt can be unlearnt exactly:
//! the centroids after `learn` and `unlearn` are equal to the ones before, bit for bit.

pub mod code;
pub mod evaluate;
pub mod examples;
pub mod head;
mod language;
pub mod reading;
pub mod vector_cache;

pub use examples::{Example, Origin};
pub use reading::Reading;

use crate::domain::{Classification, Intent, Neighbour, Outcome, Risk, Scored};
use crate::embed::{ModelId, Vector};
use head::Head;
use std::collections::HashSet;

/// From this cosine on two texts are the same words, give or take a letter: a single example hardly moves a centroid of
/// fifty, but what a person said of a sentence holds for the sentence.
const SAME_WORDS: f64 = 0.98;

/// The 43 intents, trained on labelled examples of one embedding model.
#[derive(Clone, Debug)]
pub struct Classifier {
    model: ModelId,
    examples: Vec<(Example, Vector)>,
    head: Head,
}

impl Classifier {
    /// Trains on labelled vectors of `model`. Milliseconds for a few thousand.
    pub fn train(model: ModelId, examples: Vec<(Example, Vector)>) -> Self {
        let rows: Vec<(usize, &Vector)> = examples
            .iter()
            .map(|(e, v)| (e.intent.index(), v))
            .collect();
        let head = Head::train(Intent::all().len(), &rows);
        Self {
            model,
            examples,
            head,
        }
    }

    /// The same, trained afresh on all its examples: what a start or a measurement does.
    pub fn retrained(&self) -> Self {
        Self::train(self.model.clone(), self.examples.clone())
    }

    pub fn model(&self) -> &ModelId {
        &self.model
    }

    pub fn head(&self) -> &Head {
        &self.head
    }

    /// What a message is that has no words: nothing has to be embedded to know it.
    pub fn wordless(reading: &Reading) -> Classification {
        Self::without_intent(Outcome::NonText, reading)
    }

    fn without_intent(outcome: Outcome, reading: &Reading) -> Classification {
        Classification {
            outcome,
            intent: None,
            risk: Risk::Normal,
            confidence: 0.0,
            margin: 0.0,
            top: Vec::new(),
            lang: reading.lang.clone(),
            model: "none".to_owned(),
            verdict: None,
        }
    }

    /// What `reading` is. Words without a vector (a text that the model cannot take) are unknown: a person must look.
    pub fn judge(&self, reading: &Reading, vector: Option<&Vector>) -> Classification {
        match vector {
            _ if reading.wordless => Self::wordless(reading),
            Some(vector) => self.classify(reading, vector),
            None => Self::without_intent(Outcome::Unknown, reading),
        }
    }

    fn classify(&self, reading: &Reading, vector: &Vector) -> Classification {
        let ranking = self.head.rank(vector);
        let top: Vec<Scored> = ranking
            .best(3)
            .iter()
            .filter_map(|r| {
                Some(Scored {
                    intent: Intent::from_index(r.label)?,
                    score: r.probability,
                })
            })
            .collect();
        let best = Classification {
            outcome: Outcome::Intent,
            intent: top.first().map(|s| s.intent),
            risk: Risk::Normal,
            confidence: top.first().map_or(0.0, |s| s.score),
            margin: ranking.margin(),
            top,
            lang: reading.lang.clone(),
            model: self.model.0.clone(),
            verdict: None,
        };
        if let Some((intent, similarity)) = self.labelled_before(vector) {
            return Classification {
                intent: Some(intent),
                risk: intent.risk(),
                confidence: similarity,
                ..best
            };
        }
        let outcome = if !self.speaks(&reading.lang) {
            Outcome::UnsupportedLanguage
        } else if self.head.rejects(&ranking) {
            Outcome::Unknown
        } else {
            Outcome::Intent
        };
        let risk = best.intent.map_or(Risk::Normal, Intent::risk);
        Classification {
            outcome,
            risk,
            ..best
        }
    }

    /// The intent that a person gave to (nearly) the same words, the latest where several did, and their similarity.
    fn labelled_before(&self, vector: &Vector) -> Option<(Intent, f64)> {
        let desk = self
            .examples
            .iter()
            .rev()
            .filter(|(e, _)| e.origin == Origin::Desk);
        desk.map(|(e, v)| (e.intent, f64::from(v.cosine(vector))))
            .find(|(_, similarity)| *similarity >= SAME_WORDS)
            .map(|(intent, similarity)| (intent, similarity.min(1.0)))
    }

    /// A language that was recognised and that no example is written in.
    fn speaks(&self, lang: &str) -> bool {
        lang == language::UNDETERMINED || self.examples.iter().any(|(e, _)| e.lang == lang)
    }

    /// The `k` labelled examples nearest to `vector`, nearest first.
    pub fn why(&self, vector: &Vector, k: usize) -> Vec<Neighbour> {
        let mut near: Vec<(f32, &Example)> = self
            .examples
            .iter()
            .map(|(e, v)| (v.cosine(vector), e))
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0));
        near.into_iter()
            .take(k)
            .map(|(similarity, e)| Neighbour {
                text: e.text.clone(),
                intent: e.intent,
                similarity: f64::from(similarity),
            })
            .collect()
    }

    /// The `k` examples of `intent` nearest to `vector`, nearest first, each with its cosine.
    pub fn why_of(&self, vector: &Vector, intent: Intent, k: usize) -> Vec<(&Example, f64)> {
        let of_intent = self.examples.iter().filter(|(e, _)| e.intent == intent);
        let mut near: Vec<(&Example, f64)> = of_intent
            .map(|(e, v)| (e, f64::from(v.cosine(vector))))
            .collect();
        near.sort_by(|a, b| b.1.total_cmp(&a.1));
        near.truncate(k);
        near
    }

    /// The ids of what can be unlearnt.
    pub fn desk_examples(&self) -> HashSet<String> {
        self.examples
            .iter()
            .filter_map(|(e, _)| e.id.clone())
            .collect()
    }

    /// Adds a labelled example; the next `classify` uses it.
    pub fn learn(&mut self, example: Example, vector: Vector) {
        self.head.add(example.intent.index(), &vector);
        self.examples.push((example, vector));
    }

    /// Takes back what `learn` added under the same id. False where there is none.
    pub fn unlearn(&mut self, id: &str) -> bool {
        let Some(at) = self
            .examples
            .iter()
            .position(|(e, _)| e.id.as_deref() == Some(id))
        else {
            return false;
        };
        let (example, vector) = self.examples.remove(at);
        self.head.remove(example.intent.index(), &vector);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::{Embedder, HashEmbedder};

    fn trained() -> (Classifier, HashEmbedder) {
        let mut embedder = HashEmbedder::default();
        let examples = [
            ("where is my parcel", "logistics.where_is_order"),
            ("how much is it", "price.ask"),
        ];
        let rows = examples
            .iter()
            .map(|(text, key)| {
                (
                    Example::built_in(text, "en", Intent::from_key(key).unwrap()),
                    embed(&mut embedder, text),
                )
            })
            .collect();
        (Classifier::train(embedder.model().clone(), rows), embedder)
    }

    fn embed(embedder: &mut HashEmbedder, text: &str) -> Vector {
        embedder.embed(&[text]).unwrap().remove(0)
    }

    #[test]
    fn a_correction_is_felt_at_the_next_message_and_taken_back_bit_for_bit() {
        let (mut classifier, mut embedder) = trained();
        let before = classifier.head().clone();
        let refund = Intent::from_key("refund.request").unwrap();
        let text = "gimme my coins back";
        let vector = embed(&mut embedder, text);
        let reading = Reading::of(&crate::text::sanitise(text));
        assert_ne!(classifier.classify(&reading, &vector).intent, Some(refund));
        let example = Example {
            id: Some("1".into()),
            ..Example::built_in(text, "en", refund)
        };
        classifier.learn(example, vector.clone());
        assert_eq!(classifier.classify(&reading, &vector).intent, Some(refund));
        assert!(classifier.unlearn("1"));
        assert_eq!(*classifier.head(), before);
    }

    #[test]
    fn the_reason_is_the_nearest_labelled_example() {
        let (classifier, mut embedder) = trained();
        let why = classifier.why(&embed(&mut embedder, "where is my parcel now"), 1);
        assert_eq!(why[0].text.as_str(), "where is my parcel");
    }

    #[test]
    fn what_has_no_words_is_not_embedded() {
        let reading = Reading::of(&crate::text::sanitise("😂😂 123 https://a.example/b"));
        assert_eq!(Classifier::wordless(&reading).outcome, Outcome::NonText);
    }
}
