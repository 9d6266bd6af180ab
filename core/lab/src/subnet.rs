//! The lab's own addresses: a random 127.x.y.0/24, held by a socket for as long as the lab lives.

use std::net::{Ipv4Addr, UdpSocket};

use rand::RngExt as _;

use crate::{LabError, Result};

/// Where the exits' name server listens, in the subnet.
const NAMES: (u8, u16) = (2, 10053);

/// A subnet of our own.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subnet([u8; 2]);

impl Subnet {
    /// Takes a subnet that no other lab holds. The socket is the name server's, and the hold on the subnet.
    pub(crate) fn take() -> Result<(Self, UdpSocket)> {
        for _ in 0..50 {
            let subnet = Self([rand::rng().random_range(1..255), rand::rng().random_range(1..255)]);
            if let Ok(socket) = UdpSocket::bind((subnet.address(NAMES.0), NAMES.1)) {
                return Ok((subnet, socket));
            }
        }
        Err(LabError::new("no free subnet on loopback"))
    }

    /// The address with this last byte.
    pub(crate) const fn address(self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, self.0[0], self.0[1], last)
    }
}
