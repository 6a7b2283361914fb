//! Connected accounts: consent, the channels built from them, disconnecting.
//!
//! An authorisation (credentials, tokens, the shops they are for) is one file of [`Secrets`]; an account in the store
//! names a shop, and finds its authorisation by the shop's id. The one rule: nothing secret enters the database.

use super::Usage;
use super::secrets::Secrets;
use crate::channel::Channel;
use crate::channel::tiktok_shop::{
    self, Credentials, Endpoints, Shop, TiktokShop, TokenStore, TokenStoreError, Tokens,
};
use crate::domain::{Account, AccountId, ChannelKind, RemoteId};
use crate::http::{self, HttpClient, Policy};
use crate::store::Store;
use anyhow::Context;
use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The channels of this process, built when they are first needed.
#[derive(Clone)]
pub struct Channels {
    store: Store,
    secrets: Secrets,
    open: Arc<Mutex<HashMap<AccountId, Arc<dyn Channel>>>>,
}

impl Channels {
    pub fn new(store: Store, secrets: Secrets) -> Self {
        Self {
            store,
            secrets,
            open: Arc::default(),
        }
    }

    /// Puts a channel in place of the one that would be built: a test, a script.
    pub async fn insert(&self, account: &AccountId, channel: Arc<dyn Channel>) {
        self.open.lock().await.insert(account.clone(), channel);
    }

    /// Whether an account can be talked to from this machine: it is no import, and its secrets are here.
    pub async fn is_connected(&self, account: &Account) -> bool {
        if super::transfer::is_import(account) {
            return false;
        }
        self.open.lock().await.contains_key(&account.id) || is_connected(account, &self.secrets)
    }

    /// The channel of an account.
    ///
    /// # Errors
    /// An account that only `import` fills, or whose secrets are not on this machine, in words that say what to do.
    pub async fn of(&self, id: &AccountId) -> anyhow::Result<Arc<dyn Channel>> {
        let mut open = self.open.lock().await;
        if let Some(channel) = open.get(id) {
            return Ok(channel.clone());
        }
        let account = self.store.account(id).await?;
        if super::transfer::is_import(&account) {
            anyhow::bail!("this conversation was imported from a file: there is nobody to send to");
        }
        let channel = self.build(&account)?;
        open.insert(id.clone(), channel.clone());
        Ok(channel)
    }

    fn build(&self, account: &Account) -> anyhow::Result<Arc<dyn Channel>> {
        if account.kind != ChannelKind::TiktokShop {
            anyhow::bail!("there is no client for {} yet", account.kind);
        }
        let (name, authorisation) = Authorisation::of_shop(&self.secrets, &account.remote_id)?;
        let shop = authorisation
            .shops
            .iter()
            .find(|s| s.id == account.remote_id.as_str())
            .context("the authorisation names no such shop")?
            .to_shop();
        let keeper = Arc::new(Keeper {
            secrets: self.secrets.clone(),
            name,
        });
        Ok(Arc::new(TiktokShop::new(tiktok_shop::Settings {
            http: Arc::new(HttpClient::new(policy(account.base_url.as_deref()))),
            endpoints: endpoints(account.base_url.as_deref(), authorisation.united_states),
            credentials: authorisation.credentials(),
            tokens: authorisation.tokens.to_tokens(),
            shop_cipher: shop.cipher,
            token_store: keeper,
        })))
    }
}

fn endpoints(base_url: Option<&str>, united_states: bool) -> Endpoints {
    base_url.map_or_else(|| Endpoints::live(united_states), Endpoints::at)
}

/// The platform's quota is shared by all its sellers and never told; a server on this machine has none.
fn policy(base_url: Option<&str>) -> Policy {
    let local = base_url
        .and_then(|u| url::Url::parse(u).ok())
        .is_some_and(|u| http::is_this_machine(&u));
    if local {
        Policy {
            per_second: 100.0,
            burst: 100,
            ..Policy::default()
        }
    } else {
        Policy::default()
    }
}

/// A consent that was begun: where to send the seller, and what comes back.
pub struct Consent {
    credentials: Credentials,
    endpoints: Endpoints,
    base_url: Option<String>,
    united_states: bool,
    state: String,
}

impl Consent {
    /// Begins one for TikTok Shop. `state` is random and comes back with the code.
    pub fn begin(
        credentials: Credentials,
        base_url: Option<String>,
        united_states: bool,
        state: String,
    ) -> Self {
        let endpoints = endpoints(base_url.as_deref(), united_states);
        Self {
            credentials,
            endpoints,
            base_url,
            united_states,
            state,
        }
    }

