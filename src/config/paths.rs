//! The folders: one for everything the program writes, one for what the user writes. (The model has a cache of its own, see `embed`.)

use directories::ProjectDirs;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum PathsError {
    #[error("no home folder is known on this system; name one with --data-dir")]
    NoHome,
    #[error("the data folder {path} cannot be used: {why}; name another with --data-dir")]
    Unusable { path: String, why: std::io::Error },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Everything the program writes, the model cache aside. Mode 0700.
    pub data: PathBuf,
    pub config_file: PathBuf,
}

impl Paths {
    /// `data` and `config` as the user named them, else the system's usual places.
    pub fn new(data: Option<PathBuf>, config: Option<PathBuf>) -> Result<Self, PathsError> {
        let project = ProjectDirs::from("", "", "sextant");
        let data = data
            .or_else(|| project.as_ref().map(|p| p.data_dir().to_owned()))
            .ok_or(PathsError::NoHome)?;
        let config_file = config
            .or_else(|| project.as_ref().map(|p| p.config_dir().join("config.toml")))
            .unwrap_or_else(|| data.join("config.toml"));
        Ok(Self { data, config_file })
    }

    /// Makes the data folder, readable by its owner only.
    pub fn create(&self) -> Result<(), PathsError> {
        private_folder(&self.data).map_err(|why| PathsError::Unusable {
            path: self.data.display().to_string(),
            why,
        })
    }

    /// A folder beside the configuration file.
    pub fn beside_config(&self, name: &str) -> PathBuf {
        self.config_file
            .parent()
            .unwrap_or(Path::new("."))
            .join(name)
    }

    /// The embedded database, where no other is named.
    pub fn database_url(&self) -> String {
        format!("sqlite:{}", self.data.join("sextant.db").display())
    }

    pub fn logs(&self) -> PathBuf {
        self.data.join("logs")
    }

    pub fn secrets(&self) -> PathBuf {
        self.data.join("secrets")
    }
}

/// Makes a folder that only its owner can enter; an existing one is left as it is.
pub fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
