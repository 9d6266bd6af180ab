//! The direct dialer: what a leak would look like, and how the lab's own peer connects.

use tokio::net::TcpStream;

use crate::facts::Facts;
use crate::{LabError, Result};

/// Connects past Tor.
///
/// # Errors
/// The host is not of this lab, or refuses.
pub async fn connect(facts: &Facts, host: &str, port: u16) -> Result<TcpStream> {
    let address = facts.hosts.get(host).ok_or_else(|| LabError::new("no such host in the lab"))?;
    let stream = TcpStream::connect((address.as_str(), port)).await?;
    // As Tor's programs do. What is written in two pieces would else wait for the other side's delayed acknowledgement.
    stream.set_nodelay(true)?;
    Ok(stream)
}
