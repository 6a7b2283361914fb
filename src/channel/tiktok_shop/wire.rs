//! TikTok Shop's JSON, read tolerantly.
//!
//! Names of fields: platforms.md 2.2, 2.6–2.8. Unknown fields are ignored and unknown enum values survive as text. Lists
//! are read item by item, so that one unreadable item does not spoil its page. Ids may come as text or number.
//!
//! May use: serde, `text`. The one rule: nothing here decides what a value means; that is the translation's work.

use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

/// What every reply is wrapped in.
#[derive(Debug, Deserialize)]
pub struct Envelope {
    #[serde(deserialize_with = "required_integer")]
    pub code: i64,
    #[serde(default, deserialize_with = "text")]
    pub message: String,
    #[serde(default, deserialize_with = "text")]
    pub request_id: String,
    #[serde(default)]
    pub data: Value,
}

#[derive(Debug, Deserialize)]
pub struct Conversation {
    #[serde(deserialize_with = "required_id")]
    pub id: String,
    #[serde(default, deserialize_with = "integer")]
    pub unread_count: i64,
    #[serde(default = "yes")]
    pub can_send_message: Option<bool>,
    #[serde(default, deserialize_with = "items")]
    pub participants: Vec<Participant>,
    /// Read apart, so that an unreadable message leaves its conversation readable.
    #[serde(default)]
    pub latest_message: Value,
}

#[derive(Debug, Deserialize)]
pub struct Participant {
    #[serde(default, deserialize_with = "text")]
    pub role: String,
    #[serde(default, deserialize_with = "text")]
    pub user_id: String,
    #[serde(default, deserialize_with = "text")]
    pub nickname: String,
}

/// The two fields by which a message is known to be new.
#[derive(Debug, Default, Deserialize)]
pub struct MessageMark {
    #[serde(default, deserialize_with = "text")]
    pub id: String,
    #[serde(default, deserialize_with = "text")]
    pub index: String,
}

#[derive(Debug, Deserialize)]
pub struct Message {
    #[serde(deserialize_with = "required_id")]
    pub id: String,
    /// Unix seconds.
    #[serde(default, deserialize_with = "integer")]
    pub create_time: i64,
    #[serde(default)]
    pub is_visible: Option<bool>,
    #[serde(rename = "type", default, deserialize_with = "text")]
    pub kind: String,
    pub sender: Sender,
    /// A JSON document inside a string.
    #[serde(default, deserialize_with = "text")]
    pub content: String,
    #[serde(default, deserialize_with = "text")]
    pub plaintext: String,
}

#[derive(Debug, Deserialize)]
pub struct Sender {
    #[serde(deserialize_with = "text")]
    pub role: String,
}

/// What is read of a message's `content`.
#[derive(Debug, Default, Deserialize)]
pub struct Content {
    #[serde(default, deserialize_with = "text")]
    pub content: String,
    #[serde(default, deserialize_with = "text")]
    pub order_id: String,
    #[serde(default, deserialize_with = "text")]
    pub product_id: String,
}

/// A reply to send. `content` is a JSON document inside a string, too.
#[derive(Debug, Serialize)]
pub struct NewMessage<'a> {
    #[serde(rename = "type")]
    pub kind: &'a str,
    pub content: String,
    pub sender_role: &'a str,
}

#[derive(Debug, Deserialize)]
pub struct Order {
    #[serde(deserialize_with = "required_id")]
    pub id: String,
    #[serde(default, deserialize_with = "text")]
    pub status: String,
    #[serde(default, deserialize_with = "text")]
    pub user_id: String,
    /// Unix seconds, like all below.
    #[serde(default, deserialize_with = "integer")]
    pub create_time: i64,
    #[serde(default, deserialize_with = "integer")]
    pub shipping_due_time: i64,
    #[serde(default, deserialize_with = "integer")]
    pub rts_sla_time: i64,
    #[serde(default, deserialize_with = "integer")]
    pub tts_sla_time: i64,
    #[serde(default, deserialize_with = "text")]
    pub tracking_number: String,
    #[serde(default, deserialize_with = "text")]
    pub shipping_provider: String,
    #[serde(default)]
    pub payment: Option<Payment>,
    #[serde(default, deserialize_with = "items")]
    pub line_items: Vec<LineItem>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Payment {
    #[serde(default, deserialize_with = "text")]
    pub currency: String,
    #[serde(default, deserialize_with = "text")]
    pub total_amount: String,
}

#[derive(Debug, Deserialize)]
pub struct LineItem {
    #[serde(default, deserialize_with = "text")]
    pub product_name: String,
    #[serde(default, deserialize_with = "text")]
    pub tracking_number: String,
    #[serde(default, deserialize_with = "text")]
    pub shipping_provider_name: String,
}

#[derive(Debug, Deserialize)]
pub struct TrackingEvent {
    #[serde(default, deserialize_with = "text")]
    pub description: String,
    #[serde(default, deserialize_with = "integer")]
    pub update_time_millis: i64,
}

/// The `data` of a token call. The two times are absolute Unix seconds, whatever their names say.
#[derive(Deserialize)]
pub struct TokenData {
    #[serde(deserialize_with = "required_id")]
    pub access_token: String,
    #[serde(default, deserialize_with = "integer")]
    pub access_token_expire_in: i64,
    #[serde(deserialize_with = "required_id")]
    pub refresh_token: String,
    #[serde(default, deserialize_with = "integer")]
    pub refresh_token_expire_in: i64,
    #[serde(default, deserialize_with = "text")]
    pub open_id: String,
    #[serde(default, deserialize_with = "text")]
    pub seller_name: String,
    #[serde(default, deserialize_with = "text")]
    pub seller_base_region: String,
    #[serde(default, deserialize_with = "items")]
    pub granted_scopes: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct ShopData {
    #[serde(deserialize_with = "required_id")]
    pub id: String,
    #[serde(default, deserialize_with = "text")]
    pub name: String,
    #[serde(default, deserialize_with = "text")]
    pub region: String,
    #[serde(deserialize_with = "required_id")]
    pub cipher: String,
}

/// `next_page_token`, decoded as it is; an empty one means the end.
pub fn next_page(data: &Value) -> Option<String> {
    data.get("next_page_token")
        .and_then(Value::as_str)
        .filter(|token| !token.is_empty())
        .map(str::to_owned)
}

/// Reads a JSON object, if need be after mending what some servers get wrong: invalid UTF-8, half surrogate pairs, raw controls.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    // Serde would take a list for a struct.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(serde::de::Error::custom("no object"));
    }
    serde_json::from_slice(bytes).or_else(|error| {
        let text = String::from_utf8_lossy(bytes);
        match mend(&text) {
            Cow::Borrowed(_) if matches!(text, Cow::Borrowed(_)) => Err(error),
            mended => serde_json::from_str(&mended),
        }
    })
}

