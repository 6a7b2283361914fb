//! The real embedder: multilingual-e5-small through fastembed and ONNX Runtime.
//!
//! May use: `model` (where the files are). The one rule: this is the only file that names `fastembed` or `ort`.

use super::model::Installed;
use super::model::cache::MODEL_FILES;
use super::model::runtime::RuntimeError;
use super::{DIMENSIONS, EmbedError, Embedder, ModelId, Vector};
use fastembed::{
    InitOptionsUserDefined, Pooling, TextEmbedding, TokenizerFiles, UserDefinedEmbeddingModel,
};
use ort::environment::Environment;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// e5 was trained with this word in front of what is compared symmetrically (its model card).
const PREFIX: &str = "query: ";

/// Tokens of a text beyond which the model sees nothing.
const MAX_TOKENS: usize = 512;

/// Characters of a text that are read at all. A token of XLM-R's vocabulary has at most 16, so what is cut off lies
/// beyond the last token, and a text of a megabyte takes no time.
const MAX_CHARACTERS: usize = MAX_TOKENS * 16;

/// Texts in one run: few long ones, many short ones, since more tokens at once only take more memory.
const BATCH: std::ops::RangeInclusive<usize> = 8..=32;
const TOKENS_PER_BATCH: usize = 2048;

/// multilingual-e5-small, loaded.
pub struct FastEmbedder {
    model: ModelId,
    embedding: TextEmbedding,
}

impl FastEmbedder {
    /// Loads the model, which takes about a second. `threads`: every core unless given.
    pub fn load(installed: &Installed, threads: Option<NonZeroUsize>) -> Result<Self, EmbedError> {
        let environment = environment(&installed.runtime.path)
            .map_err(|error| EmbedError::Failed(error.to_string()))?;
        let [
            model,
            tokenizer_file,
            config_file,
            special_tokens_map_file,
            tokenizer_config_file,
        ] = read_files(&installed.folder)?;
        let files = TokenizerFiles {
            tokenizer_file,
            config_file,
            special_tokens_map_file,
            tokenizer_config_file,
        };
        let model = UserDefinedEmbeddingModel::new(model, files).with_pooling(Pooling::Mean);
        let mut options = InitOptionsUserDefined::new()
            .with_environment(environment)
            .with_max_length(MAX_TOKENS)
            // Waiting threads sleep instead of spinning: this machine has other work to do.
            .with_session_config("session.intra_op.allow_spinning", "0");
        options.intra_threads = threads.map(NonZeroUsize::get);
        let embedding = TextEmbedding::try_new_from_user_defined(model, options)
            .map_err(|error| unusable(&installed.folder, &error.to_string()))?;
        Ok(Self {
            model: installed.model.clone(),
            embedding,
        })
    }

    /// Tokens of `text`, at most [`MAX_TOKENS`].
    fn tokens(&self, text: &str) -> Result<usize, EmbedError> {
        let encoding = self.embedding.tokenizer.encode(text, true);
        encoding
            .map(|encoding| encoding.len())
            .map_err(|error| EmbedError::Failed(format!("the tokenizer: {error}")))
    }
}

impl Embedder for FastEmbedder {
    fn model(&self) -> &ModelId {
        &self.model
    }

    /// Texts of similar length run together, since a batch costs as much as its longest text in every row.
    fn embed(&mut self, texts: &[&str]) -> Result<Vec<Vector>, EmbedError> {
        let texts: Vec<String> = texts.iter().map(|text| prepare(text)).collect();
        let mut order = Vec::with_capacity(texts.len());
        for (index, text) in texts.iter().enumerate() {
            order.push((self.tokens(text)?, index));
        }
        order.sort_unstable();
        let mut vectors = vec![None; texts.len()];
        for batch in batches(&order) {
            let inputs: Vec<&str> = batch
                .iter()
                .map(|(_, index)| texts[*index].as_str())
                .collect();
            let output = self.embedding.embed(&inputs, Some(inputs.len()));
            let output =
                output.map_err(|error| EmbedError::Failed(format!("the model: {error}")))?;
            for ((_, index), values) in batch.iter().zip(&output) {
                vectors[*index] = Some(checked(values)?);
            }
        }
        let missing =
            || EmbedError::Failed("the model gave fewer vectors than there were texts".to_owned());
        vectors
            .into_iter()
            .collect::<Option<_>>()
            .ok_or_else(missing)
    }
}

