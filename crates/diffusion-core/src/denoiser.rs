use tch::{TchError, Tensor};

/// The network inside a diffusion model.
///
/// The process and the walks own the algebra; a network only predicts.
pub trait Denoiser: std::fmt::Debug + Send {
    /// Predicts from the noisy `x_t` at the noise level `t`.
    ///
    /// With `train` the network updates its batch statistics and drops units; without it the
    /// prediction for a row does not depend on the other rows.
    ///
    /// # Shapes
    /// `x_t`: `[b, ..]` float. `t`: `[b]` float, or `[1]` where all rows share it, which spares the
    /// network `b − 1` time embeddings. It is a step index in `0..T`; a float, so that other noise
    /// scales fit. Under a respaced schedule it is the step of the original one. The prediction's mean is
    /// shaped like `x_t`.
    fn predict(&self, x_t: &Tensor, t: &Tensor, train: bool) -> Prediction;

    /// The network as one whose replicas can be trained as one; `None` where it cannot.
    fn stacked(&self) -> Option<&dyn StackedDenoiser> {
        None
    }
}

/// A [`Denoiser`] that answers for several replicas at once where each of its variables holds theirs, stacked along a
/// new first dimension.
pub trait StackedDenoiser: Denoiser {
    /// What one network draws for a training batch of `b` rows: its dropout, from libtorch's generator, in the order
    /// in which [`Denoiser::predict`] draws it.
    ///
    /// # Errors
    /// Where libtorch has no memory.
    fn draw(&self, b: i64) -> Result<Vec<Tensor>, TchError>;

    /// [`Denoiser::predict`] in training with what was drawn.
    ///
    /// # Shapes
    /// Of one network as [`Denoiser::predict`]; of `r` replicas `x_t`: `[r, b, ..]`, `t`: `[r, b]` and each of `drawn`
    /// stacked.
    fn predict_with(&self, x_t: &Tensor, t: &Tensor, drawn: &[Tensor]) -> Prediction;
}

/// What a [`Denoiser`] returns.
#[derive(Debug)]
#[non_exhaustive]
pub struct Prediction {
    /// The predicted [`Target`](crate::Target), shaped like the input.
    pub mean: Tensor,
    /// The `v` of [`Variance::LearnedRange`](crate::Variance::LearnedRange), shaped like the input:
    /// the raw output of the network, −1 for the smallest variance, 1 for the largest, not clamped.
    pub variance: Option<Tensor>,
}

impl Prediction {
    /// A prediction of the mean alone, by a network that learns no variance.
    pub fn new(mean: Tensor) -> Self {
        Self {
            mean,
            variance: None,
        }
    }

    /// A prediction of the mean and of the variance within its range.
    pub fn with_variance(mean: Tensor, v: Tensor) -> Self {
        Self {
            mean,
            variance: Some(v),
        }
    }
}
