//! The one kind of path that the profile knows: it names one element, step by step. Called by `signature`, to follow
//! XPath Filter 2 (RFC 6545 §7.1.1) and to write it.
//!
//! ```text
//! path   = ["//" name "[@Id='" literal "']/ancestor::" name] 1*step     ; the form that §7.1.1 prints, or absolute
//! step   = "/" name ["[" number "]"]
//! name   = [prefix ":"] local                                           ; without a prefix: in no namespace
//! ```
//! White space may stand between tokens. Each step must match exactly one child; nothing is ever searched for deeper
//! than that, so a path costs no more than the children it passes.

use crate::xml::Node;
use crate::xmlsec::{DSIG, XENC};

/// Why a path is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It is not of the closed grammar.
    #[error("the path is outside the profile at {found:?}: expected {expected}")]
    Grammar {
        /// What would have been right.
        expected: &'static str,
        /// What stands there, cut short.
        found: String,
    },
    /// A prefix stands for nothing.
    #[error("the path's prefix {prefix:?} is not declared where it stands")]
    Prefix {
        /// The prefix.
        prefix: String,
    },
    /// It is longer than is read.
    #[error("the path has more than {limit} {what}")]
    Long {
        /// Of what there are too many.
        what: &'static str,
        /// How many are read.
        limit: usize,
    },
    /// It begins at a Signature that is not the one it stands in.
    #[error(
        "the path begins at the Signature {id:?}, which is not the one it stands in or not the only one of that Id"
    )]
    Start {
        /// The Id.
        id: String,
    },
    /// A step matches nothing.
    #[error("the path selects no element: {step} matches nothing below {below}")]
    Nothing {
        /// The step.
        step: String,
        /// Where it was looked for.
        below: String,
    },
    /// A step matches several elements.
    #[error("the path selects more than one element: {step} matches several below {below}")]
    Several {
        /// The step.
        step: String,
        /// Where it was looked for.
        below: String,
    },
    /// What it selects is encrypted.
    #[error("the path ends at encrypted data below {below}: it can be followed once that is decrypted")]
    Encrypted {
        /// Where the encrypted data stands.
        below: String,
    },
}

/// How long a path may be: characters and steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathLimits {
    pub(super) bytes: usize,
    pub(super) steps: usize,
}

/// A path that was read, its prefixes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path<'a> {
    start: Option<Start<'a>>,
    steps: Vec<Step<'a>>,
}

/// The beginning that RFC 6545 §7.1.1 prints.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Start<'a> {
    id: String,
    ancestor: Name<'a>,
}

/// A namespace's name, empty for none, and a local name.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name<'a> {
    namespace: &'a str,
    local: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Step<'a> {
    name: Name<'a>,
    place: Option<usize>,
}

impl Name<'_> {
    fn names(&self, node: Node<'_>) -> bool {
        node.is(self.namespace, &self.local)
    }
}

impl Step<'_> {
    fn shown(&self) -> String {
        match self.place {
            Some(place) => format!("{}[{place}]", self.name.local),
            None => self.name.local.clone(),
        }
    }
}

impl<'a> Path<'a> {
    /// Reads the path that stands in `holder`, whose declarations its prefixes count on.
    pub(super) fn read(text: &str, holder: Node<'a>, limits: PathLimits) -> Result<Self, PathError> {
        if text.len() > limits.bytes {
            return Err(PathError::Long { what: "bytes", limit: limits.bytes });
        }
        let mut reader = Reader { rest: text, holder };
        let start = if reader.takes("//") { Some(reader.start()?) } else { None };
        let mut steps = Vec::new();
        loop {
            reader.expect("/", "\"/\" and a name")?;
            if steps.len() == limits.steps {
                return Err(PathError::Long { what: "steps", limit: limits.steps });
            }
            steps.push(reader.step()?);
            reader.space();
            if reader.rest.is_empty() {
                return Ok(Self { start, steps });
            }
        }
    }

    /// The one element that it selects, for a path in that Signature.
    pub(super) fn follow(&self, root: Node<'a>, signature: Node<'a>) -> Result<Node<'a>, PathError> {
        let mut here = match &self.start {
            Some(start) => Some(start.follow(root, signature)?),
            None => None,
        };
        for step in &self.steps {
            here = Some(match here {
                Some(node) => step.follow(node)?,
                // The first step of an absolute path can match the root only.
                None if step.name.names(root) && step.place.unwrap_or(1) == 1 => root,
                None => return Err(PathError::Nothing { step: step.shown(), below: "/".to_owned() }),
            });
        }
        Ok(here.unwrap_or(root))
    }
}

