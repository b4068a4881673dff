//! How much memory this process may fill, by the machine and by the limits it runs under.

use std::fs;
use std::path::Path;

/// Where the kernel shows the limits of groups.
const GROUPS: &str = "/sys/fs/cgroup";

/// Memory of the machine, or of the tightest group of processes that this one belongs to.
pub(super) fn usable_bytes() -> Option<u64> {
    let machine = fs::read_to_string("/proc/meminfo").ok();
    let machine_bytes = machine.and_then(|text| total_bytes(&text));
    let groups = fs::read_to_string("/proc/self/cgroup").ok();
    let group_bytes = groups.and_then(|text| limit_of(group_of(&text)?, Path::new(GROUPS)));
    machine_bytes.into_iter().chain(group_bytes).min()
}

fn total_bytes(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// The path of the group in the one hierarchy of version 2.
fn group_of(cgroup: &str) -> Option<&str> {
    cgroup.lines().find_map(|line| line.strip_prefix("0::/"))
}

/// The lowest limit of a group and those above it. Being throttled hurts as much as being killed.
fn limit_of(group: &str, groups: &Path) -> Option<u64> {
    let own = groups.join(group);
    let above = own.ancestors().take_while(|path| path.starts_with(groups));
    let files = above.flat_map(|path| ["memory.max", "memory.high"].map(|name| path.join(name)));
    let limits = files.filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok());
    limits.min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_limit_counts() {
        let groups = tempfile::tempdir().unwrap();
        let inner = groups.path().join("a/b");
        fs::create_dir_all(&inner).unwrap();
        assert_eq!(limit_of("a/b", groups.path()), None);
        fs::write(inner.join("memory.max"), "max\n").unwrap();
        fs::write(groups.path().join("a/memory.max"), "5000\n").unwrap();
        assert_eq!(limit_of("a/b", groups.path()), Some(5000));
        fs::write(inner.join("memory.high"), "4000\n").unwrap();
        assert_eq!(limit_of("a/b", groups.path()), Some(4000));
        assert_eq!(limit_of("a", groups.path()), Some(5000));
    }

    #[test]
    fn the_kernel_s_words_are_read() {
        let meminfo = "MemFree: 1 kB\nMemTotal:       1000 kB\n";
        assert_eq!(total_bytes(meminfo), Some(1_024_000));
        assert_eq!(total_bytes("MemTotal: much"), None);
        assert_eq!(group_of("1:cpu:/x\n0::/user/me\n"), Some("user/me"));
        assert_eq!(group_of("1:cpu:/x\n"), None);
    }
}
