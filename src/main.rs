//! The native build. On wasm there is no command line: the page is the shell there.

#[cfg(not(target_family = "wasm"))]
#[global_allocator]
static ALLOCATOR: distillery::cli::Allocator = distillery::cli::Allocator;

#[cfg(not(target_family = "wasm"))]
fn main() -> std::process::ExitCode {
    distillery::cli::main()
}

#[cfg(target_family = "wasm")]
fn main() {}
