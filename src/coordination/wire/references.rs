//! Which References of a document name vulnerabilities and which name patches. Both standards have one class for either,
//! so the words decide. Called by the documents beside it.

use super::Patch;
use super::frame::add;
use super::marks::{self, Marked};
use crate::iodef::outline::{Outline, Reference};

/// What we write in the Reference of a patch.
const PATCH: &str = "Patch to be installed";

/// Lists whose names are vulnerabilities for certain, whatever is said beside them.
const LISTS: [&str; 5] = ["CVE-", "CAN-", "VU#", "GHSA-", "JVN"];

/// Words that tell a patch.
const PATCHES: [&str; 8] =
    ["patch", "hotfix", "service pack", "bulletin", "security update", "software update", "upgrade to", "fixed in"];

/// The vulnerabilities that a document names, each once. If all it names are patches, their names serve, for the event
/// must be about something.
pub(super) fn vulnerabilities(outline: &Outline) -> Vec<String> {
    let mut names = Vec::new();
    let references = || outline.references.iter().filter_map(|one| Some((one, name(one)?)));
    references().filter(|(one, _)| !is_patch(one)).for_each(|(_, name)| add(name, &mut names));
    outline.vulnerabilities.iter().for_each(|name| add(name, &mut names));
    if names.is_empty() {
        let named = references().filter(|(one, name)| !one.urls.iter().any(|url| url == name));
        named.for_each(|(_, name)| add(name, &mut names));
    }
    names
}

/// The patches that a document names.
pub(super) fn patches(outline: &Outline) -> Vec<Patch> {
    let references = outline.references.iter().filter(|one| is_patch(one));
    let mut patches: Vec<Patch> = Vec::new();
    for one in references.chain(&outline.remedies) {
        let digest = one.descriptions.iter().find_map(|text| marks::mark(text, "sha256"));
        let signature = one.descriptions.iter().find_map(|text| marks::mark(text, "signature"));
        let name = name(one).filter(|name| !one.urls.iter().any(|url| url == name));
        let patch = Patch {
            name: name.unwrap_or_default().to_owned(),
            url: one.urls.first().cloned(),
            digest: digest.map(str::to_ascii_lowercase),
            signature: signature.map(str::to_owned),
        };
        if (!patch.name.is_empty() || patch.url.is_some()) && !patches.contains(&patch) {
            patches.push(patch);
        }
    }
    patches
}

/// A patch as it is written.
pub(super) fn patch(patch: &Patch) -> Reference {
    Reference {
        name: Some(patch.name.clone()).filter(|name| !name.is_empty()),
        urls: patch.url.iter().cloned().collect(),
        descriptions: vec![
            Marked::new(PATCH).mark("sha256", patch.digest.as_ref()).mark("signature", patch.signature.as_ref()).end(),
        ],
    }
}

/// The name a Reference gives. IODEF 2.0 has a place only for names of lists that IANA knows, so others stand in words: a
/// description of one word with letters and digits in it.
fn name(reference: &Reference) -> Option<&str> {
    let like_name = |text: &&String| {
        let word = !text.contains(char::is_whitespace) && !text.contains("://");
        word && text.contains(|c: char| c.is_ascii_digit()) && text.contains(|c: char| c.is_alphabetic())
    };
    reference.name.as_ref().or_else(|| reference.descriptions.first().filter(like_name)).map(String::as_str)
}

fn is_patch(reference: &Reference) -> bool {
    if reference.descriptions.iter().any(|text| text.starts_with(PATCH)) {
        return true;
    }
    let name = name(reference).unwrap_or_default();
    if LISTS.iter().any(|list| name.get(..list.len()).is_some_and(|start| start.eq_ignore_ascii_case(list))) {
        return false;
    }
    let words = reference.descriptions.iter().map(String::as_str).chain([name]);
    let words = words.chain(reference.urls.iter().map(String::as_str)).map(str::to_ascii_lowercase);
    words.into_iter().any(|text| PATCHES.iter().any(|word| text.contains(word)))
}
