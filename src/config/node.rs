//! What tells this process from others of the same node.

use serde::{Deserialize, Serialize};

/// The most letters in a name.
const LONGEST: usize = 64;

/// The table `[node]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Node {
    /// The name of this machine among those that share one store; absent: the name of the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Node {
    /// What is wrong with the name; nothing if it can be used.
    pub(super) fn fault(&self) -> Option<String> {
        let name = self.name.as_ref()?;
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        let right = !name.is_empty() && name.len() <= LONGEST && name.chars().all(fits);
        (!right).then(|| format!("{name:?}: write 1 to {LONGEST} letters, digits, and . _ - only"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_word() {
        let fault = |name: &str| Node { name: Some(name.to_owned()) }.fault();
        assert_eq!((Node::default().fault(), fault("node-1.example.org")), (None, None));
        assert!(fault("").is_some() && fault("a b").is_some() && fault("a/b").is_some());
        assert!(fault(&"a".repeat(65)).is_some());
    }
}
