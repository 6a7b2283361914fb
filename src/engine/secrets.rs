//! Secrets at rest: one file an authorisation, readable by its owner only, written so that a crash leaves the old or the new.
//!
//! They are never in the database, so a copy of it gives nothing away. The one rule: a new token is on the disk before the old one
//! is forgotten.

use anyhow::Context;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells the temporary files of this process apart.
static WRITES: AtomicU64 = AtomicU64::new(0);

#[derive(Clone, Debug)]
pub struct Secrets {
    folder: PathBuf,
}

impl Secrets {
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The JSON that was saved under `name`.
    pub fn load(&self, name: &str) -> anyhow::Result<String> {
        let path = self.path(name);
        std::fs::read_to_string(&path).with_context(|| {
            format!(
                "the secrets of this account are not here ({}); add the account again",
                path.display()
            )
        })
    }

    /// Every name that has a file.
    pub fn names(&self) -> anyhow::Result<Vec<String>> {
        if !self.folder.exists() {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "json") {
                names.extend(path.file_stem().and_then(|s| s.to_str()).map(str::to_owned));
            }
        }
        names.sort();
        Ok(names)
    }

    /// Writes through a temporary file: 0600 from the first byte, on the disk before it gets its name.
    pub fn save(&self, name: &str, json: &str) -> anyhow::Result<()> {
        crate::config::private_folder(&self.folder)
            .context("the folder for secrets cannot be made")?;
        let path = self.path(name);
        // Nobody else writes to it: not another process, not another task.
        let number = WRITES.fetch_add(1, Ordering::Relaxed);
        let temporary = self
            .folder
            .join(format!("{name}.{}-{number}.new", std::process::id()));
        let write = |path: &Path| -> std::io::Result<()> {
            let _ = std::fs::remove_file(path);
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut file = options.open(path)?;
            file.write_all(json.as_bytes())?;
            file.sync_all()
        };
        write(&temporary)
            .and_then(|()| std::fs::rename(&temporary, &path))
            .inspect_err(|_| {
                let _ = std::fs::remove_file(&temporary);
            })
            .context("the secrets cannot be written")
    }

    /// Waits for the only lock on `name` that there is among all processes; dropping it gives it back. Blocks.
    pub fn lock(&self, name: &str) -> std::io::Result<std::fs::File> {
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(self.folder.join(format!("{name}.lock")))?;
        file.lock()?;
        Ok(file)
    }

    pub fn remove(&self, name: &str) -> anyhow::Result<()> {
        std::fs::remove_file(self.path(name)).context("the secrets cannot be removed")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn secrets_are_readable_by_their_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(dir.path().join("secrets"));
        secrets.save("a", "{}").unwrap();
        secrets.save("a", "{\"x\":1}").unwrap();
        assert_eq!(secrets.load("a").unwrap(), "{\"x\":1}");
        let mode = |p: PathBuf| std::fs::metadata(p).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(dir.path().join("secrets")), 0o700);
        assert_eq!(mode(dir.path().join("secrets/a.json")), 0o600);
        assert_eq!(secrets.names().unwrap(), ["a"]);
    }

    #[test]
    fn a_lock_is_held_by_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(dir.path().to_owned());
        let held = secrets.lock("a").unwrap();
        let other = std::fs::File::open(dir.path().join("a.lock")).unwrap();
        assert!(other.try_lock().is_err());
        drop(held);
        other.try_lock().unwrap();
        assert!(secrets.names().unwrap().is_empty());
    }
}
