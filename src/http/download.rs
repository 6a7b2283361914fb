//! Fetches one big file into a writer: redirects, time limits, a size limit, and nothing automatic beyond that.
//!
//! May use: `reqwest`. The one rule: plain HTTP only to this machine itself, and no printed word holds more of a URL
//! than its host, since mirrors and storage hosts carry passwords and signatures in the rest.

use super::is_this_machine;
use reqwest::header::{HeaderMap, LOCATION, USER_AGENT};
use reqwest::{Client, Response, Url, redirect};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

/// Hops from a mirror to its storage; Hugging Face needs two.
const MOST_REDIRECTS: usize = 8;

/// How long to wait for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub connect: Duration,
    /// Between two pieces of the answer; a slow download that goes on is none.
    pub stall: Duration,
}

/// What to fetch.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub url: &'a str,
    /// Header names in lower case whose values are wanted, from the first answer that has them, redirects included.
    pub keep: &'a [&'a str],
    pub limits: Limits,
    /// In bytes; more is an error.
    pub most: u64,
}

/// What a completed download knows.
#[derive(Debug, PartialEq, Eq)]
pub struct Received {
    /// In bytes.
    pub length: u64,
    pub headers: BTreeMap<String, String>,
}

/// Why a download was not completed.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    #[error("`{0}` is no URL to download from (https://, or http:// on this machine)")]
    Url(String),
    #[error("{host} is not reached: {why}")]
    Unreachable { host: String, why: String },
    #[error("{host} sent nothing for {} seconds", .limit.as_secs_f32())]
    Stalled { host: String, limit: Duration },
    #[error("{host} answered {status}")]
    Status { host: String, status: u16 },
    #[error("{host} redirects in a circle")]
    Redirects { host: String },
    #[error("{host} broke off after {received} bytes")]
    Cut { host: String, received: u64 },
    #[error("{host} sent more than {most} bytes")]
    TooLong { host: String, most: u64 },
    /// The writer failed, not the network.
    #[error("what was downloaded could not be written: {0}")]
    Write(io::Error),
    #[error("it was stopped")]
    Stopped,
}

/// How often it is looked whether the download is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// Streams the file into `sink`; `progress` hears of bytes so far and, where known, of all; once `cancelled` is true it ends, also
/// in the middle of a silence. Blocks.
///
/// It runs on a thread and a small runtime of its own, so it may be called from anywhere.
pub fn get(
    request: &Request<'_>,
    sink: &mut (dyn Write + Send),
    progress: &(dyn Fn(u64, Option<u64>) + Sync),
    cancelled: &(dyn Fn() -> bool + Sync),
) -> Result<Received, DownloadError> {
    let start = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.map_err(|error| unreachable(request.url, &error))?;
        let fetched = runtime.block_on(async {
            tokio::select! {
                fetched = fetch(request, sink, progress) => fetched,
                () = until(cancelled) => Err(DownloadError::Stopped),
            }
        });
        // A name that is still being looked up, past the time limit, holds nobody up.
        runtime.shutdown_background();
        fetched
    };
    let finished = std::thread::scope(|scope| scope.spawn(start).join());
    let panicked = io::Error::other("the download stopped unexpectedly");
    finished.unwrap_or_else(|_| Err(unreachable(request.url, &panicked)))
}

async fn until(cancelled: &(dyn Fn() -> bool + Sync)) {
    while !cancelled() {
        tokio::time::sleep(LOOK).await;
    }
}

async fn fetch(
    request: &Request<'_>,
    sink: &mut (dyn Write + Send),
    progress: &(dyn Fn(u64, Option<u64>) + Sync),
) -> Result<Received, DownloadError> {
    let mut headers = BTreeMap::new();
    let mut response = follow(request, &mut headers).await?;
    let host = host(response.url());
    let total = response.content_length();
    let mut received = 0;
    loop {
        let limit = request.limits.stall;
        let piece = tokio::time::timeout(limit, response.chunk()).await;
        let piece = piece.map_err(|_| DownloadError::Stalled {
            host: host.clone(),
            limit,
        })?;
        let cut = |_| DownloadError::Cut {
            host: host.clone(),
            received,
        };
        let Some(piece) = piece.map_err(cut)? else {
            break;
        };
        received += piece.len() as u64;
        if received > request.most {
            return Err(DownloadError::TooLong {
                host,
                most: request.most,
            });
        }
        sink.write_all(&piece).map_err(DownloadError::Write)?;
        progress(received, total);
    }
    sink.flush().map_err(DownloadError::Write)?;
    if total.is_some_and(|total| total != received) {
        return Err(DownloadError::Cut { host, received });
    }
    Ok(Received {
        length: received,
        headers,
    })
}

