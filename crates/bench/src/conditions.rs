//! What figures hold for: the machine and the day.

use std::process::Command;

use anyhow::{Context as _, Result};

/// Processor, number of cores, memory, kernel: one sentence.
///
/// # Errors
/// There is no /proc.
pub fn machine() -> Result<String> {
    let read = |file: &str| std::fs::read_to_string(file).with_context(|| format!("cannot read {file}"));
    let cpu = read("/proc/cpuinfo")?;
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|(_, name)| name);
    let memory = read("/proc/meminfo")?;
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().split(' ').next()?.parse().ok());
    let gib = kib.unwrap_or(0.0) / f64::from(1 << 20);
    Ok(format!(
        "{cores} cores of {}, {gib:.0} GiB, Linux {}.",
        model.unwrap_or(std::env::consts::ARCH),
        numbers(read("/proc/sys/kernel/osrelease")?.trim())
    ))
}

/// The numbers of a version, without what a vendor has put behind them.
fn numbers(version: &str) -> &str {
    let end = version.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(version.len());
    version[..end].trim_end_matches('.')
}

/// The day, as `2026-01-31`.
///
/// # Errors
/// There is no program `date`.
pub fn today() -> Result<String> {
    said("date", &["-u", "+%Y-%m-%d"])
}

/// What a program prints.
///
/// # Errors
/// It cannot be started.
pub fn said(program: &str, arguments: &[&str]) -> Result<String> {
    let output = Command::new(program).args(arguments).output().with_context(|| format!("cannot start {program}"))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_is_named_by_its_numbers_alone() {
        for (release, named) in [("6.18.44-fc-v769", "6.18.44"), ("6.1.0+deb12", "6.1.0"), ("6.12", "6.12")] {
            assert_eq!(numbers(release), named);
        }
    }
}
