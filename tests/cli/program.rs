//! Running the program on a folder of its own.

use serde_json::Value;
use sextant::sandbox::{self, Options, Pace, Running};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;
use tempfile::TempDir;

/// Fetches the model and embeds the built-in examples, once and not in five programs at a time.
static MODEL: LazyLock<()> = LazyLock::new(|| {
    let home = Home::new();
    let said = home.run_with(&["classify", "--json"], b"where is my parcel");
    assert_eq!(said.code, 0, "{}", said.err);
});

/// A data folder and an empty configuration.
pub struct Home {
    pub dir: TempDir,
}

/// What a run of the program left.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
    pub raw: Output,
}

impl Home {
    pub fn new() -> Self {
        // In memory where the system has such a place: dozens of programs that sync are as slow as the disk.
        let dir = tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap());
        std::fs::write(dir.path().join("config.toml"), "").unwrap();
        Self { dir }
    }

    /// One for commands that need the model.
    pub fn with_model() -> Self {
        LazyLock::force(&MODEL);
        Self::new()
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sextant"));
        command
            .args(args)
            .arg("--data-dir")
            .arg(self.data())
            .arg("--config")
            .arg(self.dir.path().join("config.toml"))
            .env_remove("DATABASE_URL")
            .env_remove("SEXTANT_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, args: &[&str]) -> Said {
        self.run_with(args, b"")
    }

    /// Runs with this on standard input.
    pub fn run_with(&self, args: &[&str], input: &[u8]) -> Said {
        let mut child = self.command(args).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        let writer = std::thread::spawn(move || {
            // A program that does not read its input is no failure of the test.
            let _ = stdin.write_all(&input);
        });
        let raw = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Said {
            code: raw.status.code().expect("ended by a signal"),
            out: String::from_utf8(raw.stdout.clone()).expect("stdout is UTF-8"),
            err: String::from_utf8(raw.stderr.clone()).expect("stderr is UTF-8"),
            raw,
        }
    }

    /// Runs what must go well, and reads the JSON documents it printed, one a line.
    pub fn json(&self, args: &[&str]) -> Vec<Value> {
        let said = self.run(args);
        assert_eq!(said.code, 0, "{args:?}: {}", said.err);
        said.json()
    }

    pub fn one(&self, args: &[&str]) -> Value {
        let mut all = self.json(args);
        assert_eq!(all.len(), 1, "{args:?}");
        all.remove(0)
    }

    /// Connects a sandbox as its seller would over SSH: credentials on standard input, the consent page in a browser
    /// elsewhere, its last address pasted.
    pub fn connect(&self, base_url: &str, credentials: &str) -> Said {
        let mut child = self
            .command(&["account", "add", "tiktok_shop", "--base-url", base_url])
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{credentials}").unwrap();
        let mut err = std::io::BufReader::new(child.stderr.take().unwrap());
        let mut told = String::new();
        let page = loop {
            let mut line = String::new();
            let read = std::io::BufRead::read_line(&mut err, &mut line).unwrap();
            assert!(read > 0, "no consent page was shown: {told}");
            told.push_str(&line);
            if line.starts_with("http") {
                break line.trim().to_owned();
            }
        };
        writeln!(stdin, "{}", browse(&page)).unwrap();
        drop(stdin);
        std::io::Read::read_to_string(&mut err, &mut told).unwrap();
        let raw = child.wait_with_output().unwrap();
        Said {
            code: raw.status.code().unwrap(),
            out: String::from_utf8(raw.stdout.clone()).unwrap(),
            err: told,
            raw,
        }
    }
}

impl Said {
    pub fn json(&self) -> Vec<Value> {
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: no JSON: {line}"))
        };
        self.out.lines().map(parse).collect()
    }
}

/// Where a consent page sends the browser.
pub fn browse(page: &str) -> String {
    runtime()
        .block_on(sextant::http::redirect_of(page))
        .unwrap()
}

fn runtime() -> &'static tokio::runtime::Runtime {
    static RUNTIME: LazyLock<tokio::runtime::Runtime> =
        LazyLock::new(|| tokio::runtime::Runtime::new().unwrap());
    &RUNTIME
}

/// A sandbox inside the test, which can be asked what it took; it is met over HTTP all the same.
pub fn sandbox() -> Running {
    let options = Options {
        seed: 4,
        pace: Pace::Human,
        ..Options::default()
    };
    runtime().block_on(sandbox::start(options)).unwrap()
}

/// What `sextant sandbox` prints, as far as `account add` takes it.
pub fn credentials(day: &Running) -> String {
    let given = day.credentials();
    serde_json::json!({
        "app_key": given.app_key, "app_secret": given.app_secret, "service_id": given.service_id,
    })
    .to_string()
}

/// Every file below a folder.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

/// The fields of an object, sorted.
pub fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

/// Fails where an object lacks one of these fields.
pub fn has(value: &Value, fields: &[&str]) {
    let lacks: Vec<_> = fields.iter().filter(|f| value.get(**f).is_none()).collect();
    assert!(lacks.is_empty(), "{lacks:?} missing in {:?}", keys(value));
}
