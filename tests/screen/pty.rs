//! The real program in a real pseudo-terminal, read by an independent terminal parser.

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// As long as a slow machine may take for what a fast one does at once.
const PATIENCE: Duration = Duration::from_secs(90);

/// A program in a terminal of its own, and everything that it wrote.
pub struct Pty {
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    input: Box<dyn Write + Send>,
    seen: Arc<Mutex<Seen>>,
    /// The program's folders go with it.
    pub home: TempDir,
}

struct Seen {
    parser: vt100::Parser,
    raw: Vec<u8>,
}

/// How to start the program.
pub struct Start<'a> {
    pub args: &'a [&'a str],
    pub size: (u16, u16),
    pub env: &'a [(&'a str, &'a str)],
    pub config: &'a str,
}

impl Default for Start<'_> {
    fn default() -> Self {
        Self {
            args: &[],
            size: (80, 24),
            env: &[],
            config: "[screen]\ntheme = \"dark\"\nlang = \"en\"\n",
        }
    }
}

/// Without a model nothing is sorted anew while a test types.
const NO_MODEL: &str =
    "[screen]\ntheme = \"dark\"\nlang = \"en\"\n[model]\nfolder = \"/nonexistent\"\n";

pub fn unsorted() -> Start<'static> {
    Start {
        config: NO_MODEL,
        ..Start::default()
    }
}

pub fn home() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// A home with the same database.
pub fn copy(from: &Path) -> TempDir {
    let to = home();
    let data = to.path().join("data");
    std::fs::create_dir(&data).unwrap();
    for entry in std::fs::read_dir(from.join("data")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, data.join(path.file_name().unwrap())).unwrap();
        }
    }
    to
}

/// A command of the program on the folders of `home`.
fn command(home: &Path, args: &[&str]) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_sextant"));
    command.args(args);
    folders(home, |name, path| command.env(name, path));
    command
}

fn folders(home: &Path, mut set: impl FnMut(&str, std::path::PathBuf)) {
    set("SEXTANT_DATA_DIR", home.join("data"));
    set("SEXTANT_CONFIG", home.join("config.toml"));
}

/// Runs a command without a terminal on the same folders, before the screen opens or beside it.
pub fn run(home: &Path, args: &[&str]) -> std::process::Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sextant"));
    command.args(args).env_remove("DATABASE_URL");
    folders(home, |name, path| {
        command.env(name, path);
    });
    if !home.join("config.toml").exists() {
        std::fs::write(home.join("config.toml"), "").unwrap();
    }
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

impl Pty {
    /// Starts the program on a fresh home.
    pub fn start(start: &Start) -> Self {
        Self::start_in(home(), start)
    }

    pub fn start_in(home: TempDir, start: &Start) -> Self {
        std::fs::write(home.path().join("config.toml"), start.config).unwrap();
        let command = command(home.path(), start.args);
        Self::spawn(home, command, start)
    }

    /// Starts any command.
    pub fn spawn(home: TempDir, mut command: CommandBuilder, start: &Start) -> Self {
        let (cols, rows) = start.size;
        let pair = native_pty_system()
            .openpty(size(cols, rows))
            .expect("a pseudo-terminal");
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        for name in [
            "DATABASE_URL",
            "NO_COLOR",
            "EDITOR",
            "VISUAL",
            "SEXTANT_LOG",
        ] {
            command.env_remove(name);
        }
        for (name, value) in start.env {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).expect("the program");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let input = pair.master.take_writer().unwrap();
        let seen = Arc::new(Mutex::new(Seen {
            parser: vt100::Parser::new(some(rows), some(cols), 0),
            raw: Vec::new(),
        }));
        let shared = seen.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                let mut seen = shared.lock().unwrap();
                seen.raw.extend_from_slice(&buffer[..n]);
                seen.parser.process(&buffer[..n]);
            }
        });
        Self {
            master: pair.master,
            child,
            input,
            seen,
            home,
        }
    }

    /// Types keys or bytes.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // A program that has ended does not read; the test will see that it has.
        let _ = self.input.write_all(bytes.as_ref());
        let _ = self.input.flush();
    }

    pub fn text(&self) -> String {
        self.seen.lock().unwrap().parser.screen().contents()
    }

    pub fn raw(&self) -> Vec<u8> {
        self.seen.lock().unwrap().raw.clone()
    }

    /// How many bytes were written so far.
    #[allow(dead_code, reason = "the benchmark's")]
    pub fn written(&self) -> usize {
        self.seen.lock().unwrap().raw.len()
    }

    /// Looks at the screen as the terminal holds it.
    pub fn screen<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen.lock().unwrap().parser.screen())
    }

    /// Waits until the screen shows this.
    #[track_caller]
    pub fn wait_for(&self, part: &str) {
        self.wait(part, |text| text.contains(part));
    }

    #[track_caller]
    pub fn wait(&self, what: &str, found: impl Fn(&str) -> bool) {
        let began = Instant::now();
        while !found(&self.text()) {
            assert!(
                began.elapsed() < PATIENCE,
                "`{what}` was waited for; the screen:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn resize(&self, cols: u16, rows: u16) {
        self.master.resize(size(cols, rows)).unwrap();
        self.seen
            .lock()
            .unwrap()
            .parser
            .screen_mut()
            .set_size(some(rows), some(cols));
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let id = self.child.process_id().expect("it runs");
        let sent = Command::new("sh")
            .args(["-c", &format!("kill -{name} {id}")])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the end and returns how it ended.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // What was written last is still on its way through the terminal.
                std::thread::sleep(Duration::from_millis(200));
                return status;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "it does not end; the screen:\n{}",
                self.text()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The terminal is as it was: no alternate screen, no modes, the cursor visible.
    #[track_caller]
    pub fn is_clean(&self) {
        let raw = String::from_utf8_lossy(&self.raw()).into_owned();
        self.screen(|screen| {
            assert!(
                !screen.alternate_screen(),
                "the alternate screen is still on"
            );
            assert!(!screen.hide_cursor(), "the cursor is hidden");
            assert!(!screen.bracketed_paste(), "bracketed paste is still on");
            assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        });
        for (on, off) in [
            ("\u{1b}[?1004h", "\u{1b}[?1004l"),
            ("\u{1b}[?2026h", "\u{1b}[?2026l"),
        ] {
            let (times, back) = (raw.matches(on).count(), raw.matches(off).count());
            assert!(times <= back, "{on:?} was not taken back");
        }
    }

    /// The row of the list that is selected: the first line that is reversed nearly as a whole.
    pub fn selected_line(&self) -> Option<String> {
        self.screen(|screen| {
            let (rows, cols) = screen.size();
            let (rows, cols) = (rows.get(), cols.get());
            let reversed = |row: u16| {
                (0..cols)
                    .filter(|col| screen.cell(row, *col).is_some_and(vt100::Cell::inverse))
                    .count()
            };
            let row = (0..rows).find(|row| reversed(*row) > usize::from(cols) / 2)?;
            screen.rows(0, cols).nth(usize::from(row))
        })
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn some(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a window has a cell")
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}
