//! What the platform refuses: signatures, times, keys, paths, pages.

use crate::client::*;
use serde_json::json;

#[tokio::test]
async fn a_signature_by_the_published_rule_passes_and_any_other_is_refused() {
    // The vector with a page token (platforms.md 2.3, T5), by this file's own signer.
    let joined = "app_key29a39dpage_size20page_tokena+b/c==shop_cipherGCP_XF90igAAAABh00qsWgtvOiGFNqyubMt3timestamp1623812664";
    let secret = "e59af819cc";
    let t5 = hmac_hex(secret, &format!("{secret}{CONVERSATIONS}{joined}{secret}"));
    assert_eq!(
        t5,
        "f8de4f63bbe59c28dbd370dda7dafd67c5ce711ae792786b34d9dcdc8322e201"
    );

    let (_running, mut client) = connected().await;
    let size = [("page_size", "20")];
    assert_eq!(
        code(&client.call("GET", CONVERSATIONS, &size, None).await),
        (200, 0)
    );
    let unsigned = client
        .http
        .get(format!("{}{CONVERSATIONS}", client.base))
        .query(&[
            ("app_key", client.app_key.clone()),
            ("timestamp", jiff::Timestamp::now().as_second().to_string()),
        ]);
    let answer = read(unsigned).await;
    assert_eq!(code(&answer), (400, 36009004));
    assert!(answer.1["message"].as_str().unwrap().contains("signature"));
    client.secret.push('x');
    assert_eq!(
        code(&client.call("GET", CONVERSATIONS, &size, None).await),
        (401, 106001)
    );
}

#[tokio::test]
async fn a_body_that_was_changed_after_signing_is_refused() {
    let (_running, client) = connected().await;
    let path = "/order/202309/orders/search";
    let request = client.request(
        "POST",
        path,
        &[],
        Some(&json!({"order_status": "DELIVERED"})),
        0,
    );
    assert_eq!(
        code(&read(request.body("{\"order_status\":\"UNPAID\"}")).await),
        (401, 106001)
    );
}

#[tokio::test]
async fn a_timestamp_outside_the_window_is_refused_in_words_that_name_it() {
    let (_running, client) = connected().await;
    let at = |shift| client.request("GET", CONVERSATIONS, &[("page_size", "20")], None, shift);
    assert_eq!(code(&read(at(-290)).await), (200, 0));
    assert_eq!(code(&read(at(20)).await), (200, 0));
    for shift in [-310, 40] {
        let answer = read(at(shift)).await;
        assert_eq!(code(&answer), (400, 36009004));
        assert!(answer.1["message"].as_str().unwrap().contains("timestamp"));
    }
}

#[tokio::test]
async fn keys_tokens_and_ciphers_are_refused_with_the_platforms_codes() {
    let (_running, mut client) = connected().await;
    let size = [("page_size", "20")];
    let shops = client
        .call("GET", "/authorization/202309/shops", &[], None)
        .await;
    assert_eq!(code(&shops), (400, 36009004));
    assert!(shops.1["message"].as_str().unwrap().contains("shop_cipher"));

    let cipher = std::mem::take(&mut client.cipher);
    assert_eq!(
        code(&client.call("GET", CONVERSATIONS, &size, None).await),
        (400, 106013)
    );
    client.cipher = "GCP_other".to_owned();
    assert_eq!(
        code(&client.call("GET", CONVERSATIONS, &size, None).await),
        (400, 36009004)
    );
    client.cipher = cipher;

    let token = std::mem::replace(&mut client.token, "ROW_other".to_owned());
    let answer = client.call("GET", CONVERSATIONS, &size, None).await;
    assert_eq!(code(&answer), (400, 36009004));
    assert!(
        answer.1["message"]
            .as_str()
            .unwrap()
            .contains("access_token")
    );
    client.token = token;

    client.app_key.push('0');
    let answer = client.call("GET", CONVERSATIONS, &size, None).await;
    assert_eq!(code(&answer), (400, 36009004));
    assert!(answer.1["message"].as_str().unwrap().contains("app_key"));
}

#[tokio::test]
async fn unknown_paths_versions_and_methods_are_told_apart() {
    let (_running, client) = connected().await;
    assert_eq!(
        code(&client.call("GET", "/nowhere/202309/x", &[], None).await),
        (404, 36009009)
    );
    let path = "/customer_service/v1/conversations";
    assert_eq!(
        code(&client.call("GET", path, &[], None).await),
        (400, 36009014)
    );
    assert_eq!(
        code(&client.call("PUT", CONVERSATIONS, &[], None).await),
        (405, 36009010)
    );
}

#[tokio::test]
async fn page_sizes_beyond_the_maxima_and_foreign_tokens_are_refused() {
    let (_running, client) = connected().await;
    let id = writable(&client).await;
    let messages = format!("{CONVERSATIONS}/{id}/messages");
    let refused = (400, 98001004);
    for query in [
        &[][..],
        &[("page_size", "0")],
        &[("page_size", "21")],
        &[("page_size", "x")],
    ] {
        assert_eq!(
            code(&client.call("GET", CONVERSATIONS, query, None).await),
            refused
        );
    }
    assert_eq!(
        code(
            &client
                .call("GET", &messages, &[("page_size", "11")], None)
                .await
        ),
        refused
    );
    let token = client.list("").await["next_page_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(token.contains('+') && token.contains('/') && token.contains('='));
    let query = [("page_size", "10"), ("page_token", token.as_str())];
    assert_eq!(
        code(&client.call("GET", &messages, &query, None).await),
        refused
    );
}
