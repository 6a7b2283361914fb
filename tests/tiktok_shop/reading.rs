//! What is read of conversations, messages and orders.

use super::*;

#[tokio::test]
async fn conversations_are_read_page_by_page_with_a_token_that_needs_encoding() {
    let server = Server::start(|hit, _| match hit.value("page_token") {
        None => ok(json!({"next_page_token": "a+b/c==", "conversations": [wire_conversation("1", 0, json!(null))]})),
        Some("a+b/c==") => ok(json!({"next_page_token": "", "conversations": []})),
        Some(other) => error(400, 98001004, other),
    })
    .await;
    let shop = shop(&server);
    let first = shop.conversations(None).await.unwrap();
    assert_eq!(first.next.as_deref(), Some("a+b/c=="));
    let second = shop.conversations(first.next.as_deref()).await.unwrap();
    assert_eq!((second.conversations.len(), second.next), (0, None));
    let hits = server.hits();
    assert!(hits.iter().all(
        |hit| hit.value("page_size") == Some("20") && hit.value("shop_cipher") == Some(CIPHER)
    ));
    assert!(
        hits.iter()
            .all(|hit| hit.token == ACCESS && hit.value("access_token").is_none())
    );
}

#[tokio::test]
async fn a_conversation_names_its_buyer_and_no_source() {
    let server = with_messages(vec![wire_text(3, "BUYER", "hi")]).await;
    let conversation = only_conversation(&shop(&server)).await;
    assert_eq!(conversation.buyer.name, RawText::from("Ana\u{202E}"));
    assert_eq!(conversation.buyer.remote_id, Some(RemoteId::new("7495")));
    assert_eq!(
        (conversation.surface, conversation.can_reply),
        (Surface::Direct, true)
    );
}

#[tokio::test]
async fn the_version_changes_with_a_new_message_and_not_with_reading() {
    let version = async |unread: i64, latest: Value| {
        let page = ok(json!({"conversations": [wire_conversation("1", unread, latest)]}));
        let server = Server::start(move |_, _| page.clone()).await;
        only_conversation(&shop(&server)).await.version
    };
    let one = version(1, wire_text(5, "BUYER", "hi")).await;
    assert_eq!(one, version(0, wire_text(5, "BUYER", "hi")).await);
    assert_ne!(one, version(1, wire_text(6, "BUYER", "hi")).await);
    assert_ne!(version(1, json!(null)).await, version(2, json!(null)).await);
}

#[tokio::test]
async fn a_buyer_who_becomes_writable_changes_the_version_and_brings_no_message_twice() {
    let list = |can_send: bool| {
        let mut entry = wire_conversation("7", 0, wire_text(5, "BUYER", "hi"));
        entry["can_send_message"] = json!(can_send);
        ok(json!({ "conversations": [entry] }))
    };
    let server = Server::start(move |hit, nth| {
        if hit.path.ends_with("/messages") {
            ok(json!({ "messages": [wire_text(5, "BUYER", "hi"), wire_text(4, "BUYER", "hello")] }))
        } else {
            list(nth > 0)
        }
    })
    .await;
    let shop = shop(&server);
    let closed = only_conversation(&shop).await;
    let messages = shop.messages(&closed, None).await.unwrap().messages;
    assert_eq!((closed.can_reply, messages.len()), (false, 2));
    let open = only_conversation(&shop).await;
    assert!(open.can_reply);
    assert_ne!(open.version, closed.version);
    let fresh = shop.messages(&open, Some(&closed.version)).await.unwrap();
    assert!(fresh.messages.is_empty());
}

#[tokio::test]
async fn only_what_is_newer_than_the_cursor_is_fetched_oldest_first() {
    let all: Vec<Value> = (1..=35)
        .rev()
        .map(|i| wire_text(i, "BUYER", &format!("text {i}")))
        .collect();
    let server = with_messages(all).await;
    let shop = shop(&server);
    let conversation = only_conversation(&shop).await;
    let ids = |messages: Vec<IncomingMessage>| -> Vec<String> {
        messages
            .iter()
            .map(|m| m.remote_id.as_str().to_owned())
            .collect()
    };
    let everything = ids(shop.messages(&conversation, None).await.unwrap().messages);
    assert_eq!(
        everything,
        (1..=35).map(|i| format!("m{i}")).collect::<Vec<_>>()
    );

    let before = server.hits_to("/messages");
    let newer = shop
        .messages(&conversation, Some(&Cursor("33/m33".to_owned())))
        .await
        .unwrap();
    assert_eq!(ids(newer.messages), ["m34", "m35"]);
    assert_eq!(server.hits_to("/messages") - before, 1);
    // The message of the cursor is gone, or its index has more digits than 64 bits hold.
    let newer = shop
        .messages(&conversation, Some(&Cursor("033/gone".to_owned())))
        .await
        .unwrap();
    assert_eq!(ids(newer.messages), ["m34", "m35"]);
    assert!(
        shop.messages(&conversation, Some(&conversation.version))
            .await
            .unwrap()
            .messages
            .is_empty()
    );
    let later = Cursor("99999999999999999999999999/x".to_owned());
    assert!(
        shop.messages(&conversation, Some(&later))
            .await
            .unwrap()
            .messages
            .is_empty()
    );
}

