//! Memory that cannot be had. Only Linux holds a process to a limit of its address space.

use super::*;

#[test]
fn what_does_not_fit_into_memory_ends_with_a_message_and_a_code_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    // A hole of 8 GiB: it takes no room on the disk, and more than the limit in memory.
    fs::File::create(folder.path().join("large.gguf")).unwrap().set_len(8 << 30).unwrap();
    let limited = Command::new("sh")
        .args(["-c", "ulimit -v 4000000; exec \"$0\" generate large.gguf --prompt a --device cpu", env!("CARGO_BIN_EXE_distillery")])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = stderr(&limited);
    assert_eq!(limited.status.code(), Some(3), "{said}");
    assert!(said.contains("error: out of memory: another 8589934592 bytes") && said.contains("ulimit -v"), "{said}");
}
