//! The model from Hugging Face or a mirror of it.
//!
//! Paths are `/{repo}/resolve/{revision}/{file}`. For big files the hub's first answer is a redirect to its storage that
//! carries `x-linked-size` and `x-linked-etag`, the SHA-256 in quotes (as its own client `huggingface_hub` reads
//! them); small files are answered directly and have no SHA-256.
//!
//! May use: `http::download`. The one rule: nothing is kept whose announced length or hash does not fit.

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
    staging: &Staging<'_>,
    progress: &dyn Progress,
) -> Result<(), SourceError> {
    for (remote, name, most) in FILES {
        let url = format!(
            "{}/{REPOSITORY}/resolve/main/{remote}",
            endpoint.trim_end_matches('/')
        );
        let request = Request {
            url: &url,
            keep: &HEADERS,
            limits,
            most,
        };
        fetch_file(&request, &staging.result(), name, progress)?;
    }
    Ok(())
}

fn fetch_file(
    request: &Request<'_>,
    folder: &Path,
    name: &str,
    progress: &dyn Progress,
) -> Result<(), SourceError> {
    let path = folder.join(name);
    let mut file = File::create(&path).map_err(failed("write", &path))?;
    let phase = format!("fetching {name}");
    let advance = |done, total| progress.advance(&phase, done, total);
    let received = get(request, &mut file, &advance, &|| progress.cancelled());
    let received = match received {
        Ok(received) => received,
        Err(DownloadError::Stopped) => return Err(SourceError::Stopped),
        Err(DownloadError::Write(error)) => return Err(failed("write", &path)(error).into()),
        Err(error) => return Err(SourceError::Failed(format!("{name}: {error}"))),
    };
    let record = FileRecord::of(folder, name).map_err(failed("read", &path))?;
    check(&received, &record).map_err(|why| SourceError::Failed(format!("{name}: {why}")))
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