impl<'a> Start<'a> {
    fn follow(&self, root: Node<'a>, signature: Node<'a>) -> Result<Node<'a>, PathError> {
        let mut named =
            root.descendants().filter(|node| node.is(DSIG, "Signature") && node.attribute("Id") == Some(&self.id));
        // What another Signature is beside is not ours to sign.
        if named.next() != Some(signature) || named.next().is_some() {
            return Err(PathError::Start { id: self.id.clone() });
        }
        let mut found = None;
        let mut here = signature.parent();
        while let Some(node) = here {
            if self.ancestor.names(node) {
                if found.is_some() {
                    let step = format!("ancestor::{}", self.ancestor.local);
                    return Err(PathError::Several { step, below: "/".to_owned() });
                }
                found = Some(node);
            }
            here = node.parent();
        }
        let nothing =
            || PathError::Nothing { step: format!("ancestor::{}", self.ancestor.local), below: signature.path() };
        found.ok_or_else(nothing)
    }
}

impl<'a> Step<'a> {
    fn follow(&self, parent: Node<'a>) -> Result<Node<'a>, PathError> {
        let mut matches = parent.elements().filter(|child| self.name.names(*child));
        let found = match self.place {
            Some(place) => place.checked_sub(1).and_then(|before| matches.nth(before)),
            None => {
                let found = matches.next();
                if matches.next().is_some() {
                    return Err(PathError::Several { step: self.shown(), below: parent.path() });
                }
                found
            }
        };
        found.ok_or_else(|| {
            if parent.child(XENC, "EncryptedData").is_some() {
                return PathError::Encrypted { below: parent.path() };
            }
            PathError::Nothing { step: self.shown(), below: parent.path() }
        })
    }
}

/// What is left of the text.
struct Reader<'t, 'a> {
    rest: &'t str,
    holder: Node<'a>,
}

impl<'t, 'a> Reader<'t, 'a> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn takes(&mut self, token: &str) -> bool {
        self.space();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, token: &str, expected: &'static str) -> Result<(), PathError> {
        if self.takes(token) { Ok(()) } else { Err(self.outside(expected)) }
    }

    fn outside(&self, expected: &'static str) -> PathError {
        PathError::Grammar { expected, found: self.rest.chars().take(40).collect() }
    }

