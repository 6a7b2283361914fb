//! TikTok Shop's side of the wire: one handler that checks a request as the platform does, and answers it.
//!
//! The order of the checks is: path, method, app key, signature, timestamp, token, scope, cipher; then the
//! call itself checks its parameters. Where platforms.md gives no code, [`answer`] says that it is the sandbox's own.
//!
//! May use: axum, the shop day, the faults. The one rule: nothing of the product's own client.

mod answer;
mod auth;
mod gate;
mod messages;
mod orders;
mod paging;
mod route;
mod sign;
pub mod state;

use super::faults::{Fault, FaultBoard};
use super::wire::Scissors;
use answer::Answer;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, Method, Response, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use route::Call;
use serde_json::{Value, json};
use state::World;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Largest request body, in bytes.
const LARGEST_BODY: usize = 1 << 20;
const SLOW: Duration = Duration::from_secs(3);
const SKEW: SignedDuration = SignedDuration::from_hours(1);

/// What the handler and whoever started the sandbox share.
#[derive(Debug)]
pub struct Platform {
    pub base_url: String,
    pub faults: FaultBoard,
    pub stopping: CancellationToken,
    world: Mutex<World>,
}

impl Platform {
    pub fn new(base_url: String, world: World, stopping: CancellationToken) -> Self {
        Self {
            base_url,
            faults: FaultBoard::default(),
            stopping,
            world: Mutex::new(world),
        }
    }

    /// The world as it is at this moment.
    pub fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance(Timestamp::now(), &self.faults);
        world
    }
}

/// A request, read in full.
struct Asked {
    method: Method,
    path: String,
    /// Decoded, as they came.
    pairs: Vec<(String, String)>,
    query: HashMap<String, String>,
    token: Option<String>,
    multipart: bool,
    body: Bytes,
}

/// Answers every request.
pub async fn handle(
    State(platform): State<std::sync::Arc<Platform>>,
    ConnectInfo(scissors): ConnectInfo<Scissors>,
    request: Request,
) -> Response<Body> {
    let now = Timestamp::now();
    let asked = match read(request).await {
        Ok(asked) => asked,
        Err(answer) => return finish(&platform, answer, now),
    };
    let path = asked.path.as_str();
    if let Some(response) = unsigned(&platform, &asked, now) {
        return response;
    }
    let call = match route::find(&asked.method, path) {
        Ok(call) => call,
        Err(answer) => return finish(&platform, answer, now),
    };
    signed(&platform, &scissors, &asked, &call, now).await
}

async fn read(request: Request) -> Result<Asked, Answer> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LARGEST_BODY)
        .await
        .map_err(|_| Answer::body_too_big())?;
    let text = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned)
    };
    let raw_query = parts.uri.query().unwrap_or_default();
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(raw_query.as_bytes())
        .into_owned()
        .collect();
    let content_type = text("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    Ok(Asked {
        method: parts.method,
        path: parts.uri.path().to_owned(),
        query: pairs.iter().cloned().collect(),
        pairs,
        token: text("x-tts-access-token"),
        multipart: content_type.split(';').next().map(str::trim) == Some("multipart/form-data"),
        body,
    })
}

/// The consent page, the token calls and the sandbox's own controls, which carry no signature.
fn unsigned(platform: &Platform, asked: &Asked, now: Timestamp) -> Option<Response<Body>> {
    let get = asked.method == Method::GET;
    let answer = match asked.path.as_str() {
        "/open/authorize" if get => {
            let mut world = platform.world();
            match auth::consent(&mut world, &asked.query, &platform.base_url, now) {
                Ok(location) => return Some(redirect(&location)),
                Err(answer) => Err(answer),
            }
        }
        "/api/v2/token/get" if get => auth::exchange(&mut platform.world(), &asked.query, now),
        "/api/v2/token/refresh" if get => {
            auth::refresh(&mut platform.world(), &asked.query, &platform.faults, now)
        }
        "/open/authorize" | "/api/v2/token/get" | "/api/v2/token/refresh" => {
            Err(Answer::wrong_method())
        }
        "/sandbox/redirected" => {
            return Some(plain(
                "Consent given. Copy this page's address and paste it where it was asked for.\n",
            ));
        }
        "/sandbox/faults" => return Some(control(platform, asked, now)),
        _ => return None,
    };
    Some(finish(
        platform,
        answer.map_or_else(|answer| answer, Answer::ok),
        now,
    ))
}

