/// Why a file of weights was refused. Offsets count bytes from the file's start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PickleError {
    /// Not the format before PyTorch 1.6.
    #[error("{found}, expected a file of torch.save with _use_new_zipfile_serialization=False")]
    Format {
        /// What it is instead.
        found: &'static str,
    },
    /// An instruction that weights do not need.
    #[error("the opcode {name} (0x{code:02x}) at byte {at} is not allowed: weights need none")]
    Opcode {
        /// The instruction's name in Python's `pickletools`.
        name: &'static str,
        /// Its byte.
        code: u8,
        /// Where it stands.
        at: usize,
    },
    /// A Python name that weights do not need; nothing of that name was looked up or called.
    #[error("the name {name} at byte {at} is not allowed: weights are tensors in a dictionary")]
    Global {
        /// Module and name.
        name: String,
        /// Where it stands.
        at: usize,
    },
    /// The file ends within a pickle or within the numbers.
    #[error("the file ends at byte {at}, {missing} more are promised")]
    Truncated {
        /// Where it ends.
        at: usize,
        /// How many bytes are missing.
        missing: u64,
    },
    /// Instructions that make no sense together, or sizes that do not fit.
    #[error("at byte {at}: {reason}")]
    Malformed {
        /// Where it was noticed.
        at: usize,
        /// What is wrong.
        reason: String,
    },
}

pub(super) fn malformed<T>(at: usize, reason: impl Into<String>) -> Result<T, PickleError> {
    Err(PickleError::Malformed {
        at,
        reason: reason.into(),
    })
}
