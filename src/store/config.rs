//! How the store is configured, and how it is opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::directory::size_of;
use super::records::TABLES;
#[cfg(feature = "sled")]
use super::sled::Sled;
use super::sqlite::Sqlite;
use super::table::Table;
use super::{Store, StoreError};

/// The settings of the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Which engine keeps the records, and in which directory: `sqlite:DIR` (the default engine) or `sled:DIR`.
    /// A relative directory counts from the data directory. The directory belongs to one node alone.
    pub url: String,
    /// Memory for pages read and written lately, in MiB (1 to 65536).
    pub cache_mib: u32,
    /// How many reads may run at the same time (1 to 64); each keeps a connection of its own.
    pub readers: usize,
    /// How many batches may wait for the disk before those who commit must wait in line (1 to 65536).
    pub queue: usize,
    /// The most the database may hold, in MiB; 0 is no limit but the disk's. Beyond it the store is full. SQLite only.
    pub max_size_mib: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { url: "sqlite:store".to_owned(), cache_mib: 64, readers: 4, queue: 1024, max_size_mib: 0 }
    }
}

/// The engines there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    #[cfg(feature = "sled")]
    Sled,
}

impl Engine {
    /// The file without which there is no store.
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::Sqlite => super::sqlite::FILE,
            #[cfg(feature = "sled")]
            Self::Sled => "db",
        }
    }
}

impl Config {
    /// The default settings with the engine and directory of `url`.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// The same settings with a directory that does not depend on where the process runs: a relative one is taken to
    /// be in `base`.
    #[must_use]
    pub fn resolved(mut self, base: &Path) -> Self {
        if let Ok((engine, directory)) = self.parts() {
            let scheme = match engine {
                Engine::Sqlite => "sqlite",
                #[cfg(feature = "sled")]
                Engine::Sled => "sled",
            };
            self.url = format!("{scheme}:{}", base.join(directory).display());
        }
        self
    }

    /// The directory that the store lives in.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`] as [`Self::check`].
    pub fn directory(&self) -> Result<PathBuf, StoreError> {
        self.parts().map(|(_, directory)| directory)
    }

    /// Whether the settings can be used.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`] if the engine is unknown or not built in, [`StoreError::BadSetting`] if a number is out
    /// of its range.
    pub fn check(&self) -> Result<(), StoreError> {
        self.parts()?;
        let within = |setting, value: u64, most: u64| match (1..=most).contains(&value) {
            true => Ok(()),
            false => Err(StoreError::BadSetting { setting, value, least: 1, most }),
        };
        within("cache-mib", self.cache_mib.into(), 65_536)?;
        within("readers", self.readers as u64, 64)?;
        within("queue", self.queue as u64, 65_536)
    }

    pub(super) fn parts(&self) -> Result<(Engine, PathBuf), StoreError> {
        let bad = |why| StoreError::BadUrl { url: self.url.clone(), why };
        let Some((scheme, directory)) = self.url.split_once(':') else {
            return Err(bad("expected the engine, a colon and a directory, for instance sqlite:store"));
        };
        if directory.is_empty() {
            return Err(bad("there is no directory after the colon: write for instance sqlite:store"));
        }
        let engine = match scheme {
            "sqlite" => Engine::Sqlite,
            #[cfg(feature = "sled")]
            "sled" => Engine::Sled,
            #[cfg(not(feature = "sled"))]
            "sled" => return Err(bad("this program was built without sled: use sqlite:DIR or build with it")),
            _ => return Err(bad("the engine is unknown: use sqlite:DIR or sled:DIR")),
        };
        Ok((engine, PathBuf::from(directory)))
    }
}

/// Opens the store, making it if there is none yet.
///
/// It closes when the last handle is dropped, after everything that waits has been written. Opening and closing block the
/// thread: for as long as recovery takes, and for as long as the last writes take.
///
/// # Errors
/// [`StoreError::BadUrl`] or [`StoreError::BadSetting`] for settings that cannot be used, [`StoreError::Locked`] if
/// another process has it open, [`StoreError::Newer`] if a newer program wrote it, or what the disk says.
pub fn open(config: &Config) -> Result<Arc<dyn Store>, StoreError> {
    open_with(config, TABLES)
}

/// How many bytes the store's files take.
///
/// # Errors
/// [`StoreError::BadUrl`] if the settings cannot be used.
pub(crate) fn disk_use(config: &Config) -> Result<u64, StoreError> {
    config.directory().map(|directory| size_of(&directory))
}

/// As [`open`], with other tables.
pub(super) fn open_with(config: &Config, tables: &[&'static Table]) -> Result<Arc<dyn Store>, StoreError> {
    config.check()?;
    let (engine, directory) = config.parts()?;
    match engine {
        Engine::Sqlite => Ok(Arc::new(Sqlite::open(config, &directory, tables)?)),
        #[cfg(feature = "sled")]
        Engine::Sled => Ok(Arc::new(Sled::open(config, &directory, tables)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_an_engine_and_a_directory() {
        for bad in ["", "store", "sqlite:", "redb:store", "SQLITE:x"] {
            let error = Config::at(bad).check().unwrap_err().to_string();
            assert!(error.starts_with("store.url = "), "{bad}: {error}");
        }
        Config::at("sqlite:/var/lib/ridd/store").check().unwrap();
    }

    #[test]
    fn relative_directories_count_from_the_data_directory() {
        let base = Path::new("/var/lib/ridd");
        assert_eq!(Config::default().resolved(base).url, "sqlite:/var/lib/ridd/store");
        assert_eq!(Config::at("sqlite:/srv/store").resolved(base).url, "sqlite:/srv/store");
    }

    #[test]
    fn numbers_have_ranges() {
        for config in [
            Config { cache_mib: 0, ..Config::default() },
            Config { readers: 65, ..Config::default() },
            Config { queue: 0, ..Config::default() },
        ] {
            assert!(matches!(config.check(), Err(StoreError::BadSetting { .. })), "{config:?}");
        }
        Config::default().check().unwrap();
    }
}
