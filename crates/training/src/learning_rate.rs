use std::f64::consts::PI;

use crate::{Decay, TrainConfig};

/// The learning rate of each optimiser step: a linear warm-up, then constant or half a cosine.
///
/// # Formula
/// `η_k = η·(k+1)/w` for `k < w`, then `η` or `η·(1 + cos(π·(k−w)/(n−w)))/2` in step `k` of `n`, both
/// counted from the first step, 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LearningRate {
    peak: f64,
    warm_up: u64,
    decay: Decay,
    steps: u64,
}

impl LearningRate {
    /// For a training of `steps` optimiser steps.
    pub(crate) fn new(config: &TrainConfig, steps: u64) -> Self {
        Self {
            peak: config.learning_rate,
            warm_up: config.warm_up as u64,
            decay: config.decay,
            steps,
        }
    }

    /// The rate of step `k`, from 0.
    pub(crate) fn at(self, k: u64) -> f64 {
        if k < self.warm_up {
            return self.peak * (k + 1) as f64 / self.warm_up as f64;
        }
        match self.decay {
            Decay::Constant => self.peak,
            Decay::Cosine => {
                let after = (k - self.warm_up) as f64;
                let share = after / (self.steps.saturating_sub(self.warm_up)).max(1) as f64;
                self.peak * (1.0 + (PI * share.min(1.0)).cos()) / 2.0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(warm_up: usize, decay: Decay) -> LearningRate {
        let config = TrainConfig {
            learning_rate: 2.0,
            warm_up,
            decay,
            ..TrainConfig::default()
        };
        LearningRate::new(&config, 12)
    }

    #[test]
    fn it_rises_in_equal_parts_and_falls_along_half_a_cosine() {
        let rate = rate(4, Decay::Cosine);
        let expected = [0.5, 1.0, 1.5, 2.0, 2.0]; // steps 0 to 4
        for (k, expected) in expected.into_iter().enumerate() {
            assert_eq!(rate.at(k as u64), expected, "step {k}");
        }
        assert!((rate.at(8) - 1.0).abs() < 1e-15); // half way from 4 to 12
        assert!(rate.at(11) > 0.0);
        assert!(rate.at(12) < 1e-15);
    }

    #[test]
    fn it_stays_without_decay() {
        assert_eq!(rate(0, Decay::Constant).at(0), 2.0);
        assert_eq!(rate(3, Decay::Constant).at(1000), 2.0);
    }

    #[test]
    fn a_warm_up_longer_than_the_training_never_ends() {
        let rate = rate(24, Decay::Cosine);
        assert_eq!(rate.at(11), 1.0);
        assert_eq!(rate.at(24), 2.0); // no division by zero where nothing is left to fall over
    }
}
