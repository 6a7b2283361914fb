//! TikTok Shop: the customer service, order and tracking calls of its Open Platform.
//!
//! - [`auth`]: the seller's consent, tokens, shops
//! - `session`: signed calls with a token that renews itself
//! - `sign`: the signature
//! - `errors`: what a reply means
//! - `wire`: the platform's JSON
//! - `translate`: from there to the desk's values
//!
//! Paths and limits: platforms.md 2.6–2.8. May use: `domain`, `text`, `http`. The one rule: a text is sent once; what
//! became of it is told through [`ChannelError`].

pub mod auth;
mod errors;
mod session;
mod sign;
mod translate;
mod wire;

pub use auth::{
    Credentials, Endpoints, PasteError, Shop, TokenStore, TokenStoreError, Tokens, consent_url,
    exchange, parse_pasted,
};
pub use session::authorized_shops;

use super::{Capabilities, Channel, ChannelError, ConversationPage, Detail, MessageBatch};
use crate::domain::{
    ChannelKind, Cursor, IncomingConversation, IncomingMessage, Order, OrderStatus, Origin,
    Outgoing, Receipt, RemoteId,
};
use crate::http::{HttpClient, Kind, Method};
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use session::{Call, Session};
use std::collections::HashSet;
use std::sync::Arc;
use translate::Mark;

/// Characters of a text message.
const MAX_REPLY_CHARS: usize = 2000;
/// The platform's largest pages of conversations and messages.
const CONVERSATIONS_A_PAGE: usize = 20;
const MESSAGES_A_PAGE: usize = 10;
const ORDERS_A_PAGE: &str = "10";
/// Pages of one conversation that are read at most; a server's endless list is an error.
const MAX_PAGES: usize = 500;
/// Pages in which a reply with an unknown outcome is looked for.
const MAX_PAGES_BACK: usize = 10;
/// How much earlier than we think a reply may be dated; the platform takes no request from a clock further ahead than 30 s.
const CLOCK_TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// What a [`TiktokShop`] is made of.
pub struct Settings {
    pub http: Arc<HttpClient>,
    pub endpoints: Endpoints,
    pub credentials: Credentials,
    pub tokens: Tokens,
    pub shop_cipher: SecretString,
    pub token_store: Arc<dyn TokenStore>,
}

/// One connected shop.
pub struct TiktokShop {
    session: Arc<Session>,
    cipher: SecretString,
}

