//! Warnings and other lines on standard error.

use std::io::{IsTerminal, Result, Write};

use files::escaped;
use tracing_subscriber::EnvFilter;

use crate::args::{Global, LogFormat};

/// From here on what libraries and commands say goes to standard error.
pub(crate) fn start(global: &Global) {
    let level = match global.verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let coloured = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || Lines { coloured })
        .with_ansi(coloured)
        .log_internal_errors(false)
        .with_target(false);
    match global.log_format {
        LogFormat::Text => builder.without_time().init(),
        LogFormat::Json => builder.json().init(),
    }
}

/// One line at a time, on which nothing but our own colours acts. A line that nobody can read costs nothing.
struct Lines {
    coloured: bool,
}

impl Write for Lines {
    /// `line` is a whole one: events are formatted before they are written.
    fn write(&mut self, line: &[u8]) -> Result<usize> {
        let text = String::from_utf8_lossy(line);
        // The formatter has made escapes of the text visible itself; those that are left are its colours.
        let text = escaped(text.trim_end_matches('\n'), |c| {
            self.coloured && c == '\u{1b}'
        });
        let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
        Ok(line.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}
