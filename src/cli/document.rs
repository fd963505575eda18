//! Documents that a command takes and gives by hand: read whole from a file or standard input, written whole to a new
//! file or to standard output.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use super::Failure;
use crate::xml::{Document, Limits, Node};

/// What is read by hand may be larger than what a peer may send, and one run of text may be all of it: that is how
/// encrypted content looks.
pub(super) fn limits() -> Limits {
    let size = 16 << 20;
    Limits { size, text_bytes: size, ..Limits::default() }
}

/// Reads the file; `-` is standard input.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = |error| Failure::input(format_args!("cannot read {}: {error}", path.display()));
    let source: Box<dyn Read> =
        if path.as_os_str() == "-" { Box::new(std::io::stdin()) } else { Box::new(File::open(path).map_err(cannot)?) };
    let most = u64::try_from(limits().size).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    source.take(most).read_to_end(&mut bytes).map_err(cannot)?;
    Ok(bytes)
}

/// Writes the bytes as they are to a new file, which only its owner may read, or to standard output.
pub(super) fn write(bytes: &[u8], out: Option<&Path>) -> Result<(), Failure> {
    let Some(file) = out else {
        let mut out = std::io::stdout().lock();
        return match out.write_all(bytes).and_then(|()| out.flush()) {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(Failure::failed(error)),
            _ => Ok(()),
        };
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(file).and_then(|mut out| out.write_all(bytes));
    written.map_err(|error| Failure::input(format_args!("cannot write {}: {error}", file.display())))
}

/// The element at a path such as `/RID/RIDPolicy/ReportSchema[2]/XMLDocument`: local names, and a number where several
/// share one.
pub(super) fn at<'a>(document: &'a Document<'_>, path: &str) -> Result<Node<'a>, Failure> {
    let wrong = |why: String| Failure::input(format_args!("{path}: {why}"));
    let mut steps = path.strip_prefix('/').ok_or_else(|| wrong("a path begins with /".to_owned()))?.split('/');
    let root = document.root();
    let first = steps.next().unwrap_or_default();
    if step(first) != Some((root.name(), None)) && step(first) != Some((root.name(), Some(1))) {
        return Err(wrong(format!("the root is {}", root.name())));
    }
    steps.try_fold(root, |here, text| {
        let (name, number) = step(text).ok_or_else(|| wrong(format!("{text:?} is no step of a path")))?;
        let mut same = here.elements().filter(|child| child.name() == name);
        let found = same.nth(number.unwrap_or(1) - 1);
        let found = found.ok_or_else(|| wrong(format!("{} has no {text}", here.path())))?;
        match (number, same.next()) {
            (None, Some(_)) => Err(wrong(format!("{} has several {name}; say which: {name}[1]", here.path()))),
            _ => Ok(found),
        }
    })
}

/// `name` or `name[number]`, the number counted from 1.
fn step(text: &str) -> Option<(&str, Option<usize>)> {
    match text.split_once('[') {
        None => Some((text, None)),
        Some((name, number)) => {
            let number = number.strip_suffix(']')?.parse().ok().filter(|number| *number > 0)?;
            Some((name, Some(number)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_one_element() {
        let document = Document::parse(b"<a><b k='1'/><c/><b k='2'><d/></b></a>", &limits()).unwrap();
        for (path, name) in [("/a", "a"), ("/a/c", "c"), ("/a/b[2]/d", "d"), ("/a[1]/c[1]", "c")] {
            assert_eq!(at(&document, path).unwrap().name(), name);
        }
        for path in ["a", "/b", "/a/b", "/a/b[3]", "/a/b[0]", "/a/b[x]", "/a/b[1", "/a/", "/a[2]"] {
            assert!(at(&document, path).is_err(), "{path}");
        }
    }

    #[test]
    fn what_is_written_is_for_its_owner_only_and_replaces_nothing() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("out.xml");
        write(b"<a/>", Some(&file)).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(write(b"<b/>", Some(&file)).is_err());
        assert_eq!(read(&file).unwrap(), b"<a/>");
    }
}
