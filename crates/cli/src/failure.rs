use std::fmt;

use datasets::DatasetError;
use detector::DetectorError;
use metrics::MetricError;
use residuum::RegistryError;
use serde::{Deserialize, Serialize};

/// Exit codes of the program; README.md lists them.
pub(crate) mod exit {
    pub(crate) const USAGE: u8 = 2;
    pub(crate) const BAD_DATA: u8 = 3;
    pub(crate) const MISSING: u8 = 4;
    pub(crate) const SOME_CELLS_FAILED: u8 = 5;
    pub(crate) const INTERNAL: u8 = 70;
    pub(crate) const RETRY: u8 = 75;
    /// Also after SIGTERM, where a training was kept first.
    pub(crate) const INTERRUPTED: u8 = 130;
}

/// What went wrong in one line, the way out, and the code the program ends with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Failure {
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: one_line(&message.into()),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// From the payload of a caught panic. libtorch reports a failed allocation that way, with a
    /// C++ stack behind the first line.
    pub(crate) fn from_panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| payload.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        if text.contains("not enough memory") || text.contains("out of memory") {
            return Self::new(exit::RETRY, "out of memory")
                .hint("free memory or use fewer workers (--jobs 1), then run again");
        }
        Self::new(
            exit::INTERNAL,
            format!("internal error: {}", first_line(text)),
        )
        .hint("this is a bug; `RUST_LOG=debug` shows more")
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
            datasets::ErrorKind::Usage => exit::USAGE,
            datasets::ErrorKind::BadData => exit::BAD_DATA,
            datasets::ErrorKind::Missing => exit::MISSING,
        };
        let hint = error.hint();
        Self {
            hint,
            ..Self::new(code, with_sources(&error))
        }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let code = match error {
            RegistryError::Device { .. } => exit::MISSING,
            _ => exit::USAGE,
        };
        let hint = error.hint();
        Self {
            hint,
            ..Self::new(code, with_sources(&error))
        }
    }
}

impl From<DetectorError> for Failure {
    fn from(error: DetectorError) -> Self {
        let code = match error {
            DetectorError::Config { .. } => exit::USAGE,
            DetectorError::Interrupted => exit::INTERRUPTED,
            _ => exit::BAD_DATA,
        };
        let failure = Self::new(code, with_sources(&error));
        match error {
            DetectorError::Interrupted => {
                failure.hint("with --models DIR the same command goes on where it stopped")
            }
            _ => failure,
        }
    }
}

impl From<pictures::PictureError> for Failure {
    fn from(error: pictures::PictureError) -> Self {
        Self::new(exit::BAD_DATA, with_sources(&error))
    }
}

#[cfg(feature = "torch")]
impl From<residuum::FeaturesError> for Failure {
    fn from(error: residuum::FeaturesError) -> Self {
        let code = match error {
            residuum::FeaturesError::Interrupted => exit::INTERRUPTED,
            _ if error.is_missing() => exit::MISSING,
            _ => exit::BAD_DATA,
        };
        Self {
            hint: error.hint(),
            ..Self::new(code, with_sources(&error))
        }
    }
}

impl From<MetricError> for Failure {
    fn from(error: MetricError) -> Self {
        Self::new(exit::BAD_DATA, with_sources(&error))
    }
}

#[cfg(feature = "report")]
impl From<report::ReportError> for Failure {
    fn from(error: report::ReportError) -> Self {
        Self::new(exit::BAD_DATA, with_sources(&error))
    }
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
    fn a_panic_shows_its_first_line_only() {
        let payload: Box<dyn std::any::Any + Send> =
            Box::new("shapes differ\nframe #0: c10::Error".to_owned());
        assert_eq!(
            Failure::from_panic(payload.as_ref()).to_string(),
            "error: internal error: shapes differ\nhint: this is a bug; `RUST_LOG=debug` shows more"
        );
    }
}
