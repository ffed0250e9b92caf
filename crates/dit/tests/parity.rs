//! The networks against the same ones in PyTorch (`scripts/golden/dit.py`), on the GPU where libtorch has
//! one (`scripts/gpu-check.sh`).

use std::collections::BTreeMap;

use diffusion_core::{Denoiser, Prediction};
use dit::{Dit, DitConfig, VectorDit, VectorDitConfig};
use serde::Deserialize;
use tch::{Device, Reduction, Tensor, nn};

#[derive(Deserialize)]
struct Golden {
    image: Answers,
    vector: Answers,
    parameters: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
struct Answers {
    shapes: BTreeMap<String, Vec<i64>>,
    out: Vec<f32>,
    shared: Vec<f32>,
    loss: f64,
    gradients: BTreeMap<String, Gradient>,
}

#[derive(Deserialize)]
struct Gradient {
    norm: f64,
    along: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/dit.json")).unwrap()
}

/// Number `i` of sequence `k` of the script, exact in both languages.
fn saw(k: u32, shape: &[i64], scale: f64) -> Tensor {
    let n = shape.iter().product::<i64>() as u32;
    let values: Vec<f32> = (0..n)
        .map(|i| {
            let hash = i
                .wrapping_mul(2_654_435_761)
                .wrapping_add(k.wrapping_mul(1_013_904_223));
            (scale * (f64::from(hash) / 2f64.powi(31) - 1.0)) as f32
        })
        .collect();
    Tensor::from_slice(&values).view(shape)
}

/// Fills all that is trained by the script's formula, what starts at zero too.
fn fill(vs: &nn::VarStore) {
    let sorted: BTreeMap<String, Tensor> = vs.variables().into_iter().collect();
    for (k, (name, mut tensor)) in sorted.into_iter().enumerate() {
        if tensor.requires_grad() {
            let fan_in: i64 = tensor.size().iter().skip(1).product();
            let scale = match name.ends_with("bias") {
                true => 0.1,
                false => 1.5 / (fan_in as f64).sqrt(),
            };
            let values = saw(k as u32, &tensor.size(), scale);
            tch::no_grad(|| tensor.copy_(&values));
        }
    }
}

/// Mean and variance as the one tensor that the network made.
fn joined(prediction: Prediction) -> Tensor {
    let v = prediction.variance.expect("a learned variance");
    Tensor::cat(&[prediction.mean, v], 1)
}

fn assert_close(name: &str, found: &Tensor, stride: i64, expected: &[f32]) {
    let found = found.to_device(Device::Cpu);
    let found = found.flatten(0, -1).slice(0, None, None, stride);
    let expected = Tensor::from_slice(expected);
    assert_eq!(found.size(), expected.size());
    let worst = (found - expected).abs().max().double_value(&[]);
    assert!(worst <= 2e-5, "{name}: off by {worst}"); // f32, numbers of size 1
}

fn check(vs: &nn::VarStore, network: &dyn Denoiser, x: &Tensor, stride: i64, golden: &Answers) {
    fill(vs);
    let x = &x.to_device(vs.device());
    let t = Tensor::from_slice(&[3.0f32, 871.0]).to_device(vs.device());
    let shared = tch::no_grad(|| network.predict(x, &t.narrow(0, 0, 1), false));
    assert_close("shared t", &joined(shared), stride, &golden.shared);
    let out = joined(network.predict(x, &t, true));
    assert_close("output", &out, stride, &golden.out);

    let target = saw(2000, &out.size(), 1.0).to_device(vs.device());
    let loss = out.mse_loss(&target, Reduction::Mean);
    assert!((loss.double_value(&[]) - golden.loss).abs() < 1e-6);
    loss.backward();
    let variables = vs.variables();
    assert_eq!(golden.gradients.len(), 6);
    for (name, expected) in &golden.gradients {
        let gradient = variables[name].grad().to_device(Device::Cpu);
        let norm = gradient.norm().double_value(&[]);
        let along = (&gradient * saw(3000, &gradient.size(), 1.0)).sum(tch::Kind::Float);
        // The projection tells positions and signs, which the norm does not. It cancels, so its
        // rounding is measured by the norm too.
        for (found, expected_one) in [
            (norm, expected.norm),
            (along.double_value(&[]), expected.along),
        ] {
            let off = (found - expected_one).abs() / expected.norm;
            assert!(off < 1e-4, "gradient of {name}: off by {off}");
        }
    }
}

#[test]
fn s_8_over_images_equals_pytorchs() {
    let golden = golden().image;
    let vs = nn::VarStore::new(Device::cuda_if_available());
    let network = Dit::new(&vs.root(), [4, 32, 24], &DitConfig::s(8)).unwrap();
    let shapes: BTreeMap<String, Vec<i64>> = vs
        .variables()
        .iter()
        .map(|(name, v)| (name.clone(), v.size()))
        .collect();
    assert_eq!(shapes, golden.shapes); // so its state_dict loads
    let x = saw(1000, &[2, 4, 32, 24], 2.0);
    check(&vs, &network, &x, 61, &golden);
}

#[test]
fn chunks_of_vectors_equal_pytorchs() {
    let config = VectorDitConfig {
        chunk: 16,
        depth: 3,
        width: 48,
        heads: 3,
        mlp_ratio: 2,
        learn_variance: true,
    };
    let vs = nn::VarStore::new(Device::cuda_if_available());
    let network = VectorDit::new(&vs.root(), 50, &config).unwrap();
    let x = saw(1000, &[2, 50], 2.0);
    check(&vs, &network, &x, 1, &golden().vector);
}

#[test]
fn the_published_sizes() {
    let golden = golden().parameters;
    assert_eq!(golden.len(), 12);
    for (name, size, published) in [
        ("s", DitConfig::s as fn(usize) -> DitConfig, 33.0),
        ("b", DitConfig::b, 130.0),
        ("l", DitConfig::l, 458.0),
        ("xl", DitConfig::xl, 675.0),
    ] {
        for patch in [2, 4, 8] {
            let count = size(patch).n_parameters(4);
            assert_eq!(count, golden[&format!("{name}/{patch}")]);
        }
        // The paper's count in millions is of patch 2 and has the embedding of 1001 labels.
        let labelled = size(2).n_parameters(4) + 1001 * size(2).width;
        assert_eq!((labelled as f64 / 1e6).round(), published);
    }
}