/// Replaces half surrogate pairs by U+FFFD and escapes raw control characters inside strings.
fn mend(json: &str) -> Cow<'_, str> {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    let mut in_string = false;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '\\' if in_string => {
                let (taken, half) = escape_length(rest);
                out.push_str(if half { "\\ufffd" } else { &rest[..taken] });
                taken
            }
            c if in_string && c < ' ' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
                1
            }
            c => {
                in_string ^= c == '"';
                out.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    if out == json {
        Cow::Borrowed(json)
    } else {
        Cow::Owned(out)
    }
}

/// Bytes of the escape at the start of `text`, and whether it is half a surrogate pair.
fn escape_length(text: &str) -> (usize, bool) {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(digits, 16).ok()
    };
    match unit(0) {
        Some(0xD800..=0xDBFF) if matches!(unit(6), Some(0xDC00..=0xDFFF)) => (12, false),
        Some(0xD800..=0xDFFF) => (6, true),
        Some(_) => (6, false),
        // A backslash and the character after it, which may be a quote.
        None => (1 + text.chars().nth(1).map_or(0, char::len_utf8), false),
    }
}

fn yes() -> Option<bool> {
    Some(true)
}

/// Text, number or truth value as text; null as the empty text.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null => String::new(),
        other => other.to_string(),
    })
}

fn required_id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(serde::de::Error::custom("an id is missing")),
    }
}

/// A whole number, also inside a string; 0 for anything else.
fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number.as_i64().unwrap_or_default(),
        Value::String(text) => text.trim().parse().unwrap_or_default(),
        _ => 0,
    })
}

/// A number, or a number as text. Anything else is an error: what cannot be read must not pass for 0, which is success.
fn required_integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = value.as_str().map(|text| text.trim().parse().ok());
    text.unwrap_or_else(|| value.as_i64())
        .ok_or_else(|| serde::de::Error::custom("no whole number"))
}

/// The readable items of a list.
fn items<'de, D: Deserializer<'de>, T: DeserializeOwned>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Array(items) => items
            .into_iter()
            .filter_map(|item| serde_json::from_value(item).ok())
            .collect(),
        _ => Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_beyond_53_bits_survive_as_text_and_as_number() {
        for json in [
            r#"{"id":"7494560109732334261"}"#,
            r#"{"id":7494560109732334261}"#,
        ] {
            assert_eq!(
                parse::<Conversation>(json.as_bytes()).unwrap().id,
                "7494560109732334261"
            );
        }
    }

    #[test]
    fn null_and_missing_and_unknown_fields_are_no_trouble() {
        let json = r#"{"id":"1","participants":null,"unread_count":null,"new":{"a":[1]},"can_send_message":null}"#;
        let conversation: Conversation = parse(json.as_bytes()).unwrap();
        assert!(conversation.participants.is_empty());
    }

    #[test]
    fn half_a_surrogate_pair_does_not_spoil_the_page() {
        let json = br#"{"content":"a\ud83d b\ude00 c\ud83d\ude00 \\ud83d \"x"}"#;
        let content: Content = parse(json).unwrap();
        assert_eq!(content.content, "a\u{FFFD} b\u{FFFD} c😀 \\ud83d \"x");
    }

    #[test]
    fn raw_controls_and_invalid_utf8_are_mended() {
        let content: Content = parse(b"{\"content\":\"a\0b\nc\xFFd\"}").unwrap();
        assert_eq!(content.content, "a\0b\nc\u{FFFD}d");
    }

    #[test]
    fn an_envelope_without_a_code_is_none() {
        assert!(parse::<Envelope>(b"{}").is_err());
        assert!(parse::<Envelope>(b"[1]").is_err());
        assert!(parse::<Envelope>(b"{\"code\":\"0\"}").is_ok());
    }

    proptest::proptest! {
        #[test]
        fn mending_never_panics_and_leaves_good_json_alone(text in ".*", junk in "[\\\\u\"d8c0-9a-f{}:]{0,60}") {
            let good = serde_json::to_string(&text).unwrap();
            let mended = mend(&good);
            proptest::prop_assert_eq!(mended.as_ref(), good.as_str());
            mend(&junk);
        }
    }
}
