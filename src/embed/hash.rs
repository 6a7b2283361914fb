//! An embedder without a model, for tests only: it knows letters, not meaning.
//!
//! May use: std. The one rule: never in the product, the demo or an end-to-end test.

use super::{DIMENSIONS, EmbedError, Embedder, ModelId, Vector};
use sha2::{Digest, Sha256};

/// Every run of three characters adds one to or takes one from a component that its hash names; equal texts have equal
/// vectors, and texts that share letters lie nearer than others.
pub struct HashEmbedder {
    model: ModelId,
}

impl HashEmbedder {
    pub fn new() -> Self {
        Self {
            model: ModelId("test/hash".to_owned()),
        }
    }
}

impl Default for HashEmbedder {
    fn default() -> Self {
        Self::new()
    }
}

impl Embedder for HashEmbedder {
    fn model(&self) -> &ModelId {
        &self.model
    }

    fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vector>, EmbedError> {
        Ok(texts.iter().map(|text| vector(text)).collect())
    }
}

fn vector(text: &str) -> Vector {
    let mut values = vec![0f32; DIMENSIONS];
    let characters: Vec<char> = format!("^{}$", text.to_lowercase()).chars().collect();
    for run in characters.windows(3.min(characters.len())) {
        let hash = Sha256::digest(run.iter().collect::<String>().as_bytes());
        let component = usize::from(u16::from_le_bytes([hash[0], hash[1]])) % DIMENSIONS;
        values[component] += if hash[2] % 2 == 0 { 1.0 } else { -1.0 };
    }
    Vector::new(&values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_share_letters_lie_nearer_than_others() {
        let texts = ["where is my parcel", "where is my order", "谢谢老板"];
        let vectors = HashEmbedder::new().embed(&texts).unwrap();
        assert!(vectors[0].cosine(&vectors[1]) > vectors[0].cosine(&vectors[2]) + 0.3);
        assert!((vectors[2].cosine(&vectors[2]) - 1.0).abs() < 1e-6);
    }
}
