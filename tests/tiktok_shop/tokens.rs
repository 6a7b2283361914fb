//! Permission, tokens and the clock.

use super::*;

#[tokio::test]
async fn a_missing_scope_is_connected_but_not_permitted() {
    let server = Server::start(|_, _| error(401, 105005, "Access denied, no scope")).await;
    let problem = shop(&server).check().await.unwrap_err();
    assert!(
        matches!(problem, ChannelError::NotPermitted(_)),
        "{problem}"
    );
    assert_eq!(
        problem.to_string(),
        "connected but not permitted: Access denied, no scope (code 105005, request REQ-1)"
    );
    assert_eq!(server.hits().len(), 1);
}

#[tokio::test]
async fn twenty_calls_with_an_expired_token_refresh_it_once() {
    let store = Arc::new(Store::default());
    let seen = Arc::clone(&store);
    let server = Server::start(move |hit, _| {
        // New tokens are kept before anybody uses them.
        assert!(hit.token != NEW_ACCESS || seen.access_tokens() == [NEW_ACCESS]);
        expired(hit)
    })
    .await;
    let shop = Arc::new(shop_with(&server.url, Arc::clone(&store), policy()));
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let shop = Arc::clone(&shop);
        calls.spawn(async move { shop.check().await });
    }
    assert!(calls.join_all().await.iter().all(Result::is_ok));
    assert_eq!(server.hits_to("/token/refresh"), 1);
    assert_eq!(store.access_tokens(), [NEW_ACCESS]);
}

#[tokio::test]
async fn an_expired_token_delays_a_send_and_does_not_double_it() {
    let server = Server::start(|hit, _| expired(hit)).await;
    shop(&server).send(&reply("hi")).await.unwrap();
    let sends: Vec<String> = server
        .hits()
        .into_iter()
        .filter(|h| h.path.contains("/202606/"))
        .map(|h| h.token)
        .collect();
    assert_eq!(sends, [ACCESS, NEW_ACCESS]);
}

