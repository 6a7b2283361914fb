//! How many requests an account may make, and when it was told to wait.
//!
//! May use: std. The one rule: the time comes in as an argument, so that a test needs no clock.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A token bucket that can be paused. Callers wait in the order in which they reserved.
#[derive(Debug)]
pub struct Limiter {
    per_second: f64,
    burst: f64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Below zero: that many callers wait.
    tokens: f64,
    counted_at: Instant,
    paused_until: Option<Instant>,
}

impl Limiter {
    /// `per_second` requests on average, up to `burst` at once.
    pub fn new(per_second: f64, burst: u32, now: Instant) -> Self {
        let burst = f64::from(burst.max(1));
        Self {
            per_second: per_second.max(0.001),
            burst,
            state: Mutex::new(State {
                tokens: burst,
                counted_at: now,
                paused_until: None,
            }),
        }
    }

    /// Takes a place in the queue and says how long to wait for it.
    pub fn reserve(&self, now: Instant) -> Duration {
        let mut state = self.lock();
        let gained = now
            .saturating_duration_since(state.counted_at)
            .as_secs_f64()
            * self.per_second;
        state.tokens = (state.tokens + gained).min(self.burst) - 1.0;
        state.counted_at = now.max(state.counted_at);
        Duration::try_from_secs_f64((-state.tokens).max(0.0) / self.per_second)
            .unwrap_or(Duration::MAX)
    }

    /// Nobody may go before `until`. A shorter pause does not end a longer one.
    pub fn pause(&self, until: Instant) {
        let mut state = self.lock();
        state.paused_until = state.paused_until.max(Some(until));
    }

    /// What is left of the pause.
    pub fn paused_for(&self, now: Instant) -> Duration {
        self.lock()
            .paused_until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_at_once_and_the_rest_one_by_one() {
        let start = Instant::now();
        let limiter = Limiter::new(2.0, 3, start);
        let waits: Vec<u128> = (0..6).map(|_| limiter.reserve(start).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 500, 1000, 1500]);
    }

    #[test]
    fn an_idle_account_gets_its_burst_back_and_no_more() {
        let start = Instant::now();
        let limiter = Limiter::new(1.0, 2, start);
        let later = start + Duration::from_hours(1);
        let waits: Vec<u64> = (0..3).map(|_| limiter.reserve(later).as_secs()).collect();
        assert_eq!(waits, [0, 0, 1]);
    }

    #[test]
    fn over_an_hour_no_more_requests_leave_than_the_rate_allows() {
        let start = Instant::now();
        let limiter = Limiter::new(2.0, 10, start);
        let mut now = start;
        let mut sent = 0;
        while now < start + Duration::from_hours(1) {
            now += limiter.reserve(now);
            sent += 1;
        }
        assert!((7200..=7211).contains(&sent), "{sent}");
    }

    #[test]
    fn the_longer_of_two_pauses_counts() {
        let now = Instant::now();
        let limiter = Limiter::new(1.0, 1, now);
        assert_eq!(limiter.paused_for(now), Duration::ZERO);
        limiter.pause(now + Duration::from_secs(30));
        limiter.pause(now + Duration::from_secs(5));
        assert_eq!(limiter.paused_for(now), Duration::from_secs(30));
        assert_eq!(
            limiter.paused_for(now + Duration::from_secs(31)),
            Duration::ZERO
        );
    }
}
