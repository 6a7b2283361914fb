//! The folder that holds models and the runtime library.
//!
//! ```text
//! <cache>/lock                        held while something is installed
//! <cache>/staging/                    what is being installed; whoever holds the lock may delete it
//! <cache>/model/<model id>/           complete from the moment it exists: it is renamed into place
//! <cache>/runtime/<version>/          likewise
//! ```
//!
//! May use: std, `directories`. The one rule: only a complete folder gets its final name.

use super::progress::Progress;
use crate::embed::ModelId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// What every model folder holds, in the order in which it is listed; fastembed reads them all.
pub const MODEL_FILES: [&str; 5] = [
    "model.onnx",
    "tokenizer.json",
    "config.json",
    "special_tokens_map.json",
    "tokenizer_config.json",
];

const MANIFEST: &str = "manifest.json";

/// How often it is looked whether another process has finished.
const LOOK: std::time::Duration = std::time::Duration::from_millis(150);

/// The cache folder could not be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {}: {}; choose another cache folder with SEXTANT_MODEL_CACHE or make room there",
    path.display(), reason(source))]
pub struct CacheError {
    pub action: &'static str,
    pub path: PathBuf,
    pub source: io::Error,
}

/// The usual reasons in words, the rest as the system says it.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the disk is read-only".to_owned(),
        io::ErrorKind::PermissionDenied => "this user may not write there".to_owned(),
        _ => error.to_string(),
    }
}

/// Attaches what was done to which path.
pub fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CacheError {
    let path = path.to_owned();
    move |source| CacheError {
        action,
        path,
        source,
    }
}

/// What a model folder contains and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub model: String,
    /// Where the files came from, for people.
    pub source: String,
    pub installed_at: Timestamp,
    pub files: Vec<FileRecord>,
}

/// One file of a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    pub name: String,
    /// In bytes.
    pub size: u64,
    pub sha256: String,
}

impl FileRecord {
    /// Reads the file and computes its hash.
    pub fn of(folder: &Path, name: &str) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let size = copy_into(&mut File::open(folder.join(name))?, |bytes| {
            hash.update(bytes);
        })?;
        Ok(Self {
            name: name.to_owned(),
            size,
            sha256: hex::encode(hash.finalize()),
        })
    }
}

fn copy_into(reader: &mut impl Read, mut take: impl FnMut(&[u8])) -> io::Result<u64> {
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    loop {
        let read = reader.read(&mut buffer)?;
        if read == 0 {
            return Ok(total);
        }
        take(&buffer[..read]);
        total += read as u64;
    }
}

/// A cache folder; it need not exist yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The user's own cache folder for this program; `None` where the system knows no home folder.
    pub fn usual() -> Option<Self> {
        directories::ProjectDirs::from("", "", "sextant").map(|dirs| Self::at(dirs.cache_dir()))
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn model_folder(&self, model: &ModelId) -> PathBuf {
        model
            .0
            .split('/')
            .fold(self.root.join("model"), |path, part| path.join(part))
    }

    pub fn runtime_folder(&self, version: &str) -> PathBuf {
        self.root.join("runtime").join(version)
    }

    /// The manifest of a model whose files are all there with the right lengths.
    pub fn complete(&self, model: &ModelId) -> Option<Manifest> {
        let folder = self.model_folder(model);
        let manifest: Manifest =
            serde_json::from_slice(&fs::read(folder.join(MANIFEST)).ok()?).ok()?;
        let there = |name: &str| {
            let record = manifest.files.iter().find(|file| file.name == name);
            let size = fs::metadata(folder.join(name))
                .map(|found| found.len())
                .ok();
            record.is_some() && record.map(|record| record.size) == size
        };
        (manifest.model == model.0 && MODEL_FILES.into_iter().all(there)).then_some(manifest)
    }

    /// The ids of all complete models, sorted.
    pub fn models(&self) -> Vec<ModelId> {
        let folders = |path: PathBuf| fs::read_dir(path).into_iter().flatten().flatten();
        let mut models: Vec<_> = folders(self.root.join("model"))
            .flat_map(|family| {
                folders(family.path()).map(move |entry| (family.file_name(), entry.file_name()))
            })
            .map(|(family, name)| {
                ModelId(format!(
                    "{}/{}",
                    family.to_string_lossy(),
                    name.to_string_lossy()
                ))
            })
            .filter(|model| self.complete(model).is_some())
            .collect();
        models.sort();
        models
    }

    /// Waits until no other process installs into this cache, and says so if it has to wait. `None` where nobody wants to
    /// wait so long.
    pub fn lock(&self, progress: &dyn Progress) -> Result<Option<Locked<'_>>, CacheError> {
        fs::create_dir_all(&self.root).map_err(failed("create", &self.root))?;
        let path = self.root.join("lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = file.map_err(failed("open", &path))?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if progress.cancelled() => return Ok(None),
                Err(TryLockError::WouldBlock) => {
                    if !told {
                        told = true;
                        progress.note(
                            "Another sextant is installing the model; waiting until it is done.",
                        );
                    }
                    std::thread::sleep(LOOK);
                }
                Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
            }
        }
        let locked = Locked {
            cache: self,
            _file: file,
        };
        locked.clear_staging()?;
        Ok(Some(locked))
    }
}

