//! Files that cannot be used are refused in a sentence and left as they are.

use crate::program::Home;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

/// What a person has to read: one sentence, no panic, nothing on stdout.
fn refused(home: &Home, words: &[&str]) {
    let said = home.run(&["list"]);
    assert!([1, 2].contains(&said.code), "{}: {}", said.code, said.err);
    assert!(said.out.is_empty(), "{}", said.out);
    assert!(said.err.starts_with("sextant: "), "{}", said.err);
    assert!(!said.err.contains("panicked"), "{}", said.err);
    for word in words {
        assert!(said.err.contains(word), "`{word}` is not in: {}", said.err);
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    for content in [
        &b"this is my diary, not a database\n".repeat(100)[..],
        &[b"SQLite format 3\0", &[0xff; 4096][..]].concat(),
        b"x",
    ] {
        let home = Home::new();
        std::fs::create_dir(home.data()).unwrap();
        let path = home.data().join("sextant.db");
        std::fs::write(&path, content).unwrap();
        refused(&home, &["sextant.db"]);
        assert_eq!(std::fs::read(&path).unwrap(), content);
        let doctor = home.run(&["doctor", "--json"]);
        assert_eq!(doctor.code, 1);
        assert_eq!(doctor.json()[0]["state"], "failed");
        assert_eq!(std::fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_as_it_is() {
    let home = Home::new();
    home.json(&["list", "--json"]);
    let path = home.data().join("sextant.db");
    let url = format!("sqlite:{}", path.display());
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (99999999999999, 'of the future', TRUE, x'00', 0)";
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
        sqlx::query(newer).execute(&pool).await.unwrap();
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
    });
    let before = std::fs::read(&path).unwrap();
    refused(&home, &["newer", "left as it is"]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

/// Root may write everywhere, so the program runs without that right where the test is root.
#[test]
fn a_folder_that_cannot_be_written_is_said_so() {
    let home = Home::new();
    let closed = home.data();
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o500)).unwrap();
    let probe = std::fs::write(closed.join("probe"), "");
    let said = if probe.is_err() {
        home.run(&["list"]).raw
    } else {
        std::fs::remove_file(closed.join("probe")).unwrap();
        let direct = home.command(&["list"]);
        let args = direct.get_args();
        let dropped = Command::new("setpriv")
            .args([
                "--bounding-set=-dac_override,-dac_read_search",
                "--inh-caps=-all",
            ])
            .arg(direct.get_program())
            .args(args)
            .output();
        let Ok(said) = dropped else {
            eprintln!("not run: this is root, and there is no setpriv");
            return;
        };
        said
    };
    let err = String::from_utf8(said.stderr).unwrap();
    assert!(matches!(said.status.code(), Some(1 | 2)), "{err}");
    assert!(
        err.starts_with("sextant: ") && !err.contains("panicked"),
        "{err}"
    );
    assert!(err.contains("data"), "{err}");
    assert_eq!(std::fs::read_dir(&closed).unwrap().count(), 0);
}
