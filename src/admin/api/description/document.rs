//! Writes the table as an OpenAPI 3.1 document. The schemas are those of the types that are read and written.

use std::collections::BTreeMap;

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{Content, Of, Parameter, Row};
use crate::admin::api::events::right;
use crate::admin::problem::{Code, Problem};
use crate::ids::{Digest, EventId, MessageId, ParcelId, PeerName};

const ABOUT: &str = "The API of one node, for its staff. On the node's own socket (admin.socket) the kernel says who asks; at the \
    page's address a signed-in session or an operator's certificate does. A listing takes `limit` and, where it says `next`, goes on \
    with that as `cursor`. Whatever cannot be done is answered with a Problem, whose `code` is for programs and never changes \
    its meaning.";

/// What addresses have in the place of `{name}`.
const IN_PATHS: &[Parameter] = &[
    Parameter { name: "peer", of: SchemaGenerator::subschema_for::<PeerName>, about: "A peer, by its DNS-ID." },
    Parameter { name: "unit", of: SchemaGenerator::subschema_for::<PeerName>, about: "A unit, by its DNS-ID." },
    Parameter { name: "spki", of: SchemaGenerator::subschema_for::<Digest>, about: "A key, by its digest." },
    Parameter { name: "message", of: SchemaGenerator::subschema_for::<MessageId>, about: "A message." },
    Parameter { name: "parcel", of: SchemaGenerator::subschema_for::<ParcelId>, about: "A parcel." },
    Parameter { name: "event", of: SchemaGenerator::subschema_for::<EventId>, about: "A significant event." },
    Parameter { name: "incident", of: SchemaGenerator::subschema_for::<String>, about: "An incident, as NAME#ID." },
    Parameter { name: "system", of: SchemaGenerator::subschema_for::<String>, about: "A system, by name." },
    Parameter { name: "person", of: SchemaGenerator::subschema_for::<String>, about: "A person of the roster, by id." },
    Parameter { name: "operator", of: SchemaGenerator::subschema_for::<String>, about: "An operator, by name." },
];

/// What every address may refuse with.
const ALWAYS: &[Code] = &[Code::BadRequest, Code::NotSignedIn, Code::NotPermitted, Code::StoreFailed, Code::Failed];

/// The same for those that change something or take a body.
const CHANGING: &[Code] = &[Code::TooLarge, Code::TooSlow, Code::StoreFull];

/// The document of this table.
pub(super) fn document(rows: &[Row]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
    });
    let mut schemas = settings.into_generator();
    let problem = schemas.subschema_for::<Problem>();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for row in rows {
        let operation = operation(row, &problem, &mut schemas);
        paths.entry(row.path).or_default().insert(row.method.to_ascii_lowercase(), operation);
    }
    let session = json!({
        "type": "apiKey", "in": "cookie", "name": "__Host-ridd",
        "description": "A session of the page. What changes something carries its token in the header field X-CSRF, too.",
    });
    let mut definitions = schemas.take_definitions(true);
    definitions.get_mut("EventOrder").map(with_rights);
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "ridd",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "/api/v1" }],
        "security": [{}, { "session": [] }, { "certificate": [] }],
        "paths": paths,
        "components": {
            "schemas": definitions,
            "securitySchemes": {
                "session": session,
                "certificate": { "type": "mutualTLS", "description": "A certificate that an operator was added with." },
            },
        },
    })
}

/// Says of each order about an event which right it takes: all have one address.
fn with_rights(orders: &mut Value) {
    for order in orders["oneOf"].as_array_mut().into_iter().flatten() {
        let name = order["properties"]["order"]["const"].as_str().unwrap_or_default();
        let Some((right, roles)) = right(name) else { continue };
        let roles: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        let about = order["description"].as_str().unwrap_or_default();
        let about = format!("{about} Takes the right to {right}: {}.", roles.join(", "));
        order["description"] = about.trim_start().into();
        order["x-roles"] = roles.into();
    }
}

fn operation(row: &Row, problem: &schemars::Schema, schemas: &mut SchemaGenerator) -> Value {
    let noun = row.path.split('/').nth(1).unwrap_or_default();
    let roles: Vec<&str> = row.roles.iter().map(|role| role.as_str()).collect();
    let named = row.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let in_path = named.filter_map(|name| IN_PATHS.iter().find(|parameter| parameter.name == name));
    let mut parameters: Vec<Value> = in_path.map(|one| parameter("path", one, schemas)).collect();
    parameters.extend(row.parameters.iter().map(|one| parameter("query", one, schemas)));
    let mut operation = json!({
        "operationId": row.id,
        "summary": row.summary,
        "description": format!("Takes the right to {}: {}.", row.act, roles.join(", ")),
        "x-roles": roles,
        "tags": [noun],
        "parameters": parameters,
        "responses": responses(row, problem, schemas),
    });
    if row.takes.json.is_some() || !row.takes.bytes.is_empty() {
        operation["requestBody"] = json!({ "required": true, "content": content(row.takes, schemas) });
    }
    operation
}

fn parameter(place: &str, parameter: &Parameter, schemas: &mut SchemaGenerator) -> Value {
    let Parameter { name, of, about } = parameter;
    json!({ "name": name, "in": place, "required": place == "path", "description": about, "schema": of(schemas) })
}

fn content(content: Content, schemas: &mut SchemaGenerator) -> Map<String, Value> {
    let json = content.json.map(|of: Of| ("application/json".to_owned(), json!({ "schema": of(schemas) })));
    let bytes = content.bytes.iter().map(|kind| ((*kind).to_owned(), json!({})));
    json.into_iter().chain(bytes).collect()
}

fn responses(row: &Row, problem: &schemars::Schema, schemas: &mut SchemaGenerator) -> Map<String, Value> {
    let done = json!({ "description": "It is done, or this is it.", "content": content(row.answers, schemas) });
    let changing = if row.method == "GET" { &[][..] } else { CHANGING };
    let mut refusals: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in ALWAYS.iter().chain(changing).chain(row.codes) {
        refusals.entry(code.status()).or_default().push(code.as_str());
    }
    let refusals = refusals.into_iter().map(|(status, codes)| {
        let content = json!({ "application/json": { "schema": problem } });
        (status.to_string(), json!({ "description": codes.join(", "), "x-codes": codes, "content": content }))
    });
    std::iter::once(("200".to_owned(), done)).chain(refusals).collect()
}
