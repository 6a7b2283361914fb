//! Consent, tokens, and the list of authorised shops (platforms.md 2.2).
//!
//! May use: its siblings. The one rule: a code or a refresh token is good once.

use super::answer::Answer;
use super::state::{Shop, World};
use crate::sandbox::faults::{Fault, FaultBoard};
use crate::sandbox::shop_day::Dice;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::HashMap;

/// What the seller grants. The names are those that platforms.md quotes, or made up after their pattern.
pub const SCOPES: &[&str] = &[
    "seller.authorization.info",
    "seller.customer_service",
    "seller.order.info",
    "seller.fulfillment.basic",
    "seller.logistics",
    "seller.return_refund.basic",
];

const CODE_LIVES: SignedDuration = SignedDuration::from_mins(30);
const ACCESS_LIVES: SignedDuration = SignedDuration::from_hours(7 * 24);
const REFRESH_LIVES: SignedDuration = SignedDuration::from_hours(365 * 24);

#[derive(Debug)]
struct Access {
    expires: Timestamp,
    /// The switching-on of `expired_token` during which it was refreshed, and which it survives.
    survives: Option<u64>,
}

/// The codes and tokens that are good at the moment.
#[derive(Debug)]
pub struct Tokens {
    dice: Dice,
    codes: HashMap<String, Timestamp>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Timestamp>,
}

/// What an access token is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Good,
    Expired,
    Unknown,
}

impl Tokens {
    pub fn new(seed: u64) -> Self {
        let dice = Dice::new(seed, 3);
        Self {
            dice,
            codes: HashMap::new(),
            access: HashMap::new(),
            refresh: HashMap::new(),
        }
    }

    fn secret(&mut self, prefix: &str) -> String {
        let mut next = || self.dice.number();
        format!("{prefix}_{:016x}{:016x}{:016x}", next(), next(), next())
    }

    /// A new authorisation code.
    pub fn code(&mut self, now: Timestamp) -> String {
        let code = self.secret("TTP");
        self.codes.insert(code.clone(), now);
        code
    }

    /// Uses up a code.
    fn redeem(&mut self, code: &str, now: Timestamp) -> bool {
        self.codes
            .remove(code)
            .is_some_and(|made| now.duration_since(made) <= CODE_LIVES)
    }

    fn issue(&mut self, now: Timestamp, survives: Option<u64>) -> (String, i64, String, i64) {
        let (access, refresh) = (self.secret("ROW"), self.secret("ROW_R"));
        let expires = now.checked_add(ACCESS_LIVES).unwrap_or(now);
        let refresh_expires = now.checked_add(REFRESH_LIVES).unwrap_or(now);
        self.access
            .insert(access.clone(), Access { expires, survives });
        self.refresh.insert(refresh.clone(), refresh_expires);
        (
            access,
            expires.as_second(),
            refresh,
            refresh_expires.as_second(),
        )
    }

    /// What `token` is worth at `now`; `fault` is the switching-on of `expired_token`, if it is on.
    pub fn standing(&self, token: &str, now: Timestamp, fault: Option<u64>) -> Standing {
        match self.access.get(token) {
            None => Standing::Unknown,
            Some(access) if access.expires <= now => Standing::Expired,
            Some(access) if fault.is_some() && access.survives != fault => Standing::Expired,
            Some(_) => Standing::Good,
        }
    }
}

/// `/open/authorize`: the seller says yes at once. The address to go on to.
pub fn consent(
    world: &mut World,
    query: &HashMap<String, String>,
    base: &str,
    now: Timestamp,
) -> Result<String, Answer> {
    if query.get("service_id") != Some(&world.shop.service_id) {
        return Err(Answer::invalid_parameter("service_id", "no app has it"));
    }
    let code = world.tokens.code(now);
    let state = query.get("state").map_or("", String::as_str);
    let pairs = [
        ("app_key", world.shop.app_key.as_str()),
        ("code", &code),
        ("locale", "en"),
        ("state", state),
    ];
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    Ok(format!("{base}/sandbox/redirected?{query}"))
}