fn redirect(location: &str) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn plain(text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// `GET /sandbox/faults` lists them; `POST {"name", "on", "count"}` switches one.
fn control(platform: &Platform, asked: &Asked, now: Timestamp) -> Response<Body> {
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Switch {
        name: String,
        on: bool,
        count: Option<u32>,
    }
    let switch = || -> Result<(), String> {
        let switch: Switch = serde_json::from_slice(&asked.body).map_err(|e| e.to_string())?;
        let fault: Fault = switch
            .name
            .parse()
            .map_err(|e: super::UnknownFault| e.to_string())?;
        if switch.on {
            platform.faults.set(fault, switch.count);
        } else {
            platform.faults.clear(fault);
        }
        Ok(())
    };
    let done = if asked.method == Method::POST {
        switch()
    } else {
        Ok(())
    };
    let (status, body) = match done {
        Ok(()) => (
            StatusCode::OK,
            json!({ "faults": listed(&platform.faults) }),
        ),
        Err(error) => (StatusCode::BAD_REQUEST, json!({ "error": error })),
    };
    answer::response(status, body.to_string().into_bytes(), None, &http_date(now))
}

fn listed(faults: &FaultBoard) -> Vec<Value> {
    let active = faults.active();
    let state = |fault: Fault| {
        active
            .iter()
            .find(|(f, _)| *f == fault)
            .map(|(_, left)| *left)
    };
    let row = |fault: &Fault| {
        let on = state(*fault);
        json!({ "name": fault.name(), "text": fault.describe(), "on": on.is_some(), "left": on.flatten() })
    };
    Fault::ALL.iter().map(row).collect()
}

/// A call with a signature, and everything that may go wrong with it.
async fn signed(
    platform: &Platform,
    scissors: &Scissors,
    asked: &Asked,
    call: &Call<'_>,
    now: Timestamp,
) -> Response<Body> {
    let faults = &platform.faults;
    let skewed = faults.hit(Fault::ClockSkew);
    let clock = if skewed {
        now.saturating_add(SKEW).unwrap_or(now)
    } else {
        now
    };
    if faults.hit(Fault::SlowResponse) {
        tokio::select! { () = tokio::time::sleep(SLOW) => {}, () = platform.stopping.cancelled() => {} }
    }
    let sends = matches!(call, Call::Send { .. });
    let mut answer = match before(platform, asked, call, clock) {
        Some(refusal) => refusal,
        None if sends && faults.hit(Fault::SendTimeout) => {
            platform.stopping.cancelled().await;
            scissors.cut_after(0);
            return Response::new(Body::empty());
        }
        None => perform(platform, asked, call, now).map_or_else(|answer| answer, Answer::ok),
    };
    if answer.code == 0 && call.reads() && faults.hit(Fault::UnknownField) {
        add_unknown_fields(&mut answer.data);
    }
    if answer.code == 0 && sends && faults.hit(Fault::SendLost) {
        scissors.cut_after(0);
    }
    let request_id = request_id(platform);
    let mut body = answer.body(&request_id);
    if answer.code == 0 && call.reads() {
        break_body(faults, scissors, &mut body);
    }
    answer::response(answer.status, body, answer.retry_after, &http_date(clock))
}

/// The faults that spoil a good answer's bytes.
fn break_body(faults: &FaultBoard, scissors: &Scissors, body: &mut Vec<u8>) {
    if faults.hit(Fault::WrongJson) {
        *body = br#"{"code":"zero","data":[1,2,"three"]}"#.to_vec();
    }
    if faults.hit(Fault::TruncatedBody) {
        body.truncate(body.len() / 2);
        // Half of a letter is no text; the cut is where a letter ends, so that only the JSON is broken.
        while std::str::from_utf8(body).is_err() {
            body.pop();
        }
    }
    if faults.hit(Fault::ConnectionCut) {
        // The head of the answer is under 300 bytes; the body is made long enough to be cut inside.
        body.resize(body.len().max(2_000), b' ');
        scissors.cut_after(300 + body.len() as i64 / 3);
    }
}

/// The refusals that come before the call is carried out.
fn before(platform: &Platform, asked: &Asked, call: &Call<'_>, clock: Timestamp) -> Option<Answer> {
    let faults = &platform.faults;
    let mut world = platform.world();
    *world
        .stats
        .requests
        .entry(call.name().to_owned())
        .or_default() += 1;
    if faults.hit(Fault::RateLimit) {
        return Some(Answer::rate_limited(Some(1)));
    }
    if faults.hit(Fault::RateLimitNoHint) {
        return Some(Answer::rate_limited(None));
    }
    if let Err(refusal) = gate::check(&world, faults, asked, call, clock) {
        world.stats.refused_calls += 1;
        return Some(refusal);
    }
    if faults.hit(Fault::ServerError) {
        return Some(Answer::internal(StatusCode::INTERNAL_SERVER_ERROR));
    }
    if faults.hit(Fault::ErrorIn200) {
        return Some(Answer::internal(StatusCode::OK));
    }
    None
}

fn perform(
    platform: &Platform,
    asked: &Asked,
    call: &Call<'_>,
    now: Timestamp,
) -> Result<Value, Answer> {
    let (query, body, faults) = (&asked.query, &asked.body, &platform.faults);
    let mut world = platform.world();
    match call {
        Call::Shops => Ok(auth::shops(&world)),
        Call::Conversations => messages::conversations(&mut world, query, faults),
        Call::Create => messages::create(&mut world, body, now),
        Call::One(id) => messages::one(&world, id),
        Call::Messages(id) => messages::messages(&world, id, query, faults),
        Call::Send { version, id } => messages::send(&mut world, version, id, body, faults, now),
        Call::MarkRead(id) => messages::mark_read(&mut world, id),
        Call::Search => orders::search(&world, query, body, faults),
        Call::Detail => orders::detail(&world, query),
        Call::Tracking(id) => orders::tracking(&world, id),
        Call::Logistics(id) => orders::logistics(&world, id),
        Call::Returns => orders::returns(query),
    }
}

fn finish(platform: &Platform, answer: Answer, clock: Timestamp) -> Response<Body> {
    let body = answer.body(&request_id(platform));
    answer::response(answer.status, body, answer.retry_after, &http_date(clock))
}

fn request_id(platform: &Platform) -> String {
    let mut world = platform.world();
    world.stats.answers += 1;
    format!(
        "20261122{:010}{:016X}",
        world.stats.answers,
        world.stats.answers.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    )
}

fn http_date(at: Timestamp) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&at)
        .unwrap_or_default()
}

/// Fields that no document names, in every object.
fn add_unknown_fields(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.values_mut().for_each(add_unknown_fields);
            map.insert(
                "aura_score".to_owned(),
                json!({ "value": 0.7, "of": [null, true] }),
            );
        }
        Value::Array(items) => items.iter_mut().for_each(add_unknown_fields),
        _ => {}
    }
}
