//! Adam and AdamW through `train` against PyTorch's, values by `scripts/golden/adamw.py`.

use detector::Silent;
use serde::Deserialize;
use tch::{Device, Kind, Tensor, nn};
use training::{BoxError, Decay, Run, Session, TrainConfig, TrainingObjective, train};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Case {
    optimizer: training::Optimizer,
    weight_decay: f64,
    clip: f64,
    warm_up: usize,
    decay: training::Decay,
    parameters: Vec<f64>,
}

/// The script's loss; it looks at no row.
struct Coupled {
    weight: Tensor,
    bias: Tensor,
}

impl TrainingObjective for Coupled {
    fn loss(&mut self, _x: &Tensor) -> Result<Tensor, BoxError> {
        let (weight, bias) = (&self.weight, &self.bias);
        let coupling = (weight.sum(Kind::Float) - bias.sum(Kind::Float)).square() / 10.0;
        let fourth = |x: &Tensor| x.pow_tensor_scalar(4).sum(Kind::Float);
        Ok(fourth(weight) * 0.3 + fourth(&(bias - 2.0)) + coupling)
    }
}

fn parameters_after_100_steps(case: &Case, accumulate: usize) -> Vec<f64> {
    let config = TrainConfig {
        epochs: 100, // of one step each
        batch_size: 2,
        accumulate,
        optimizer: case.optimizer,
        learning_rate: 0.01,
        weight_decay: case.weight_decay,
        clip: case.clip,
        warm_up: case.warm_up,
        decay: case.decay,
        early_stop_after: 100,
        ..TrainConfig::default()
    };
    parameters_after(&config)
}

/// All parameters after `epochs` steps.
fn parameters_after(config: &TrainConfig) -> Vec<f64> {
    let vs = nn::VarStore::new(Device::Cpu);
    let ramp = |n: i64| Tensor::arange(n, (Kind::Float, Device::Cpu));
    let mut objective = Coupled {
        weight: vs.root().zeros("weight", &[3, 10]),
        bias: vs.root().zeros("bias", &[7]),
    };
    tch::no_grad(|| {
        objective.weight.copy_(&ramp(30).sin().view([3, 10]));
        objective.bias.copy_(&ramp(7).cos());
    });
    let session = Session::begin(Device::Cpu).unwrap();
    let run = Run {
        session: &session,
        progress: &Silent,
        folder: None,
    };
    let x = Tensor::zeros(
        [2 * config.accumulate as i64, 1],
        (Kind::Float, Device::Cpu),
    );
    let history = train(&vs, &mut objective, &x, config, 0, &run).unwrap();
    let steps = [config.epochs, config.steps];
    let steps = steps.into_iter().filter(|&steps| steps > 0).min();
    assert_eq!(history.steps, steps.unwrap_or(0) as u64);
    let all = Tensor::cat(&[objective.weight.view([-1]), objective.bias], 0);
    Vec::try_from(all.to_kind(Kind::Double)).unwrap()
}

#[test]
fn a_hundred_steps_end_where_pytorchs_end() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("golden/adamw.json")).unwrap();
    assert_eq!(cases.len(), 5);
    for (i, case) in cases.iter().enumerate() {
        // The mean over three equal gradients is one of them, but for its rounding.
        for accumulate in [1, 3] {
            let ours = parameters_after_100_steps(case, accumulate);
            for (ours, theirs) in ours.iter().zip(&case.parameters) {
                // f32 rounding over 100 steps.
                assert!((ours - theirs).abs() < 1e-5, "case {i}: {ours} {theirs}");
            }
        }
    }
}

#[test]
fn the_cases_differ() {
    // Else a setting that is ignored would pass.
    let cases: Vec<Case> = serde_json::from_str(include_str!("golden/adamw.json")).unwrap();
    for (i, a) in cases.iter().enumerate() {
        for b in &cases[..i] {
            let differences = a.parameters.iter().zip(&b.parameters);
            let largest = differences.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(largest > 1e-4);
        }
    }
}

#[test]
fn the_average_is_kept_in_place_of_the_weights() {
    let config = |epochs, ema| TrainConfig {
        epochs,
        batch_size: 2,
        learning_rate: 0.1,
        ema,
        ..TrainConfig::default()
    };
    let mut average = parameters_after(&config(0, 0.0));
    for epochs in 1..=6 {
        let weights = parameters_after(&config(epochs, 0.0));
        for (average, weight) in average.iter_mut().zip(weights) {
            *average = 0.8 * *average + 0.2 * weight;
        }
    }
    for (kept, expected) in parameters_after(&config(6, 0.8)).iter().zip(average) {
        assert!((kept - expected).abs() < 1e-5, "{kept} {expected}"); // f32
    }
}

#[test]
fn a_limit_of_steps_ends_the_training_and_its_decay() {
    let config = |epochs, steps| TrainConfig {
        epochs,
        steps,
        batch_size: 2,
        learning_rate: 0.1,
        warm_up: 2,
        decay: Decay::Cosine,
        ..TrainConfig::default()
    };
    let nine = parameters_after(&config(9, 0));
    assert_eq!(nine, parameters_after(&config(1000, 9)));
    assert_eq!(nine, parameters_after(&config(9, 1000)));
    assert_ne!(nine, parameters_after(&config(9, 8)));
}
