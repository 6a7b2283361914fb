//! What is at the path decides: what is not ours, newer or damaged is refused and left byte for byte.

use crate::desk::*;
use sextant::store::*;
use sqlx::{Connection, SqliteConnection};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Every file of a folder with its bytes.
fn snapshot(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                fs::read(entry.path()).unwrap(),
            )
        })
        .collect()
}

/// Opens the folder's database, which must fail and change nothing.
async fn refused(dir: &Path) -> StoreError {
    let before = snapshot(dir);
    let error = Store::open_in(dir).await.expect_err("it must be refused");
    assert!(snapshot(dir) == before, "{error}: the folder was changed");
    error
}

/// A folder with a good database of some conversations, closed.
async fn filled(conversations: usize) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let desk = Desk::open(format!(
        "sqlite:{}",
        dir.path().join("sextant.db").display()
    ))
    .await;
    for n in 0..conversations {
        desk.ingest(
            &format!("c{n}"),
            &[buyer(&format!("m{n}"), "where is my order", 1)],
        )
        .await;
    }
    desk.store.close().await;
    dir
}

async fn sql(dir: &Path, sql: &'static str) {
    let mut conn = SqliteConnection::connect(&format!(
        "sqlite:{}?mode=rwc",
        dir.join("sextant.db").display()
    ))
    .await
    .unwrap();
    sqlx::query(sql).execute(&mut conn).await.unwrap();
    conn.close().await.unwrap();
}

#[tokio::test]
async fn a_new_database_is_for_its_owner_alone_and_durable() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("a/b");
    let store = Store::open_in(&data).await.unwrap();
    assert_eq!(store.kind(), Kind::Sqlite);
    #[cfg(unix)]
    for (name, bits) in [
        ("", 0o700),
        ("sextant.db", 0o600),
        ("sextant.db-wal", 0o600),
    ] {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, bits, "{name}: {mode:o}");
    }
    store.close().await;
    Store::open_in(&data).await.unwrap().close().await;
    assert_eq!(snapshot(&data).len(), 1, "a closed database is one file");
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    for content in [
        b"hello".to_vec(),
        vec![0; 8192],
        b"SQLite format 3\0".to_vec(),
        vec![0xff; 100_000],
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("sextant.db"), content).unwrap();
        let error = refused(dir.path()).await;
        assert!(matches!(error, StoreError::NotADatabase { .. }), "{error}");
        assert!(error.to_string().contains("sextant.db"), "{error}");
    }
}

#[tokio::test]
async fn another_programs_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    sql(dir.path(), "CREATE TABLE bookmarks (url TEXT)").await;
    let error = refused(dir.path()).await;
    assert!(matches!(error, StoreError::NotADatabase { .. }), "{error}");
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'later', TRUE, X'00', 1)";
    let dir = filled(1).await;
    sql(dir.path(), newer).await;
    let error = refused(dir.path()).await;
    assert!(
        matches!(error, StoreError::TooNew { found: 9999, .. }),
        "{error}"
    );

    // The same where a crash left the newer program's last words in the write-ahead log.
    let (dir, crashed) = (filled(1).await, tempfile::tempdir().unwrap());
    let url = format!("sqlite:{}", dir.path().join("sextant.db").display());
    let mut conn = SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(newer).execute(&mut conn).await.unwrap();
    for (name, bytes) in snapshot(dir.path()) {
        fs::write(crashed.path().join(name), bytes).unwrap();
    }
    let before = snapshot(crashed.path());
    let error = Store::open_in(crashed.path())
        .await
        .expect_err("it must be refused");
    assert!(matches!(error, StoreError::TooNew { .. }), "{error}");
    let after = snapshot(crashed.path());
    for name in ["sextant.db", "sextant.db-wal"] {
        assert!(after[name] == before[name], "{name} was changed");
    }
}

#[tokio::test]
async fn a_damaged_database_is_refused() {
    let dir = filled(60).await;
    let path = dir.path().join("sextant.db");
    let whole = fs::read(&path).unwrap();
    for kept in [whole.len() / 2, whole.len() - 1, 4096, 200] {
        fs::write(&path, &whole[..kept]).unwrap();
        let error = refused(dir.path()).await;
        assert!(
            matches!(error, StoreError::Corrupt(_)),
            "{kept} bytes: {error}"
        );
    }
    // Past the schema page, every page is a table or an index of ours.
    for page in (1..whole.len() / 4096).step_by(7) {
        let mut smashed = whole.clone();
        smashed[page * 4096..(page + 1) * 4096].fill(0xa5);
        fs::write(&path, smashed).unwrap();
        let error = refused(dir.path()).await;
        assert!(
            matches!(error, StoreError::Corrupt(_)),
            "page {page}: {error}"
        );
    }
    fs::write(&path, &whole).unwrap();
    Store::open_in(dir.path()).await.unwrap();
}

#[tokio::test]
async fn two_programs_may_start_on_an_empty_folder_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let starts = (0..4).map(|_| {
        let dir = dir.path().to_owned();
        tokio::spawn(async move { Store::open_in(&dir).await.map(|_| ()) })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_database_that_cannot_be_reached_says_so_without_the_password() {
    for url in [
        "postgres://desk:hunter2@127.0.0.1:1/desk",
        "postgres://desk@127.0.0.1:1/desk?password=hunter2",
        "mysql://desk:hunter2@host/desk",
        "hunter2",
        "postgres://desk:hunter2@[bad/desk",
    ] {
        let error = Store::open(url).await.expect_err("nothing is there");
        let (shown, debugged) = (error.to_string(), format!("{error:?}"));
        assert!(matches!(error, StoreError::Connect { .. }), "{error}");
        assert!(
            !shown.contains("hunter2") && !debugged.contains("hunter2"),
            "{shown}"
        );
    }
}

/// Root may write anywhere, so as root this runs again as nobody.
#[cfg(unix)]
#[tokio::test]
async fn a_folder_that_may_only_be_read_is_reported_as_such() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    const FOLDER: &str = "SEXTANT_STORE_READ_ONLY";
    if let Ok(dir) = std::env::var(FOLDER) {
        for name in ["full", "empty"] {
            let error = Store::open_in(&Path::new(&dir).join(name))
                .await
                .expect_err("it cannot be written");
            assert!(
                matches!(error, StoreError::ReadOnly(_)),
                "{name}: {error:?}"
            );
        }
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let database = filled(1).await;
    fs::create_dir(dir.path().join("full")).unwrap();
    fs::create_dir(dir.path().join("empty")).unwrap();
    fs::copy(
        database.path().join("sextant.db"),
        dir.path().join("full/sextant.db"),
    )
    .unwrap();
    let program = dir.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    for (name, mode) in [
        ("full/sextant.db", 0o444),
        ("full", 0o555),
        ("empty", 0o555),
        ("", 0o755),
        ("test", 0o755),
    ] {
        fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let before = snapshot(&dir.path().join("full"));
    let mut child = std::process::Command::new(&program);
    child
        .args([
            "files::a_folder_that_may_only_be_read_is_reported_as_such",
            "--exact",
        ])
        .env(FOLDER, dir.path());
    if fs::write(dir.path().join("empty/probe"), "").is_ok() {
        fs::remove_file(dir.path().join("empty/probe")).unwrap();
        child.uid(65_534).gid(65_534);
    }
    let output = child.current_dir("/").output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    assert!(snapshot(&dir.path().join("full")) == before);
    for name in ["full", "empty"] {
        fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
}
