//! The shop day: who writes what, and when.
//!
//! A [`ShopDay`] is an endless script: asked for the next [`Event`], it invents buyers, their orders and
//! their words from the seed alone. About 150 messages wait when it begins; then a live show sends a burst
//! of questions about links and prices; then the day goes on. How fast is the [`Pace`]'s business; what
//! is said, and in which order, is the seed's.
//!
//! May use: rand_chacha, jiff, the text rows. The one rule: the clock decides nothing but timestamps.

mod dice;
mod mix;
pub mod orders;
mod script;
pub mod texts;

pub use dice::Dice;
pub use script::{Event, ShopDay, What};

use orders::Order;

/// How fast the day goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Pace {
    /// The burst within 10 s, about 500 messages within 30 s, then one every 2 s.
    Demo,
    /// The burst within 10 minutes, then one message every 20 s.
    #[default]
    Human,
    /// All 500 messages are there at the beginning; then only reactions, at once. For tests.
    AtOnce,
}

/// Messages that wait when the day begins.
pub const WAITING: usize = 150;
/// Messages of the live show.
pub const BURST: usize = 200;
/// Messages that the first half minute of a demo sees, all told.
pub const OPENING: usize = 500;

impl Pace {
    /// When the buyer's message number `n` comes, in milliseconds from the beginning (negative: before it);
    /// `None` where it never does.
    pub fn at_ms(self, n: usize) -> Option<i64> {
        let (lull, step, later) = match self {
            Self::Demo => (400, 133, 2_000),
            Self::Human => (24_000, 20_000, 20_000),
            Self::AtOnce if n >= OPENING => return None,
            Self::AtOnce => return Some((n as i64 - OPENING as i64) * 40_000),
        };
        let burst_end = (BURST / 8) as i64 * lull;
        let n = n as i64;
        let (waiting, burst, opening) = (WAITING as i64, (WAITING + BURST) as i64, OPENING as i64);
        Some(if n < waiting {
            // Six hours of backlog, denser towards now.
            -(waiting - n) * (waiting - n) * 960
        } else if n < burst {
            // Eight at a time, as after each sentence of the host.
            let k = n - waiting;
            k / 8 * lull + k % 8 * (lull / 20)
        } else if n < opening {
            burst_end + (n - burst) * step
        } else {
            burst_end + (opening - burst) * step + (n - opening) * later
        })
    }

    /// How long a buyer takes to answer, in milliseconds; `fraction` is 0..=99.
    pub fn reaction_ms(self, fraction: i64) -> i64 {
        match self {
            Self::Demo => 1_500 + fraction * 50,
            Self::Human => 8_000 + fraction * 600,
            Self::AtOnce => 0,
        }
    }
}

/// Somebody who writes to the shop.
#[derive(Clone, Debug)]
pub struct Buyer {
    pub nickname: String,
    /// Index into the text groups.
    pub group: usize,
    /// The chat's id of the buyer, useless for orders.
    pub im_user_id: String,
    /// The id that orders carry.
    pub user_id: String,
    pub angry: bool,
    /// False where the platform lets the shop send nothing.
    pub can_receive: bool,
    /// Newest last.
    pub orders: Vec<Order>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_sees_its_150_its_burst_and_its_500_messages_in_half_a_minute() {
        let by = |ms: i64| {
            (0..1000)
                .filter(|n| Pace::Demo.at_ms(*n).unwrap() <= ms)
                .count()
        };
        assert_eq!(by(-1), WAITING);
        assert!(by(10_000) >= WAITING + BURST);
        assert!((480..=520).contains(&by(30_000)), "{}", by(30_000));
    }

    #[test]
    fn messages_come_in_their_order_at_every_pace() {
        for pace in [Pace::Demo, Pace::Human, Pace::AtOnce] {
            let times: Vec<_> = (0..900).map_while(|n| pace.at_ms(n)).collect();
            assert!(times.is_sorted(), "{pace:?}");
        }
    }
}
