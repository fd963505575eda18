//! The PROXY protocol, version 2, as a TCP balancer speaks it before the first byte of TLS: who is really there.
//!
//! Called by `connection` for what comes from a configured balancer, and for nothing else. Reads exactly the header (the
//! specification is HAProxy's `proxy-protocol.txt`), never a byte of what follows it; a header that is not understood in
//! full ends the connection, so that nothing is ever taken for the address of somebody else.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// How every header of version 2 begins.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// How every header of version 1 begins.
const VERSION_1: &[u8] = b"PROXY ";
/// The signature, the version with the command, the family, the length of the rest.
const FIXED: usize = 16;
/// Bytes after those that we read at most. Addresses take 36, what balancers add to them some hundreds.
const MOST: usize = 4096;
/// What a balancer may add: a checksum of the header. The other kinds tell nothing that we use.
const CHECKSUM: u8 = 0x03;

/// What a header told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// The connection is somebody's whose address and port these are.
    Source(SocketAddr),
    /// The connection is the balancer's own: it looks whether the node is alive.
    Local,
}

/// What is wrong with what a balancer sent first.
#[derive(Debug, thiserror::Error)]
pub(super) enum BadHeader {
    #[error("the PROXY header took longer than header-time")]
    TooSlow,
    #[error(
        "it is a configured balancer but began without a PROXY header; have the balancer send one (HAProxy: \
         send-proxy-v2), or take its address out of transport.balancers"
    )]
    Missing,
    #[error("it sent a PROXY header of version 1, which is not accepted; have the balancer send version 2")]
    Version1,
    #[error("its PROXY header broke off: {0}")]
    Truncated(io::Error),
    #[error("its PROXY header has {length} bytes after the first {FIXED}: at most {MOST} are read")]
    TooLong { length: usize },
    #[error("its PROXY header is malformed: {0}")]
    Malformed(&'static str),
    #[error("the checksum in its PROXY header does not fit")]
    Checksum,
    #[error("its PROXY header tells no address: {0}")]
    NoAddress(&'static str),
    #[error(
        "its PROXY header tells {0}, which is a balancer's address itself; have the first balancer send the header, \
         and list balancers alone in transport.balancers, no networks with peers in them"
    )]
    Balancer(IpAddr),
    #[error("its PROXY header said that the connection was the balancer's own, but somebody wants to be served on it")]
    Local,
}

impl BadHeader {
    /// A short, stable label for metrics.
    pub(super) const fn label(&self) -> &'static str {
        match self {
            Self::TooSlow => "proxy-too-slow",
            Self::Missing => "proxy-missing",
            Self::Version1 => "proxy-version-1",
            Self::Truncated(_) => "proxy-truncated",
            Self::TooLong { .. } => "proxy-too-long",
            Self::Malformed(_) => "proxy-malformed",
            Self::Checksum => "proxy-checksum",
            Self::NoAddress(_) => "proxy-no-address",
            Self::Balancer(_) => "proxy-balancer",
            Self::Local => "proxy-local",
        }
    }
}

/// Reads the header; `None` if the other side went away without a byte, as a balancer does that only tries to connect.
///
/// # Errors
/// If what comes is no header of version 2 that tells where a TCP connection comes from.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<Told>, BadHeader> {
    let mut fixed = [0; FIXED];
    if !begin(stream, &mut fixed).await? {
        return Ok(None);
    }
    let [.., high, low] = fixed;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > MOST {
        return Err(BadHeader::TooLong { length });
    }
    // Not on the stack: that is kept as long as the connection.
    let mut whole = fixed.to_vec();
    whole.resize(FIXED + length, 0);
    if let Some(rest) = whole.get_mut(FIXED..) {
        stream.read_exact(rest).await.map_err(BadHeader::Truncated)?;
    }
    parse(&whole).map(Some)
}

/// Reads the fixed beginning, and no more of what does not begin like a header; false if there was nothing at all.
async fn begin(stream: &mut (impl AsyncRead + Unpin), fixed: &mut [u8]) -> Result<bool, BadHeader> {
    let mut had = 0;
    while let Some(room @ [_, ..]) = fixed.get_mut(had..) {
        match stream.read(room).await {
            Ok(0) if had == 0 => return Ok(false),
            Ok(0) => return Err(BadHeader::Truncated(io::ErrorKind::UnexpectedEof.into())),
            Ok(read) => had += read,
            Err(_) if had == 0 => return Ok(false),
            Err(error) => return Err(BadHeader::Truncated(error)),
        }
        let came = fixed.get(..had).unwrap_or_default();
        let like = |start: &[u8]| came.iter().zip(start).all(|(one, other)| one == other);
        if !like(SIGNATURE) {
            return Err(if like(VERSION_1) { BadHeader::Version1 } else { BadHeader::Missing });
        }
    }
    Ok(true)
}

