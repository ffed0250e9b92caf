use serde::{Deserialize, Serialize};

use crate::Pin;

/// What the rows of a data set are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Representation {
    /// 512 features of an ImageNet ResNet-18 after its last pooling.
    ResNet18,
    /// 1000 outputs of an ImageNet vision transformer.
    Vit,
    /// The image itself.
    Pixels,
    /// The columns of a table.
    Table,
}

impl Representation {
    /// The word used in names: `NAME@vit`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResNet18 => "resnet18",
            Self::Vit => "vit",
            Self::Pixels => "pixels",
            Self::Table => "table",
        }
    }
}

/// What is known of a set whatever kind of files it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
    pub(super) family: &'static str,
    pub(super) representation: Representation,
    /// Rows and anomalies.
    pub(super) shape: Option<(usize, usize)>,
    /// Values in a row or an image.
    pub(super) d: Option<usize>,
}

/// Files that together are one data set, relative to a data root, with what is known of each.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Place {
    /// Files or folders.
    pub(super) files: Vec<String>,
    /// The hash of each, or none at all.
    pub(super) pins: Vec<Pin>,
    /// Where each can be downloaded, or none at all.
    pub(super) urls: Vec<String>,
}
