use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use settings::{Setting, check, in_range};

use crate::Walk;

/// How a trained model turns a row into a score, as written in a configuration file: the table
/// `[score]`. A model need not be trained anew for another rule.
///
/// Noise levels are counted from 1 to `T`: level `s` is the step index `s − 1`, where a walk from
/// `s` starts.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use diffusion_core::ScoreConfig;
///
/// let config: ScoreConfig = toml::from_str("walk = 'ddim'\nevaluations = 10")?;
/// config.check(1000)?;
/// assert_eq!(config.n_evaluations(1000), 10);
/// assert_eq!(ScoreConfig::default().n_evaluations(1000), 250);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct ScoreConfig {
    /// How a trained model scores.
    pub rule: ScoreRule,
    /// Noise levels, each from 1 to `T`: where a walk starts, or where the network is asked.
    ///
    /// `reconstruction` starts a walk from each, `epsilon-error` and `score-norm` ask the network at
    /// each; `vlb` and `inversion` always go through all and ignore it.
    pub start: Vec<usize>,
    /// How the scores at several levels become one.
    pub combine: Combine,
    /// Disturb the row up to the noise level first, rather than take it as it is: for `reconstruction`
    /// and `score-norm`.
    pub noised: bool,
    /// How a step of a reconstruction goes back.
    pub walk: ScoreWalk,
    /// Network evaluations along a walk, or levels drawn for `vlb`; 0: one for each level.
    ///
    /// Those along a walk of `reconstruction` or `inversion` are at evenly spaced levels
    /// ([`even_steps`](crate::even_steps)); those of `vlb` are drawn without bias.
    pub evaluations: usize,
    /// Share of noise in a `ddim` walk, from 0, deterministic, to 1, ancestral.
    pub eta: f64,
    /// What is averaged over a row's numbers, in `reconstruction` and `epsilon-error`.
    pub error: ErrorMeasure,
    /// Where along the walk of a reconstruction the error is taken.
    pub path: PathRule,
    /// Noise draws that a score is averaged over, where noise is drawn.
    ///
    /// `inversion`: probes of the divergence, 0 leaves the volume term out.
    pub draws: usize,
}

/// Most noise draws; more is a typo or takes forever.
const MAX_DRAWS: usize = 1_000_000;

impl Default for ScoreConfig {
    /// The rule behind the DDPM column of arXiv:2412.07539.
    fn default() -> Self {
        Self {
            rule: ScoreRule::Reconstruction,
            start: vec![250],
            combine: Combine::Mean,
            noised: false,
            walk: ScoreWalk::MeanOnly,
            evaluations: 0,
            eta: 0.0,
            error: ErrorMeasure::Mse,
            path: PathRule::Last,
            draws: 1,
        }
    }
}

/// What is asked of the model. Costs are network evaluations per row; `S` is `evaluations`, or one
/// per level where that is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScoreRule {
    /// Error between the row and what a walk back from it reconstructs.
    ///
    /// Livernoche et al. 2024, arXiv:2305.18593. Cost: `S` for every start, times `draws` where the row or
    /// the walk is disturbed.
    Reconstruction,
    /// Error of the predicted noise in `x_t = √ᾱ_t·x + √(1−ᾱ_t)·ε`.
    ///
    /// Cost: `draws` for every level.
    EpsilonError,
    /// Negative variational bound in bits per dimension.
    ///
    /// Nichol & Dhariwal 2021, arXiv:2102.09672, section 3.1, the prior term included: an upper bound of the
    /// negative log-likelihood, estimated with `draws` noise draws at every level. Cost: `S·draws`.
    ///
    /// With `evaluations = S` below `T` the levels are cut into `S` ranges, one level is drawn from
    /// each, by the seed for all rows, and stands for its range: over seeds the estimate has no bias.
    Vlb,
    /// Norm of the predicted score of the noised data, `‖∇ ln p_t(x_t)‖ = ‖ε̂‖/√(1−ᾱ_t)`.
    ///
    /// Cost: one for every level, times `draws` where the row is noised.
    ScoreNorm,
    /// Negative log-likelihood under the probability flow, in bits per dimension.
    ///
    /// DDIM is inverted ([`Process::invert`](crate::Process::invert)), and the score is `−log₂ N(x_T; 0, I)`
    /// per dimension, minus `log₂` of the change of volume (Song et al. 2021, arXiv:2011.13456,
    /// appendix D.2, for the steps of DDIM). Cost: `S·(1 + draws)`.
    ///
    /// The volume is an estimate: each step's determinant is taken from its trace as if it stretched
    /// all directions alike, right to first order in the step's size, and the trace is Hutchinson's
    /// estimate from `draws` probes of random signs, each a finite difference. With `draws = 0` only
    /// the first term is left: how far `x_T` lies from the origin.
    Inversion,
}

