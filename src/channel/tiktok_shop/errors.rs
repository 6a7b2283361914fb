//! From a TikTok Shop reply to its data, or to what a caller should do instead.
//!
//! Source of the codes: platforms.md 2.4. Codes are compared whole, never by how they begin: 36009002 (too fast) and
//! 36009004 (many things) share their digits.
//!
//! May use: `http`, `text`, serde_json. The one rule: a send is refused only where the platform says so in so many
//! words; where it does not, the outcome is ambiguous.

use super::wire::{Envelope, parse};
use crate::channel::{ChannelError, Detail};
use crate::http::{HttpError, Kind, Reply, Verdict};
use crate::text::{SafeText, sanitise};
use jiff::SignedDuration;
use serde_json::Value;

/// Characters of a platform's message that are kept.
const MAX_MESSAGE: usize = 600;
/// Beyond this the clock, and not the secret, is what a refused signature is about: the smaller of the platform's two tolerances.
const SUSPICIOUS_SKEW: SignedDuration = SignedDuration::from_secs(30);

/// Why a call gave no data.
#[derive(Debug)]
pub enum Failure {
    /// The access token has run out: refresh it and ask once more.
    Expired(Detail),
    Other(ChannelError),
}

impl From<Failure> for ChannelError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Expired(detail) => Self::Unauthorized(detail),
            Failure::Other(error) => error,
        }
    }
}

/// Whether the HTTP layer should try again. The platform hides this in the body of a 200.
pub fn judge(reply: &Reply) -> Verdict {
    let by_status = Verdict::by_status(reply);
    if by_status != Verdict::Answer {
        return by_status;
    }
    match parse::<Envelope>(&reply.body).map(|envelope| envelope.code) {
        Ok(36009002) => Verdict::Busy,
        Ok(code) if is_passing(code) => Verdict::Failing,
        // A body that ends too early.
        Err(_) if reply.status == 200 => Verdict::Failing,
        _ => Verdict::Answer,
    }
}

fn is_passing(code: i64) -> bool {
    matches!(
        code,
        36009003 | 36009007 | 10002014 | 10002015 | 10037002..=10037004 | 10006402 | 33001002
    )
}

/// The `data` of a reply.
pub fn data(kind: Kind, reply: &Reply) -> Result<Value, Failure> {
    let envelope: Envelope = match parse(&reply.body) {
        Ok(envelope) => envelope,
        Err(problem) => return Err(without_envelope(kind, reply, &problem.to_string())),
    };
    if envelope.code == 0 && (200..300).contains(&reply.status) {
        return Ok(envelope.data);
    }
    let detail = Detail {
        code: Some(envelope.code),
        message: message(&envelope, reply.status),
        request_id: (!envelope.request_id.is_empty())
            .then(|| sanitise(&envelope.request_id).one_line(80)),
    };
    Err(classify(
        reply,
        envelope.code,
        &envelope.message.to_lowercase(),
        detail,
    ))
}

fn message(envelope: &Envelope, status: u16) -> SafeText {
    if envelope.message.trim().is_empty() {
        return sanitise(&format!("HTTP status {status}"));
    }
    sanitise(&envelope.message).one_line(MAX_MESSAGE)
}

fn classify(reply: &Reply, code: i64, words: &str, detail: Detail) -> Failure {
    let error = match (code, reply.status) {
        (36009002, _) | (_, 429) => ChannelError::RateLimited {
            retry_after: reply.retry_after,
        },
        (105002, _) => return Failure::Expired(detail),
        // Scope missing; caller's address not on the list; shop or seller account disabled.
        (105005 | 36009033 | 36009043 | 36009044, _) => ChannelError::NotPermitted(detail),
        // Token or cipher mismatched; authorisation code invalid.
        (101000 | 36004004, _) => ChannelError::Unauthorized(detail),
        (106001, _) => signature(reply.skew, detail),
        (36009004, _) => return by_words(reply, words, detail),
        (_, 500..) => ChannelError::Ambiguous(detail),
        (code, _) if is_passing(code) => ChannelError::Ambiguous(detail),
        (_, 401) => return Failure::Expired(detail),
        (_, 403) => ChannelError::NotPermitted(detail),
        _ => ChannelError::Rejected(detail),
    };
    Failure::Other(error)
}