/// The first answer that is no redirect, if it is a success.
async fn follow(
    request: &Request<'_>,
    headers: &mut BTreeMap<String, String>,
) -> Result<Response, DownloadError> {
    let mut url = parse(request.url)?;
    for _ in 0..MOST_REDIRECTS {
        let response = ask(&url, request.limits).await?;
        keep(response.headers(), request.keep, headers);
        let (status, host) = (response.status(), host(&url));
        if status.is_success() {
            return Ok(response);
        }
        let target = response
            .headers()
            .get(LOCATION)
            .and_then(|value| value.to_str().ok());
        let Some(target) = target.filter(|_| status.is_redirection()) else {
            return Err(DownloadError::Status {
                host,
                status: status.as_u16(),
            });
        };
        // A redirect may be relative, and must obey the rule of plain HTTP like the first address.
        let next = url
            .join(target)
            .map_err(|_| DownloadError::Redirects { host })?;
        url = parse(next.as_str())?;
    }
    Err(DownloadError::Redirects { host: host(&url) })
}

async fn ask(url: &Url, limits: Limits) -> Result<Response, DownloadError> {
    // An error means that it is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(limits.connect);
    if is_this_machine(url) {
        client = client.no_proxy().tls_certs_only(std::iter::empty());
    }
    let client = client
        .build()
        .map_err(|error| unreachable(url.as_str(), &error))?;
    let agent = concat!("sextant/", env!("CARGO_PKG_VERSION"));
    let answer = client.get(url.clone()).header(USER_AGENT, agent).send();
    let limit = limits.connect + limits.stall;
    let answer = tokio::time::timeout(limit, answer).await;
    let answer = answer.map_err(|_| DownloadError::Stalled {
        host: host(url),
        limit,
    })?;
    answer.map_err(|error| unreachable(url.as_str(), &error.without_url()))
}

fn keep(from: &HeaderMap, names: &[&str], to: &mut BTreeMap<String, String>) {
    for &name in names {
        if let Some(value) = from.get(name).and_then(|value| value.to_str().ok()) {
            to.entry(name.to_owned())
                .or_insert_with(|| value.to_owned());
        }
    }
}

fn parse(url: &str) -> Result<Url, DownloadError> {
    let parsed = Url::parse(url).ok();
    let allowed =
        |url: &Url| url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(url));
    parsed
        .filter(|url| url.has_host() && allowed(url))
        .ok_or_else(|| DownloadError::Url(printable(url)))
}

fn host(url: &Url) -> String {
    url.host_str().unwrap_or("the server").to_owned()
}

/// Scheme and host of what may be a URL: what may be shown of it.
pub fn printable(url: &str) -> String {
    match Url::parse(url) {
        Ok(url) => format!("{}://{}", url.scheme(), host(&url)),
        Err(_) => "what was given".to_owned(),
    }
}

/// The innermost reason, since reqwest's own words are "error sending request".
fn unreachable(url: &str, error: &dyn std::error::Error) -> DownloadError {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let host = Url::parse(url).map_or_else(|_| "the server".to_owned(), |url| host(&url));
    DownloadError::Unreachable {
        host,
        why: innermost.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_allowed_to_this_machine_only_and_no_secret_of_a_url_is_printed() {
        for allowed in [
            "https://mirror.example/a",
            "http://127.0.0.1:9/a",
            "http://[::1]/",
            "http://localhost/",
        ] {
            assert!(parse(allowed).is_ok(), "{allowed}");
        }
        for refused in [
            "http://mirror.example/?key=s3cret",
            "file:///etc/passwd",
            "http://127.0.0.1.example/",
            "s3cret",
        ] {
            let error = parse(refused).unwrap_err().to_string();
            assert!(
                !error.contains("s3cret") && !error.contains("passwd"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_closed_port_is_unreachable_and_the_reason_is_the_systems() {
        let limits = Limits {
            connect: Duration::from_secs(2),
            stall: Duration::from_secs(2),
        };
        let request = Request {
            url: "http://127.0.0.1:1/secret",
            keep: &[],
            limits,
            most: 1,
        };
        let error = get(&request, &mut Vec::new(), &|_, _| {}, &|| false)
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("127.0.0.1 is not reached: ") && error.contains("refused"),
            "{error}"
        );
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn a_download_that_nobody_wants_any_more_ends_in_the_middle_of_a_silence() {
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/model", silent.local_addr().unwrap());
        let limits = Limits {
            connect: Duration::from_secs(60),
            stall: Duration::from_secs(60),
        };
        let request = Request {
            url: &url,
            keep: &[],
            limits,
            most: 1,
        };
        let began = std::time::Instant::now();
        let enough = || began.elapsed() > Duration::from_millis(50);
        let ended = get(&request, &mut Vec::new(), &|_, _| {}, &enough);
        assert!(matches!(ended, Err(DownloadError::Stopped)));
        assert!(began.elapsed() < Duration::from_secs(20));
    }
}
