use std::fmt;
use std::io;

/// Exit codes, shared by the program `residuum` and `cargo xtask`.
pub mod code {
    /// A wrong argument, profile or file name.
    pub const USAGE: u8 = 2;
    /// Data that cannot be used.
    pub const BAD_DATA: u8 = 3;
    /// Something needed is missing; the hint holds the command that gets it.
    pub const MISSING: u8 = 4;
    /// Finished, but some cells failed.
    pub const SOME_FAILED: u8 = 5;
    /// A fault of ours.
    pub const INTERNAL: u8 = 70;
    /// Worth another try: out of memory, out of time, a folder that is in use.
    pub const RETRY: u8 = 75;
}

/// What went wrong, what to do about it, and the exit code it ends in.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// One of [`code`].
    pub code: u8,
    /// What went wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure without a hint.
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
        }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What cannot be: a value of ours that is not JSON.
    pub(crate) fn internal(error: serde_json::Error) -> Self {
        Self::new(code::INTERNAL, error.to_string())
    }

    /// What the system refuses, such as a file that cannot be written; `what` could not be done.
    pub(crate) fn refused(what: impl fmt::Display, error: &io::Error) -> Self {
        Self::new(code::MISSING, format!("{what}: {error}"))
            .hint("give another place or make room; nothing that was finished is lost")
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
