//! The TikTok Shop client against a platform that misbehaves in every documented way.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes wrong should stop there and say where"
)]

mod answers;
mod reading;
mod secrets;
mod sending;
mod server;
mod tokens;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use server::{APP_KEY, APP_SECRET, Answer, Hit, Server, error, ok, raw_server};
use sextant::channel::tiktok_shop::{
    Credentials, Endpoints, Settings, TiktokShop, TokenStore, TokenStoreError, Tokens,
    authorized_shops, exchange,
};
use sextant::channel::{Channel, ChannelError};
use sextant::domain::{
    AccountId, Author, ConversationId, Cursor, IncomingConversation, IncomingMessage, MessageKind,
    OrderStatus, Origin, OutboxState, Outgoing, OutgoingId, RemoteId, Surface,
};
use sextant::http::{HttpClient, Policy};
use sextant::text::{RawText, sanitise};
use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const ACCESS: &str = "canary-access-token";
const REFRESH: &str = "canary-refresh-token";
const NEW_ACCESS: &str = "canary-new-access";
const NEW_REFRESH: &str = "canary-new-refresh";
const CODE: &str = "canary-auth-code";
const CIPHER: &str = "canary-cipher";
const NOW: i64 = 1_795_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(NOW + seconds).unwrap()
}

/// Impatient enough for a test, and otherwise as in earnest.
fn policy() -> Policy {
    Policy {
        back_off: Duration::from_millis(1),
        per_second: 10_000.0,
        burst: 1000,
        clock: Arc::new(|| at(0)),
        jitter: || 1.0,
        ..Policy::default()
    }
}

fn credentials() -> Credentials {
    Credentials {
        app_key: APP_KEY.to_owned(),
        app_secret: SecretString::from(APP_SECRET),
        service_id: "7000".to_owned(),
    }
}

fn tokens() -> Tokens {
    Tokens {
        access: SecretString::from(ACCESS),
        access_expires_at: at(600),
        refresh: SecretString::from(REFRESH),
        refresh_expires_at: at(60_000),
        open_id: RemoteId::new("open"),
        seller_name: RawText::from("Shop"),
        region: RawText::from("GB"),
        granted_scopes: Vec::new(),
    }
}

/// Keeps tokens in memory, and fails while told to.
#[derive(Default)]
struct Store {
    saved: Mutex<Vec<Tokens>>,
    kept_by_another: Mutex<Option<Tokens>>,
    broken: AtomicBool,
}

impl Store {
    fn access_tokens(&self) -> Vec<String> {
        self.saved
            .lock()
            .unwrap()
            .iter()
            .map(|t| t.access.expose_secret().to_owned())
            .collect()
    }
}

#[async_trait::async_trait]
impl TokenStore for Store {
    async fn save(&self, tokens: &Tokens) -> Result<(), TokenStoreError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(TokenStoreError(sanitise("no space on the disk")));
        }
        self.saved.lock().unwrap().push(tokens.clone());
        Ok(())
    }

    async fn load(&self) -> Result<Option<Tokens>, TokenStoreError> {
        Ok(self.kept_by_another.lock().unwrap().clone())
    }
}

fn shop_with(url: &str, store: Arc<Store>, policy: Policy) -> TiktokShop {
    TiktokShop::new(Settings {
        http: Arc::new(HttpClient::new(policy)),
        endpoints: Endpoints::at(url),
        credentials: credentials(),
        tokens: tokens(),
        shop_cipher: SecretString::from(CIPHER),
        token_store: store,
    })
}

fn shop(server: &Server) -> TiktokShop {
    shop_with(&server.url, Arc::default(), policy())
}

fn reply(text: &str) -> Outgoing {
    Outgoing {
        id: OutgoingId::from_stored("o1"),
        conversation_id: ConversationId::from_stored("c1"),
        account_id: AccountId::from_stored("a1"),
        conversation_remote_id: RemoteId::new("7494560109732334261"),
        text: RawText::from(text),
        origin: Origin::Person,
        template: None,
        lang: None,
        state: OutboxState::Claimed,
        send_at: at(0),
        attempts: 1,
        platform_id: None,
        error: None,
        created_at: at(0),
        claimed_at: Some(at(0)),
    }
}

fn wire_message(index: i64, role: &str, kind: &str, content: &Value) -> Value {
    json!({
        "id": format!("m{index}"), "index": index.to_string(), "create_time": NOW + index, "type": kind,
        "is_visible": true, "content": content.to_string(),
        "sender": {"im_user_id": "1", "role": role, "nickname": "Shop", "avatar": ""}
    })
}

fn wire_text(index: i64, role: &str, text: &str) -> Value {
    wire_message(index, role, "TEXT", &json!({"content": text}))
}

fn wire_conversation(id: &str, unread: i64, latest: Value) -> Value {
    json!({
        "id": id, "unread_count": unread, "participant_count": 2, "can_send_message": true, "latest_message": latest,
        "participants": [
            {"im_user_id": "9", "user_id": "71", "role": "SHOP", "nickname": "Shop"},
            {"im_user_id": "8", "user_id": "7495", "role": "BUYER", "nickname": "Ana\u{202E}"}
        ]
    })
}

async fn only_conversation(shop: &TiktokShop) -> IncomingConversation {
    shop.conversations(None)
        .await
        .unwrap()
        .conversations
        .remove(0)
}

/// A server with one conversation whose messages are these, newest first, in pages of ten.
async fn with_messages(newest_first: Vec<Value>) -> Server {
    Server::start(move |hit, _| {
        if !hit.path.ends_with("/messages") {
            return ok(
                json!({"conversations": [wire_conversation("7", 1, newest_first[0].clone())]}),
            );
        }
        let start: usize = hit
            .value("page_token")
            .map_or(0, |token| token.trim_end_matches("+/=").parse().unwrap());
        let end = newest_first.len().min(start + 10);
        let next = if end < newest_first.len() {
            format!("{end}+/=")
        } else {
            String::new()
        };
        ok(json!({"messages": newest_first[start..end], "next_page_token": next}))
    })
    .await
}

async fn read_all(newest_first: Vec<Value>) -> Vec<IncomingMessage> {
    let server = with_messages(newest_first).await;
    let shop = shop(&server);
    let conversation = only_conversation(&shop).await;
    let messages = shop.messages(&conversation, None).await.unwrap().messages;
    assert!(!server.hits().is_empty());
    messages
}

/// Knows [`NEW_ACCESS`] only, and gives it for [`REFRESH`].
fn expired(hit: &Hit) -> Answer {
    if hit.path == "/api/v2/token/refresh" {
        let known = [
            ("refresh_token", REFRESH),
            ("app_secret", APP_SECRET),
            ("grant_type", "refresh_token"),
        ];
        assert!(
            known
                .iter()
                .all(|(key, value)| hit.value(key) == Some(value)),
            "{hit:?}"
        );
        return ok(json!({
            "access_token": NEW_ACCESS, "access_token_expire_in": NOW + 604_800, "refresh_token": NEW_REFRESH,
            "refresh_token_expire_in": NOW + 6_048_000, "open_id": "open", "seller_name": "Shop"
        }));
    }
    if hit.token == NEW_ACCESS {
        ok(json!({"conversations": [], "message_id": "m1"}))
    } else {
        error(401, 105002, "Expired credentials")
    }
}
