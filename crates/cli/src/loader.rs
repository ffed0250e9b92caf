//! What the system's loader finds for another program.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// The libraries of a program.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Libraries {
    /// Name and file.
    pub(crate) found: Vec<(String, String)>,
    /// Names.
    pub(crate) missing: Vec<String>,
}

impl Libraries {
    /// Asks the loader, which with `LD_TRACE_LOADED_OBJECTS` lists what it would load and starts nothing; it
    /// takes some milliseconds. `library_path` is the `LD_LIBRARY_PATH` that the program would get. Empty where
    /// the system has another loader.
    pub(crate) fn of(program: &Path, library_path: Option<&OsStr>) -> Self {
        if !cfg!(all(target_os = "linux", target_env = "gnu")) {
            return Self::default();
        }
        let mut command = Command::new(program);
        command.env("LD_TRACE_LOADED_OBJECTS", "1");
        if let Some(path) = library_path {
            command.env("LD_LIBRARY_PATH", path);
        }
        match command.stdin(Stdio::null()).stderr(Stdio::null()).output() {
            Ok(out) => Self::read(&String::from_utf8_lossy(&out.stdout)),
            // It does not start at all, which who starts it says.
            Err(_) => Self::default(),
        }
    }

    /// From lines such as `libc.so.6 => /lib/libc.so.6 (0x…)` and `libc10.so => not found`.
    fn read(listed: &str) -> Self {
        let mut libraries = Self::default();
        for line in listed.lines() {
            let Some((name, file)) = line.trim().split_once(" => ") else {
                continue;
            };
            let name = name.to_owned();
            if file == "not found" {
                if !libraries.missing.contains(&name) {
                    libraries.missing.push(name);
                }
            } else {
                let file = file.rsplit_once(" (").map_or(file, |(file, _)| file);
                libraries.found.push((name, file.to_owned()));
            }
        }
        libraries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_and_missing_libraries_are_told_apart() {
        let listed = "\tlinux-vdso.so.1 (0x00007f)\n\tlibtorch_cpu.so => not found\n\
                      \tlibc.so.6 => /lib/a b/libc.so.6 (0x00007f)\n\tlibtorch_cpu.so => not found\n";
        let expected = Libraries {
            found: vec![("libc.so.6".to_owned(), "/lib/a b/libc.so.6".to_owned())],
            missing: vec!["libtorch_cpu.so".to_owned()],
        };
        assert_eq!(Libraries::read(listed), expected);
    }

    #[test]
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn a_program_of_the_system_has_all_it_needs() {
        let libraries = Libraries::of(Path::new("/bin/sh"), None);
        assert!(!libraries.found.is_empty());
        assert_eq!(libraries.missing, [""; 0]);
        assert_eq!(
            Libraries::of(Path::new("/nowhere"), None),
            Libraries::default()
        );
    }
}
