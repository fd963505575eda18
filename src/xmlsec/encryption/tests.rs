//! Trials of encryption: the shared vectors decrypt, every way round trips, whatever was changed is refused, and so is
//! what is outside the profile, by its name.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::xml::{Document, Limits};
use crate::xmlsec::encryption::encrypt::encrypted_data;
use crate::xmlsec::encryption::{
    Config, ContentAlgorithm, DataType, Decrypted, EncryptedData, EncryptionError, Hint, Recipient, XENC, decrypt,
    encrypt,
};
use crate::xmlsec::key::{Certificate, Decrypter, FileKey, PublicKey};

/// Its payload relies on a namespace that is declared further up.
const RELYING: &str = include_str!("../../../fixtures/rid/report-4k.xml");

/// The same report with a payload that declares its own namespace.
fn report() -> String {
    let own = "<iodef:IODEF-Document xmlns:iodef=\"urn:ietf:params:xml:ns:iodef-1.0\" ";
    RELYING.replacen("<iodef:IODEF-Document ", own, 1)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn own(name: &str) -> String {
    std::fs::read_to_string(root().join("certs").join(name)).unwrap()
}

fn key(name: &str) -> FileKey {
    FileKey::from_pem(&own(name), None).unwrap()
}

fn named(name: &str) -> Recipient {
    Recipient::of_key(key(&format!("keys/{name}.pem")).public_key().clone(), name)
}

fn certified(name: &str) -> Recipient {
    Recipient::of_certificate(Certificate::from_pem(&own(&format!("{name}.pem"))).unwrap())
}

/// The folder of shared vectors, if it is there; in CI it must be.
fn shared() -> Option<PathBuf> {
    let folder = root().join("../shared/xmlsec");
    if folder.exists() {
        return Some(folder);
    }
    assert!(std::env::var_os("RIDD_TEST_NO_SKIP").is_none(), "the shared vectors are missing");
    None
}

fn parse(text: &str) -> Document<'_> {
    Document::parse(text.as_bytes(), &Limits::default()).unwrap()
}

fn opened(text: &str, keys: &[&dyn Decrypter]) -> Result<Decrypted, EncryptionError> {
    decrypt(&parse(text), keys, &Config::default(), &Limits::default())
}

