//! From the start of the program to the first frame with rows, at a tenth and at all of the messages.

use crate::pty::{Pty, Start, home};
use crate::shop::{Shape, Shop, now};
use sextant::domain::{Account, AccountId, ChannelKind, RemoteId};
use sextant::store::Store;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const REPEATS: usize = 7;

/// Returns the folder with the smaller size, for the benchmark of keys.
pub fn run(large: usize) -> TempDir {
    let (small, all) = (filled(large / 10), filled(large));
    let mut homes = [small, all];
    let mut times = [Vec::new(), Vec::new()];
    // In turn, so that whatever else the machine does meets both.
    for _ in 0..REPEATS {
        for (home, times) in homes.iter_mut().zip(&mut times) {
            let (back, time) = first_frame(std::mem::replace(home, crate::pty::home()));
            *home = back;
            times.push(time);
        }
    }
    let [small, all] = times.map(middle);
    println!(
        "start to first frame  {small:.0} ms at {} messages, {all:.0} ms at {large}: ratio {:.2}",
        large / 10,
        all / small
    );
    let [small, _] = homes;
    small
}

fn middle(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

fn first_frame(home: TempDir) -> (TempDir, Duration) {
    let began = Instant::now();
    let mut pty = Pty::start_in(home, &Start::default());
    while !pty.text().contains("buyer") {
        assert!(began.elapsed() < Duration::from_secs(120), "{}", pty.text());
        std::thread::sleep(Duration::from_millis(1));
    }
    let time = began.elapsed();
    pty.send("q");
    pty.ended();
    let home = std::mem::replace(&mut pty.home, crate::pty::home());
    (home, time)
}

/// A data folder with so many messages of one shop.
fn filled(messages: usize) -> TempDir {
    let home = home();
    let data = home.path().join("data");
    sextant::config::private_folder(&data).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let url = format!("sqlite:{}", data.join("sextant.db").display());
        let store = Store::open(&url).await.unwrap();
        let account = Account {
            id: AccountId::fresh(),
            kind: ChannelKind::File,
            name: "Shop".into(),
            remote_id: RemoteId::new("import"),
            base_url: None,
            created_at: now(),
        };
        let account = store.add_account(&account).await.unwrap().id;
        let mut shop = Shop::new(Shape::Import);
        let mut left = messages;
        while left > 0 {
            let block = left.min(50_000);
            store
                .ingest_many(&account, &shop.next(block), now())
                .await
                .unwrap();
            left -= block;
        }
        store.close().await;
    });
    home
}
