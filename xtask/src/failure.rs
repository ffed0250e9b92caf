//! Errors with an exit code and the way out, and the codes themselves.

use std::fmt;

/// Exit codes shared with the program `residuum`.
pub(crate) mod code {
    /// A wrong argument, profile or file name.
    pub(crate) const USAGE: u8 = 2;
    /// Data that cannot be used.
    pub(crate) const BAD_DATA: u8 = 3;
    /// Something needed is missing; the hint holds the command that gets it.
    pub(crate) const MISSING: u8 = 4;
    /// Finished, but some cells failed.
    pub(crate) const SOME_FAILED: u8 = 5;
    /// A fault of ours.
    pub(crate) const INTERNAL: u8 = 70;
    /// Worth another try: out of memory, out of time, a folder that is in use.
    pub(crate) const RETRY: u8 = 75;
}

/// What went wrong, what to do about it, and the exit code it ends in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
        }
    }

    /// Adds the way out.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// Prints `error: …` and `hint: …` to stderr and returns the exit code. What the system refuses, such as a
/// file that cannot be written, is missing; what carries no code of its own is internal.
pub(crate) fn report(error: &anyhow::Error) -> u8 {
    let failure = error.chain().find_map(|e| e.downcast_ref::<Failure>());
    eprintln!(
        "error: {}",
        format!("{error:#}").trim_end().replace('\n', "\n  ")
    );
    match failure {
        Some(failure) => {
            if let Some(hint) = &failure.hint {
                eprintln!("hint: {hint}");
            }
            failure.code
        }
        None if error.chain().any(|e| e.is::<std::io::Error>()) => {
            eprintln!("hint: give another place or make room; nothing that was finished is lost");
            code::MISSING
        }
        None => code::INTERNAL,
    }
}
