//! Every fault, by name: what it hits, how often, and that it is over afterwards.

use crate::client::*;
use serde_json::{Value, json};
use sextant::sandbox::{self, Fault, Options, Pace};
use std::collections::HashSet;

#[tokio::test]
async fn passing_faults_hit_as_often_as_they_were_told_and_are_over() {
    let (running, client) = connected().await;
    let size = [("page_size", "20")];
    let cases = [
        (Fault::RateLimit, (429, 36009002)),
        (Fault::RateLimitNoHint, (429, 36009002)),
        (Fault::ServerError, (500, 36009003)),
        (Fault::ErrorIn200, (200, 36009003)),
        (Fault::WrongSignature, (401, 106001)),
        (Fault::MissingScope, (401, 105005)),
        (Fault::ExpiredToken, (401, 105002)),
        (Fault::ClockSkew, (400, 36009004)),
    ];
    for (fault, expected) in cases {
        running.fault_on(fault, Some(2));
        for _ in 0..2 {
            let answer = client.call("GET", CONVERSATIONS, &size, None).await;
            assert_eq!(code(&answer), expected, "{fault}");
            assert_eq!(answer.2.is_some(), fault == Fault::RateLimit, "{fault}");
        }
        assert_eq!(
            code(&client.call("GET", CONVERSATIONS, &size, None).await),
            (200, 0),
            "{fault}"
        );
    }
}

#[tokio::test]
async fn an_expired_token_is_healed_by_refreshing_while_the_fault_is_still_on() {
    let (running, mut client) = connected().await;
    running.fault_on(Fault::ExpiredToken, None);
    let size = [("page_size", "20")];
    assert_eq!(
        code(&client.call("GET", CONVERSATIONS, &size, None).await),
        (401, 105002)
    );
    let renewed = client.renew().await;
    client.take(&renewed);
    assert_eq!(
        code(&client.call("GET", CONVERSATIONS, &size, None).await),
        (200, 0)
    );
    running.fault_on(Fault::RefreshFails, Some(1));
    assert_eq!(client.renew().await["code"], 36004004);
    let renewed = client.renew().await;
    client.take(&renewed);
}

#[tokio::test]
async fn a_skewed_server_says_so_in_its_date() {
    let (running, client) = connected().await;
    running.fault_on(Fault::ClockSkew, Some(1));
    let response = client
        .request("GET", CONVERSATIONS, &[("page_size", "20")], None, 0)
        .send()
        .await
        .unwrap();
    let date = response.headers()["date"].to_str().unwrap().to_owned();
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(&date)
        .unwrap();
    let ahead = date.as_second() - jiff::Timestamp::now().as_second();
    assert!((3590..=3610).contains(&ahead), "{ahead}");
}

#[tokio::test]
async fn missing_scope_leaves_orders_alone() {
    let (running, client) = connected().await;
    running.fault_on(Fault::MissingScope, None);
    assert_eq!(
        code(
            &client
                .call("POST", "/order/202309/orders/search", &[], None)
                .await
        ),
        (200, 0)
    );
    assert_eq!(
        code(
            &client
                .call("GET", CONVERSATIONS, &[("page_size", "1")], None)
                .await
        ),
        (401, 105005)
    );
}

#[tokio::test]
async fn broken_bodies_break_in_their_own_ways() {
    let (running, client) = connected().await;
    let get = || {
        client
            .request("GET", CONVERSATIONS, &[("page_size", "20")], None, 0)
            .send()
    };
    running.fault_on(Fault::TruncatedBody, Some(1));
    let text = get().await.unwrap().text().await.unwrap();
    assert!(serde_json::from_str::<Value>(&text).is_err() && text.starts_with('{'));
    running.fault_on(Fault::ConnectionCut, Some(1));
    let cut = get().await.unwrap();
    assert_eq!(cut.status(), 200);
    assert!(cut.bytes().await.is_err());
    running.fault_on(Fault::WrongJson, Some(1));
    let wrong: Value = get().await.unwrap().json().await.unwrap();
    assert!(!wrong["code"].is_i64());
    assert!(get().await.unwrap().json::<Value>().await.is_ok());
}

#[tokio::test]
async fn listings_go_wrong_without_losing_a_conversation() {
    let (running, client) = connected().await;
    let (honest, pages) = client.list_all().await;
    let all: HashSet<_> = honest.iter().map(|c| c["id"].clone()).collect();
    running.fault_on(Fault::DuplicatePage, None);
    let (doubled, _) = client.list_all().await;
    running.fault_off(Fault::DuplicatePage);
    assert_eq!(doubled.len(), 2 * honest.len());
    running.fault_on(Fault::EmptyPage, None);
    let (sparse, more) = client.list_all().await;
    running.fault_off(Fault::EmptyPage);
    assert_eq!((sparse.len(), more), (honest.len(), 2 * pages));
    running.fault_on(Fault::MovedItem, Some(1));
    let (torn, _) = client.list_all().await;
    let seen: HashSet<_> = torn.iter().map(|c| c["id"].clone()).collect();
    assert_eq!(
        all.difference(&seen).count(),
        1,
        "one slipped to the first page unseen"
    );
    let (again, _) = client.list_all().await;
    assert_eq!(
        again
            .iter()
            .map(|c| c["id"].clone())
            .collect::<HashSet<_>>(),
        all
    );
}

