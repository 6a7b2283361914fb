//! Our side: the store as the engine uses it.

use crate::measure::{Clock, Cost};
use crate::shop::{A_PAGE, Shape, Talk, now};
use sextant::domain::Queue;
use sextant::domain::{
    Account, AccountId, ChannelKind, Classification, Intent, MessageId, Outcome, RemoteId, Scored,
};
use sextant::store::{Filter, Kind, Store};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::future::Future;
use std::time::Instant;

/// How many the engine takes at a time.
const TAKE: usize = 64;
const REPEATS: usize = 9;

pub struct Desk {
    store: Store,
    account: AccountId,
}

impl Desk {
    pub async fn open(url: &str) -> Self {
        let store = Store::open(url).await.unwrap();
        let account = Account {
            id: AccountId::fresh(),
            kind: ChannelKind::TiktokShop,
            name: "Shop".into(),
            remote_id: RemoteId::new("shop-1"),
            base_url: None,
            created_at: now(),
        };
        let account = store.add_account(&account).await.unwrap().id;
        Self { store, account }
    }

    pub fn kind(&self) -> Kind {
        self.store.kind()
    }

    pub async fn close(self) {
        self.store.close().await;
    }

    /// As polling does, which asks for each page what is known of it; or as an import does. The new buyers' messages.
    pub async fn ingest(&mut self, shape: Shape, rows: &[Talk]) -> (Cost, Vec<MessageId>) {
        let mut ingested = Vec::with_capacity(rows.len());
        let clock = Clock::start();
        match shape {
            Shape::Poll => {
                for page in rows.chunks(A_PAGE) {
                    let ids: Vec<RemoteId> =
                        page.iter().map(|(c, _)| c.remote_id.clone()).collect();
                    let known = self
                        .store
                        .remote_versions(&self.account, &ids)
                        .await
                        .unwrap();
                    assert!(known.is_empty());
                    for (conversation, messages) in page {
                        let done = self
                            .store
                            .ingest(&self.account, conversation, messages, now())
                            .await;
                        ingested.push(done.unwrap());
                    }
                }
            }
            Shape::Import => {
                let done = self.store.ingest_many(&self.account, rows, now()).await;
                ingested = done.unwrap();
            }
        }
        let cost = clock.stop();
        let of_buyers = ingested.into_iter().flat_map(|done| {
            assert_eq!(done.new_messages.len(), crate::shop::A_TALK);
            let numbered = done.new_messages.into_iter().enumerate();
            numbered.filter(|(n, _)| *n != 2).map(|(_, id)| id)
        });
        (cost, of_buyers.collect())
    }

    /// Stores something said of each, over all leaves.
    pub async fn predict(&self, messages: &[MessageId]) -> Cost {
        let intents: Vec<Intent> = Intent::all().collect();
        let said: Vec<_> = messages
            .iter()
            .zip(intents.into_iter().cycle())
            .map(|(id, intent)| (id.clone(), classification(intent)))
            .collect();
        let clock = Clock::start();
        for batch in said.chunks(TAKE) {
            self.store.set_predictions(batch, now()).await.unwrap();
        }
        clock.stop()
    }

    /// What the desk asks most, in seconds: the middle of several.
    pub async fn latencies(&self) -> Vec<(&'static str, f64)> {
        let store = &self.store;
        let list = |queue| Filter {
            queue,
            ..Filter::default()
        };
        let (open, parent) = (list(Queue::Open), list(Queue::Parent("logistics")));
        vec![
            (
                "list open",
                latency(async || store.list(&open, now()).await.unwrap()).await,
            ),
            (
                "list logistics",
                latency(async || store.list(&parent, now()).await.unwrap()).await,
            ),
            (
                "queue_counts",
                latency(async || store.queue_counts(now()).await.unwrap()).await,
            ),
            (
                "unclassified, a batch",
                latency(async || store.unclassified(TAKE as u32).await.unwrap()).await,
            ),
        ]
    }
}

async fn latency<T, F: Future<Output = T>>(ask: impl Fn() -> F) -> f64 {
    let mut all = Vec::new();
    for _ in 0..REPEATS {
        let start = Instant::now();
        ask().await;
        all.push(start.elapsed().as_secs_f64());
    }
    all.sort_by(f64::total_cmp);
    all[REPEATS / 2]
}

fn classification(intent: Intent) -> Classification {
    Classification {
        outcome: Outcome::Intent,
        intent: Some(intent),
        risk: intent.risk(),
        confidence: 0.9,
        margin: 0.25,
        top: vec![Scored { intent, score: 0.9 }; 3],
        lang: "en".to_owned(),
        model: "bench".to_owned(),
        verdict: None,
    }
}

/// A database of its own on a server.
pub struct Database {
    pub url: String,
    name: String,
    admin: PgConnection,
}

impl Database {
    pub async fn create(server: &str) -> Self {
        let name = format!("sextant_bench_{}", uuid::Uuid::now_v7().simple());
        let mut admin = PgConnection::connect(server).await.unwrap();
        sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {name}")))
            .execute(&mut admin)
            .await
            .unwrap();
        let mut url = url::Url::parse(server).unwrap();
        url.set_path(&name);
        Self {
            url: url.to_string(),
            name,
            admin,
        }
    }

    pub async fn drop(mut self) {
        sqlx::query(AssertSqlSafe(format!("DROP DATABASE {}", self.name)))
            .execute(&mut self.admin)
            .await
            .unwrap();
    }
}
