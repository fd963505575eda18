//! Turning the pages of a listing: how many are shown, and the links to the first and to the next of them. `turn.html` shows
//! it under each listing. And the addresses of what has a name.

use std::fmt::Display;

use crate::admin::call::Call;
use crate::admin::{path, with_parameters};

/// What stands under a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    /// How many are shown.
    pub(super) shown: usize,
    /// How many there are in all, filters aside, if that is known.
    pub(super) all: Option<u64>,
    /// The address of the first page; nothing if this is it.
    pub(super) first: Option<String>,
    /// The address of the next page, if there is one.
    pub(super) next: Option<String>,
}

impl Turn {
    /// For a listing at that address, filtered as the request says. `place` is the parameter by which it goes on, and
    /// `next` its value.
    pub(super) fn of(call: &Call<'_>, address: &str, shown: usize, place: &str, next: Option<String>) -> Self {
        Self::within(&call.ask.query, address, shown, place, next)
    }

    fn within(query: &[(String, String)], address: &str, shown: usize, place: &str, next: Option<String>) -> Self {
        let filters = query.iter().filter(|(name, value)| name != place && !value.is_empty());
        let mut parameters: Vec<_> = filters.map(|(name, value)| (name.as_str(), Some(value.clone()))).collect();
        let turned = query.iter().any(|(name, value)| name == place && !value.is_empty());
        let first = turned.then(|| with_parameters(address, &parameters));
        let next = next.map(|next| {
            parameters.push((place, Some(next)));
            with_parameters(address, &parameters)
        });
        Self { shown, all: None, first, next }
    }

    /// The same, with how many there are in all.
    pub(super) fn among(self, all: u64) -> Self {
        Self { all: Some(all), ..self }
    }
}

/// What the request asks for under that name, to show it in its field again.
pub(super) fn asked(call: &Call<'_>, name: &str) -> String {
    let found = call.ask.query.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
}

/// The address of what has that name below `base`: names are others', so they are encoded.
pub(super) fn below(base: impl AsRef<str>, name: impl Display) -> String {
    format!("{}/{}", base.as_ref(), path([name.to_string().as_str()]))
}

/// The address of a listing, filtered by one parameter.
pub(super) fn where_is(base: impl AsRef<str>, name: impl AsRef<str>, value: impl Display) -> String {
    with_parameters(base.as_ref(), &[(name.as_ref(), Some(value.to_string()))])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place_in_an_address() {
        assert_eq!(below("/inventory/systems", "../../\"><script>"), "/inventory/systems/..%2F..%2F%22%3E%3Cscript%3E");
        assert_eq!(where_is("/messages", "incident", "a&b=#1"), "/messages?incident=a%26b%3D%231");
    }

    #[test]
    fn filters_stay_when_pages_are_turned() {
        let query = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let begin = query(&[("peer", "a.example"), ("type", "")]);
        let turn = Turn::within(&begin, "/messages", 100, "cursor", Some("[5,\"x\"]".to_owned()));
        let next = "/messages?peer=a.example&cursor=%5B5%2C%22x%22%5D";
        assert_eq!((turn.first.as_deref(), turn.next.as_deref()), (None, Some(next)));
        let on = query(&[("peer", "a.example"), ("cursor", "[5]")]);
        let turn = Turn::within(&on, "/messages", 3, "cursor", None);
        assert_eq!((turn.first.as_deref(), turn.next), (Some("/messages?peer=a.example"), None));
    }
}
