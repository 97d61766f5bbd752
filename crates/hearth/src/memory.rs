//! How much memory there is for this process.

use std::path::Path;

/// What all queued output may take where nothing is set and nothing can be found out.
const UNKNOWN: usize = 256 * 1024 * 1024;

/// The memory of the machine, or of the container if that has less, in bytes.
pub(crate) fn total() -> Option<usize> {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| machine_total(&text));
    let container = container_limit(Path::new("/sys/fs/cgroup"));
    machine.into_iter().chain(container).min()
}

/// A quarter of it: the rest is for everything else.
pub(crate) fn quarter() -> usize {
    total().map_or(UNKNOWN, |total| total / 4)
}

/// The memory that this process has, in bytes.
pub(crate) fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()?.checked_mul(1024)
}

fn machine_total(meminfo: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The least `memory.max` (cgroup v2) of the groups that this process is in; inside a container its own is the root.
fn container_limit(root: &Path) -> Option<usize> {
    let own = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = own.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let place = root.join(own);
    let limits = place
        .ancestors()
        .take_while(|place| place.starts_with(root))
        .filter_map(|place| std::fs::read_to_string(place.join("memory.max")).ok()?.trim().parse().ok());
    limits.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_says_how_much_it_has() {
        assert_eq!(machine_total("MemFree: 1 kB\nMemTotal:       2048 kB\n"), Some(2 * 1024 * 1024));
        assert_eq!(machine_total("nothing"), None);
    }

    #[test]
    fn a_container_may_have_less() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(container_limit(folder.path()), None);
        std::fs::write(folder.path().join("memory.max"), "max\n").unwrap();
        assert_eq!(container_limit(folder.path()), None, "no limit");
        std::fs::write(folder.path().join("memory.max"), "1048576\n").unwrap();
        assert_eq!(container_limit(folder.path()), Some(1_048_576));
    }
}
