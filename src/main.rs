//! The native build. On wasm there is no command line: the page is the shell there.

/// The C library gives big blocks back to the system and fetches them again: a training step, which takes and frees hundreds, spent 12 % in
/// page faults.
#[cfg(not(target_family = "wasm"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[cfg(not(target_family = "wasm"))]
fn main() -> std::process::ExitCode {
    distillery::cli::main()
}

#[cfg(target_family = "wasm")]
fn main() {}