#[tokio::test]
async fn authors_are_known_by_role_and_kinds_by_type() {
    let product = json!({"product_id": "1729"});
    let order = json!({"order_id": "5761"});
    let messages = read_all(vec![
        wire_message(9, "SYSTEM", "A_KIND_FROM_NEXT_YEAR", &json!({"x": 1})),
        wire_message(
            8,
            "AN_UNKNOWN_ROLE",
            "NOTIFICATION",
            &json!({"content": "note"}),
        ),
        wire_message(7, "BUYER", "BUYER_ENTER_FROM_ORDER", &order),
        wire_message(6, "BUYER", "BUYER_ENTER_FROM_PRODUCT", &product),
        wire_message(
            5,
            "BUYER",
            "IMAGE",
            &json!({"url": "https://x", "width": "1", "height": "1"}),
        ),
        wire_text(4, "ROBOT", "automatic"),
        wire_text(3, "CUSTOMER_SERVICE", "by a person"),
        wire_text(2, "SHOP", "by the shop"),
        wire_text(1, "BUYER", "退款? 😀"),
    ])
    .await;
    let seen: Vec<(Author, MessageKind, &str)> = messages
        .iter()
        .map(|m| (m.author, m.kind, m.text.expose()))
        .collect();
    assert_eq!(
        seen,
        [
            (Author::Customer, MessageKind::Text, "退款? 😀"),
            (Author::Agent, MessageKind::Text, "by the shop"),
            (Author::Agent, MessageKind::Text, "by a person"),
            (Author::Automation, MessageKind::Text, "automatic"),
            (Author::Customer, MessageKind::Image, ""),
            (Author::Customer, MessageKind::Notice, ""),
            (Author::Customer, MessageKind::Notice, ""),
            (Author::System, MessageKind::Notice, "note"),
            (Author::System, MessageKind::Other, ""),
        ]
    );
    assert_eq!(messages[5].product_id, Some(RemoteId::new("1729")));
    assert_eq!(messages[6].order_id, Some(RemoteId::new("5761")));
    assert_eq!(messages[0].sent_at, at(1));
    assert!(messages[..8].iter().all(|m| m.unreadable.is_none()));
    assert!(
        messages[8]
            .unreadable
            .as_ref()
            .unwrap()
            .expose()
            .contains("A_KIND_FROM_NEXT_YEAR")
    );
}

#[tokio::test]
async fn one_unreadable_message_does_not_spoil_its_page() {
    let mut hidden = wire_text(4, "ROBOT", "rate us");
    hidden["is_visible"] = json!(false);
    let mut no_json = wire_text(3, "BUYER", "x");
    no_json["content"] = json!("plain words");
    let newest_first = vec![
        wire_text(5, "BUYER", "five"),
        hidden,
        no_json,
        json!("rubbish"),
        json!({"id": "m2"}),
        wire_text(1, "BUYER", "one"),
    ];
    let messages = read_all(newest_first.clone()).await;
    let texts: Vec<&str> = messages.iter().map(|m| m.text.expose()).collect();
    assert_eq!(texts.len(), 5);
    assert_eq!((texts[0], texts[4]), ("one", "five"));
    assert!(texts.contains(&"plain words"));
    assert_eq!(
        messages.iter().filter(|m| m.unreadable.is_some()).count(),
        3
    );
    // Read again, the unreadable one has the same name, so that it is stored once.
    assert_eq!(messages, read_all(newest_first).await);
}

#[tokio::test]
async fn one_unreadable_conversation_does_not_spoil_its_page() {
    let page = json!({"conversations": [{"nothing": 1}, 7, wire_conversation("2", 0, json!({"id": [1]}))]});
    let server = Server::start(move |_, _| ok(page.clone())).await;
    let page = shop(&server).conversations(None).await.unwrap();
    assert_eq!((page.conversations.len(), page.unreadable.len()), (1, 2));
    assert_eq!(page.unreadable[0].expose(), r#"{"nothing":1}"#);
}

#[tokio::test]
async fn a_message_of_one_megabyte_and_a_nul_and_half_an_emoji_are_kept_as_they_came() {
    let long = "я".repeat(500_000);
    let messages = read_all(vec![
        wire_text(2, "BUYER", &long),
        wire_text(1, "BUYER", "a\0b"),
    ])
    .await;
    assert_eq!(messages[1].text.expose(), long);
    assert_eq!(messages[0].text.expose(), "a\0b");

    let raw = r#"{"code":0,"message":"","data":{"messages":[{"id":"1","index":"1","create_time":1795000001,"type":"TEXT",
        "sender":{"role":"BUYER"},"content":"{\"content\":\"half \\ud83d pair\"}"},{"id":"2","index":"2","create_time":
        1795000002,"type":"TEXT","sender":{"role":"BUYER"},"content":"{\"content\":\"outer \ud83d\"}"}]}}"#;
    let server = Server::start(move |hit, _| {
        if hit.path.ends_with("/messages") {
            (200, Vec::new(), raw.to_owned())
        } else {
            ok(json!({"conversations": [wire_conversation("7", 1, json!(null))]}))
        }
    })
    .await;
    let shop = shop(&server);
    let conversation = only_conversation(&shop).await;
    let messages = shop.messages(&conversation, None).await.unwrap().messages;
    let texts: Vec<&str> = messages.iter().map(|m| m.text.expose()).collect();
    assert_eq!(texts, ["half \u{FFFD} pair", "outer \u{FFFD}"]);
}

