//! Backups: a copy of the store in a directory of its own, and back.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::StoreError;
use super::config::{Config, Engine};
use super::directory::{Directory, sync_directory};
use super::sqlite;

/// Copies the store into `to`, which must not be there yet. On SQLite the node may run meanwhile: the copy is the store
/// as it was at one moment. On sled nobody may have the store open: a running node copies it itself ([`super::Store::backup`]).
///
/// # Errors
/// [`StoreError::NoDirectory`] if the store lives with a server; [`StoreError::Backend`] if there is no store or `to` is there already, [`StoreError::Locked`] if sled's is in use, or
/// what the disk says. What has been written of the copy is left behind then.
pub fn backup(config: &Config, to: &Path) -> Result<(), StoreError> {
    let (engine, from) = config.embedded("copying its files")?;
    let failed = |why: io::Error| StoreError::from_io("making the backup", to, &why);
    let made = || DirBuilder::new().mode(0o700).create(to);
    match engine {
        Engine::Sqlite => {
            made().map_err(failed)?;
            sqlite::backup(config, &from, to)?;
        }
        #[cfg(feature = "sled")]
        Engine::Sled => {
            let _held = existing(&from)?;
            made().map_err(failed)?;
            copy_files(&from, to).map_err(failed)?;
        }
    }
    sync_directory(to)?;
    to.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_directory)
}

/// Copies a backup to where the settings want the store, which must not be there yet.
///
/// # Errors
/// [`StoreError::NoDirectory`] if the store lives with a server; [`StoreError::Backend`] if there is no backup or a store is there already, [`StoreError::Locked`] if it is in use,
/// or what the disk says.
pub fn restore(config: &Config, from: &Path) -> Result<(), StoreError> {
    let (engine, to) = config.embedded("putting back its files")?;
    let file = engine.file();
    let failed = |why: io::Error| StoreError::from_io("restoring the backup", &to, &why);
    if !from.join(file).is_file() {
        return Err(failed(io::Error::new(io::ErrorKind::NotFound, format!("{} holds no {file}", from.display()))));
    }
    let directory = Directory::claim(&to)?;
    if to.join(file).exists() {
        let why = format!("there is a store already: move {} away first", to.display());
        return Err(failed(io::Error::new(io::ErrorKind::AlreadyExists, why)));
    }
    copy_files(from, &to).map_err(failed)?;
    directory.sync()
}

/// The store's directory, locked, if there is a store.
#[cfg(feature = "sled")]
fn existing(path: &Path) -> Result<Directory, StoreError> {
    let there = path.is_dir();
    let missing = io::Error::new(io::ErrorKind::NotFound, "there is no store");
    if there { Directory::claim(path) } else { Err(StoreError::from_io("reading", path, &missing)) }
}

/// Copies what is in one directory, and in the directories in it, to another; each file is on the disk when it is done.
/// A store's main file comes last, so that what was copied by half is no store.
fn copy_files(from: &Path, to: &Path) -> io::Result<()> {
    let mut entries = fs::read_dir(from)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(|entry| [sqlite::FILE, "db"].iter().any(|main| entry.file_name() == *main));
    for entry in entries {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(&target)?;
            copy_files(&source, &target)?;
            File::open(&target)?.sync_all()?;
        } else if entry.file_name() != "lock" {
            fs::copy(&source, &target)?;
            File::open(&target)?.sync_all()?;
        }
    }
    Ok(())
}
