//! The sandbox: the platform's side of the wire, on loopback, for the demo and the tests.
//!
//! It serves TikTok Shop's wire format over HTTP as the real platform does (signatures, timestamps, tokens,
//! scopes, pages), plays a seeded multilingual shop day, takes replies, lets buyers react to them, and goes wrong
//! by name ([`Fault`]).
//!
//! ```text
//! start ─ wire ──── tiktok_shop ───────── shop_day
//!         loopback  check, answer, state  who says what, when
//!                   └── faults            └── texts/*.toml
//! ```
//!
//! May use: axum, tokio, serde, rand_chacha, hmac, sha2, jiff. The one rule: it knows nothing of the rest
//! of the product. The client and the sandbox were written from the same facts, not from each other, so
//! that they cannot share a mistake.

mod faults;
mod shop_day;
mod tiktok_shop;
mod wire;

pub use faults::{Fault, UnknownFault};
pub use shop_day::Pace;

use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tiktok_shop::Platform;
use tiktok_shop::state::World;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use wire::{Loopback, Scissors};

/// How long open connections get to finish when the sandbox stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// How to start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// 0 takes a free one.
    pub port: u16,
    /// Decides the day: the same seed, the same buyers, words and order.
    pub seed: u64,
    /// On from the beginning, until switched off.
    pub faults: Vec<Fault>,
    pub pace: Pace,
}

/// Why the sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("port {port} is in use on 127.0.0.1; choose another with --port, or 0 for a free one")]
    PortTaken { port: u16 },
    #[error("cannot listen on 127.0.0.1:{port}: {source}")]
    Listen { port: u16, source: io::Error },
    /// A compiled-in text file is broken; a test excludes it.
    #[error("the sandbox's own texts cannot be read: {0}")]
    Texts(String),
}

pub type Result<T> = std::result::Result<T, Error>;

/// What a client needs to connect. The secret is the sandbox's own and opens nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Credentials {
    pub app_key: String,
    pub app_secret: String,
    pub service_id: String,
    /// The consent page; the client adds its `state`. It redirects at once, with a code that is good for 30 minutes.
    pub consent_url: String,
}

/// A message of the shop's side that the platform has taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sent {
    pub message_id: String,
    pub conversation_id: String,
    /// Empty for what is not text.
    pub text: String,
    pub sender_role: String,
}

/// What has happened so far, as an oracle for tests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    pub conversations: usize,
    /// Of all sides, hidden ones included.
    pub messages: usize,
    /// Pictures and cards included.
    pub buyer_messages: usize,
    /// Every send that was carried out, in order, also those whose answer was lost.
    pub sent: Vec<Sent>,
    /// Sends refused for their words or their buyer.
    pub refused_sends: usize,
    pub marked_read: usize,
    pub refreshes: usize,
    /// Signed calls that came in, by name.
    pub requests: BTreeMap<String, u64>,
    /// Signed calls refused for key, signature, time, token, scope or cipher.
    pub refused_calls: usize,
    /// Answers of any kind.
    pub answers: u64,
}

/// What a buyer's message is meant to be. Never on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Truth {
    /// An intent's key, or `non_text`, `unknown`, `mixed`.
    pub label: String,
    /// ISO 639 code; `mul` for two at once, `zxx` for none.
    pub lang: String,
    pub text: String,
}

/// A sandbox that serves until it is stopped or dropped.
#[derive(Debug)]
pub struct Running {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub base_url: String,
    platform: Arc<Platform>,
    server: Option<JoinHandle<io::Result<()>>>,
}

/// Starts a sandbox on 127.0.0.1. The day begins now.
pub async fn start(options: Options) -> Result<Running> {
    let port = options.port;
    let listener = Loopback::bind(port)
        .await
        .map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => Error::PortTaken { port },
            _ => Error::Listen { port, source },
        })?;
    let address = listener
        .address()
        .map_err(|source| Error::Listen { port, source })?;
    let base_url = format!("http://{address}");
    let world = World::new(options.seed, options.pace, Timestamp::now()).map_err(Error::Texts)?;
    let platform = Arc::new(Platform::new(
        base_url.clone(),
        world,
        CancellationToken::new(),
    ));
    for fault in options.faults {
        platform.faults.set(fault, None);
    }
    let routes = axum::Router::new()
        .fallback(tiktok_shop::handle)
        .with_state(platform.clone());
    let service = routes.into_make_service_with_connect_info::<Scissors>();
    let stopping = platform.stopping.clone();
    let serve = axum::serve(listener, service).with_graceful_shutdown(stopping.cancelled_owned());
    let server = Some(tokio::spawn(async move { serve.await }));
    Ok(Running {
        base_url,
        platform,
        server,
    })
}

impl Running {
    pub fn credentials(&self) -> Credentials {
        let world = self.platform.world();
        let shop = &world.shop;
        Credentials {
            app_key: shop.app_key.clone(),
            app_secret: shop.app_secret.clone(),
            service_id: shop.service_id.clone(),
            consent_url: format!(
                "{}/open/authorize?service_id={}",
                self.base_url, shop.service_id
            ),
        }
    }

    /// Every fault's name, with one line on what it does.
    pub fn faults(&self) -> Vec<(&'static str, &'static str)> {
        Fault::ALL
            .iter()
            .map(|fault| (fault.name(), fault.describe()))
            .collect()
    }

    /// Switches a fault on for the next `count` calls that it makes sense for, or until it is switched off
    /// (a message from a buyer comes once).
    pub fn fault_on(&self, fault: Fault, count: Option<u32>) {
        self.platform.faults.set(fault, count);
    }

    /// Switches a fault off.
    pub fn fault_off(&self, fault: Fault) {
        self.platform.faults.clear(fault);
    }

    pub fn stats(&self) -> Stats {
        self.platform.world().stats.clone()
    }

    /// What every buyer's text that has arrived is meant to be, by message id.
    pub fn truth(&self) -> BTreeMap<String, Truth> {
        self.platform.world().truth.clone()
    }

    /// Stops listening, lets open requests finish for a moment, and is gone.
    pub async fn stop(mut self) {
        self.platform.stopping.cancel();
        if let Some(mut server) = self.server.take()
            && tokio::time::timeout(FAREWELL, &mut server).await.is_err()
        {
            server.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.platform.stopping.cancel();
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}
