//! The values that an administrator has accepted beside those that the standards list (RFC 7970 §5.1: IANA and
//! consortiums add to them). Checked when the configuration is; the envelope reads with them.

use super::config::BadConfig;
use crate::envelope::Accept;
use crate::rid;

/// All that is wrong with them.
pub(super) fn faults(accept: &Accept) -> Vec<BadConfig> {
    let mut faults = Vec::new();
    for (list, values) in accept {
        let tables: Vec<_> = rid::grammar().enumerations().filter(|table| table.name == list).collect();
        if tables.is_empty() {
            faults.push(BadConfig::NoSuchList { list: list.clone(), nearest: nearest(list) });
        }
        for value in values {
            // The same name stands for the lists of both versions of IODEF: a value may be new to one of them only.
            let known = !tables.is_empty() && tables.iter().all(|table| table.values.contains(&value.as_str()));
            let why = if known {
                "is one of the list already: remove it"
            } else if !is_word(value) {
                "is no word: write letters, digits, and . - _ : only"
            } else {
                continue;
            };
            faults.push(BadConfig::NoSuchValue { list: list.clone(), value: value.clone(), why });
        }
    }
    faults
}

/// xs:NMTOKEN, of the characters that the standards use, for none of their values needs others.
fn is_word(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:".contains(&byte))
}

/// The names most like it: those that share its longest beginning, whatever their case.
fn nearest(list: &str) -> Vec<&'static str> {
    let shared = |name: &str| {
        let pairs = name.bytes().zip(list.bytes());
        pairs.take_while(|(one, other)| one.eq_ignore_ascii_case(other)).count()
    };
    let mut names: Vec<_> = rid::grammar().enumerations().map(|table| table.name).collect();
    names.sort_unstable();
    names.dedup();
    let most = names.iter().map(|name| shared(name)).max().unwrap_or(0);
    names.retain(|name| shared(name) == most);
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(list: &str, values: &[&str]) -> Vec<String> {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        faults(&Accept::from([(list.to_owned(), values)])).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_fault_is_told_with_what_to_do() {
        assert_eq!(told("Incident-purpose", &["exercise"]), [""; 0]);
        assert_eq!(
            told("incident-purpos", &["exercise", "a b"]),
            [
                "exchange.accept-values.incident-purpos: no standard has a list of that name; write Incident-purpose",
                "exchange.accept-values.incident-purpos: \"a b\" is no word: write letters, digits, and . - _ : only",
            ]
        );
        assert_eq!(
            told("Incident-purpose", &["mitigation"]),
            ["exchange.accept-values.Incident-purpose: \"mitigation\" is one of the list already: remove it"]
        );
        // Of the two versions only IODEF 2.0 has it.
        assert_eq!(told("Incident-purpose", &["watch"]), [""; 0]);
    }
}
