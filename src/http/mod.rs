//! The one HTTP layer that every channel shares, and the only folder that names reqwest.
//!
//! A call is given as a closure that builds the request, because every attempt needs a fresh time stamp and
//! signature. Reads are repeated when they fail for a passing reason. Sends are repeated only where they
//! provably never left (refused, DNS, TLS, asked to slow down); any other failure of a send is reported as
//! [`HttpError::Unclear`], and somebody must look.
//!
//! - [`HttpClient`] (`client.rs`): attempts, pauses, and what reqwest's errors mean
//! - [`download`]: one big file into a writer
//! - `limit`: how many requests an account may make, and when it was told to wait
//! - `wait`: how long to wait before trying again
//! - `redact`: URLs without their secrets
//!
//! May use: `text`. The one rule: no secret and no unredacted URL leaves this folder in an error or a log.

mod browser;
mod client;
pub mod download;
mod limit;
mod redact;
mod wait;

pub use browser::redirect_of;
pub use client::HttpClient;
pub use redact::redact;

use crate::text::SafeText;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use url::{Host, Url};

/// Where the time comes from; a test brings its own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The computer's clock.
pub fn system_clock() -> Clock {
    Arc::new(Timestamp::now)
}

/// Whether a URL's host is this machine itself: no network, no quota, no eavesdropper.
pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// How patient a client is.
#[derive(Clone)]
pub struct Policy {
    /// Attempts of one call, the first included.
    pub attempts: u32,
    /// The first back-off; it doubles with every attempt.
    pub back_off: Duration,
    /// The longest that a call waits by itself. Told to wait longer, it returns instead.
    pub longest_wait: Duration,
    pub connect_timeout: Duration,
    /// From the first byte sent to the last one received.
    pub whole_timeout: Duration,
    /// Requests a second, on average.
    pub per_second: f64,
    /// Requests that may follow each other at once.
    pub burst: u32,
    /// Bytes of an answer.
    pub body_limit: usize,
    pub clock: Clock,
    /// A number in 0..1 that spreads the back-off.
    pub jitter: fn() -> f64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempts: 4,
            back_off: Duration::from_secs(1),
            longest_wait: Duration::from_mins(1),
            connect_timeout: Duration::from_secs(10),
            whole_timeout: Duration::from_secs(30),
            per_second: 2.0,
            burst: 10,
            body_limit: 8 * 1024 * 1024,
            clock: system_clock(),
            jitter: wait::random_fraction,
        }
    }
}

/// Whether a call may be repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Read,
    Send,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

/// One request, as one attempt sends it.
pub struct HttpRequest {
    pub method: Method,
    /// With its query; may contain secrets.
    pub url: SecretString,
    pub headers: Vec<(&'static str, SecretString)>,
    pub body: Option<Vec<u8>>,
}

/// An answer with its whole body, whatever its status.
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
    /// How long the server asks us to wait.
    pub retry_after: Option<Duration>,
    /// The server's clock minus ours, to the second.
    pub skew: Option<SignedDuration>,
}

/// What a channel thinks of a reply. Platforms hide failures in a body with status 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is an answer, good or bad.
    Answer,
    /// We were too fast, and nothing was done.
    Busy,
    /// A passing trouble on the other side; what it did is unclear.
    Failing,
}

impl Verdict {
    /// What the status alone says.
    pub fn by_status(reply: &Reply) -> Self {
        match reply.status {
            429 => Self::Busy,
            408 | 500.. => Self::Failing,
            _ => Self::Answer,
        }
    }
}

/// Why there is no reply. The texts name the place without its secrets.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The server asked for a pause that is not over; nothing was sent.
    #[error("told to wait {} s more", .retry_after.as_secs())]
    Paused { retry_after: Duration },
    /// The request provably never left.
    #[error("{0}")]
    NotSent(SafeText),
    /// It left, and no whole answer came back.
    #[error("{0}")]
    Unclear(SafeText),
    /// The answer is longer than we read.
    #[error("{place} answered with more than {limit} bytes; the rest was not read")]
    TooLarge { place: SafeText, limit: usize },
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = Url::parse(self.url.expose_secret())
            .map(|url| redact(&url))
            .unwrap_or_default();
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &place)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}, {} bytes)", self.status, self.body.len())
    }
}