fn prepare(text: &str) -> String {
    PREFIX
        .chars()
        .chain(text.chars().take(MAX_CHARACTERS))
        .collect()
}

/// Cuts texts that are sorted by length (tokens, index) into batches.
fn batches(sorted: &[(usize, usize)]) -> Vec<&[(usize, usize)]> {
    let mut rest = sorted;
    let mut batches = Vec::new();
    while !rest.is_empty() {
        let fits = |&count: &usize| rest[count - 1].0 * count <= TOKENS_PER_BATCH;
        let most = rest.len().min(*BATCH.end());
        let count = (BATCH.start() + 1..=most).take_while(fits).last();
        let (batch, after) = rest.split_at(count.unwrap_or(*BATCH.start()).min(rest.len()));
        batches.push(batch);
        rest = after;
    }
    batches
}

fn checked(values: &[f32]) -> Result<Vector, EmbedError> {
    if values.len() != DIMENSIONS {
        let message = format!(
            "the model gave a vector of {} numbers, not {DIMENSIONS}",
            values.len()
        );
        return Err(EmbedError::Failed(message));
    }
    if values.iter().any(|value| !value.is_finite()) {
        return Err(EmbedError::Failed(
            "the model gave a vector with a number that is none".to_owned(),
        ));
    }
    Ok(Vector::new(values))
}

fn read_files(folder: &Path) -> Result<[Vec<u8>; MODEL_FILES.len()], EmbedError> {
    let mut files = [const { Vec::new() }; MODEL_FILES.len()];
    for (file, name) in files.iter_mut().zip(MODEL_FILES) {
        *file = std::fs::read(folder.join(name))
            .map_err(|error| unusable(folder, &format!("{name}: {error}")))?;
    }
    Ok(files)
}

fn unusable(folder: &Path, why: &str) -> EmbedError {
    EmbedError::Failed(format!(
        "the model in {} cannot be loaded ({why}); run `sextant model verify`, and if it does not hold, delete the \
         folder and run `sextant model install`",
        folder.display()
    ))
}

/// ONNX Runtime's one environment in this process, from the library at `path` or the one that was loaded before.
///
/// `ort` panics at its first use if it finds no library, so the library is loaded here, where failing is an error.
/// Public because there can be no second one, and the benchmark runs a bare session beside the embedder.
pub fn environment(path: &Path) -> Result<Environment, RuntimeError> {
    static LOADED: Mutex<Option<Environment>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = loaded.as_ref() {
        return Ok(environment.clone());
    }
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let builder = ort::init_from(&path).map_err(|error| RuntimeError::new(error.to_string()))?;
    let environment = builder.with_telemetry(false).build();
    let environment = environment.map_err(|error| RuntimeError::new(error.to_string()))?;
    Ok(loaded.insert(environment).clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many texts each batch has, for texts of these lengths.
    fn sizes(lengths: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let sorted: Vec<_> = lengths.into_iter().zip(0..).collect();
        batches(&sorted).into_iter().map(<[_]>::len).collect()
    }

    #[test]
    fn short_texts_run_together_and_long_ones_in_small_batches() {
        assert_eq!(sizes([7; 70]), [32, 32, 6]);
        assert_eq!(sizes([512; 20]), [8, 8, 4]);
        assert_eq!(sizes([100; 50]), [20, 20, 10]);
        assert_eq!(sizes([9; 3]), [3]);
        assert_eq!(sizes([]), [0; 0]);
        // One long text at the end does not make the short ones before it slow.
        assert_eq!(sizes([7; 31].into_iter().chain([512])), [31, 1]);
    }

    #[test]
    fn a_vector_of_another_length_or_without_numbers_is_an_error() {
        assert!(checked(&[0.5; 384]).is_ok());
        assert!(checked(&[0.5; 383]).is_err());
        assert!(checked(&[f32::NAN; 384]).is_err());
    }
}
