//! How the store is configured, and how it is opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::directory::size_of;
#[cfg(feature = "postgres")]
use super::postgres::Postgres;
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
    /// Which engine keeps the records, and where: `sqlite:DIR` (the default engine) or `sled:DIR`, whose directory counts
    /// from the data directory and belongs to one node alone; or `postgres://USER@HOST[:PORT][,HOST2…]/DATABASE`, which
    /// several nodes may share.
    pub url: String,
    /// Memory for pages read and written lately, in MiB (1 to 65536).
    pub cache_mib: u32,
    /// How many reads may run at the same time (1 to 64); each keeps a connection of its own.
    pub readers: usize,
    /// How many batches may wait for the disk before those who commit must wait in line (1 to 65536).
    pub queue: usize,
    /// The most the database may hold, in MiB; 0 is no limit but the disk's. Beyond it the store is full. SQLite only.
    pub max_size_mib: u32,
    /// The file with the password of the server's user, in its first line. PostgreSQL only.
    pub password_file: Option<PathBuf>,
    /// The CAs that vouch for the server's certificate, as PEM. PostgreSQL only; needed unless the server is on this
    /// machine.
    pub ca_file: Option<PathBuf>,
    /// How many connections may read at the same time (1 to 256); two more write, and listen and notify. PostgreSQL only.
    pub connections: usize,
    /// How long a connection to the server may take to be made (100ms to 10m). PostgreSQL only.
    #[serde(with = "crate::clock::span")]
    pub connect_timeout: Duration,
    /// How long the server may take to answer one statement (100ms to 10m). PostgreSQL only.
    #[serde(with = "crate::clock::span")]
    pub statement_timeout: Duration,
    /// How long a read waits for a connection when all are in use (100ms to 10m). PostgreSQL only.
    #[serde(with = "crate::clock::span")]
    pub wait_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            url: "sqlite:store".to_owned(),
            cache_mib: 64,
            readers: 4,
            queue: 1024,
            max_size_mib: 0,
            password_file: None,
            ca_file: None,
            connections: 8,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            wait_timeout: Duration::from_secs(5),
        }
    }
}

/// The engines that keep their files in a directory of ours.
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

    /// What the address begins with.
    fn scheme(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            #[cfg(feature = "sled")]
            Self::Sled => "sled",
        }
    }
}

/// Where the records are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In a directory, which is one node's alone.
    Directory(Engine, PathBuf),
    /// With a server, which several nodes may share.
    #[cfg(feature = "postgres")]
    Server,
}

impl Config {
    /// The default settings with the engine and directory of `url`.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// The same settings with paths that do not depend on where the process runs: relative ones are taken to be in `base`.
    #[must_use]
    pub fn resolved(mut self, base: &Path) -> Self {
        if let Ok(Place::Directory(engine, directory)) = self.place() {
            self.url = format!("{}:{}", engine.scheme(), base.join(directory).display());
        }
        for file in [&mut self.password_file, &mut self.ca_file].into_iter().flatten() {
            *file = base.join(&file);
        }
        self
    }

    /// The directory that the store lives in.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`] as [`Self::check`]; [`StoreError::NoDirectory`] if it lives with a server.
    pub fn directory(&self) -> Result<PathBuf, StoreError> {
        self.embedded("it").map(|(_, directory)| directory)
    }

    /// Whether several nodes may share the store: it lives with a server. `false` also for settings that cannot be used.
    pub fn is_shared(&self) -> bool {
        !matches!(self.place(), Ok(Place::Directory(..)) | Err(_))
    }

    /// Engine and directory, for what is done with files; `doing` says what.
    pub(super) fn embedded(&self, doing: &'static str) -> Result<(Engine, PathBuf), StoreError> {
        match self.place()? {
            Place::Directory(engine, directory) => Ok((engine, directory)),
            #[cfg(feature = "postgres")]
            Place::Server => Err(StoreError::NoDirectory { doing }),
        }
    }

    /// Whether the settings can be used. Looks at no file and asks no server.
    ///
    /// # Errors
    /// [`StoreError::BadUrl`] if the engine is unknown or not built in, [`StoreError::BadSetting`] or
    /// [`StoreError::BadSpan`] if a value is out of its range.
    pub fn check(&self) -> Result<(), StoreError> {
        match self.place()? {
            Place::Directory(..) => {}
            #[cfg(feature = "postgres")]
            Place::Server => super::postgres::check(self)?,
        }
        let within = |setting, value: u64, most: u64| match (1..=most).contains(&value) {
            true => Ok(()),
            false => Err(StoreError::BadSetting { setting, value, least: 1, most }),
        };
        within("cache-mib", self.cache_mib.into(), 65_536)?;
        within("readers", self.readers as u64, 64)?;
        within("queue", self.queue as u64, 65_536)?;
        within("connections", self.connections as u64, 256)?;
        let spans = [
            ("connect-timeout", self.connect_timeout),
            ("statement-timeout", self.statement_timeout),
            ("wait-timeout", self.wait_timeout),
        ];
        let odd = spans.into_iter().find(|(_, span)| !(Duration::from_millis(100)..=TOO_LONG).contains(span));
        odd.map_or(Ok(()), |(setting, span)| Err(StoreError::BadSpan { setting, span }))
    }