    /// What follows `//`.
    fn start(&mut self) -> Result<Start<'a>, PathError> {
        let before = self.rest;
        let name = self.name()?;
        if name.namespace != DSIG || name.local != "Signature" {
            self.rest = before;
            return Err(self.outside("Signature[@Id = '…'] of XML Signature behind \"//\""));
        }
        for token in ["[", "@", "Id", "="] {
            self.expect(token, "[@Id = '…']")?;
        }
        self.space();
        let quote = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"'));
        let quoted = quote.and_then(|quote| self.rest.get(1..)?.split_once(quote));
        let Some((id, rest)) = quoted else { return Err(self.outside("an Id in quotes")) };
        self.rest = rest;
        self.expect("]", "\"]\"")?;
        for token in ["/", "ancestor", "::"] {
            self.expect(token, "/ancestor::")?;
        }
        Ok(Start { id: id.to_owned(), ancestor: self.name()? })
    }

    fn step(&mut self) -> Result<Step<'a>, PathError> {
        let name = self.name()?;
        let place = if self.takes("[") {
            self.space();
            let digits = self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = self.rest.split_at(digits);
            let Some(number) = number.parse().ok().filter(|number| *number > 0) else {
                return Err(self.outside("a position from 1"));
            };
            self.rest = rest;
            self.expect("]", "\"]\"")?;
            Some(number)
        } else {
            None
        };
        Ok(Step { name, place })
    }

    fn name(&mut self) -> Result<Name<'a>, PathError> {
        let first = self.word()?;
        // A name holds no white space, and "::" belongs to an axis.
        let local = match self.rest.strip_prefix(':').filter(|rest| !rest.starts_with(':')) {
            Some(rest) => {
                self.rest = rest;
                Some(self.word_here()?)
            }
            None => None,
        };
        if self.rest.trim_start().starts_with('(') || self.rest.trim_start().starts_with("::") {
            return Err(self.outside("a name only: no function, no axis"));
        }
        match local {
            None => Ok(Name { namespace: "", local: first.to_owned() }),
            Some(local) => match self.holder.resolve(first) {
                Some(namespace) => Ok(Name { namespace, local: local.to_owned() }),
                None => Err(PathError::Prefix { prefix: first.to_owned() }),
            },
        }
    }

    fn word(&mut self) -> Result<&'t str, PathError> {
        self.space();
        self.word_here()
    }

    fn word_here(&mut self) -> Result<&'t str, PathError> {
        let inner = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let length = self.rest.len() - self.rest.trim_start_matches(inner).len();
        let (word, rest) = self.rest.split_at(length);
        if !word.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            return Err(self.outside("a name"));
        }
        self.rest = rest;
        Ok(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Document, Limits};

    const LIMITS: PathLimits = PathLimits { bytes: 200, steps: 4 };
    const XML: &str = "<r:a xmlns:r='u' xmlns:d='http://www.w3.org/2000/09/xmldsig#' \
        xmlns:e='http://www.w3.org/2001/04/xmlenc#'><r:b/><r:b><c k='1'/></r:b><r:s><d:Signature Id='x'/></r:s>\
        <r:z><e:EncryptedData/></r:z></r:a>";

    fn follow(path: &str) -> Result<String, PathError> {
        let document = Document::parse(XML.as_bytes(), &Limits::default()).unwrap();
        let root = document.root();
        let signature = root.descendants().find(|node| node.is(DSIG, "Signature")).unwrap();
        Path::read(path, signature, LIMITS)?.follow(root, signature).map(Node::path)
    }

    #[test]
    fn a_path_selects_one_element() {
        let cases = [
            ("/r:a", "/a"),
            ("/r:a[1]/r:b[2]/c", "/a/b[2]/c"),
            (" / r:a / r:b [ 2 ] ", "/a/b[2]"),
            ("//d:Signature[@Id='x']/ancestor::r:a/r:b[2]/c[1]", "/a/b[2]/c"),
            ("\n //d:Signature[@Id = \"x\"]/\n ancestor::r:a/\n r:s", "/a/s"),
        ];
        for (path, selected) in cases {
            assert_eq!(follow(path).as_deref(), Ok(selected), "{path}");
        }
    }

    #[test]
    fn what_selects_none_or_several_is_refused() {
        assert!(matches!(follow("/r:a/r:b"), Err(PathError::Several { .. })));
        for nothing in ["/r:a/r:b[3]", "/r:a/b", "/r:b", "/r:a[2]", "/a", "//d:Signature[@Id='x']/ancestor::r:b/c"] {
            assert!(matches!(follow(nothing), Err(PathError::Nothing { .. })), "{nothing}");
        }
        assert!(matches!(follow("//d:Signature[@Id='y']/ancestor::r:a/r:s"), Err(PathError::Start { .. })));
        assert!(matches!(follow("/r:a/r:z/r:doc"), Err(PathError::Encrypted { .. })));
    }

    #[test]
    fn a_path_begins_at_its_own_signature_and_no_twin() {
        let start = "//d:Signature[@Id='x']/ancestor::r:a/r:s";
        for twin in ["<r:b/>", "</r:a>"] {
            let xml = XML.replacen(twin, &format!("<d:Signature Id='x'/>{twin}"), 1);
            let document = Document::parse(xml.as_bytes(), &Limits::default()).unwrap();
            for signature in document.root().descendants().filter(|node| node.is(DSIG, "Signature")) {
                let path = Path::read(start, signature, LIMITS).unwrap();
                assert!(matches!(path.follow(document.root(), signature), Err(PathError::Start { .. })), "{twin}");
            }
        }
    }

    #[test]
    fn all_other_xpath_is_outside() {
        for path in [
            "",
            "/",
            "//r:b",
            "//*",
            "/r:a/*",
            "/r:a/r:b[0]",
            "/r:a/r:b[last()]",
            "/r:a/r:b[-1]",
            "/r:a/r:b[c]",
            "/r:a//c",
            "/r:a/..",
            "/r:a/child::r:b",
            "/r:a/@k",
            "/r:a/text()",
            "/r:a | /r:b",
            "r:a",
            "id('x')",
            "here()/ancestor::r:a",
            "count(//*) > 0",
            "//d:Signature/ancestor::r:a/r:s",
            "//r:s[@Id='x']/ancestor::r:a/r:s",
            "//d:Signature[@Id='x']/r:a",
        ] {
            assert!(matches!(follow(path), Err(PathError::Grammar { .. })), "{path}: {:?}", follow(path));
        }
        assert!(matches!(follow("/q:a"), Err(PathError::Prefix { .. })));
        assert!(matches!(follow(&format!("/r:a{}", " ".repeat(200))), Err(PathError::Long { what: "bytes", .. })));
        assert!(matches!(follow("/r:a/r:a/r:a/r:a/r:a"), Err(PathError::Long { what: "steps", .. })));
    }
}
