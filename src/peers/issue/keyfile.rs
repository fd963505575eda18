//! Writing certificates and keys: never over something else, never readable by others, never half.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::IssueError;

/// Writes a new file for everybody to read.
///
/// # Errors
/// If it is there already or cannot be written.
pub fn write_new(file: &Path, text: &str) -> Result<(), IssueError> {
    create(file, text, 0o644)
}

/// Writes a new file that only its owner can read.
///
/// # Errors
/// If it is there already or cannot be written.
pub fn write_key(file: &Path, text: &str) -> Result<(), IssueError> {
    create(file, text, 0o600)
}

/// Replaces a file that need not be there by one for everybody to read: readers see the old or the new one, whole.
///
/// # Errors
/// If it cannot be written; the old one is as it was.
pub fn replace(file: &Path, text: &str) -> Result<(), IssueError> {
    let beside = beside(file);
    // Left over from a try that was broken off.
    if let Err(source) = fs::remove_file(&beside)
        && source.kind() != ErrorKind::NotFound
    {
        return Err(IssueError::File { file: beside, doing: "cannot be removed", source });
    }
    write_new(&beside, text)?;
    rename(&beside, file)
}

/// Moves a file to where it belongs, over what is there.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), IssueError> {
    let failed = |source| IssueError::File { file: to.to_owned(), doing: "cannot be put in place", source };
    fs::rename(from, to).map_err(failed)?;
    match to.parent() {
        Some(parent) => sync_directory(parent),
        None => Ok(()),
    }
}

/// Makes a directory that only its owner can enter, with those above it, unless it is there.
///
/// # Errors
/// If it cannot be made.
pub fn private_directory(directory: &Path) -> Result<(), IssueError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    let failed = |source| IssueError::File { file: directory.to_owned(), doing: "cannot be made", source };
    builder.create(directory).map_err(failed)
}

pub(super) fn sync_directory(directory: &Path) -> Result<(), IssueError> {
    let failed = |source| IssueError::File { file: directory.to_owned(), doing: "cannot be synced", source };
    let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
    File::open(directory).and_then(|handle| handle.sync_all()).map_err(failed)
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    file.with_file_name(name)
}

fn create(file: &Path, text: &str, mode: u32) -> Result<(), IssueError> {
    let failed = |doing: &'static str| {
        move |source: std::io::Error| match source.kind() {
            ErrorKind::AlreadyExists => IssueError::Exists { file: file.to_owned() },
            _ => IssueError::File { file: file.to_owned(), doing, source },
        }
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(mode);
    }
    #[cfg(not(unix))]
    let _ = mode;
    let mut handle = options.open(file).map_err(failed("cannot be made"))?;
    let written = handle.write_all(text.as_bytes()).and_then(|()| handle.sync_all());
    if let Err(source) = written {
        // A half-written file would stand in the way of the next try.
        let _ = fs::remove_file(file);
        return Err(failed("cannot be written")(source));
    }
    match file.parent() {
        Some(parent) => sync_directory(parent),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn keys_are_for_their_owner_only_and_are_never_overwritten() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("node.key");
        write_key(&file, "first").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(matches!(write_key(&file, "second"), Err(IssueError::Exists { .. })));
        assert_eq!(fs::read_to_string(&file).unwrap(), "first");
    }

    #[test]
    fn a_replacement_is_whole_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("own.pem");
        fs::write(directory.path().join("own.pem.new"), "left over").unwrap();
        replace(&file, "first").unwrap();
        replace(&file, "second").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "second");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
