//! Opening a database: create, check, copy, migrate.
//!
//! A file that is not ours, damaged or newer is refused before anything that writes has opened it: the check reads it
//! as immutable, which makes SQLite leave no `-wal` or `-shm` beside it.

use super::{Pool, Store, StoreError};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("src/store/migrations");

/// How long a writer waits for another process's lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a server may take to answer before it counts as not there.
const REACH_TIMEOUT: Duration = Duration::from_secs(10);
/// Readers beside the one writer; PostgreSQL allows 100 to all its clients.
const CONNECTIONS: u32 = 4;
/// Up to this size, in bytes, a file's pages are all checked at every start; beyond, only what is read.
const CHECKED_IN_FULL: u64 = 64 << 20;
/// What every SQLite file starts with: <https://sqlite.org/fileformat2.html>.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

impl Store {
    /// Opens `sqlite:PATH` or `postgres://…`, creating and migrating what is needed.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, &MIGRATIONS).await
    }

    /// Opens `sextant.db` in a folder, creating both, for the user alone.
    pub async fn open_in(dir: &Path) -> Result<Self, StoreError> {
        let path = dir.join("sextant.db");
        create_dir(dir).map_err(|e| io_error(&path, &e))?;
        open_sqlite(&path, &MIGRATIONS).await
    }

    pub(super) async fn open_with(url: &str, migrations: &Migrator) -> Result<Self, StoreError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return open_sqlite(Path::new(path), migrations).await;
        }
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return open_postgres(url, migrations).await;
        }
        let why = "it must begin with sqlite: or postgres:".to_owned();
        Err(StoreError::Connect {
            url: without_secrets(url),
            why,
        })
    }
}

async fn open_sqlite(path: &Path, migrations: &Migrator) -> Result<Store, StoreError> {
    // Absolute, so that SQLite reads neither `:memory:` nor `file:` into it.
    let path = std::path::absolute(path).map_err(|e| io_error(path, &e))?;
    create_private(&path).map_err(|e| io_error(&path, &e))?;
    check(&path, migrations).await?;
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // A page that was not checked at the start is looked at closely when it is read.
        .pragma("cell_size_check", "ON")
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    let mut first = connect(&options).await.map_err(|e| at_open(&path, e))?;
    migrate_sqlite(&mut first, &path, migrations).await?;
    let pool = SqlitePoolOptions::new()
        .max_connections(CONNECTIONS + 1)
        .connect_with(options)
        .await
        .map_err(|e| at_open(&path, e))?;
    first.close().await?;
    Ok(Store {
        pool: Pool::Sqlite {
            pool,
            turn: Arc::default(),
        },
    })
}

