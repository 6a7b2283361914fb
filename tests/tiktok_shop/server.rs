//! A TikTok Shop that answers as a test tells it to, and that checks every signature by an implementation of its own.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

pub const APP_KEY: &str = "29a39dcanary";
pub const APP_SECRET: &str = "canary-app-secret";

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Hit {
    pub method: String,
    pub path: String,
    /// Decoded.
    pub query: Vec<(String, String)>,
    pub token: String,
    pub body: String,
}

impl Hit {
    pub fn value(&self, key: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }
}

/// Status, headers, body.
pub type Answer = (u16, Vec<(&'static str, String)>, String);

/// A 200 with `data` in the platform's envelope.
pub fn ok(data: serde_json::Value) -> Answer {
    (
        200,
        Vec::new(),
        serde_json::json!({"code": 0, "message": "Success", "request_id": "R", "data": data})
            .to_string(),
    )
}

pub fn error(status: u16, code: i64, message: &str) -> Answer {
    let body = serde_json::json!({"code": code, "message": message, "request_id": "REQ-1"});
    (status, Vec::new(), body.to_string())
}

type Script = dyn Fn(&Hit, usize) -> Answer + Send + Sync;

struct Inner {
    /// Gets the request and how many requests to its path came before.
    script: Box<Script>,
    hits: Mutex<Vec<Hit>>,
    problems: Mutex<Vec<String>>,
}

#[derive(Clone)]
pub struct Server {
    pub url: String,
    inner: Arc<Inner>,
}

impl Server {
    pub async fn start(script: impl Fn(&Hit, usize) -> Answer + Send + Sync + 'static) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), script).await
    }

    pub async fn start_at(
        address: SocketAddr,
        script: impl Fn(&Hit, usize) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let inner = Arc::new(Inner {
            script: Box::new(script),
            hits: Mutex::default(),
            problems: Mutex::default(),
        });
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, inner }
    }

    /// What arrived; fails where a signature was wrong.
    pub fn hits(&self) -> Vec<Hit> {
        assert_eq!(*self.inner.problems.lock().unwrap(), Vec::<String>::new());
        self.inner.hits.lock().unwrap().clone()
    }

    pub fn hits_to(&self, part: &str) -> usize {
        self.hits()
            .iter()
            .filter(|hit| hit.path.contains(part))
            .count()
    }
}

async fn answer(
    State(inner): State<Arc<Inner>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let hit = Hit {
        method: method.to_string(),
        path: uri.path().to_owned(),
        query: decode(uri.query().unwrap_or_default()),
        token: headers
            .get("x-tts-access-token")
            .map(|v| v.to_str().unwrap().to_owned())
            .unwrap_or_default(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    if !hit.path.starts_with("/api/v2/token/")
        && hit.value("sign") != Some(signature(&hit).as_str())
    {
        inner
            .problems
            .lock()
            .unwrap()
            .push(format!("wrong signature: {hit:?}"));
    }
    let agent = headers
        .get("user-agent")
        .map(|v| v.to_str().unwrap().to_owned())
        .unwrap_or_default();
    if !agent.starts_with("sextant/") {
        inner
            .problems
            .lock()
            .unwrap()
            .push(format!("user agent {agent}"));
    }
    let before = {
        let mut hits = inner.hits.lock().unwrap();
        let before = hits.iter().filter(|h| h.path == hit.path).count();
        hits.push(hit.clone());
        before
    };
    let (status, headers, body) = (inner.script)(&hit, before);
    let mut response = Response::builder()
        .status(status)
        .header("content-type", "application/json");
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Body::from(body)).unwrap()
}

/// Percent-decoding by hand.
fn decode(query: &str) -> Vec<(String, String)> {
    let text = |part: &str| {
        let bytes = part.as_bytes();
        let mut out = Vec::new();
        let mut i = 0;
        while i < bytes.len() {
            match bytes[i] {
                b'%' => {
                    out.push(u8::from_str_radix(&part[i + 1..i + 3], 16).unwrap());
                    i += 2;
                }
                b'+' => out.push(b' '),
                b => out.push(b),
            }
            i += 1;
        }
        String::from_utf8(out).unwrap()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (text(key), text(value))
        })
        .collect()
}

fn signature(hit: &Hit) -> String {
    let mut query = hit.query.clone();
    query.retain(|(key, _)| key != "sign" && key != "access_token");
    query.sort();
    let pairs: String = query.into_iter().map(|(key, value)| key + &value).collect();
    let base = format!("{APP_SECRET}{}{pairs}{}{APP_SECRET}", hit.path, hit.body);
    hmac(APP_SECRET.as_bytes(), base.as_bytes())
}

/// RFC 2104 with SHA-256, for keys of at most one block.
fn hmac(key: &[u8], message: &[u8]) -> String {
    let mut block = [0u8; 64];
    block[..key.len()].copy_from_slice(key);
    let padded = |with: u8| block.iter().map(|b| b ^ with).collect::<Vec<u8>>();
    let inner = Sha256::digest([padded(0x36), message.to_vec()].concat());
    hex::encode(Sha256::digest([padded(0x5c), inner.to_vec()].concat()))
}

/// Answers every connection with these bytes and closes it. Counts the requests.
pub async fn raw_server(answer: &'static [u8]) -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut buffer = vec![0; 65_536];
            if socket.read(&mut buffer).await.unwrap_or(0) > 0 {
                counter.fetch_add(1, Ordering::SeqCst);
                let _ = socket.write_all(answer).await;
                let _ = socket.shutdown().await;
            }
        }
    });
    (url, count)
}