/// What a whole header says.
fn parse(header: &[u8]) -> Result<Told, BadHeader> {
    let (Some([version, family]), Some(rest)) = (header.get(12..14), header.get(FIXED..)) else {
        return Err(BadHeader::Malformed("it is shorter than its fixed part"));
    };
    if version >> 4 != 2 {
        return Err(BadHeader::Malformed("its version is not 2"));
    }
    match version & 15 {
        // Of the rest nothing may be used, whatever it says.
        0 => return Ok(Told::Local),
        1 => {}
        _ => return Err(BadHeader::Malformed("its command is neither LOCAL nor PROXY")),
    }
    let (source, added) = match family {
        0x11 => v4(rest),
        0x21 => v6(rest),
        0x00 => return Err(BadHeader::NoAddress("its family is unspecified")),
        0x12 | 0x22 => return Err(BadHeader::NoAddress("its family is UDP")),
        0x31 | 0x32 => return Err(BadHeader::NoAddress("its family is Unix")),
        _ => return Err(BadHeader::Malformed("its family is unknown")),
    }
    .ok_or(BadHeader::Malformed("it is too short for its addresses"))?;
    let ip = source.ip().to_canonical();
    if ip.is_unspecified() || ip.is_multicast() || source.port() == 0 {
        return Err(BadHeader::NoAddress("nobody can have the one it names"));
    }
    look_through(header, added)?;
    Ok(Told::Source(SocketAddr::new(ip, source.port())))
}

/// The source, and what follows both addresses and both ports.
fn v4(rest: &[u8]) -> Option<(SocketAddr, &[u8])> {
    let (addresses, added) = rest.split_first_chunk::<12>()?;
    let (ip, after) = addresses.split_first_chunk::<4>()?;
    let port = u16::from_be_bytes(*after.get(4..)?.first_chunk()?);
    Some((SocketAddr::from((Ipv4Addr::from(*ip), port)), added))
}

fn v6(rest: &[u8]) -> Option<(SocketAddr, &[u8])> {
    let (addresses, added) = rest.split_first_chunk::<36>()?;
    let (ip, after) = addresses.split_first_chunk::<16>()?;
    let port = u16::from_be_bytes(*after.get(16..)?.first_chunk()?);
    Some((SocketAddr::from((Ipv6Addr::from(*ip), port)), added))
}

/// Goes through what the balancer has added: type, length, value, each whole, and the checksum right if there is one.
fn look_through(header: &[u8], mut added: &[u8]) -> Result<(), BadHeader> {
    while let Some((kind, after)) = added.split_first() {
        let (length, after) =
            after.split_first_chunk().ok_or(BadHeader::Malformed("one of its additions breaks off"))?;
        let (value, next) = after
            .split_at_checked(usize::from(u16::from_be_bytes(*length)))
            .ok_or(BadHeader::Malformed("one of its additions is longer than the header"))?;
        if *kind == CHECKSUM {
            let said = value.try_into().map(u32::from_be_bytes).map_err(|_| BadHeader::Checksum)?;
            let at = header.len() - next.len() - value.len();
            // The checksum is of the header with nothing in its own place.
            let bytes = header.iter().enumerate().map(|(n, byte)| if (at..at + 4).contains(&n) { 0 } else { *byte });
            if crc32c(bytes) != said {
                return Err(BadHeader::Checksum);
            }
        }
        added = next;
    }
    Ok(())
}

