//! A client that signs by itself, written from the platform's published rule.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sextant::sandbox::{self, Options, Pace, Running};
use std::collections::BTreeMap;

pub const CONVERSATIONS: &str = "/customer_service/202309/conversations";

/// A client that signs by itself.
pub struct Client {
    pub http: reqwest::Client,
    pub base: String,
    pub app_key: String,
    pub secret: String,
    pub token: String,
    pub refresh: String,
    pub cipher: String,
}

/// HTTP status, envelope, `Retry-After`.
pub type Answer = (u16, Value, Option<String>);

pub fn http() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

pub fn hmac_hex(secret: &str, message: &str) -> String {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

impl Client {
    /// Consents, exchanges the code and asks for the shop.
    pub async fn connect(running: &Running) -> Self {
        let credentials = running.credentials();
        let mut client = Self {
            http: http(),
            base: running.base_url.clone(),
            app_key: credentials.app_key,
            secret: credentials.app_secret,
            token: String::new(),
            refresh: String::new(),
            cipher: String::new(),
        };
        let code = client.consent(&credentials.consent_url).await;
        let tokens = client.exchange(&code).await;
        client.take(&tokens);
        let (_, shops, _) = client
            .call("GET", "/authorization/202309/shops", &[], None)
            .await;
        client.cipher = shops["data"]["shops"][0]["cipher"]
            .as_str()
            .unwrap()
            .to_owned();
        client
    }

    pub async fn consent(&self, url: &str) -> String {
        let response = self
            .http
            .get(format!("{url}&state=s-1"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 302);
        let location = url::Url::parse(response.headers()["location"].to_str().unwrap()).unwrap();
        let query: BTreeMap<_, _> = location.query_pairs().into_owned().collect();
        assert_eq!(query["state"], "s-1");
        query["code"].clone()
    }

    pub async fn token_call(&self, which: &str, pairs: &[(&str, &str)]) -> Value {
        let url = format!("{}/api/v2/token/{which}", self.base);
        let own = [
            ("app_key", self.app_key.as_str()),
            ("app_secret", self.secret.as_str()),
        ];
        let response = self
            .http
            .get(url)
            .query(&own)
            .query(pairs)
            .send()
            .await
            .unwrap();
        response.json().await.unwrap()
    }

    pub async fn exchange(&self, code: &str) -> Value {
        self.token_call(
            "get",
            &[("auth_code", code), ("grant_type", "authorized_code")],
        )
        .await
    }

    pub async fn renew(&self) -> Value {
        self.token_call(
            "refresh",
            &[
                ("refresh_token", &self.refresh),
                ("grant_type", "refresh_token"),
            ],
        )
        .await
    }

    pub fn take(&mut self, tokens: &Value) {
        assert_eq!(tokens["code"], 0, "{tokens}");
        self.token = tokens["data"]["access_token"].as_str().unwrap().to_owned();
        self.refresh = tokens["data"]["refresh_token"].as_str().unwrap().to_owned();
    }

    /// A signed request, `shop_cipher` included where there is one, at `shift` seconds from now.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
        shift: i64,
    ) -> reqwest::RequestBuilder {
        let timestamp = (jiff::Timestamp::now().as_second() + shift).to_string();
        let mut all: BTreeMap<&str, &str> = query.iter().copied().collect();
        all.insert("app_key", &self.app_key);
        all.insert("timestamp", &timestamp);
        if !self.cipher.is_empty() {
            all.insert("shop_cipher", &self.cipher);
        }
        let body = body.map(Value::to_string).unwrap_or_default();
        let joined: String = all.iter().map(|(k, v)| format!("{k}{v}")).collect();
        let sign = hmac_hex(
            &self.secret,
            &format!("{0}{path}{joined}{body}{0}", self.secret),
        );
        let request = match method {
            "GET" => self.http.get(format!("{}{path}", self.base)),
            "POST" => self.http.post(format!("{}{path}", self.base)),
            _ => self.http.put(format!("{}{path}", self.base)),
        };
        let request = request.query(&all).query(&[("sign", sign)]).body(body);
        request
            .header("x-tts-access-token", &self.token)
            .header("content-type", "application/json")
    }

    pub async fn call(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        read(self.request(method, path, query, body, 0)).await
    }

    pub async fn list(&self, token: &str) -> Value {
        let mut query = vec![("page_size", "20")];
        if !token.is_empty() {
            query.push(("page_token", token));
        }
        let (status, answer, _) = self.call("GET", CONVERSATIONS, &query, None).await;
        assert_eq!((status, &answer["code"]), (200, &json!(0)), "{answer}");
        answer["data"].clone()
    }

    /// Every conversation, page by page, and how many pages there were.
    pub async fn list_all(&self) -> (Vec<Value>, usize) {
        let (mut all, mut token, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = self.list(&token).await;
            all.extend(page["conversations"].as_array().unwrap().iter().cloned());
            token = page["next_page_token"].as_str().unwrap().to_owned();
            pages += 1;
            if token.is_empty() {
                return (all, pages);
            }
        }
    }

    /// Every message of a conversation, oldest first.
    pub async fn messages(&self, id: &str) -> Vec<Value> {
        let (mut all, mut token) = (Vec::new(), String::new());
        loop {
            let mut query = vec![("page_size", "10"), ("sort_order", "ASC")];
            if !token.is_empty() {
                query.push(("page_token", token.as_str()));
            }
            let path = format!("{CONVERSATIONS}/{id}/messages");
            let (_, answer, _) = self.call("GET", &path, &query, None).await;
            all.extend(
                answer["data"]["messages"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .cloned(),
            );
            token = answer["data"]["next_page_token"]
                .as_str()
                .unwrap()
                .to_owned();
            if token.is_empty() {
                return all;
            }
        }
    }

    pub async fn send(&self, id: &str, text: &str, role: &str) -> Answer {
        let path = format!("/customer_service/202606/conversations/{id}/messages");
        let content = json!({ "content": text }).to_string();
        let body = json!({ "type": "TEXT", "content": content, "sender_role": role });
        self.call("POST", &path, &[], Some(&body)).await
    }
}

pub async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let retry = response
        .headers()
        .get("retry-after")
        .map(|v| v.to_str().unwrap().to_owned());
    (status, response.json().await.unwrap(), retry)
}

pub async fn running(seed: u64) -> Running {
    let options = Options {
        seed,
        pace: Pace::AtOnce,
        ..Options::default()
    };
    sandbox::start(options).await.unwrap()
}

pub async fn connected() -> (Running, Client) {
    let running = running(1).await;
    let client = Client::connect(&running).await;
    (running, client)
}

pub fn code(answer: &Answer) -> (u16, i64) {
    (answer.0, answer.1["code"].as_i64().unwrap())
}

pub fn ids_of(items: &Value) -> Vec<String> {
    items
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The first conversation in which the shop may write, and whether its buyer is angry cannot be known from here.
pub async fn writable(client: &Client) -> String {
    let page = client.list("").await;
    let list = page["conversations"].as_array().unwrap();
    list.iter().find(|c| c["can_send_message"] == true).unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned()
}
