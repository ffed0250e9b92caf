//! The one-class support vector machine.

mod cache;
mod gamma;
mod kernel;
mod model;
mod rows;
mod smo;
mod triangle;

pub use gamma::Gamma;
pub use model::OneClassSvmModel;

use detector::settings::{at_least, check, positive};
use detector::{
    Detector, DetectorError, Input, Number, Progress, Rows, Scorer, State, needs_memory,
};
use ndarray::{ArrayView2, Axis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use kernel::RbfKernel;
use rows::KernelRows;

/// Settings of [`OneClassSvm`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct OneClassSvmConfig {
    /// ν, in (0, 1]: at most this share of the training rows lies outside, at least this share are
    /// support vectors.
    pub nu: f64,
    /// Width γ of the RBF kernel exp(−γ‖x − y‖²).
    pub gamma: Gamma,
    /// Largest violation of the optimality conditions at which training stops.
    ///
    /// Of a pair of multipliers, in units of the gradient Qα, whose entries are sums of νn kernel
    /// values.
    pub tolerance: f64,
    /// Memory for kernel rows, in MiB.
    ///
    /// At least two rows are held whatever the bound; a kernel matrix that fits is computed up front.
    pub cache_mib: usize,
    /// Leave out of the search the multipliers that stay at a bound.
    pub shrinking: bool,
}

impl Default for OneClassSvmConfig {
    /// scikit-learn's `OneClassSVM`, with the γ = 1/d of PyOD's `OCSVM`.
    fn default() -> Self {
        Self {
            nu: 0.5,
            gamma: Gamma::Auto,
            tolerance: 1e-3,
            cache_mib: 200,
            shrinking: true,
        }
    }
}

/// The one-class support vector machine of Schölkopf et al. 2001 with an RBF kernel.
///
/// # Formula
/// With Q_ij = k(x_i, x_j) = exp(−γ‖x_i − x_j‖²) it solves
///
/// min ½ αᵀQα, 0 ≤ α_i ≤ 1, Σα_i = νn (libsvm's scaling of the paper's α),
///
/// by sequential minimal optimisation with the second-order working set of Fan, Chen and Lin 2005
/// (WSS 2), libsvm's starting point and shrinking. The score is ρ − Σα_i k(x_i, x): positive outside
/// the estimated support. ρ is the mean of (Qα)_i over the rows with 0 < α_i < 1; without such rows
/// the middle between the largest (Qα)_i of α_i = 1 and the smallest of α_i = 0, or whichever exists.
///
/// # Precision
/// Distances come from products in f64 of centred rows, and directly from the differences where rows
/// almost coincide, so that duplicates cost no digits. Kernel rows are stored in f32, as in libsvm.
///
/// # Differences from the reference
/// libsvm's ρ is infinite at ν = 1, where scikit-learn refuses to fit; here it is the largest
/// (Qα)_i. libsvm gives up after 10⁷ steps (or 100 n) with a warning, this with an error. Where rows
/// are equal, which of them carry the weight may differ; the scores do not.
///
/// Nothing is drawn: the seed has no influence. The number of threads has none either.
#[derive(Debug, Clone, Default)]
pub struct OneClassSvm {
    config: OneClassSvmConfig,
}

impl OneClassSvm {
    /// A detector with checked settings.
    ///
    /// # Errors
    /// [`DetectorError::Setting`] where ν is outside (0, 1], or γ, the tolerance or the cache is not
    /// positive and finite.
    pub fn new(config: OneClassSvmConfig) -> Result<Self, DetectorError> {
        let valid = config.nu > 0.0 && config.nu <= 1.0;
        check("nu", config.nu, valid, "a number in (0, 1]")?;
        if let Gamma::Value(gamma) = config.gamma {
            let valid = gamma > 0.0 && gamma.is_finite();
            let expected = "\"auto\", \"scale\" or a finite number above 0";
            check("gamma", gamma, valid, expected)?;
        }
        positive("tolerance", config.tolerance)?;
        at_least("cache-mib", config.cache_mib, 1)?;
        Ok(Self { config })
    }

