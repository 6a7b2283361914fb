//! Answers that are broken, late, too many or none.

use super::*;

const CUT_BODY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{\"code\":0,\"da";
const NO_ANSWER: &[u8] = b"";

#[tokio::test]
async fn a_cut_answer_is_asked_for_again_and_leaves_a_send_unclear() {
    for answer in [CUT_BODY, NO_ANSWER] {
        let (url, count) = raw_server(answer).await;
        let shop = shop_with(&url, Arc::default(), policy());
        assert!(matches!(
            shop.conversations(None).await,
            Err(ChannelError::Ambiguous(_))
        ));
        assert_eq!(count.swap(0, Ordering::SeqCst), 4);
        assert!(matches!(
            shop.send(&reply("hi")).await,
            Err(ChannelError::Ambiguous(_))
        ));
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn an_answer_that_is_not_the_platforms_json_says_so() {
    for body in [
        "",
        "<html>",
        "[]",
        "{}",
        r#"{"code":0,"data":{"conversations":7}}"#,
        r#"{"code":0,"data":[1,2]}"#,
        r#"{"code":"zero","data":{}}"#,
        r#"{"code":null,"data":{}}"#,
    ] {
        let server = Server::start(move |_, _| (200, Vec::new(), body.to_owned())).await;
        let outcome = shop(&server).conversations(None).await;
        assert!(
            matches!(outcome, Err(ChannelError::Protocol(_))),
            "{body}: {outcome:?}"
        );
        let outcome = shop(&server).send(&reply("hi")).await;
        assert!(
            matches!(outcome, Err(ChannelError::Ambiguous(_))),
            "{body}: {outcome:?}"
        );
        assert_eq!(server.hits_to("/202606/"), 1);
    }
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let server = Server::start(|_, _| (200, Vec::new(), "x".repeat(2000))).await;
    let shop = shop_with(
        &server.url,
        Arc::default(),
        Policy {
            body_limit: 1999,
            ..policy()
        },
    );
    let problem = shop.conversations(None).await.unwrap_err();
    assert!(
        matches!(&problem, ChannelError::TooLarge(d) if d.to_string().contains("1999 bytes")),
        "{problem}"
    );
    assert!(matches!(
        shop.send(&reply("hi")).await,
        Err(ChannelError::Ambiguous(_))
    ));
}

#[tokio::test]
async fn a_read_survives_passing_trouble() {
    for trouble in [
        error(503, 0, ""),
        error(200, 36009003, "internal"),
        (200, Vec::new(), "{\"co".to_owned()),
    ] {
        let server = Server::start(move |_, before| match before {
            0..=2 => trouble.clone(),
            _ => ok(json!({"conversations": []})),
        })
        .await;
        shop(&server).conversations(None).await.unwrap();
        assert_eq!(server.hits().len(), 4);
    }
}

#[tokio::test]
async fn a_redirection_is_not_followed() {
    let elsewhere = Server::start(|_, _| ok(json!({}))).await;
    let to = elsewhere.url.clone();
    let server =
        Server::start(move |_, _| (302, vec![("location", to.clone())], String::new())).await;
    assert!(shop(&server).conversations(None).await.is_err());
    assert!(elsewhere.hits().is_empty());
}

#[tokio::test]
async fn a_slow_platform_meets_the_time_limit() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let impatient = Policy {
        whole_timeout: Duration::from_millis(50),
        attempts: 2,
        ..policy()
    };
    let shop = shop_with(&url, Arc::default(), impatient);
    let problem = shop.send(&reply("hi")).await.unwrap_err();
    assert!(
        matches!(&problem, ChannelError::Ambiguous(d) if d.to_string().contains("time limit")),
        "{problem}"
    );
}

#[tokio::test]
async fn too_many_requests_are_repeated_after_the_time_that_the_platform_names() {
    let started = Instant::now();
    let server = Server::start(|_, before| match before {
        0 => (
            429,
            vec![("retry-after", "1".to_owned())],
            error(429, 36009002, "too many").2,
        ),
        _ => ok(json!({"message_id": "m1"})),
    })
    .await;
    assert_eq!(
        shop(&server).send(&reply("hi")).await.unwrap().platform_id,
        RemoteId::new("m1")
    );
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.hits().len(), 2);
}

#[tokio::test]
async fn too_many_requests_without_a_time_back_off_also_where_the_status_is_200() {
    for status in [429, 200] {
        let server = Server::start(move |_, before| match before {
            0..=2 => error(status, 36009002, "Too many requests"),
            _ => ok(json!({"message_id": "m1"})),
        })
        .await;
        shop(&server).send(&reply("hi")).await.unwrap();
        assert_eq!(server.hits().len(), 4);
    }
}

#[tokio::test]
async fn a_long_pause_is_reported_and_kept_by_every_later_call() {
    let server = Server::start(|_, _| {
        (
            429,
            vec![("retry-after", "900".to_owned())],
            error(429, 36009002, "x").2,
        )
    })
    .await;
    let shop = shop(&server);
    for _ in 0..3 {
        let Err(ChannelError::RateLimited {
            retry_after: Some(wait),
        }) = shop.conversations(None).await
        else {
            panic!("not limited")
        };
        assert!((890..=900).contains(&wait.as_secs()), "{wait:?}");
    }
    assert_eq!(server.hits().len(), 1);
}

#[tokio::test]
async fn nonsense_in_retry_after_is_backed_off_from_as_usual() {
    for nonsense in ["-5", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", ""] {
        let server = Server::start(move |_, before| match before {
            0 => (
                429,
                vec![("retry-after", nonsense.to_owned())],
                String::new(),
            ),
            _ => ok(json!({"conversations": []})),
        })
        .await;
        shop(&server).conversations(None).await.unwrap();
        assert_eq!(server.hits().len(), 2, "{nonsense}");
    }
}
