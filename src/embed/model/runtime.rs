//! Where ONNX Runtime's library is: `ORT_DYLIB_PATH`, then the cache, then the system's library folders.
//!
//! May use: std. The one rule: its absence is an [`RuntimeError`] that says three ways out.

use super::cache::{Cache, FileRecord};
use super::pypi;
use serde::Serialize;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// The oldest ONNX Runtime that `ort` 2.0.0-rc.15 accepts, as the minor version of 1.x.
pub const OLDEST_MINOR: u32 = 24;

/// The library, and how it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Runtime {
    pub path: PathBuf,
    pub found: Found,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// `ORT_DYLIB_PATH` names it.
    Environment,
    Cache,
    System,
}

/// ONNX Runtime cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "ONNX Runtime, the library that runs the model, cannot be used: {why}. There are three ways to fix it: \
     (1) `sextant model install` fetches it with pip, on Linux on x86-64 (Hugging Face does not have it); \
     (2) set ORT_DYLIB_PATH to the library of ONNX Runtime 1.{OLDEST_MINOR} or newer; \
     (3) install ONNX Runtime 1.{OLDEST_MINOR} or newer with the system's package manager"
)]
pub struct RuntimeError {
    pub why: String,
}

impl RuntimeError {
    pub fn new(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}

/// The library if it is on this machine. A named one that does not exist is an error: a person meant that one.
pub fn find(cache: &Cache, named: Option<&Path>) -> Result<Option<Runtime>, RuntimeError> {
    if let Some(path) = named {
        if !path.is_file() {
            let path = path.display();
            return Err(RuntimeError::new(format!(
                "ORT_DYLIB_PATH names {path}, and no such file exists"
            )));
        }
        return Ok(Some(Runtime {
            path: path.to_owned(),
            found: Found::Environment,
        }));
    }
    let cached = cached(cache).map(|path| Runtime {
        path,
        found: Found::Cache,
    });
    Ok(cached.or_else(|| {
        system(&system_folders()).map(|path| Runtime {
            path,
            found: Found::System,
        })
    }))
}

/// The library that was installed into the cache.
fn cached(cache: &Cache) -> Option<PathBuf> {
    let wheel = pypi::runtime_wheel()?;
    let path = cache.runtime_folder(wheel.version).join(wheel.file);
    let size = path.metadata().ok()?.len();
    (size == wheel.member.size).then_some(path)
}

/// Whether the library in the cache has the pinned hash; `None` where there is none.
pub fn cached_holds(cache: &Cache) -> Option<bool> {
    let (wheel, path) = (pypi::runtime_wheel()?, cached(cache)?);
    let record = FileRecord::of(path.parent()?, wheel.file);
    Some(record.is_ok_and(|record| record.sha256 == wheel.member.sha256))
}

fn system_folders() -> Vec<PathBuf> {
    let usual = [
        "/usr/local/lib",
        "/usr/local/lib64",
        "/usr/lib",
        "/usr/lib64",
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/opt/homebrew/lib",
    ];
    let asked = std::env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    std::env::split_paths(&asked)
        .chain(usual.into_iter().map(PathBuf::from))
        .collect()
}

/// The newest library in the first folder that has one of a known and sufficient version.
///
/// The version is read from the file's name, behind its links: loading a library to ask for it runs its code.
fn system(folders: &[PathBuf]) -> Option<PathBuf> {
    folders.iter().find_map(|folder| {
        let entries = folder.read_dir().ok()?.flatten();
        let candidates = entries.filter_map(|entry| {
            minor_version(&entry.file_name())?;
            let path = entry.path().canonicalize().ok()?;
            let minor = minor_version(path.file_name()?)??;
            (minor >= OLDEST_MINOR).then_some((minor, path))
        });
        candidates.max().map(|(_, path)| path)
    })
}

/// `None`: not a name of the library. `Some(None)`: without a version.
fn minor_version(name: &OsStr) -> Option<Option<u32>> {
    let name = name.to_str()?;
    let rest = name.strip_prefix("libonnxruntime.")?;
    let version = match rest.strip_suffix("dylib") {
        Some(version) => version.strip_suffix('.').unwrap_or_default(),
        None => rest
            .strip_prefix("so")?
            .strip_prefix('.')
            .unwrap_or_default(),
    };
    Some(
        version
            .strip_prefix("1.")
            .and_then(|rest| rest.split('.').next()?.parse().ok()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minor(name: &str) -> Option<Option<u32>> {
        minor_version(OsStr::new(name))
    }

    #[test]
    fn the_version_is_read_from_the_name_of_the_library() {
        assert_eq!(minor("libonnxruntime.so.1.32.0"), Some(Some(32)));
        assert_eq!(minor("libonnxruntime.1.24.1.dylib"), Some(Some(24)));
        assert_eq!(minor("libonnxruntime.so"), Some(None));
        assert_eq!(minor("libonnxruntime.so.1"), Some(None));
        assert_eq!(minor("libonnxruntime_providers_shared.so"), None);
    }

    #[test]
    fn the_newest_sufficient_library_of_a_folder_is_taken_and_an_old_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let folders = [folder.path().join("missing"), folder.path().to_owned()];
        std::fs::write(folder.path().join("libonnxruntime.so.1.21.0"), "").unwrap();
        assert_eq!(system(&folders), None);
        for name in ["libonnxruntime.so.1.24.2", "libonnxruntime.so.1.30.0"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let found = system(&folders).unwrap();
        assert_eq!(found.file_name().unwrap(), "libonnxruntime.so.1.30.0");
    }

    #[test]
    fn a_named_library_that_does_not_exist_gives_three_ways_to_fix_it() {
        let cache = Cache::at("/nonexistent");
        let error = find(&cache, Some(Path::new("/nonexistent/lib.so")))
            .unwrap_err()
            .to_string();
        for way in [
            "/nonexistent/lib.so",
            "(1)",
            "model install",
            "with pip, on Linux on x86-64",
            "(2)",
            "ORT_DYLIB_PATH",
            "(3)",
        ] {
            assert!(error.contains(way), "{error}");
        }
    }
}
