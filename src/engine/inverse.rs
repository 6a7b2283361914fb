//! How an act is taken back, as plain values that can be written down.
//!
//! The one rule: what is written down is enough to restore what was there, with nothing guessed.

use crate::domain::{Classification, Intent, Scored, Status};
use crate::store::Example;
use anyhow::Context;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How to take an act back. Stored as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub(super) enum Inverse {
    /// Back to this status.
    Status {
        status: String,
        until_ms: Option<i64>,
    },
    /// Forget the example and restore the prediction as it was.
    Label {
        example: Option<String>,
        /// What the message had taught before; its text is the message's.
        replaced: Vec<StoredExample>,
        message: String,
        before: Box<StoredClassification>,
    },
    /// Put back the draft that a person wrote and a template replaced.
    Draft { text: String },
    /// Recall the reply; its text becomes the draft again.
    Recall { outgoing: String },
}

/// A label as plain values, so that an inverse can be written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredExample {
    pub(super) id: String,
    pub(super) lang: String,
    pub(super) intent: String,
    pub(super) at_ms: i64,
}

/// A classification as plain values, so that an inverse can be written down.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct StoredClassification {
    outcome: String,
    intent: Option<String>,
    risk: String,
    confidence: f64,
    margin: f64,
    top: Vec<(String, f64)>,
    lang: String,
    model: String,
    verdict: Option<String>,
}

impl From<&Example> for StoredExample {
    fn from(e: &Example) -> Self {
        Self {
            id: e.id.clone(),
            lang: e.lang.clone(),
            intent: e.intent.key().to_owned(),
            at_ms: e.at.as_millisecond(),
        }
    }
}

pub(super) fn stored_status(status: &str, until_ms: Option<i64>) -> anyhow::Result<Status> {
    Ok(match (status, until_ms) {
        ("open", _) => Status::Open,
        ("done", _) => Status::Done,
        ("snoozed", Some(ms)) => Status::Snoozed {
            until: Timestamp::from_millisecond(ms)?,
        },
        _ => anyhow::bail!("the undo log is damaged: no status `{status}`"),
    })
}

impl From<&Classification> for StoredClassification {
    fn from(c: &Classification) -> Self {
        Self {
            outcome: c.outcome.to_string(),
            intent: c.intent.map(|i| i.key().to_owned()),
            risk: c.risk.to_string(),
            confidence: c.confidence,
            margin: c.margin,
            top: c
                .top
                .iter()
                .map(|s| (s.intent.key().to_owned(), s.score))
                .collect(),
            lang: c.lang.clone(),
            model: c.model.clone(),
            verdict: c.verdict.map(|v| v.to_string()),
        }
    }
}

impl StoredClassification {
    pub(super) fn into_domain(self) -> anyhow::Result<Classification> {
        let intent =
            |key: &str| Intent::from_key(key).with_context(|| format!("no intent `{key}`"));
        Ok(Classification {
            outcome: self.outcome.parse()?,
            intent: self.intent.as_deref().map(intent).transpose()?,
            risk: self.risk.parse()?,
            confidence: self.confidence,
            margin: self.margin,
            top: self
                .top
                .iter()
                .map(|(key, score)| {
                    Ok(Scored {
                        intent: intent(key)?,
                        score: *score,
                    })
                })
                .collect::<anyhow::Result<_>>()?,
            lang: self.lang,
            model: self.model,
            verdict: self.verdict.map(|v| v.parse()).transpose()?,
        })
    }
}
