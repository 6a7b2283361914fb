//! How long to wait before trying again.
//!
//! May use: std, jiff. The one rule: pure functions; no clock, no randomness of their own except
//! [`random_fraction`].

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// No server may silence an account for longer than this; asked for more, we ask again after it.
const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(1);

/// Full jitter: anything between nothing and `first` doubled with every attempt, never above `longest`.
pub fn back_off(first: Duration, longest: Duration, attempt: u32, jitter: f64) -> Duration {
    let doubled = first.saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1)));
    doubled.min(longest).mul_f64(jitter.clamp(0.0, 1.0))
}

/// A `Retry-After` header: whole seconds, or a date, which is compared with `server_time` since our clock may be
/// off by hours. `None` for a date in the past and for anything that is neither.
pub fn retry_after(value: &str, server_time: Timestamp) -> Option<Duration> {
    let value = value.trim();
    let wait = if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        Duration::try_from(http_date(value)?.duration_since(server_time)).ok()?
    };
    Some(wait.min(LONGEST_RETRY_AFTER)).filter(|wait| !wait.is_zero())
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7; the two obsolete forms are not read).
pub fn http_date(value: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(value.trim()).ok()
}

/// A number in 0..1 from the hasher's random keys: good enough to spread retries, for no crate.
pub fn random_fraction() -> f64 {
    RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_back_off_doubles_up_to_its_limit() {
        let waits: Vec<u64> = (1..9)
            .map(|n| back_off(Duration::from_secs(1), Duration::from_mins(1), n, 1.0).as_secs())
            .collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(
            back_off(
                Duration::from_secs(1),
                Duration::from_mins(1),
                u32::MAX,
                0.5
            )
            .as_secs()
                == 30
        );
        assert!(back_off(Duration::from_secs(1), Duration::from_mins(1), 3, 0.0).is_zero());
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_by_the_servers_clock() {
        assert_eq!(retry_after("7", noon()), Some(Duration::from_secs(7)));
        assert_eq!(
            retry_after("Sun, 22 Nov 2026 12:00:30 GMT", noon()),
            Some(Duration::from_secs(30))
        );
    }

    #[test]
    fn nonsense_in_retry_after_is_ignored_and_a_huge_one_is_cut() {
        for garbage in [
            "",
            "-5",
            "soon",
            "1.5",
            "0",
            "Sun, 22 Nov 2026 11:00:00 GMT",
            "\u{7f}",
            "٣",
        ] {
            assert_eq!(retry_after(garbage, noon()), None, "{garbage:?}");
        }
        for huge in [
            "1000000000000",
            "99999999999999999999999999",
            "Fri, 22 Nov 2999 12:00:00 GMT",
        ] {
            assert_eq!(
                retry_after(huge, noon()),
                Some(LONGEST_RETRY_AFTER),
                "{huge}"
            );
        }
    }

    #[test]
    fn random_fractions_differ_and_stay_between_nothing_and_one() {
        let all: Vec<f64> = (0..100).map(|_| random_fraction()).collect();
        assert!(all.iter().all(|f| (0.0..=1.0).contains(f)));
        assert!(all.windows(2).any(|pair| pair[0] != pair[1]));
    }
}
