//! A look at fetched files before they become the model.
//!
//! A captive portal answers everything with a page of its own and "200 OK", and a folder may hold something else.
//!
//! May use: `cache`. The one rule: it reads, and says which file is not what it should be.

use super::SourceError;
use super::cache::{MODEL_FILES, failed};
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// A model of 118 million weights is never smaller, in bytes.
const SMALLEST_MODEL: u64 = 16 << 20;

/// Whether the files could be a model: JSON where JSON belongs, and an ONNX file of a size that a model has.
pub fn plausible(folder: &Path) -> Result<(), SourceError> {
    for name in MODEL_FILES {
        let path = folder.join(name);
        let fits = match name {
            "model.onnx" => is_model(&path),
            _ => fs::read(&path)
                .map(|text| serde_json::from_slice::<serde_json::Map<_, _>>(&text).is_ok()),
        };
        if !fits.map_err(failed("read", &path))? {
            return Err(SourceError::Failed(format!(
                "{name} is not what its name says"
            )));
        }
    }
    Ok(())
}

/// Every known exporter writes field 1, the IR version, first: a byte 8 and a small number.
fn is_model(path: &Path) -> std::io::Result<bool> {
    let mut file = File::open(path)?;
    let mut start = [0; 2];
    let long = file.metadata()?.len() >= SMALLEST_MODEL;
    Ok(
        long && file.read_exact(&mut start).is_ok()
            && start[0] == 8
            && (3..=64).contains(&start[1]),
    )
}
