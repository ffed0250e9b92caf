//! Errors on their way out.

pub(crate) use sweep::{Failure, code};

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
