//! The errors of the crates below as failures of the program.

use datasets::DatasetError;
use detector::{DetectorError, is_out_of_memory};
use experiment::{ExperimentError, NoVectors};
use files::visible;
use libtorch_fetch::FetchError;
use residuum::RegistryError;

use crate::failure::{Failure, exit};
use crate::interrupt;
use crate::networks::hand_over;
use crate::place::cannot_write;
use crate::ways_out;

impl From<DatasetError> for Failure {
    fn from(error: DatasetError) -> Self {
        let code = match error.kind() {
            _ if matches!(error, DatasetError::TooLarge { .. }) => exit::RETRY,
            datasets::ErrorKind::Usage => exit::USAGE,
            datasets::ErrorKind::BadData => exit::BAD_DATA,
            datasets::ErrorKind::Missing => exit::MISSING,
            datasets::ErrorKind::Memory => exit::RETRY,
        };
        Self::new(code, with_sources(&error)).maybe_hint(error.way_out().map(ways_out::of_data))
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let code = match error {
            RegistryError::Device { .. } | RegistryError::NeedsLibtorch { .. } => exit::MISSING,
            _ => exit::USAGE,
        };
        let hint = error.way_out().map(ways_out::of_registry);
        Self::of_lines(code, &with_sources(&error)).maybe_hint(hint)
    }
}

impl From<DetectorError> for Failure {
    fn from(error: DetectorError) -> Self {
        let text = with_sources(&error);
        let code = match error {
            DetectorError::Interrupted => return Self::new(interrupt::code(), text),
            DetectorError::Missing { way_out, .. } => {
                return Self::new(exit::MISSING, text)
                    .maybe_hint(way_out.map(ways_out::of_missing));
            }
            DetectorError::Io { .. } => {
                return Self::new(exit::MISSING, text)
                    .hint("give another place or make room; nothing that was finished is lost");
            }
            DetectorError::Memory(_) => return Self::out_of_memory(&text),
            DetectorError::Setting(_) => exit::USAGE,
            _ if is_out_of_memory(&text) => return Self::out_of_memory(&text),
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
        let (code, error, way_out) = match error {
            NoVectors::Interrupted(error) => (interrupt::code(), error, None),
            NoVectors::Missing(error, way_out) => (exit::MISSING, error, way_out),
            NoVectors::Refused(error, way_out) => (exit::BAD_DATA, error, way_out),
        };
        let text = with_sources(&*error);
        if code == exit::BAD_DATA && is_out_of_memory(&text) {
            return Self::out_of_memory(&text);
        }
        Self::of_lines(code, &text).maybe_hint(way_out.map(ways_out::of_missing))
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
            ExperimentError::Metric(_) | ExperimentError::Statistics(_) => {
                Self::new(exit::BAD_DATA, text)
            }
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

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        let another = "or put a libtorch 2.11.0 into LD_LIBRARY_PATH";
        let (code, hint) = match &error {
            FetchError::Platform(_) => (
                exit::MISSING,
                "put a libtorch 2.11.0 into LD_LIBRARY_PATH".to_owned(),
            ),
            FetchError::NoPip(_) => (
                exit::MISSING,
                format!("apt-get install python3-pip, {another}"),
            ),
            FetchError::Space { .. } => (
                exit::MISSING,
                "free some space, or set RESIDUUM_CACHE to a larger disk".to_owned(),
            ),
            FetchError::Download { .. } | FetchError::NotBrought { .. } => (
                exit::MISSING,
                format!("check the network and pip's settings (`pip config list`), {another}"),
            ),
            FetchError::Hash { .. } => (
                exit::BAD_DATA,
                format!(
                    "a broken transfer or a changed mirror: run `residuum setup` again, {another}"
                ),
            ),
            FetchError::Unpack { .. } => (
                exit::BAD_DATA,
                "remove the file and run `residuum setup` again".to_owned(),
            ),
            FetchError::Files { .. } => (
                exit::MISSING,
                "make room, or set RESIDUUM_CACHE to another folder".to_owned(),
            ),
            _ => return Self::new(exit::INTERNAL, with_sources(&error)),
        };
        Self::of_lines(code, &with_sources(&error)).hint(hint)
    }
}

impl From<report::ReportError> for Failure {
    fn from(error: report::ReportError) -> Self {
        match &error {
            report::ReportError::Write { path, source } => cannot_write(path, source),
            report::ReportError::Read { .. } => Self::new(exit::MISSING, with_sources(&error)),
            _ => Self::new(exit::BAD_DATA, with_sources(&error)),
        }
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