/// The right to install into a cache, until it is dropped.
pub struct Locked<'a> {
    cache: &'a Cache,
    _file: File,
}

impl Locked<'_> {
    fn clear_staging(&self) -> Result<(), CacheError> {
        let path = self.cache.root.join("staging");
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(failed("delete", &path)(error))
            }
            _ => Ok(()),
        }
    }

    /// An empty folder inside the cache, so that the last step is a rename.
    pub fn staging(&self) -> Result<Staging<'_>, CacheError> {
        self.clear_staging()?;
        let path = self.cache.root.join("staging");
        for folder in [path.clone(), path.join("result"), path.join("work")] {
            fs::create_dir(&folder).map_err(failed("create", &folder))?;
        }
        Ok(Staging { locked: self, path })
    }
}

/// Deleted when dropped, with everything that was not moved out.
pub struct Staging<'a> {
    locked: &'a Locked<'a>,
    path: PathBuf,
}

impl Staging<'_> {
    /// The folder that will get its final name.
    pub fn result(&self) -> PathBuf {
        self.path.join("result")
    }

    /// A folder for what is needed on the way.
    pub fn work(&self) -> PathBuf {
        self.path.join("work")
    }

    /// Writes a file of the result.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), CacheError> {
        let path = self.result().join(name);
        fs::write(&path, bytes).map_err(failed("write", &path))
    }

    /// Makes the result the folder of `model`.
    pub fn commit_model(self, model: &ModelId, source: String) -> Result<(), CacheError> {
        let result = self.result();
        let record = |name| FileRecord::of(&result, name).map_err(failed("read", &result));
        let files = MODEL_FILES
            .into_iter()
            .map(record)
            .collect::<Result<_, _>>()?;
        let manifest = Manifest {
            model: model.0.clone(),
            source,
            installed_at: Timestamp::now(),
            files,
        };
        let text = serde_json::to_vec_pretty(&manifest)
            .map_err(|error| failed("write", &result)(error.into()))?;
        self.write(MANIFEST, &text)?;
        let target = self.locked.cache.model_folder(model);
        self.commit(&target)
    }

    /// Makes the result the folder of a version of the runtime library.
    pub fn commit_runtime(self, version: &str) -> Result<(), CacheError> {
        let target = self.locked.cache.runtime_folder(version);
        self.commit(&target)
    }

    /// Flushes every file to the disk, then renames: a power cut leaves the whole folder or none.
    fn commit(self, target: &Path) -> Result<(), CacheError> {
        let result = self.result();
        for entry in fs::read_dir(&result)
            .map_err(failed("read", &result))?
            .flatten()
        {
            sync(&entry.path())?;
        }
        sync(&result)?;
        let parent = target.parent().unwrap_or(target);
        fs::create_dir_all(parent).map_err(failed("create", parent))?;
        if target.exists() {
            // What has this name and is not complete lost a file to someone else.
            fs::remove_dir_all(target).map_err(failed("replace", target))?;
        }
        fs::rename(&result, target).map_err(failed("write", target))?;
        sync(parent)
    }
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        // Whoever locks next tries again.
        let _ = self.locked.clear_staging();
    }
}

#[cfg(unix)]
fn sync(path: &Path) -> Result<(), CacheError> {
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(failed("write", path))
}

/// Windows neither opens folders as files nor flushes what is open for reading.
#[cfg(not(unix))]
fn sync(path: &Path) -> Result<(), CacheError> {
    if path.is_dir() {
        return Ok(());
    }
    File::options()
        .write(true)
        .open(path)
        .and_then(|file| file.sync_all())
        .map_err(failed("write", path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_read_only_one_are_said_in_words_with_a_way_out() {
        for (kind, words) in [
            (io::ErrorKind::StorageFull, "the disk is full"),
            (io::ErrorKind::ReadOnlyFilesystem, "the disk is read-only"),
            (
                io::ErrorKind::PermissionDenied,
                "this user may not write there",
            ),
        ] {
            let error = failed("write", Path::new("/cache/model.onnx"))(kind.into()).to_string();
            assert_eq!(
                error,
                format!(
                    "cannot write /cache/model.onnx: {words}; choose another cache folder with \
                     SEXTANT_MODEL_CACHE or make room there"
                )
            );
        }
    }
}
