#![doc = include_str!("../README.md")]

pub mod conformance;
mod contributions;
mod error;
mod input;
mod memory;
mod occlusion;
mod progress;
mod rows;
mod state;
mod together;
mod way_out;

pub use contributions::{ContributionKind, Contributions};
pub use error::{DetectorError, ErrorKind};
pub use input::Input;
pub use memory::{available_memory, is_out_of_memory, needs_memory};
pub use occlusion::{medians, occlusion};
pub use progress::{Progress, Silent};
pub use rows::{Number, Rows};
pub use settings;
pub use state::{Element, State, StateError, StoredArray};
pub use together::where_ok;
pub use way_out::{Download, WayOut};

use ndarray::{Array1, Array2, Array3, Array4};

/// A method that learns what normal data look like.
pub trait Detector: Send + Sync {
    /// Fits to `x`, rows assumed normal. The same `seed` gives the same model, whatever the number
    /// of threads.
    ///
    /// # Errors
    /// [`DetectorError`] where `x` is empty, not finite, of a kind the method does not take, or where
    /// the method cannot be fitted to it.
    fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError>;

    /// Fits to each of `sets`, with its seed. Where the method trains replicas as one (`train.replicas`), those that fit
    /// together are; else one after another.
    ///
    /// # Errors
    /// For each set as [`fit`](Self::fit).
    fn fit_together(
        &self,
        sets: &[(Input<'_>, u64)],
        progress: &dyn Progress,
    ) -> Vec<Result<Box<dyn Scorer>, DetectorError>> {
        let fit = |&(x, seed): &(Input<'_>, u64)| self.fit(x, seed, progress);
        sets.iter().map(fit).collect()
    }

    /// The fitted detector whose [state](Scorer::state) this is. Its scores have the bits of those of
    /// the one that was stored, in any process on any machine of the same kind. `self` has the settings
    /// that it was fitted with.
    ///
    /// # Errors
    /// [`DetectorError::State`] for a state of another kind, or one that is not whole.
    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError>;
}

/// A fitted detector.
pub trait Scorer: Send + Sync {
    /// One finite score per row: `[m, d]` → `[m]`. **Higher means more anomalous.**
    ///
    /// A row's score does not depend on the other rows passed with it. A published method that
    /// breaks this says so in its documentation and is never the default.
    ///
    /// # Errors
    /// [`DetectorError`] where `x` is empty, not finite or of another width than the training rows.
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError>;

    /// What it knows, as data that [`Detector::restore`] takes.
    ///
    /// # Errors
    /// [`DetectorError`] where numbers cannot be read back from a device.
    fn state(&self) -> Result<State, DetectorError>;

    /// A score per pixel of images: `[n, c, h, w]` → `[n, h, w]`. Higher means more anomalous, on one
    /// scale for all images, fixed in training. `None` for methods that tell no pixels apart.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    fn maps(
        &self,
        _x: Input<'_>,
        _progress: &dyn Progress,
    ) -> Result<Option<Array3<f32>>, DetectorError> {
        Ok(None)
    }

    /// What the method takes for the normal version of each image: `[n, c, h, w]` → `[n, c, h, w]`.
    /// Something to look at; scores may come from elsewhere. `None` for methods that reconstruct nothing.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    fn reconstructions(
        &self,
        _x: Input<'_>,
        _progress: &dyn Progress,
    ) -> Result<Option<Array4<u8>>, DetectorError> {
        Ok(None)
    }

    /// The gradient of each row's score with respect to the row's numbers: `[m, d]` → `[m, d]`. `None`
    /// for images, and for methods whose score has no gradient or draws noise.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    fn score_gradient(
        &self,
        _x: Input<'_>,
        _progress: &dyn Progress,
    ) -> Result<Option<Array2<f32>>, DetectorError> {
        Ok(None)
    }

    /// How much each column has to do with the score of each row. `None` for methods that cannot say;
    /// [`occlusion`] answers for them.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    fn contributions(
        &self,
        _x: Input<'_>,
        _progress: &dyn Progress,
    ) -> Result<Option<Contributions>, DetectorError> {
        Ok(None)
    }

    /// The number of fitted parameters of a network; `None` for methods that have none.
    fn n_params(&self) -> Option<u64> {
        None
    }

    /// How often a network is evaluated to score one row; `None` for methods that have none.
    fn n_evaluations(&self) -> Option<u64> {
        None
    }

    /// The mean loss of each epoch of the training; empty for methods that are not trained in epochs.
    fn losses(&self) -> &[f64] {
        &[]
    }

    /// What makes the scores of this fit misleading, one sentence each: a network that learned
    /// nothing, for one.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}
