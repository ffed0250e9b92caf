//! The plain network against the same one in PyTorch (`scripts/golden/mlp.py`).

use std::collections::BTreeMap;

use diffusion_core::Denoiser;
use mlp::{Activation, Mlp, MlpConfig, TimeInput};
use serde::Deserialize;
use tch::{Device, Reduction, Tensor, nn};

#[derive(Deserialize)]
struct Golden {
    out: Vec<f32>,
    loss: f64,
    gradient_norms: BTreeMap<String, f64>,
    shapes: BTreeMap<String, Vec<i64>>,
}

/// On the GPU where libtorch has one (`scripts/gpu-check.sh`).
fn device() -> Device {
    Device::cuda_if_available()
}

fn wave(k: usize, shape: &[i64], scale: f64) -> Tensor {
    let n = shape.iter().product::<i64>();
    let values: Vec<f32> = (0..n)
        .map(|i| (scale * (1.0 + k as f64 + 0.37 * i as f64).sin()) as f32)
        .collect();
    Tensor::from_slice(&values).to_device(device()).view(shape)
}

fn check(name: &str, config: MlpConfig) {
    let mut golden: BTreeMap<String, Golden> =
        serde_json::from_str(include_str!("golden/mlp.json")).unwrap();
    let golden = golden.remove(name).unwrap();
    let vs = nn::VarStore::new(device());
    let network = Mlp::new(&vs.root(), 5, &config).unwrap();
    let variables: BTreeMap<String, Tensor> = vs.variables().into_iter().collect();
    let shapes: BTreeMap<String, Vec<i64>> = variables
        .iter()
        .map(|(name, v)| (name.clone(), v.size()))
        .collect();
    assert_eq!(shapes, golden.shapes);
    for (k, variable) in variables.values().enumerate() {
        let values = wave(k, &variable.size(), 0.4);
        tch::no_grad(|| variable.shallow_clone().copy_(&values));
    }

    let t = Tensor::from_slice(&[0.0f32, 250.0, 999.0]).to_device(device());
    let prediction = network.predict(&wave(100, &[3, 5], 2.0), &t, true);
    let out = match prediction.variance {
        Some(v) => Tensor::cat(&[prediction.mean, v], 1),
        None => prediction.mean,
    };
    let expected = Tensor::from_slice(&golden.out)
        .to_device(device())
        .view_as(&out);
    assert!((&out - expected).abs().max().double_value(&[]) < 1e-5); // f32, numbers of size 1
    let loss = out.mse_loss(&wave(200, &out.size(), 1.0), Reduction::Mean);
    assert!((loss.double_value(&[]) - golden.loss).abs() < 1e-5);
    loss.backward();
    for (name, expected) in &golden.gradient_norms {
        let norm = variables[name].grad().norm().double_value(&[]);
        assert!((norm - expected).abs() < 1e-5 * expected.max(1.0), "{name}");
    }
}

#[test]
fn a_concatenated_time_equals_pytorchs() {
    check(
        "concatenate-silu",
        MlpConfig {
            widths: vec![8, 7],
            d_time: 6,
            ..MlpConfig::default()
        },
    );
}

#[test]
fn an_added_time_and_a_learned_variance_equal_pytorchs() {
    check(
        "add-relu",
        MlpConfig {
            widths: vec![8, 7],
            d_time: 6,
            time: TimeInput::Add,
            activation: Activation::Relu,
            learn_variance: true,
        },
    );
}
