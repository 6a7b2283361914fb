//! The client: attempts, pauses, and what reqwest's errors mean.
//!
//! May use: reqwest, rustls, the rest of this folder. The one rule: where it is not certain that a request never left,
//! it is unclear.

use super::limit::Limiter;
use super::{
    HttpError, HttpRequest, Kind, Method, Policy, Reply, Verdict, is_this_machine, redact, wait,
};
use crate::text::{SafeText, sanitise};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use std::error::Error as _;
use std::fmt;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use url::Url;

/// One account's way out.
pub struct HttpClient {
    policy: Policy,
    limiter: Limiter,
    /// Built at first use: without the system's certificates it cannot be built, and the sandbox needs none.
    outside: OnceLock<Result<reqwest::Client, String>>,
    /// Past any proxy.
    loopback: OnceLock<Result<reqwest::Client, String>>,
}

impl HttpClient {
    pub fn new(policy: Policy) -> Self {
        let limiter = Limiter::new(policy.per_second, policy.burst, Instant::now());
        Self {
            policy,
            limiter,
            outside: OnceLock::new(),
            loopback: OnceLock::new(),
        }
    }

    /// Our clock, now.
    pub fn now(&self) -> Timestamp {
        (self.policy.clock)()
    }

    /// Makes the request that `build` makes for the given time, as often as its kind allows. An answer that
    /// is still [`Verdict::Busy`] or [`Verdict::Failing`] after the last attempt is returned as it is.
    pub async fn call(
        &self,
        kind: Kind,
        build: impl Fn(Timestamp) -> HttpRequest + Send,
        judge: impl Fn(&Reply) -> Verdict + Send,
    ) -> Result<Reply, HttpError> {
        let mut attempt = 1;
        loop {
            self.admit().await?;
            let outcome = self.once(build(self.now())).await;
            let Some(pause) = self.pause_after(kind, attempt, &outcome, &judge) else {
                return outcome;
            };
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    /// How long to wait before the next attempt; `None` where there is to be none.
    fn pause_after(
        &self,
        kind: Kind,
        attempt: u32,
        outcome: &Result<Reply, HttpError>,
        judge: &impl Fn(&Reply) -> Verdict,
    ) -> Option<Duration> {
        let verdict = outcome.as_ref().map(judge);
        let asked = outcome.as_ref().ok().and_then(|reply| reply.retry_after);
        let back_off = wait::back_off(
            self.policy.back_off,
            self.policy.longest_wait,
            attempt,
            (self.policy.jitter)(),
        );
        let pause = asked.unwrap_or(back_off);
        if verdict.is_ok_and(|v| v == Verdict::Busy) {
            // The whole account waits, not only this call.
            self.limiter.pause(Instant::now() + pause);
        }
        let again = match verdict {
            Ok(Verdict::Answer) => false,
            Ok(Verdict::Busy) | Err(HttpError::NotSent(_)) => true,
            Ok(Verdict::Failing) | Err(HttpError::Unclear(_)) => kind == Kind::Read,
            Err(HttpError::Paused { .. } | HttpError::TooLarge { .. }) => false,
        };
        (again && attempt < self.policy.attempts && pause <= self.policy.longest_wait)
            .then_some(pause)
    }

    /// Waits for our turn.
    async fn admit(&self) -> Result<(), HttpError> {
        let retry_after = self.limiter.paused_for(Instant::now());
        if retry_after > self.policy.longest_wait {
            return Err(HttpError::Paused { retry_after });
        }
        tokio::time::sleep(self.limiter.reserve(Instant::now())).await;
        // While we waited, another call may have been told to slow down.
        loop {
            let retry_after = self.limiter.paused_for(Instant::now());
            if retry_after.is_zero() {
                return Ok(());
            }
            if retry_after > self.policy.longest_wait {
                return Err(HttpError::Paused { retry_after });
            }
            tokio::time::sleep(retry_after).await;
        }
    }

    async fn once(&self, request: HttpRequest) -> Result<Reply, HttpError> {
        let url = checked_url(request.url.expose_secret())?;
        let place = redact(&url);
        let client = self.client(&url)?;
        let mut builder = match request.method {
            Method::Get => client.get(url),
            Method::Post => client.post(url),
        };
        for (name, value) in &request.headers {
            builder = builder.header(*name, value.expose_secret());
        }
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let started = Instant::now();
        let outcome = match builder.send().await {
            Ok(response) => self.read(response, &place).await,
            Err(error) => Err(no_reply(&place, &error)),
        };
        let method = request.method;
        match &outcome {
            Ok(reply) => {
                tracing::debug!(?method, %place, status = reply.status, elapsed = ?started.elapsed());
            }
            Err(error) => tracing::debug!(?method, %place, %error, elapsed = ?started.elapsed()),
        }
        outcome
    }

    async fn read(
        &self,
        mut response: reqwest::Response,
        place: &SafeText,
    ) -> Result<Reply, HttpError> {
        let now = self.now();
        let header = |name| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let server_time = header("date").and_then(wait::http_date);
        let mut reply = Reply {
            status: response.status().as_u16(),
            body: Vec::new(),
            retry_after: header("retry-after")
                .and_then(|v| wait::retry_after(v, server_time.unwrap_or(now))),
            skew: server_time.map(|server| {
                let ours = Timestamp::from_second(now.as_second()).unwrap_or(now);
                server.duration_since(ours)
            }),
        };
        let limit = self.policy.body_limit;
        loop {
            match response.chunk().await {
                Ok(None) => return Ok(reply),
                Ok(Some(chunk)) if reply.body.len() + chunk.len() > limit => {
                    return Err(HttpError::TooLarge {
                        place: place.clone(),
                        limit,
                    });
                }
                Ok(Some(chunk)) => reply.body.extend_from_slice(&chunk),
                Err(error) => return Err(no_reply(place, &error)),
            }
        }
    }

    fn client(&self, url: &Url) -> Result<&reqwest::Client, HttpError> {
        let plain = url.scheme() == "http";
        let cell = if plain { &self.loopback } else { &self.outside };
        let client = cell.get_or_init(|| self.build(plain));
        client
            .as_ref()
            .map_err(|problem| HttpError::NotSent(sanitise(problem)))
    }

    fn build(&self, plain: bool) -> Result<reqwest::Client, String> {
        // Fails where one is installed already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .user_agent(concat!("sextant/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(self.policy.connect_timeout)
            .timeout(self.policy.whole_timeout)
            // Shorter than any server's own: a connection that closes under a send leaves its outcome unclear.
            .pool_idle_timeout(Duration::from_secs(15));
        let builder = if plain {
            builder.no_proxy().tls_certs_only(std::iter::empty())
        } else {
            builder.https_only(true)
        };
        builder.build().map_err(|error| {
            format!(
                "no encrypted connection is possible: {}; install the package ca-certificates",
                causes(&error)
            )
        })
    }
}

/// Encrypted, or on this computer.
fn checked_url(text: &str) -> Result<Url, HttpError> {
    let url = Url::parse(text).map_err(|problem| {
        HttpError::NotSent(sanitise(&format!("the address cannot be read: {problem}")))
    })?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_this_machine(&url) => Ok(url),
        _ => Err(HttpError::NotSent(sanitise(&format!(
            "{}: only https is allowed, except on this computer; write https://",
            redact(&url)
        )))),
    }
}

/// Sorts reqwest's errors by the one question that matters: may the request have arrived?
///
/// `is_connect` covers a refused connection, DNS, the TLS handshake and the connect time limit: before all of
/// these ends, not one byte of the request is written. All else, also an error of the body, is unclear.
fn no_reply(place: &SafeText, error: &reqwest::Error) -> HttpError {
    let message = sanitise(&format!("{place}: {}", causes(error)));
    if error.is_connect() || error.is_builder() {
        HttpError::NotSent(message)
    } else {
        HttpError::Unclear(message)
    }
}

/// The chain of causes without the URL, which the first link would show in full.
fn causes(error: &reqwest::Error) -> String {
    let mut parts = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !parts.contains(&text) {
            parts.push(text);
        }
        source = cause.source();
    }
    if error.is_timeout() {
        return "no answer within the time limit".to_owned();
    }
    if parts.is_empty() {
        "the request failed".to_owned()
    } else {
        parts.join(": ")
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_computer_only() {
        for good in [
            "https://example.com/",
            "http://127.0.0.1:1/",
            "http://[::1]:1/",
            "http://localhost:1/",
        ] {
            assert!(checked_url(good).is_ok(), "{good}");
        }
        for bad in [
            "http://example.com/",
            "http://127.0.0.1.example.com/",
            "ftp://x/",
            "file:///etc",
            "x",
            "",
        ] {
            assert!(
                matches!(checked_url(bad), Err(HttpError::NotSent(_))),
                "{bad}"
            );
        }
    }

    #[test]
    fn an_address_that_is_refused_is_named_without_its_secrets() {
        let error = checked_url("http://example.com/?app_secret=hunter2")
            .map(|_| ())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("example.com") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
