//! Who may pass: app key, signature, timestamp, token, scope, cipher (platforms.md 2.3, 2.4).
//!
//! May use: its siblings. The one rule: a request that the platform would refuse is refused here, with its code.

use super::Asked;
use super::answer::Answer;
use super::auth::Standing;
use super::route::Call;
use super::sign::Signed;
use super::state::World;
use crate::sandbox::faults::{Fault, FaultBoard};
use jiff::Timestamp;

/// How old a timestamp may be, and how far ahead, in seconds.
const PAST: i64 = 5 * 60;
const AHEAD: i64 = 30;

/// Checks everything about a signed request that does not depend on what it asks for.
pub fn check(
    world: &World,
    faults: &FaultBoard,
    asked: &Asked,
    call: &Call<'_>,
    clock: Timestamp,
) -> Result<(), Answer> {
    if asked.query.get("app_key") != Some(&world.shop.app_key) {
        return Err(Answer::invalid_app_key());
    }
    timestamp(asked, clock)?;
    let Some(sign) = asked.query.get("sign") else {
        return Err(Answer::missing_signature());
    };
    let body = (!asked.multipart).then_some(asked.body.as_ref());
    let expected = Signed {
        path: &asked.path,
        query: &asked.pairs,
        body,
    }
    .expected(&world.shop.app_secret);
    if *sign != expected || faults.hit(Fault::WrongSignature) {
        return Err(Answer::wrong_signature());
    }
    token(world, faults, asked, clock)?;
    if call.is_customer_service() && faults.hit(Fault::MissingScope) {
        return Err(Answer::missing_scope());
    }
    cipher(world, asked, call)
}

fn timestamp(asked: &Asked, clock: Timestamp) -> Result<(), Answer> {
    let stamp: Option<i64> = asked.query.get("timestamp").and_then(|t| t.parse().ok());
    let age = stamp.map(|stamp| clock.as_second().saturating_sub(stamp));
    match (stamp, age) {
        (None, _) | (_, None) => Err(Answer::timestamp("expected Unix seconds")),
        (Some(..0), _) => Err(Answer::timestamp("less than 0")),
        (_, Some(age)) if age > PAST => Err(Answer::timestamp("more than 5 minutes old")),
        (_, Some(age)) if age < -AHEAD => Err(Answer::timestamp("more than 30 seconds ahead")),
        _ => Ok(()),
    }
}

fn token(
    world: &World,
    faults: &FaultBoard,
    asked: &Asked,
    clock: Timestamp,
) -> Result<(), Answer> {
    let token = asked.token.as_deref().ok_or_else(Answer::missing_token)?;
    let real = world.tokens.standing(token, clock, None);
    let fault = faults.peek(Fault::ExpiredToken);
    match (real, world.tokens.standing(token, clock, fault)) {
        (Standing::Unknown, _) => Err(Answer::invalid_token()),
        (Standing::Expired, _) => Err(Answer::expired_token()),
        (Standing::Good, Standing::Expired) if faults.hit(Fault::ExpiredToken) => {
            Err(Answer::expired_token())
        }
        _ => Ok(()),
    }
}

fn cipher(world: &World, asked: &Asked, call: &Call<'_>) -> Result<(), Answer> {
    match (call, asked.query.get("shop_cipher")) {
        (Call::Shops, None) => Ok(()),
        (Call::Shops, Some(_)) => Err(Answer::unexpected_cipher()),
        (_, None) => Err(Answer::missing_cipher()),
        (_, Some(cipher)) if *cipher == world.shop.cipher => Ok(()),
        (_, Some(_)) => Err(Answer::wrong_cipher()),
    }
}
