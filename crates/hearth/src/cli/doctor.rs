//! `hearth doctor`: what may go wrong, before it does. Looks at the settings that `hearth serve` would run with.

use std::fmt;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use chat::Time;
use chat::server::Vitals;
use url::Url;

use super::data::{Data, Fresh};
use super::say::say;
use super::table::time;
use super::{healthcheck, sentence};
use crate::config::{Database, ServeArgs, Settings};
use crate::descriptors;

/// Least free space that is not worth a warning: PostgreSQL and SQLite stop at none.
const DISK_MIN: u64 = 1 << 30;
/// Most that two clocks may differ by without a warning.
const CLOCK_DRIFT_MS: u64 = 5_000;
/// People from one address alone that make one doubt that it is theirs.
const CROWD: i64 = 3;
/// Descriptors that are not sockets of clients: listeners, database, log.
const OTHER_FILES: u64 = 100;
/// How long the public URL may take to be reached.
const REACH: Duration = Duration::from_secs(3);

/// One thing that was looked at.
struct Finding {
    verdict: Verdict,
    what: &'static str,
    says: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok  ",
            Verdict::Warn => "WARN",
            Verdict::Fail => "FAIL",
        };
        write!(f, "{verdict}  {:<11} {}", self.what, self.says)
    }
}

fn ok(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Ok, what, says: says.into() }
}

fn warn(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Warn, what, says: says.into() }
}

fn fail(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { verdict: Verdict::Fail, what, says: says.into() }
}

