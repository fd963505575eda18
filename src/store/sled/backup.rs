//! A copy of the store as it is at one moment, made while commits go on.
//!
//! The copy is a sled of its own, filled in the order of the keys. Commits note which keys they change where it has been
//! already; those are copied again until few are left, and the last ones while nobody commits. That moment is the one whose
//! state the copy has. It is made beside its place, under another name, and gets its own only when it is on the disk: what
//! was copied by half is no backup.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder};
use std::io;
use std::ops::Bound;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sled::{Batch, Db, IVec};

use super::disk::Disk;
use super::{Kept, Opened, error, open_file};
use crate::store::StoreError;
use crate::store::directory::sync_directory;

/// Keys, and bytes of their values, that are read at a time. A commit may have to wait for so long.
const PORTION: usize = 500;
const PORTION_BYTES: usize = 1 << 20;
/// So few keys may be left to be copied while nobody commits.
const FEW: usize = 500;
/// How often changed keys are copied again before the rest is, however much it is: commits that outrun the copy must not
/// keep it from ending.
const ROUNDS: usize = 100;
/// Memory for pages of the copy.
const CACHE: u64 = 16 << 20;

/// Which keys commits change while a copy is made.
#[derive(Debug, Default)]
pub(super) struct Changed(Mutex<Option<Noted>>);

#[derive(Debug)]
struct Noted {
    /// The last key that was copied in order: what comes after it will be copied anyway. Nothing when all have been.
    upto: Option<Vec<u8>>,
    keys: BTreeSet<Vec<u8>>,
}

impl Changed {
    /// Notes what a commit has changed. Called before anyone may read it.
    pub(super) fn note<'k>(&self, keys: impl Iterator<Item = &'k Vec<u8>>) {
        if let Some(noted) = self.lock().as_mut() {
            let been = |key: &&Vec<u8>| noted.upto.as_ref().is_none_or(|upto| *key <= upto);
            noted.keys.extend(keys.filter(been).cloned());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Noted>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The copy that is made, as long as it is: one at a time.
struct Noting<'k>(&'k Kept);

impl<'k> Noting<'k> {
    fn begin(kept: &'k Kept) -> Option<Self> {
        let mut changed = kept.changed.lock();
        let free = changed.is_none();
        free.then(|| {
            *changed = Some(Noted { upto: Some(Vec::new()), keys: BTreeSet::new() });
            Self(kept)
        })
    }

    /// From now on changes of keys up to this one are noted; of all if there is none.
    fn reached(&self, key: Option<&[u8]>) {
        if let Some(noted) = self.0.changed.lock().as_mut() {
            noted.upto = key.map(<[u8]>::to_vec);
        }
    }

    fn count(&self) -> usize {
        self.0.changed.lock().as_ref().map_or(0, |noted| noted.keys.len())
    }

    fn take(&self) -> BTreeSet<Vec<u8>> {
        self.0.changed.lock().as_mut().map(|noted| std::mem::take(&mut noted.keys)).unwrap_or_default()
    }
}

impl Drop for Noting<'_> {
    fn drop(&mut self) {
        *self.0.changed.lock() = None;
    }
}

/// Copies the store into the directory `to`, which must not be there yet, unless `given_up` turns true.
///
/// # Errors
/// If another copy is being made, `to` is there already, or what the disk says. Nothing is left of the copy then.
pub(super) fn backup(kept: &Kept, to: &Path, given_up: &AtomicBool) -> Result<(), StoreError> {
    let failed = |why: io::Error| StoreError::from_io("making the backup", to, &why);
    let busy = || failed(io::Error::other("another backup is being made: wait until it is done"));
    let noting = Noting::begin(kept).ok_or_else(busy)?;
    if fs::symlink_metadata(to).is_ok() {
        return Err(failed(io::ErrorKind::AlreadyExists.into()));
    }
    let mut unfinished = to.to_owned().into_os_string();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    DirBuilder::new().mode(0o700).create(&unfinished).map_err(failed)?;
    let made = fill(kept, &noting, &unfinished, given_up).and_then(|()| {
        fs::rename(&unfinished, to).map_err(failed)?;
        to.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), sync_directory)
    });
    if made.is_err() {
        // The first fault is the one to tell.
        let _ = fs::remove_dir_all(&unfinished);
    }
    made
}

