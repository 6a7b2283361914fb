//! Times as people read them in a narrow column.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A span in at most four columns: `42s`, `5m`, `3h`, `2d`; negative where it is over.
pub fn span(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let s = seconds.unsigned_abs();
    match s {
        0..=59 => format!("{sign}{s}s"),
        60..=3599 => format!("{sign}{}m", s / 60),
        3600..=86_399 => format!("{sign}{}h", s / 3600),
        86_400..=86_399_999 => format!("{sign}{}d", s / 86_400),
        _ => format!("{sign}∞"),
    }
}

/// When something happened: the hour today, else the day.
pub fn moment(at: Timestamp, now: Timestamp) -> String {
    let zone = TimeZone::system();
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone));
    if at.date() == now.date() {
        at.strftime("%H:%M").to_string()
    } else {
        at.strftime("%m-%d").to_string()
    }
}

/// A point in the future: the hour today, else day and hour.
pub fn until(at: Timestamp, now: Timestamp) -> String {
    let zone = TimeZone::system();
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone));
    if at.date() == now.date() {
        at.strftime("%H:%M").to_string()
    } else {
        at.strftime("%m-%d %H:%M").to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_never_takes_more_than_five_columns() {
        for (seconds, shown) in [
            (0, "0s"),
            (-59, "-59s"),
            (60, "1m"),
            (3_599, "59m"),
            (-7_200, "-2h"),
            (86_400 * 400, "400d"),
            (i64::MAX, "∞"),
            (i64::MIN, "-∞"),
        ] {
            assert_eq!(span(seconds), shown);
            assert!(shown.chars().count() <= 5);
        }
    }
}
