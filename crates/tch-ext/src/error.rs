use tch::TchError;

/// What libtorch refused, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExtError {
    /// libtorch refused.
    #[error("libtorch: {message}")]
    Torch {
        /// The first line of its message.
        message: String,
    },
    /// A device without autocast.
    #[error("no autocast on {device}, expected the CPU or CUDA")]
    Device {
        /// The device given.
        device: String,
    },
    /// Tensors whose shape, kind or device do not fit together.
    #[error("{name} is {found}, expected {expected}")]
    Tensor {
        /// Which tensor.
        name: &'static str,
        /// What it is.
        found: String,
        /// What would fit.
        expected: String,
    },
}

impl From<TchError> for ExtError {
    /// libtorch's own message; the lines below it are a C++ stack.
    fn from(error: TchError) -> Self {
        let text = match error {
            TchError::Torch(text) => text,
            other => other.to_string(),
        };
        Self::Torch {
            message: text.lines().next().unwrap_or_default().to_owned(),
        }
    }
}
