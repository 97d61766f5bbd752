//! `hearth healthcheck`: whether a running server is ready, as an exit code.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;

use super::say::say;
use crate::config::parse_address;

/// Longest that it may take: whoever asks has a deadline too.
const PATIENCE: Duration = Duration::from_secs(3);
/// More than an answer of a server of ours holds.
const ANSWER: usize = 4096;

#[derive(Args, Debug)]
pub(super) struct HealthcheckArgs {
    /// Address and port that the server listens on
    #[arg(long, env = "HEARTH_LISTEN", default_value = "127.0.0.1:3000", value_name = "ADDR:PORT", value_parser = parse_address)]
    listen: SocketAddr,
    /// Only whether the process lives, not whether its database does
    #[arg(long)]
    alive: bool,
}

pub(super) fn run(args: &HealthcheckArgs) -> Result<ExitCode> {
    let address = reachable(args.listen);
    let path = if args.alive { "/healthz" } else { "/readyz" };
    let (status, said) = get(address, path).with_context(|| format!("no server answers at {address}"))?;
    say(said.trim())?;
    Ok(if status == 200 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where a server that listens on this address is reached from its own machine.
pub(super) fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Status and body of a GET, if it is Hearth that answers.
pub(super) fn get(address: SocketAddr, path: &str) -> Result<(u16, String)> {
    let deadline = Instant::now() + PATIENCE;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let answer = read_until(&mut stream, deadline)?;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    match (status, body.trim()) {
        (Some(200), "ok" | "ready") => Ok((200, body)),
        (Some(503), _) => Ok((503, body)),
        _ => bail!("what answers there is not Hearth"),
    }
}

/// What is sent until the connection's end, or as much of it as is looked at.
fn read_until(stream: &mut TcpStream, deadline: Instant) -> Result<String> {
    let too_late = || anyhow!("it took longer than {} s", PATIENCE.as_secs());
    let mut answer = Vec::new();
    let mut chunk = [0; 1024];
    while answer.len() < ANSWER {
        let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
        stream.set_read_timeout(Some(left.ok_or_else(too_late)?))?;
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&chunk[..length]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Err(too_late()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_listens_everywhere_is_asked_at_home() {
        for (listen, asked) in
            [("0.0.0.0:3000", "127.0.0.1:3000"), ("[::]:80", "[::1]:80"), ("192.0.2.7:1", "192.0.2.7:1")]
        {
            assert_eq!(reachable(listen.parse().unwrap()), asked.parse().unwrap());
        }
    }
}
