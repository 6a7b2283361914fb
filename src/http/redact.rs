//! URLs without their secrets.
//!
//! May use: `text`, url. The one rule: a key that bears a secret on any platform is hidden on every platform.

use crate::text::{SafeText, sanitise};
use url::Url;

const HIDDEN: &str = "***";

/// Keys whose values let somebody act in our name, or are half of what that needs.
const SECRET_KEYS: &[&str] = &[
    "app_secret",
    "access_token",
    "refresh_token",
    "auth_code",
    "code",
    "client_secret",
    "key",
    "password",
    "secret",
    "shop_cipher",
    "sign",
    "signature",
    "state",
    "token",
];

/// Shown in part, so that two accounts can be told apart.
const PARTLY_SHOWN: &str = "app_key";

/// `url` for an error or a log: no user information, no fragment, no secret values.
pub fn redact(url: &Url) -> SafeText {
    let mut shown = url.clone();
    // Both fail only for URLs that cannot have user information.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_fragment(None);
    shown.set_query(None);
    let pairs: Vec<String> = url
        .query_pairs()
        .map(|(key, value)| match key.to_ascii_lowercase() {
            k if SECRET_KEYS.contains(&k.as_str()) => format!("{key}={HIDDEN}"),
            k if k == PARTLY_SHOWN => format!(
                "{key}={}{HIDDEN}",
                value.chars().take(2).collect::<String>()
            ),
            _ => format!("{key}={value}"),
        })
        .collect();
    let separator = if pairs.is_empty() { "" } else { "?" };
    sanitise(&format!("{shown}{separator}{}", pairs.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secret_values_are_hidden_and_the_rest_is_shown() {
        let url = Url::parse(
            "https://user:pw@auth.example/api/v2/token/get?app_key=29a39d&app_secret=s1&auth_code=s2&Code=s3\
             &refresh_token=s4&sign=s5&access_token=s6&page_size=20&grant_type=authorized_code#s7",
        )
        .unwrap();
        let shown = redact(&url);
        assert_eq!(
            shown.as_str(),
            "https://auth.example/api/v2/token/get?app_key=29***&app_secret=***&auth_code=***&Code=***\
             &refresh_token=***&sign=***&access_token=***&page_size=20&grant_type=authorized_code"
        );
    }

    #[test]
    fn a_url_without_query_stays_as_it_is() {
        assert_eq!(
            redact(&Url::parse("http://127.0.0.1:8080/x").unwrap()).as_str(),
            "http://127.0.0.1:8080/x"
        );
    }
}
