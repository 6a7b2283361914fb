//! From text to a unit vector, on this machine.
//!
//! May use: `text`, `http` (to fetch the model). The one rule: a vector knows which model made it, and vectors of two
//! models are never compared.

pub mod fast;
pub mod hash;
pub mod model;
pub mod worker;

pub use fast::FastEmbedder;
pub use hash::HashEmbedder;
pub use worker::{EmbedJob, EmbedWorker, WorkerState};

use std::fmt;
use std::sync::Arc;

/// Dimensions of multilingual-e5-small.
pub const DIMENSIONS: usize = 384;

/// Names the model and where its weights come from: the vectors of two sources differ slightly, so they have two ids.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub String);

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A vector of length 1 (to 1e-6) with [`DIMENSIONS`] components. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct Vector(Arc<[f32]>);

impl Vector {
    /// Scales `values` to length 1. A zero vector stays zero.
    pub fn new(values: &[f32]) -> Self {
        let length = values
            .iter()
            .map(|v| f64::from(*v) * f64::from(*v))
            .sum::<f64>()
            .sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        Self(
            values
                .iter()
                .map(|v| (f64::from(*v) * scale) as f32)
                .collect(),
        )
    }

    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }

    /// Cosine, -1..1, since both have length 1.
    pub fn cosine(&self, other: &Self) -> f32 {
        dot(&self.0, &other.0)
    }

    /// Little-endian 32-bit floats, for the store and the cache.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|v| v.to_le_bytes()).collect()
    }

    /// `None` where the length is no multiple of four.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let chunks = bytes.chunks_exact(4);
        chunks.remainder().is_empty().then(|| {
            Self(
                chunks
                    .map(|c| f32::from_le_bytes([c[0], c[1], c[2], c[3]]))
                    .collect(),
            )
        })
    }
}

/// Eight running sums, because the compiler will not reorder a single float sum into vector instructions.
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0f32; 8];
    let (a8, b8) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a8
        .remainder()
        .iter()
        .zip(b8.remainder())
        .map(|(x, y)| x * y)
        .sum();
    for (x, y) in a8.zip(b8) {
        for i in 0..8 {
            sums[i] += x[i] * y[i];
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// Turns normalised texts into vectors. Synchronous and CPU-bound: it runs on a thread of its own.
pub trait Embedder: Send {
    fn model(&self) -> &ModelId;

    /// One vector a text, in the order of the texts.
    fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vector>, EmbedError>;
}

#[derive(Debug, thiserror::Error)]
pub enum EmbedError {
    /// The embedder cannot be used: no model, no library, a broken session.
    #[error("{0}")]
    Failed(String),
    /// This one text cannot be embedded; others can.
    #[error("the text cannot be embedded: {0}")]
    Text(String),
}