    /// Where the records are.
    pub(super) fn place(&self) -> Result<Place, StoreError> {
        let bad = |why| StoreError::BadUrl { url: self.url.clone(), why };
        let Some((scheme, directory)) = self.url.split_once(':') else {
            return Err(bad("expected the engine, a colon and a directory, for instance sqlite:store"));
        };
        let engine = match scheme {
            "sqlite" => Engine::Sqlite,
            #[cfg(feature = "sled")]
            "sled" => Engine::Sled,
            #[cfg(not(feature = "sled"))]
            "sled" => return Err(bad("this program was built without sled: use sqlite:DIR or build with it")),
            #[cfg(feature = "postgres")]
            "postgres" | "postgresql" => return Ok(Place::Server),
            // The address may hold a password, against all advice: it is not shown.
            #[cfg(not(feature = "postgres"))]
            "postgres" | "postgresql" => {
                let why = "this program was built without PostgreSQL: use sqlite:DIR or build with it";
                return Err(StoreError::BadUrl { url: scheme.to_owned(), why });
            }
            _ => return Err(bad("the engine is unknown: use sqlite:DIR, sled:DIR or postgres://USER@HOST/DATABASE")),
        };
        if directory.is_empty() {
            return Err(bad("there is no directory after the colon: write for instance sqlite:store"));
        }
        Ok(Place::Directory(engine, PathBuf::from(directory)))
    }
}

/// The longest span that the settings take.
const TOO_LONG: Duration = Duration::from_secs(600);

/// Opens the store, making it if there is none yet. With a server, the first connection is made.
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

/// Lays out the tables of a store that lives with a server, as the owner of the database whom the settings name; grants the
/// role `daemon` to read and write rows and nothing else, and the role `readers` to look at the views. Gives the statements
/// of the grants.
///
/// # Errors
/// [`StoreError::NoServer`] if the store lives in a directory, else as [`open`].
pub fn prepare(config: &Config, daemon: Option<&str>, readers: Option<&str>) -> Result<Vec<String>, StoreError> {
    config.check()?;
    match config.place()? {
        Place::Directory(..) => {
            let _ = (daemon, readers);
            Err(StoreError::NoServer)
        }
        #[cfg(feature = "postgres")]
        Place::Server => super::postgres::prepare(config, TABLES, daemon, readers),
    }
}

/// How many bytes the store's files take.
///
/// # Errors
/// [`StoreError::BadUrl`] if the settings cannot be used, [`StoreError::NoDirectory`] if the store lives with a server.
pub(crate) fn disk_use(config: &Config) -> Result<u64, StoreError> {
    config.embedded("measuring files").map(|(_, directory)| size_of(&directory))
}

/// As [`open`], with other tables.
pub(super) fn open_with(config: &Config, tables: &[&'static Table]) -> Result<Arc<dyn Store>, StoreError> {
    config.check()?;
    match config.place()? {
        Place::Directory(Engine::Sqlite, directory) => Ok(Arc::new(Sqlite::open(config, &directory, tables)?)),
        #[cfg(feature = "sled")]
        Place::Directory(Engine::Sled, directory) => Ok(Arc::new(Sled::open(config, &directory, tables)?)),
        #[cfg(feature = "postgres")]
        Place::Server => Ok(Arc::new(Postgres::open(config, tables)?)),
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

    #[cfg(feature = "postgres")]
    #[test]
    fn a_server_has_no_directory_and_its_address_stays_as_it_is() {
        let url = "postgres://ridd@db.example/ridd";
        let files = |password: &str, ca: &str| Config {
            password_file: Some(PathBuf::from(password)),
            ca_file: Some(PathBuf::from(ca)),
            ..Config::at(url)
        };
        assert_eq!(files("password", "/ca.pem").resolved(Path::new("/d")), files("/d/password", "/ca.pem"));
        assert!(files("p", "c").is_shared() && files("p", "c").check().is_ok());
        assert!(matches!(Config::at(url).check(), Err(StoreError::BadUrl { .. })), "nobody vouches for the server");
        assert!(matches!(files("p", "c").directory(), Err(StoreError::NoDirectory { .. })));
        assert!(matches!(disk_use(&files("p", "c")), Err(StoreError::NoDirectory { .. })));
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
            Config { connections: 257, ..Config::default() },
        ] {
            assert!(matches!(config.check(), Err(StoreError::BadSetting { .. })), "{config:?}");
        }
        let endless = Config { wait_timeout: Duration::from_secs(601), ..Config::default() };
        assert!(matches!(endless.check(), Err(StoreError::BadSpan { .. })));
        Config::default().check().unwrap();
    }
}
