//! The envelope around every answer, and the platform's error codes (platforms.md 2.4).
//!
//! May use: axum, serde_json. The one rule: a code is written here and nowhere else.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

/// One answer before it is put on the wire.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub code: i64,
    pub message: String,
    pub data: Value,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

impl Answer {
    pub fn ok(data: Value) -> Self {
        let message = "Success".to_owned();
        Self {
            status: StatusCode::OK,
            code: 0,
            message,
            data,
            retry_after: None,
        }
    }

    pub fn error(status: StatusCode, code: i64, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            data: json!({}),
            retry_after: None,
        }
    }

    fn bad(message: impl Into<String>) -> Self {
        Self::error(StatusCode::BAD_REQUEST, 36009004, message)
    }

    pub fn missing_signature() -> Self {
        Self::bad("Missing the signature: query parameter sign is required")
    }

    pub fn wrong_signature() -> Self {
        Self::error(StatusCode::UNAUTHORIZED, 106001, "sign invalid")
    }

    pub fn timestamp(problem: &str) -> Self {
        Self::bad(format!("Invalid timestamp: {problem}"))
    }

    pub fn invalid_app_key() -> Self {
        Self::bad("Invalid app_key")
    }

    pub fn missing_token() -> Self {
        Self::bad("Invalid x-tts-access-token: the header is required")
    }

    pub fn invalid_token() -> Self {
        Self::bad("Invalid access_token")
    }

    pub fn expired_token() -> Self {
        Self::error(
            StatusCode::UNAUTHORIZED,
            105002,
            "Expired credentials: access token expired",
        )
    }

    pub fn missing_scope() -> Self {
        let message = "Access denied: the app or the token lacks the scope for this call";
        Self::error(StatusCode::UNAUTHORIZED, 105005, message)
    }

    pub fn missing_cipher() -> Self {
        Self::error(StatusCode::BAD_REQUEST, 106013, "shop_cipher is missing")
    }

    pub fn wrong_cipher() -> Self {
        Self::bad("Invalid shop_cipher")
    }

    pub fn unexpected_cipher() -> Self {
        Self::bad("Unexpected identifier: shop_cipher is not accepted by this API")
    }

    pub fn invalid_parameter(name: &str, why: &str) -> Self {
        let message = format!("Invalid parameter {name}: {why}");
        Self::error(StatusCode::BAD_REQUEST, 98001004, message)
    }

    pub fn rate_limited(retry_after: Option<u32>) -> Self {
        let answer = Self::error(StatusCode::TOO_MANY_REQUESTS, 36009002, "Too many requests");
        Self {
            retry_after,
            ..answer
        }
    }

    pub fn internal(status: StatusCode) -> Self {
        Self::error(status, 36009003, "Internal error")
    }

    pub fn unknown_path() -> Self {
        Self::error(StatusCode::NOT_FOUND, 36009009, "Invalid path")
    }

    pub fn unknown_version() -> Self {
        Self::error(StatusCode::BAD_REQUEST, 36009014, "Invalid API version")
    }

    pub fn wrong_method() -> Self {
        Self::error(
            StatusCode::METHOD_NOT_ALLOWED,
            36009010,
            "Invalid HTTP method",
        )
    }

    pub fn body_too_big() -> Self {
        Self::error(
            StatusCode::PAYLOAD_TOO_LARGE,
            36009021,
            "Request body too large",
        )
    }

    pub fn invalid_body(why: &str) -> Self {
        Self::error(
            StatusCode::BAD_REQUEST,
            36009022,
            format!("Invalid body format: {why}"),
        )
    }

    pub fn invalid_auth_code(why: &str) -> Self {
        Self::error(
            StatusCode::OK,
            36004004,
            format!("Invalid authorization: {why}"),
        )
    }

    pub fn not_owned() -> Self {
        Self::error(
            StatusCode::OK,
            21008111,
            "The order is not owned by this seller",
        )
    }

    /// The real code is not published (platforms.md 2.4): 45101001 is the sandbox's own.
    pub fn sensitive_words() -> Self {
        let message = "The message was not sent: it contains sensitive words";
        Self::error(StatusCode::OK, 45101001, message)
    }

    /// The real code is not published (platforms.md 2.4): 45101002 is the sandbox's own.
    pub fn cannot_send() -> Self {
        let message = "Messages to this buyer are not allowed: no recent chat, order or return";
        Self::error(StatusCode::OK, 45101002, message)
    }

    /// The real code is not published (platforms.md 2.4): 45101003 is the sandbox's own.
    pub fn no_conversation() -> Self {
        Self::error(StatusCode::OK, 45101003, "The conversation does not exist")
    }

    /// The bytes of the envelope.
    pub fn body(&self, request_id: &str) -> Vec<u8> {
        let envelope = json!({
            "code": self.code,
            "message": self.message,
            "request_id": request_id,
            "data": self.data,
        });
        envelope.to_string().into_bytes()
    }
}

/// A response with these bytes. `date` is an HTTP date.
pub fn response(
    status: StatusCode,
    body: Vec<u8>,
    retry_after: Option<u32>,
    date: &str,
) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    if let Ok(date) = HeaderValue::from_str(date) {
        headers.insert(header::DATE, date);
    }
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
