//! Connecting an account: the seller's consent, tokens, and the shops that the tokens are for.
//!
//! Source: platforms.md 2.2. Token calls are not signed and carry the secrets in their URL; the HTTP layer keeps those out
//! of every log and error.
//!
//! May use: `http`, `text`. The one rule: new tokens are saved before the old ones are dropped.

use super::errors::{data, from_http, judge, without_secrets};
use super::wire::{ShopData, TokenData};
use crate::channel::{ChannelError, Detail};
use crate::domain::RemoteId;
use crate::http::{HttpClient, HttpRequest, Kind, Method};
use crate::text::{RawText, SafeText, sanitise};
use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::{Url, form_urlencoded};

/// What the seller got from the Partner Center for their app.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub app_key: String,
    pub app_secret: SecretString,
    /// Names the app on the consent page.
    pub service_id: String,
}

/// The keys to one seller's shops.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub access: SecretString,
    pub access_expires_at: Timestamp,
    pub refresh: SecretString,
    pub refresh_expires_at: Timestamp,
    pub open_id: RemoteId,
    pub seller_name: RawText,
    pub region: RawText,
    pub granted_scopes: Vec<String>,
}

/// Where the platform is, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    pub api: String,
    pub auth: String,
    pub consent: String,
}

impl Endpoints {
    /// Every market; sellers of the United States consent on a page of their own.
    pub fn live(united_states: bool) -> Self {
        let consent = if united_states {
            "https://services.us.tiktokshop.com"
        } else {
            "https://services.tiktokshop.com"
        };
        Self {
            api: "https://open-api.tiktokglobalshop.com".to_owned(),
            auth: "https://auth.tiktok-shops.com".to_owned(),
            consent: consent.to_owned(),
        }
    }

    /// One address for all three: the sandbox, or a test.
    pub fn at(base_url: &str) -> Self {
        let base = base_url.trim_end_matches('/').to_owned();
        Self {
            api: base.clone(),
            auth: base.clone(),
            consent: base,
        }
    }
}

/// A shop that the tokens are for.
#[derive(Clone, Debug)]
pub struct Shop {
    pub id: RemoteId,
    pub name: RawText,
    pub region: RawText,
    /// The `shop_cipher` of every other call. A wrong one returns another shop's data.
    pub cipher: SecretString,
}

/// Where tokens are kept.
#[async_trait]
pub trait TokenStore: Send + Sync {
    /// Keeps `tokens`, durably, before it returns.
    async fn save(&self, tokens: &Tokens) -> Result<(), TokenStoreError>;

    /// What is kept now: another process may have refreshed the tokens meanwhile.
    async fn load(&self) -> Result<Option<Tokens>, TokenStoreError> {
        Ok(None)
    }

    /// Waits until nobody else who uses these tokens refreshes them, and keeps others waiting until it is dropped.
    async fn lock(&self) -> Option<Box<dyn Send + Sync>> {
        None
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the tokens cannot be kept: {0}")]
pub struct TokenStoreError(pub SafeText);

/// What is wrong with what was pasted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasteError {
    #[error(
        "that address carries no code; copy the whole address of the page that the consent ended on"
    )]
    NoCode,
    #[error(
        "that address belongs to another consent; open the newest consent page and paste where it ends"
    )]
    WrongState,
    #[error("the platform says: {0}")]
    Denied(SafeText),
}

/// The page on which the seller lets the app in. `state` comes back in the redirection and is checked there.
pub fn consent_url(endpoints: &Endpoints, credentials: &Credentials, state: &str) -> String {
    let query = encode(&[("service_id", &credentials.service_id), ("state", state)]);
    format!("{}/open/authorize?{query}", endpoints.consent)
}

/// The code in `pasted`: the address that the consent ended on, whose `state` must be ours, or the bare code.
pub fn parse_pasted(pasted: &str, state: &str) -> Result<SecretString, PasteError> {
    let pasted = pasted.trim().trim_matches(['"', '\'', '<', '>']).trim();
    let is_bare = |text: &str| !text.is_empty() && !text.contains(['/', '?', '&', '=', ' ', '\n']);
    if is_bare(pasted) {
        return Ok(SecretString::from(pasted));
    }
    let query = match Url::parse(pasted) {
        Ok(url) => url.query().unwrap_or_default().to_owned(),
        // Only the part after the question mark was copied.
        Err(_) => pasted.rsplit('?').next().unwrap_or_default().to_owned(),
    };
    let find = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    };
    if let Some(reason) = find("error_description").or_else(|| find("error")) {
        return Err(PasteError::Denied(sanitise(&reason).one_line(200)));
    }
    let code = find("code")
        .or_else(|| find("auth_code"))
        .ok_or(PasteError::NoCode)?;
    if find("state").as_deref() != Some(state) {
        return Err(PasteError::WrongState);
    }
    Ok(SecretString::from(code))
}

/// Tokens for a code, which is good once and for 30 minutes.
pub async fn exchange(
    http: &HttpClient,
    endpoints: &Endpoints,
    credentials: &Credentials,
    code: &SecretString,
) -> Result<Tokens, ChannelError> {
    // Not repeated: used once, the code is spent.
    let address = format!("{}/api/v2/token/get", endpoints.auth);
    tokens(
        http,
        Kind::Send,
        &address,
        credentials,
        ("auth_code", code),
        "authorized_code",
    )
    .await
}

/// New tokens, both of them, for the refresh token.
pub async fn refresh(
    http: &HttpClient,
    endpoints: &Endpoints,
    credentials: &Credentials,
    refresh_token: &SecretString,
) -> Result<Tokens, ChannelError> {
    // Repeated: if an answer got lost, the old token is the only one that we have to try with.
    let address = format!("{}/api/v2/token/refresh", endpoints.auth);
    tokens(
        http,
        Kind::Read,
        &address,
        credentials,
        ("refresh_token", refresh_token),
        "refresh_token",
    )
    .await
}

