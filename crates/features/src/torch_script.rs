use std::fmt;
use std::path::{Path, PathBuf};

use tch::{CModule, Device, IValue, Kind, Tensor};

use crate::FeaturesError;

/// How pixels are scaled before a TorchScript module sees them.
///
/// # Formula
/// `(x/255 − mean)/std`, channel by channel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Normalisation {
    /// Mean of red, green and blue in [0, 1].
    pub mean: [f32; 3],
    /// Their standard deviations.
    pub std: [f32; 3],
}

impl Default for Normalisation {
    /// ImageNet's, as torchvision's networks want it.
    fn default() -> Self {
        Self {
            mean: [0.485, 0.456, 0.406],
            std: [0.229, 0.224, 0.225],
        }
    }
}

/// A network of the user's, saved by `torch.jit.save`, as a backbone for pooled vectors.
///
/// **A TorchScript file is a program**: load only files you trust.
pub struct TorchScript {
    module: CModule,
    path: PathBuf,
    normalisation: Normalisation,
    device: Device,
}

impl TorchScript {
    /// Loads a module for inference.
    ///
    /// # Errors
    /// [`FeaturesError::TorchScript`] where the file is none.
    pub fn load(
        path: &Path,
        normalisation: Normalisation,
        device: Device,
    ) -> Result<Self, FeaturesError> {
        let refused = |reason: String| FeaturesError::TorchScript {
            path: path.to_owned(),
            reason,
        };
        if !path.is_file() {
            return Err(refused("no such file".to_owned()));
        }
        let mut module = CModule::load_on_device(path, device).map_err(|error| {
            let text = error.to_string();
            // A C++ stack follows, and an empty line may come first.
            let line = text.lines().map(str::trim).find(|line| !line.is_empty());
            refused(match line {
                Some(line) => format!("not a module saved by torch.jit.save: {line}"),
                None => "not a module saved by torch.jit.save".to_owned(),
            })
        })?;
        module.set_eval();
        Ok(Self {
            module,
            path: path.to_owned(),
            normalisation,
            device,
        })
    }

    /// One vector for each image: the module's output `[n, d]`, or the mean over the map of an output
    /// `[n, d, h, w]`.
    ///
    /// # Shapes
    /// `x`: `[n, 3, h, w]`, float from 0 to 255.
    ///
    /// # Errors
    /// [`FeaturesError::TorchScript`] where the module fails or answers with something else.
    pub fn pooled(&self, x: &Tensor) -> Result<Tensor, FeaturesError> {
        let _no_grad = tch::no_grad_guard();
        let channels = |values: &[f32; 3]| -> Result<Tensor, FeaturesError> {
            let values = Tensor::f_from_slice(values)?.f_view([1, 3, 1, 1])?;
            Ok(values.f_to_device(self.device)?)
        };
        let x = x.f_div_scalar(255.0)?;
        let x = x.f_sub(&channels(&self.normalisation.mean)?)?;
        let x = x.f_div(&channels(&self.normalisation.std)?)?;
        let n = x.size()[0];
        let refused = |reason: String| FeaturesError::TorchScript {
            path: self.path.clone(),
            reason,
        };
        let answer = self
            .module
            .forward_is(&[IValue::Tensor(x)])
            .map_err(|error| {
                let text = error.to_string();
                let last = text.lines().rfind(|line| !line.trim().is_empty());
                refused(format!("the module fails: {}", last.unwrap_or_default()))
            })?;
        let IValue::Tensor(y) = answer else {
            return Err(refused("the module's output is not one tensor".to_owned()));
        };
        let y = y.f_to_kind(Kind::Float)?;
        match y.size()[..] {
            [m, _] if m == n => Ok(y),
            [m, _, _, _] if m == n => Ok(y.f_mean_dim(&[2i64, 3][..], false, Kind::Float)?),
            ref other => Err(refused(format!(
                "the module's output has the shape {other:?}, expected [{n}, d] or [{n}, d, h, w]"
            ))),
        }
    }
}

impl fmt::Debug for TorchScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TorchScript")
            .field("path", &self.path)
            .field("normalisation", &self.normalisation)
            .finish_non_exhaustive()
    }
}