/// 36009004 stands for seven troubles; only its text tells which.
fn by_words(reply: &Reply, words: &str, detail: Detail) -> Failure {
    let says = |needle: &str| words.contains(needle);
    Failure::Other(if says("timestamp") {
        ChannelError::ClockSkew(with_skew(reply.skew, detail))
    } else if says("access_token") || says("access-token") || says("access token") {
        return Failure::Expired(detail);
    } else if says("app_key") || says("app key") {
        ChannelError::Unauthorized(detail)
    } else if says("signature") || says("'sign'") || says("`sign`") {
        signature(reply.skew, detail)
    } else {
        ChannelError::Rejected(detail)
    })
}

/// A wrong signature comes from a wrong secret or from a wrong clock.
fn signature(skew: Option<SignedDuration>, detail: Detail) -> ChannelError {
    if skew.is_some_and(|skew| skew.abs() > SUSPICIOUS_SKEW) {
        ChannelError::ClockSkew(with_skew(skew, detail))
    } else {
        ChannelError::Unauthorized(detail)
    }
}

/// Says by how much our clock is off, if the reply told the time.
fn with_skew(skew: Option<SignedDuration>, detail: Detail) -> Detail {
    let Some(seconds) = skew
        .map(|skew| skew.as_secs())
        .filter(|seconds| *seconds != 0)
    else {
        return detail;
    };
    let direction = if seconds > 0 { "behind" } else { "ahead of" };
    let text = format!(
        "{}; this computer's clock is {} s {direction} the platform's: set it by NTP",
        detail.message,
        seconds.unsigned_abs()
    );
    Detail {
        message: sanitise(&text),
        ..detail
    }
}

fn without_envelope(kind: Kind, reply: &Reply, problem: &str) -> Failure {
    let detail = Detail::new(&format!(
        "HTTP status {} with {} bytes that are not the platform's JSON ({problem})",
        reply.status,
        reply.body.len()
    ));
    Failure::Other(match (reply.status, kind) {
        (429, _) => ChannelError::RateLimited {
            retry_after: reply.retry_after,
        },
        (401, _) => return Failure::Expired(detail),
        (403, _) => ChannelError::NotPermitted(detail),
        (408 | 500.., _) => ChannelError::Ambiguous(detail),
        (200..=299, Kind::Send) => ChannelError::Ambiguous(detail),
        (400..=499, Kind::Send) => ChannelError::Rejected(detail),
        // A redirection is never followed, so the platform itself did not see a send.
        (300..=399, Kind::Send) => ChannelError::Rejected(detail),
        _ => ChannelError::Protocol(detail),
    })
}

/// The reply with `secrets` struck out, since platforms echo what they refuse.
pub fn without_secrets(mut reply: Reply, secrets: &[&str]) -> Reply {
    let mut body = String::from_utf8_lossy(&reply.body).into_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        body = body.replace(secret, "***");
    }
    reply.body = body.into_bytes();
    reply
}

