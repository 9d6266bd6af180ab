//! The target of a stream: a host name that the exit resolves, an onion address, or a DNS server by its IP address. Addresses of
//! local networks are refused.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tor_hscrypto::pk::HsId;

/// A parsed destination. Its `Debug` shows the kind only.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// A DNS name, resolved by the exit, and a TCP port.
    Host {
        /// Lower case, at most 253 bytes.
        name: String,
        /// 1 to 65535.
        port: u16,
    },
    /// An onion service (rend-spec-v3) and its virtual port.
    Onion {
        /// The service.
        address: OnionAddress,
        /// 1 to 65535.
        port: u16,
    },
    /// A DNS server: the one thing that is reached by an IP address, as names are what it is asked for.
    Resolver {
        /// Where it takes TCP.
        address: SocketAddr,
    },
}

impl Target {
    /// A host by name.
    ///
    /// # Errors
    /// IP literals, names of the local network and malformed names are refused; so is an onion address, which has a
    /// constructor of its own.
    pub fn host(name: &str, port: u16) -> Result<Self, TargetError> {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        if port == 0 {
            return Err(TargetError::Port);
        }
        // A last label of digits (also 0x…) is an IPv4 literal to some resolver, whatever it looks like to us.
        let last = name.rsplit('.').next().unwrap_or_default();
        if name.contains([':', '[', ']']) || last.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(TargetError::IpLiteral);
        }
        if ["localhost", "local", "localdomain", "internal", "lan", "home", "arpa"].contains(&last) {
            return Err(TargetError::LocalName);
        }
        if last == "onion" || name.len() > 253 || !name.contains('.') || !name.split('.').all(is_label) {
            return Err(TargetError::Malformed);
        }
        Ok(Self::Host { name, port })
    }

    /// An onion service by address.
    #[must_use]
    pub const fn onion(address: OnionAddress, port: u16) -> Self {
        Self::Onion { address, port }
    }

    /// A DNS server by address.
    ///
    /// # Errors
    /// Addresses of local networks and those of no single host are refused. Not so this device's own, where a lab's server is:
    /// no exit goes there, and Arti refuses it unless the network's own configuration says otherwise.
    pub fn resolver(address: SocketAddr) -> Result<Self, TargetError> {
        if address.port() == 0 {
            return Err(TargetError::Port);
        }
        let is_public = match address.ip() {
            IpAddr::V4(ip) => is_public(ip),
            // What is routed on the Internet; the first 32 bits keep out what leads to an IPv4 address.
            IpAddr::V6(ip) => ip.segments()[0] & 0xe000 == 0x2000 && ip.segments()[0] != 0x2002,
        };
        if !is_public && !address.ip().is_loopback() {
            return Err(TargetError::LocalName);
        }
        Ok(Self::Resolver { address })
    }

    pub(crate) fn as_pair(&self) -> (Cow<'_, str>, u16) {
        match self {
            Self::Host { name, port } => (name.into(), *port),
            Self::Onion { address, port } => ((&*address.0).into(), *port),
            Self::Resolver { address } => (address.ip().to_string().into(), address.port()),
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host { .. } => "Target::Host(..)",
            Self::Onion { .. } => "Target::Onion(..)",
            Self::Resolver { .. } => "Target::Resolver(..)",
        })
    }
}

/// A v3 onion address with its `.onion`; checksum and version were checked. Its `Debug` is empty.
#[derive(Clone, PartialEq, Eq)]
pub struct OnionAddress(String);

impl OnionAddress {
    /// Parses `<56 characters>.onion`.
    ///
    /// # Errors
    /// [`TargetError::Malformed`] for anything else: subdomains, version 2, a wrong checksum.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        let text = text.to_ascii_lowercase();
        text.parse::<HsId>().map_err(|_| TargetError::Malformed)?;
        Ok(Self(text))
    }

    /// The address in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OnionAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnionAddress(..)")
    }
}

/// Why a destination is refused. The app asks for another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// An IP address: the exit could be asked for it, but no server of ours is named by one.
    #[error("an IP address is not a server name")]
    IpLiteral,
    /// A name of this machine or its network.
    #[error("a name of the local network")]
    LocalName,
    /// Port 0.
    #[error("port 0")]
    Port,
    /// Neither a DNS name with a dot nor a v3 onion address.
    #[error("not a host name or onion address")]
    Malformed,
}

