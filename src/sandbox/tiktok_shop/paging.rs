//! Pages of a listing, and the opaque tokens between them.
//!
//! May use: the answers. The one rule: a token is of the listing that gave it, and holds the three characters
//! (`+`, `/`, `=`) that a careless client breaks.

use super::answer::Answer;

/// Where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Place {
    pub offset: usize,
    /// The page at this place has been asked for once already (`duplicate_page`, `empty_page`).
    pub again: bool,
}

const MASK: u64 = 0x5ead_10ca_7e5a;

fn checksum(listing: &str, value: u64) -> u32 {
    // FNV-1a: short, and the same in every build.
    let bytes = listing.bytes().chain(value.to_be_bytes());
    bytes.fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// The token for `place` in `listing`.
pub fn token(listing: &str, place: Place) -> String {
    let value = (place.offset as u64) << 1 | u64::from(place.again);
    format!("{:x}+{:08x}/w==", value ^ MASK, checksum(listing, value))
}

/// The place that a token of `listing` names; no token is the beginning.
pub fn place(listing: &str, token: Option<&str>) -> Result<Place, Answer> {
    let Some(token) = token.filter(|t| !t.is_empty()) else {
        return Ok(Place::default());
    };
    let read = || {
        let (value, sum) = token.strip_suffix("/w==")?.split_once('+')?;
        let value = u64::from_str_radix(value, 16).ok()? ^ MASK;
        let sum = u32::from_str_radix(sum, 16).ok()?;
        (sum == checksum(listing, value)).then_some(value)
    };
    let value = read().ok_or_else(|| {
        Answer::invalid_parameter(
            "page_token",
            "not a token of this list (was it decoded twice?)",
        )
    })?;
    Ok(Place {
        offset: (value >> 1) as usize,
        again: value & 1 == 1,
    })
}

/// The page size asked for, between 1 and `max`; `default` is `None` where the parameter is required.
pub fn page_size(asked: Option<&str>, default: Option<usize>, max: usize) -> Result<usize, Answer> {
    let why = format!("expected an integer between 1 and {max}");
    let Some(asked) = asked else {
        return default.ok_or_else(|| Answer::invalid_parameter("page_size", "it is required"));
    };
    match asked.parse() {
        Ok(size) if (1..=max).contains(&size) => Ok(size),
        _ => Err(Answer::invalid_parameter("page_size", &why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_leads_back_to_its_place_in_its_own_listing_only() {
        let place_20 = Place {
            offset: 20,
            again: true,
        };
        let token = token("conversations", place_20);
        assert!(
            token.contains('+') && token.contains('/') && token.contains('='),
            "{token}"
        );
        assert_eq!(place("conversations", Some(&token)).unwrap(), place_20);
        assert_eq!(place("orders", Some(&token)).unwrap_err().code, 98001004);
        let decoded_twice = token.replace('+', " ");
        assert_eq!(
            place("conversations", Some(&decoded_twice))
                .unwrap_err()
                .code,
            98001004
        );
    }
}
