//! Signed calls with a token that renews itself.
//!
//! May use: `http`. The one rule: however many calls find the token expired at once, one of them refreshes it, and
//! the new tokens are kept before the old ones are dropped, even where the caller has gone meanwhile.

use super::auth::{self, Credentials, Endpoints, Shop, TokenStore, Tokens, encode};
use super::errors::{Failure, data, from_http, judge, without_secrets};
use super::sign::sign;
use crate::channel::{ChannelError, Detail};
use crate::http::{HttpClient, HttpRequest, Kind, Method};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Mutex;

/// One call, before it is stamped and signed.
pub struct Call<'a> {
    pub kind: Kind,
    pub method: Method,
    pub path: &'a str,
    /// Decoded values, without what every call has.
    pub query: &'a [(&'a str, &'a str)],
    /// Serialised once: these bytes are signed and sent.
    pub body: Option<&'a [u8]>,
}

impl Call<'_> {
    fn request(
        &self,
        endpoints: &Endpoints,
        credentials: &Credentials,
        access: &SecretString,
        now: Timestamp,
    ) -> HttpRequest {
        let timestamp = now.as_second().to_string();
        let mut query = vec![
            ("app_key", credentials.app_key.as_str()),
            ("timestamp", timestamp.as_str()),
        ];
        query.extend_from_slice(self.query);
        let signature = sign(
            &credentials.app_secret,
            self.path,
            &query,
            self.body.unwrap_or_default(),
        );
        query.push(("sign", &signature));
        HttpRequest {
            method: self.method,
            url: SecretString::from(format!("{}{}?{}", endpoints.api, self.path, encode(&query))),
            headers: vec![
                ("x-tts-access-token", access.clone()),
                ("content-type", SecretString::from("application/json")),
            ],
            body: self.body.map(<[u8]>::to_vec),
        }
    }
}

/// Makes `call` with these tokens, which are not renewed.
async fn signed(
    http: &HttpClient,
    endpoints: &Endpoints,
    credentials: &Credentials,
    tokens: &Tokens,
    call: &Call<'_>,
) -> Result<Value, Failure> {
    let build = |now| call.request(endpoints, credentials, &tokens.access, now);
    let reply = http
        .call(call.kind, build, judge)
        .await
        .map_err(|error| Failure::Other(from_http(call.kind, error)))?;
    let mut secrets = vec![
        credentials.app_secret.expose_secret(),
        tokens.access.expose_secret(),
        tokens.refresh.expose_secret(),
    ];
    secrets.extend(
        call.query
            .iter()
            .filter(|(key, _)| *key == "shop_cipher")
            .map(|(_, cipher)| *cipher),
    );
    data(call.kind, &reply).or_else(|_| data(call.kind, &without_secrets(reply, &secrets)))
}

/// The shops that fresh tokens are for. The only call that takes no `shop_cipher`.
pub async fn authorized_shops(
    http: &HttpClient,
    endpoints: &Endpoints,
    credentials: &Credentials,
    tokens: &Tokens,
) -> Result<Vec<Shop>, ChannelError> {
    let call = Call {
        kind: Kind::Read,
        method: Method::Get,
        path: "/authorization/202309/shops",
        query: &[],
        body: None,
    };
    let mut data = signed(http, endpoints, credentials, tokens, &call).await?;
    Ok(auth::read_shops(super::list(&mut data, "shops")?))
}

/// One account's credentials and the tokens of the day.
pub struct Session {
    http: Arc<HttpClient>,
    endpoints: Endpoints,
    credentials: Credentials,
    store: Arc<dyn TokenStore>,
    tokens: RwLock<Arc<Tokens>>,
    /// Held while the tokens are refreshed; keeps how the last refresh failed.
    refreshing: Mutex<Option<ChannelError>>,
    /// Refreshes so far.
    refreshes: AtomicU64,
    /// The tokens in use are not the tokens that are kept.
    unsaved: AtomicBool,
}

