//! A DDPM trained on a mixture in the plane draws from that mixture.

use detector::Silent;
use diffusion::Denoising;
use diffusion_core::{
    Denoiser, Objective, Prediction, Process, RowNoise, Schedule, ScoreConfig, ScoreRule, Scoring,
    StepSampling, Walk,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::nn::{self, Module};
use tch::{Device, Kind, Tensor};
use training::{Decay, Optimizer, Purpose, Run, Session, TrainConfig, train};

/// `n` points around eight places on the unit circle, standard deviation 0.05.
fn points(n: usize, seed: u64) -> Tensor {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = || {
        let (u, v): (f64, f64) = (rng.random_range(1e-12..1.0), rng.random());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    };
    let values: Vec<f32> = (0..n)
        .flat_map(|i| {
            let (sin, cos) = (std::f64::consts::TAU * (i % 8) as f64 / 8.0).sin_cos();
            [cos + 0.05 * normal(), sin + 0.05 * normal()]
        })
        .map(|v| v as f32)
        .collect();
    Tensor::from_slice(&values).view([-1, 2])
}

/// Three hidden layers of 128 over the point and a few sines of the time.
#[derive(Debug)]
struct Small {
    layers: nn::Sequential,
    frequencies: Tensor,
}

impl Small {
    fn new(vs: &nn::Path) -> Self {
        let linear =
            |i: usize, d_in, d_out| nn::linear(vs / i, d_in, d_out, nn::LinearConfig::default());
        let layers = nn::seq()
            .add(linear(0, 2 + 16, 128))
            .add_fn(Tensor::silu)
            .add(linear(1, 128, 128))
            .add_fn(Tensor::silu)
            .add(linear(2, 128, 128))
            .add_fn(Tensor::silu)
            .add(linear(3, 128, 2));
        let frequencies = Tensor::arange(8, (Kind::Float, Device::Cpu)) * 0.7;
        Self {
            layers,
            frequencies: frequencies.exp(),
        }
    }
}

impl Denoiser for Small {
    fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
        let phases = (t.view([-1, 1]) / 100.0) * &self.frequencies;
        let time = Tensor::cat(&[phases.sin(), phases.cos()], 1);
        let time = time.expand([x_t.size()[0], 16], false);
        Prediction::new(self.layers.forward(&Tensor::cat(&[x_t, &time], 1)))
    }
}

/// Mean distance of the sorted projections onto 64 directions.
fn sliced_wasserstein(a: &Tensor, b: &Tensor) -> f64 {
    let angles = Tensor::arange(64, (Kind::Float, Device::Cpu)) * (std::f64::consts::PI / 64.0);
    let directions = Tensor::stack(&[angles.cos(), angles.sin()], 0); // [2, 64]
    let sorted = |x: &Tensor| x.matmul(&directions).sort(0, false).0;
    (sorted(a) - sorted(b))
        .abs()
        .mean(Kind::Double)
        .double_value(&[])
}

/// Points of the Gaussian with the mean and covariance of `x`.
fn fitted_gaussian(x: &Tensor, n: i64) -> Tensor {
    let mean = x.mean_dim(0, true, Kind::Float);
    let centred = x - &mean;
    let covariance = centred.transpose(0, 1).matmul(&centred) / x.size()[0] as f64;
    let factor = covariance.linalg_cholesky(false);
    Tensor::randn([n, 2], (Kind::Float, Device::Cpu)).matmul(&factor.transpose(0, 1)) + mean
}

#[test]
fn a_ddpm_recovers_eight_gaussians_and_its_bound_falls() {
    let session = Session::begin(Device::Cpu).unwrap();
    session.seed(0, Purpose::Weights, 0);
    let vs = nn::VarStore::new(Device::Cpu);
    let network = Box::new(Small::new(&vs.root()));
    let process = Process::new(Schedule::cosine(100).unwrap(), Device::Cpu).unwrap();
    let (objective, sampling) = (Objective::default(), StepSampling::Uniform);
    let mut denoising = Denoising::new(network, process, objective, sampling).unwrap();
    let (x, held_out) = (points(2048, 1), points(2000, 2));
    let bits = |model: &Denoising| {
        let mut noise = RowNoise::new(&held_out, 9).unwrap();
        let config = ScoreConfig {
            rule: ScoreRule::Vlb,
            ..ScoreConfig::default()
        };
        let scoring = Scoring::new(config, 100).unwrap();
        let scores = scoring.score(model.process(), model.denoiser(), &held_out, &mut noise);
        scores.unwrap().mean(Kind::Double).double_value(&[])
    };
    let run = Run {
        session: &session,
        progress: &Silent,
        folder: None,
    };
    let mut bounds = vec![bits(&denoising)];
    for epochs in [3, 150] {
        let config = TrainConfig {
            epochs,
            batch_size: 256,
            optimizer: Optimizer::AdamW,
            learning_rate: 3e-3,
            decay: Decay::Cosine,
            early_stop_after: usize::MAX,
            ..TrainConfig::default()
        };
        train(&vs, &mut denoising, &x, &config, 0, &run).unwrap();
        bounds.push(bits(&denoising));
    }
    assert!(bounds[0] > bounds[1] && bounds[1] > bounds[2], "{bounds:?}");

    let samples = denoising
        .process()
        .sample(denoising.denoiser(), &[2000, 2], Walk::Ancestral, 3)
        .unwrap();
    let ours = sliced_wasserstein(&samples, &held_out);
    session.seed(0, Purpose::Probe, 1);
    let gaussian = sliced_wasserstein(&fitted_gaussian(&x, 2000), &held_out);
    // Another draw of the mixture itself lies at 0.006.
    assert!(ours <= gaussian / 2.0, "{ours}, fitted Gaussian {gaussian}");
}
