//! `ridd schema`: the XML Schemas of what this program reads and writes.

use super::{Ended, Exit, Failure, print};

/// Name and text of each schema. `tests/schemas.rs` keeps those that come from tables true to them.
pub(crate) const SCHEMAS: [(&str, &str); 9] = [
    ("iodef-1.0", include_str!("../../schemas/iodef-1.0.xsd")),
    ("iodef-2.0", include_str!("../../schemas/iodef-2.0.xsd")),
    ("iodef-rid-2.0", include_str!("../../schemas/iodef-rid-2.0.xsd")),
    ("iodef-sci-1.0", include_str!("../../schemas/iodef-sci-1.0.xsd")),
    ("iodef-enum-1.0", include_str!("../../schemas/iodef-enum-1.0.xsd")),
    ("xmldsig", include_str!("../../schemas/xmldsig.xsd")),
    ("ridd-coordination-1", include_str!("../../schemas/ridd-coordination-1.xsd")),
    ("xml", include_str!("../../schemas/xml.xsd")),
    ("all", include_str!("../../schemas/all.xsd")),
];

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which one, such as `iodef-2.0`; without it, the names of all
    name: Option<String>,
}

pub(crate) fn run(args: &Args) -> Ended {
    let names = || SCHEMAS.map(|(name, _)| name).join("\n");
    let Some(wanted) = &args.name else {
        print(names())?;
        return Ok(Exit::Done);
    };
    let wanted = wanted.strip_suffix(".xsd").unwrap_or(wanted);
    match SCHEMAS.iter().find(|(name, _)| *name == wanted) {
        Some((_, text)) => print(text)?,
        None => return Err(Failure::input(format_args!("there is no schema {wanted:?}; there are:\n{}", names()))),
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_that_one_imports_is_there() {
        for (name, text) in SCHEMAS {
            for location in text.split("schemaLocation=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let known = SCHEMAS.iter().any(|(other, _)| format!("{other}.xsd") == location);
                assert!(known, "{name} imports {location}");
            }
        }
    }

    #[test]
    fn an_unknown_name_is_an_input_error() {
        assert_eq!(run(&Args { name: Some("iodef-3.0".to_owned()) }).unwrap_err().exit, Exit::Usage);
    }
}
