//! The vectors of the labelled examples, kept beside the model, so that only the first start embeds them.
//!
//! The file holds the model's id, then records of a 32-character text key and a vector. A file that is damaged or of another model
//! is as good as none: it is written anew.

use crate::embed::{DIMENSIONS, ModelId, Vector};
use crate::text::TextKey;
use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};

const KEY: usize = 32;
const RECORD: usize = KEY + DIMENSIONS * 4;

#[derive(Debug)]
pub struct VectorCache {
    path: PathBuf,
    model: ModelId,
    vectors: HashMap<TextKey, Vector>,
}

impl VectorCache {
    /// Reads the file in `folder`, if there is one of this model.
    pub fn open(folder: &Path, model: &ModelId) -> Self {
        let path = folder.join("examples.vectors");
        let vectors = std::fs::read(&path)
            .ok()
            .and_then(|bytes| parse(&bytes, model))
            .unwrap_or_default();
        Self {
            path,
            model: model.clone(),
            vectors,
        }
    }

    pub fn get(&self, key: &TextKey) -> Option<&Vector> {
        self.vectors.get(key)
    }

    /// Adds vectors and writes the file anew, atomically.
    ///
    /// # Errors
    /// A folder that cannot be written: the vectors are then computed again at the next start.
    pub fn add(
        &mut self,
        vectors: impl IntoIterator<Item = (TextKey, Vector)>,
    ) -> std::io::Result<()> {
        self.vectors.extend(vectors);
        let header = header(&self.model);
        let mut bytes = Vec::with_capacity(header.len() + self.vectors.len() * RECORD);
        bytes.extend(header);
        for (key, vector) in &self.vectors {
            if key.as_str().len() == KEY && vector.as_slice().len() == DIMENSIONS {
                bytes.extend(key.as_str().as_bytes());
                bytes.extend(vector.to_bytes());
            }
        }
        // Two processes may start at once: each writes a file of its own name, the last rename wins, both are whole.
        let temporary = self
            .path
            .with_extension(format!("{}.new", std::process::id()));
        let mut file = std::fs::File::create(&temporary)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&temporary, &self.path)
    }
}

fn header(model: &ModelId) -> Vec<u8> {
    format!("sextant example vectors 1 {model}\n").into_bytes()
}

fn parse(bytes: &[u8], model: &ModelId) -> Option<HashMap<TextKey, Vector>> {
    let records = bytes
        .strip_prefix(header(model).as_slice())?
        .chunks_exact(RECORD);
    if !records.remainder().is_empty() {
        return None;
    }
    records
        .map(|r| {
            Some((
                TextKey::from_stored(String::from_utf8(r[..KEY].to_vec()).ok()?),
                Vector::from_bytes(&r[KEY..])?,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_come_back_for_their_model_only_and_a_damaged_file_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let (model, other) = (ModelId("a".into()), ModelId("b".into()));
        let (key, vector) = (TextKey::of("hi"), Vector::new(&[0.5; DIMENSIONS]));
        VectorCache::open(dir.path(), &model)
            .add([(key.clone(), vector.clone())])
            .unwrap();
        assert_eq!(
            VectorCache::open(dir.path(), &model).get(&key),
            Some(&vector)
        );
        assert_eq!(VectorCache::open(dir.path(), &other).get(&key), None);
        let path = dir.path().join("examples.vectors");
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        assert_eq!(VectorCache::open(dir.path(), &model).get(&key), None);
    }
}
