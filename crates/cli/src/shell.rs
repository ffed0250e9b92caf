//! Options in hints, as they are typed into a shell.

use std::path::Path;

/// `--option VALUE`, the value quoted where a POSIX shell would take it apart or the program would take it for an option.
pub(crate) fn option(option: &str, value: &str) -> String {
    let between = if value.starts_with('-') { "=" } else { " " };
    format!("{option}{between}{}", files::shell(Path::new(value)))
}

#[cfg(test)]
mod tests {
    use super::option;

    #[test]
    fn values_stay_one_word() {
        for (value, typed) in [
            ("width", "--drop width"),
            ("Länge_1", "--drop Länge_1"),
            ("my col", "--drop 'my col'"),
            ("it's $5", r"--drop 'it'\''s $5'"),
            ("{\"id\":1", "--drop '{\"id\":1'"),
            ("-x", "--drop=-x"),
            ("", "--drop ''"),
        ] {
            assert_eq!(option("--drop", value), typed);
        }
    }
}