fn check_app(shop: &Shop, query: &HashMap<String, String>) -> Result<(), Answer> {
    if query.get("app_key") != Some(&shop.app_key) {
        return Err(Answer::invalid_app_key());
    }
    if query.get("app_secret") != Some(&shop.app_secret) {
        return Err(Answer::invalid_parameter(
            "app_secret",
            "it does not belong to the app_key",
        ));
    }
    Ok(())
}

/// `/api/v2/token/get`.
pub fn exchange(
    world: &mut World,
    query: &HashMap<String, String>,
    now: Timestamp,
) -> Result<Value, Answer> {
    check_app(&world.shop, query)?;
    if query.get("grant_type").map(String::as_str) != Some("authorized_code") {
        return Err(Answer::invalid_parameter(
            "grant_type",
            "expected authorized_code",
        ));
    }
    if !query
        .get("auth_code")
        .is_some_and(|code| world.tokens.redeem(code, now))
    {
        return Err(Answer::invalid_auth_code(
            "auth_code is unknown, used or expired",
        ));
    }
    Ok(tokens(world, now, None))
}

/// `/api/v2/token/refresh`: both tokens are new, and the old ones are void.
pub fn refresh(
    world: &mut World,
    query: &HashMap<String, String>,
    faults: &FaultBoard,
    now: Timestamp,
) -> Result<Value, Answer> {
    check_app(&world.shop, query)?;
    let grant = query.get("grant_type").map(String::as_str);
    if !matches!(grant, Some("refresh_token" | "authorized_code")) {
        return Err(Answer::invalid_parameter(
            "grant_type",
            "expected refresh_token",
        ));
    }
    if faults.hit(Fault::RefreshFails) {
        return Err(Answer::invalid_auth_code("refresh_token is invalid"));
    }
    let old = query
        .get("refresh_token")
        .and_then(|token| world.tokens.refresh.remove(token));
    if old.is_none_or(|expires| expires <= now) {
        return Err(Answer::invalid_auth_code(
            "refresh_token is unknown, used or expired",
        ));
    }
    world.tokens.access.clear();
    world.stats.refreshes += 1;
    let survives = faults.peek(Fault::ExpiredToken);
    Ok(tokens(world, now, survives))
}

fn tokens(world: &mut World, now: Timestamp, survives: Option<u64>) -> Value {
    let (access, access_expires, refresh, refresh_expires) = world.tokens.issue(now, survives);
    json!({
        "access_token": access,
        // Absolute Unix seconds, in spite of the name.
        "access_token_expire_in": access_expires,
        "refresh_token": refresh,
        "refresh_token_expire_in": refresh_expires,
        "open_id": format!("{:.16}", world.shop.app_secret.chars().rev().collect::<String>()),
        "seller_name": world.shop.name,
        "seller_base_region": "GB",
        "user_type": 0,
        "granted_scopes": SCOPES,
    })
}

/// `/authorization/202309/shops`.
pub fn shops(world: &World) -> Value {
    let shop = &world.shop;
    json!({ "shops": [{
        "id": shop.id,
        "name": shop.name,
        "region": "GB",
        "seller_type": "CROSS_BORDER",
        "cipher": shop.cipher,
        "code": "GBLCLUMEN7",
    }]})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    #[test]
    fn a_code_is_good_once_and_for_half_an_hour() {
        let mut tokens = Tokens::new(1);
        let code = tokens.code(at("2026-11-22T08:00:00Z"));
        assert!(tokens.redeem(&code, at("2026-11-22T08:29:00Z")));
        assert!(!tokens.redeem(&code, at("2026-11-22T08:29:01Z")));
        let late = tokens.code(at("2026-11-22T08:00:00Z"));
        assert!(!tokens.redeem(&late, at("2026-11-22T08:30:01Z")));
    }

    #[test]
    fn an_access_token_lives_for_seven_days() {
        let mut tokens = Tokens::new(1);
        let (access, ..) = tokens.issue(at("2026-11-22T08:00:00Z"), None);
        assert_eq!(
            tokens.standing(&access, at("2026-11-29T07:59:59Z"), None),
            Standing::Good
        );
        assert_eq!(
            tokens.standing(&access, at("2026-11-29T08:00:00Z"), None),
            Standing::Expired
        );
        assert_eq!(
            tokens.standing("ROW_x", at("2026-11-22T08:00:00Z"), None),
            Standing::Unknown
        );
    }
}
