//! A disk that can lose its power: what a process asked the kernel to write, and what of it is on the platter when.
//!
//! Made from a recording by strace. A write, a truncation or a change of a directory is certain once the file's, or the
//! directory's, `fsync` or `fdatasync` that began after it has returned; `sync_file_range` makes nothing certain. Until
//! then it may be there, not be there, or be there in part (whole sectors from its beginning), each write for itself;
//! changes of one directory come in their order, as journalling file systems have it.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

/// One call, by the lines of the recording where it began and ended.
#[derive(Debug)]
struct Call {
    begin: usize,
    end: usize,
    what: What,
}

#[derive(Debug)]
enum What {
    Directory(PathBuf),
    File(PathBuf, usize),
    Rename(PathBuf, PathBuf),
    Remove(PathBuf),
    Write(usize, usize, Vec<u8>),
    Truncate(usize, usize),
    Sync(usize),
    SyncDirectory(PathBuf),
    Acknowledge(i64),
}

/// All calls on the files below one directory, in the order in which they began.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    calls: Vec<Call>,
    lines: usize,
}

/// What is known while the recording is read.
#[derive(Default)]
struct Reader {
    files: HashMap<PathBuf, usize>,
    directories: Vec<PathBuf>,
    positions: HashMap<PathBuf, usize>,
    known: usize,
}

impl Recording {
    /// Reads what strace wrote with `-f -y -xx`.
    pub(crate) fn read(trace: &str, below: &Path) -> Self {
        let mut recording = Self::default();
        let mut reader = Reader::default();
        let mut unfinished: HashMap<&str, (usize, &str)> = HashMap::new();
        for (line, text) in trace.lines().enumerate() {
            recording.lines = line + 1;
            let Some((process, text)) = text.split_once(' ') else { continue };
            let text = text.trim_start();
            if let Some(begun) = text.strip_suffix(" <unfinished ...>") {
                unfinished.insert(process, (line, begun));
                continue;
            }
            let (begin, whole) = match text.strip_prefix("<... ").and_then(|text| text.split_once(" resumed>")) {
                Some((_, rest)) => match unfinished.remove(process) {
                    Some((begin, begun)) => (begin, format!("{begun}{rest}")),
                    None => continue,
                },
                None => (line, text.to_owned()),
            };
            for what in reader.calls(&whole, below) {
                recording.calls.push(Call { begin, end: line, what });
            }
        }
        recording.calls.sort_by_key(|call| call.begin);
        recording
    }

    /// How many lines there are: the power can be cut before each.
    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    /// The lines at which something was acknowledged, with what it was.
    pub(crate) fn acknowledged(&self) -> impl Iterator<Item = (usize, i64)> {
        self.calls.iter().filter_map(|call| match call.what {
            What::Acknowledge(number) => Some((call.begin, number)),
            _ => None,
        })
    }

    /// How many files were synced between two lines.
    pub(crate) fn syncs(&self, after: usize, before: usize) -> usize {
        let between = |call: &&Call| call.begin > after && call.end < before && matches!(call.what, What::Sync(_));
        self.calls.iter().filter(between).count()
    }

    /// The same without any sync: what a store would leave that never asks for one.
    pub(crate) fn without_syncs(mut self) -> Self {
        // Directories and the first bytes stay certain, or there would be nothing to look at.
        let first = self.acknowledged().next().map_or(0, |(line, _)| line);
        self.calls.retain(|call| call.begin < first || !matches!(call.what, What::Sync(_)));
        self
    }

    /// Makes in `place` what is on the disk when the power goes before line `cut`. What is not certain is lost where
    /// `luck` says 0, there where it says 1, and there in part where it says 2.
    pub(crate) fn disk(&self, cut: usize, place: &Path, luck: &mut dyn FnMut() -> u64) {
        let mut files: BTreeMap<&Path, usize> = BTreeMap::new();
        let mut lost: Vec<&Path> = Vec::new();
        for call in self.calls.iter().filter(|call| call.begin < cut) {
            let (What::Directory(path) | What::File(path, _) | What::Remove(path) | What::Rename(_, path)) = &call.what
            else {
                continue;
            };
            let parent = path.parent().unwrap();
            if lost.contains(&parent) {
                continue;
            }
            if !self.certain(call, cut, |what| matches!(what, What::SyncDirectory(of) if of == parent)) && luck() == 0 {
                lost.push(parent);
                continue;
            }
            match &call.what {
                What::Directory(path) => fs::create_dir_all(place.join(path)).unwrap(),
                What::File(path, file) => drop(files.insert(path, *file)),
                What::Remove(path) => drop(files.remove(path.as_path())),
                What::Rename(from, to) => {
                    if let Some(file) = files.remove(from.as_path()) {
                        files.insert(to, file);
                    }
                }
                _ => {}
            }
        }
        for (path, file) in files {
            let path = place.join(path);
            if path.parent().unwrap().is_dir() {
                fs::write(path, self.content(file, cut, luck)).unwrap();
            }
        }
    }

