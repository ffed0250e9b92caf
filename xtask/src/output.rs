//! `println!` and `eprintln!` of this program. Rust's own panic where the write fails: a reader that went away
//! is not an error, and a full disk ends with the documented code.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};
use std::sync::Mutex;

use files::visible_lines;

use crate::failure::{Failure, code};

/// Prints a line to standard output; [`check`] tells whether that failed.
macro_rules! println {
    () => { $crate::output::out(format_args!("")) };
    ($($line:tt)*) => { $crate::output::out(format_args!($($line)*)) };
}

/// Prints a line to standard error, where anybody reads it.
macro_rules! eprintln {
    ($($line:tt)*) => { $crate::output::err(format_args!($($line)*)) };
}

/// The first write to standard output that failed, but for those whose reader went away.
static FAILED: Mutex<Option<std::io::Error>> = Mutex::new(None);

pub(crate) fn out(line: Arguments<'_>) {
    let text = format!("{}\n", visible_lines(&line.to_string()));
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let mut failed = FAILED
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner());
            failed.get_or_insert(error);
        }
        _ => {}
    }
}

pub(crate) fn err(line: Arguments<'_>) {
    let text = format!("{}\n", visible_lines(&line.to_string()));
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// The failure of a write to standard output so far.
pub(crate) fn check() -> Result<(), Failure> {
    let mut failed = FAILED
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    match failed.take() {
        None => Ok(()),
        Some(error) => {
            let message = format!("cannot write to standard output: {error}");
            Err(Failure::new(code::MISSING, message)
                .hint("make room, or send the output to another place"))
        }
    }
}