/// The report with the content of its XMLDocument encrypted.
fn sealed(recipients: &[Recipient], algorithm: ContentAlgorithm) -> String {
    let text = report();
    let document = parse(&text);
    let target = payload(&document);
    let bytes = encrypt(&document, target, DataType::Content, recipients, algorithm).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn payload<'a>(document: &'a Document<'_>) -> crate::xml::Node<'a> {
    let mut open = vec![document.root()];
    while let Some(node) = open.pop() {
        if node.name() == "XMLDocument" {
            return node;
        }
        open.extend(node.elements());
    }
    panic!("no XMLDocument");
}

#[test]
fn shared_vectors_decrypt() {
    let Some(folder) = shared() else { return };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let plain = read("signed/ow-env-rsa.xml");
    assert!(plain.contains("IODEF-Document"));
    for (file, key) in [
        ("vec.xml", "vec8.key"),
        ("ow-ec.xml", "encec.key"),
        ("ow-rsa.xml", "encrsa.key"),
        ("py-rsa.xml", "encrsa.key"),
    ] {
        let text = read(&format!("encrypted/{file}"));
        let key = FileKey::from_pem(&read(&format!("encrypted/{key}")), None).unwrap();
        let Decrypted { bytes, parts, for_others } =
            opened(&text, &[&key]).unwrap_or_else(|error| panic!("{file}: {error}"));
        let new = String::from_utf8(bytes).unwrap();
        let part = parts.first().unwrap();
        assert!(parts.len() == 1 && for_others.is_empty() && part.data_type == DataType::Element, "{file}");
        assert!(!new.contains("EncryptedData"), "{file}");
        parse(&new);
        // No other byte has changed.
        let start = text.find("<xenc:EncryptedData").unwrap();
        let end = text.rfind("</xenc:EncryptedData>").unwrap() + "</xenc:EncryptedData>".len();
        assert_eq!((&new[..start], &new[part.range.end..]), (&text[..start], &text[end..]), "{file}");
        if file != "vec.xml" {
            assert!(new[part.range.clone()].starts_with("<iodef:IODEF-Document"), "{file}");
        }
        let other = FileKey::from_pem(&own("keys/p384.pem"), None).unwrap();
        assert!(matches!(opened(&text, &[&other]), Err(EncryptionError::NotForUs { .. })), "{file}");
    }
}

#[test]
fn every_way_goes_round() {
    for algorithm in [ContentAlgorithm::Aes128Gcm, ContentAlgorithm::Aes256Gcm] {
        for name in ["rsa-2048", "p256", "p384"] {
            let text = sealed(&[named(name)], algorithm);
            assert!(!text.contains("IncidentID>189493") && text.contains("RIDPolicy"));
            let key = key(&format!("keys/{name}.pem"));
            let decrypted = opened(&text, &[&key]).unwrap();
            assert!(decrypted.bytes == report().as_bytes(), "{name} {algorithm}");
            let part = decrypted.parts.first().unwrap();
            assert_eq!((part.content, part.data_type, part.recipients), (algorithm, DataType::Content, 1));
            assert_eq!(part.range, payload(&parse(&report())).inner_range());
            assert!(part.path.ends_with("/XMLDocument/EncryptedData"), "{}", part.path);
        }
    }
}

#[test]
fn a_payload_that_relies_on_namespaces_outside_declares_them() {
    let document = parse(RELYING);
    let target = payload(&document);
    let bytes = encrypt(&document, target, DataType::Content, &[named("p256")], ContentAlgorithm::default()).unwrap();
    let decrypted = opened(std::str::from_utf8(&bytes).unwrap(), &[&key("keys/p256.pem")]).unwrap();
    assert!(decrypted.bytes == report().as_bytes());
}

#[test]
fn an_element_goes_round_and_even_the_root() {
    let document = parse("<a xmlns='u'> <b>x</b>\n<c/> </a>");
    for target in document.root().elements().chain([document.root()]) {
        let bytes =
            encrypt(&document, target, DataType::Element, &[named("p256")], ContentAlgorithm::default()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let new = String::from_utf8(opened(&text, &[&key("keys/p256.pem")]).unwrap().bytes).unwrap();
        // What relied on the namespace outside declares it now.
        assert_eq!(new.replacen(" xmlns=\"u\"", "", 1), document.source());
        assert!(parse(&new).root().is("u", "a"));
    }
}

#[test]
fn each_of_several_recipients_reads_it_and_nobody_else() {
    let names = ["rsa-2048", "p256", "p384"];
    let text = sealed(&[names.map(named).as_slice(), &[certified("node")]].concat(), ContentAlgorithm::default());
    let node = key("node.key").with_certificate(Certificate::from_pem(&own("node.pem")).unwrap()).unwrap();
    let keys: Vec<FileKey> =
        names.iter().map(|name| key(&format!("keys/{name}.pem")).with_name(*name)).chain([node]).collect();
    for key in &keys {
        let decrypted = opened(&text, &[key]).unwrap();
        assert!(decrypted.bytes == report().as_bytes());
        assert_eq!(decrypted.parts[0].recipients, 4);
    }
    // With all keys at hand the hints choose: the first entry's own key is the fourth of the list.
    let all: Vec<&dyn Decrypter> = keys.iter().rev().map(|key| key as &dyn Decrypter).collect();
    assert_eq!(opened(&text, &all).unwrap().parts[0].key, 3);
    let stranger = key("good.key");
    let error = opened(&text, &[&stranger]).unwrap_err();
    assert!(matches!(error, EncryptionError::NotForUs { .. }) && error.to_string().contains("\"p256\""), "{error}");
}

#[test]
fn hints_of_every_kind_choose() {
    let certificate = Certificate::from_pem(&own("node.pem")).unwrap();
    let (with, without) = (key("node.key").with_certificate(certificate.clone()).unwrap(), key("node.key"));
    let stranger = key("good.key").with_certificate(Certificate::from_pem(&own("good.pem")).unwrap()).unwrap();
    let text = sealed(&[certified("node")], ContentAlgorithm::default());
    let start = text.find("<ds:X509Data>").unwrap();
    let end = text.find("</ds:X509Data>").unwrap() + "</ds:X509Data>".len();
    let serial = certificate.serial().iter().fold(0_u128, |number, byte| number.wrapping_mul(256) + u128::from(*byte));
    let serial_fits = certificate.serial().len() <= 16;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate.der());
    let base64 = |bytes: &[u8]| {
        let mut out = String::new();
        crate::xmlsec::base64::encode(bytes, &mut out);
        out
    };
    for hint in [
        text[start..end].to_owned(),
        format!(
            "<ds:X509Data><ds:X509Certificate>\n {} </ds:X509Certificate></ds:X509Data>",
            base64(certificate.der())
        ),
        format!(
            "<ds:X509Data><d:X509Digest xmlns:d='http://www.w3.org/2009/xmldsig11#' Algorithm='{XENC}sha256'>{}</d:X509Digest></ds:X509Data>",
            base64(digest.as_ref())
        ),
        format!(
            "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName><ds:X509SerialNumber>{}</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>",
            if serial_fits { serial } else { 0 }
        ),
        "<ds:X509Data><ds:X509SubjectName>CN=x</ds:X509SubjectName></ds:X509Data>".to_owned(),
        "<ds:KeyName>somebody</ds:KeyName>".to_owned(),
        String::new(),
    ] {
        let hinted = format!("{}{hint}{}", &text[..start], &text[end..]);
        for key in [&with, &without] {
            assert_eq!(opened(&hinted, &[&stranger, key]).unwrap().parts[0].key, 1, "{hint}");
        }
        assert!(opened(&hinted, &[&stranger]).is_err());
    }
}

#[test]
fn hints_save_the_work_of_private_keys() {
    let Some(folder) = shared() else { return };
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let certificate = Certificate::from_pem(&read("keys/encec.pem")).unwrap();
    let key = FileKey::from_pem(&read("encrypted/encec.key"), None).unwrap();
    let key = key.with_certificate(certificate.clone()).unwrap();
    let recipients = [named("p256"), certified("good"), Recipient::of_certificate(certificate)];
    let attempts = |text: &str, attempts: usize| {
        decrypt(&parse(text), &[&key], &Config { attempts, ..Config::default() }, &Limits::default())
    };
    // The entry that names the key is tried before those that do not say.
    assert!(attempts(&sealed(&recipients, ContentAlgorithm::default()), 1).is_ok());
    // What names another key by its identifier is not tried at all.
    let text = sealed(&recipients[2..], ContentAlgorithm::default());
    let other = text.replacen("<ds:X509SKI>", "<ds:X509SKI>AAAA", 1);
    assert!(matches!(attempts(&other, 0), Err(EncryptionError::NotForUs { .. })));
    assert!(matches!(attempts(&text, 0), Err(EncryptionError::TooMany { .. })));
}

#[test]
fn whatever_is_changed_is_refused() {
    for name in ["rsa-2048", "p256", "p384"] {
        let text = sealed(&[named(name)], ContentAlgorithm::Aes128Gcm);
        let key = key(&format!("keys/{name}.pem")).with_name(name);
        let start = text.find("<xenc:EncryptedData").unwrap();
        let end = text.rfind("</xenc:EncryptedData>").unwrap();
        // Each byte of the structure and of the keys, and every hundredth of the content.
        let content = text.rfind("<xenc:CipherValue>").unwrap() + "<xenc:CipherValue>".len() + 40;
        // What only says who a key is for is not protected, nor need it be.
        let hint = text.find("<ds:KeyName>").unwrap() + "<ds:KeyName>".len();
        let hint = hint..hint + name.len();
        for at in (start..end).filter(|at| (*at < content || at % 101 == 0) && !hint.contains(at)) {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let Ok(document) = Document::parse(&changed, &Limits::default()) else { continue };
            let decrypted = decrypt(&document, &[&key], &Config::default(), &Limits::default());
            assert!(decrypted.is_err(), "{name}: {}", &text[at - 20..at + 20]);
        }
    }
}

#[test]
fn fields_that_are_exchanged_are_refused() {
    let key = key("keys/p256.pem").with_name("p256");
    let one = sealed(&[named("p256")], ContentAlgorithm::Aes256Gcm);
    let two = sealed(&[named("p256")], ContentAlgorithm::Aes256Gcm);
    let values = |text: &str, from: &str, to: &str| -> Vec<String> {
        text.split(from).skip(1).map(|rest| rest.split(to).next().unwrap().to_owned()).collect()
    };
    for (from, to) in [("<dsig11:PublicKey>", "<"), ("<xenc:CipherValue>", "<")] {
        for (mine, theirs) in values(&one, from, to).iter().zip(values(&two, from, to)) {
            let mixed = one.replacen(mine.as_str(), &theirs, 1);
            assert!(matches!(opened(&mixed, &[&key]), Err(EncryptionError::Undecryptable { .. })));
        }
    }
    for (from, to) in
        [("aes256-gcm", "aes128-gcm"), ("kw-aes256", "kw-aes128"), ("PartyUInfo=\"0000\"", "PartyUInfo=\"0001\"")]
    {
        assert!(
            matches!(opened(&one.replacen(from, to, 1), &[&key]), Err(EncryptionError::Undecryptable { .. })),
            "{from}"
        );
    }
    let sha384 = one.replacen("xmlenc#sha256", "xmlenc#sha384", 1);
    assert!(matches!(opened(&sha384, &[&key]), Err(EncryptionError::Undecryptable { .. })));
}

#[test]
fn what_is_outside_the_profile_is_refused_by_its_name() {
    let (rsa, ec) = (key("keys/rsa-2048.pem"), key("keys/p256.pem"));
    let keys: [&dyn Decrypter; 2] = [&rsa, &ec];
    let transported = sealed(&[named("rsa-2048")], ContentAlgorithm::default());
    let agreed = sealed(&[named("p256")], ContentAlgorithm::default());
    let data = "</xenc:EncryptionMethod><ds:KeyInfo>";
    for (text, from, to, said) in [
        (&transported, "2009/xmlenc11#aes256-gcm", "2001/04/xmlenc#aes256-cbc", "aes256-cbc"),
        (&transported, "2009/xmlenc11#rsa-oaep", "2001/04/xmlenc#rsa-1_5", "rsa-1_5"),
        (&transported, "2009/xmlenc11#rsa-oaep", "2001/04/xmlenc#rsa-oaep-mgf1p", "rsa-oaep-mgf1p"),
        (&transported, "mgf1sha256", "mgf1sha1", "mgf1sha1"),
        (&transported, "xmlenc#sha256", "xmldsig#sha1", "sha1"),
        (&transported, "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"/>", "", "DigestMethod"),
        (&transported, "<xenc11:MGF Algorithm=\"http://www.w3.org/2009/xmlenc11#mgf1sha256\"/>", "", "MGF"),
        (&transported, "<xenc11:MGF", "<xenc:OAEPparams>AA==</xenc:OAEPparams><xenc11:MGF", "OAEPparams"),
        (
            &transported,
            data,
            "</xenc:EncryptionMethod><ds:KeyInfo><ds:RetrievalMethod URI='file:///etc/passwd'/>",
            "RetrievalMethod",
        ),
        (
            &transported,
            "<ds:KeyInfo><xenc:EncryptedKey>",
            "<ds:KeyInfo><ds:MgmtData>x</ds:MgmtData><xenc:EncryptedKey>",
            "MgmtData",
        ),
        (&transported, "xmlenc#Content", "xmlenc#EXI", "EXI"),
        (&transported, " Type=\"http://www.w3.org/2001/04/xmlenc#Content\"", "", "Type"),
        (&transported, "<xenc:EncryptedData ", "<xenc:EncryptedData Encoding='x' ", "Encoding"),
        (&transported, "</xenc:EncryptedKey>", "<xenc:ReferenceList/></xenc:EncryptedKey>", "ReferenceList"),
        (
            &transported,
            "</xenc:EncryptedData>",
            "<xenc:EncryptionProperties/></xenc:EncryptedData>",
            "EncryptionProperties",
        ),
        (&agreed, "kw-aes256", "kw-tripledes", "kw-tripledes"),
        (&agreed, "xmlenc11#ECDH-ES", "xmlenc#dh", "xmlenc#dh"),
        (&agreed, "xmlenc11#ConcatKDF", "xmlenc11#pbkdf2", "pbkdf2"),
        (&agreed, "xmlenc#sha256", "xmlenc#sha512", "sha512"),
        (&agreed, "1.2.840.10045.3.1.7", "1.3.132.0.35", "1.3.132.0.35"),
        (&agreed, "AlgorithmID=\"0000\"", "AlgorithmID=\"0400\"", "0400"),
        (&agreed, "<dsig11:NamedCurve URI=\"urn:oid:1.2.840.10045.3.1.7\"/>", "<dsig11:ECParameters/>", "ECParameters"),
        (
            &agreed,
            "<xenc:OriginatorKeyInfo><ds:KeyValue>",
            "<xenc:OriginatorKeyInfo><ds:X509Data/><ds:KeyValue>",
            "X509Data",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let error = opened(&text.replacen(from, to, 1), &keys).unwrap_err();
        assert!(matches!(error, EncryptionError::Refused { .. }) && error.to_string().contains(said), "{to}: {error}");
    }
    let start = transported.rfind("<xenc:CipherValue>").unwrap();
    let end = transported.rfind("</xenc:CipherData>").unwrap();
    let reference = format!("{}<xenc:CipherReference URI='http://x/'/>{}", &transported[..start], &transported[end..]);
    assert!(opened(&reference, &keys).unwrap_err().to_string().contains("CipherReference"));
    assert!(matches!(opened(RELYING, &keys), Err(EncryptionError::Nothing)));
}

#[test]
fn a_plain_text_stays_in_its_place() {
    let key = key("keys/p256.pem").with_name("p256");
    let seal = |plain: &str, data_type: DataType| {
        let sealed = encrypted_data(plain.as_bytes(), data_type, &[named("p256")], Default::default());
        format!("<r xmlns:p='u'><a>{}</a><!-- x --><![CDATA[ ]]></r>", sealed.unwrap())
    };
    for (plain, data_type) in
        [("<p:b/>", DataType::Element), ("x<p:b/>y<c/>", DataType::Content), ("", DataType::Content)]
    {
        let decrypted = opened(&seal(plain, data_type), &[&key]).unwrap();
        assert_eq!(decrypted.bytes, format!("<r xmlns:p='u'><a>{plain}</a><!-- x --><![CDATA[ ]]></r>").as_bytes());
    }
    for (plain, data_type) in [
        ("</a><b/><a>", DataType::Content),
        ("<b>", DataType::Content),
        ("<!--", DataType::Content),
        ("<![CDATA[", DataType::Content),
        ("<q:b/>", DataType::Content),
        ("&e;", DataType::Content),
        ("<!DOCTYPE a>", DataType::Content),
        ("</in-place><in-place>", DataType::Content),
        ("<b/><c/>", DataType::Element),
        ("x<b/>", DataType::Element),
        ("<b/> ", DataType::Element),
        ("", DataType::Element),
    ] {
        let error = opened(&seal(plain, data_type), &[&key]).unwrap_err();
        assert!(matches!(error, EncryptionError::Plaintext { .. }), "{plain}: {error}");
    }
    let sealed = encrypted_data(&[0xff], DataType::Content, &[named("p256")], Default::default()).unwrap();
    assert!(matches!(opened(&format!("<a>{sealed}</a>"), &[&key]), Err(EncryptionError::Plaintext { .. })));
    let root = seal("<b/>", DataType::Content);
    let root = &root[root.find("<xenc:EncryptedData").unwrap()..root.find("</a>").unwrap()];
    assert!(matches!(opened(root, &[&key]), Err(EncryptionError::Plaintext { .. })));
}

#[test]
fn parts_for_others_stay_encrypted() {
    let document = parse("<a><b>x</b><c>y</c></a>");
    let [b, c] = [0, 1].map(|at| document.root().elements().nth(at).unwrap());
    let first = encrypt(&document, b, DataType::Content, &[named("p256")], ContentAlgorithm::default()).unwrap();
    let text = String::from_utf8(first).unwrap();
    let document = parse(&text);
    let second = document.root().elements().nth(1).unwrap();
    assert_eq!(second.source(), c.source());
    let bytes = encrypt(&document, second, DataType::Element, &[named("p384")], ContentAlgorithm::default()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let decrypted = opened(&text, &[&key("keys/p256.pem")]).unwrap();
    assert!(decrypted.bytes.starts_with(b"<a><b>x</b><xenc:EncryptedData"));
    assert_eq!(decrypted.for_others, [("/a/EncryptedData".to_owned(), "the name \"p384\"".to_owned())]);
    let both = opened(&text, &[&key("keys/p384.pem"), &key("keys/p256.pem")]).unwrap();
    assert_eq!(both.bytes, b"<a><b>x</b><c>y</c></a>");
    assert_eq!(both.parts.iter().map(|part| part.key).collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn nobody_is_encrypted_for_who_cannot_read_it() {
    let document = parse("<a>x<b/></a>");
    let root = document.root();
    let encrypt = |target, recipients: &[Recipient]| {
        encrypt(&document, target, DataType::Content, recipients, ContentAlgorithm::default()).unwrap_err().to_string()
    };
    assert!(encrypt(root, &[]).contains("no recipient"));
    assert!(encrypt(root, &[named("p256"), named("ed25519")]).contains("ed25519"));
    assert!(encrypt(root.elements().next().unwrap(), &[named("p256")]).contains("/a/b has no content"));
    assert!(PublicKey::read(&[]).is_err());
}

#[test]
fn certificates_that_are_not_for_encryption_are_refused() {
    let Some(folder) = shared() else { return };
    let document = parse(RELYING);
    for (name, said) in
        [("encrsa", ""), ("encec", ""), ("rsa", "keyEncipherment"), ("p256", "keyAgreement"), ("ed25519", "Ed25519")]
    {
        let text = std::fs::read_to_string(folder.join(format!("keys/{name}.pem"))).unwrap();
        let recipient = Recipient::of_certificate(Certificate::from_pem(&text).unwrap());
        let sealed =
            encrypt(&document, payload(&document), DataType::Content, &[recipient], ContentAlgorithm::default());
        match sealed {
            Ok(_) => assert_eq!(said, "", "{name}"),
            Err(error) => assert!(!said.is_empty() && error.to_string().contains(said), "{name}: {error}"),
        }
    }
}

#[test]
fn limits_hold() {
    let key = key("keys/p256.pem");
    let text = sealed(&vec![named("p256"); 33], ContentAlgorithm::default());
    let error = opened(&text, &[&key]).unwrap_err();
    assert!(matches!(error, EncryptionError::TooMany { what: "recipients", limit: 32, .. }), "{error}");
    let one = |text: &str| {
        text[text.find("<xenc:EncryptedData").unwrap()..text.find("</iodef-rid:XMLDocument").unwrap()].to_owned()
    };
    let part = one(&sealed(&[named("p256")], ContentAlgorithm::default()));
    let error = opened(&format!("<a>{}</a>", part.repeat(17)), &[&key]).unwrap_err();
    assert!(matches!(error, EncryptionError::TooMany { what: "encrypted parts", .. }), "{error}");
    // Every key fits, none opens: the work ends somewhere.
    let stranger = self::key("node.key");
    let part = one(&sealed(&vec![named("p256"); 32], ContentAlgorithm::default()));
    let error = opened(&format!("<a>{}</a>", part.repeat(3)), &[&stranger]).unwrap_err();
    assert!(
        matches!(error, EncryptionError::TooMany { what: "operations with private keys", limit: 64, .. }),
        "{error}"
    );
}

#[test]
fn a_hostile_mebibyte_costs_little() {
    let key = key("keys/p256.pem");
    let text = sealed(&[named("p256")], ContentAlgorithm::default());
    let start = text.find("<ds:KeyName>").unwrap();
    let end = text.find("</ds:KeyName>").unwrap() + "</ds:KeyName>".len();
    let hints = |hint: &str, count: usize| format!("{}{}{}", &text[..start], hint.repeat(count), &text[end..]);
    let deep = format!("{}<x/>{}", "<a>".repeat(200), "</a>".repeat(200));
    for hostile in [
        hints("<ds:KeyName>x</ds:KeyName>", 19_000),
        hints("<ds:X509Data><ds:X509SKI>AAAA</ds:X509SKI></ds:X509Data>", 9_000),
        hints(
            &format!("<ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>", "AAAA".repeat(50_000)),
            5,
        ),
        format!("<r>{}</r>", deep.repeat(90)),
        text.replacen("AlgorithmID=\"0000\"", &format!("AlgorithmID=\"{}\"", "0".repeat(60_000)), 1),
    ] {
        assert!(hostile.len() <= 2 << 20);
        let document = parse(&hostile);
        let began = Instant::now();
        let _ = decrypt(&document, &[&key], &Config::default(), &Limits::default());
        assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    }
}

#[test]
fn what_cannot_be_read_still_says_for_whom_it_is() {
    let text = sealed(&[named("p256"), certified("node")], ContentAlgorithm::default());
    let document = parse(&text);
    let element = payload(&document).elements().next().unwrap();
    let data = EncryptedData::read(element, &Config::default()).unwrap();
    assert_eq!(data.keys_for().len(), 2);
    assert_eq!(data.keys_for()[0].hints(), [Hint::Name("p256".to_owned())]);
    assert!(data.recipients().starts_with("the name \"p256\", "), "{}", data.recipients());
    assert_eq!(data.keys_for()[0].method().to_string(), "ECDH-ES on P-256 with AES-256 key wrap");
}
