use tch::{Kind, Tensor};
use training::{Purpose, Session};

use crate::whitening::{Whitener, Whitening};
use crate::{PatchRuntime, PatchScoreConfig, PatchesError};

/// What a network over patches starts from.
pub(crate) struct Prepared {
    pub(crate) whitener: Whitener,
    /// White patches of the training images, `[n, p, k]`.
    pub(crate) white: Tensor,
    /// The noise of scores, `[draws, ..]`: its second half the negatives of the first.
    pub(crate) noise: Tensor,
}

impl Prepared {
    /// From patches, `[n, p, k]`, with noise for scores of the given shape.
    pub(crate) fn new(
        patches: &Tensor,
        (whitening, shrinkage): (Whitening, f64),
        score: &PatchScoreConfig,
        shape: &[i64],
        seed: u64,
        runtime: &PatchRuntime,
    ) -> Result<Self, PatchesError> {
        let device = runtime.training.device;
        let session = Session::begin(device)?;
        let whitener = Whitener::fit(whitening, patches, shrinkage)?;
        let white = whitener.whiten(patches)?;
        session.seed(seed, Purpose::Walk, 0);
        let half = [&[(score.draws / 2) as i64], shape].concat();
        let noise = Tensor::f_randn(half, (Kind::Float, device))?;
        Ok(Self {
            whitener,
            white,
            noise: Tensor::f_cat(&[&noise, &noise.f_neg()?], 0)?,
        })
    }
}
