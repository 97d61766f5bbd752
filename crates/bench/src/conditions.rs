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
        read("/proc/sys/kernel/osrelease")?.trim()
    ))
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
