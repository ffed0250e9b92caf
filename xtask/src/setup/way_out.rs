//! What helps where libtorch cannot be fetched.

use files::pip::Cause;
use libtorch_fetch::FetchError;

use crate::failure::{Failure, code};

const ANOTHER: &str = "set LIBTORCH to a libtorch 2.11.0, or pip install torch==2.11.0 elsewhere and export LIBTORCH_USE_PYTORCH=1";

/// The error with its exit code and the way out.
pub(crate) fn failure(error: FetchError) -> Failure {
    let (code, hint) = match &error {
        FetchError::Platform(_) => (
            code::MISSING,
            "set LIBTORCH to a libtorch 2.11.0, or pip install torch==2.11.0 and export LIBTORCH_USE_PYTORCH=1".to_owned(),
        ),
        FetchError::Space { .. } => (
            code::MISSING,
            "free some space, or export RESIDUUM_CACHE=/a/larger/disk".to_owned(),
        ),
        FetchError::NoPip(_) => (
            code::MISSING,
            format!("apt-get install python3-pip, or {ANOTHER}"),
        ),
        FetchError::Download { cause, .. } => (code::MISSING, download(*cause)),
        FetchError::NotBrought { .. } => (
            code::MISSING,
            "the package index in use has no such wheel: set LIBTORCH to a libtorch 2.11.0".to_owned(),
        ),
        FetchError::Hash { .. } => (
            code::BAD_DATA,
            "a broken transfer or a changed mirror: run `cargo xtask setup` again, or set LIBTORCH".to_owned(),
        ),
        FetchError::Unpack { .. } => (
            code::BAD_DATA,
            "remove the file and run `cargo xtask setup` again".to_owned(),
        ),
        FetchError::Files { source, .. } => {
            let message = format!("{error}: {source}");
            return Failure::new(code::MISSING, message)
                .hint("give another place or make room; nothing that was finished is lost");
        }
        _ => return Failure::new(code::INTERNAL, error.to_string()),
    };
    Failure::new(code, error.to_string()).hint(hint)
}

fn download(cause: Cause) -> String {
    let first = match cause {
        Cause::Network | Cause::NotFound => "check the network and pip's index",
        Cause::Refused => "see to what pip says (`pip config list` shows its settings)",
    };
    format!("{first}, or {ANOTHER}")
}
