use std::error::Error;
use std::io;
use std::path::PathBuf;

use datasets::DatasetError;
use detector::{DetectorError, WayOut};
use metrics::MetricError;
use metrics::statistics::StatisticsError;
use residuum::RegistryError;

/// Why an experiment gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// A data set that cannot be had, read, split or disturbed.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// A method or a configuration that cannot be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A method that cannot be fitted or cannot score.
    #[error(transparent)]
    Detector(#[from] DetectorError),
    /// A row that cannot be scored, counted as in the file.
    #[error("{dataset}: {source}")]
    Row {
        /// The data set.
        dataset: String,
        /// Which row and why.
        source: DetectorError,
    },
    /// Scores and labels that have no metrics.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// Scores and labels whose figures have no interval.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    /// A setting of an attack outside its range.
    #[error("{name} of an attack: found {found}, expected {expected}")]
    AttackSetting {
        /// The setting.
        name: &'static str,
        /// Its value.
        found: String,
        /// What would be valid.
        expected: &'static str,
    },
    /// An attack moves rows of numbers only.
    #[error("an attack: found images, expected rows")]
    AttackOnImages,
    /// An attack that cannot follow its score.
    #[error("an attack: the score that it follows has no gradient")]
    NoGradient,
    /// Vectors of images were asked for where there are no images.
    #[error("{dataset} has no images")]
    NoImages {
        /// The data set.
        dataset: String,
    },
    /// Vectors of images that are not kept yet, in a program without networks.
    #[error("the vectors of images need networks")]
    NeedsNetworks,
    /// Images that the network does not make vectors of.
    #[error(transparent)]
    NoVectors(#[from] NoVectors),
    /// The folder for what is kept cannot be made.
    #[error("cannot make {}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file to keep cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A disturbance that does not become JSON.
    #[error(transparent)]
    Record(serde_json::Error),
}

/// Why images do not become vectors.
#[derive(Debug, thiserror::Error)]
pub enum NoVectors {
    /// A signal came.
    #[error(transparent)]
    Interrupted(Box<dyn Error + Send + Sync>),
    /// Weights that cannot be had, with the way out.
    #[error("{0}")]
    Missing(#[source] Box<dyn Error + Send + Sync>, Option<WayOut>),
    /// What the network says, with the way out.
    #[error("{0}")]
    Refused(#[source] Box<dyn Error + Send + Sync>, Option<WayOut>),
}
