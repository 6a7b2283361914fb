//! The one store, on two databases: SQLite in a file, PostgreSQL by URL.
//!
//! [`Store`] is an enum of two native pools, and every query is one text for both: `$1` placeholders,
//! `ON CONFLICT`, `RETURNING`, portable types. The macro `reading!` runs a body on a connection of either pool,
//! `writing!` in a transaction (`BEGIN IMMEDIATE` on SQLite, where a transaction that reads first and writes later
//! would otherwise fail at once instead of waiting its turn). The driver is inferred in each arm.
//!
//! - `open`: create, check, copy, migrate
//! - `accounts`, `ingest`: who is connected, and what the platforms delivered
//! - `predictions`: vectors, what was said of messages, the user's examples
//! - `standing`, `queue`: a conversation's place in a queue, and the queues
//! - `desk`, `acts`: one conversation, and what is done with it
//! - `figures`: counts and waits of the recognition
//! - `outbox`: replies on their way out (`claimant`: by which process)
//! - `rows`, `error`: between SQL and the domain
//!
//! May use: `domain`, `text`, `embed` (the type of a vector). The one rule: everything that must be true together is
//! written in one transaction, and no SQL is built from values. Times are stored in whole milliseconds.

mod accounts;
mod acts;
mod claimant;
mod desk;
mod error;
mod figures;
mod ingest;
mod open;
mod outbox;
mod predictions;
mod queue;
mod rows;
mod standing;
#[cfg(test)]
mod tests;

pub use acts::{Event, UndoEntry};
pub use error::StoreError;
pub use figures::Recognised;
pub use ingest::Ingested;
pub use outbox::{OutboxFilter, Settlement};
pub use predictions::{Counts, Example, Pending};
pub use queue::{Filter, HeldReply, Lead, OtherCounts, QueueCount, Row};

use std::sync::Arc;
use tokio::sync::Mutex;

/// The database. Cheap to clone; shared between tasks.
#[derive(Clone, Debug)]
pub struct Store {
    pool: Pool,
}

#[derive(Clone, Debug)]
enum Pool {
    /// SQLite has one writer at a time. Ours queue here in order, instead of polling the file's lock.
    Sqlite {
        pool: sqlx::SqlitePool,
        turn: Arc<Mutex<()>>,
    },
    Postgres(sqlx::PgPool),
}

/// Which database a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Store {
    pub fn kind(&self) -> Kind {
        match self.pool {
            Pool::Sqlite { .. } => Kind::Sqlite,
            Pool::Postgres(_) => Kind::Postgres,
        }
    }

    /// Closes all connections; SQLite then folds its write-ahead log into the file.
    pub async fn close(&self) {
        match &self.pool {
            Pool::Sqlite { pool, .. } => pool.close().await,
            Pool::Postgres(pool) => pool.close().await,
        }
    }
}

/// Runs a body on a connection of either pool.
macro_rules! reading {
    ($store:expr, $conn:ident => $body:expr) => {
        match &$store.pool {
            $crate::store::Pool::Sqlite { pool, .. } => {
                let mut $conn = pool.acquire().await?;
                $body
            }
            $crate::store::Pool::Postgres(pool) => {
                let mut $conn = pool.acquire().await?;
                $body
            }
        }
    };
}
use reading;

/// Runs a body in a transaction of either pool, and commits. A `?` or a dropped future rolls back.
macro_rules! writing {
    ($store:expr, $conn:ident => $body:expr) => {
        match &$store.pool {
            $crate::store::Pool::Sqlite { pool, turn } => {
                let _turn = turn.lock().await;
                let mut $conn = pool.begin_with("BEGIN IMMEDIATE").await?;
                let result = $body;
                $conn.commit().await?;
                result
            }
            $crate::store::Pool::Postgres(pool) => {
                let mut $conn = pool.begin().await?;
                let result = $body;
                $conn.commit().await?;
                result
            }
        }
    };
}
use writing;
