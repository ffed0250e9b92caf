//! The libtorch that the program runs on.
#![cfg(target_os = "linux")]

#[path = "../../cli/tests/support/mod.rs"]
mod support;

use std::process::Command;

use support::{command, ended};

/// What another version of libtorch on the path is to a program that misses a symbol: an empty library.
#[test]
fn another_libtorch_on_the_library_path_is_not_ours() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("a.c"), "int nothing_of_ours;\n").unwrap();
    for library in ["libtorch_cpu.so", "libc10.so", "libgomp.so.1"] {
        let folder = root.path().join(library.split('.').next().unwrap());
        std::fs::create_dir(&folder).unwrap();
        let made = Command::new("cc")
            .args(["-shared", "-fPIC", &format!("-Wl,-soname,{library}"), "-o"])
            .arg(folder.join(library))
            .arg(root.path().join("a.c"))
            .status();
        assert!(made.unwrap().success());
        let mut program = command(root.path());
        let told = program
            .args(["methods", "list"])
            .env("LD_LIBRARY_PATH", &folder)
            .output();
        let told = ended(told.unwrap());
        assert_eq!(told.code, Some(0), "{library}: {}", told.stderr);
    }
}
