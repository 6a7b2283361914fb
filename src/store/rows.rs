//! Between SQL and the domain: texts, times, words, and the columns of the rows that several queries share.

use super::StoreError;
use crate::domain::{
    Account, AccountId, ChannelKind, Classification, Conversation, ConversationId, Intent,
    RemoteId, Scored, Source, Status, UnknownName,
};
use crate::text::RawText;
use jiff::Timestamp;
use std::borrow::Cow;
use std::str::FromStr;

/// Unix milliseconds.
pub fn ms(at: Timestamp) -> i64 {
    at.as_millisecond()
}

pub fn time(ms: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(ms).map_err(|_| StoreError::Unreadable {
        what: format!("the time {ms}"),
    })
}

pub fn maybe_time(ms: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    ms.map(time).transpose()
}

/// One of an enum's words.
pub fn word<T: FromStr<Err = UnknownName>>(text: &str) -> Result<T, StoreError> {
    text.parse()
        .map_err(|unknown: UnknownName| StoreError::Unreadable {
            what: format!("a {}", unknown.what),
        })
}

/// What a stranger wrote goes in and out as bytes. A preview may be cut inside a character.
pub fn raw(bytes: Vec<u8>) -> RawText {
    RawText::new(String::from_utf8(bytes).unwrap_or_else(|e| {
        let valid = e.utf8_error().valid_up_to();
        let mut bytes = e.into_bytes();
        bytes.truncate(valid);
        String::from_utf8_lossy(&bytes).into_owned()
    }))
}

pub fn maybe_raw(bytes: Option<Vec<u8>>) -> Option<RawText> {
    bytes.map(raw)
}

pub fn bytes(text: &RawText) -> &[u8] {
    text.expose().as_bytes()
}

/// A name from outside in a TEXT column. PostgreSQL refuses U+0000 there, so it is written `\0`, and `\` as `\\`.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.contains(['\0', '\\']) {
        Cow::Owned(text.replace('\\', r"\\").replace('\0', r"\0"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Undoes [`plain`].
pub fn unplain(text: String) -> String {
    if !text.contains('\\') {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.push(if chars.next() == Some('0') {
                '\0'
            } else {
                '\\'
            }),
            c => out.push(c),
        }
    }
    out
}

pub fn key(id: &RemoteId) -> Cow<'_, str> {
    plain(id.as_str())
}

pub fn maybe_key(id: Option<&RemoteId>) -> Option<Cow<'_, str>> {
    id.map(key)
}

pub fn remote(text: String) -> RemoteId {
    RemoteId::new(unplain(text))
}

#[derive(sqlx::FromRow)]
pub struct AccountRow {
    id: String,
    kind: String,
    name: Vec<u8>,
    remote_id: String,
    base_url: Option<String>,
    created_at: i64,
}

impl AccountRow {
    pub fn read(self) -> Result<Account, StoreError> {
        Ok(Account {
            id: AccountId::from_stored(self.id),
            kind: word(&self.kind)?,
            name: raw(self.name),
            remote_id: remote(self.remote_id),
            base_url: self.base_url,
            created_at: time(self.created_at)?,
        })
    }
}

/// The columns of a [`ConversationRow`], of `conversation c` and its `account a`.
macro_rules! conversation_columns {
    () => {
        "c.id, c.account_id, a.kind AS channel, c.remote_id, c.buyer_name, c.buyer_remote_id, c.surface, \
         c.source_kind, c.source_ref, c.product_id, c.can_reply, c.status, c.snoozed_until, c.waiting_since, \
         c.last_message_at"
    };
}
pub(in crate::store) use conversation_columns;

#[derive(sqlx::FromRow)]
pub struct ConversationRow {
    id: String,
    account_id: String,
    channel: String,
    remote_id: String,
    buyer_name: Vec<u8>,
    buyer_remote_id: Option<String>,
    surface: String,
    source_kind: String,
    source_ref: Option<String>,
    product_id: Option<String>,
    can_reply: bool,
    status: String,
    snoozed_until: Option<i64>,
    waiting_since: Option<i64>,
    last_message_at: i64,
}

