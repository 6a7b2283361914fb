//! The model from a folder that the user names.
//!
//! May use: `cache`. The one rule: it is copied, so what happens to the folder later changes no vector.

use super::SourceError;
use super::cache::{Cache, FileRecord, MODEL_FILES, Manifest, Staging, failed};
use super::progress::Progress;
use super::pypi::CONFIG;
use crate::embed::ModelId;
use std::fs;
use std::path::Path;

/// What the ids of models from folders begin with.
const PREFIX: &str = "multilingual-e5-small/folder-";

/// The files that a folder must have.
const NEEDED: [&str; 2] = ["model.onnx", "tokenizer.json"];

/// The installed copy of `folder`, if its files have not changed since.
pub fn installed(cache: &Cache, folder: &Path) -> Option<(ModelId, Manifest)> {
    let source = folder.display().to_string();
    let models = cache
        .models()
        .into_iter()
        .filter(|model| model.0.starts_with(PREFIX));
    let mut known =
        models.filter_map(|model| cache.complete(&model).map(|manifest| (model, manifest)));
    known.find(|(_, manifest)| manifest.source == source && unchanged(folder, manifest))
}

fn unchanged(folder: &Path, manifest: &Manifest) -> bool {
    MODEL_FILES.iter().all(|name| {
        let Ok(found) = fs::metadata(folder.join(name)) else {
            return !NEEDED.contains(name);
        };
        let record = manifest.files.iter().find(|file| file.name == *name);
        let before =
            |time| jiff::Timestamp::try_from(time).is_ok_and(|time| time < manifest.installed_at);
        record.is_some_and(|record| record.size == found.len())
            && found.modified().is_ok_and(before)
    })
}

/// Copies the folder's files. The id names the weights, so that other weights are another model.
pub fn fetch(
    folder: &Path,
    staging: &Staging<'_>,
    progress: &dyn Progress,
) -> Result<ModelId, SourceError> {
    for name in NEEDED {
        if !folder.join(name).is_file() {
            return Err(SourceError::Failed(format!("it has no file {name}")));
        }
    }
    progress.advance("copying the model", 0, None);
    for name in MODEL_FILES {
        let (from, to) = (folder.join(name), staging.result().join(name));
        match CONFIG.iter().find(|(other, _)| *other == name) {
            Some((_, text)) if !from.exists() => staging.write(name, text.as_bytes())?,
            _ => drop(fs::copy(&from, &to).map_err(failed("copy", &from))?),
        }
    }
    let result = staging.result();
    let weights = FileRecord::of(&result, "model.onnx").map_err(failed("read", &result))?;
    Ok(ModelId(format!("{PREFIX}{}", &weights.sha256[..8])))
}
