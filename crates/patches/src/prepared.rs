use detector::State;
use tch::{Device, Kind, Tensor};
use training::{Purpose, Session, tensor_of};

use crate::whitening::{Whitener, Whitening};
use crate::{PatchRuntime, PatchScoreConfig, PatchesError};

/// The noise of scores in a stored state.
pub(crate) const NOISE: &str = "noise";

/// What a network over patches starts from.
pub(crate) struct Prepared {
    /// What scores depend on besides the network.
    pub(crate) fixed: Fixed,
    /// White patches of the training images, `[n, p, k]`.
    pub(crate) white: Tensor,
}

/// What a score of patches depends on besides the network.
pub(crate) struct Fixed {
    pub(crate) whitener: Whitener,
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
            white,
            fixed: Fixed {
                whitener,
                noise: Tensor::f_cat(&[&noise, &noise.f_neg()?], 0)?,
            },
        })
    }
}

impl Fixed {
    /// What was stored for `p` places and patches of `k` numbers; the noise of one draw has the given
    /// shape.
    pub(crate) fn stored(
        state: &State,
        [p, k]: [usize; 2],
        whitening: Whitening,
        score: &PatchScoreConfig,
        shape: &[i64],
        device: Device,
    ) -> Result<Self, PatchesError> {
        let noise = [&[score.draws as i64], shape].concat();
        Ok(Self {
            whitener: Whitener::stored(whitening, state, [p, k], device)?,
            noise: tensor_of(state, NOISE, &noise, device)?,
        })
    }
}
