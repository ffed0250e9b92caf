//! The network against the same one in PyTorch (`scripts/golden/unet.py`), on the GPU where libtorch has
//! one (`scripts/gpu-check.sh`).

use std::collections::BTreeMap;

use diffusion_core::{Denoiser, Prediction};
use serde::Deserialize;
use tch::{Device, Kind, Reduction, Tensor, nn};
use unet::{Unet, UnetConfig};

#[derive(Deserialize)]
struct Golden {
    scale_shift: Answers,
    added: Answers,
    parameters: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
struct Answers {
    shapes: BTreeMap<String, Vec<i64>>,
    out: Vec<f32>,
    shared: Vec<f32>,
    loss: f64,
    /// Norm, and projection onto a fixed direction.
    gradients: BTreeMap<String, [f64; 2]>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/unet.json")).unwrap()
}

/// Number `i` of sequence `k` of the script, exact in both languages.
fn saw(k: u32, shape: &[i64]) -> Tensor {
    let n = shape.iter().product::<i64>() as u32;
    let values: Vec<f64> = (0..n)
        .map(|i| {
            let hash = i
                .wrapping_mul(2_654_435_761)
                .wrapping_add(k.wrapping_mul(1_013_904_223));
            f64::from(hash) / 2f64.powi(31) - 1.0
        })
        .collect();
    Tensor::from_slice(&values).view(shape)
}

/// Fills all parameters by the script's formula, what starts at zero too.
fn fill(vs: &nn::VarStore) {
    let sorted: BTreeMap<String, Tensor> = vs.variables().into_iter().collect();
    for (k, (name, mut tensor)) in sorted.into_iter().enumerate() {
        let values = saw(k as u32, &tensor.size());
        let values = match (name.ends_with("bias"), tensor.dim()) {
            (true, _) => values * 0.1,
            (false, 1) => values * 0.1 + 1.0,
            (false, _) => {
                let fan_in: i64 = tensor.size().iter().skip(1).product();
                values * (1.5 / (fan_in as f64).sqrt())
            }
        };
        tch::no_grad(|| tensor.copy_(&values));
    }
}

/// Mean and variance as the one tensor that the network made.
fn joined(prediction: Prediction) -> Tensor {
    match prediction.variance {
        None => prediction.mean,
        Some(v) => Tensor::cat(&[prediction.mean, v], 1),
    }
}

fn assert_close(name: &str, found: &Tensor, stride: i64, expected: &[f32]) {
    let found = found.to_device(Device::Cpu);
    let found = found.flatten(0, -1).slice(0, None, None, stride);
    let expected = Tensor::from_slice(expected);
    assert_eq!(found.size(), expected.size());
    let worst = (found - expected).abs().max().double_value(&[]);
    assert!(worst <= 1e-4, "{name}: off by {worst}"); // f32, numbers of size 1 to 10
}

fn check(config: &UnetConfig, stride: i64, golden: &Answers) {
    let vs = nn::VarStore::new(Device::cuda_if_available());
    let network = Unet::new(&vs.root(), [3, 16, 24], config).unwrap();
    let variables = vs.variables();
    let shapes = variables.iter().map(|(name, v)| (name.clone(), v.size()));
    assert_eq!(shapes.collect::<BTreeMap<_, _>>(), golden.shapes); // so its state_dict loads
    fill(&vs);

    let x = (saw(1000, &[2, 3, 16, 24]) * 2.0).to_kind(Kind::Float);
    let x = x.to_device(vs.device());
    let t = Tensor::from_slice(&[3.0f32, 871.0]).to_device(vs.device());
    let shared = tch::no_grad(|| network.predict(&x, &t.narrow(0, 0, 1), false));
    assert_close("shared t", &joined(shared), stride, &golden.shared);
    let out = joined(network.predict(&x, &t, true));
    assert_close("output", &out, stride, &golden.out);

    let target = saw(2000, &out.size()).to_kind(Kind::Float);
    let loss = out.mse_loss(&target.to_device(vs.device()), Reduction::Mean);
    assert!((loss.double_value(&[]) / golden.loss - 1.0).abs() < 1e-5);
    loss.backward();
    assert_eq!(golden.gradients.len(), variables.len());
    let largest = golden.gradients.values().map(|g| g[0]).fold(0.0, f64::max);
    for (name, [norm, along]) in &golden.gradients {
        let gradient = variables[name].grad().to_device(Device::Cpu);
        let gradient = gradient.to_kind(Kind::Double);
        let found_norm = gradient.norm().double_value(&[]);
        let found_along = (&gradient * saw(3000, &gradient.size())).sum(Kind::Double);
        // The projection tells positions and signs, which the norm does not. It cancels, so its
        // rounding is measured by the norm too; some gradients vanish but for rounding (a bias before
        // a norm over its own channel), which is measured by the largest.
        let size = norm.max(1e-3 * largest);
        for (found, expected) in [(found_norm, *norm), (found_along.double_value(&[]), *along)] {
            let off = (found - expected).abs() / size;
            assert!(off < 1e-4, "gradient of {name}: off by {off}");
        }
    }
}

fn scale_shift() -> UnetConfig {
    UnetConfig {
        channels: 16,
        multipliers: vec![1, 2, 3],
        blocks: 2,
        attention: vec![12, 6],
        heads: 4,
        groups: 8,
        scale_shift: true,
        dropout: 0.0,
        learn_variance: true,
        channels_last: false,
    }
}

#[test]
fn with_scale_and_shift_it_equals_pytorchs() {
    check(&scale_shift(), 13, &golden().scale_shift);
}

#[test]
fn with_channels_last_it_equals_pytorchs() {
    let config = UnetConfig {
        channels_last: true,
        ..scale_shift()
    };
    check(&config, 13, &golden().scale_shift);
}

#[test]
fn with_the_time_added_it_equals_pytorchs() {
    let config = UnetConfig {
        multipliers: vec![1, 2],
        blocks: 1,
        attention: vec![12],
        heads: 1,
        groups: 16,
        scale_shift: false,
        learn_variance: false,
        ..scale_shift()
    };
    check(&config, 7, &golden().added);
}

#[test]
fn the_published_sizes() {
    let golden = golden().parameters;
    let count = |config: UnetConfig, side| config.n_parameters([3, side, side]).unwrap();
    let ho = count(UnetConfig::ho_cifar10(), 32);
    assert_eq!(ho, golden["ho-cifar10"]);
    assert_eq!((ho as f64 / 1e5).round(), 357.0);
    // Published to two digits.
    for (channels, millions) in [(64, 30.0), (96, 68.0), (128, 120.0), (192, 270.0)] {
        let found = count(UnetConfig::improved_imagenet64(channels), 64);
        assert_eq!(found, golden[&format!("improved-imagenet64/{channels}")]);
        let digit = if millions < 100.0 { 1e6 } else { 1e7 };
        let rounded = (found as f64 / digit).round() * digit / 1e6;
        assert_eq!(rounded, millions, "{channels}: {found}");
    }
}
