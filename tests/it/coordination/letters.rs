//! What nodes that are not `ridd` say, written by hand: plain RID and IODEF, no extension of ours.

use ridd::clock::{Clock, SystemClock, Timestamp};

/// The data call of the fixtures in both versions of IODEF, and the number of its incident.
const CALL_1: &str = include_str!("../../../fixtures/data-call/slammer-1.0.xml");
const CALL_2: &str = include_str!("../../../fixtures/data-call/slammer-2.0.xml");
const NUMBER: &str = "2003-0125-1";
const WRITTEN: &str = "2003-01-25T08:00:00Z";
/// How ReportSchema labels each version.
const LABEL_1: &str = r#"Version="1.0" XMLSchemaID="urn:ietf:params:xml:ns:iodef-1.0""#;
const LABEL_2: &str = "Version=\"ext-value\" ext-Version=\"2.00\" XMLSchemaID=\"ext-value\" \
                       ext-XMLSchemaID=\"urn:ietf:params:xml:ns:iodef-2.0\"";

/// Whose clock these trials go by: the node's own.
pub(crate) fn now() -> Timestamp {
    SystemClock.now()
}

/// What an IncidentID names, with the instance of a Request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) instance: String,
}

impl Named {
    pub(crate) fn new(name: &str, id: &str, instance: &str) -> Self {
        Self { name: name.to_owned(), id: id.to_owned(), instance: instance.to_owned() }
    }

    fn element(&self, prefix: &str) -> String {
        let instance = match self.instance.as_str() {
            "" => String::new(),
            number => format!(" instance=\"{number}\""),
        };
        format!("<{prefix}IncidentID name=\"{}\"{instance}>{}</{prefix}IncidentID>", self.name, self.id)
    }
}

/// A RID message about that incident, with a payload or without, and with what stands behind the RIDPolicy.
fn message(msg_type: &str, about: &Named, payload: Option<(&str, &str)>, behind: &str) -> Vec<u8> {
    let schema = payload.map(|(label, document)| {
        format!(
            "<iodef-rid:ReportSchema {label}><iodef-rid:XMLDocument dtype=\"xml\" meaning=\"xml\">{document}\
             </iodef-rid:XMLDocument></iodef-rid:ReportSchema>"
        )
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <iodef-rid:RID xmlns:iodef-rid=\"urn:ietf:params:xml:ns:iodef-rid-2.0\" \
         xmlns:iodef=\"urn:ietf:params:xml:ns:iodef-1.0\" lang=\"en\">\
         <iodef-rid:RIDPolicy MsgType=\"{msg_type}\" MsgDestination=\"RIDSystem\" restriction=\"need-to-know\">\
         <iodef-rid:PolicyRegion region=\"PeerToPeer\"/>\
         <iodef:Node><iodef:Address category=\"ipv4-addr\">192.0.2.53</iodef:Address></iodef:Node>\
         <iodef-rid:TrafficType type=\"Attack\"/>{}{}</iodef-rid:RIDPolicy>{behind}</iodef-rid:RID>",
        about.element("iodef:"),
        schema.unwrap_or_default()
    )
    .into_bytes()
}

/// A data call, in the making.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    document: String,
    label: &'static str,
    about: Named,
}

impl Call {
    /// The call in IODEF 2.0, or in 1.0, issued now under that number.
    pub(crate) fn new(version: &str, number: &str) -> Self {
        let (text, label) = if version == "1.0" { (CALL_1, LABEL_1) } else { (CALL_2, LABEL_2) };
        let document = &text[text.find("<IODEF-Document").unwrap()..];
        let document = document.replace(NUMBER, number).replace(WRITTEN, &now().to_string());
        Self { document, label, about: Named::new("authority.example", number, "1") }
    }

    /// With this piece of its document replaced.
    pub(crate) fn but(mut self, from: &str, to: &str) -> Self {
        assert!(self.document.contains(from), "{from} is not in {}", self.document);
        self.document = self.document.replacen(from, to, 1);
        self
    }

    /// By another authority under a number of its own, which names the first one's as an alternative.
    pub(crate) fn also_by(mut self, name: &str, number: &str) -> Self {
        let theirs = self.about.element("");
        self.about = Named::new(name, number, "1");
        let ours = format!(
            "{}<AlternativeID>{}</AlternativeID>",
            self.about.element(""),
            Named { instance: String::new(), ..Named::new("authority.example", &number_of(&theirs), "") }.element("")
        );
        self.but(&theirs, &ours)
    }

    /// The document alone.
    pub(crate) fn document(&self) -> &str {
        &self.document
    }

    /// In a message of that type.
    pub(crate) fn as_a(&self, msg_type: &str) -> Vec<u8> {
        message(msg_type, &self.about, Some((self.label, &self.document)), "")
    }
}

fn number_of(element: &str) -> String {
    element.split(['<', '>']).nth(2).unwrap_or_default().to_owned()
}

/// An Acknowledgement (RFC 6545 §6.2): `AuthorizationStatus="Approved"`, or another with its Justification.
pub(crate) fn acknowledgement(about: &Named, status: &str) -> Vec<u8> {
    let behind = format!("<iodef-rid:RequestStatus {status}/>");
    message("Acknowledgement", about, None, &behind)
}

/// A Query for the incident (RFC 6545 §6.5).
pub(crate) fn query(about: &Named) -> Vec<u8> {
    message("Query", &Named { instance: String::new(), ..about.clone() }, None, "")
}

