//! Figures of the recognition, counted from the rows.

use super::rows::ms;
use super::{Store, StoreError, reading};
use jiff::Timestamp;

/// Rows that are looked at: the newest ones.
const LOOK_AT: i64 = 100_000;

/// What was recognised, and how long each message waited for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recognised {
    pub critical: u64,
    /// Milliseconds from fetched to predicted, ascending.
    waits: Vec<u64>,
}

impl Recognised {
    /// The wait that `percent` of the messages stayed within, in milliseconds; 0 where there are none.
    pub fn percentile(&self, percent: usize) -> u64 {
        let rank = (self.waits.len() * percent).div_ceil(100);
        self.waits.get(rank.saturating_sub(1)).copied().unwrap_or(0)
    }
}

/// Ids sort by time, and of what is pending no more is counted than a look may cost.
const PULSE: &str = "SELECT COALESCE((SELECT MAX(id) FROM event), ''), COALESCE((SELECT MAX(id) FROM message), ''), \
     (SELECT COUNT(*) FROM (SELECT 1 FROM message WHERE pending LIMIT 1000) AS few), \
     (SELECT COUNT(*) FROM (SELECT 1 FROM conversation WHERE snoozed_until <= $1 LIMIT 1) AS ended)";

impl Store {
    /// A word that is another one once something was stored, classified, acted on or has come back from its snooze.
    pub async fn pulse(&self, now: Timestamp) -> Result<String, StoreError> {
        let (event, message, pending, ended): (String, String, i64, i64) = reading!(self, conn => sqlx::query_as(PULSE)
            .bind(ms(now))
            .fetch_one(&mut *conn)
            .await?);
        Ok(format!("{event} {message} {pending} {ended}"))
    }

    /// Of the newest predictions.
    pub async fn recognised(&self) -> Result<Recognised, StoreError> {
        let rows: Vec<(String, i64)> = reading!(self, conn => sqlx::query_as(
            "SELECT p.risk, p.at - m.received_at FROM prediction p JOIN message m ON m.id = p.message_id \
             ORDER BY m.received_at DESC LIMIT $1",
        )
        .bind(LOOK_AT)
        .fetch_all(&mut *conn)
        .await?);
        let critical = rows.iter().filter(|(risk, _)| risk == "critical").count() as u64;
        let mut waits: Vec<u64> = rows
            .into_iter()
            .map(|(_, ms)| u64::try_from(ms).unwrap_or(0))
            .collect();
        waits.sort_unstable();
        Ok(Recognised { critical, waits })
    }
}

#[cfg(test)]
mod tests {
    use super::Recognised;

    #[test]
    fn a_percentile_is_the_wait_that_so_many_stayed_within() {
        let recognised = Recognised {
            critical: 0,
            waits: (1..=100).collect(),
        };
        assert_eq!(
            (recognised.percentile(50), recognised.percentile(95)),
            (50, 95)
        );
        assert_eq!(Recognised::default().percentile(95), 0);
    }
}
