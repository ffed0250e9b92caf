//! The program that is copied to other machines stays light.
#![allow(clippy::print_stderr)] // the line that says it was skipped

use std::path::Path;

/// Bytes that the program may have on Linux, where it is linked without symbols.
const MOST: u64 = 23_000_000;

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
fn the_program_without_libtorch_is_small() {
    // A build of xtask alone does not have it.
    let program = Path::new(env!("CARGO_BIN_EXE_xtask")).with_file_name("residuum");
    let Ok(file) = std::fs::metadata(&program) else {
        skipped::because("no residuum beside xtask (build the whole workspace)");
        return;
    };
    let bytes = file.len();
    assert!(
        bytes <= MOST,
        "{} has {bytes} bytes, at most {MOST} are wanted",
        program.display()
    );
}
