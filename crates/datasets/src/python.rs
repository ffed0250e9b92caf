//! Lines of Python for hints, to be pasted into a shell.

use std::path::{Path, PathBuf};

/// `python3 -c "BODY"`.
pub(crate) fn line(body: &str) -> String {
    format!("python3 -c \"{body}\"")
}

/// A text as Python writes it, safe between the double quotes of a shell.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '"' | '\\' | '$' | '`' | '!' => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// A path as Python writes it.
pub(crate) fn path(path: &Path) -> String {
    text(&path.to_string_lossy())
}

/// Where a converted copy of `path` can go: `NAME.npz` beside it, or a name that no file has yet.
pub(crate) fn converted(path: &Path) -> PathBuf {
    let plain = path.with_extension("npz");
    if plain != path && !plain.exists() {
        return plain;
    }
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut names = (1..).map(|i| match i {
        1 => format!("{stem}-converted.npz"),
        _ => format!("{stem}-converted-{i}.npz"),
    });
    let free = names.find(|name| !path.with_file_name(name).exists());
    path.with_file_name(free.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_survive_the_shell_and_python() {
        assert_eq!(text("table ü.csv"), "'table ü.csv'");
        assert_eq!(
            text("it's $5 \"a\\b\"\n"),
            r"'it\x27s \x245 \x22a\x5cb\x22\u000a'"
        );
    }

    #[test]
    fn no_file_is_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        assert_eq!(converted(&at("t.csv")), at("t.npz"));
        std::fs::write(at("t.npz"), "").unwrap();
        assert_eq!(converted(&at("t.csv")), at("t-converted.npz"));
        assert_eq!(converted(&at("t.npz")), at("t-converted.npz"));
        std::fs::write(at("t-converted.npz"), "").unwrap();
        assert_eq!(converted(&at("t.npz")), at("t-converted-2.npz"));
    }
}