/// Whether an address is one of the Internet's, by the registry of RFC 6890.
const fn is_public(ip: Ipv4Addr) -> bool {
    !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_documentation() || ip.octets()[0] == 0
        // Shared by carriers (RFC 6598), and multicast and what is reserved behind it.
        || ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64 || ip.octets()[0] >= 224)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_of_the_public_network() {
        for (name, why) in [
            ("127.0.0.1", TargetError::IpLiteral),
            ("1.2.3.4.", TargetError::IpLiteral),
            ("0x7f.0.0.0x1", TargetError::IpLiteral),
            ("2130706433", TargetError::IpLiteral),
            ("::1", TargetError::IpLiteral),
            ("[::1]", TargetError::IpLiteral),
            ("localhost", TargetError::LocalName),
            ("a.LOCALHOST", TargetError::LocalName),
            ("printer.local", TargetError::LocalName),
            ("printer.local.", TargetError::LocalName),
            ("1.0.0.127.in-addr.arpa", TargetError::LocalName),
            ("", TargetError::Malformed),
            ("com", TargetError::Malformed),
            ("a..b", TargetError::Malformed),
            ("-a.example", TargetError::Malformed),
            ("a b.example", TargetError::Malformed),
            ("jabber.example/resource", TargetError::Malformed),
            ("user@jabber.example", TargetError::Malformed),
            ("expyuzz4wqqyqhjn.onion", TargetError::Malformed),
        ] {
            assert_eq!(Target::host(name, 5223), Err(why), "{name}");
        }
        assert_eq!(Target::host(&format!("{}.example", "a".repeat(64)), 1), Err(TargetError::Malformed));
        assert_eq!(Target::host("a.example", 0), Err(TargetError::Port));
        assert_eq!(
            Target::host("Jabber.Example.", 5223),
            Ok(Target::Host { name: "jabber.example".into(), port: 5223 })
        );
    }

    #[test]
    fn onion_addresses_are_version_3_with_a_right_checksum() {
        let good = "jabjabdea2eewo3gzfurscj2sjqgddptwumlxi3wur57rzf5itje2rid.onion";
        assert_eq!(OnionAddress::parse(&good.to_uppercase()).map(|a| a.as_str().to_owned()), Ok(good.to_owned()));
        for bad in [
            "jabjabdea2eewo3gzfurscj2sjqgddptwumlxi3wur57rzf5itje2rie.onion",
            "ijeeynrc6x2uy5ob.onion",
            "www.jabjabdea2eewo3gzfurscj2sjqgddptwumlxi3wur57rzf5itje2rid.onion",
            "jabber.example",
            "",
        ] {
            assert_eq!(OnionAddress::parse(bad), Err(TargetError::Malformed), "{bad}");
        }
    }

    #[test]
    fn a_resolver_is_no_host_of_a_local_network() {
        for good in ["9.9.9.10:53", "100.128.0.1:53", "[2620:fe::10]:53", "127.1.2.3:53"] {
            let address = good.parse().unwrap();
            let target = Target::resolver(address).unwrap();
            assert_eq!(target.as_pair(), (address.ip().to_string().into(), 53));
            assert_eq!(format!("{target:?}"), "Target::Resolver(..)");
        }
        for bad in [
            "10.0.0.1:53",
            "172.16.0.1:53",
            "192.168.1.1:53",
            "169.254.1.1:53",
            "100.64.0.1:53",
            "0.0.0.0:53",
            "224.0.0.251:53",
            "255.255.255.255:53",
            "[::]:53",
            "[fe80::1]:53",
            "[fd00::1]:53",
            "[::ffff:127.0.0.1]:53",
            "[2002:7f00:1::]:53",
            "[ff02::fb]:53",
        ] {
            assert_eq!(Target::resolver(bad.parse().unwrap()), Err(TargetError::LocalName), "{bad}");
        }
        assert_eq!(Target::resolver("9.9.9.10:0".parse().unwrap()), Err(TargetError::Port));
    }

    #[test]
    fn debug_names_no_host() {
        let target = Target::host("jabber.example", 5223);
        assert_eq!(format!("{target:?}"), "Ok(Target::Host(..))");
    }
}
