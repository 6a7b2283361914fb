//! What is sent, when again, and how it is found.

use super::*;

#[tokio::test]
async fn a_reply_says_who_wrote_it() {
    for (origin, role) in [
        (Origin::Person, "CUSTOMER_SERVICE"),
        (Origin::Automation, "ROBOT"),
    ] {
        let server = Server::start(|_, _| ok(json!({"message_id": "749456"}))).await;
        let receipt = shop(&server)
            .send(&Outgoing {
                origin,
                ..reply("parcel \"left\" ✓\n退款")
            })
            .await
            .unwrap();
        assert_eq!(receipt.platform_id, RemoteId::new("749456"));
        let hit = server.hits().remove(0);
        assert_eq!(
            hit.path,
            "/customer_service/202606/conversations/7494560109732334261/messages"
        );
        let body: Value = serde_json::from_str(&hit.body).unwrap();
        assert_eq!(
            (body["type"].as_str(), body["sender_role"].as_str()),
            (Some("TEXT"), Some(role))
        );
        let content: Value = serde_json::from_str(body["content"].as_str().unwrap()).unwrap();
        assert_eq!(content, json!({"content": "parcel \"left\" ✓\n退款"}));
    }
}

#[tokio::test]
async fn a_reply_of_2001_characters_is_refused_here() {
    let server = Server::start(|_, _| ok(json!({"message_id": "1"}))).await;
    let shop = shop(&server);
    shop.send(&reply(&"退".repeat(2000))).await.unwrap();
    for text in ["退".repeat(2001), " \n".to_owned()] {
        assert!(matches!(
            shop.send(&reply(&text)).await,
            Err(ChannelError::Rejected(_))
        ));
    }
    assert_eq!(server.hits().len(), 1);
}

#[tokio::test]
async fn a_send_that_meets_a_server_error_is_unclear_and_sent_once() {
    for trouble in [
        error(500, 36009003, "x"),
        error(503, 0, ""),
        error(200, 36009003, "x"),
        ok(json!({})),
    ] {
        let server = Server::start(move |_, _| trouble.clone()).await;
        let outcome = shop(&server).send(&reply("hi")).await;
        assert!(
            matches!(outcome, Err(ChannelError::Ambiguous(_))),
            "{outcome:?}"
        );
        assert_eq!(server.hits().len(), 1);
    }
}

#[tokio::test]
async fn a_refused_reply_carries_the_platforms_words() {
    let server =
        Server::start(|_, _| error(200, 45101001, "Contains sensitive \u{1B}[31mwords")).await;
    let problem = shop(&server).send(&reply("hi")).await.unwrap_err();
    assert!(matches!(problem, ChannelError::Rejected(_)));
    assert!(
        problem
            .to_string()
            .starts_with("refused: Contains sensitive \u{FFFD}words"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_and_then_known_as_not_sent() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let url = format!("http://{address}");
    let outcome = shop_with(&url, Arc::default(), policy())
        .send(&reply("hi"))
        .await;
    assert!(
        matches!(outcome, Err(ChannelError::NotSent(_))),
        "{outcome:?}"
    );

    let patient = Policy {
        attempts: 500,
        back_off: Duration::from_millis(5),
        longest_wait: Duration::from_millis(5),
        ..policy()
    };
    let shop = shop_with(&url, Arc::default(), patient);
    let send = tokio::spawn(async move { shop.send(&reply("hi")).await });
    tokio::time::sleep(Duration::from_millis(30)).await;
    let server = Server::start_at(address, |_, _| ok(json!({"message_id": "m1"}))).await;
    send.await.unwrap().unwrap();
    assert_eq!(server.hits().len(), 1);
}

#[tokio::test]
async fn a_failed_handshake_is_known_as_not_sent() {
    // Speaks no TLS.
    let (url, _) = raw_server(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    let shop = shop_with(&url.replace("http:", "https:"), Arc::default(), policy());
    let outcome = shop.send(&reply("hi")).await;
    assert!(
        matches!(outcome, Err(ChannelError::NotSent(_))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_host_that_does_not_exist_and_a_plain_address_are_known_as_not_sent() {
    for url in ["https://no-such-host.invalid", "http://203.0.113.1"] {
        let outcome = shop_with(url, Arc::default(), policy())
            .send(&reply("hi"))
            .await;
        assert!(
            matches!(outcome, Err(ChannelError::NotSent(_))),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn an_id_that_leads_elsewhere_is_not_put_into_a_path() {
    let server = Server::start(|_, _| ok(json!({}))).await;
    for id in ["../orders", "1?x=y", "", "1/2", "\u{1B}[2J"] {
        assert!(
            matches!(
                shop(&server).mark_read(&RemoteId::new(id)).await,
                Err(ChannelError::Rejected(_))
            ),
            "{id}"
        );
    }
    assert!(server.hits().is_empty());
}

#[tokio::test]
async fn a_reply_with_an_unknown_outcome_is_found_by_reading() {
    let found = async |newest_first: Vec<Value>| {
        let server = with_messages(newest_first).await;
        shop(&server)
            .find_sent(&reply("Your parcel left\ntoday "), at(0))
            .await
            .unwrap()
            .map(|r| r.platform_id)
    };
    let mine = "Your parcel left\r\ntoday";
    let chatter = |from: i64| {
        (from..from + 12)
            .rev()
            .map(|i| wire_text(i, "BUYER", "hello?"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        found([chatter(40), vec![wire_text(30, "CUSTOMER_SERVICE", mine)]].concat()).await,
        Some(RemoteId::new("m30"))
    );
    assert_eq!(
        found(vec![wire_text(-59, "SHOP", mine)]).await,
        Some(RemoteId::new("m-59"))
    );
    assert_eq!(found(vec![wire_text(-61, "SHOP", mine)]).await, None);
    assert_eq!(found(vec![wire_text(30, "BUYER", mine)]).await, None);
    assert_eq!(
        found(vec![wire_text(30, "SHOP", "another text")]).await,
        None
    );
}

#[tokio::test]
async fn looking_for_a_reply_stops_at_what_is_older() {
    let server = with_messages(
        (-400..0)
            .rev()
            .map(|i| wire_text(i, "BUYER", "x"))
            .collect(),
    )
    .await;
    assert_eq!(
        shop(&server).find_sent(&reply("hi"), at(0)).await.unwrap(),
        None
    );
    assert!(server.hits().len() <= 7, "{}", server.hits().len());
}

#[tokio::test]
async fn marking_as_read_sends_no_body() {
    let server = Server::start(|_, _| ok(json!({}))).await;
    shop(&server)
        .mark_read(&RemoteId::new("749"))
        .await
        .unwrap();
    let hit = server.hits().remove(0);
    assert_eq!((hit.method.as_str(), hit.body.as_str()), ("POST", ""));
    assert_eq!(
        hit.path,
        "/customer_service/202309/conversations/749/messages/read"
    );
}
