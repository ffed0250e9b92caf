//! Losses, bounds and one reverse step for every target and variance against PyTorch in float64
//! (`scripts/golden/diffusion.py`), and the hybrid loss's gradients.

use diffusion_core::{
    Denoiser, Likelihood, LogVariance, Loss, Objective, Prediction, Process, Schedule, Target,
    Variance,
};
use serde::Deserialize;
use tch::{Device, Kind, Tensor};

#[derive(Deserialize)]
struct Golden {
    t: Vec<i64>,
    x_0: Vec<f32>,
    eps: Vec<f32>,
    q_step: Vec<f32>,
    variance_only: Vec<f32>,
    prior_nats: Vec<f64>,
    cases: Vec<Case>,
    reverse: Vec<ReverseStep>,
}

#[derive(Deserialize)]
struct Case {
    target: Target,
    variance: Variance,
    simple: Vec<f64>,
    min_snr: Vec<f64>,
    x_0_mse: Vec<f64>,
    eps_mse: Vec<f64>,
    gaussian: Vec<f64>,
    discretised: Vec<f64>,
}

#[derive(Deserialize)]
struct ReverseStep {
    target: Target,
    variance: Variance,
    t: usize,
    x_0: Vec<f32>,
    mean: Vec<f32>,
    sample: Vec<f32>,
}

/// On the GPU where libtorch has one (`scripts/gpu-check.sh`).
fn device() -> Device {
    Device::cuda_if_available()
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/losses.json")).unwrap()
}

/// The script's stand-in for a network, with a weight on each output.
#[derive(Debug)]
struct TwoOutputs {
    weights: [Tensor; 2],
}

impl TwoOutputs {
    fn new() -> Self {
        let one = || Tensor::ones([], (Kind::Float, device())).set_requires_grad(true);
        Self {
            weights: [one(), one()],
        }
    }
}

impl Denoiser for TwoOutputs {
    fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
        let phase = x_t * 1.7 + t.unsqueeze(1) * 0.01;
        let mean = phase.sin() - x_t.flip([1]) * 0.2;
        let v = (x_t * 0.9 - t.unsqueeze(1) * 0.003).cos() * 0.8;
        Prediction::with_variance(mean * &self.weights[0], v * &self.weights[1])
    }
}

fn rows(values: &[f32]) -> Tensor {
    Tensor::from_slice(values).to_device(device()).view([5, 4])
}

fn process(target: Target, variance: Variance) -> Process {
    Process::new(Schedule::linear_ho(1000).unwrap(), device())
        .unwrap()
        .with_target(target)
        .with_variance(variance)
}

fn assert_close(name: &str, found: &Tensor, expected: &Tensor) {
    // 1e-5 relative in f32; near zero the size of the summands, about 1, counts.
    let expected = expected.to_kind(found.kind());
    let scale = expected.abs().clamp_min(1.0);
    let worst = ((found - expected).abs() / scale).max().double_value(&[]);
    assert!(worst <= 1e-5, "{name}: off by {worst}");
}

/// Per row, 1e-5 relative without any floor.
fn assert_rows(name: &str, found: &Tensor, expected: &[f64]) {
    let found = Vec::<f64>::try_from(found.detach().to_kind(Kind::Double)).unwrap();
    assert_eq!(found.len(), expected.len());
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        let gap = (found - expected).abs();
        assert!(
            gap <= 1e-5 * expected.abs(),
            "{name}, row {row}: {found} for {expected}"
        );
    }
}

#[test]
fn the_forward_process_and_the_prior_equal_pytorchs() {
    let golden = golden();
    let process = process(Target::Epsilon, Variance::FixedSmall);
    let (x_0, eps) = (rows(&golden.x_0), rows(&golden.eps));
    let t = Tensor::from_slice(&golden.t).to_device(device());
    let step = process.q_step(&x_0, &t, &eps).unwrap();
    assert_close("q_step", &step, &rows(&golden.q_step));
    let wide = process.q_sample_variance_only(&x_0, &t, &eps).unwrap();
    assert_close("variance only", &wide, &rows(&golden.variance_only));
    let prior = process.prior_nats(&x_0).unwrap();
    assert_rows("prior", &prior, &golden.prior_nats);
    let bits = process.prior_bits_per_dim(&x_0).unwrap();
    assert_rows("bits", &(bits * (4.0 * 2f64.ln())), &golden.prior_nats);
}

