//! What needs the store's inside: its SQL, its migrations, its pool.

use super::queue::{
    LIST, LIST_PARENT, LIST_SHELF, WAITING, WAITING_COUNTS, WAITING_PARENT, WAITING_SHELF,
};
use super::*;
use crate::domain::*;
use jiff::Timestamp;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlitePool};
use std::path::Path;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

async fn open(dir: &Path, migrations: &Migrator) -> Result<Store, StoreError> {
    Store::open_with(&url(dir), migrations).await
}

fn url(dir: &Path) -> String {
    format!("sqlite:{}", dir.join("desk.db").display())
}

fn pool(store: &Store) -> &SqlitePool {
    match &store.pool {
        Pool::Sqlite { pool, .. } => pool,
        Pool::Postgres(_) => panic!("these tests are SQLite's"),
    }
}

/// The number of our last migration.
fn newest() -> i64 {
    open::MIGRATIONS.iter().map(|m| m.version).max().unwrap()
}

/// Ours, and one more.
fn with_migration(sql: &'static str) -> Migrator {
    let mut all: Vec<_> = open::MIGRATIONS.iter().cloned().collect();
    let version = newest() + 1;
    all.push(Migration::new(
        version,
        "later".into(),
        MigrationType::Simple,
        sql.into_sql_str(),
        false,
    ));
    Migrator::with_migrations(all)
}

async fn account(store: &Store) -> AccountId {
    let account = Account {
        id: AccountId::fresh(),
        kind: ChannelKind::File,
        name: "Shop".into(),
        remote_id: RemoteId::new("shop"),
        base_url: None,
        created_at: at(0),
    };
    store.add_account(&account).await.unwrap().id
}

fn talk(id: usize, text: &str) -> (IncomingConversation, Vec<IncomingMessage>) {
    let conversation = IncomingConversation {
        remote_id: RemoteId::new(format!("c{id}")),
        buyer: Buyer {
            name: "Ana".into(),
            remote_id: None,
        },
        surface: Surface::Direct,
        source: Source::UNKNOWN,
        product: None,
        can_reply: true,
        version: Cursor("1".to_owned()),
    };
    let message = IncomingMessage {
        remote_id: RemoteId::new(format!("m{id}")),
        author: Author::Customer,
        kind: MessageKind::Text,
        text: text.into(),
        order_id: None,
        product_id: None,
        sent_at: at(id as i64),
        unreadable: None,
    };
    (conversation, vec![message])
}

/// What SQLite says it will do, one line a step.
async fn plan(store: &Store, sql: &str) -> String {
    let rows: Vec<(i64, i64, i64, String)> =
        sqlx::query_as(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
            .fetch_all(pool(store))
            .await
            .unwrap();
    rows.into_iter()
        .map(|(_, _, _, step)| step + "\n")
        .collect()
}

#[tokio::test]
async fn every_page_of_a_queue_is_read_from_an_index_in_its_order() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_in(dir.path()).await.unwrap();
    for (sql, index) in [
        (LIST, "USING INDEX conversation_by_due (status=?)"),
        (
            LIST_SHELF,
            "USING INDEX conversation_by_shelf (status=? AND shelf=?)",
        ),
        (
            LIST_PARENT,
            "USING INDEX conversation_by_parent (status=? AND parent=?)",
        ),
        (
            WAITING,
            "USING INDEX conversation_waiting_by_due (status=?)",
        ),
        (
            WAITING_SHELF,
            "USING INDEX conversation_waiting_by_shelf (status=? AND shelf=?)",
        ),
        (
            WAITING_PARENT,
            "USING INDEX conversation_waiting_by_parent (status=? AND parent=?)",
        ),
        (
            WAITING_COUNTS,
            "USING COVERING INDEX conversation_waiting_counts (status=?)",
        ),
    ] {
        let plan = plan(&store, sql).await;
        assert!(plan.contains(index), "{plan}");
        assert!(
            !plan.contains("SCAN") && !plan.contains("TEMP B-TREE"),
            "{plan}"
        );
    }
}

#[tokio::test]
async fn what_waits_for_the_classifier_or_the_sender_is_found_without_reading_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_in(dir.path()).await.unwrap();
    for (sql, index) in [
        (predictions::UNCLASSIFIED, "message_pending"),
        (predictions::UNSURE, "prediction_unknown"),
        (super::outbox::NEXT_DUE, "outbox_by_state"),
        (super::outbox::CLAIM, "outbox_by_state"),
        (super::outbox::DUE_ACCOUNTS, "outbox_by_state"),
        (super::queue::SNOOZE_ENDED, "conversation_by_snooze"),
    ] {
        let plan = plan(&store, sql).await;
        assert!(plan.contains(index), "{index}: {plan}");
    }
}

