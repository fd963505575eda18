//! The syncing that sled does not do.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sled::Db;

use super::error;
use crate::store::StoreError;

/// Our own handle of sled's file.
#[derive(Debug)]
pub(super) struct Disk {
    path: PathBuf,
    db: File,
    syncs: AtomicU64,
}

impl Disk {
    /// For the sled in that directory, which must have been made.
    pub(super) fn of(path: &Path) -> Result<Self, StoreError> {
        let db = File::open(path.join("db")).map_err(|why| StoreError::from_io("opening sled's file", path, &why))?;
        Ok(Self { path: path.to_owned(), db, syncs: AtomicU64::new(0) })
    }

    /// Puts everything that sled has been given on the disk. `Db::flush` hands it to the kernel and starts writing;
    /// only our `fdatasync` waits for the disk.
    pub(super) fn flush(&self, db: &Db) -> Result<(), StoreError> {
        db.flush().map_err(|why| error(&self.path, "flushing", why))?;
        self.sync_blobs().map_err(|why| StoreError::from_io("syncing a long value", &self.path, &why))?;
        self.db.sync_data().map_err(|why| StoreError::from_io("syncing", &self.path, &why))?;
        self.syncs.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// sled keeps a node of the tree beyond about 128 KB in a file of its own and never syncs it. Rows are cut so that
    /// this does not happen; a key of many KB could still make it.
    fn sync_blobs(&self) -> std::io::Result<()> {
        let blobs = self.path.join("blobs");
        let mut any = false;
        for entry in fs::read_dir(&blobs)? {
            match File::open(entry?.path()) {
                Ok(blob) => blob.sync_all()?,
                // sled removes them when they are no longer needed.
                Err(why) if why.kind() == std::io::ErrorKind::NotFound => {}
                Err(why) => return Err(why),
            }
            any = true;
        }
        if any { File::open(&blobs)?.sync_all() } else { Ok(()) }
    }

    /// Puts the directory's entries, and the files that are written only once, on the disk.
    pub(super) fn sync_entries(&self) -> Result<(), StoreError> {
        let sync = |path: &Path| File::open(path).and_then(|file| file.sync_all());
        let entries = || {
            for entry in fs::read_dir(&self.path)? {
                sync(&entry?.path())?;
            }
            sync(&self.path)
        };
        entries().map_err(|why| StoreError::from_io("syncing the directory", &self.path, &why))
    }

    /// How often everything has been put on the disk.
    pub(super) fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }
}