async fn tokens(
    http: &HttpClient,
    kind: Kind,
    address: &str,
    credentials: &Credentials,
    grant: (&str, &SecretString),
    grant_type: &str,
) -> Result<Tokens, ChannelError> {
    let query = [
        (grant.0, grant.1.expose_secret()),
        ("grant_type", grant_type),
    ];
    let app = [
        ("app_key", credentials.app_key.as_str()),
        ("app_secret", credentials.app_secret.expose_secret()),
    ];
    let query = encode(&[app, query].concat());
    let build = |_| HttpRequest {
        method: Method::Get,
        url: SecretString::from(format!("{address}?{query}")),
        headers: Vec::new(),
        body: None,
    };
    let secrets = [
        credentials.app_secret.expose_secret(),
        grant.1.expose_secret(),
    ];
    let reply = http
        .call(kind, build, judge)
        .await
        .map_err(|error| from_http(kind, error))?;
    // A refused token call has no other token to try: whatever is wrong with it, consent starts again.
    let data = data(kind, &reply)
        .or_else(|_| data(kind, &without_secrets(reply, &secrets)))
        .map_err(|failure| match ChannelError::from(failure) {
            ChannelError::Rejected(detail) => ChannelError::Unauthorized(detail),
            other => other,
        })?;
    read_tokens(data)
}

fn read_tokens(data: Value) -> Result<Tokens, ChannelError> {
    let unreadable = || {
        ChannelError::Protocol(Detail::new(
            "the answer to the token call carries no tokens",
        ))
    };
    let data: TokenData = serde_json::from_value(data).map_err(|_| unreadable())?;
    let at = |seconds| Timestamp::from_second(seconds).map_err(|_| unreadable());
    Ok(Tokens {
        access: SecretString::from(data.access_token),
        access_expires_at: at(data.access_token_expire_in)?,
        refresh: SecretString::from(data.refresh_token),
        refresh_expires_at: at(data.refresh_token_expire_in)?,
        open_id: RemoteId::new(data.open_id),
        seller_name: RawText::new(data.seller_name),
        region: RawText::new(data.seller_base_region),
        granted_scopes: data.granted_scopes,
    })
}

/// The readable ones of `shops`.
pub(super) fn read_shops(shops: Vec<Value>) -> Vec<Shop> {
    shops
        .into_iter()
        .filter_map(|shop| serde_json::from_value::<ShopData>(shop).ok())
        .map(|shop| Shop {
            id: RemoteId::new(shop.id),
            name: RawText::new(shop.name),
            region: RawText::new(shop.region),
            cipher: SecretString::from(shop.cipher),
        })
        .collect()
}

/// Percent-encodes decoded values into a query.
pub(super) fn encode(query: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(query)
        .finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(pasted: &str) -> Result<String, PasteError> {
        parse_pasted(pasted, "s 1/x").map(|code| code.expose_secret().to_owned())
    }

    #[test]
    fn the_consent_page_names_the_app_and_carries_the_state() {
        let credentials = Credentials {
            app_key: "k".to_owned(),
            app_secret: SecretString::from("s"),
            service_id: "7".to_owned(),
        };
        assert_eq!(
            consent_url(&Endpoints::live(false), &credentials, "a&b"),
            "https://services.tiktokshop.com/open/authorize?service_id=7&state=a%26b"
        );
        assert_eq!(
            Endpoints::at("http://127.0.0.1:1/").api,
            "http://127.0.0.1:1"
        );
    }

    #[test]
    fn the_code_is_found_in_whatever_was_copied() {
        let query = "app_key=29&code=TTP_abc-1%2B&locale=en&state=s+1%2Fx";
        for pasted in [
            format!("https://shop.example/done?{query}"),
            format!("  <https://shop.example/done?{query}#top>\n"),
            format!("shop.example/done?{query}"),
            query.to_owned(),
        ] {
            assert_eq!(code(&pasted).as_deref(), Ok("TTP_abc-1+"), "{pasted}");
        }
        assert_eq!(code(" TTP_abc-1 ").as_deref(), Ok("TTP_abc-1"));
    }

    #[test]
    fn another_consents_address_is_refused() {
        assert_eq!(
            code("https://x.example/?code=1&state=other"),
            Err(PasteError::WrongState)
        );
        assert_eq!(
            code("https://x.example/?code=1"),
            Err(PasteError::WrongState)
        );
        assert_eq!(
            code("https://x.example/?state=s+1/x"),
            Err(PasteError::NoCode)
        );
        assert_eq!(code(""), Err(PasteError::NoCode));
        assert_eq!(
            code("https://x.example/?error=denied&state=s"),
            Err(PasteError::Denied(sanitise("denied")))
        );
    }

    #[test]
    fn the_two_times_are_points_in_time_and_not_durations() {
        let tokens = read_tokens(serde_json::json!({
            "access_token": "a", "access_token_expire_in": 1_763_812_664, "refresh_token": "r",
            "refresh_token_expire_in": 1_863_812_664, "open_id": "o", "granted_scopes": ["seller.order.info", 7]
        }))
        .unwrap();
        assert_eq!(tokens.access_expires_at.as_second(), 1_763_812_664);
        assert_eq!(tokens.granted_scopes, ["seller.order.info"]);
        assert!(!format!("{tokens:?}").contains("\"a\""));
        assert!(read_tokens(serde_json::json!({"access_token": "a"})).is_err());
    }
}