#[tokio::test]
async fn a_database_is_copied_beside_before_it_is_migrated() {
    let dir = tempfile::tempdir().unwrap();
    let old = open(dir.path(), &open::MIGRATIONS).await.unwrap();
    let account = account(&old).await;
    // Not closed: the copy must hold what is only in the write-ahead log.
    let new = open(dir.path(), &with_migration("CREATE TABLE later (x TEXT)"))
        .await
        .unwrap();
    assert_eq!(new.account(&account).await.unwrap().id, account);
    sqlx::query("INSERT INTO later (x) VALUES ('')")
        .execute(pool(&new))
        .await
        .unwrap();
    new.close().await;
    old.close().await;

    let refused = open(dir.path(), &open::MIGRATIONS).await;
    assert!(matches!(
        refused,
        Err(StoreError::TooNew { found, known, .. }) if (found, known) == (newest() + 1, newest())
    ));
    let copy = dir
        .path()
        .join(format!("desk.db.before-{:04}", newest() + 1));
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&copy).unwrap().permissions())
            & 0o777,
        0o600
    );
    std::fs::rename(copy, dir.path().join("desk.db")).unwrap();
    let back = open(dir.path(), &open::MIGRATIONS).await.unwrap();
    assert_eq!(back.account(&account).await.unwrap().id, account);
    assert_eq!(
        std::fs::read_dir(dir.path())
            .unwrap()
            .filter(|e| e
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .contains("before"))
            .count(),
        0
    );
}

#[tokio::test]
async fn a_migration_that_fails_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), &open::MIGRATIONS).await.unwrap();
    let account = account(&store).await;
    store.close().await;
    let broken = with_migration("CREATE TABLE later (x TEXT); DROP TABLE account; SELECT nonsense");
    assert!(open(dir.path(), &broken).await.is_err());
    let store = open(dir.path(), &open::MIGRATIONS).await.unwrap();
    assert_eq!(store.account(&account).await.unwrap().id, account);
}

#[tokio::test]
async fn a_full_disk_is_reported_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_in(dir.path()).await.unwrap();
    let account = account(&store).await;
    let limit = async |pages: &'static str| {
        let mut all = Vec::new();
        for _ in 0..pool(&store).options().get_max_connections() {
            let mut conn = pool(&store).acquire().await.unwrap();
            sqlx::query(pages).execute(&mut *conn).await.unwrap();
            all.push(conn);
        }
    };
    let (small, large) = (talk(1, "hi"), talk(2, &"x".repeat(1 << 20)));
    store
        .ingest(&account, &small.0, &small.1, at(0))
        .await
        .unwrap();
    limit("PRAGMA max_page_count = 100").await;
    let full = store.ingest(&account, &large.0, &large.1, at(0)).await;
    assert!(matches!(full, Err(StoreError::NoSpace(_))), "{full:?}");
    assert_eq!(store.counts().await.unwrap().messages, 1);
    limit("PRAGMA max_page_count = 100000").await;
    store
        .ingest(&account, &large.0, &large.1, at(0))
        .await
        .unwrap();
    assert_eq!(store.counts().await.unwrap().messages, 2);
}

/// A folder with a database of conversations of one text each, of which some pages are overwritten.
async fn smashed(
    conversations: usize,
    text: &str,
    first_page: usize,
    pages: usize,
) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open_in(dir.path()).await.unwrap();
    let account = account(&store).await;
    let mut batch: Vec<_> = (0..conversations).map(|i| talk(i, text)).collect();
    for (_, messages) in &mut batch {
        // Of no kind that is read, which takes its time.
        messages[0].kind = MessageKind::Other;
    }
    store.ingest_many(&account, &batch, at(0)).await.unwrap();
    store.close().await;
    let path = dir.path().join("sextant.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let end = (4096 * (first_page + pages)).min(bytes.len() - 4096);
    bytes[4096 * first_page..end].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    dir
}

fn is_told(error: &StoreError) -> bool {
    matches!(error, StoreError::Corrupt(_)) && error.to_string().contains("database is damaged")
}

#[tokio::test]
async fn damage_in_a_file_of_an_ordinary_size_is_refused_at_the_start() {
    let dir = smashed(400, &"damage ".repeat(3000), 1000, 10).await;
    let size = dir.path().join("sextant.db").metadata().unwrap().len();
    assert!(size > 8 << 20, "{size}");
    let refused = Store::open_in(dir.path()).await.unwrap_err();
    assert!(is_told(&refused), "{refused}");
    assert!(refused.to_string().contains("sextant.db"), "{refused}");
}

#[tokio::test]
async fn damage_that_is_met_later_is_reported_as_damage_and_never_answered_with_something_else() {
    let text = "damage ".repeat(150_000);
    let dir = smashed(80, &text, 40, 100_000).await;
    let size = dir.path().join("sextant.db").metadata().unwrap().len();
    assert!(size > 64 << 20, "{size}");
    let store = match Store::open_in(dir.path()).await {
        Ok(store) => store,
        Err(refused) => return assert!(is_told(&refused), "{refused}"),
    };
    let met = store.unclassified(400).await.map(|rows| rows.len());
    assert!(met.as_ref().is_err_and(is_told), "{met:?}");
    let mut told = 0;
    let listed = store.list(&Filter::default(), at(0)).await;
    for row in listed
        .inspect_err(|e| assert!(is_told(e), "{e}"))
        .unwrap_or_default()
    {
        match store.messages(&row.conversation.id).await {
            Ok(messages) => assert!(messages.iter().all(|m| m.text.expose() == text)),
            Err(error) => {
                assert!(is_told(&error), "{error}");
                told += 1;
            }
        }
    }
    assert!(told > 0);
}