/// Makes the whole copy in the directory, and puts it on the disk.
fn fill(kept: &Kept, noting: &Noting<'_>, place: &Path, given_up: &AtomicBool) -> Result<(), StoreError> {
    let copy = Copy { db: open_file(place, CACHE)?, place, given_up };
    let disk = Disk::of(place)?;
    let mut after = Bound::Unbounded;
    while let Some(portion) = kept.with_opened(|opened| portion(kept, opened, noting, after))? {
        after = portion.last().map_or(Bound::Unbounded, |(key, _)| Bound::Excluded(key.clone()));
        copy.write(portion.into_iter().map(|(key, value)| (key, Some(value))))?;
    }
    for _ in 0..ROUNDS {
        if noting.count() <= FEW {
            break;
        }
        let keys: Vec<_> = noting.take().into_iter().collect();
        for keys in keys.chunks(PORTION) {
            copy.write(kept.with_opened(|opened| again(kept, opened, keys))?)?;
        }
    }
    // Nobody commits from here to the end of this call: that is the moment.
    kept.with_opened(|opened| copy.write(again(kept, opened, &noting.take().into_iter().collect::<Vec<_>>())?))?;
    disk.flush(&copy.db)?;
    disk.sync_entries()
}

type Value = (IVec, Option<IVec>);

/// The next records in order, and none that a commit changes after is forgotten; nothing at the end.
fn portion(
    kept: &Kept,
    opened: &Opened,
    noting: &Noting<'_>,
    after: Bound<IVec>,
) -> Result<Option<Vec<(IVec, IVec)>>, StoreError> {
    let (mut portion, mut bytes) = (Vec::new(), 0);
    for record in opened.db.range((after, Bound::Unbounded)) {
        let (key, value) = record.map_err(|why| kept.error("reading for the backup", why))?;
        bytes += value.len();
        portion.push((key, value));
        if portion.len() >= PORTION || bytes >= PORTION_BYTES {
            break;
        }
    }
    noting.reached(portion.last().map(|(key, _)| &**key));
    Ok(Some(portion).filter(|portion| !portion.is_empty()))
}

/// What these keys have now.
fn again(kept: &Kept, opened: &Opened, keys: &[Vec<u8>]) -> Result<Vec<Value>, StoreError> {
    let value = |key: &Vec<u8>| Ok((IVec::from(&key[..]), opened.db.get(key)?));
    keys.iter().map(value).collect::<sled::Result<_>>().map_err(|why| kept.error("reading for the backup", why))
}

/// The sled that is filled.
struct Copy<'p> {
    db: Db,
    place: &'p Path,
    given_up: &'p AtomicBool,
}

impl Copy<'_> {
    fn write(&self, values: impl IntoIterator<Item = Value>) -> Result<(), StoreError> {
        let doing = "making the backup";
        if self.given_up.load(Ordering::Relaxed) {
            return Err(StoreError::from_io(doing, self.place, &io::ErrorKind::Interrupted.into()));
        }
        let mut batch = Batch::default();
        for (key, value) in values {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.db.apply_batch(batch).map_err(|why| error(self.place, doing, why))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Config;
    use crate::store::records::TABLES;
    use crate::store::sled::Sled;

    #[tokio::test]
    async fn what_is_changed_where_the_copy_has_been_is_noted() {
        let place = tempfile::tempdir().unwrap();
        let kept = Sled::open(&Config::at("sled:x"), place.path(), TABLES).unwrap().kept;
        let [a, m, z] = ["a", "m", "z"].map(|key| key.as_bytes().to_vec());
        let noted = |noting: &Noting<'_>| {
            kept.changed.note([&a, &m, &z].into_iter());
            noting.take().into_iter().collect::<Vec<_>>()
        };
        kept.changed.note([&a].into_iter());
        let noting = Noting::begin(&kept).unwrap();
        assert!(Noting::begin(&kept).is_none(), "one at a time");
        assert_eq!(noted(&noting), Vec::<Vec<u8>>::new());
        noting.reached(Some(b"m"));
        assert_eq!(noted(&noting), [a.clone(), m.clone()]);
        noting.reached(None);
        assert_eq!(noted(&noting), [a.clone(), m.clone(), z.clone()]);
        drop(noting);
        assert_eq!(Noting::begin(&kept).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn nothing_is_left_of_a_copy_that_nobody_waits_for() {
        let place = tempfile::tempdir().unwrap();
        let kept = Sled::open(&Config::at("sled:x"), &place.path().join("store"), TABLES).unwrap().kept;
        let to = place.path().join("copy");
        assert!(backup(&kept, &to, &AtomicBool::new(true)).is_err());
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "the store alone");
        backup(&kept, &to, &AtomicBool::new(false)).unwrap();
        assert!(to.join("db").is_file());
    }
}
