//! The variational bound where it is known in closed form: Gaussian data and the exact denoiser.

use std::f64::consts::{LN_2, PI};

use diffusion_core::{Denoiser, Likelihood, Prediction, Process, Schedule, Target, Variance};
use tch::{Device, Kind, Tensor};

/// The best answer for data `x_0 ~ N(0, s²)`, which is linear in `x_t`, and the exact variance of
/// `p(x_{t−1} | x_t)` as a point of the learned range.
#[derive(Debug)]
struct Exact {
    s: f64,
    target: Target,
    schedule: Schedule,
}

impl Exact {
    /// `Var(x_0 | x_t) = s²·(1−ᾱ)/(ᾱ·s² + 1 − ᾱ)`.
    fn variance_of_x_0(&self, t: usize) -> f64 {
        let bar = self.schedule.alpha_bars()[t];
        let s_2 = self.s * self.s;
        s_2 * (1.0 - bar) / (bar * s_2 + 1.0 - bar)
    }

    /// `Var(x_{t−1} | x_t) = β̃_t + c_0²·Var(x_0 | x_t)`.
    fn log_variance(&self, t: usize) -> f64 {
        let c_0 = self.schedule.posterior_mean_x_0()[t];
        let small = self.schedule.posterior_variances()[t];
        (small + c_0 * c_0 * self.variance_of_x_0(t)).ln()
    }
}

impl Denoiser for Exact {
    fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
        let t = t.double_value(&[0]) as usize;
        let bar = self.schedule.alpha_bars()[t];
        let (signal, noise) = (bar.sqrt(), (1.0 - bar).sqrt());
        let total = bar * self.s * self.s + 1.0 - bar;
        let (x_0, eps) = (signal * self.s * self.s / total, noise / total);
        let factor = match self.target {
            Target::Epsilon => eps,
            Target::X0 => x_0,
            Target::V => signal * eps - noise * x_0,
        };
        let small = self.schedule.posterior_log_variances_clipped()[t];
        let large = self.schedule.betas()[t].ln();
        let v = 2.0 * (self.log_variance(t) - small) / (large - small) - 1.0;
        Prediction::with_variance(x_t * factor, x_t.full_like(v))
    }
}

/// The bound in nats, averaged over data and noise. Every term is a quadratic form of `x_0` and the
/// step's noise, so that the mean over `x_0 = ±s`, `ε = ±1` is the mean over both Gaussians: the
/// two-point Gauss-Hermite rule is exact up to degree 3.
fn bound(exact: &Exact, variance: Variance) -> f64 {
    let process = Process::new(exact.schedule.clone(), Device::Cpu)
        .unwrap()
        .with_target(exact.target)
        .with_variance(variance);
    let x_0 = Tensor::from_slice(&[1.0, 1.0, -1.0, -1.0]).view([4, 1]) * exact.s;
    let eps = Tensor::from_slice(&[1.0, -1.0, 1.0, -1.0]).view([4, 1]);
    let bits = process
        .vlb_bits_per_dim(exact, &x_0, Likelihood::Gaussian, &mut |_| {
            Ok(eps.shallow_clone())
        })
        .unwrap();
    bits.mean(Kind::Double).double_value(&[]) * LN_2
}

fn cases() -> Vec<Exact> {
    let mut cases = Vec::new();
    for s in [0.3, 1.0, 1.7] {
        for target in [Target::Epsilon, Target::X0, Target::V] {
            for schedule in [
                Schedule::linear(60, 1e-3, 0.2).unwrap(),
                Schedule::cosine(40).unwrap(),
            ] {
                cases.push(Exact {
                    s,
                    target,
                    schedule,
                });
            }
        }
    }
    cases
}

#[test]
fn with_the_exact_variance_it_is_the_entropy_and_what_the_prior_misses() {
    // Then p(x_{t−1} | x_t) = q(x_{t−1} | x_t) at every step, and the bound is the data's entropy plus
    // KL(q(x_T) ‖ N(0, 1)) with q(x_T) = N(0, ᾱ·s² + 1 − ᾱ).
    for exact in cases() {
        let bar = *exact.schedule.alpha_bars().last().unwrap();
        let total = bar * exact.s * exact.s + 1.0 - bar;
        let entropy = 0.5 * (2.0 * PI * exact.s * exact.s).ln() + 0.5;
        let expected = entropy + 0.5 * (total - 1.0 - total.ln());
        let found = bound(&exact, Variance::LearnedRange);
        // Tables in f32, sums of 60 terms of at most 1.
        assert!(
            (found - expected).abs() < 1e-5,
            "{exact:?}: {found}, {expected}"
        );
    }
}

#[test]
fn with_a_fixed_variance_it_is_the_sum_of_the_terms() {
    for exact in cases() {
        for variance in [Variance::FixedSmall, Variance::FixedLarge] {
            let s = &exact.schedule;
            let small = s.posterior_log_variances_clipped();
            let log = match variance {
                Variance::FixedLarge => s.log_betas_clipped(),
                _ => small,
            };
            let bar = *s.alpha_bars().last().unwrap();
            let prior = 0.5 * (bar * exact.s * exact.s - bar - (1.0 - bar).ln());
            let decoder = 0.5 * ((2.0 * PI).ln() + log[0]);
            let decoder = decoder + 0.5 * exact.variance_of_x_0(0) * (-log[0]).exp();
            let kl = |t: usize| {
                let shift = s.posterior_mean_x_0()[t].powi(2) * exact.variance_of_x_0(t);
                let ratio = small[t] - log[t];
                0.5 * (ratio.exp() - ratio - 1.0 + shift * (-log[t]).exp())
            };
            let expected = prior + decoder + (1..s.steps()).map(kl).sum::<f64>();
            let found = bound(&exact, variance);
            assert!(
                (found - expected).abs() < 1e-5 * expected.abs().max(1.0),
                "{exact:?}, {variance:?}: {found}, {expected}"
            );
            // No model is better than the truth.
            let best = bound(&exact, Variance::LearnedRange);
            assert!(
                found > best - 1e-9,
                "{exact:?}, {variance:?}: {found}, {best}"
            );
        }
    }
}
