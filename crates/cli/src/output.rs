//! Standard output, for every command.

use std::io::{Error, ErrorKind, IsTerminal, Write};
use std::sync::Mutex;

use files::{escaped, visible, visible_lines};

use crate::failure::{Failure, exit};
use crate::lifeline;

/// The first write that failed, but for those whose reader went away.
static FAILED: Mutex<Option<Error>> = Mutex::new(None);

/// Prints text for people: what would act on a terminal is made visible.
pub(crate) fn print(text: &str) {
    write(&visible_lines(text));
}

/// As [`print`], of text that may have colours of ours.
pub(crate) fn print_coloured(text: &str) {
    write(&escaped(text, |c| c == '\n' || c == '\u{1b}'));
}

/// Prints text for programs as it is: JSON, scripts.
pub(crate) fn print_data(text: &str) {
    write(text);
}

/// Whether text on standard output may have colours.
pub(crate) fn has_colours() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// The failure of a write so far. A reader that went away (`| head`) is none: it has what it wanted.
pub(crate) fn check() -> Result<(), Failure> {
    let mut failed = FAILED
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    match failed.take() {
        None => Ok(()),
        Some(error) => {
            let message = format!("cannot write to standard output: {error}");
            Err(Failure::new(exit::MISSING, message)
                .hint("make room, or send the output to another place"))
        }
    }
}

fn write(text: &str) {
    let attempt = || -> std::io::Result<()> {
        if lifeline::stdout_was_closed() {
            return Err(Error::other("it is closed"));
        }
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            out.write_all(b"\n")?;
        }
        out.flush()
    };
    match attempt() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let mut failed = FAILED
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            failed.get_or_insert(error);
        }
        _ => {}
    }
}

/// Lines up columns: every cell padded to the widest of its column, two spaces between.
pub(crate) fn columns(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<_>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| visible(cell)).collect())
        .collect();
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..n_columns)
        .map(|c| {
            rows.iter()
                .filter_map(|row| row.get(c))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &rows {
        let line: Vec<String> = row
            .iter()
            .zip(&widths)
            .map(|(cell, &width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(line.join("  ").trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_carry_no_trailing_space() {
        let rows = [["ä", "bb", "c"], ["long", "b", ""]].map(|r| r.map(str::to_owned).to_vec());
        assert_eq!(columns(&rows), "ä     bb  c\nlong  b\n");
    }

    #[test]
    fn a_cell_stays_in_its_line() {
        assert_eq!(columns(&[vec!["a\nb".to_owned()]]), "a\\nb\n");
    }
}