#[tokio::test]
async fn an_endless_list_of_messages_is_an_error_and_not_half_a_conversation() {
    let server = Server::start(|hit, _| if hit.path.ends_with("/messages") { ok(json!({"messages": [wire_text(1, "BUYER", "again")], "next_page_token": "same"})) } else { ok(json!({"conversations": [wire_conversation("7", 1, json!(null))], "next_page_token": "same"})) })
    .await;
    let shop = shop(&server);
    let conversation = only_conversation(&shop).await;
    let outcome = shop.messages(&conversation, None).await;
    assert!(matches!(outcome, Err(ChannelError::Protocol(_))));
}

#[tokio::test]
async fn orders_come_newest_first_with_the_newest_event_of_their_parcel() {
    let server = Server::start(|hit, _| match hit.path.as_str() {
        "/order/202309/orders/search" => {
            assert_eq!(hit.body, r#"{"buyer_user_id":"7495"}"#);
            assert_eq!(hit.value("page_size"), Some("10"));
            ok(json!({"orders": [
                {"id": "5761", "status": "IN_TRANSIT", "user_id": "7495", "create_time": NOW, "tts_sla_time": NOW + 50,
                 "tracking_number": "YT1", "shipping_provider": "Yun", "rts_sla_time": 0,
                 "payment": {"currency": "USD", "total_amount": "34.00"},
                 "line_items": [{"product_name": "Blue mug", "id": "1"}, {"product_name": "Tea"}]},
                {"id": 5762, "status": "A_NEW_STATUS", "user_id": "7495", "create_time": NOW + 5, "payment": null},
                {"status": "no id"},
                {"id": "9", "status": "DELIVERED", "user_id": "another buyer", "create_time": NOW}
            ]}))
        }
        "/fulfillment/202309/orders/5761/tracking" => ok(json!({"tracking": [
            {"description": "Left the warehouse", "update_time_millis": (NOW + 1) * 1000},
            {"description": "Arrived in Leipzig", "update_time_millis": (NOW + 9) * 1000},
            {"description": "", "update_time_millis": (NOW + 99) * 1000}
        ]})),
        other => panic!("{other}"),
    })
    .await;
    let orders = shop(&server)
        .orders(&RemoteId::new("7495"), at(20))
        .await
        .unwrap();
    assert_eq!(
        orders
            .iter()
            .map(|o| o.remote_id.as_str())
            .collect::<Vec<_>>(),
        ["5762", "5761"]
    );
    assert_eq!(
        (orders[0].status, &orders[0].total),
        (OrderStatus::Unknown, &None)
    );
    let parcel = &orders[1];
    assert_eq!(
        (parcel.status, parcel.fetched_at, parcel.ship_by),
        (OrderStatus::InTransit, at(20), Some(at(50)))
    );
    assert_eq!(parcel.item, Some(RawText::from("Blue mug")));
    assert_eq!(parcel.total, Some(RawText::from("34.00 USD")));
    assert_eq!(parcel.parcel.carrier, Some(RawText::from("Yun")));
    assert_eq!(parcel.parcel.tracking_number, Some(RawText::from("YT1")));
    assert_eq!(
        parcel.parcel.last_event,
        Some(RawText::from("Arrived in Leipzig"))
    );
    assert_eq!(parcel.parcel.last_event_at, Some(at(9)));
}

#[tokio::test]
async fn orders_are_shown_even_where_tracking_is_not_permitted() {
    let server = Server::start(|hit, _| if hit.path.contains("/orders/search") { ok(json!({"orders": [{"id": "1", "status": "DELIVERED", "user_id": "7", "create_time": NOW}]})) } else { error(401, 105005, "no scope") })
    .await;
    let orders = shop(&server)
        .orders(&RemoteId::new("7"), at(0))
        .await
        .unwrap();
    assert_eq!((orders.len(), orders[0].parcel.last_event_at), (1, None));
}
