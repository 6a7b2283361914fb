//! What a command starts from: the folders, the configuration, the log, and what is opened on demand.

use super::args::Global;
use super::progress::show_progress;
use crate::classify::{Example, examples};
use crate::config::{Config, Paths};
use crate::embed::fast::FastEmbedder;
use crate::embed::model::{self, cache::Cache};
use crate::embed::worker::EmbedWorker;
use crate::embed::{EmbedError, Embedder, ModelId};
use crate::engine::accounts::Channels;
use crate::engine::recognise::Recogniser;
use crate::engine::secrets::Secrets;
use crate::engine::{Engine, Settings};
use crate::store::Store;
use crate::template::Templates;
use crate::toml_file::FileError;
use anyhow::Context as _;
use std::path::PathBuf;
use std::sync::OnceLock;
use tracing_appender::non_blocking::WorkerGuard;

pub struct Context {
    pub paths: Paths,
    pub config: Config,
    database: Option<String>,
    log: OnceLock<WorkerGuard>,
}

impl Context {
    pub fn new(global: &Global) -> anyhow::Result<Self> {
        let paths = Paths::new(global.data_dir.clone(), global.config.clone())?;
        let config = Config::load(&paths.config_file, global.config.is_some())?;
        Ok(Self {
            paths,
            config,
            database: global.database.clone(),
            log: OnceLock::new(),
        })
    }

    /// The same configuration on a throw-away data folder.
    pub fn throw_away(&self, data: PathBuf) -> Self {
        let paths = Paths {
            data,
            ..self.paths.clone()
        };
        let mut config = Config {
            model: self.config.model.clone(),
            screen: self.config.screen.clone(),
            ..Config::default()
        };
        config.desk.quick = self.config.desk.quick.clone();
        // Somebody signs the demo's replies.
        let agent = self.config.desk.agent.clone();
        config.desk.agent = Some(agent.unwrap_or_else(|| "Mei".to_owned()));
        // A server on this machine has no quota, and a day lasts half a minute.
        config.sync.poll_seconds = 1;
        Self {
            paths,
            config,
            database: None,
            log: OnceLock::new(),
        }
    }

