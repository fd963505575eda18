//! What the API can be asked for: one table, by which `dispatch` lets requests in and from which the document at
//! `/api/v1/openapi.json` is written. Whatever is not in the table is not served, so neither can fall behind.

mod document;
mod rows;

use hyper::Method;
use schemars::{Schema, SchemaGenerator};

use super::{Call, no_such_path, wrong_method};
use crate::admin::auth::{Act, Follow, Permitted};
use crate::admin::http::Reply;
use crate::admin::problem::{Code, Problem};
use crate::store::records::Role;

pub(in crate::admin) use rows::ROWS;

/// How the schema of a type is come by.
type Of = fn(&mut SchemaGenerator) -> Schema;

/// What stands in an address in the place of `{name}`, or in its query as `name=`.
#[derive(Clone, Copy)]
pub(in crate::admin) struct Parameter {
    pub(in crate::admin) name: &'static str,
    of: Of,
    about: &'static str,
}

/// What is sent or answered: JSON of a type, bytes of one of these types, or a choice of both.
#[derive(Clone, Copy)]
struct Content {
    json: Option<Of>,
    bytes: &'static [&'static str],
}

/// One address with one method.
#[derive(Clone, Copy)]
pub(in crate::admin) struct Row {
    pub(in crate::admin) method: &'static str,
    /// Below `/api/v1`, with `{name}` for what varies.
    pub(in crate::admin) path: &'static str,
    /// Its name for programs that write clients.
    id: &'static str,
    /// What it does, in a line.
    summary: &'static str,
    /// The right that it takes.
    act: &'static str,
    /// Who has it.
    pub(in crate::admin) roles: &'static [Role],
    /// What its query takes.
    pub(in crate::admin) parameters: &'static [Parameter],
    takes: Content,
    answers: Content,
    /// What it refuses with beside what every address does.
    codes: &'static [Code],
}

impl Row {
    const fn new<A: Act>(method: &'static str, path: &'static str, id: &'static str, summary: &'static str) -> Self {
        let nothing = Content { json: None, bytes: &[] };
        let (act, roles) = (A::NAME, A::ROLES);
        Self { method, path, id, summary, act, roles, parameters: &[], takes: nothing, answers: nothing, codes: &[] }
    }

    const fn with(mut self, parameters: &'static [Parameter]) -> Self {
        self.parameters = parameters;
        self
    }

    const fn takes(mut self, json: Of) -> Self {
        self.takes.json = Some(json);
        self
    }

    const fn takes_bytes(mut self, types: &'static [&'static str]) -> Self {
        self.takes.bytes = types;
        self
    }

    const fn answers(mut self, json: Of) -> Self {
        self.answers.json = Some(json);
        self
    }

    const fn answers_bytes(mut self, types: &'static [&'static str]) -> Self {
        self.answers.bytes = types;
        self
    }

    const fn fails(mut self, codes: &'static [Code]) -> Self {
        self.codes = codes;
        self
    }

    /// Whether it is at that address.
    fn is_at(&self, rest: &[&str]) -> bool {
        let parts = || self.path.split('/').skip(1);
        parts().count() == rest.len() && parts().zip(rest).all(|(part, came)| part.starts_with('{') || part == *came)
    }
}

/// Lets in what the table has: that address, with that method, with no parameters but those that it takes.
pub(super) fn admit(call: &Call<'_>, method: &Method, rest: &[&str]) -> Result<(), Problem> {
    let there: Vec<&Row> = ROWS.iter().filter(|row| row.is_at(rest)).collect();
    if there.is_empty() {
        return Err(no_such_path(&[&["api", "v1"], rest].concat()));
    }
    let Some(row) = there.iter().find(|row| row.method == method.as_str()) else {
        let methods: Vec<&str> = there.iter().map(|row| row.method).collect();
        return Err(wrong_method(method, &in_words(&methods)));
    };
    let known: Vec<&str> = row.parameters.iter().map(|parameter| parameter.name).collect();
    call.ask.only(&known)
}

/// `GET, PATCH or DELETE`.
fn in_words(methods: &[&str]) -> String {
    match methods {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        methods => methods.concat(),
    }
}

/// Answers `/api/v1/openapi.json`.
pub(super) fn serve(call: &Call<'_>) -> Result<Reply, Problem> {
    show(&call.permit()?)
}

fn show(_: &Permitted<Follow>) -> Result<Reply, Problem> {
    Reply::json(&document::document(ROWS))
}
