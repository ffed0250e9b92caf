/// What a detector has to hold beyond the contract's exact part.
#[derive(Debug, Clone, Copy)]
pub struct Tolerance {
    /// Largest relative difference between a row's score alone and in a batch, and between two fits
    /// of one seed. 0 asks for identical bits, as the classical methods give; networks whose kernels
    /// depend on the batch size need more.
    pub relative: f64,
    /// Smallest share of (outlier, normal row) pairs that the scores order rightly.
    pub auroc: f64,
}

impl Default for Tolerance {
    /// Identical bits, and planted outliers all but perfectly apart: they lie eight standard
    /// deviations out.
    fn default() -> Self {
        Self {
            relative: 0.0,
            auroc: 0.99,
        }
    }
}
