//! Numbers with their nouns, as templates write them: `1 unit`, `2 units`, `3 entries`.

use std::fmt::Display;

/// The number with the noun, which is given for one.
pub(super) fn count(number: impl Display, noun: impl Display) -> String {
    let (number, noun) = (number.to_string(), noun.to_string());
    if number == "1" {
        return format!("1 {noun}");
    }
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{number} {stem}ies"),
        _ => format!("{number} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!([count(1, "unit"), count(0, "unit"), count(2, "unit")], ["1 unit", "0 units", "2 units"]);
        assert_eq!([count(2, "entry"), count(1, "entry"), count(3, "day")], ["2 entries", "1 entry", "3 days"]);
    }
}
