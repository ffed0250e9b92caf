use detector::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Tensor};

use crate::PatchesError;
use crate::gaussians::Gaussians;

/// How patches are whitened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Whitening {
    /// By the components of all patches together.
    Pca,
    /// By the Gaussian of each place of the grid, as PaDiM has it.
    ///
    /// An untrained network, which answers 0, then ranks as PaDiM does, and training starts from there.
    Position,
}

/// What whitens patches that [`PatchSpace`](crate::space::PatchSpace) has made white together.
#[derive(Debug)]
pub(crate) struct Whitener(pub(crate) Option<Gaussians>);

impl Whitener {
    /// `x`: `[n, p, k]`.
    pub(crate) fn fit(
        whitening: Whitening,
        x: &Tensor,
        shrinkage: f64,
    ) -> Result<Self, PatchesError> {
        match whitening {
            Whitening::Pca => Ok(Self(None)),
            Whitening::Position => Gaussians::fit(x, shrinkage).map(|g| Self(Some(g))),
        }
    }

    /// What [`stored`](Self::stored) takes, by name.
    pub(crate) fn tensors(&self) -> impl Iterator<Item = (&'static str, &Tensor)> {
        self.0.iter().flat_map(Gaussians::tensors)
    }

    /// That in `state`, for `p` places and patches of `k` numbers.
    pub(crate) fn stored(
        whitening: Whitening,
        state: &State,
        [p, k]: [usize; 2],
        device: Device,
    ) -> Result<Self, PatchesError> {
        match whitening {
            Whitening::Pca => Ok(Self(None)),
            Whitening::Position => Gaussians::stored(state, [p, k], device).map(|g| Self(Some(g))),
        }
    }

    /// `[n, p, k]` → `[n, p, k]`.
    pub(crate) fn whiten(&self, x: &Tensor) -> Result<Tensor, PatchesError> {
        match &self.0 {
            None => Ok(x.shallow_clone()),
            Some(gaussians) => gaussians.whiten(x),
        }
    }
}
