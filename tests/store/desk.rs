//! A fresh database for each promise, and short words to fill it.
//!
//! Each promise is one function over a [`Desk`], run on SQLite always, and on the PostgreSQL server that
//! `SEXTANT_TEST_DATABASE_URL` names, each in a database of its own.

use jiff::Timestamp;
use sextant::domain::*;
use sextant::store::*;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::collections::BTreeMap;

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

/// A fresh database with one account.
pub struct Desk {
    pub store: Store,
    pub account: AccountId,
    pub url: String,
}

impl Desk {
    pub async fn open(url: String) -> Self {
        let store = Store::open(&url).await.unwrap();
        let account = with_account(&store).await;
        Self {
            store,
            account,
            url,
        }
    }

    /// SQL past the store, to break something.
    pub async fn execute(&self, sql: &'static str) {
        match self.store.kind() {
            Kind::Sqlite => {
                let mut conn = SqliteConnection::connect(&self.url).await.unwrap();
                sqlx::query(sql).execute(&mut conn).await.unwrap();
            }
            Kind::Postgres => {
                let mut conn = PgConnection::connect(&self.url).await.unwrap();
                sqlx::query(sql).execute(&mut conn).await.unwrap();
            }
        }
    }

    pub async fn ingest(&self, conversation: &str, messages: &[IncomingMessage]) -> ConversationId {
        self.ingested(conversation, messages).await.conversation_id
    }

    pub async fn ingested(&self, conversation: &str, messages: &[IncomingMessage]) -> Ingested {
        self.store
            .ingest(&self.account, &talk(conversation, "v1"), messages, at(100))
            .await
            .unwrap()
    }

    /// A conversation whose messages, given with what is said of each, are its only ones.
    pub async fn classified(
        &self,
        conversation: &str,
        messages: &[(i64, &str, Classification)],
    ) -> ConversationId {
        let incoming: Vec<_> = messages
            .iter()
            .enumerate()
            .map(|(i, (seconds, text, _))| buyer(&format!("{conversation}-{i}"), text, *seconds))
            .collect();
        let done = self.ingested(conversation, &incoming).await;
        let said = done
            .new_messages
            .into_iter()
            .zip(messages.iter().map(|(_, _, said)| said.clone()));
        self.store
            .set_predictions(&said.collect::<Vec<_>>(), at(100))
            .await
            .unwrap();
        done.conversation_id
    }

    pub async fn list(&self, queue: Queue) -> Vec<Row> {
        self.store
            .list(
                &Filter {
                    queue,
                    ..Filter::default()
                },
                at(0),
            )
            .await
            .unwrap()
    }

    pub async fn names(&self, queue: Queue) -> Vec<String> {
        self.list(queue)
            .await
            .into_iter()
            .map(|row| row.conversation.remote_id.as_str().to_owned())
            .collect()
    }

    /// A reply in a conversation of its own, due at a time.
    pub async fn queued(&self, conversation: &str, text: &str, send_at: i64) -> Outgoing {
        let id = self.ingest(conversation, &[]).await;
        let reply = reply(&self.store.conversation(&id).await.unwrap(), text, send_at);
        self.store.enqueue(&reply).await.unwrap();
        reply
    }
}

/// Runs a promise on every database there is.
pub async fn on_both<F>(name: &str, promise: F)
where
    F: AsyncFn(&Desk),
{
    let dir = tempfile::tempdir().unwrap();
    let desk = Desk::open(format!("sqlite:{}", dir.path().join("desk.db").display())).await;
    promise(&desk).await;
    desk.store.close().await;

    let Ok(server) = std::env::var("SEXTANT_TEST_DATABASE_URL") else {
        use std::io::Write as _;
        let _ = writeln!(
            std::io::stderr(),
            "not run: PostgreSQL (SEXTANT_TEST_DATABASE_URL is not set)"
        );
        return;
    };
    let database = format!(
        "sextant_{}_{}",
        &name[..name.len().min(20)],
        uuid::Uuid::now_v7().simple()
    );
    let mut admin = PgConnection::connect(&server).await.unwrap();
    sqlx::query(AssertSqlSafe(format!("CREATE DATABASE {database}")))
        .execute(&mut admin)
        .await
        .unwrap();
    let mut url = url::Url::parse(&server).unwrap();
    url.set_path(&database);
    let desk = Desk::open(url.to_string()).await;
    assert_eq!(desk.store.kind(), Kind::Postgres);
    promise(&desk).await;
    desk.store.close().await;
    sqlx::query(AssertSqlSafe(format!("DROP DATABASE {database}")))
        .execute(&mut admin)
        .await
        .unwrap();
}

macro_rules! promise {
    ($name:ident, $body:expr) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $crate::desk::on_both(stringify!($name), $body).await;
        }
    };
}

pub(crate) use promise;

async fn with_account(store: &Store) -> AccountId {
    let account = Account {
        id: AccountId::fresh(),
        kind: ChannelKind::TiktokShop,
        name: "Shop".into(),
        remote_id: RemoteId::new("shop-1"),
        base_url: None,
        created_at: at(0),
    };
    store.add_account(&account).await.unwrap().id
}

pub fn talk(id: &str, version: &str) -> IncomingConversation {
    IncomingConversation {
        remote_id: RemoteId::new(id),
        buyer: Buyer {
            name: "Ana".into(),
            remote_id: Some(RemoteId::new("buyer-1")),
        },
        surface: Surface::Direct,
        source: Source {
            kind: SourceKind::Live,
            reference: Some(RemoteId::new("live-9")),
        },
        product: Some(RemoteId::new("p-1")),
        can_reply: true,
        version: Cursor(version.to_owned()),
    }
}

pub fn says(author: Author, id: &str, text: &str, seconds: i64) -> IncomingMessage {
    IncomingMessage {
        remote_id: RemoteId::new(id),
        author,
        kind: MessageKind::Text,
        text: text.into(),
        order_id: None,
        product_id: None,
        sent_at: at(seconds),
        unreadable: None,
    }
}

pub fn buyer(id: &str, text: &str, seconds: i64) -> IncomingMessage {
    says(Author::Customer, id, text, seconds)
}

pub fn said(key: &str) -> Classification {
    let intent = Intent::from_key(key).unwrap();
    Classification {
        outcome: Outcome::Intent,
        intent: Some(intent),
        risk: intent.risk(),
        confidence: 0.9,
        margin: 0.25,
        top: vec![Scored { intent, score: 0.9 }],
        lang: "en".to_owned(),
        model: "test".to_owned(),
        verdict: None,
    }
}

pub fn reply(conversation: &Conversation, text: &str, send_at: i64) -> Outgoing {
    Outgoing {
        id: OutgoingId::fresh(),
        conversation_id: conversation.id.clone(),
        account_id: conversation.account_id.clone(),
        conversation_remote_id: conversation.remote_id.clone(),
        text: text.into(),
        origin: Origin::Person,
        template: Some("logistics.where_is_order".to_owned()),
        lang: Some("en".to_owned()),
        state: OutboxState::Held,
        send_at: at(send_at),
        attempts: 0,
        platform_id: None,
        error: None,
        created_at: at(send_at - 8),
        claimed_at: None,
    }
}

pub fn draft(conversation: &ConversationId, text: &str) -> Draft {
    Draft {
        conversation_id: conversation.clone(),
        text: text.into(),
        template: None,
        lang: Some("es".to_owned()),
        slots: BTreeMap::from([("eta".to_owned(), "2 days".to_owned())]),
        updated_at: at(3),
    }
}