impl Session {
    pub fn new(
        http: Arc<HttpClient>,
        endpoints: Endpoints,
        credentials: Credentials,
        tokens: Tokens,
        store: Arc<dyn TokenStore>,
    ) -> Self {
        Self {
            http,
            endpoints,
            credentials,
            store,
            tokens: RwLock::new(Arc::new(tokens)),
            refreshing: Mutex::new(None),
            refreshes: AtomicU64::new(0),
            unsaved: AtomicBool::new(false),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.http.now()
    }

    /// Makes `call`; with an expired token once more after a refresh, which is safe for a send too, since the
    /// platform refused it.
    pub async fn call(self: &Arc<Self>, call: &Call<'_>) -> Result<Value, ChannelError> {
        let tokens = self.tokens();
        match self.attempt(call, &tokens).await {
            Err(Failure::Expired(_)) => {
                // The platform refused the call: whatever becomes of the refresh, the reply did not leave.
                self.renew(tokens).await.map_err(|error| match error {
                    ChannelError::Ambiguous(why)
                    | ChannelError::Protocol(why)
                    | ChannelError::TooLarge(why)
                        if call.kind == Kind::Send =>
                    {
                        ChannelError::NotSent(why)
                    }
                    other => other,
                })?;
                Ok(self.attempt(call, &self.tokens()).await?)
            }
            outcome => Ok(outcome?),
        }
    }

    async fn attempt(&self, call: &Call<'_>, tokens: &Tokens) -> Result<Value, Failure> {
        if self.unsaved.load(Ordering::Acquire) {
            self.save(tokens).await;
        }
        signed(&self.http, &self.endpoints, &self.credentials, tokens, call).await
    }

    fn tokens(&self) -> Arc<Tokens> {
        Arc::clone(&self.tokens.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces `stale`, in a task of its own: a caller that gives up must not take the new tokens with it.
    async fn renew(self: &Arc<Self>, stale: Arc<Tokens>) -> Result<(), ChannelError> {
        let session = Arc::clone(self);
        let seen = self.refreshes.load(Ordering::Acquire);
        let task = tokio::spawn(async move {
            let mut last_failure = session.refreshing.lock().await;
            if !same(&session.tokens().access, &stale.access) {
                return Ok(());
            }
            if session.refreshes.load(Ordering::Acquire) != seen {
                // Another call tried while we waited. Its failure is ours; asking again would only add to the trouble.
                return last_failure.clone().map_or(Ok(()), Err);
            }
            let outcome = session.refresh(&stale).await;
            *last_failure = outcome.as_ref().err().cloned();
            session.refreshes.fetch_add(1, Ordering::AcqRel);
            outcome
        });
        task.await.unwrap_or_else(|_| {
            Err(ChannelError::Ambiguous(Detail::new(
                "the token refresh broke off",
            )))
        })
    }

    async fn refresh(&self, stale: &Tokens) -> Result<(), ChannelError> {
        // The seller's other shops and other processes share the tokens; a refresh token is good once.
        let _turn = self.store.lock().await;
        let tokens = if let Some(kept) = self.kept_instead_of(stale).await {
            kept
        } else {
            self.fresh(stale).await?
        };
        *self.tokens.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(tokens);
        Ok(())
    }

    /// New tokens from the platform, kept. Refused, somebody without our lock may have been faster.
    async fn fresh(&self, stale: &Tokens) -> Result<Tokens, ChannelError> {
        let asked = auth::refresh(
            &self.http,
            &self.endpoints,
            &self.credentials,
            &stale.refresh,
        );
        match asked.await {
            Ok(fresh) => {
                self.save(&fresh).await;
                Ok(fresh)
            }
            Err(error @ ChannelError::Unauthorized(_)) => {
                self.kept_instead_of(stale).await.ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// What is kept, where it is not `stale`.
    async fn kept_instead_of(&self, stale: &Tokens) -> Option<Tokens> {
        let kept = self.store.load().await.ok().flatten();
        kept.filter(|kept| !same(&kept.access, &stale.access))
    }

    /// Where the store is in trouble, the session goes on with the tokens in memory and saves them at the next call.
    async fn save(&self, tokens: &Tokens) {
        let outcome = self.store.save(tokens).await;
        self.unsaved.store(outcome.is_err(), Ordering::Release);
        if let Err(error) = outcome {
            tracing::error!(%error, "new tokens are in memory only; if the program ends now, connect the account again");
        }
    }
}

fn same(a: &SecretString, b: &SecretString) -> bool {
    a.expose_secret() == b.expose_secret()
}
