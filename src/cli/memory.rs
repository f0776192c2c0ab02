//! Memory of this process and this machine. Linux tells it in files; elsewhere nothing is said.

use std::fs::read_to_string;
use std::path::Path;

use super::table::bytes;

/// Bytes in memory now.
pub fn now() -> Option<usize> {
    field("VmRSS:")
}

/// The most there ever were.
pub fn peak() -> Option<usize> {
    field("VmHWM:")
}

/// Bytes that can still be had: of the machine, of the container or the job that this process is in, and by its own limit.
pub fn free() -> Option<usize> {
    let machine = field_of("/proc/meminfo", "MemAvailable:");
    let group = read_to_string("/proc/self/cgroup").ok().and_then(|groups| within_groups(Path::new("/sys/fs/cgroup"), &groups));
    machine.into_iter().chain(group).chain(address_space()).min()
}

/// What `ulimit -v` leaves.
fn address_space() -> Option<usize> {
    let limits = read_to_string("/proc/self/limits").ok()?;
    let limit: usize = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?.split_whitespace().next()?.parse().ok()?;
    Some(limit.saturating_sub(field("VmSize:")?))
}

/// What the control groups of a process leave it: the least of all that it is in, outer ones too. `groups` is its `/proc/self/cgroup`.
/// <https://docs.kernel.org/admin-guide/cgroup-v2.html>, `memory.max`; `cgroup-v1/memory.html`, `memory.limit_in_bytes`.
fn within_groups(root: &Path, groups: &str) -> Option<usize> {
    let of = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let (mount, limit, used) = match controllers {
            "" if root.join("unified").is_dir() => (root.join("unified"), "memory.max", "memory.current"),
            "" => (root.to_owned(), "memory.max", "memory.current"),
            list if list.split(',').any(|name| name == "memory") => (root.join("memory"), "memory.limit_in_bytes", "memory.usage_in_bytes"),
            _ => return None,
        };
        // A container may see its own group as the root, under a path of the machine.
        let inner = mount.join(path.trim_start_matches('/'));
        let folders = inner.ancestors().take_while(|folder| folder.starts_with(&mount));
        folders.filter_map(|folder| left(folder, limit, used)).min()
    };
    groups.lines().filter_map(of).min()
}

/// What one group leaves; files that were read and can be dropped again count as used by it, and are not.
fn left(folder: &Path, limit: &str, used: &str) -> Option<usize> {
    let number = |name: &str| read_to_string(folder.join(name)).ok()?.trim().parse::<usize>().ok();
    // `max`, or in v1 a number beyond all memory, is no limit.
    let (limit, used) = (number(limit)?, number(used)?);
    let stat = read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let droppable = stat.lines().find_map(|line| line.strip_prefix("inactive_file ")?.trim().parse().ok());
    Some(limit.saturating_sub(used.saturating_sub(droppable.unwrap_or(0))))
}

/// What to do where memory is short.
pub const KNOBS: &str = "lower train.batch_size (and raise train.accumulate by as much: the step stays the same, but for what MiniLLM and DistiLLM-2 take from a whole batch), or text.context, student.layers \
     or student.dim; set train.gradient_checkpointing=true (the same numbers, more time); of students out of a checkpoint let adapters learn alone (student.lora_rank=8); of a teacher that trains teacher.layers or teacher.dim";

/// What is worth saying before a run that needs so many bytes.
pub fn announcement(needed: usize, free: Option<usize>) -> Option<String> {
    /// Less is nobody's concern.
    const WORTH_SAYING: usize = 1 << 30;
    let free = free?;
    if needed > free {
        let (needed, free) = (bytes(needed), bytes(free));
        return Some(format!("the run needs about {needed} of memory and {free} are free, so it may be killed: {KNOBS}"));
    }
    (needed > WORTH_SAYING).then(|| format!("the run needs about {} of memory; {} are free", bytes(needed), bytes(free)))
}

fn field(name: &str) -> Option<usize> {
    field_of("/proc/self/status", name)
}

fn field_of(file: &str, name: &str) -> Option<usize> {
    let status = read_to_string(file).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: usize = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn a_run_that_will_not_fit_is_told_what_to_turn() {
        let gib = |count: usize| count << 30;
        assert_eq!(super::announcement(1 << 20, Some(gib(8))), None);
        assert_eq!(super::announcement(gib(2), Some(gib(8))).unwrap(), "the run needs about 2.0 GiB of memory; 8.0 GiB are free");
        let short = super::announcement(gib(9), Some(gib(8))).unwrap();
        assert!(short.contains("may be killed") && short.contains("train.accumulate"), "{short}");
    }

    #[test]
    fn a_container_with_less_than_its_machine_is_seen() {
        let root = tempfile::tempdir().unwrap();
        let left = |groups: &str| super::within_groups(root.path(), groups);
        let put = |folder: &str, files: &[(&str, &str)]| {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
            files.iter().for_each(|(name, text)| std::fs::write(root.path().join(folder).join(name), text).unwrap());
        };
        assert_eq!(left("0::/"), None, "no limit");
        put("job/step", &[("memory.max", "max\n"), ("memory.current", "100\n")]);
        put("job", &[("memory.max", "1000\n"), ("memory.current", "700\n"), ("memory.stat", "anon 5\ninactive_file 200\nfile 1\n")]);
        assert_eq!(left("0::/job/step\n"), Some(500), "of the outer group, without what can be dropped");
        put("memory/docker", &[("memory.limit_in_bytes", "9000"), ("memory.usage_in_bytes", "1000")]);
        put("memory", &[("memory.limit_in_bytes", "9223372036854771712"), ("memory.usage_in_bytes", "1000")]);
        assert_eq!(left("5:cpu,cpuacct:/\n4:memory:/docker\n"), Some(8000), "version 1");
        assert_eq!(left("4:memory:/not/seen/here\n"), Some(9223372036854770712), "the root, where the path is the machine's");
        put("unified/job", &[("memory.max", "50"), ("memory.current", "60")]);
        assert_eq!(left("4:memory:/docker\n0::/job\n"), Some(0), "both, and more is used than is allowed");
    }

    #[test]
    fn memory_that_is_filled_is_seen() {
        let before = super::now().unwrap();
        let filled = vec![1_u8; 64 << 20];
        assert!(
            super::now().unwrap() >= before + (48 << 20),
            "{} bytes were filled",
            filled.iter().map(|byte| usize::from(*byte)).sum::<usize>()
        );
        assert!(super::peak().unwrap() >= super::now().unwrap());
    }
}
