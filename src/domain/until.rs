//! Points in time as people write them.

use jiff::{SignedDuration, Timestamp};

/// A span from `now` (`45m`, `3h`, `2d`) or an RFC 3339 time; `None` where it is neither.
pub fn until(text: &str, now: Timestamp) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let amount: i64 = digits.parse().ok()?;
    let seconds = match &text[digits.len()..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let span = amount.checked_mul(seconds).map(SignedDuration::from_secs)?;
    now.checked_add(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_points_in_time_are_understood_and_nonsense_is_not() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(until("3h", now).unwrap().as_second(), 10_800);
        assert_eq!(until("1970-01-01T00:01:00Z", now).unwrap().as_second(), 60);
        for wrong in [
            "",
            "h",
            "3x",
            "99999999999999999999d",
            "9223372036854775807d",
        ] {
            assert!(until(wrong, now).is_none(), "{wrong}");
        }
    }
}
