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
