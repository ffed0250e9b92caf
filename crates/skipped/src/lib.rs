#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::fmt::Display;
use std::fs::File;
use std::io::Write;
use std::path::Path;

/// Names the file that gets a line for each test that skips itself.
pub const FILE: &str = "RESIDUUM_SKIPPED";

/// Says that the running test skips itself: on standard error, which test runners hide, and in the file that
/// the environment variable [`FILE`] names.
pub fn because(reason: impl Display) {
    let file = std::env::var_os(FILE);
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    note(file.as_deref().map(Path::new), &test, &reason.to_string());
}

fn note(file: Option<&Path>, test: &str, reason: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
    let Some(file) = file else { return };
    let program = std::env::current_exe().unwrap_or_default();
    let program = program.file_stem().unwrap_or_default().to_string_lossy();
    let line = format!("{program} {test}: {reason}\n");
    // A test does not fail over its note.
    let opened = File::options().append(true).create(true).open(file);
    let _ = opened.and_then(|mut file| file.write_all(line.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_skip_is_a_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("skipped");
        note(None, "t", "unheard");
        note(Some(&path), "a", "no data");
        note(Some(&path), "b", "no weights");
        let text = std::fs::read_to_string(&path).unwrap();
        let ends: Vec<&str> = text
            .lines()
            .filter_map(|l| l.split_once(' '))
            .map(|l| l.1)
            .collect();
        assert_eq!(ends, ["a: no data", "b: no weights"]);
        note(
            Some(Path::new("/nowhere/skipped")),
            "c",
            "no file: no failure",
        );
    }
}