impl ConversationRow {
    pub fn read(self) -> Result<Conversation, StoreError> {
        Ok(Conversation {
            id: ConversationId::from_stored(self.id),
            account_id: AccountId::from_stored(self.account_id),
            channel: word::<ChannelKind>(&self.channel)?,
            remote_id: remote(self.remote_id),
            buyer_name: raw(self.buyer_name),
            buyer_remote_id: self.buyer_remote_id.map(remote),
            surface: word(&self.surface)?,
            source: Source {
                kind: word(&self.source_kind)?,
                reference: self.source_ref.map(remote),
            },
            product: self.product_id.map(remote),
            can_reply: self.can_reply,
            status: status(&self.status, self.snoozed_until)?,
            waiting_since: maybe_time(self.waiting_since)?,
            last_message_at: time(self.last_message_at)?,
        })
    }
}

pub fn status(name: &str, snoozed_until: Option<i64>) -> Result<Status, StoreError> {
    match (name, snoozed_until) {
        ("open", _) => Ok(Status::Open),
        ("done", _) => Ok(Status::Done),
        ("snoozed", Some(until)) => Ok(Status::Snoozed {
            until: time(until)?,
        }),
        _ => Err(StoreError::Unreadable {
            what: "a Status".to_owned(),
        }),
    }
}

/// The columns of a [`PredictionRow`], of `prediction p`.
macro_rules! prediction_columns {
    () => {
        "p.outcome, p.intent, p.risk, p.confidence, p.margin, p.top, p.lang AS predicted_lang, p.model, p.verdict"
    };
}
pub(in crate::store) use prediction_columns;

/// A prediction, all `None` where a left join found none.
#[derive(sqlx::FromRow)]
pub struct PredictionRow {
    outcome: Option<String>,
    intent: Option<String>,
    risk: Option<String>,
    confidence: Option<f64>,
    margin: Option<f64>,
    top: Option<String>,
    predicted_lang: Option<String>,
    model: Option<String>,
    verdict: Option<String>,
}

impl PredictionRow {
    pub fn read(self) -> Result<Option<Classification>, StoreError> {
        let (Some(outcome), Some(risk)) = (self.outcome, self.risk) else {
            return Ok(None);
        };
        Ok(Some(Classification {
            outcome: word(&outcome)?,
            intent: self.intent.as_deref().and_then(Intent::from_key),
            risk: word(&risk)?,
            confidence: self.confidence.unwrap_or_default(),
            margin: self.margin.unwrap_or_default(),
            top: top_from_json(&self.top.unwrap_or_default()),
            lang: self.predicted_lang.unwrap_or_default(),
            model: self.model.unwrap_or_default(),
            verdict: self.verdict.as_deref().map(word).transpose()?,
        }))
    }
}

pub fn top_to_json(top: &[Scored]) -> String {
    let pairs: Vec<(&str, f64)> = top.iter().map(|s| (s.intent.key(), s.score)).collect();
    serde_json::to_string(&pairs).unwrap_or_else(|_| "[]".to_owned())
}

/// An intent that this version does not know is left out.
fn top_from_json(json: &str) -> Vec<Scored> {
    let pairs: Vec<(String, f64)> = serde_json::from_str(json).unwrap_or_default();
    pairs
        .into_iter()
        .filter_map(|(key, score)| {
            Some(Scored {
                intent: Intent::from_key(&key)?,
                score,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_nul_and_backslashes_comes_back() {
        for name in ["", "plain", "a\0b", r"a\0b", r"\\", "\\\0\\", "\0"] {
            let stored = plain(name).into_owned();
            assert!(!stored.contains('\0'));
            assert_eq!(unplain(stored), name);
        }
    }

    #[test]
    fn a_preview_cut_inside_a_character_loses_only_that_character() {
        let text = "退款".as_bytes();
        assert_eq!(raw(text[..4].to_vec()).expose(), "退");
    }
}