/// Switching a new file to WAL does not wait for another process that does the same, so it is tried again.
async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let mut attempts = 0;
    loop {
        match SqliteConnection::connect_with(options)
            .await
            .map_err(StoreError::from)
        {
            Ok(conn) => return Ok(conn),
            Err(StoreError::Busy(_)) if attempts < 50 => attempts += 1,
            Err(_) => return SqliteConnection::connect_with(options).await,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Everything pending in one transaction, which also makes two processes take turns.
async fn migrate_sqlite(
    conn: &mut SqliteConnection,
    path: &Path,
    all: &Migrator,
) -> Result<(), StoreError> {
    let applied = newest_applied(conn).await?;
    let pending = all
        .iter()
        .map(|m| m.version)
        .find(|version| *version > applied);
    if let (1.., Some(version)) = (applied, pending) {
        copy_beside(conn, path, version).await?;
    }
    if pending.is_none() {
        return Ok(());
    }
    let mut transaction = conn.begin_with("BEGIN IMMEDIATE").await?;
    all.run_direct(None, &mut *transaction, false)
        .await
        .map_err(|e| migrate_error(&shown(path), all, e))?;
    transaction.commit().await?;
    Ok(())
}

/// The copy holds what the write-ahead log holds too, and appears under its name only when it is whole.
async fn copy_beside(
    conn: &mut SqliteConnection,
    path: &Path,
    version: i64,
) -> Result<(), StoreError> {
    let copy = beside(path, &format!(".before-{version:04}"));
    let part = beside(&copy, ".part");
    let _ = std::fs::remove_file(&part);
    create_private(&part).map_err(|e| io_error(&part, &e))?;
    sqlx::query("VACUUM INTO $1")
        .bind(part.to_string_lossy().as_ref())
        .execute(conn)
        .await?;
    std::fs::rename(&part, &copy).map_err(|e| io_error(&copy, &e))
}

async fn open_postgres(url: &str, migrations: &Migrator) -> Result<Store, StoreError> {
    let refused = |e: &dyn std::fmt::Display| StoreError::Connect {
        url: without_secrets(url),
        why: e.to_string(),
    };
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| refused(&"it is no valid PostgreSQL URL"))?
        .application_name("sextant")
        .disable_statement_logging();
    // Not through the pool, which would go on trying where nobody listens.
    let mut first = tokio::time::timeout(REACH_TIMEOUT, PgConnection::connect_with(&options))
        .await
        .map_err(|_| refused(&"no answer"))?
        .map_err(|e| refused(&e))?;
    migrations
        .run_direct(None, &mut first, false)
        .await
        .map_err(|e| migrate_error(&without_secrets(url), migrations, e))?;
    first.close().await?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS + 1)
        .acquire_timeout(REACH_TIMEOUT)
        .connect_lazy_with(options);
    Ok(Store {
        pool: Pool::Postgres(pool),
    })
}

/// Refuses a file that must not be touched, without touching it.
async fn check(path: &Path, migrations: &Migrator) -> Result<(), StoreError> {
    let size = check_header(path)?;
    if size == 0 || leftover(path, "-journal") {
        // Empty: ours to fill. A rollback journal: another process creates the file at this moment.
        return Ok(());
    }
    // What a crash left in the write-ahead log counts too; then the file is read with its log, but still only read.
    let immutable = !leftover(path, "-wal");
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .immutable(immutable)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    let mut conn = SqliteConnection::connect_with(&options)
        .await
        .map_err(|e| at_open(path, e))?;
    let verdict = check_content(&mut conn, path, size, migrations).await;
    let closed = conn.close().await;
    match verdict {
        Err(StoreError::Corrupt(why)) => {
            Err(StoreError::Corrupt(format!("{}: {why}", shown(path))))
        }
        verdict => verdict.and(closed.map_err(StoreError::from)),
    }
}

/// The file's size; an error where it does not start like a SQLite file or is shorter than it says.
fn check_header(path: &Path) -> Result<u64, StoreError> {
    use std::io::Read;
    let mut file = std::fs::File::open(path).map_err(|e| io_error(path, &e))?;
    let size = file.metadata().map_err(|e| io_error(path, &e))?.len();
    if size == 0 {
        return Ok(0);
    }
    let mut header = [0u8; 100];
    if file.read_exact(&mut header).is_err() || !header.starts_with(MAGIC) {
        return Err(not_ours(path, "it does not begin like a SQLite file"));
    }
    let page_size = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        size => size,
    };
    let number = |at: usize| {
        u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    // The page count holds only where the two change counters agree.
    let promised = if number(24) == number(92) {
        u64::from(number(28)) * page_size
    } else {
        0
    };
    if size < promised && !leftover(path, "-wal") {
        return Err(StoreError::Corrupt(format!(
            "{} is cut off: {size} bytes of {promised}",
            shown(path)
        )));
    }
    Ok(size)
}