#[tokio::test]
async fn unknown_values_and_fields_appear_where_they_were_asked_for() {
    let (running, client) = connected().await;
    running.fault_on(Fault::UnknownEnum, Some(1));
    running.fault_on(Fault::UnknownField, Some(1));
    let page = client.list("").await;
    let last = page["conversations"].as_array().unwrap().last().unwrap();
    assert_eq!(last["latest_message"]["type"], "HOLOGRAM");
    assert!(last["aura_score"].is_object() && last["participants"][1]["aura_score"].is_object());
    let page = client.list("").await;
    assert!(page.get("aura_score").is_none());
}

#[tokio::test]
async fn a_lost_send_was_carried_out_and_a_timed_out_one_was_not() {
    let (running, client) = connected().await;
    let id = writable(&client).await;
    let path = format!("/customer_service/202606/conversations/{id}/messages");
    let body =
        |text: &str| json!({ "type": "TEXT", "content": json!({ "content": text }).to_string() });
    running.fault_on(Fault::SendLost, Some(1));
    assert!(
        client
            .request("POST", &path, &[], Some(&body("lost")), 0)
            .send()
            .await
            .is_err()
    );
    running.fault_on(Fault::SendTimeout, Some(1));
    let brief = std::time::Duration::from_millis(200);
    let waiting = client
        .request("POST", &path, &[], Some(&body("unheard")), 0)
        .timeout(brief)
        .send();
    assert!(waiting.await.unwrap_err().is_timeout());
    running.fault_on(Fault::SendRefused, Some(1));
    assert_eq!(
        code(&client.send(&id, "refused", "ROBOT").await),
        (200, 45101001)
    );
    let texts: Vec<_> = running.stats().sent.into_iter().map(|s| s.text).collect();
    assert_eq!(texts, ["lost"]);
    let read_back = client.messages(&id).await;
    assert!(
        read_back
            .iter()
            .any(|m| m["content"].as_str().unwrap().contains("lost"))
    );
}

#[tokio::test]
async fn a_slow_answer_outlasts_an_impatient_client_and_the_next_is_quick() {
    let (running, client) = connected().await;
    let get = || client.request("GET", CONVERSATIONS, &[("page_size", "1")], None, 0);
    running.fault_on(Fault::SlowResponse, Some(1));
    let brief = std::time::Duration::from_millis(200);
    assert!(get().timeout(brief).send().await.unwrap_err().is_timeout());
    assert_eq!(code(&read(get()).await), (200, 0));
}

#[tokio::test]
async fn huge_and_nul_messages_arrive_once_and_stay() {
    let (running, client) = connected().await;
    running.fault_on(Fault::HugeMessage, None);
    running.fault_on(Fault::NulBytes, None);
    let page = client.list("").await;
    let id = page["conversations"][0]["id"].as_str().unwrap();
    let texts: Vec<String> = client
        .messages(id)
        .await
        .iter()
        .map(|m| m["content"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(texts.iter().filter(|t| t.len() > 1_000_000).count(), 1);
    assert_eq!(texts.iter().filter(|t| t.contains("\\u0000")).count(), 1);
}

#[tokio::test]
async fn faults_are_switched_over_http_and_a_misspelt_one_is_told_the_nearest() {
    let (running, client) = connected().await;
    let url = format!("{}/sandbox/faults", running.base_url);
    let post = |body: Value| client.http.post(&url).body(body.to_string()).send();
    assert_eq!(
        post(json!({"name": "server_error", "on": true, "count": 1}))
            .await
            .unwrap()
            .status(),
        200
    );
    let list: Value = client
        .http
        .get(&url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let on: Vec<_> = list["faults"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|f| f["on"] == true)
        .collect();
    assert_eq!((on.len(), &on[0]["name"]), (1, &json!("server_error")));
    assert_eq!(
        list["faults"].as_array().unwrap().len(),
        running.faults().len()
    );
    post(json!({"name": "server_error", "on": false}))
        .await
        .unwrap();
    assert_eq!(
        code(
            &client
                .call("GET", CONVERSATIONS, &[("page_size", "1")], None)
                .await
        ),
        (200, 0)
    );
    let wrong = post(json!({"name": "sever_error", "on": true}))
        .await
        .unwrap();
    assert_eq!(wrong.status(), 400);
    assert!(wrong.text().await.unwrap().contains("server_error"));
}

#[tokio::test]
async fn every_fault_can_be_on_from_the_beginning() {
    for fault in [Fault::RateLimit, Fault::NulBytes] {
        let options = Options {
            faults: vec![fault],
            pace: Pace::AtOnce,
            ..Options::default()
        };
        let running = sandbox::start(options).await.unwrap();
        let client = http();
        let list = client
            .get(format!("{}/sandbox/faults", running.base_url))
            .send()
            .await
            .unwrap();
        assert!(list.text().await.unwrap().contains(fault.name()));
        let nul = running
            .truth()
            .values()
            .any(|t| t.text.contains('\0') && t.text.contains("my order"));
        assert_eq!(nul, fault == Fault::NulBytes);
    }
}

#[tokio::test]
async fn after_stopping_nobody_listens_even_with_a_send_in_the_air() {
    let (running, client) = connected().await;
    running.fault_on(Fault::SendTimeout, None);
    let id = writable(&client).await;
    let (base, http) = (running.base_url.clone(), client.http.clone());
    let sending = tokio::spawn(async move { client.send(&id, "hello", "ROBOT").await });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    running.stop().await;
    assert!(sending.await.is_err());
    assert!(http.get(base).send().await.unwrap_err().is_connect());
}
