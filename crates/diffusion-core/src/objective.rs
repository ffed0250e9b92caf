use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use settings::{Setting, check, positive};

use crate::{Likelihood, Variance};

/// The training loss, as written in a configuration file; [`Process::losses`](crate::Process::losses)
/// computes it.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use diffusion_core::{Loss, Objective};
///
/// let objective: Objective = toml::from_str("loss = 'hybrid'\nmin-snr-gamma = 5.0")?;
/// assert_eq!(objective.loss, Loss::Hybrid);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Objective {
    /// Which loss.
    pub loss: Loss,
    /// `γ` of Min-SNR weighting of `L_simple` (Hang et al. 2023, arXiv:2303.09556; there 5); absent:
    /// all steps weigh the same.
    ///
    /// # Formula
    /// With the signal-to-noise ratio `s = ᾱ_t/(1−ᾱ_t)` a row weighs `min(s, γ)/s` where the network
    /// predicts `ε`, `min(s, γ)` for `x_0` and `min(s, γ)/(s + 1)` for `v`. In the last step of a
    /// schedule with zero terminal SNR `s` and the weight are 0.
    pub min_snr_gamma: Option<f64>,
    /// The likelihood of the data at `t = 0`, a part of every variational bound.
    pub likelihood: Likelihood,
}

/// Which training loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Mean squared error of what the network predicts, `L_simple`.
    ///
    /// Ho et al. 2020, equation 14. It teaches a learned variance nothing.
    #[default]
    Simple,
    /// Variational bound at the drawn step in bits per dimension, `L_vlb`.
    ///
    /// Nichol & Dhariwal 2021, arXiv:2102.09672, equations 4 to 7.
    Vlb,
    /// `T` times `vlb`.
    ///
    /// Over uniform `t` its mean is the bound without the prior's term.
    RescaledVlb,
    /// `L_simple + T/1000·L_vlb`, where the bound trains the variance alone; needs a learned variance.
    ///
    /// The predicted mean is detached in the bound. That is `λ = 0.001` on the bound summed over `t`
    /// (Nichol & Dhariwal 2021, equation 16).
    Hybrid,
}

impl Objective {
    /// Whether the settings make sense together with the variance of a process.
    ///
    /// # Errors
    /// [`Setting`] for a `min-snr-gamma` that is not a finite number above 0 or stands
    /// beside a loss without `L_simple`, and for the hybrid loss without a learned variance.
    pub fn check(&self, variance: Variance) -> Result<(), Setting> {
        if let Some(gamma) = self.min_snr_gamma {
            positive("min-snr-gamma", gamma)?;
            check(
                "min-snr-gamma",
                gamma,
                matches!(self.loss, Loss::Simple | Loss::Hybrid),
                "none: it weighs the loss simple or hybrid, not the variational bound",
            )?;
        }
        check(
            "loss",
            "hybrid",
            self.loss != Loss::Hybrid || variance == Variance::LearnedRange,
            "another, or the variance learned-range, which it trains",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_typos() {
        assert_eq!(
            toml::from_str::<Objective>("").unwrap(),
            Objective::default()
        );
        let text = toml::to_string(&Objective::default()).unwrap();
        assert_eq!(text, "loss = \"simple\"\nlikelihood = \"gaussian\"\n");
        for text in ["loss = 'vbl'", "min-snr = 5.0", "likelihood = 'image'"] {
            assert!(toml::from_str::<Objective>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn settings_that_contradict_each_other_are_named() {
        let check = |text: &str, variance| {
            let objective: Objective = toml::from_str(text).unwrap();
            objective.check(variance).map_err(|error| error.to_string())
        };
        let learned = Variance::LearnedRange;
        assert_eq!(
            check("loss = 'hybrid'\nmin-snr-gamma = 5.0", learned),
            Ok(())
        );
        assert_eq!(
            check("min-snr-gamma = 0.0", learned).unwrap_err(),
            "min-snr-gamma = 0: expected a finite number above 0"
        );
        assert_eq!(
            check("loss = 'rescaled-vlb'\nmin-snr-gamma = 5.0", learned).unwrap_err(),
            "min-snr-gamma = 5: expected none: it weighs the loss simple or hybrid, not the variational bound"
        );
        assert_eq!(
            check("loss = 'hybrid'", Variance::FixedLarge).unwrap_err(),
            "loss = hybrid: expected another, or the variance learned-range, which it trains"
        );
    }
}
