/// Why a stored state cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Bytes that are not a state, or not as they were written.
    #[error("damaged, or no fitted detector: {0}")]
    Damaged(String),
    /// Written by a newer program.
    #[error("written in format {found} by a newer program; this one reads format {known}")]
    Newer {
        /// The format found.
        found: u64,
        /// The newest that is known.
        known: u64,
    },
    /// Of another kind of detector.
    #[error("it is of the kind `{found}`, expected `{expected}`")]
    Kind {
        /// The kind found.
        found: String,
        /// The kind wanted.
        expected: &'static str,
    },
    /// In a layout that is not known.
    #[error("a stored `{kind}` of layout {found}, but this program reads layout {known}")]
    Version {
        /// The kind.
        kind: &'static str,
        /// The layout found.
        found: u32,
        /// The layout that is known.
        known: u32,
    },
    /// Something in it is missing or not as it has to be.
    #[error("`{name}` of a stored `{kind}`: {reason}")]
    Content {
        /// The kind.
        kind: String,
        /// What it is about.
        name: String,
        /// What is wrong.
        reason: String,
    },
}