    fn content(&self, file: usize, cut: usize, luck: &mut dyn FnMut() -> u64) -> Vec<u8> {
        let mut content = Vec::new();
        for call in self.calls.iter().filter(|call| call.begin < cut) {
            if !matches!(&call.what, What::Write(of, ..) | What::Truncate(of, _) if *of == file) {
                continue;
            }
            let certain = self.certain(call, cut, |what| matches!(what, What::Sync(of) if *of == file));
            let luck = if certain { 1 } else { luck() };
            match &call.what {
                What::Write(_, offset, bytes) if luck > 0 => {
                    let kept = if luck == 1 { bytes.len() } else { bytes.len() / 2 / 512 * 512 };
                    content.resize(content.len().max(offset + kept), 0);
                    content[*offset..offset + kept].copy_from_slice(&bytes[..kept]);
                }
                What::Truncate(_, length) if luck > 0 => content.resize(*length, 0),
                _ => {}
            }
        }
        content
    }

    fn certain(&self, call: &Call, cut: usize, sync: impl Fn(&What) -> bool) -> bool {
        self.calls.iter().any(|later| later.begin > call.end && later.end < cut && sync(&later.what))
    }
}

impl Reader {
    /// What one whole line says, if it concerns us and did not fail.
    fn calls(&mut self, text: &str, below: &Path) -> Vec<What> {
        let Some((call, result)) = text.rsplit_once(" = ") else { return Vec::new() };
        let Some((name, arguments)) = call.split_once('(') else { return Vec::new() };
        if result.starts_with('-') {
            return Vec::new();
        }
        let texts = texts(arguments);
        let under = |path: &[u8]| {
            let path = PathBuf::from(String::from_utf8_lossy(path).into_owned());
            path.strip_prefix(below).ok().map(Path::to_owned)
        };
        let open = angled(arguments).and_then(|path| under(&path));
        let named = |at: usize| texts.get(at).and_then(|path| under(path));
        match name {
            "write" if arguments.starts_with("1<") => acknowledged(&texts).into_iter().collect(),
            "mkdir" => named(0).map(|path| self.directory(path)).into_iter().collect(),
            "openat" => named(0).map_or_else(Vec::new, |path| self.opened(path, arguments)),
            "rename" => match (named(0), named(1)) {
                (Some(from), Some(to)) => self.renamed(from, to).into_iter().collect(),
                _ => Vec::new(),
            },
            "unlink" => named(0).map_or_else(Vec::new, |path| {
                self.files.remove(&path);
                vec![What::Remove(path)]
            }),
            _ => open.and_then(|path| self.on_file(name, &path, &texts, call)).into_iter().collect(),
        }
    }

    fn directory(&mut self, path: PathBuf) -> What {
        self.directories.push(path.clone());
        What::Directory(path)
    }

    fn opened(&mut self, path: PathBuf, arguments: &str) -> Vec<What> {
        self.positions.insert(path.clone(), 0);
        if let Some(file) = self.files.get(&path) {
            return if arguments.contains("O_TRUNC") { vec![What::Truncate(*file, 0)] } else { Vec::new() };
        }
        if !arguments.contains("O_CREAT") {
            return Vec::new();
        }
        self.known += 1;
        self.files.insert(path.clone(), self.known);
        vec![What::File(path, self.known)]
    }

    fn renamed(&mut self, from: PathBuf, to: PathBuf) -> Option<What> {
        let file = self.files.remove(&from)?;
        self.files.insert(to.clone(), file);
        Some(What::Rename(from, to))
    }

    fn on_file(&mut self, name: &str, path: &Path, texts: &[Vec<u8>], call: &str) -> Option<What> {
        let last = || call.trim_end().trim_end_matches(')').rsplit(", ").next()?.parse::<usize>().ok();
        if matches!(name, "fsync" | "fdatasync") && !self.files.contains_key(path) {
            return Some(What::SyncDirectory(path.to_owned()));
        }
        let file = *self.files.get(path)?;
        match name {
            "fsync" | "fdatasync" => Some(What::Sync(file)),
            "ftruncate" => Some(What::Truncate(file, last()?)),
            "pwrite64" => Some(What::Write(file, last()?, texts.first()?.clone())),
            "write" => {
                let position = self.positions.entry(path.to_owned()).or_default();
                let at = *position;
                *position += texts.first()?.len();
                Some(What::Write(file, at, texts.first()?.clone()))
            }
            "sync_file_range" => None,
            other => panic!("{other} on {}: the recording does not know what that does", path.display()),
        }
    }
}

fn acknowledged(texts: &[Vec<u8>]) -> Option<What> {
    let line = String::from_utf8_lossy(texts.first()?).into_owned();
    line.lines().find_map(crate::store_crash::acknowledged).map(What::Acknowledge)
}

/// All texts between quotes, of the form `\x61\x62`.
fn texts(arguments: &str) -> Vec<Vec<u8>> {
    arguments.split('"').skip(1).step_by(2).map(unescaped).collect()
}

/// The path of the first descriptor: `5<\x2f…>`.
fn angled(arguments: &str) -> Option<Vec<u8>> {
    let (_, rest) = arguments.split_once('<')?;
    rest.split_once('>').map(|(path, _)| unescaped(path))
}

fn unescaped(text: &str) -> Vec<u8> {
    text.split("\\x").skip(1).map(|digits| u8::from_str_radix(&digits[..2], 16).unwrap()).collect()
}