    /// Fits to `x`, `[n, d]`, and returns the model with its multipliers.
    ///
    /// # Errors
    /// [`DetectorError`] where `x` is empty or not finite; [`DetectorError::Method`] where the
    /// tolerance cannot be reached or the kernel cache not be allocated.
    pub fn fit_rows<T: Number>(
        &self,
        x: ArrayView2<'_, T>,
        progress: &dyn Progress,
    ) -> Result<OneClassSvmModel, DetectorError> {
        Input::of(x).rows()?;
        let (n, d) = (x.nrows() as u128, x.ncols() as u128);
        let cache = (self.config.cache_mib as u128) << 20;
        needs_memory(
            16 * n * d + cache.min(4 * n * n),
            "the rows in 64 bits and the kernel's cache; a smaller one (cache-mib) or fewer rows need less",
        )?;
        let gamma = self.config.gamma.resolve(x);
        let mut x = x.mapv(Number::wide);
        // Distances do not change, but the products they come from cancel far less.
        let center = x.sum_axis(Axis(0)) / x.nrows() as f64;
        x -= &center;

        let kernel = RbfKernel::new(x, gamma);
        let bytes = self.config.cache_mib.saturating_mul(1 << 20);
        let rows = KernelRows::new(&kernel, bytes, progress)?;
        let solution = smo::solve(
            rows,
            self.config.nu,
            self.config.tolerance,
            self.config.shrinking,
            progress,
        )?;
        Ok(OneClassSvmModel::new(&kernel, center, &solution))
    }
}

impl Detector for OneClassSvm {
    fn fit(
        &self,
        x: Input<'_>,
        _seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(match x.rows()? {
            Rows::F32(x) => self.fit_rows(x, progress)?,
            Rows::F64(x) => self.fit_rows(x, progress)?,
        }))
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect("ocsvm", 1)?;
        Ok(Box::new(OneClassSvmModel::restore(state)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_refused_by_name() {
        let default = OneClassSvmConfig::default;
        let bad = [
            (
                "nu",
                OneClassSvmConfig {
                    nu: 0.0,
                    ..default()
                },
            ),
            (
                "nu",
                OneClassSvmConfig {
                    nu: 1.5,
                    ..default()
                },
            ),
            (
                "nu",
                OneClassSvmConfig {
                    nu: f64::NAN,
                    ..default()
                },
            ),
            (
                "gamma",
                OneClassSvmConfig {
                    gamma: Gamma::Value(0.0),
                    ..default()
                },
            ),
            (
                "gamma",
                OneClassSvmConfig {
                    gamma: Gamma::Value(-1.0),
                    ..default()
                },
            ),
            (
                "gamma",
                OneClassSvmConfig {
                    gamma: Gamma::Value(f64::NAN),
                    ..default()
                },
            ),
            (
                "gamma",
                OneClassSvmConfig {
                    gamma: Gamma::Value(f64::INFINITY),
                    ..default()
                },
            ),
            (
                "tolerance",
                OneClassSvmConfig {
                    tolerance: 0.0,
                    ..default()
                },
            ),
            (
                "tolerance",
                OneClassSvmConfig {
                    tolerance: f64::NAN,
                    ..default()
                },
            ),
            (
                "cache-mib",
                OneClassSvmConfig {
                    cache_mib: 0,
                    ..default()
                },
            ),
        ];
        for (setting, config) in bad {
            match OneClassSvm::new(config).unwrap_err() {
                DetectorError::Setting(found) => assert_eq!(found.name, setting),
                other => panic!("{setting}: {other}"),
            }
        }
        assert!(
            OneClassSvm::new(OneClassSvmConfig {
                nu: 1.0,
                ..default()
            })
            .is_ok()
        );
    }

    #[test]
    fn the_defaults_as_toml() {
        let config = toml::to_string(&OneClassSvmConfig::default()).unwrap();
        let expected =
            "nu = 0.5\ngamma = \"auto\"\ntolerance = 0.001\ncache-mib = 200\nshrinking = true\n";
        assert_eq!(config, expected);
        assert!(toml::from_str::<OneClassSvmConfig>("kernel = \"rbf\"").is_err());
    }
}