impl TiktokShop {
    pub fn new(settings: Settings) -> Self {
        let Settings {
            http,
            endpoints,
            credentials,
            tokens,
            shop_cipher,
            token_store,
        } = settings;
        let session = Arc::new(Session::new(
            http,
            endpoints,
            credentials,
            tokens,
            token_store,
        ));
        Self {
            session,
            cipher: shop_cipher,
        }
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Value, ChannelError> {
        self.call(Kind::Read, Method::Get, path, query, None).await
    }

    async fn call(
        &self,
        kind: Kind,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Value, ChannelError> {
        let mut query = query.to_vec();
        // An empty parameter is not sent.
        query.retain(|(_, value)| !value.is_empty());
        query.push(("shop_cipher", self.cipher.expose_secret()));
        self.session
            .call(&Call {
                kind,
                method,
                path,
                query: &query,
                body,
            })
            .await
    }

    /// One page of a list. An answer that is too large to be read is asked for in smaller pages, which `size` remembers; it
    /// grows again, up to `most`, with each one that could be read.
    async fn page(
        &self,
        path: &str,
        query: &[(&str, &str)],
        size: &mut usize,
        most: usize,
    ) -> Result<Value, ChannelError> {
        loop {
            let items = size.to_string();
            let mut query = query.to_vec();
            query.push(("page_size", &items));
            match self.get(path, &query).await {
                Err(ChannelError::TooLarge(_)) if *size > 1 => *size /= 2,
                Err(error) => return Err(error),
                Ok(data) => {
                    *size = (*size * 2).min(most);
                    return Ok(data);
                }
            }
        }
    }

    /// One page of messages, newest first, as they came, and the token of the next.
    async fn message_page(
        &self,
        conversation: &RemoteId,
        page: &str,
        size: &mut usize,
    ) -> Result<(Vec<Value>, Option<String>), ChannelError> {
        let path = format!(
            "/customer_service/202309/conversations/{}/messages",
            segment(conversation)?
        );
        let query = [("page_token", page), ("sort_order", "DESC")];
        let mut data = self.page(&path, &query, size, MESSAGES_A_PAGE).await?;
        let messages = list(&mut data, "messages")?;
        Ok((messages, wire::next_page(&data)))
    }

    /// Adds the newest event of the parcel. An order without it is worth more than none.
    async fn track(&self, order: &mut Order) {
        let Ok(id) = segment(&order.remote_id) else {
            return;
        };
        let path = format!("/fulfillment/202309/orders/{id}/tracking");
        match self
            .get(&path, &[])
            .await
            .and_then(|mut data| list(&mut data, "tracking"))
        {
            Ok(events) => {
                let (event, at) = translate::newest_event(events).unzip();
                order.parcel.last_event = event;
                order.parcel.last_event_at = at;
            }
            Err(error) => tracing::warn!(order = %order.remote_id, %error, "no parcel events"),
        }
    }
}

#[async_trait]
impl Channel for TiktokShop {
    fn kind(&self) -> ChannelKind {
        ChannelKind::TiktokShop
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            max_reply_chars: MAX_REPLY_CHARS,
            orders: true,
            mark_read: true,
            read_back: true,
        }
    }

    async fn conversations(&self, page: Option<&str>) -> Result<ConversationPage, ChannelError> {
        let query = [("page_token", page.unwrap_or_default())];
        let mut size = CONVERSATIONS_A_PAGE;
        let path = "/customer_service/202309/conversations";
        let mut data = self
            .page(path, &query, &mut size, CONVERSATIONS_A_PAGE)
            .await?;
        let entries = list(&mut data, "conversations")?;
        let mut result = ConversationPage {
            next: wire::next_page(&data),
            ..Default::default()
        };
        for entry in entries {
            match translate::conversation(entry) {
                Ok(conversation) => result.conversations.push(conversation),
                Err(json) => result.unreadable.push(json),
            }
        }
        Ok(result)
    }

    async fn messages(
        &self,
        conversation: &IncomingConversation,
        since: Option<&Cursor>,
    ) -> Result<MessageBatch, ChannelError> {
        let since = since.and_then(Mark::of);
        let mut found: Vec<(String, IncomingMessage)> = Vec::new();
        let mut ids = HashSet::new();
        let mut tokens = HashSet::new();
        let (mut page, mut size) = (String::new(), MESSAGES_A_PAGE);
        for _ in 0..MAX_PAGES {
            let (entries, next) = self
                .message_page(&conversation.remote_id, &page, &mut size)
                .await?;
            let mut reached = false;
            for entry in entries {
                let mark = Mark::of_message(&entry);
                if since.as_ref().is_some_and(|since| since.covers(&mark)) {
                    // The rest of the page is looked at all the same: it is sorted by time, and two may share a second.
                    reached = true;
                    continue;
                }
                let near = found
                    .last()
                    .map_or_else(|| self.session.now(), |(_, newer)| newer.sent_at);
                if let Some(message) = translate::message(entry, near)
                    && ids.insert(message.remote_id.clone())
                {
                    found.push((mark.index, message));
                }
            }
            match next {
                Some(next) if !reached => page = next,
                _ => return Ok(oldest_first(found)),
            }
            if !tokens.insert(page.clone()) {
                return Err(unending("the pages of a conversation go in a circle"));
            }
        }
        Err(unending("a conversation has more pages than are read"))
    }

    async fn send(&self, outgoing: &Outgoing) -> Result<Receipt, ChannelError> {
        let path = format!(
            "/customer_service/202606/conversations/{}/messages",
            segment(&outgoing.conversation_remote_id)?
        );
        let body = message_body(outgoing)?;
        let data = self
            .call(Kind::Send, Method::Post, &path, &[], Some(&body))
            .await?;
        match Mark::of_message(&serde_json::json!({ "id": data.get("message_id") })).id {
            id if id.is_empty() => Err(ChannelError::Ambiguous(Detail::new(
                "the platform took the reply and gave it no id",
            ))),
            id => Ok(Receipt {
                platform_id: RemoteId::new(id),
            }),
        }
    }

    async fn find_sent(
        &self,
        outgoing: &Outgoing,
        since: Timestamp,
    ) -> Result<Option<Receipt>, ChannelError> {
        let earliest = since.checked_sub(CLOCK_TOLERANCE).unwrap_or(since);
        let (mut page, mut size) = (String::new(), MESSAGES_A_PAGE);
        for _ in 0..MAX_PAGES_BACK {
            let (entries, next) = self
                .message_page(&outgoing.conversation_remote_id, &page, &mut size)
                .await?;
            let messages: Vec<_> = entries
                .into_iter()
                .filter_map(|entry| translate::message(entry, since))
                .collect();
            let sent = messages.iter().find(|message| {
                message.sent_at >= earliest
                    && translate::is_own_text(message, outgoing.text.expose())
            });
            if let Some(sent) = sent {
                return Ok(Some(Receipt {
                    platform_id: sent.remote_id.clone(),
                }));
            }
            let older = messages.iter().any(|message| message.sent_at < earliest);
            match next {
                Some(next) if !older && next != page => page = next,
                _ => break,
            }
        }
        Ok(None)
    }

    async fn mark_read(&self, conversation: &RemoteId) -> Result<(), ChannelError> {
        let path = format!(
            "/customer_service/202309/conversations/{}/messages/read",
            segment(conversation)?
        );
        // Done twice it does no harm, so it may be repeated like a read.
        self.call(Kind::Read, Method::Post, &path, &[], None)
            .await
            .map(|_| ())
    }

    async fn orders(&self, buyer: &RemoteId, now: Timestamp) -> Result<Vec<Order>, ChannelError> {
        let body = serde_json::json!({ "buyer_user_id": buyer.as_str() }).to_string();
        let query = [
            ("page_size", ORDERS_A_PAGE),
            ("sort_field", "create_time"),
            ("sort_order", "DESC"),
        ];
        let path = "/order/202309/orders/search";
        let mut data = self
            .call(
                Kind::Read,
                Method::Post,
                path,
                &query,
                Some(body.as_bytes()),
            )
            .await?;
        let mut orders: Vec<Order> = list(&mut data, "orders")?
            .into_iter()
            .filter_map(|entry| translate::order(entry, now))
            .collect();
        // A platform that does not know the filter would show other buyers' orders.
        orders.retain(|order| order.buyer_remote_id.as_ref().is_none_or(|id| id == buyer));
        orders.sort_by_key(|order| std::cmp::Reverse(order.created_at));
        for order in &mut orders {
            if matches!(
                order.status,
                OrderStatus::InTransit | OrderStatus::Delivered
            ) {
                self.track(order).await;
            }
        }
        Ok(orders)
    }

    async fn check(&self) -> Result<(), ChannelError> {
        let query = [("page_size", "1")];
        self.get("/customer_service/202309/conversations", &query)
            .await
            .map(|_| ())
    }
}

fn oldest_first(mut found: Vec<(String, IncomingMessage)>) -> MessageBatch {
    found.reverse();
    found.sort_by(|(a_index, a), (b_index, b)| {
        (a.sent_at, translate::index_order(a_index))
            .cmp(&(b.sent_at, translate::index_order(b_index)))
    });
    MessageBatch {
        messages: found.into_iter().map(|(_, message)| message).collect(),
    }
}

/// Nothing of such a list is handed over: with a part of it the cursor would step over the rest.
fn unending(what: &str) -> ChannelError {
    ChannelError::Protocol(Detail::new(what))
}

/// The body of a send, serialised once.
fn message_body(outgoing: &Outgoing) -> Result<Vec<u8>, ChannelError> {
    let rejected = |why: String| ChannelError::Rejected(Detail::new(&why));
    let text = outgoing.text.expose();
    let length = text.chars().count();
    if text.trim().is_empty() {
        return Err(rejected("an empty reply is not sent".to_owned()));
    }
    if length > MAX_REPLY_CHARS {
        return Err(rejected(format!(
            "the reply has {length} characters and TikTok Shop takes {MAX_REPLY_CHARS}"
        )));
    }
    let message = wire::NewMessage {
        kind: "TEXT",
        content: serde_json::json!({ "content": text }).to_string(),
        sender_role: match outgoing.origin {
            Origin::Person => "CUSTOMER_SERVICE",
            Origin::Automation => "ROBOT",
        },
    };
    serde_json::to_vec(&message).map_err(|problem| rejected(problem.to_string()))
}

/// An id as a part of a path. A platform's ids are decimals; anything that could lead elsewhere is refused.
fn segment(id: &RemoteId) -> Result<&str, ChannelError> {
    let harmless = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if !id.as_str().is_empty() && id.as_str().bytes().all(harmless) {
        return Ok(id.as_str());
    }
    Err(ChannelError::Rejected(Detail::new(&format!(
        "`{id}` cannot be an id of TikTok Shop"
    ))))
}

/// The list `name` of `data`; none where it is missing.
fn list(data: &mut Value, name: &str) -> Result<Vec<Value>, ChannelError> {
    if !matches!(data, Value::Object(_) | Value::Null) {
        let what = format!("where `{name}` should stand is no object");
        return Err(ChannelError::Protocol(Detail::new(&what)));
    }
    match data.get_mut(name).map(Value::take) {
        Some(Value::Array(entries)) => Ok(entries),
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(_) => Err(ChannelError::Protocol(Detail::new(&format!(
            "`{name}` is no list"
        )))),
    }
}