#[tokio::test]
async fn a_send_refused_for_its_token_has_not_left_even_where_the_refresh_fails() {
    let server = Server::start(|hit, _| {
        if hit.path.contains("/token/") {
            error(500, 36009003, "internal")
        } else {
            error(401, 105002, "Expired credentials")
        }
    })
    .await;
    let outcome = shop(&server).send(&reply("hi")).await;
    assert!(
        matches!(outcome, Err(ChannelError::NotSent(_))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_refresh_that_fails_fails_for_everybody_who_waited_for_it() {
    let server = Server::start(|hit, _| {
        if hit.path.contains("/token/") {
            error(500, 36009003, "internal")
        } else {
            error(401, 105002, "Expired credentials")
        }
    })
    .await;
    let patient = Policy {
        back_off: Duration::from_millis(50),
        ..policy()
    };
    let shop = Arc::new(shop_with(&server.url, Arc::default(), patient));
    let mut calls = JoinSet::new();
    for _ in 0..20 {
        let shop = Arc::clone(&shop);
        calls.spawn(async move { shop.check().await });
    }
    for outcome in calls.join_all().await {
        assert!(
            matches!(outcome, Err(ChannelError::Ambiguous(_))),
            "{outcome:?}"
        );
    }
    // Four attempts make one refresh; alone, twenty callers would make eighty.
    assert!(
        server.hits_to("/token/refresh") < 20,
        "{}",
        server.hits_to("/token/refresh")
    );
}

#[tokio::test]
async fn a_token_that_cannot_be_refreshed_ends_in_not_authorised() {
    let refused: fn(&Hit) -> Answer = |_| error(200, 36004005, "refresh token expired");
    // A refused refresh, and a fresh token that is refused too: one refresh a call and no more.
    for refresh in [refused, expired] {
        let server = Server::start(move |hit, _| {
            if hit.path.contains("/token/") {
                refresh(hit)
            } else {
                error(401, 105002, "Expired credentials")
            }
        })
        .await;
        let outcome = shop(&server).check().await;
        assert!(
            matches!(outcome, Err(ChannelError::Unauthorized(_))),
            "{outcome:?}"
        );
        assert_eq!(server.hits_to("/token/refresh"), 1);
    }
}

#[tokio::test]
async fn tokens_that_another_process_refreshed_are_taken_over() {
    let store = Arc::new(Store::default());
    let others = Tokens {
        access: SecretString::from(NEW_ACCESS),
        ..tokens()
    };
    *store.kept_by_another.lock().unwrap() = Some(others);
    let server = Server::start(|hit, _| expired(hit)).await;
    shop_with(&server.url, store, policy())
        .check()
        .await
        .unwrap();
    assert_eq!(server.hits_to("/token/refresh"), 0);
}

#[tokio::test]
async fn tokens_that_could_not_be_kept_are_used_and_kept_later() {
    let store = Arc::new(Store {
        broken: AtomicBool::new(true),
        ..Store::default()
    });
    let server = Server::start(|hit, _| expired(hit)).await;
    let shop = shop_with(&server.url, Arc::clone(&store), policy());
    shop.check().await.unwrap();
    assert!(store.access_tokens().is_empty());
    store.broken.store(false, Ordering::SeqCst);
    shop.check().await.unwrap();
    assert_eq!(store.access_tokens(), [NEW_ACCESS]);
    shop.check().await.unwrap();
    assert_eq!(store.access_tokens().len(), 1);
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_take_the_new_tokens_with_it() {
    let store = Arc::new(Store::default());
    let asked = Arc::new(tokio::sync::Notify::new());
    let notify = Arc::clone(&asked);
    let server = Server::start(move |hit, _| {
        if hit.path.contains("/token/") {
            notify.notify_one();
        }
        expired(hit)
    })
    .await;
    let shop = shop_with(&server.url, Arc::clone(&store), policy());
    tokio::select! {
        biased;
        () = asked.notified() => {}
        outcome = shop.check() => panic!("{outcome:?}"),
    }
    for _ in 0..500 {
        if !store.access_tokens().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(store.access_tokens(), [NEW_ACCESS]);
}

#[tokio::test]
async fn a_wrong_clock_is_named_with_its_error() {
    let server = Server::start(|_, _| {
        let date = jiff::fmt::rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&at(420))
            .unwrap();
        (
            400,
            vec![("date", date)],
            error(400, 36009004, "Invalid timestamp: too old").2,
        )
    })
    .await;
    let problem = shop(&server).check().await.unwrap_err();
    assert!(matches!(problem, ChannelError::ClockSkew(_)), "{problem}");
    assert!(problem.to_string().contains("420 s behind"), "{problem}");
}

#[tokio::test]
async fn every_attempt_is_stamped_anew() {
    let ticks = Arc::new(AtomicUsize::new(0));
    let clock = Arc::clone(&ticks);
    let ticking = Policy {
        clock: Arc::new(move || at(clock.fetch_add(1, Ordering::SeqCst).try_into().unwrap())),
        ..policy()
    };
    let server = Server::start(|_, before| {
        if before == 0 {
            error(500, 36009003, "x")
        } else {
            ok(json!({}))
        }
    })
    .await;
    shop_with(&server.url, Arc::default(), ticking)
        .conversations(None)
        .await
        .unwrap();
    let hits = server.hits();
    assert_ne!(hits[0].value("timestamp"), hits[1].value("timestamp"));
    assert_ne!(hits[0].value("sign"), hits[1].value("sign"));
}

#[tokio::test]
async fn consent_becomes_tokens_and_shops() {
    let server = Server::start(|hit, _| match hit.path.as_str() {
        "/api/v2/token/get" => {
            assert_eq!((hit.value("auth_code"), hit.value("grant_type")), (Some(CODE), Some("authorized_code")));
            ok(json!({
                "access_token": ACCESS, "access_token_expire_in": NOW + 9, "refresh_token": REFRESH,
                "refresh_token_expire_in": NOW + 99, "open_id": "o", "granted_scopes": ["seller.customer_service"]
            }))
        }
        "/authorization/202309/shops" => {
            assert_eq!((hit.value("shop_cipher"), hit.token.as_str()), (None, ACCESS));
            ok(json!({"shops": [{"id": "749", "name": "Shop", "region": "GB", "cipher": CIPHER}, {"id": "broken"}]}))
        }
        other => panic!("{other}"),
    })
    .await;
    let http = HttpClient::new(policy());
    let endpoints = Endpoints::at(&server.url);
    let tokens = exchange(&http, &endpoints, &credentials(), &SecretString::from(CODE))
        .await
        .unwrap();
    assert_eq!(tokens.access_expires_at, at(9));
    let shops = authorized_shops(&http, &endpoints, &credentials(), &tokens)
        .await
        .unwrap();
    assert_eq!((shops.len(), shops[0].cipher.expose_secret()), (1, CIPHER));
}