/// What a unit reports of its systems, in IODEF 2.0: which are corrected, which stay as they are and why.
fn work(about: &Named, status: &str, corrected: &[&str], excepted: &[(&str, &str)], history: &str) -> String {
    let system = |name: &&str| {
        format!(
            "<System category=\"target\"><Node><DomainData><Name>{name}</Name></DomainData></Node><AssetID>{name}</AssetID></System>"
        )
    };
    let flow = |systems: String| match systems.as_str() {
        "" => String::new(),
        systems => format!("<Flow>{systems}</Flow>"),
    };
    let done = flow(corrected.iter().map(system).collect());
    let left: String = excepted
        .iter()
        .map(|(name, why)| {
            format!("<EventData><Description>Exception: {why}</Description>{}</EventData>", flow(system(name)))
        })
        .collect();
    let done = if done.is_empty() { String::new() } else { format!("<EventData>{done}</EventData>") };
    let at = now();
    format!(
        "<IODEF-Document xmlns=\"urn:ietf:params:xml:ns:iodef-2.0\" version=\"2.00\" xml:lang=\"en\">\
         <Incident purpose=\"reporting\" status=\"{status}\" restriction=\"need-to-know\">{}\
         <GenerationTime>{at}</GenerationTime><Description>By hand</Description>\
         <Contact role=\"creator\" type=\"organization\"><ContactName>The unit</ContactName></Contact>{done}{left}\
         <History>{history}<HistoryItem action=\"upgrade-software\"><DateTime>{at}</DateTime>\
         <Description>Installed MS02-039</Description></HistoryItem></History></Incident></IODEF-Document>",
        about.element("")
    )
}

/// A Report of progress: these systems are corrected; the owners of all of them know.
pub(crate) fn progress(about: &Named, corrected: &[&str]) -> Vec<u8> {
    let told = |milestone: &str| {
        format!(
            "<HistoryItem action=\"status-new-info\"><DateTime>{}</DateTime><Description>Done. milestone={milestone}\
             </Description></HistoryItem>",
            now()
        )
    };
    let history = told("owners-notified") + &told("patches-obtained");
    let document = work(about, "in-progress", corrected, &[], &history);
    message("Report", about, Some((LABEL_2, &document)), "")
}

/// A Result of completion.
pub(crate) fn completion(about: &Named, corrected: &[&str], excepted: &[(&str, &str)]) -> Vec<u8> {
    let document = work(about, "resolved", corrected, excepted, "");
    let behind =
        "<iodef-rid:IncidentSource><iodef-rid:SourceFound>false</iodef-rid:SourceFound></iodef-rid:IncidentSource>";
    message("Result", about, Some((LABEL_2, &document)), behind)
}

/// What a unit reports in IODEF 1.0, which has no status and names systems by NodeName alone.
pub(crate) fn in_the_first_version(msg_type: &str, about: &Named, words: &str, corrected: &[&str]) -> Vec<u8> {
    let system = |name: &&str| format!("<System category=\"target\"><Node><NodeName>{name}</NodeName></Node></System>");
    let systems: String = corrected.iter().map(system).collect();
    let data = match systems.as_str() {
        "" => String::new(),
        systems => format!("<EventData><Flow>{systems}</Flow></EventData>"),
    };
    let at = now();
    let document = format!(
        "<IODEF-Document xmlns=\"urn:ietf:params:xml:ns:iodef-1.0\" version=\"1.00\" lang=\"en\">\
         <Incident purpose=\"reporting\" restriction=\"need-to-know\">{}<ReportTime>{at}</ReportTime>\
         <Description>{words}</Description><Assessment><Impact lang=\"en\" type=\"unknown\"/></Assessment>\
         <Contact role=\"creator\" type=\"organization\"><ContactName>The unit</ContactName></Contact>{data}\
         <History><HistoryItem action=\"remediate-other\"><DateTime>{at}</DateTime>\
         <Description>MS02-039 installed</Description></HistoryItem></History></Incident></IODEF-Document>",
        about.element("")
    );
    message(msg_type, about, Some((LABEL_1, &document)), "")
}

/// An alert to a unit, as a department that is not `ridd` writes it: these systems, due times in words.
pub(crate) fn alert(about: &Named, systems: &[&str], due: Timestamp) -> Vec<u8> {
    let systems: String = systems
        .iter()
        .map(|name| format!("<System category=\"target\"><Node><DomainData><Name>{name}</Name></DomainData></Node><AssetID>{name}</AssetID></System>"))
        .collect();
    let document = format!(
        "<IODEF-Document xmlns=\"urn:ietf:params:xml:ns:iodef-2.0\" \
         xmlns:enum=\"urn:ietf:params:xml:ns:iodef-enum-1.0\" version=\"2.00\" xml:lang=\"en\">\
         <Incident purpose=\"mitigation\" status=\"new\" restriction=\"need-to-know\">{}\
         <GenerationTime>{}</GenerationTime><Description>SQL Slammer</Description>\
         <Method><Reference><enum:ReferenceName specIndex=\"1\"><enum:ID>CVE-2002-0649</enum:ID></enum:ReferenceName>\
         </Reference></Method>\
         <Contact role=\"creator\" type=\"organization\"><ContactName>Department</ContactName></Contact>\
         <EventData><Flow>{systems}</Flow>\
         <Expectation action=\"status-triage\"><Description>Tell the owners, due={due}.</Description></Expectation>\
         <Expectation action=\"upgrade-software\"><Description>Install MS02-039, due={due}.</Description></Expectation>\
         <Expectation action=\"status-new-info\"><Description>Tell us when it is done, due={due}.</Description>\
         </Expectation></EventData></Incident></IODEF-Document>",
        about.element(""),
        now(),
    );
    message("InvestigationRequest", about, Some((LABEL_2, &document)), "")
}