/// `reconstruction`: how a step goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ScoreWalk {
    /// To the mean, without noise.
    ///
    /// [`Walk::MeanOnly`].
    MeanOnly,
    /// With noise injected at every step.
    ///
    /// [`Walk::Ancestral`].
    Ancestral,
    /// By DDIM, with a share `eta` of that noise.
    ///
    /// [`Walk::Ddim`].
    Ddim,
}

/// How the scores at several noise levels become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Combine {
    /// Their mean.
    Mean,
    /// How far they lie, all together and in either direction, from those of training samples.
    ///
    /// The Mahalanobis distance of their logarithms. In the manner of Heng et al. 2024 (arXiv:2406.11881), who
    /// fit a density to statistics along the path. Who scores needs training samples:
    /// [`Scoring`](crate::Scoring) takes the mean.
    Typicality,
}

/// What is averaged over the numbers of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorMeasure {
    /// Squared differences.
    Mse,
    /// Absolute differences.
    L1,
}

/// Where along a walk the error is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PathRule {
    /// Where the walk ends.
    Last,
    /// At every step, of the `x̂_0` predicted there; the mean over the steps.
    ///
    /// No further network evaluations. (The `full_path` of vicliv/DTE adds up the squared steps of the
    /// walk instead.)
    Full,
}

impl ScoreConfig {
    /// Checks every setting against a model of `steps` diffusion steps.
    ///
    /// # Errors
    /// [`Setting`] naming the first setting outside its range.
    pub fn check(&self, steps: usize) -> Result<(), Setting> {
        let fewest_levels = match self.rule {
            ScoreRule::Reconstruction => self.start.iter().copied().min().unwrap_or(0),
            ScoreRule::Vlb | ScoreRule::Inversion => steps,
            // Not used there.
            ScoreRule::EpsilonError | ScoreRule::ScoreNorm => usize::MAX,
        };
        check(
            "start",
            format!("{:?}", self.start),
            !self.uses_start()
                || !self.start.is_empty() && self.start.iter().all(|s| (1..=steps).contains(s)),
            "one or more noise levels, each from 1 to the number of steps",
        )?;
        check(
            "combine",
            "typicality",
            self.uses_start() || self.combine == Combine::Mean,
            "mean: vlb and inversion go through all levels",
        )?;
        check(
            "evaluations",
            self.evaluations,
            self.evaluations <= fewest_levels,
            "at most one per level of the walk, or 0 for all",
        )?;
        in_range("eta", self.eta, 0.0..=1.0)?;
        check(
            "draws",
            self.draws,
            self.draws <= MAX_DRAWS && (self.draws > 0 || self.rule == ScoreRule::Inversion),
            "1 to 1000000, for inversion also 0",
        )
    }

    /// Network evaluations for one row, by a model of `steps` diffusion steps.
    pub fn n_evaluations(&self, steps: usize) -> u64 {
        let along = |levels: usize| match self.evaluations {
            0 => levels,
            some => some.min(levels),
        };
        let n = match self.rule {
            ScoreRule::Reconstruction => {
                let along = self.start.iter().map(|s| along(*s));
                let one = along.fold(0, usize::saturating_add);
                one.saturating_mul(self.draws_needed())
            }
            ScoreRule::EpsilonError | ScoreRule::ScoreNorm => {
                self.start.len().saturating_mul(self.draws_needed())
            }
            ScoreRule::Vlb => along(steps).saturating_mul(self.draws),
            ScoreRule::Inversion => along(steps).saturating_mul(self.draws.saturating_add(1)),
        };
        n as u64
    }