    /// The page that the seller opens, in any browser.
    pub fn url(&self) -> String {
        tiktok_shop::consent_url(&self.endpoints, &self.credentials, &self.state)
    }

    /// Ends it with the pasted redirect URL (or the bare code): exchanges the code, keeps the tokens, adds an account for every
    /// shop that the seller authorised.
    ///
    /// # Errors
    /// A URL of another consent, a used code, a missing permission: in the platform's words.
    pub async fn finish(
        self,
        pasted: &str,
        store: &Store,
        secrets: &Secrets,
        now: Timestamp,
    ) -> anyhow::Result<Vec<Account>> {
        let code =
            tiktok_shop::parse_pasted(pasted, &self.state).map_err(|e| Usage(e.to_string()))?;
        let http = HttpClient::new(policy(self.base_url.as_deref()));
        let tokens =
            tiktok_shop::exchange(&http, &self.endpoints, &self.credentials, &code).await?;
        let shops =
            tiktok_shop::authorized_shops(&http, &self.endpoints, &self.credentials, &tokens)
                .await?;
        anyhow::ensure!(
            !shops.is_empty(),
            "the seller authorised no shop; open the consent page again with the shop's owner"
        );
        let kept = Authorisation::new(&self.credentials, &tokens, &shops, self.united_states);
        kept.save(secrets, &kept.file_name())?;
        kept.supersede_others(secrets)?;
        let mut accounts = Vec::new();
        for shop in shops {
            let account = Account {
                id: AccountId::fresh(),
                kind: ChannelKind::TiktokShop,
                name: shop.name,
                remote_id: shop.id,
                base_url: self.base_url.clone(),
                created_at: now,
            };
            accounts.push(store.add_account(&account).await?);
        }
        Ok(accounts)
    }
}

/// Forgets the secrets of an account on this machine; what is stored stays.
pub fn disconnect(account: &Account, secrets: &Secrets) -> anyhow::Result<()> {
    let (name, mut authorisation) = Authorisation::of_shop(secrets, &account.remote_id)?;
    authorisation
        .shops
        .retain(|s| s.id != account.remote_id.as_str());
    if authorisation.shops.is_empty() {
        secrets.remove(&name)
    } else {
        authorisation.save(secrets, &name)
    }
}

/// Whether the secrets of an account are on this machine.
pub fn is_connected(account: &Account, secrets: &Secrets) -> bool {
    Authorisation::of_shop(secrets, &account.remote_id).is_ok()
}

/// What is written to the secrets file.
#[derive(Serialize, Deserialize)]
struct Authorisation {
    app_key: String,
    app_secret: String,
    service_id: String,
    united_states: bool,
    tokens: StoredTokens,
    shops: Vec<StoredShop>,
}

#[derive(Serialize, Deserialize)]
struct StoredTokens {
    access: String,
    access_expires_at: Timestamp,
    refresh: String,
    refresh_expires_at: Timestamp,
    open_id: String,
    seller_name: String,
    region: String,
    granted_scopes: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredShop {
    id: String,
    name: String,
    region: String,
    cipher: String,
}

impl Authorisation {
    fn new(
        credentials: &Credentials,
        tokens: &Tokens,
        shops: &[Shop],
        united_states: bool,
    ) -> Self {
        let shop = |s: &Shop| StoredShop {
            id: s.id.as_str().to_owned(),
            name: s.name.safe().to_string(),
            region: s.region.safe().to_string(),
            cipher: s.cipher.expose_secret().to_owned(),
        };
        Self {
            app_key: credentials.app_key.clone(),
            app_secret: credentials.app_secret.expose_secret().to_owned(),
            service_id: credentials.service_id.clone(),
            united_states,
            tokens: StoredTokens::from(tokens),
            shops: shops.iter().map(shop).collect(),
        }
    }

    /// One file an authorised seller; the id is a platform's, so only its harmless characters make the name.
    fn file_name(&self) -> String {
        let id: String = self
            .tokens
            .open_id
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(64)
            .collect();
        format!("tiktok_shop-{id}")
    }

    fn of_shop(secrets: &Secrets, shop: &RemoteId) -> anyhow::Result<(String, Self)> {
        let mut damaged = None;
        let mut found: Vec<(String, Self)> = Vec::new();
        for name in secrets.names()? {
            match Self::load(secrets, &name) {
                Ok(a) if a.shops.iter().any(|s| s.id == shop.as_str()) => found.push((name, a)),
                Ok(_) => {}
                Err(why) => damaged = Some(why),
            }
        }
        // The newest, where the shop was authorised more than once.
        found
            .into_iter()
            .max_by_key(|(_, a)| a.tokens.access_expires_at)
            .ok_or_else(|| {
                damaged.unwrap_or_else(|| {
                    anyhow::anyhow!(
                        "this account is not connected on this machine; run `sextant account add tiktok_shop`"
                    )
                })
            })
    }