/// No reply at all.
pub fn from_http(kind: Kind, error: HttpError) -> ChannelError {
    match error {
        HttpError::Paused { retry_after } => ChannelError::RateLimited {
            retry_after: Some(retry_after),
        },
        HttpError::NotSent(what) => ChannelError::NotSent(Detail::new(what.as_str())),
        HttpError::TooLarge { .. } if kind == Kind::Read => {
            ChannelError::TooLarge(Detail::new(&error.to_string()))
        }
        HttpError::Unclear(_) | HttpError::TooLarge { .. } => {
            ChannelError::Ambiguous(Detail::new(&error.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn reply(status: u16, body: &str, skew: i64) -> Reply {
        Reply {
            status,
            body: body.as_bytes().to_vec(),
            retry_after: Some(Duration::from_secs(9)),
            skew: Some(SignedDuration::from_secs(skew)),
        }
    }

    /// The name of what a reply is taken for.
    fn verdict(kind: Kind, status: u16, body: &str, skew: i64) -> &'static str {
        match data(kind, &reply(status, body, skew)) {
            Ok(_) => "data",
            Err(Failure::Expired(_)) => "expired",
            Err(Failure::Other(error)) => match error {
                ChannelError::RateLimited { .. } => "rate",
                ChannelError::Unauthorized(_) => "unauthorized",
                ChannelError::NotPermitted(_) => "not permitted",
                ChannelError::ClockSkew(_) => "clock",
                ChannelError::Rejected(_) => "rejected",
                ChannelError::NotSent(_) => "not sent",
                ChannelError::Ambiguous(_) => "ambiguous",
                ChannelError::Protocol(_) => "protocol",
                ChannelError::TooLarge(_) => "too large",
            },
        }
    }

    fn coded(status: u16, code: i64, message: &str) -> &'static str {
        let body =
            serde_json::json!({"code": code, "message": message, "request_id": "R1"}).to_string();
        verdict(Kind::Read, status, &body, 0)
    }

    #[test]
    fn every_documented_code_has_its_class() {
        assert_eq!(coded(200, 0, "Success"), "data");
        assert_eq!(coded(401, 105002, "Expired credentials"), "expired");
        assert_eq!(coded(401, 105005, "Access denied"), "not permitted");
        assert_eq!(coded(200, 101000, "x"), "unauthorized");
        assert_eq!(coded(200, 36004004, "x"), "unauthorized");
        assert_eq!(coded(200, 106001, "sign invalid"), "unauthorized");
        assert_eq!(coded(429, 36009002, "too many requests"), "rate");
        assert_eq!(coded(200, 36009002, "too many requests"), "rate");
        assert_eq!(coded(200, 36009003, "internal"), "ambiguous");
        assert_eq!(coded(504, 36009007, "timeout"), "ambiguous");
        assert_eq!(coded(404, 36009009, "path"), "rejected");
        assert_eq!(coded(200, 36009033, "ip"), "not permitted");
        assert_eq!(coded(200, 98001004, "parameter X invalid"), "rejected");
    }

    #[test]
    fn codes_that_begin_with_105_or_360_are_no_token_errors_as_such() {
        assert_eq!(coded(200, 105999, "sensitive words"), "rejected");
        assert_eq!(coded(200, 36009022, "wrong body format"), "rejected");
    }

    #[test]
    fn the_overloaded_code_is_told_apart_by_its_words() {
        let by_words = |message| coded(400, 36009004, message);
        assert_eq!(by_words("Invalid timestamp, it is too old"), "clock");
        assert_eq!(by_words("invalid app_key"), "unauthorized");
        assert_eq!(by_words("Invalid x-tts-access-token header"), "expired");
        assert_eq!(by_words("access_token is invalid"), "expired");
        assert_eq!(by_words("missing signature"), "unauthorized");
        assert_eq!(by_words("Unexpected identifier: shop_cipher"), "rejected");
        assert_eq!(by_words("invalid param error"), "rejected");
    }

    #[test]
    fn a_refused_signature_with_a_wrong_clock_names_the_clock() {
        let body = r#"{"code":106001,"message":"sign invalid"}"#;
        assert_eq!(verdict(Kind::Read, 401, body, 400), "clock");
        let Err(Failure::Other(error)) = data(Kind::Read, &reply(401, body, -400)) else {
            panic!()
        };
        assert!(error.to_string().contains("400 s ahead of"), "{error}");
    }

    #[test]
    fn a_broken_answer_leaves_a_send_unclear_and_spoils_a_read() {
        assert_eq!(verdict(Kind::Send, 200, r#"{"code":0,"da"#, 0), "ambiguous");
        assert_eq!(verdict(Kind::Read, 200, r#"{"code":0,"da"#, 0), "protocol");
        assert_eq!(verdict(Kind::Send, 502, "<html>", 0), "ambiguous");
        assert_eq!(verdict(Kind::Send, 404, "<html>", 0), "rejected");
    }

    #[test]
    fn a_refusal_keeps_the_platforms_words_code_and_request() {
        let body =
            r#"{"code":21039001,"message":"Sensitive \u001b[31mwords","request_id":"2026ABC"}"#;
        let Err(Failure::Other(error)) = data(Kind::Send, &reply(200, body, 0)) else {
            panic!()
        };
        assert_eq!(
            error.to_string(),
            "refused: Sensitive \u{FFFD}words (code 21039001, request 2026ABC)"
        );
    }
}