    fn uses_start(&self) -> bool {
        !matches!(self.rule, ScoreRule::Vlb | ScoreRule::Inversion)
    }

    /// Whether noise is drawn for a score. It is keyed by the row's own numbers and so jumps where the
    /// row moves: such a score has no gradient.
    pub fn is_random(&self) -> bool {
        match self.rule {
            ScoreRule::EpsilonError | ScoreRule::Vlb => true,
            ScoreRule::Inversion => self.draws > 0,
            ScoreRule::ScoreNorm => self.noised,
            ScoreRule::Reconstruction => {
                self.noised
                    || match self.walk() {
                        Walk::MeanOnly => false,
                        Walk::Ancestral => true,
                        Walk::Ddim { eta } => eta > 0.0,
                    }
            }
        }
    }

    /// `draws`, or 1 where nothing is drawn.
    pub(crate) fn draws_needed(&self) -> usize {
        if self.is_random() { self.draws } else { 1 }
    }

    pub(crate) fn walk(&self) -> Walk {
        match self.walk {
            ScoreWalk::MeanOnly => Walk::MeanOnly,
            ScoreWalk::Ancestral => Walk::Ancestral,
            ScoreWalk::Ddim => Walk::Ddim { eta: self.eta },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_papers() {
        let text = toml::to_string(&ScoreConfig::default()).unwrap();
        let expected = "\
rule = \"reconstruction\"
start = [250]
combine = \"mean\"
noised = false
walk = \"mean-only\"
evaluations = 0
eta = 0.0
error = \"mse\"
path = \"last\"
draws = 1
";
        assert_eq!(text, expected);
        assert_eq!(
            toml::from_str::<ScoreConfig>("").unwrap(),
            ScoreConfig::default()
        );
        ScoreConfig::default().check(1000).unwrap();
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let start = "expected one or more noise levels, each from 1 to the number of steps";
        let evaluations = "expected at most one per level of the walk, or 0 for all";
        for (text, message) in [
            ("start = []", format!("start = []: {start}")),
            ("start = [250, 0]", format!("start = [250, 0]: {start}")),
            ("start = [1001]", format!("start = [1001]: {start}")),
            (
                "start = [50, 9]\nevaluations = 10",
                format!("evaluations = 10: {evaluations}"),
            ),
            (
                "rule = 'vlb'\nevaluations = 1001",
                format!("evaluations = 1001: {evaluations}"),
            ),
            (
                "rule = 'vlb'\ncombine = 'typicality'",
                "combine = typicality: expected mean: vlb and inversion go through all levels"
                    .into(),
            ),
            ("eta = -0.1", "eta = -0.1: expected 0 to 1".into()),
            ("eta = nan", "eta = NaN: expected 0 to 1".into()),
            (
                "draws = 0",
                "draws = 0: expected 1 to 1000000, for inversion also 0".into(),
            ),
            (
                "rule = 'inversion'\ndraws = 1000001",
                "draws = 1000001: expected 1 to 1000000, for inversion also 0".into(),
            ),
        ] {
            let config: ScoreConfig = toml::from_str(text).unwrap();
            assert_eq!(config.check(1000).unwrap_err().to_string(), message);
        }
        // What a rule does not use is not checked: the default start lies beyond these 100 steps.
        let inversion: ScoreConfig = toml::from_str("rule = 'inversion'\ndraws = 0").unwrap();
        inversion.check(100).unwrap();
    }

    #[test]
    fn a_cost_beyond_all_numbers_saturates() {
        for rule in ["vlb", "inversion", "epsilon-error", "reconstruction"] {
            let config = ScoreConfig {
                draws: usize::MAX,
                noised: true,
                ..toml::from_str(&format!("rule = '{rule}'\nstart = [2, 3]")).unwrap()
            };
            assert_eq!(config.n_evaluations(1000), u64::MAX, "{rule}");
            assert!(config.check(1000).is_err());
        }
    }

    #[test]
    fn typos_stop() {
        for text in [
            "rules = 'vlb'",
            "rule = 'vbl'",
            "walk = 'mean'",
            "start = 250",
        ] {
            assert!(toml::from_str::<ScoreConfig>(text).is_err(), "{text}");
        }
    }
}
