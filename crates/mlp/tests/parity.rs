//! The network against the same one in PyTorch (`scripts/golden/residual_mlp.py`).

use std::collections::BTreeMap;

use diffusion_core::Denoiser;
use mlp::{ResidualMlp, ResidualMlpConfig};
use serde::Deserialize;
use tch::{Device, Reduction, Tensor, nn};

const D: i64 = 5;
const B: i64 = 4;

#[derive(Deserialize)]
struct Golden {
    eval: Vec<f32>,
    train: Vec<f32>,
    loss: f64,
    gradient_norms: BTreeMap<String, f64>,
    running: BTreeMap<String, Vec<f32>>,
    parameters_at_512: usize,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/residual_mlp.json")).unwrap()
}

fn wave(k: usize, n: usize) -> Vec<f64> {
    (0..n)
        .map(|i| (1.0 + k as f64 + 0.37 * i as f64).sin())
        .collect()
}

/// A small network without dropout, filled by the script's formula.
fn network() -> (nn::VarStore, ResidualMlp) {
    let config = ResidualMlpConfig {
        n_blocks: 2,
        d_main: 6,
        d_hidden: 7,
        d_time: 8,
        dropout_first: 0.0,
        dropout_second: 0.0,
    };
    let vs = nn::VarStore::new(Device::cuda_if_available());
    let network = ResidualMlp::new(&vs.root(), D as usize, &config).unwrap();
    let sorted: BTreeMap<String, Tensor> = vs.variables().into_iter().collect();
    for (k, (name, mut tensor)) in sorted.into_iter().enumerate() {
        let (offset, scale) = if name.ends_with("running_var") {
            (1.0, 0.5)
        } else if name.ends_with("normalization.weight") {
            (1.0, 0.3)
        } else {
            (0.0, 0.4)
        };
        let values: Vec<f32> = wave(k, tensor.numel())
            .iter()
            .map(|w| (offset + scale * w) as f32)
            .collect();
        tch::no_grad(|| tensor.copy_(&Tensor::from_slice(&values).view_as(&tensor)));
    }
    (vs, network)
}

fn rows(k: usize, scale: f64) -> Tensor {
    let values: Vec<f32> = wave(k, (B * D) as usize)
        .iter()
        .map(|w| (scale * w) as f32)
        .collect();
    Tensor::from_slice(&values)
        .view([B, D])
        .to_device(Device::cuda_if_available())
}

fn steps() -> Tensor {
    Tensor::from_slice(&[0.0f32, 250.0, 999.0, 37.0]).to_device(Device::cuda_if_available())
}

fn assert_close(name: &str, found: &Tensor, expected: &[f32]) {
    let expected = Tensor::from_slice(expected).view_as(found);
    let found = found.to_device(Device::Cpu);
    let worst = (found - expected).abs().max().double_value(&[]);
    assert!(worst <= 1e-5, "{name}: off by {worst}"); // f32, numbers of size 1
}

#[test]
fn eval_mode_equals_pytorchs() {
    let (_vs, network) = network();
    let out = network.predict(&rows(100, 2.0), &steps(), false).mean;
    assert_close("output", &out, &golden().eval);
    let out = tch::no_grad(|| network.predict(&rows(100, 2.0), &steps(), false).mean);
    assert_close("output without gradients", &out, &golden().eval);
}

#[test]
fn train_mode_gradients_and_statistics_equal_pytorchs() {
    let golden = golden();
    let (vs, network) = network();
    let out = network.predict(&rows(100, 2.0), &steps(), true).mean;
    assert_close("output", &out, &golden.train);

    let loss = out.mse_loss(&rows(200, 1.0), Reduction::Mean);
    assert!((loss.double_value(&[]) - golden.loss).abs() < 1e-5);
    loss.backward();
    let variables = vs.variables();
    assert_eq!(golden.gradient_norms.len(), vs.trainable_variables().len());
    for (name, expected) in &golden.gradient_norms {
        let norm = variables[name].grad().norm().double_value(&[]);
        assert!((norm - expected).abs() < 1e-5 * expected.max(1.0), "{name}");
    }
    assert_eq!(golden.running.len(), 6);
    for (name, expected) in &golden.running {
        assert_close(name, &variables[name], expected);
    }
}

#[test]
fn the_published_size() {
    let vs = nn::VarStore::new(Device::Cpu);
    ResidualMlp::new(&vs.root(), 512, &ResidualMlpConfig::default()).unwrap();
    let count: usize = vs.trainable_variables().iter().map(Tensor::numel).sum();
    assert_eq!(count, golden().parameters_at_512);
}