    /// Makes this program once more, on the same folder and database.
    ///
    /// # Errors
    /// A system that does not say where the program's file is.
    pub fn again(&self) -> anyhow::Result<impl Fn() -> tokio::process::Command + Send + 'static> {
        let program = std::env::current_exe().context("this program's own file is not found")?;
        let (data, config) = (self.paths.data.clone(), self.paths.config_file.clone());
        let database = self.database.clone();
        Ok(move || {
            let mut command = tokio::process::Command::new(&program);
            command.arg("--data-dir").arg(&data);
            if config.exists() {
                command.arg("--config").arg(&config);
            }
            match &database {
                // It may hold a password, which the arguments would show to everybody on this machine.
                Some(url) => command.env("DATABASE_URL", url),
                None => command.env_remove("DATABASE_URL"),
            };
            command
        })
    }

    pub fn secrets(&self) -> Secrets {
        Secrets::new(self.paths.secrets())
    }

    /// Makes the data folder and starts the log in it.
    fn settle(&self) -> anyhow::Result<()> {
        self.paths.create()?;
        if self.log.get().is_none() {
            let _ = self.log.set(log(&self.paths)?);
        }
        Ok(())
    }

    pub async fn store(&self) -> anyhow::Result<Store> {
        self.settle()?;
        let url = self
            .database
            .clone()
            .unwrap_or_else(|| self.paths.database_url());
        Ok(Store::open(&url).await?)
    }

    /// The store, where there is one already: for commands that only read what was learnt.
    pub async fn store_if_any(&self) -> anyhow::Result<Option<Store>> {
        if self.database.is_none() && !self.paths.data.join("sextant.db").exists() {
            return Ok(None);
        }
        self.store().await.map(Some)
    }

    pub async fn engine(&self) -> anyhow::Result<Engine> {
        let store = self.store().await?;
        let settings = Settings {
            hold: self.config.hold(),
            poll_pause: self.config.poll_pause(),
            mark_read: self.config.sync.mark_read,
            agent: self.config.desk.agent.clone(),
        };
        let templates = self.templates()?;
        let channels = Channels::new(store.clone(), self.secrets());
        Ok(Engine::new(store, templates, settings, channels))
    }

    pub fn templates(&self) -> Result<Templates, FileError> {
        let folder = self.folder(self.config.templates.as_ref(), "templates");
        Templates::load(Some(&folder))
    }

    pub fn examples(&self) -> Result<Vec<Example>, FileError> {
        let folder = self.folder(self.config.examples.as_ref(), "examples");
        examples::load(Some(&folder))
    }

    fn folder(&self, named: Option<&PathBuf>, default: &str) -> PathBuf {
        named
            .cloned()
            .unwrap_or_else(|| self.paths.beside_config(default))
    }

    pub fn model_options(&self, folder: Option<PathBuf>) -> anyhow::Result<model::Options> {
        Ok(model::Options::from_environment(
            folder.or_else(|| self.config.model.folder.clone()),
        )?)
    }

    /// Starts loading the model, on its own thread.
    pub fn recogniser(&self) -> anyhow::Result<Recogniser> {
        let examples = self.examples()?;
        let options = self.model_options(None)?;
        let cache: Cache = options.cache.clone();
        let threads = self
            .config
            .model
            .threads
            .and_then(std::num::NonZeroUsize::new);
        let worker = EmbedWorker::start_with(move |progress| {
            let installed = model::install(&options, progress)
                .map_err(|e| EmbedError::Failed(e.to_string()))?;
            Ok(Box::new(FastEmbedder::load(&installed, threads)?) as Box<dyn Embedder>)
        })?;
        Ok(Recogniser::new(worker, examples, move |model: &ModelId| {
            cache.model_folder(model)
        }))
    }

    /// A classifier that is ready, with the wait shown on stderr.
    pub async fn ready_recogniser(&self, store: Option<&Store>) -> anyhow::Result<Recogniser> {
        let recogniser = self.recogniser()?;
        let shown = tokio::spawn(show_progress(recogniser.clone()));
        let result = recogniser.prepare(store).await;
        shown.abort();
        result.context("no classifier")?;
        Ok(recogniser)
    }
}

/// The appender makes files that others may read, were the folder not closed to them.
#[cfg(unix)]
fn private_files(folder: &std::path::Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    for entry in std::fs::read_dir(folder)? {
        std::fs::set_permissions(entry?.path(), std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn private_files(_folder: &std::path::Path) -> anyhow::Result<()> {
    Ok(())
}

/// A rolling daily file that only its owner reads; seven are kept. `SEXTANT_LOG` sets what is written.
fn log(paths: &Paths) -> anyhow::Result<WorkerGuard> {
    let folder = paths.logs();
    crate::config::private_folder(&folder).with_context(|| {
        format!(
            "the log folder {} cannot be made; name another place with --data-dir",
            folder.display()
        )
    })?;
    let file = tracing_appender::rolling::RollingFileAppender::builder()
        .rotation(tracing_appender::rolling::Rotation::DAILY)
        .filename_prefix("sextant")
        .filename_suffix("log")
        .max_log_files(7)
        .build(&folder)
        .with_context(|| {
            format!(
                "no log can be written in {}; name another place with --data-dir",
                folder.display()
            )
        })?;
    private_files(&folder)?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    let filter = tracing_subscriber::EnvFilter::try_from_env("SEXTANT_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,sextant=info"));
    let started = tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(false)
        .with_env_filter(filter)
        .try_init();
    if started.is_err() {
        // The demo after the first screen: one process, one log, and it has begun elsewhere.
        tracing::info!("the log goes on where it began");
    }
    Ok(guard)
}