/// CRC-32C (RFC 4960 Appendix B), bit by bit: headers are short.
fn crc32c(bytes: impl Iterator<Item = u8>) -> u32 {
    !bytes.fold(!0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(version: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let mut header = SIGNATURE.to_vec();
        header.extend([version, family]);
        header.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
        header.extend(rest);
        header
    }

    /// 192.0.2.7:50000 came for 198.51.100.1:4590.
    const V4: [u8; 12] = [192, 0, 2, 7, 198, 51, 100, 1, 0xc3, 0x50, 0x11, 0xee];

    fn v6_of(source: &str) -> Vec<u8> {
        let ip: Ipv6Addr = source.parse().unwrap();
        [&ip.octets()[..], &Ipv6Addr::LOCALHOST.octets(), &[0xc3, 0x50, 0x11, 0xee]].concat()
    }

    /// What is made of these bytes, which TLS follows; and that nothing of it was touched.
    async fn told(bytes: &[u8]) -> Result<Option<Told>, &'static str> {
        let all = [bytes, b"\x16\x03\x01"].concat();
        let mut stream = &all[..];
        let told = read(&mut stream).await.map_err(|bad| bad.label());
        if told.is_ok() {
            assert_eq!(stream, b"\x16\x03\x01");
        }
        told
    }

    fn at(text: &str) -> Result<Option<Told>, &'static str> {
        Ok(Some(Told::Source(text.parse().unwrap())))
    }

    #[tokio::test]
    async fn a_header_tells_where_the_connection_comes_from() {
        assert_eq!(told(&header(0x21, 0x11, &V4)).await, at("192.0.2.7:50000"));
        assert_eq!(told(&header(0x21, 0x21, &v6_of("2001:db8::7"))).await, at("[2001:db8::7]:50000"));
        assert_eq!(told(&header(0x21, 0x21, &v6_of("::ffff:192.0.2.7"))).await, at("192.0.2.7:50000"));
    }

    #[tokio::test]
    async fn what_is_added_is_looked_through_and_left() {
        // An authority of three bytes, a padding of none, and a kind that nobody knows.
        let added = [&V4[..], &[0x02, 0, 3, b'a', b'.', b'b', 0x04, 0, 0, 0xf7, 0, 1, 9]].concat();
        assert_eq!(told(&header(0x21, 0x11, &added)).await, at("192.0.2.7:50000"));
        for broken in [&[0x02][..], &[0x02, 0], &[0x02, 0, 3, b'a'], &[0x02, 0xff, 0xff]] {
            assert_eq!(told(&header(0x21, 0x11, &[&V4[..], broken].concat())).await, Err("proxy-malformed"));
        }
    }

    #[tokio::test]
    async fn a_checksum_must_fit_if_there_is_one() {
        assert_eq!(crc32c(b"123456789".iter().copied()), 0xe306_9283);
        let mut whole = header(0x21, 0x11, &[&V4[..], &[CHECKSUM, 0, 4, 0, 0, 0, 0, 0x04, 0, 1, 0]].concat());
        let sum = crc32c(whole.iter().copied());
        whole[31..35].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(told(&whole).await, at("192.0.2.7:50000"));
        whole[16] ^= 1;
        assert_eq!(told(&whole).await, Err("proxy-checksum"));
        assert_eq!(told(&header(0x21, 0x11, &[&V4[..], &[CHECKSUM, 0, 1, 0]].concat())).await, Err("proxy-checksum"));
    }

    #[tokio::test]
    async fn a_health_check_is_the_balancers_own_whatever_else_it_says() {
        for (family, rest) in [(0x00, &[][..]), (0x11, &V4), (0x77, b"anything")] {
            assert_eq!(told(&header(0x20, family, rest)).await, Ok(Some(Told::Local)));
        }
        assert_eq!(read(&mut &b""[..]).await.map_err(|bad| bad.label()), Ok(None), "it only tried to connect");
    }

    #[tokio::test]
    async fn a_header_that_tells_no_address_is_refused() {
        for family in [0x00, 0x12, 0x22, 0x31, 0x32] {
            assert_eq!(told(&header(0x21, family, &[0; 216])).await, Err("proxy-no-address"), "{family:#x}");
        }
        let named = |ip: [u8; 4], port: [u8; 2]| [&ip[..], &[198, 51, 100, 1], &port, &[0x11, 0xee]].concat();
        for rest in [named([0; 4], [1, 1]), named([224, 0, 0, 1], [1, 1]), named([192, 0, 2, 7], [0, 0])] {
            assert_eq!(told(&header(0x21, 0x11, &rest)).await, Err("proxy-no-address"), "{rest:?}");
        }
    }

    #[tokio::test]
    async fn a_malformed_header_is_refused() {
        for (version, family, rest) in [
            (0x11, 0x11, &V4[..]),
            (0x31, 0x11, &V4),
            (0x22, 0x11, &V4),
            (0x21, 0x10, &V4),
            (0x21, 0x41, &V4),
            (0x21, 0x11, &V4[..11]),
            (0x21, 0x21, &V4),
            (0x21, 0x11, &[]),
        ] {
            assert_eq!(told(&header(version, family, rest)).await, Err("proxy-malformed"), "{version:#x} {family:#x}");
        }
    }

    #[tokio::test]
    async fn what_is_no_header_of_version_2_is_known_by_its_first_bytes() {
        assert_eq!(told(b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 4590\r\n").await, Err("proxy-version-1"));
        for bytes in [&b""[..], b"GET / HTTP/1.1\r\n\r\n", b"\r\n\r\n\0\r\nQUIX\n\x21\x11\0\0", b"PROXX "] {
            assert_eq!(told(bytes).await, Err("proxy-missing"), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn no_header_makes_us_read_without_end_or_wait_for_what_does_not_come() {
        let long = header(0x21, 0x11, &[&V4[..], &[0x04, 0x10, 0x00], &[0; 4096]].concat());
        assert_eq!(told(&long).await, Err("proxy-too-long"));
        let longest = header(0x21, 0x11, &[&V4[..], &[0x04, 0x0f, 0xf1], &[0; 4081]].concat());
        assert_eq!(told(&longest).await, at("192.0.2.7:50000"));
        let whole = header(0x21, 0x11, &V4);
        for most in 1..whole.len() {
            let cut = read(&mut &whole[..most]).await.map_err(|bad| bad.label());
            assert_eq!(cut, Err("proxy-truncated"), "after {most} bytes");
        }
    }
}
