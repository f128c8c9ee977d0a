//! Networks, and which of them everybody can reach.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::Serialize;

use super::WIRE_SERVER;

/// The addresses that begin alike: `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Network {
    address: IpAddr,
    /// How many bits are alike.
    bits: u8,
}

/// IPv4 that is not for everybody.
///
/// <https://www.iana.org/assignments/iana-ipv4-special-registry>
const SPECIAL: [([u8; 4], u8); 14] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 3),
];

/// The part of IPv6 that is for everybody, and what of it is not: protocols of their own (Teredo among them),
/// documentation, IPv4 in disguise (6to4).
///
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>
const GLOBAL: ([u16; 8], u8) = ([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);
const SPECIAL_GLOBAL: [([u16; 8], u8); 4] = [
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23),
    ([0x2001, 0x0db8, 0, 0, 0, 0, 0, 0], 32),
    ([0x2002, 0, 0, 0, 0, 0, 0, 0], 16),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20),
];

/// Where clouds tell their machines' secrets: link-local addresses, and some that look like others.
const METADATA: [([u8; 4], u8); 4] =
    [([169, 254, 0, 0], 16), ([100, 100, 100, 200], 32), ([192, 0, 0, 192], 32), (WIRE_SERVER.octets(), 32)];
const METADATA_6: [([u16; 8], u8); 3] = [
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10),
    ([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0], 32),
    ([0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0], 32),
];

/// The address that is meant: of IPv4 where it is in an address of IPv6, mapped or behind a translator (NAT64).
pub(super) fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(address) = address else { return address };
    match address.segments() {
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        _ => IpAddr::V6(address),
    }
}

/// Whether everybody can reach it, as far as numbers tell.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !is_in_4(address, &SPECIAL),
        IpAddr::V6(address) => is_in_6(address, &[GLOBAL]) && !is_in_6(address, &SPECIAL_GLOBAL),
    }
}

/// Whether a cloud may tell a machine's secrets there.
pub(super) fn is_metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_in_4(address, &METADATA),
        IpAddr::V6(address) => is_in_6(address, &METADATA_6),
    }
}

fn is_in_4(address: Ipv4Addr, networks: &[([u8; 4], u8)]) -> bool {
    let of = |(octets, bits): &([u8; 4], u8)| Network {
        address: IpAddr::V4(Ipv4Addr::from(*octets)),
        bits: *bits,
    };
    networks.iter().map(of).any(|network| network.contains(IpAddr::V4(address)))
}

fn is_in_6(address: Ipv6Addr, networks: &[([u16; 8], u8)]) -> bool {
    let of =
        |(words, bits): &([u16; 8], u8)| Network { address: IpAddr::V6(Ipv6Addr::from(*words)), bits: *bits };
    networks.iter().map(of).any(|network| network.contains(IpAddr::V6(address)))
}

impl Network {
    /// Whether the address is one of these.
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, other, length) = match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (u128::from(own.to_bits()), u128::from(other.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            _ => return false,
        };
        let rest = u32::from(length - self.bits);
        own.checked_shr(rest).unwrap_or(0) == other.checked_shr(rest).unwrap_or(0)
    }

    /// Whether it has nothing but addresses where clouds tell secrets, which are never called.
    pub fn is_metadata(&self) -> bool {
        is_metadata(plain(self.address)) && self.bits >= 10
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Network, String> {
        let wrong = || format!("`{text}` is no network: write it like `10.0.0.0/8` or `fd00::/8`");
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).map_err(|_| wrong())?;
        if bits > most { Err(wrong()) } else { Ok(Network { address, bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl From<Network> for String {
    fn from(network: Network) -> String {
        network.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_have_the_addresses_that_begin_alike() {
        let has = |network: &str, address: &str| {
            network.parse::<Network>().unwrap().contains(address.parse().unwrap())
        };
        assert!(has("10.0.0.0/8", "10.255.0.1") && !has("10.0.0.0/8", "11.0.0.0"));
        assert!(has("192.0.2.7", "192.0.2.7") && !has("192.0.2.7", "192.0.2.6"));
        assert!(has("0.0.0.0/0", "8.8.8.8") && !has("0.0.0.0/0", "::1") && has("::/0", "::1"));
        assert!(has("fd00::/8", "fdff::1") && !has("fd00::/8", "fe00::1"));
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "10.0.0.0/x", "h/8"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
