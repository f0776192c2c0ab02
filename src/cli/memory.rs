//! Memory of this process and this machine. Linux tells it in a file; elsewhere nothing is said.

use super::table::bytes;

/// Bytes in memory now.
pub fn now() -> Option<usize> {
    field("VmRSS:")
}

/// The most there ever were.
pub fn peak() -> Option<usize> {
    field("VmHWM:")
}

/// Bytes that this machine can still give.
pub fn free() -> Option<usize> {
    field_of("/proc/meminfo", "MemAvailable:")
}

/// What to do where memory is short.
pub const KNOBS: &str = "lower train.batch_size (and raise train.accumulate by as much: the step stays the same), or text.context, student.layers \
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
    let status = std::fs::read_to_string(file).ok()?;
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
