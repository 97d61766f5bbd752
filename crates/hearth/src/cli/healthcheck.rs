//! `hearth healthcheck`: whether a running server is ready, as an exit code.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::config::parse_address;

/// Longest that each step may take: whoever asks has a deadline too.
const STEP: Duration = Duration::from_secs(3);
/// More of an answer than tells its status.
const ANSWER: u64 = 4096;

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
    println!("{}", said.trim());
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

/// Status and body of a GET.
pub(super) fn get(address: SocketAddr, path: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect_timeout(&address, STEP)?;
    stream.set_read_timeout(Some(STEP))?;
    stream.set_write_timeout(Some(STEP))?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(ANSWER).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).context("this is no HTTP server")?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    Ok((status, body))
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
