//! The embedder against a bare ONNX Runtime session on the same file, with the same batches, in the same run.
//!
//! `cargo bench --bench embedding`. The two take turns, so that whatever else the machine does meets both; the medians
//! of the rounds are printed, and the ratio says what fastembed and our own code around it cost.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes wrong should stop there and say where"
)]

mod measure;

use measure::{Clock, asked_for, median};
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::Tensor;
use sextant::embed::fast::environment;
use sextant::embed::model::progress::Quiet;
use sextant::embed::model::{Installed, Options, Source, install};
use sextant::embed::{DIMENSIONS, Embedder, FastEmbedder, Vector};
use std::num::NonZeroUsize;
use tokenizers::{PaddingParams, Tokenizer};

const ROUNDS: usize = 5;
/// What the embedder uses for texts of this length.
const BATCH: usize = 32;

fn main() {
    if !asked_for() {
        return;
    }
    let options = Options::from_environment(None).unwrap();
    let installed = install(
        &Options {
            sources: vec![Source::PyPi],
            ..options
        },
        &Quiet,
    )
    .unwrap();
    let threads = std::thread::available_parallelism().unwrap();
    let mut embedder = FastEmbedder::load(&installed, Some(threads)).unwrap();
    let mut bare = Bare::load(&installed, threads);
    let texts = texts();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();

    let (ours, theirs) = (embedder.embed(&texts).unwrap(), bare.embed(&texts));
    let lowest = ours
        .iter()
        .zip(&theirs)
        .map(|(a, b)| a.cosine(b))
        .fold(1.0, f32::min);
    assert!(
        lowest > 0.9999,
        "the two do not compute the same: cosine {lowest}"
    );

    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let clock = Clock::start();
        embedder.embed(&texts).unwrap();
        with.push(clock.stop());
        let clock = Clock::start();
        bare.embed(&texts);
        without.push(clock.stop());
    }
    let (with, without) = (median(&with), median(&without));
    println!(
        "{} texts, {threads} threads, median of {ROUNDS} rounds",
        texts.len()
    );
    println!(
        "embedder      wall {:6.3} s   cpu {:6.3} s",
        with.wall, with.cpu
    );
    println!(
        "bare session  wall {:6.3} s   cpu {:6.3} s",
        without.wall, without.cpu
    );
    let ratio = [with.wall / without.wall, with.cpu / without.cpu];
    println!(
        "ratio         wall {:6.3}     cpu {:6.3}",
        ratio[0], ratio[1]
    );
}

/// About 500 short texts in many languages.
fn texts() -> Vec<String> {
    let file = include_str!("../fixtures/e5_reference.json");
    let file: serde_json::Value = serde_json::from_str(file).unwrap();
    let references = file["references"].as_array().unwrap();
    let short = references
        .iter()
        .map(|reference| reference["text"].as_str().unwrap());
    let short: Vec<&str> = short.filter(|text| text.len() < 100).collect();
    (0..12)
        .flat_map(|n| short.iter().map(move |text| format!("{text} {n}")))
        .collect()
}

/// The tokenizer, the session and the arithmetic after it, and nothing else.
struct Bare {
    tokenizer: Tokenizer,
    session: Session,
}

impl Bare {
    fn load(installed: &Installed, threads: NonZeroUsize) -> Self {
        let mut tokenizer = Tokenizer::from_file(installed.folder.join("tokenizer.json")).unwrap();
        let padding = PaddingParams {
            pad_id: 1,
            pad_token: "<pad>".to_owned(),
            ..Default::default()
        };
        tokenizer.with_padding(Some(padding));
        let environment = environment(&installed.runtime.path).unwrap();
        let session = Session::builder(&environment)
            .unwrap()
            .with_optimization_level(GraphOptimizationLevel::Level3)
            .unwrap()
            .with_intra_threads(threads.get())
            .unwrap()
            .with_config_entry("session.intra_op.allow_spinning", "0")
            .unwrap()
            .commit_from_file(installed.folder.join("model.onnx"))
            .unwrap();
        Self { tokenizer, session }
    }

    fn embed(&mut self, texts: &[&str]) -> Vec<Vector> {
        let texts: Vec<String> = texts.iter().map(|text| format!("query: {text}")).collect();
        let length = |text: &String| self.tokenizer.encode(text.as_str(), true).unwrap().len();
        let mut order: Vec<_> = texts.iter().map(length).zip(0..).collect();
        order.sort_unstable();
        let mut vectors = vec![None; texts.len()];
        for batch in order.chunks(BATCH) {
            let inputs: Vec<&str> = batch
                .iter()
                .map(|(_, index)| texts[*index].as_str())
                .collect();
            for ((_, index), vector) in batch.iter().zip(self.run(inputs)) {
                vectors[*index] = Some(vector);
            }
        }
        vectors.into_iter().map(Option::unwrap).collect()
    }

    fn run(&mut self, inputs: Vec<&str>) -> Vec<Vector> {
        let shape_of = |length: usize, count: usize| [count as i64, length as i64];
        let encodings = self.tokenizer.encode_batch(inputs, true).unwrap();
        let length = encodings[0].len();
        let shape = shape_of(length, encodings.len());
        let ids: Vec<i64> = encodings
            .iter()
            .flat_map(tokenizers::Encoding::get_ids)
            .map(|&id| i64::from(id))
            .collect();
        let mask: Vec<i64> = encodings
            .iter()
            .flat_map(tokenizers::Encoding::get_attention_mask)
            .map(|&bit| i64::from(bit))
            .collect();
        let rows = mask.clone();
        let inputs = ort::inputs![
            "input_ids" => Tensor::from_array((shape, ids)).unwrap(),
            "attention_mask" => Tensor::from_array((shape, mask)).unwrap(),
        ];
        let outputs = self.session.run(inputs).unwrap();
        let (_, states) = outputs["last_hidden_state"]
            .try_extract_tensor::<f32>()
            .unwrap();
        let texts = states.chunks(length * DIMENSIONS).zip(rows.chunks(length));
        texts.map(|(states, mask)| mean(states, mask)).collect()
    }
}

/// The mean of the states of real tokens; the vector's length is made 1, so the sum is enough.
fn mean(states: &[f32], mask: &[i64]) -> Vector {
    let mut sum = [0f32; DIMENSIONS];
    for (state, _) in states
        .chunks(DIMENSIONS)
        .zip(mask)
        .filter(|(_, bit)| **bit == 1)
    {
        sum.iter_mut()
            .zip(state)
            .for_each(|(sum, value)| *sum += value);
    }
    Vector::new(&sum)
}
