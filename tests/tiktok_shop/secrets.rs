//! No secret is ever shown.

use super::*;

/// Everything that is logged in this process, whoever logs it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_reaches_a_log_an_error_or_a_debug_output() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();

    // A platform that repeats in its message whatever it was given.
    let echo = |hit: &Hit| {
        let query: Vec<&str> = hit
            .query
            .iter()
            .filter(|(k, _)| k != "app_key")
            .map(|(_, v)| v.as_str())
            .collect();
        format!("invalid: {} {}", hit.token, query.join(" "))
    };
    let broken = Arc::new(Store {
        broken: AtomicBool::new(true),
        ..Store::default()
    });
    let mut shown = Vec::new();
    type Script = Box<dyn Fn(&Hit) -> Answer + Send + Sync>;
    let scripts: Vec<Script> = vec![
        Box::new(expired),
        Box::new(move |hit| error(400, 36009004, &echo(hit))),
        Box::new(move |hit| error(401, 105002, &echo(hit))),
        Box::new(|_| (500, Vec::new(), "<html>".to_owned())),
    ];
    for script in scripts {
        let server = Server::start(move |hit, _| script(hit)).await;
        let shop = shop_with(&server.url, Arc::clone(&broken), policy());
        shown.push(format!("{:?}", shop.check().await));
        shown.push(format!("{:?}", shop.send(&reply("hi")).await));
        let http = HttpClient::new(policy());
        let endpoints = Endpoints::at(&server.url);
        let outcome = exchange(&http, &endpoints, &credentials(), &SecretString::from(CODE)).await;
        shown.push(format!("{outcome:?} {http:?} {endpoints:?}"));
        let outcome = authorized_shops(&http, &endpoints, &credentials(), &tokens()).await;
        shown.push(format!("{outcome:?}"));
    }
    for url in [
        "https://127.0.0.1:1",
        "https://no-such-host.invalid",
        "http://203.0.113.1",
        "nonsense",
    ] {
        let shop = shop_with(url, Arc::default(), policy());
        let problem = shop.check().await.unwrap_err();
        shown.push(format!("{problem} {problem:?}"));
        let http = HttpClient::new(policy());
        let outcome = exchange(
            &http,
            &Endpoints::at(url),
            &credentials(),
            &SecretString::from(CODE),
        )
        .await;
        shown.push(format!("{outcome:?}"));
    }
    shown.push(format!("{:?} {:?}", credentials(), tokens()));

    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(
        logged.contains("TRACE") && logged.contains("app_secret=***"),
        "the log is on"
    );
    for canary in [
        APP_SECRET,
        ACCESS,
        REFRESH,
        NEW_ACCESS,
        NEW_REFRESH,
        CODE,
        CIPHER,
    ] {
        assert!(!logged.contains(canary), "{canary} was logged");
        let leaks: Vec<&String> = shown.iter().filter(|text| text.contains(canary)).collect();
        assert!(leaks.is_empty(), "{canary}: {leaks:?}");
    }
}
