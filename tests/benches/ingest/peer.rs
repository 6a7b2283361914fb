//! The peer: rows that are ready to be stored, and prepared inserts on one connection.

use crate::measure::{Clock, Cost};
use crate::shop::{Shape, Talk, now};
use sextant::domain::Author;
use sextant::store::Store;
use sextant::text::{TextKey, normalise};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, PgConnection, SqliteConnection};
use uuid::Uuid;

const ACCOUNT: &str = "account";
/// Conversations a transaction, as in the store.
const A_TRANSACTION: usize = 500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// The store's.
    Same,
    /// The same columns, with nothing but what makes an ingest repeatable.
    Bare,
}

pub struct Peer {
    conn: Conn,
    tables: Tables,
}

enum Conn {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

pub struct Conversation {
    id: String,
    remote_id: String,
    version: String,
    name: String,
    source_ref: Option<String>,
    product: Option<String>,
    waiting_since: i64,
    last_message_at: i64,
    lead: String,
    messages: Vec<Message>,
}

struct Message {
    id: String,
    remote_id: String,
    author: &'static str,
    text: String,
    text_key: String,
    sent_at: i64,
}

/// Everything that the store computes, computed before.
pub fn prepare(rows: &[Talk]) -> Vec<Conversation> {
    let remote = |id: &sextant::domain::RemoteId| id.as_str().to_owned();
    let prepare_one = |(talk, messages): &Talk| {
        let messages: Vec<Message> = messages
            .iter()
            .map(|m| Message {
                id: Uuid::now_v7().to_string(),
                remote_id: remote(&m.remote_id),
                author: m.author.as_str(),
                text: m.text.expose().to_owned(),
                text_key: TextKey::of(&normalise(&m.text.safe())).as_str().to_owned(),
                sent_at: m.sent_at.as_millisecond(),
            })
            .collect();
        Conversation {
            id: Uuid::now_v7().to_string(),
            remote_id: remote(&talk.remote_id),
            version: talk.version.0.clone(),
            name: talk.buyer.name.expose().to_owned(),
            source_ref: talk.source.reference.as_ref().map(remote),
            product: talk.product.as_ref().map(remote),
            waiting_since: messages[3].sent_at,
            last_message_at: messages[4].sent_at,
            lead: messages[4].id.clone(),
            messages,
        }
    };
    rows.iter().map(prepare_one).collect()
}

const CONVERSATION: &str = "INSERT INTO conversation (id, account_id, remote_id, remote_version, buyer_name, \
     buyer_remote_id, surface, source_kind, source_ref, product_id, can_reply, status, last_message_at, shelf, parent, \
     rank, due_at, oldest_at, waiting_since, lead_message_id) \
     VALUES ($1, $2, $3, $4, $5, $3, 'direct', 'live', $6, $7, $8, 'open', $9, 'new', '', 1, $10, $11, $11, $12)";

const MESSAGE: &str = "INSERT INTO message (id, conversation_id, account_id, remote_id, author, kind, text, text_key, \
     sent_at, received_at, pending) VALUES ($1, $2, $3, $4, $5, 'text', $6, $7, $8, $9, $10)";

const BARE: [&str; 2] = [
    "CREATE TABLE conversation (id TEXT PRIMARY KEY NOT NULL, account_id TEXT, remote_id TEXT, remote_version TEXT, \
     buyer_name BYTEA, buyer_remote_id TEXT, surface TEXT, source_kind TEXT, source_ref TEXT, product_id TEXT, \
     can_reply BOOLEAN, status TEXT, last_message_at BIGINT, shelf TEXT, parent TEXT, rank BIGINT, due_at BIGINT, \
     oldest_at BIGINT, waiting_since BIGINT, lead_message_id TEXT, UNIQUE (account_id, remote_id))",
    "CREATE TABLE message (id TEXT PRIMARY KEY NOT NULL, conversation_id TEXT, account_id TEXT, remote_id TEXT, \
     author TEXT, kind TEXT, text BYTEA, text_key TEXT, sent_at BIGINT, received_at BIGINT, pending BOOLEAN, \
     UNIQUE (account_id, remote_id))",
];

/// Conversations in one transaction.
macro_rules! insert_all {
    ($transaction:expr, $rows:expr) => {{
        let mut transaction = $transaction;
        for row in $rows {
            sqlx::query(CONVERSATION)
                .bind(&row.id)
                .bind(ACCOUNT)
                .bind(&row.remote_id)
                .bind(&row.version)
                .bind(row.name.as_bytes())
                .bind(&row.source_ref)
                .bind(&row.product)
                .bind(true)
                .bind(row.last_message_at)
                .bind(row.waiting_since + 30 * 60_000)
                .bind(row.waiting_since)
                .bind(&row.lead)
                .execute(&mut *transaction)
                .await
                .unwrap();
            for message in &row.messages {
                sqlx::query(MESSAGE)
                    .bind(&message.id)
                    .bind(&row.id)
                    .bind(ACCOUNT)
                    .bind(&message.remote_id)
                    .bind(message.author)
                    .bind(message.text.as_bytes())
                    .bind(&message.text_key)
                    .bind(message.sent_at)
                    .bind(now().as_millisecond())
                    .bind(message.author == Author::Customer.as_str())
                    .execute(&mut *transaction)
                    .await
                    .unwrap();
            }
        }
        transaction.commit().await.unwrap();
    }};
}

impl Peer {
    /// A new database.
    pub async fn open(url: &str, tables: Tables) -> Self {
        if tables == Tables::Same {
            Store::open(url).await.unwrap().close().await;
        }
        let mut conn = match url.strip_prefix("sqlite:") {
            Some(path) => Conn::Sqlite(sqlite(path).await),
            None => Conn::Postgres(PgConnection::connect(url).await.unwrap()),
        };
        let account = [
            "INSERT INTO account (id, kind, name, remote_id, created_at) VALUES ('account', 'tiktok_shop', '', 'shop', 0)",
        ];
        let before: &[&'static str] = match tables {
            Tables::Same => &account,
            Tables::Bare => &BARE,
        };
        for sql in before {
            match &mut conn {
                Conn::Sqlite(conn) => drop(sqlx::query(*sql).execute(conn).await.unwrap()),
                Conn::Postgres(conn) => drop(sqlx::query(*sql).execute(conn).await.unwrap()),
            }
        }
        Self { conn, tables }
    }

    pub fn name(&self) -> &'static str {
        match self.tables {
            Tables::Same => "same tables",
            Tables::Bare => "bare tables",
        }
    }

    pub async fn close(self) {
        match self.conn {
            Conn::Sqlite(conn) => conn.close().await.unwrap(),
            Conn::Postgres(conn) => conn.close().await.unwrap(),
        }
    }

    pub async fn insert(&mut self, shape: Shape, rows: &[Conversation]) -> Cost {
        let together = match shape {
            Shape::Poll => 1,
            Shape::Import => A_TRANSACTION,
        };
        let clock = Clock::start();
        match &mut self.conn {
            Conn::Sqlite(conn) => {
                for rows in rows.chunks(together) {
                    insert_all!(conn.begin_with("BEGIN IMMEDIATE").await.unwrap(), rows);
                }
            }
            Conn::Postgres(conn) => {
                for rows in rows.chunks(together) {
                    insert_all!(conn.begin().await.unwrap(), rows);
                }
            }
        }
        clock.stop()
    }
}

/// With the store's pragmas.
async fn sqlite(path: &str) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    SqliteConnection::connect_with(&options).await.unwrap()
}
