//! Where signatures stand in a RID message, and what an originator signs: RFC 6545 §5.1.1, §9.1. Called by `envelope` and
//! by `ridd sign` and `verify`; how signatures are made and judged is not known here.

use crate::iodef::{v1, v2};
use crate::rid::NAMESPACE;
use crate::xml::{Document, Node};

/// The way from the root to the element that holds a Signature: ReportSchema has the only place for one.
pub const SIGNATURE_PATH: &[(&str, &str)] =
    &[(NAMESPACE, "RID"), (NAMESPACE, "RIDPolicy"), (NAMESPACE, "ReportSchema"), (NAMESPACE, "Signature")];

/// The way from the root to the element that holds the document. Signatures in there are part of the document.
pub const DOCUMENT_PATH: &[(&str, &str)] =
    &[(NAMESPACE, "RID"), (NAMESPACE, "RIDPolicy"), (NAMESPACE, "ReportSchema"), (NAMESPACE, "XMLDocument")];

/// Where the next Signature of a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignaturePlace {
    /// The byte in front of which it goes: behind the last child of ReportSchema.
    pub at: usize,
    /// The start tag of the Signature element of RID, whose type is IODEF's extension.
    pub before: String,
    /// Its end tag.
    pub after: String,
}

/// The place for a Signature; none if the message has no ReportSchema, for then the schema has no place for one.
#[must_use]
pub fn signature_place(document: &Document<'_>) -> Option<SignaturePlace> {
    let schema = report_schema(document)?;
    let name = match schema.qualified_name().split_once(':') {
        Some((prefix, _)) => format!("{prefix}:Signature"),
        None => "Signature".to_owned(),
    };
    Some(SignaturePlace {
        at: schema.elements().last()?.range().end,
        before: format!("<{name} dtype=\"xml\" meaning=\"xml\">"),
        after: format!("</{name}>"),
    })
}

/// What the originator of a Request signs: each RecordItem of the document; where there is none, each DateTime of a
/// RecordData (§9.1). Nothing if it has neither, or is no IODEF, or is encrypted.
#[must_use]
pub fn originals<'a>(document: &'a Document<'_>) -> Vec<Node<'a>> {
    let Some(holder) = report_schema(document).and_then(|schema| schema.child(NAMESPACE, "XMLDocument")) else {
        return Vec::new();
    };
    let items: Vec<_> = in_record(holder, "RecordItem").collect();
    if items.is_empty() { in_record(holder, "DateTime").collect() } else { items }
}

/// Whether anything below that element could be signed by an originator.
#[must_use]
pub fn has_records(root: Node<'_>) -> bool {
    ["RecordItem", "DateTime"].into_iter().any(|name| in_record(root, name).next().is_some())
}

/// The elements of that name in a RecordData, of either version.
fn in_record<'a>(holder: Node<'a>, name: &'static str) -> impl Iterator<Item = Node<'a>> {
    holder.descendants().filter(move |node| {
        let record = node.parent().filter(|parent| parent.name() == "RecordData");
        node.name() == name
            && matches!(node.namespace(), v1::NAMESPACE | v2::NAMESPACE)
            && record.is_some_and(|record| record.namespace() == node.namespace())
    })
}

fn report_schema<'a>(document: &'a Document<'_>) -> Option<Node<'a>> {
    let root = document.root();
    let policy = root.child(NAMESPACE, "RIDPolicy").filter(|_| root.is(NAMESPACE, "RID"))?;
    policy.child(NAMESPACE, "ReportSchema")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::Limits;

    const V1: &str = "urn:ietf:params:xml:ns:iodef-1.0";

    fn message(records: &str) -> String {
        format!(
            "<RID xmlns='{NAMESPACE}'><RIDPolicy><ReportSchema><XMLDocument><i:IODEF-Document xmlns:i='{V1}'>{records}\
             </i:IODEF-Document></XMLDocument> </ReportSchema></RIDPolicy></RID>"
        )
    }

    #[test]
    fn the_place_is_behind_the_document() {
        let text = message("");
        let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
        let place = signature_place(&document).unwrap();
        assert!(text[..place.at].ends_with("</XMLDocument>"));
        assert_eq!(place.before, "<Signature dtype=\"xml\" meaning=\"xml\">");
        let bare = format!("<r:RID xmlns:r='{NAMESPACE}'><r:RIDPolicy/></r:RID>");
        assert_eq!(signature_place(&Document::parse(bare.as_bytes(), &Limits::default()).unwrap()), None);
    }

    #[test]
    fn items_come_before_times() {
        let names = |records: &str| {
            let text = message(records);
            let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
            originals(&document).iter().map(|node| node.name().to_owned()).collect::<Vec<_>>()
        };
        let time = "<i:RecordData><i:DateTime/></i:RecordData>";
        assert_eq!(names(time), ["DateTime"]);
        let items = "<i:RecordData><i:RecordItem/><i:RecordItem/></i:RecordData>";
        assert_eq!(names(&format!("{time}{items}")), ["RecordItem", "RecordItem"]);
        assert!(names("<i:HistoryItem><i:DateTime/></i:HistoryItem>").is_empty());
    }
}
