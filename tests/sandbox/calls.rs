//! What a client that does everything right gets: conversations, messages, sends, tokens, orders.

use crate::client::*;
use serde_json::{Value, json};
use std::collections::HashSet;

#[tokio::test]
async fn a_client_that_does_everything_right_reads_the_whole_shop() {
    let (running, client) = connected().await;
    let (conversations, pages) = client.list_all().await;
    assert_eq!(conversations.len(), running.stats().conversations);
    assert_eq!(pages, conversations.len().div_ceil(20));
    let ids: HashSet<_> = conversations
        .iter()
        .map(|c| c["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), conversations.len());
}

#[tokio::test]
async fn the_wire_has_the_shapes_that_the_platform_documents() {
    let (_running, client) = connected().await;
    let (conversations, _) = client.list_all().await;
    let mut kinds = HashSet::new();
    let mut roles = HashSet::new();
    let (mut hidden, mut closed) = (0, 0);
    for conversation in &conversations {
        assert!(conversation["id"].as_str().unwrap().parse::<u64>().unwrap() > 1 << 53);
        closed += usize::from(conversation["can_send_message"] == false);
        let people = conversation["participants"].as_array().unwrap();
        assert_eq!(conversation["participant_count"], people.len());
        assert!(
            people
                .iter()
                .any(|p| p["role"] == "BUYER" && p["user_id"].is_string())
        );
        let messages = client.messages(conversation["id"].as_str().unwrap()).await;
        let indexes: Vec<_> = messages
            .iter()
            .map(|m| m["index"].as_str().unwrap())
            .collect();
        assert!(indexes.is_sorted());
        assert_eq!(
            conversation["latest_message"]["id"],
            messages.last().unwrap()["id"]
        );
        for message in &messages {
            let content: Value =
                serde_json::from_str(message["content"].as_str().unwrap()).unwrap();
            assert!(content.is_object());
            kinds.insert(message["type"].as_str().unwrap().to_owned());
            let role = message["sender"]["role"].as_str().unwrap().to_owned();
            if matches!(role.as_str(), "ROBOT" | "SYSTEM") {
                assert_eq!(message["sender"]["nickname"], "Lumen Home");
            }
            roles.insert(role);
            hidden += usize::from(message["is_visible"] == false);
        }
    }
    for kind in [
        "TEXT",
        "IMAGE",
        "EMOTICONS",
        "ORDER_CARD",
        "PRODUCT_CARD",
        "BUYER_ENTER_FROM_ORDER",
    ] {
        assert!(kinds.contains(kind), "no {kind} in {kinds:?}");
    }
    assert_eq!(
        roles,
        HashSet::from(["BUYER", "ROBOT", "SYSTEM"].map(str::to_owned))
    );
    assert!(hidden > 0 && closed > 0);
}

#[tokio::test]
async fn what_arrives_while_paging_makes_a_page_repeat_and_hides_nothing() {
    let (_running, client) = connected().await;
    let first = client.list("").await;
    let (all, _) = client.list_all().await;
    let last = all.last().unwrap()["id"].as_str().unwrap();
    // Whether or not this buyer may be written to, the conversation that is on top now is another one.
    let moved = if code(&client.send(last, "Hello", "ROBOT").await).1 == 0 {
        last.to_owned()
    } else {
        writable(&client).await
    };
    client.send(&moved, "Hello again", "ROBOT").await;
    let second = client
        .list(first["next_page_token"].as_str().unwrap())
        .await;
    let (first, second) = (
        ids_of(&first["conversations"]),
        ids_of(&second["conversations"]),
    );
    assert!(second.iter().filter(|id| first.contains(id)).count() <= 1);
    assert_eq!(ids_of(&client.list("").await["conversations"])[0], moved);
}

#[tokio::test]
async fn a_code_is_good_once_and_refreshing_rotates_both_tokens() {
    let (running, mut client) = connected().await;
    let credentials = running.credentials();
    let fresh = client.consent(&credentials.consent_url).await;
    assert_eq!(client.exchange(&fresh).await["code"], 0);
    assert_eq!(client.exchange(&fresh).await["code"], 36004004);
    let (old_token, old_refresh) = (client.token.clone(), client.refresh.clone());
    let renewed = client.renew().await;
    client.take(&renewed);
    assert_ne!((&client.token, &client.refresh), (&old_token, &old_refresh));
    let expires = renewed["data"]["access_token_expire_in"].as_i64().unwrap();
    let week = jiff::Timestamp::now().as_second() + 7 * 86_400;
    assert!(
        (expires - week).abs() < 60,
        "an absolute time, not a duration"
    );
    let reused = [
        ("refresh_token", old_refresh.as_str()),
        ("grant_type", "refresh_token"),
    ];
    assert_eq!(
        client.token_call("refresh", &reused).await["code"],
        36004004
    );
    client.token = old_token;
    assert_eq!(
        code(
            &client
                .call("GET", CONVERSATIONS, &[("page_size", "20")], None)
                .await
        ),
        (400, 36009004)
    );
    client.app_key.push('0');
    assert_eq!(client.renew().await["code"], 36009004);
}

#[tokio::test]
async fn sends_are_taken_in_both_versions_with_their_role_and_can_be_read_back() {
    let (running, client) = connected().await;
    let id = writable(&client).await;
    let text = "Your parcel left today ✓ 您好";
    let (_, answer, _) = client.send(&id, text, "CUSTOMER_SERVICE").await;
    let sent = answer["data"]["message_id"].as_str().unwrap();
    let old = json!({ "type": "TEXT", "content": json!({ "content": "old version" }).to_string() });
    let path = format!("{CONVERSATIONS}/{id}/messages");
    assert_eq!(
        code(&client.call("POST", &path, &[], Some(&old)).await),
        (200, 0)
    );
    let messages = client.messages(&id).await;
    let found = messages.iter().find(|m| m["id"] == sent).unwrap();
    assert_eq!(found["sender"]["role"], "CUSTOMER_SERVICE");
    let content: Value = serde_json::from_str(found["content"].as_str().unwrap()).unwrap();
    assert_eq!(content["content"], text);
    let stats = running.stats();
    assert_eq!(stats.sent[0].text, text);
    assert_eq!(stats.sent[0].conversation_id, id);
    assert_eq!(stats.sent.len(), 2);
}

#[tokio::test]
async fn a_message_that_the_platform_would_refuse_is_refused_and_not_stored() {
    let (running, client) = connected().await;
    let id = writable(&client).await;
    assert_eq!(
        code(&client.send(&id, &"é".repeat(2000), "ROBOT").await),
        (200, 0)
    );
    assert_eq!(
        code(&client.send(&id, &"é".repeat(2001), "ROBOT").await),
        (400, 98001004)
    );
    assert_eq!(
        code(&client.send(&id, "add me on WhatsApp", "ROBOT").await),
        (200, 45101001)
    );
    assert_eq!(
        code(&client.send(&id, "hello", "KING").await),
        (400, 98001004)
    );
    assert_eq!(
        code(&client.send("1", "hello", "ROBOT").await),
        (200, 45101003)
    );
    let (all, _) = client.list_all().await;
    let closed = all.iter().find(|c| c["can_send_message"] == false).unwrap()["id"]
        .as_str()
        .unwrap();
    assert_eq!(
        code(&client.send(closed, "hello", "ROBOT").await),
        (200, 45101002)
    );
    let path = format!("/customer_service/202606/conversations/{id}/messages");
    let raw = json!({ "type": "TEXT", "content": { "content": "an object, not a string" } });
    assert_eq!(
        code(&client.call("POST", &path, &[], Some(&raw)).await),
        (400, 36009022)
    );
    assert_eq!(running.stats().sent.len(), 1);
}

#[tokio::test]
async fn marking_read_clears_the_count_and_reading_does_not() {
    let (_running, client) = connected().await;
    let id = writable(&client).await;
    client.messages(&id).await;
    let unread = |page: &Value| {
        let list = page["conversations"].as_array().unwrap().clone();
        list.iter().find(|c| c["id"] == id.as_str()).unwrap()["unread_count"]
            .as_u64()
            .unwrap()
    };
    assert!(unread(&client.list("").await) > 0);
    let path = format!("{CONVERSATIONS}/{id}/messages/read");
    assert_eq!(code(&client.call("POST", &path, &[], None).await), (200, 0));
    assert_eq!(unread(&client.list("").await), 0);
}

#[tokio::test]
async fn a_buyers_orders_are_found_by_user_id_and_their_parcels_can_be_followed() {
    let (_running, client) = connected().await;
    let path = "/order/202309/orders/search";
    let (_, all, _) = client
        .call(
            "POST",
            path,
            &[("page_size", "100")],
            Some(&json!({"order_status": "IN_TRANSIT"})),
        )
        .await;
    let orders = all["data"]["orders"].as_array().unwrap();
    assert!(orders.len() >= 20, "{}", orders.len());
    let (id, buyer) = (orders[0]["id"].as_str().unwrap(), &orders[0]["user_id"]);
    let (_, own, _) = client
        .call("POST", path, &[], Some(&json!({ "buyer_user_id": buyer })))
        .await;
    assert!(ids_of(&own["data"]["orders"]).contains(&id.to_owned()));
    for version in ["202309", "202507"] {
        let detail = format!("/order/{version}/orders");
        let (_, one, _) = client.call("GET", &detail, &[("ids", id)], None).await;
        assert_eq!(one["data"]["orders"][0]["status"], "IN_TRANSIT");
    }
    let (_, steps, _) = client
        .call(
            "GET",
            &format!("/fulfillment/202309/orders/{id}/tracking"),
            &[],
            None,
        )
        .await;
    let newest = steps["data"]["tracking"][0]["update_time_millis"]
        .as_i64()
        .unwrap();
    let age = jiff::Timestamp::now().as_millisecond() - newest;
    assert!(
        (0..12 * 86_400_000).contains(&age),
        "milliseconds, and recent"
    );
    let (_, parcel, _) = client
        .call(
            "GET",
            &format!("/logistics/202604/orders/{id}/tracking"),
            &[],
            None,
        )
        .await;
    assert_eq!(
        parcel["data"]["logistics_details"][0]["newest_tracking_no"],
        orders[0]["tracking_number"]
    );
    let foreign = client
        .call("GET", "/fulfillment/202309/orders/5761/tracking", &[], None)
        .await;
    assert_eq!(code(&foreign), (200, 21008111));
    let create = json!({ "buyer_user_id": buyer });
    let (_, made, _) = client.call("POST", CONVERSATIONS, &[], Some(&create)).await;
    assert!(made["data"]["conversation_id"].is_string());
    let (_, returns, _) = client
        .call("POST", "/return_refund/202309/returns/search", &[], None)
        .await;
    assert_eq!(returns["data"]["return_orders"], json!([]));
}
