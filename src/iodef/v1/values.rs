//! The lists of values of RFC 5070, as its schema (§8) prints them.

use crate::iodef::common::class::enumeration;

enumeration! {
    /// Who may see what it is set on; what holds nothing itself inherits from around it.
    Restriction "Restriction", section "RFC 5070 §3.2" {
        Default = "default",
        Public = "public",
        NeedToKnow = "need-to-know",
        Private = "private",
    }

    /// How bad.
    Severity "Severity", section "RFC 5070 §3.10.1" {
        Low = "low",
        Medium = "medium",
        High = "high",
    }

    /// A unit of time.
    Duration "Duration", section "RFC 5070 §3.10.2" {
        Second = "second",
        Minute = "minute",
        Hour = "hour",
        Day = "day",
        Month = "month",
        Quarter = "quarter",
        Year = "year",
        ExtValue = "ext-value",
    }

    /// What is asked for, or was done.
    Action "Action", section "RFC 5070 §3.13" {
        Nothing = "nothing",
        ContactSourceSite = "contact-source-site",
        ContactTargetSite = "contact-target-site",
        ContactSender = "contact-sender",
        Investigate = "investigate",
        BlockHost = "block-host",
        BlockNetwork = "block-network",
        BlockPort = "block-port",
        RateLimitHost = "rate-limit-host",
        RateLimitNetwork = "rate-limit-network",
        RateLimitPort = "rate-limit-port",
        RemediateOther = "remediate-other",
        StatusTriage = "status-triage",
        StatusNewInfo = "status-new-info",
        Other = "other",
        ExtValue = "ext-value",
    }

    /// The type of the content of an extension.
    Dtype "AdditionalData-dtype", section "RFC 5070 §3.6" {
        Boolean = "boolean",
        Byte = "byte",
        Character = "character",
        DateTime = "date-time",
        Integer = "integer",
        Ntpstamp = "ntpstamp",
        Portlist = "portlist",
        Real = "real",
        String = "string",
        File = "file",
        Path = "path",
        Frame = "frame",
        Packet = "packet",
        Ipv4Packet = "ipv4-packet",
        Ipv6Packet = "ipv6-packet",
        Url = "url",
        Csv = "csv",
        Winreg = "winreg",
        Xml = "xml",
        ExtValue = "ext-value",
    }

    /// Why a document was made.
    Purpose "Incident-purpose", section "RFC 5070 §3.2" {
        Traceback = "traceback",
        Mitigation = "mitigation",
        Reporting = "reporting",
        Other = "other",
        ExtValue = "ext-value",
    }

    /// What a contact does in the incident.
    ContactRole "Contact-role", section "RFC 5070 §3.7" {
        Creator = "creator",
        Admin = "admin",
        Tech = "tech",
        Irt = "irt",
        Cc = "cc",
        ExtValue = "ext-value",
    }

    /// What a contact is.
    ContactType "Contact-type", section "RFC 5070 §3.7" {
        Person = "person",
        Organization = "organization",
        ExtValue = "ext-value",
    }

    /// A registry of handles.
    Registry "RegistryHandle-registry", section "RFC 5070 §3.7.1" {
        Internic = "internic",
        Apnic = "apnic",
        Arin = "arin",
        Lacnic = "lacnic",
        Ripe = "ripe",
        Afrinic = "afrinic",
        Local = "local",
        ExtValue = "ext-value",
    }

    /// Whether harm is done or feared.
    Occurrence "Assessment-occurrence", section "RFC 5070 §3.10" {
        Actual = "actual",
        Potential = "potential",
    }

    /// Whether an attempt succeeded.
    Completion "Impact-completion", section "RFC 5070 §3.10.1" {
        Failed = "failed",
        Succeeded = "succeeded",
    }

    /// What kind of harm.
    ImpactType "Impact-type", section "RFC 5070 §3.10.1" {
        Admin = "admin",
        Dos = "dos",
        Extortion = "extortion",
        File = "file",
        InfoLeak = "info-leak",
        Misconfiguration = "misconfiguration",
        Recon = "recon",
        Policy = "policy",
        SocialEngineering = "social-engineering",
        User = "user",
        Unknown = "unknown",
        ExtValue = "ext-value",
    }

    /// What a time counts.
    Metric "TimeImpact-metric", section "RFC 5070 §3.10.2" {
        Labor = "labor",
        Elapsed = "elapsed",
        Downtime = "downtime",
        ExtValue = "ext-value",
    }

    /// How sure.
    Rating "Confidence-rating", section "RFC 5070 §3.10.4" {
        Low = "low",
        Medium = "medium",
        High = "high",
        Numeric = "numeric",
        Unknown = "unknown",
    }

    /// The part of a system in the event.
    SystemCategory "System-category", section "RFC 5070 §3.15" {
        Source = "source",
        Target = "target",
        Intermediate = "intermediate",
        Sensor = "sensor",
        Infrastructure = "infrastructure",
        ExtValue = "ext-value",
    }

    /// Whether an address was forged.
    Spoofed "System-spoofed", section "RFC 5070 §3.15" {
        Unknown = "unknown",
        Yes = "yes",
        No = "no",
    }

    /// What kind of address.
    AddressCategory "Address-category", section "RFC 5070 §3.16.2" {
        Asn = "asn",
        Atm = "atm",
        EMail = "e-mail",
        Mac = "mac",
        Ipv4Addr = "ipv4-addr",
        Ipv4Net = "ipv4-net",
        Ipv4NetMask = "ipv4-net-mask",
        Ipv6Addr = "ipv6-addr",
        Ipv6Net = "ipv6-net",
        Ipv6NetMask = "ipv6-net-mask",
        ExtValue = "ext-value",
    }

    /// What a node is there for.
    NodeRoleCategory "NodeRole-category", section "RFC 5070 §3.16.3" {
        Client = "client",
        ServerInternal = "server-internal",
        ServerPublic = "server-public",
        Www = "www",
        Mail = "mail",
        Messaging = "messaging",
        Streaming = "streaming",
        Voice = "voice",
        File = "file",
        Ftp = "ftp",
        P2p = "p2p",
        Name = "name",
        Directory = "directory",
        Credential = "credential",
        Print = "print",
        Application = "application",
        Database = "database",
        Infra = "infra",
        Log = "log",
        ExtValue = "ext-value",
    }

    /// What is counted.
    CounterType "Counter-type", section "RFC 5070 §3.16.1" {
        Byte = "byte",
        Packet = "packet",
        Flow = "flow",
        Session = "session",
        Event = "event",
        Alert = "alert",
        Message = "message",
        Host = "host",
        Site = "site",
        Organization = "organization",
        ExtValue = "ext-value",
    }

    /// The language of an expression.
    PatternType "RecordPattern-type", section "RFC 5070 §3.19.2" {
        Regex = "regex",
        Binary = "binary",
        Xpath = "xpath",
        ExtValue = "ext-value",
    }

    /// What an offset counts.
    OffsetUnit "RecordPattern-offsetunit", section "RFC 5070 §3.19.2" {
        Line = "line",
        Byte = "byte",
        ExtValue = "ext-value",
    }
}