    /// Takes the shops of `self` out of all other files: a shop has one authorisation, the last.
    fn supersede_others(&self, secrets: &Secrets) -> anyhow::Result<()> {
        for name in secrets.names()? {
            if name == self.file_name() {
                continue;
            }
            let Ok(mut other) = Self::load(secrets, &name) else {
                continue;
            };
            let before = other.shops.len();
            other
                .shops
                .retain(|s| self.shops.iter().all(|mine| mine.id != s.id));
            if other.shops.is_empty() {
                secrets.remove(&name)?;
            } else if other.shops.len() < before {
                other.save(secrets, &name)?;
            }
        }
        Ok(())
    }

    fn load(secrets: &Secrets, name: &str) -> anyhow::Result<Self> {
        // The parser's own words could quote a secret.
        serde_json::from_str(&secrets.load(name)?).map_err(|_| {
            anyhow::anyhow!("the secrets file `{name}` is damaged; add the account again")
        })
    }

    fn save(&self, secrets: &Secrets, name: &str) -> anyhow::Result<()> {
        secrets.save(name, &serde_json::to_string_pretty(self)?)
    }

    fn credentials(&self) -> Credentials {
        Credentials {
            app_key: self.app_key.clone(),
            app_secret: SecretString::from(self.app_secret.clone()),
            service_id: self.service_id.clone(),
        }
    }
}

impl From<&Tokens> for StoredTokens {
    fn from(t: &Tokens) -> Self {
        Self {
            access: t.access.expose_secret().to_owned(),
            access_expires_at: t.access_expires_at,
            refresh: t.refresh.expose_secret().to_owned(),
            refresh_expires_at: t.refresh_expires_at,
            open_id: t.open_id.as_str().to_owned(),
            seller_name: t.seller_name.safe().to_string(),
            region: t.region.safe().to_string(),
            granted_scopes: t.granted_scopes.clone(),
        }
    }
}

impl StoredTokens {
    fn to_tokens(&self) -> Tokens {
        Tokens {
            access: SecretString::from(self.access.clone()),
            access_expires_at: self.access_expires_at,
            refresh: SecretString::from(self.refresh.clone()),
            refresh_expires_at: self.refresh_expires_at,
            open_id: RemoteId::new(self.open_id.clone()),
            seller_name: self.seller_name.as_str().into(),
            region: self.region.as_str().into(),
            granted_scopes: self.granted_scopes.clone(),
        }
    }
}

impl StoredShop {
    fn to_shop(&self) -> Shop {
        Shop {
            id: RemoteId::new(self.id.clone()),
            name: self.name.as_str().into(),
            region: self.region.as_str().into(),
            cipher: SecretString::from(self.cipher.clone()),
        }
    }
}

/// Keeps refreshed tokens in the authorisation's file, for every process that uses it.
struct Keeper {
    secrets: Secrets,
    name: String,
}

#[async_trait]
impl TokenStore for Keeper {
    async fn save(&self, tokens: &Tokens) -> Result<(), TokenStoreError> {
        let write = || -> anyhow::Result<()> {
            let mut authorisation = Authorisation::load(&self.secrets, &self.name)?;
            authorisation.tokens = StoredTokens::from(tokens);
            authorisation.save(&self.secrets, &self.name)
        };
        write().map_err(|e| TokenStoreError(crate::text::sanitise(&format!("{e:#}"))))
    }

    async fn lock(&self) -> Option<Box<dyn Send + Sync>> {
        let (secrets, name) = (self.secrets.clone(), self.name.clone());
        let waiting = tokio::task::spawn_blocking(move || secrets.lock(&name));
        match waiting.await {
            Ok(Ok(lock)) => Some(Box::new(lock)),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the tokens are refreshed without a lock");
                None
            }
            Err(_) => None,
        }
    }

    async fn load(&self) -> Result<Option<Tokens>, TokenStoreError> {
        let kept = Authorisation::load(&self.secrets, &self.name);
        kept.map(|a| Some(a.tokens.to_tokens()))
            .map_err(|e| TokenStoreError(crate::text::sanitise(&format!("{e:#}"))))
    }
}