#[test]
fn every_loss_equals_pytorchs() {
    let golden = golden();
    let (x_0, eps) = (rows(&golden.x_0), rows(&golden.eps));
    let t = Tensor::from_slice(&golden.t).to_device(device());
    let network = TwoOutputs::new();
    assert_eq!(golden.cases.len(), 9);
    for case in &golden.cases {
        let process = process(case.target, case.variance);
        let losses = |loss, min_snr_gamma, likelihood| {
            let objective = Objective {
                loss,
                min_snr_gamma,
                likelihood,
            };
            process.losses(&network, &objective, &x_0, &t, &eps)
        };
        let name = |loss: &str| format!("{:?}, {:?}, {loss}", case.target, case.variance);

        let simple = losses(Loss::Simple, None, Likelihood::Gaussian).unwrap();
        assert_rows(&name("simple"), &simple, &case.simple);
        let mean = process.simple_loss(&network, &x_0, &t, &eps).unwrap();
        let expected = case.simple.iter().sum::<f64>() / 5.0;
        assert_rows(&name("simple, fused"), &mean.view([1]), &[expected]);
        let min_snr = losses(Loss::Simple, Some(5.0), Likelihood::Gaussian).unwrap();
        assert_rows(&name("min-snr"), &min_snr, &case.min_snr);

        for (likelihood, bits) in [
            (Likelihood::Gaussian, &case.gaussian),
            (Likelihood::Discretised, &case.discretised),
        ] {
            let vlb = losses(Loss::Vlb, None, likelihood).unwrap();
            assert_rows(&name("vlb"), &vlb, bits);
            let scaled: Vec<f64> = bits.iter().map(|bits| 1000.0 * bits).collect();
            let rescaled = losses(Loss::RescaledVlb, None, likelihood).unwrap();
            assert_rows(&name("rescaled"), &rescaled, &scaled);
            let hybrid = losses(Loss::Hybrid, None, likelihood);
            if case.variance == Variance::LearnedRange {
                // 1000 steps: the bound's weight T/1000 is 1.
                let sum: Vec<f64> = case.simple.iter().zip(bits).map(|(a, b)| a + b).collect();
                assert_rows(&name("hybrid"), &hybrid.unwrap(), &sum);
            } else {
                assert!(hybrid.is_err());
            }
            for (row, &t) in golden.t.iter().enumerate() {
                let narrow = |x: &Tensor| x.narrow(0, row as i64, 1);
                let terms = process
                    .vlb_terms(
                        &network,
                        &narrow(&x_0),
                        t as usize,
                        &narrow(&eps),
                        likelihood,
                    )
                    .unwrap();
                assert_rows(&name("terms"), &terms.bits_per_dim, &bits[row..=row]);
                assert_rows(&name("x_0 mse"), &terms.x_0_mse, &case.x_0_mse[row..=row]);
                assert_rows(&name("ε mse"), &terms.eps_mse, &case.eps_mse[row..=row]);
            }
        }
    }
}

#[test]
fn one_reverse_step_equals_pytorchs() {
    let golden = golden();
    let (x, eps) = (rows(&golden.x_0), rows(&golden.eps));
    let network = TwoOutputs::new();
    assert_eq!(golden.reverse.len(), 36);
    for step in &golden.reverse {
        let process = process(step.target, step.variance);
        let reverse = process.reverse(&network, &x, step.t).unwrap();
        let name = |what: &str| format!("{:?}, {:?}, {what}", step.target, step.variance);
        let mean = reverse.mean().unwrap();
        assert_close(&name("x_0"), &reverse.x_0().unwrap(), &rows(&step.x_0));
        assert_close(&name("mean"), &mean, &rows(&step.mean));
        let sd = match reverse.log_variance().unwrap() {
            LogVariance::Shared(log) => Tensor::from((0.5 * log).exp()),
            LogVariance::Each(log) => (log * 0.5).exp(),
        };
        let noise = if step.t > 0 {
            sd * &eps
        } else {
            eps.zeros_like()
        };
        assert_close(&name("sample"), &(mean + noise), &rows(&step.sample));
    }
}

#[test]
fn the_hybrid_loss_trains_the_mean_by_l_simple_and_the_variance_by_the_bound() {
    let golden = golden();
    let (x_0, eps) = (rows(&golden.x_0), rows(&golden.eps));
    // 400 steps: the bound weighs 0.4 in the hybrid loss.
    let t = Tensor::from_slice(&[0i64, 1, 399, 250, 37]).to_device(device());
    let process = Process::new(Schedule::cosine(400).unwrap(), device())
        .unwrap()
        .with_variance(Variance::LearnedRange);
    let gradients = |loss| -> [f64; 2] {
        let network = TwoOutputs::new();
        let objective = Objective {
            loss,
            ..Objective::default()
        };
        let losses = process.losses(&network, &objective, &x_0, &t, &eps);
        let mean = losses.unwrap().mean(Kind::Float);
        mean.backward();
        network.weights.map(|weight| {
            let gradient = weight.grad();
            if gradient.defined() {
                gradient.double_value(&[])
            } else {
                0.0
            }
        })
    };
    let [simple_mean, simple_variance] = gradients(Loss::Simple);
    let [_, vlb_variance] = gradients(Loss::Vlb);
    let [hybrid_mean, hybrid_variance] = gradients(Loss::Hybrid);
    assert_eq!(simple_variance, 0.0);
    assert!((hybrid_mean - simple_mean).abs() <= 1e-6 * simple_mean.abs());
    assert!((hybrid_variance - 0.4 * vlb_variance).abs() <= 1e-6 * vlb_variance.abs());
    assert!(vlb_variance.abs() > 1e-3, "{vlb_variance}");
}

#[test]
fn a_network_on_a_respaced_schedule_is_told_the_original_steps() {
    #[derive(Debug)]
    struct Level;
    impl Denoiser for Level {
        fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
            Prediction::new(x_t.zeros_like() + t.view([-1, 1]))
        }
    }
    let schedule = Schedule::cosine(100)
        .unwrap()
        .respaced(&[3, 50, 99])
        .unwrap();
    let process = Process::new(schedule, device())
        .unwrap()
        .with_target(Target::X0);
    let x = Tensor::zeros([3, 2], (Kind::Float, device()));
    let t = Tensor::from_slice(&[2i64, 0, 1]).to_device(device());
    let losses = process.losses(&Level, &Objective::default(), &x, &t, &x);
    assert_eq!(
        losses.unwrap(),
        Tensor::from_slice(&[9801f32, 9.0, 2500.0]).to_device(device())
    );
    let reverse = process.reverse(&Level, &x, 1).unwrap();
    assert_eq!(reverse.x_0().unwrap(), x.full_like(50.0));
}