pub(super) async fn run(args: &ServeArgs) -> Result<ExitCode> {
    let settings = Settings::from_args(args)?;
    let mut findings = Vec::new();
    match Data::open(&args.database, Fresh::Refuse).await {
        Ok(data) => {
            // Held for this moment alone: a server that starts in it waits.
            match chat::Database::from(&settings.database).try_lock().await {
                Ok(lock) => findings.push(server(&settings, lock.is_some())),
                Err(error) => findings.push(fail("database", error.to_string())),
            }
            match data.chat.vitals().await {
                Ok(vitals) => {
                    findings.push(database(&settings, &vitals));
                    findings.push(clock(&vitals, data.chat.now()));
                    findings.push(addresses(&settings, &vitals));
                }
                Err(error) => findings.push(fail("database", error.to_string())),
            }
            data.close().await;
        }
        Err(error) => findings.push(fail("database", sentence(&error))),
    }
    if let Database::Folder(folder) = &settings.database
        && folder.exists()
    {
        findings.push(disk(folder));
    }
    findings.push(files());
    findings.push(memory(&settings));
    findings.extend(public_url(&settings));
    findings.iter().try_for_each(say)?;
    let failed = findings.iter().any(|finding| finding.verdict == Verdict::Fail);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn server(settings: &Settings, alone: bool) -> Finding {
    if alone {
        return ok("server", "none runs on this database");
    }
    let address = healthcheck::reachable(settings.listen);
    match healthcheck::get(address, "/readyz") {
        Ok((200, _)) => ok("server", format!("runs and is ready at {address}")),
        Ok((_, said)) => fail("server", format!("runs at {address} and is not ready: {}", said.trim())),
        Err(error) => warn("server", format!("one runs on this database, but not at {address}: {error:#}")),
    }
}

fn database(settings: &Settings, vitals: &Vitals) -> Finding {
    let size = match (&settings.database, vitals.database) {
        (Database::Folder(folder), _) => std::fs::metadata(folder.join("hearth.db")).map(|file| file.len()).ok(),
        (Database::Postgres(_), Some((_, size))) => u64::try_from(size).ok(),
        (Database::Postgres(_), None) => None,
    };
    let kind = match settings.database {
        Database::Folder(_) => "SQLite",
        Database::Postgres(_) => "PostgreSQL",
    };
    let size = size.map(|bytes| format!(", {} MiB", bytes >> 20)).unwrap_or_default();
    ok("database", format!("{kind}{size}, {} accounts", vitals.accounts))
}

fn clock(vitals: &Vitals, now: Time) -> Finding {
    if let Some(latest) = vitals.latest.filter(|latest| latest.as_millis() > now.as_millis() + 60_000) {
        let (now, latest) = (time(now), time(latest));
        return warn("clock", format!("it is {now} UTC, before the latest entry of the database at {latest}"));
    }
    match vitals.database {
        Some((other, _)) if other.as_millis().abs_diff(now.as_millis()) > CLOCK_DRIFT_MS => {
            let apart = other.as_millis().abs_diff(now.as_millis()) / 1000;
            warn("clock", format!("it is {} UTC here, and the database's clock is {apart} s away", time(now)))
        }
        _ => ok("clock", format!("{} UTC", time(now))),
    }
}

/// Behind a proxy that does not say whom it speaks for, or is not believed, everybody is one address: they share its
/// limits. On a server that nobody else reaches they are.
fn addresses(settings: &Settings, vitals: &Vitals) -> Finding {
    const WHAT: &str = "proxy";
    let Vitals { people, addresses, address, .. } = vitals;
    let Some(address) = address.as_deref().filter(|_| *people >= CROWD && *addresses == 1) else {
        return ok(WHAT, format!("addresses of the last seven days' {people} people: {addresses}"));
    };
    let crowd = format!("the last {people} people all came from {address}");
    if !settings.exposed() {
        return ok(WHAT, format!("{crowd}, as they do without a proxy: where there is one, set HEARTH_PUBLIC_URL"));
    }
    let says =
        format!("{crowd}: if that is a proxy, let it send X-Forwarded-For and name it in HEARTH_TRUSTED_PROXIES");
    // This server speaks no TLS, so that with it there is a proxy: who comes from a local address comes from there.
    let is_proxy = settings.tls() && address.parse().is_ok_and(is_local);
    if is_proxy { fail(WHAT, says) } else { warn(WHAT, says) }
}

fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn disk(folder: &Path) -> Finding {
    match rustix::fs::statvfs(folder) {
        Ok(space) => {
            let free = space.f_bavail.saturating_mul(space.f_frsize);
            let says = format!("{} MiB free for {}", free >> 20, folder.display());
            if free < DISK_MIN { warn("disk", says) } else { ok("disk", says) }
        }
        Err(error) => fail("disk", format!("{}: {error}", folder.display())),
    }
}

fn files() -> Finding {
    let most = descriptors::most();
    let sockets = most.saturating_sub(OTHER_FILES);
    let says = format!("{most} file descriptors: about {sockets} sockets at once");
    if most < 10_000 {
        warn("files", format!("{says} (LimitNOFILE= of systemd, ulimit -n)"))
    } else {
        ok("files", says)
    }
}

fn memory(settings: &Settings) -> Finding {
    let queued = settings.limits.sizes.outbound_total.map_or_else(crate::memory::quarter, |bytes| bytes.get());
    match crate::memory::total() {
        Some(total) if queued > total / 2 => {
            warn("memory", format!("HEARTH_LIMIT_OUTBOUND_TOTAL allows {} of {} MiB", queued >> 20, total >> 20))
        }
        Some(total) => ok("memory", format!("{} MiB, {} of it for output that waits", total >> 20, queued >> 20)),
        None => warn("memory", "the system does not say how much there is"),
    }
}

fn public_url(settings: &Settings) -> Vec<Finding> {
    const WHAT: &str = "public URL";
    let Some(url) = &settings.public_url else {
        return vec![if settings.listen.ip().is_loopback() {
            ok(WHAT, "none: the server is for this machine alone")
        } else {
            fail(WHAT, "HEARTH_PUBLIC_URL is not set: browsers reach the server by an address only, and without TLS")
        }];
    };
    let mut findings = Vec::new();
    if url.scheme() == "http" && url.host_str() != Some("localhost") {
        findings.push(warn(WHAT, format!("{url} is without TLS: passwords can be read on the way")));
    }
    let trusted = settings.trusted_proxies.iter().any(|network| network.contains(&settings.listen.ip()));
    if settings.listen.ip().is_loopback() && !trusted {
        let says = "only a proxy on this machine reaches this server, and HEARTH_TRUSTED_PROXIES does not name it";
        findings.push(fail("proxy", format!("{says} ({})", settings.listen.ip())));
    }
    findings.push(match reach(url) {
        Ok(address) => ok(WHAT, format!("{url} answers at {address} (its certificate was not looked at)")),
        Err(error) => warn(WHAT, format!("{url} cannot be reached from here: {error:#}")),
    });
    findings
}

fn reach(url: &Url) -> Result<SocketAddr> {
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
    let host = host.trim_matches(['[', ']']);
    let mut last = anyhow::anyhow!("the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, REACH) {
            Ok(_) => return Ok(address),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn vitals(people: i64, addresses: i64, address: &str) -> Vitals {
        let address = Some(address.to_owned());
        Vitals { accounts: people, people, addresses, address, latest: None, database: None }
    }

    #[test]
    fn a_crowd_from_one_address_is_a_proxy_that_is_not_believed_where_there_is_one() {
        const TLS: [&str; 2] = ["--public-url", "https://chat.example.org"];
        const LAN: [&str; 2] = ["--listen", "0.0.0.0:3000"];
        const ALONE: [&str; 2] = ["--listen", "127.0.0.1:3000"];
        for (args, people, count, address, verdict) in [
            (TLS, 1, 1, "127.0.0.1", Verdict::Ok),
            (TLS, 9, 1, "127.0.0.1", Verdict::Fail),
            (TLS, 9, 1, "10.0.0.2", Verdict::Fail),
            (TLS, 9, 1, "203.0.113.5", Verdict::Warn),
            (TLS, 9, 4, "203.0.113.5", Verdict::Ok),
            (LAN, 9, 1, "192.168.1.5", Verdict::Warn),
            (ALONE, 9, 1, "127.0.0.1", Verdict::Ok),
        ] {
            let cli = crate::cli::Cli::try_parse_from([&["hearth"], &args[..]].concat()).unwrap();
            let settings = Settings::from_args(&cli.serve).unwrap();
            let found = addresses(&settings, &vitals(people, count, address));
            assert!(found.verdict == verdict, "{args:?}: {people} from {address}: {found}");
        }
    }

    #[test]
    fn a_clock_that_stands_before_what_is_stored_or_far_from_the_database_is_wrong() {
        let now = Time::from_millis(1_767_225_600_000);
        let with = |latest: i64, database: i64| {
            let latest = Some(Time::from_millis(now.as_millis() + latest));
            let database = Some((Time::from_millis(now.as_millis() + database), 0));
            clock(&Vitals { latest, database, ..vitals(0, 0, "") }, now).verdict
        };
        assert_eq!((with(-1, 0), with(3_600_000, 0), with(-1, 10_000)), (Verdict::Ok, Verdict::Warn, Verdict::Warn));
    }
}
