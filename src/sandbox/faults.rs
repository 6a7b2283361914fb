//! What can go wrong, by name: each [`Fault`] is one way in which the real platform, or the road to it,
//! misbehaves.
//!
//! Names are stable: scripts and tests use them. May use: std, serde. The one rule: a fault hits only the calls that it
//! makes sense for, and nothing else changes.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

macro_rules! faults {
    ($($variant:ident $name:literal $text:literal),+ $(,)?) => {
        /// One way to go wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault { $(#[doc = $text] $variant),+ }

        impl Fault {
            /// All, in the order in which they are listed.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it does, in one line.
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

faults! {
    ExpiredToken "expired_token" "the access token counts as expired (401, 105002) until it is refreshed",
    MissingScope "missing_scope" "customer-service calls are not permitted (401, 105005); orders still are",
    WrongSignature "wrong_signature" "every signed call is refused as wrongly signed (106001)",
    ClockSkew "clock_skew" "the server's clock, and its Date header, are an hour ahead",
    RateLimit "rate_limit" "too many requests (429, 36009002) with Retry-After: 1",
    RateLimitNoHint "rate_limit_no_hint" "too many requests (429, 36009002) without Retry-After",
    ServerError "server_error" "internal error (500, 36009003); a send is not executed",
    SlowResponse "slow_response" "the answer comes 3 s late",
    TruncatedBody "truncated_body" "a read's JSON stops in the middle, under a matching Content-Length",
    WrongJson "wrong_json" "a read answers JSON of another shape",
    ConnectionCut "connection_cut" "the connection is cut in the middle of a read's body",
    DuplicatePage "duplicate_page" "every page of a listing comes twice",
    MovedItem "moved_item" "while paging, a conversation moves to the first page, behind the reader's back",
    UnknownEnum "unknown_enum" "an unknown message type, sender role or order status in each page",
    UnknownField "unknown_field" "extra fields that nobody documented",
    EmptyPage "empty_page" "every page of a listing is preceded by an empty one with a token",
    ErrorIn200 "error_in_200" "HTTP 200 around code 36009003",
    SendLost "send_lost" "a send is executed, and the connection is cut before the answer",
    SendRefused "send_refused" "a send is refused for sensitive words",
    SendTimeout "send_timeout" "a send is not executed, and no answer ever comes",
    HugeMessage "huge_message" "a buyer sends 1 MB of text",
    NulBytes "nul_bytes" "a buyer sends NUL characters",
    RefreshFails "refresh_fails" "refreshing the token is refused (36004004)",
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Fault {
    /// How often it hits where nobody says: a message that a buyer sends is sent once; the rest stays on.
    pub const fn usual_count(self) -> Option<u32> {
        if matches!(self, Self::HugeMessage | Self::NulBytes) {
            Some(1)
        } else {
            None
        }
    }
}

/// A name that no fault has.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no fault {given:?}; the nearest is {nearest}")]
pub struct UnknownFault {
    pub given: String,
    pub nearest: &'static str,
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(given: &str) -> Result<Self, UnknownFault> {
        if let Some(fault) = Self::ALL.iter().find(|f| f.name() == given) {
            return Ok(*fault);
        }
        let likeness = |f: &Fault| strsim::jaro_winkler(f.name(), given);
        let nearest = Self::ALL
            .iter()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
        Err(UnknownFault {
            given: given.to_owned(),
            nearest: nearest.map_or("", |f| f.name()),
        })
    }
}

/// How long a fault stays on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Setting {
    /// How many more times it hits; `None` is until it is switched off.
    left: Option<u32>,
    /// Which switching-on this is, so that a token can be known to be younger.
    epoch: u64,
}

/// Which faults are on. Shared between the server and whoever controls it.
#[derive(Debug, Default)]
pub struct FaultBoard {
    on: Mutex<(u64, BTreeMap<Fault, Setting>)>,
}

impl FaultBoard {
    /// Switches a fault on for the next `count` calls that it makes sense for, or as long as is usual for it.
    pub fn set(&self, fault: Fault, count: Option<u32>) {
        let count = count.or(fault.usual_count());
        let mut board = self.lock();
        board.0 += 1;
        let epoch = board.0;
        if count == Some(0) {
            board.1.remove(&fault);
        } else {
            board.1.insert(fault, Setting { left: count, epoch });
        }
    }

    /// Switches a fault off.
    pub fn clear(&self, fault: Fault) {
        self.lock().1.remove(&fault);
    }

    /// Whether the fault is on, without using it up; the number tells one switching-on from the next.
    pub fn peek(&self, fault: Fault) -> Option<u64> {
        self.lock().1.get(&fault).map(|s| s.epoch)
    }

    /// Whether the fault hits now; uses up one of its counted times.
    pub fn hit(&self, fault: Fault) -> bool {
        let mut board = self.lock();
        let Some(setting) = board.1.get_mut(&fault) else {
            return false;
        };
        if let Some(left) = &mut setting.left {
            *left -= 1;
            if *left == 0 {
                board.1.remove(&fault);
            }
        }
        true
    }

    /// The faults that are on, each with what is left of its count.
    pub fn active(&self) -> Vec<(Fault, Option<u32>)> {
        self.lock()
            .1
            .iter()
            .map(|(fault, s)| (*fault, s.left))
            .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (u64, BTreeMap<Fault, Setting>)> {
        self.on.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_as_its_fault() {
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse::<Fault>(), Ok(*fault));
        }
    }

    #[test]
    fn a_misspelt_name_is_told_the_nearest_one() {
        let error = "rate_limt".parse::<Fault>().unwrap_err();
        assert_eq!(error.nearest, "rate_limit");
        assert!(error.to_string().contains("rate_limt"));
    }

    #[test]
    fn a_counted_fault_wears_off_and_an_uncounted_one_stays() {
        let board = FaultBoard::default();
        board.set(Fault::ServerError, Some(2));
        board.set(Fault::RateLimit, None);
        assert!(board.hit(Fault::ServerError) && board.hit(Fault::ServerError));
        assert!(!board.hit(Fault::ServerError));
        assert!((0..50).all(|_| board.hit(Fault::RateLimit)));
        board.clear(Fault::RateLimit);
        assert!(!board.hit(Fault::RateLimit));
    }
}
