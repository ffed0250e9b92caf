use std::fmt;

use datasets::DatasetError;
use detector::DetectorError;
use experiment::{ExperimentError, NoVectors};
use files::visible;
use residuum::{RegistryError, WayOut};

use crate::interrupt;
use crate::networks::{self, hand_over};
use crate::place::cannot_write;

/// Exit codes of the program; README.md lists them.
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
    fn of_lines(code: u8, text: &str) -> Self {
        Self::new(code, one_line(text))
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(visible(&hint.into()).into_owned());
        self
    }

    fn maybe_hint(self, hint: Option<String>) -> Self {
        match hint {
            Some(hint) => self.hint(hint),
            None => self,
        }
    }

    /// The memory there is does not do.
    fn out_of_memory(message: &str) -> Self {
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
        if is_memory(text) {
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

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        let code = match error.kind() {
            _ if matches!(error, DatasetError::TooLarge { .. }) => exit::RETRY,
            datasets::ErrorKind::Usage => exit::USAGE,
            datasets::ErrorKind::BadData => exit::BAD_DATA,
            datasets::ErrorKind::Missing => exit::MISSING,
            datasets::ErrorKind::Memory => exit::RETRY,
        };
        Self::new(code, with_sources(&error)).maybe_hint(error.hint())
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let code = match error {
            RegistryError::Device { .. } | RegistryError::NeedsLibtorch { .. } => exit::MISSING,
            _ => exit::USAGE,
        };
        let hint = error.way_out().map(in_words);
        Self::of_lines(code, &with_sources(&error)).maybe_hint(hint)
    }
}

/// A way out as a command or an option.
fn in_words(way_out: WayOut) -> String {
    match way_out {
        WayOut::Methods(names) => format!("methods are {}", names.join(", ")),
        WayOut::Settings(names) => format!("settings are {}", names.join(", ")),
        WayOut::KeyValue => "for example --set trees=200".to_owned(),
        WayOut::Defaults(method) => {
            format!("`residuum methods show {method}` prints the defaults with their meaning")
        }
        WayOut::Devices => "--device cpu, cuda or cuda:1".to_owned(),
        _ => networks::HINT.to_owned(),
    }
}

impl From<DetectorError> for Failure {
    fn from(error: DetectorError) -> Self {
        let text = with_sources(&error);
        let code = match error {
            DetectorError::Interrupted => {
                return Self::new(interrupt::code(), text)
                    .hint("with --models DIR the same command goes on where it stopped");
            }
            DetectorError::Missing { hint, .. } => {
                return Self::new(exit::MISSING, text).maybe_hint(hint);
            }
            DetectorError::Io { .. } => {
                return Self::new(exit::MISSING, text)
                    .hint("give another place or make room; nothing that was finished is lost");
            }
            DetectorError::Memory(_) => return Self::out_of_memory(&text),
            DetectorError::Setting(_) => exit::USAGE,
            _ if is_memory(&text) => return Self::out_of_memory(&text),
            _ => exit::BAD_DATA,
        };
        Self::of_lines(code, &text)
    }
}

impl From<pictures::PictureError> for Failure {
    fn from(error: pictures::PictureError) -> Self {
        match &error {
            pictures::PictureError::Write { path, source } => cannot_write(path, source),
            _ => Self::new(exit::BAD_DATA, with_sources(&error)),
        }
    }
}

impl From<NoVectors> for Failure {
    fn from(error: NoVectors) -> Self {
        let (code, error, hint) = match error {
            NoVectors::Interrupted(error) => (interrupt::code(), error, None),
            NoVectors::Missing(error, hint) => (exit::MISSING, error, hint),
            NoVectors::Refused(error, hint) => (exit::BAD_DATA, error, hint),
        };
        let text = with_sources(&*error);
        if code == exit::BAD_DATA && is_memory(&text) {
            return Self::out_of_memory(&text);
        }
        Self::of_lines(code, &text).maybe_hint(hint)
    }
}

/// Becomes the program with networks where that is what is missing.
impl From<ExperimentError> for Failure {
    fn from(error: ExperimentError) -> Self {
        let text = with_sources(&error);
        match error {
            ExperimentError::Dataset(error) => error.into(),
            ExperimentError::Registry(error) => error.into(),
            ExperimentError::Detector(error) => error.into(),
            ExperimentError::NoVectors(error) => error.into(),
            ExperimentError::Row { dataset, source } => {
                let failure = Self::from(source);
                Self {
                    message: format!("{}: {}", visible(&dataset), failure.message),
                    ..failure
                }
            }
            ExperimentError::Metric(_) => Self::new(exit::BAD_DATA, text),
            ExperimentError::NoGradient => Self::new(exit::USAGE, text)
                .hint("give a surrogate that has one, such as tccm, dte-c, or ddpm without noise"),
            ExperimentError::AttackSetting { .. }
            | ExperimentError::AttackOnImages
            | ExperimentError::NoImages { .. } => Self::new(exit::USAGE, text),
            ExperimentError::NeedsNetworks => hand_over(),
            ExperimentError::Folder { .. } => {
                Self::new(exit::MISSING, text).hint("set RESIDUUM_CACHE to another folder")
            }
            ExperimentError::Write { path, source } => cannot_write(&path, &source),
            _ => Self::new(exit::INTERNAL, text),
        }
    }
}

#[cfg(feature = "report")]
impl From<report::ReportError> for Failure {
    fn from(error: report::ReportError) -> Self {
        match &error {
            report::ReportError::Write { path, source } => cannot_write(path, source),
            report::ReportError::Read { .. } => Self::new(exit::MISSING, with_sources(&error)),
            _ => Self::new(exit::BAD_DATA, with_sources(&error)),
        }
    }
}

/// The words in which libtorch, C++, Rust and the system say that memory cannot be had.
fn is_memory(text: &str) -> bool {
    let words = [
        "not enough memory",
        "out of memory",
        "can't allocate memory",
        "Cannot allocate memory",
        "memory allocation",
        "std::bad_alloc",
        "capacity overflow",
    ];
    words.iter().any(|word| text.contains(word))
}

/// The same of threads: what is short is mostly memory for their stacks.
fn is_threads(text: &str) -> bool {
    text.contains("Resource temporarily unavailable") || text.contains("failed to spawn thread")
}

/// The error and its causes in one line, a cause that repeats its effect left out.
fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
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
