//! How many namespaces are in force where the scan stands. The parser keeps a list of them for each element that declares
//! one, and looks through it for each entry: that grows with the square of the list, so it is counted beforehand.

/// How many comparisons a document may cause for its namespaces; a document with less than 28 prefixes never comes here.
const MOST_WORK: usize = 1 << 24;

/// What is declared, each prefix once, with the depth of the element that declared it first.
#[derive(Default)]
pub(super) struct Scope<'a> {
    prefixes: Vec<(&'a [u8], usize)>,
    work: usize,
}

impl<'a> Scope<'a> {
    /// Takes a declaration on an element of that depth. `most` more than are allowed are not even noted.
    pub(super) fn declare(&mut self, prefix: &'a [u8], depth: usize, most: usize) {
        if self.prefixes.len() <= most && !self.prefixes.iter().any(|(known, _)| *known == prefix) {
            self.prefixes.push((prefix, depth));
        }
    }

    /// Whether there are more prefixes than `most`, or the document has cost too much already, once all declarations of
    /// an element are taken.
    pub(super) fn exceeds(&mut self, most: usize) -> bool {
        let count = self.prefixes.len();
        self.work = self.work.saturating_add(count * count);
        count > most || self.work > MOST_WORK
    }

    /// Forgets what elements deeper than `depth` declared.
    pub(super) fn close(&mut self, depth: usize) {
        while self.prefixes.last().is_some_and(|(_, declared)| *declared > depth) {
            self.prefixes.pop();
        }
    }
}
