//! What the program ends with where it cannot do what was asked.

use std::fmt;

use detector::is_out_of_memory;
use files::visible;

/// Exit codes of the program; docs/using.md lists them.
pub(crate) mod exit {
    pub(crate) const USAGE: u8 = 2;
    pub(crate) const BAD_DATA: u8 = 3;
    pub(crate) const MISSING: u8 = 4;
    pub(crate) const SOME_CELLS_FAILED: u8 = 5;
    pub(crate) const INTERNAL: u8 = 70;
    pub(crate) const RETRY: u8 = 75;
    pub(crate) const INTERRUPTED: u8 = 130;
    pub(crate) const TERMINATED: u8 = 143;
}

/// What went wrong in one line, the way out, and the code the program ends with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Failure {
    /// Names in the message keep to its line.
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: visible(&message.into()).into_owned(),
            hint: None,
        }
    }

    /// From a text of several lines, such as TOML's, which become one.
    pub(crate) fn of_lines(code: u8, text: &str) -> Self {
        Self::new(code, one_line(text))
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(visible(&hint.into()).into_owned());
        self
    }

    pub(crate) fn maybe_hint(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// Where a signal ended the training of a network, with what keeps its state.
    pub(crate) fn of_training(self, trains_network: bool) -> Self {
        let is_interrupted = [exit::INTERRUPTED, exit::TERMINATED].contains(&self.code);
        match is_interrupted && trains_network {
            true => self.hint("with --models DIR the same command goes on where it stopped"),
            false => self,
        }
    }

    /// The memory there is does not do.
    pub(crate) fn out_of_memory(message: &str) -> Self {
        Self::of_lines(exit::RETRY, message)
            .hint("free memory or use fewer workers (--jobs 1), then run again")
    }

    /// From the payload of a caught panic. libtorch reports a failed allocation that way, with a
    /// C++ stack behind the first line.
    pub(crate) fn from_panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        if is_out_of_memory(text) {
            return Self::out_of_memory("out of memory");
        }
        if is_threads(text) {
            return Self::new(exit::RETRY, "no more threads can be started")
                .hint("allow more threads or memory, or take fewer: --threads 1");
        }
        Self::new(
            exit::INTERNAL,
            format!("internal error: {}", first_line(text)),
        )
        .hint("this is a bug; `RUST_LOG=debug` shows more")
    }
}

impl From<sweep::Failure> for Failure {
    fn from(failure: sweep::Failure) -> Self {
        Self::new(failure.code, failure.message).maybe_hint(failure.hint)
    }
}

/// As a cell has it.
impl From<Failure> for record::Failure {
    fn from(failure: Failure) -> Self {
        Self {
            code: Some(failure.code),
            message: failure.message,
            hint: failure.hint,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// The words of Rust and the system for threads that cannot be had: what is short is mostly memory for their stacks.
fn is_threads(text: &str) -> bool {
    text.contains("Resource temporarily unavailable") || text.contains("failed to spawn thread")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allocation_that_failed_is_worth_a_retry() {
        let payload: Box<dyn std::any::Any + Send> = Box::new(
            "DefaultCPUAllocator: not enough memory: you tried to allocate\nframe #0".to_owned(),
        );
        assert_eq!(Failure::from_panic(payload.as_ref()).code, exit::RETRY);
    }

    #[test]
    fn names_keep_to_the_line_and_act_on_nothing() {
        let failure = Failure::new(exit::BAD_DATA, "a\u{1b}[2J\nb").hint("c\rd");
        assert_eq!(failure.to_string(), "error: a\\u{1b}[2J\\nb\nhint: c\\rd");
    }

    #[test]
    fn threads_that_cannot_start_are_worth_a_retry() {
        let text = "failed to spawn thread: Os { code: 11, kind: WouldBlock, message: \"…\" }";
        assert_eq!(Failure::from_panic(&text).code, exit::RETRY);
    }

    #[test]
    fn a_panic_shows_its_first_line_only() {
        let payload: Box<dyn std::any::Any + Send> =
            Box::new("shapes differ\nframe #0: c10::Error".to_owned());
        assert_eq!(
            Failure::from_panic(payload.as_ref()).to_string(),
            "error: internal error: shapes differ\nhint: this is a bug; `RUST_LOG=debug` shows more"
        );
    }
}
