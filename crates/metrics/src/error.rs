/// Why a metric is undefined for its input.
///
/// Undefined is never replaced by a convenient number: an AUROC over one class is not 0.5.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// No rows at all.
    #[error("no rows: a metric needs at least one anomaly and one normal row")]
    Empty,
    /// As many labels as scores are needed.
    #[error("{scores} scores but {labels} labels")]
    LengthMismatch {
        /// Number of scores.
        scores: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A score is NaN or infinite. An infinite score could be ranked, but no detector returns one on
    /// purpose, and several overflows would tie where the rows differ.
    #[error("score {value} in row {row}, expected a finite number")]
    NotFinite {
        /// The first such row, from 0.
        row: usize,
        /// Its score.
        value: f64,
    },
    /// Every row is normal.
    #[error("no anomaly among {rows} rows, expected both classes")]
    NoAnomaly {
        /// Number of rows.
        rows: usize,
    },
    /// Every row is an anomaly.
    #[error("no normal row among {rows} rows, expected both classes")]
    NoNormal {
        /// Number of rows.
        rows: usize,
    },
    /// Two scorings of the same rows have as many scores.
    #[error("{first} scores beside {second}, expected as many")]
    PairMismatch {
        /// Scores on one side.
        first: usize,
        /// Scores on the other.
        second: usize,
    },
    /// Every score is the same, where an order is needed.
    #[error("all {rows} scores are equal")]
    Constant {
        /// Number of rows.
        rows: usize,
    },
    /// Every map needs a mask of its size.
    #[error("maps of shape {maps:?} but masks of shape {masks:?}, expected the same [n, h, w]")]
    ShapeMismatch {
        /// `[n, h, w]` of the maps.
        maps: [usize; 3],
        /// `[n, h, w]` of the masks.
        masks: [usize; 3],
    },
    /// No maps, or maps without pixels.
    #[error("no pixels: a metric of maps needs anomalous and normal ones")]
    NoPixel,
    /// A map has 2³² pixels or more.
    #[error("maps of {height} x {width} pixels, expected fewer than 2^32 pixels")]
    MapTooLarge {
        /// Rows of a map.
        height: usize,
        /// Columns of a map.
        width: usize,
    },
    /// A map's value is NaN or infinite.
    #[error("value {value} in map {image} at row {row}, column {column}, expected a finite number")]
    PixelNotFinite {
        /// The first such map, from 0.
        image: usize,
        /// Row of its first such pixel, from 0.
        row: usize,
        /// Column of that pixel, from 0.
        column: usize,
        /// The value there.
        value: f32,
    },
    /// No mask has an anomalous pixel.
    #[error("no anomalous pixel among {pixels}, expected both classes")]
    NoAnomalousPixel {
        /// Pixels of all masks.
        pixels: usize,
    },
    /// The masks cover everything.
    #[error("no normal pixel among {pixels}, expected both classes")]
    NoNormalPixel {
        /// Pixels of all masks.
        pixels: usize,
    },
    /// A rate given as a parameter lies outside (0, 1].
    #[error("{name} is {value}, expected a rate above 0 and at most 1")]
    RateOutOfRange {
        /// Name of the parameter.
        name: &'static str,
        /// What was passed.
        value: f64,
    },
}

/// A rate in (0, 1].
pub(crate) fn check_rate(name: &'static str, value: f64) -> Result<(), MetricError> {
    // Written so that NaN fails too.
    if value > 0.0 && value <= 1.0 {
        Ok(())
    } else {
        Err(MetricError::RateOutOfRange { name, value })
    }
}