async fn check_content(
    conn: &mut SqliteConnection,
    path: &Path,
    size: u64,
    migrations: &Migrator,
) -> Result<(), StoreError> {
    let tables: Vec<(String,)> =
        sqlx::query_as("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .fetch_all(&mut *conn)
            .await?;
    if !tables.is_empty() && !tables.iter().any(|(name,)| name == "_sqlx_migrations") {
        return Err(not_ours(path, "another program's tables are in it"));
    }
    let found = newest_applied(conn).await?;
    let known = newest(migrations);
    if found > known {
        return Err(StoreError::TooNew {
            name: shown(path),
            found,
            known,
        });
    }
    if size <= CHECKED_IN_FULL {
        let (verdict,): (String,) = sqlx::query_as("PRAGMA quick_check(1)")
            .fetch_one(conn)
            .await?;
        if verdict != "ok" {
            return Err(StoreError::Corrupt(verdict));
        }
    }
    Ok(())
}

/// The number of the newest migration in a SQLite file; 0 in a new one.
async fn newest_applied(conn: &mut SqliteConnection) -> Result<i64, StoreError> {
    let table: Option<(String,)> =
        sqlx::query_as("SELECT name FROM sqlite_schema WHERE name = '_sqlx_migrations'")
            .fetch_optional(&mut *conn)
            .await?;
    if table.is_none() {
        return Ok(0);
    }
    let (version,): (Option<i64>,) = sqlx::query_as("SELECT MAX(version) FROM _sqlx_migrations")
        .fetch_one(conn)
        .await?;
    Ok(version.unwrap_or(0))
}

fn newest(migrations: &Migrator) -> i64 {
    migrations.iter().map(|m| m.version).max().unwrap_or(0)
}

fn migrate_error(name: &str, migrations: &Migrator, error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(found) => StoreError::TooNew {
            name: name.to_owned(),
            found,
            known: newest(migrations),
        },
        MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _) => StoreError::from(e),
        other => StoreError::Migrate(other.to_string()),
    }
}

/// A failure to open a file, told apart from one in use.
fn at_open(path: &Path, error: sqlx::Error) -> StoreError {
    match StoreError::from(error) {
        StoreError::Sql(e) => StoreError::Connect {
            url: format!("sqlite:{}", shown(path)),
            why: e.to_string(),
        },
        StoreError::ReadOnly(why) => StoreError::ReadOnly(format!("{}: {why}", shown(path))),
        StoreError::Corrupt(why) => StoreError::Corrupt(format!("{}: {why}", shown(path))),
        other => other,
    }
}

fn io_error(path: &Path, error: &std::io::Error) -> StoreError {
    use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, StorageFull};
    let why = format!("{}: {error}", shown(path));
    match error.kind() {
        PermissionDenied | ReadOnlyFilesystem => StoreError::ReadOnly(why),
        StorageFull => StoreError::NoSpace(why),
        _ => StoreError::Connect {
            url: format!("sqlite:{}", shown(path)),
            why: error.to_string(),
        },
    }
}

fn not_ours(path: &Path, why: &str) -> StoreError {
    StoreError::NotADatabase {
        path: shown(path),
        why: why.to_owned(),
    }
}

/// A path is a stranger's text like any other.
fn shown(path: &Path) -> String {
    crate::text::sanitise(&path.to_string_lossy())
        .as_str()
        .to_owned()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

fn leftover(path: &Path, suffix: &str) -> bool {
    std::fs::metadata(beside(path, suffix)).is_ok_and(|m| m.len() > 0)
}

/// An empty file that only its owner may read. SQLite gives its logs the same permissions.
fn create_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map(|_| ()),
    }
}

fn create_dir(dir: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// A URL for messages: no password, and no query, which may hold one too.
fn without_secrets(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else {
        return url
            .split_once(':')
            .map_or("…", |(scheme, _)| scheme)
            .to_owned()
            + ":…";
    };
    let _ = parsed.set_password(None);
    parsed.set_query(None);
    parsed.set_fragment(None);
    crate::text::sanitise(parsed.as_str()).as_str().to_owned()
}
