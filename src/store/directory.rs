//! The directory of an embedded store: made for its owner alone, and held by one process at a time.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::StoreError;

/// What tells a store's directory from others.
const OURS: [&str; 3] = ["lock", "ridd.db", "db"];

/// A directory that nobody else has open as a store, until this is dropped.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    lock: File,
}

/// Closing the file is not enough: a child that is just being started has it as well, until it is another program.
impl Drop for Directory {
    fn drop(&mut self) {
        if let Err(why) = self.lock.unlock() {
            tracing::warn!(path = %self.path.display(), %why, "the store's lock ends only with this process");
        }
    }
}

impl Directory {
    /// Makes the directory (0700) if it is not there, and locks it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it, [`StoreError::Backend`] if it holds other things than a store, or
    /// what the disk says.
    pub(super) fn claim(path: &Path) -> Result<Self, StoreError> {
        let failed = |doing, why: io::Error| StoreError::from_io(doing, path, &why);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|why| failed("making the directory", why))?;
        recognise(path)?;
        fs::set_permissions(path, Permissions::from_mode(0o700))
            .map_err(|why| failed("closing the directory to others", why))?;
        let mut options = OpenOptions::new();
        let lock = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path.join("lock"));
        let mut lock = lock.map_err(|why| failed("opening the lock", why))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(locked(path, &mut lock)),
            Err(TryLockError::Error(why)) => return Err(failed("locking", why)),
        }
        // The number only tells people who holds the lock; the lock itself ends with the process. A full disk must not
        // keep the store from being opened.
        if lock.set_len(0).is_ok() {
            let _ = write!(lock, "{}", std::process::id());
        }
        let parent = path.parent().map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent });
        parent.map_or(Ok(()), sync_directory)?;
        Ok(Self { path: path.to_owned(), lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Puts the directory's entries on the disk: a file made in it is there after a power cut.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        sync_directory(&self.path)
    }
}

/// A directory that holds something, but no store, is somebody else's: it is not taken over and closed to others.
fn recognise(path: &Path) -> Result<(), StoreError> {
    let failed = |why| StoreError::from_io("opening the directory", path, &why);
    let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(failed)?;
    let ours = |entry: &fs::DirEntry| OURS.iter().any(|name| entry.file_name() == *name);
    if entries.is_empty() || entries.iter().any(ours) {
        return Ok(());
    }
    let why = "it holds other files and no store: name an empty directory, or one that is not there yet";
    Err(failed(io::Error::new(io::ErrorKind::AlreadyExists, why)))
}

/// Puts a directory's entries on the disk.
pub(super) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    let synced = File::open(path).and_then(|directory| directory.sync_all());
    synced.map_err(|why| StoreError::from_io("syncing the directory", path, &why))
}

fn locked(path: &Path, lock: &mut File) -> StoreError {
    let mut holder = String::new();
    let read = lock.rewind().and_then(|()| lock.take(20).read_to_string(&mut holder));
    let holder = match read {
        Ok(length) if length > 0 => format!("process {}", holder.trim()),
        _ => "another process".to_owned(),
    };
    StoreError::Locked { place: path.display().to_string(), holder }
}

/// The bytes that the files directly in a directory take.
pub(super) fn size_of(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return 0 };
    let sizes = entries.flatten().filter_map(|entry| entry.metadata().ok());
    sizes.filter(fs::Metadata::is_file).map(|metadata| metadata.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time_and_nobody_else_may_look() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a/store");
        let held = Directory::claim(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        let refused = Directory::claim(&path).unwrap_err();
        let me = format!("process {}", std::process::id());
        assert!(matches!(&refused, StoreError::Locked { holder, .. } if *holder == me), "{refused}");
        // As a child has it that is being started.
        let inherited = held.lock.try_clone().unwrap();
        drop(held);
        Directory::claim(&path).unwrap();
        drop(inherited);
    }

    #[test]
    fn a_directory_of_other_things_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("letter"), "dear").unwrap();
        fs::set_permissions(place.path(), Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(Directory::claim(place.path()), Err(StoreError::Backend { .. })));
        assert_eq!(fs::metadata(place.path()).unwrap().permissions().mode() & 0o777, 0o755);
        assert!(!place.path().join("lock").exists());
    }
}
